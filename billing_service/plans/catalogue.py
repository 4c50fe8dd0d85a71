"""Reads the platform's `billing-plans` document: the YAML itself, or the ConfigMap that contains it.

Prices are exact: a number with a point is a Decimal, and no binary float. Members that are not used are kept. Numbers
that YAML 1.1 reads in another way than people do (010 is 8, 1:30 is 90) are text, and so no price.
"""

import re
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
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_MERGE = "tag:yaml.org,2002:merge"


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
    """Refuses a key that is in a mapping twice: YAML would keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    text = str(loader.construct_scalar(node))
    return int(text.replace("_", "")) if _INTEGER.fullmatch(text) else text


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    text = loader.construct_scalar(node)
    try:
        return Decimal(str(text).replace("_", ""))
    except InvalidOperation:  # .inf and .nan
        return str(text)


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
_ExactLoader.add_constructor("tag:yaml.org,2002:int", _integer)


def read_catalogue(path: Path) -> list[Entry]:
    """Raises CatalogueError, OSError."""
    document = _document(path)
    entries: list[Entry] = []
    problems: list[str] = []
    for member, kind in _MEMBERS.items():
        found = document.get(member) or {}
        if not isinstance(found, dict):
            problems.append(f"{path}: {member}: must be a mapping with a name for each entry")
            continue
        for name, value in found.items():
            try:
                entries.append(_entry(kind, _name(name), value))
            except ValueError as error:
                problems.append(f"{path}: {member}.{name}: {error}")
    if problems:
        raise CatalogueError("\n".join(problems))
    return entries


def read_members(path: Path) -> dict[str, str]:
    """The other members, such as suspendedPlan and eipQuota, as JSON. Raises CatalogueError, OSError."""
    members = {}
    for name, value in _document(path).items():
        if name not in _MEMBERS:
            try:
                members[_name(name)] = _json(value)
            except ValueError as error:
                raise CatalogueError(f"{path}: {name}: {error}") from None
    return members


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _ExactLoader)  # noqa: S506 - a SafeLoader
        if isinstance(document, dict) and document.get("kind") == "ConfigMap":
            document = yaml.load(document["data"]["plans.yaml"], _ExactLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CatalogueError(f"{path}: is not YAML with plans: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("plans"), dict):
        raise CatalogueError(f"{path}: must have the member plans, with an entry for each plan")
    return document


def _name(name: object) -> str:
    """Raises ValueError: YAML reads some names, such as no and 1.5, as no text."""
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise ValueError("the name must be text: write it in quotes")  # noqa: TRY004 - a wrong file
    return str(name)


def _entry(kind: str, name: str, value: Any) -> Entry:
    """Raises ValueError with what is allowed."""
    if not isinstance(value, dict):
        raise ValueError("must be a mapping with price and currency")  # noqa: TRY004 - a wrong file
    price, currency = value.get("price"), value.get("currency")
    if isinstance(price, bool) or not isinstance(price, int | Decimal):
        raise ValueError(f"price {price!r} must be a number such as 19 or 19.50")  # noqa: TRY004 - a wrong file
    exact = Decimal(price)
    if not 0 <= exact < _LARGEST_PRICE or exact != round(exact, _DECIMALS):
        raise ValueError(f"price {price} must be from 0 to below 10^9, with at most {_DECIMALS} decimals")
    if not isinstance(currency, str) or currency not in DIGITS:
        raise ValueError(f"currency {currency!r} is not an active currency of ISO 4217")
    return Entry(kind, name, currency, exact, _json(value))


def _json(value: object) -> str:
    return str(simplejson.dumps(value, use_decimal=True, default=str))
