"""Reads the platform's `billing-plans` document: the YAML itself, or the ConfigMap that contains it.

Prices are exact: a number with a point is a Decimal, and no binary float. Members that are not used are kept.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import simplejson
import yaml

from billing_service.currencies import DIGITS

_LARGEST_PRICE = Decimal(10) ** 9
_DECIMALS = 9
_MEMBERS = {"plans": "plan", "addons": "addon"}


class CatalogueError(Exception):
    """The document is wrong. The text has one line per entry."""


@dataclass(frozen=True)
class Entry:
    kind: str  # plan or addon
    id: str
    currency: str
    monthly_price: Decimal
    document: str  # the entry as JSON


class _ExactLoader(yaml.SafeLoader):
    pass


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    text = loader.construct_scalar(node)
    try:
        return Decimal(str(text).replace("_", ""))
    except InvalidOperation:  # .inf and .nan
        return str(text)


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)


def read_catalogue(path: Path) -> list[Entry]:
    """Raises CatalogueError, OSError."""
    document = _document(path)
    entries: list[Entry] = []
    problems: list[str] = []
    for member, kind in _MEMBERS.items():
        for name, value in (document.get(member) or {}).items():
            try:
                entries.append(_entry(kind, str(name), value))
            except ValueError as error:
                problems.append(f"{path}: {member}.{name}: {error}")
    if problems:
        raise CatalogueError("\n".join(problems))
    return entries


def read_members(path: Path) -> dict[str, str]:
    """The other members, such as suspendedPlan and eipQuota, as JSON. Raises CatalogueError, OSError."""
    return {str(name): _json(value) for name, value in _document(path).items() if name not in _MEMBERS}


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _ExactLoader)  # noqa: S506 - a SafeLoader
        if isinstance(document, dict) and document.get("kind") == "ConfigMap":
            document = yaml.load(document["data"]["plans.yaml"], _ExactLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise CatalogueError(f"{path}: is not YAML with plans: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("plans"), dict):
        raise CatalogueError(f"{path}: must have the member plans, with an entry for each plan")
    return document


def _entry(kind: str, name: str, value: Any) -> Entry:
    """Raises ValueError with what is allowed."""
    if not isinstance(value, dict):
        raise ValueError("must be a mapping with price and currency")  # noqa: TRY004 - a wrong file
    price, currency = value.get("price"), value.get("currency")
    if isinstance(price, bool) or not isinstance(price, int | Decimal):
        raise ValueError(f"price {price!r} must be a number")  # noqa: TRY004 - a wrong file
    exact = Decimal(price)
    if not 0 <= exact < _LARGEST_PRICE or exact != round(exact, _DECIMALS):
        raise ValueError(f"price {price} must be from 0 to below 10^9, with at most {_DECIMALS} decimals")
    if currency not in DIGITS:
        raise ValueError(f"currency {currency!r} is not an active currency of ISO 4217")
    return Entry(kind, name, currency, exact, _json(value))


def _json(value: object) -> str:
    return str(simplejson.dumps(value, use_decimal=True, default=str))
