"""The dimensions of an organization's pool, and what the entries of the billing-plans document grant of them.

Amounts are cores, bytes and counts. Only what is shown is in GiB, and in GB for object storage.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing_service.money import exact_sum
from billing_service.plans.quantities import EXACT, GB, GIB, quantity

Amounts = Mapping[str, Decimal | None]  # by dimension; None: not known

GPU = "gpu/"  # before the name of a profile
_COUNT = Decimal(1)

_logger = logging.getLogger("billing_service")


@dataclass(frozen=True)
class Dimension:
    unit: str
    size: Decimal  # of the unit, in bytes; 1 for cores and counts
    status: str  # its member of the platform's status.quotaUsage


DIMENSIONS = {
    "cpu": Dimension("core", _COUNT, "cpu"),
    "memory": Dimension("GiB", GIB, "memory"),
    "storage": Dimension("GiB", GIB, "storage"),
    "pods": Dimension("pod", _COUNT, "pods"),
    "public_ipv4": Dimension("address", _COUNT, "publicIPv4"),
    "object_storage": Dimension("GB", GB, "objectStorage"),
}
_SHARES = Dimension("share", _COUNT, "accelerators")


def dimension(name: str) -> Dimension:
    return _SHARES if name.startswith(GPU) else DIMENSIONS[name]


def shown(amount: Decimal | None, name: str) -> Decimal | None:
    """In the unit of the dimension, exact."""
    if amount is None:
        return None
    found = EXACT.divide(amount, dimension(name).size)
    return EXACT.add(found.normalize(EXACT), 0)


def granted_by_plan(document: Mapping[str, Any], addresses: object = None) -> dict[str, Decimal | None]:
    """`addresses`: of eipQuota. What a plan does not state is None: it is not known to be 0."""
    return {name: _read(name, value) for name, value in _stated(document, addresses).items()}


def granted_by_addon(document: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """What an add-on does not state, it does not bring."""
    return {
        name: Decimal(0) if value is None else _read(name, value) for name, value in _stated(document, None).items()
    }


def _stated(document: Mapping[str, Any], addresses: object) -> dict[str, object]:
    requests = document.get("requests")
    members = {**document, **(requests if isinstance(requests, Mapping) else {})}
    values = {name: members.get(name) for name in ("cpu", "memory", "storage", "pods")}
    values |= {"public_ipv4": members.get("ipv4", addresses)}
    return values | {"object_storage": _gigabytes(members.get("objectStorage"))} | _shares(document)


def entitled(plan: Amounts, addons: Mapping[str, tuple[Amounts, int]]) -> dict[str, Decimal | None]:
    """What a plan and its add-ons grant together. `addons`: what one of each brings, and how many there are."""
    names = dict.fromkeys([*plan, *(name for brings, _ in addons.values() for name in brings)])
    found: dict[str, Decimal | None] = {}
    for name in names:
        parts = [plan.get(name, Decimal(0))]
        for brings, number in addons.values():
            one = brings.get(name, Decimal(0))
            parts.append(None if one is None else EXACT.multiply(one, Decimal(number)))
        found[name] = total(parts)
    return found


def total(parts: list[Decimal | None]) -> Decimal | None:
    """None if a part is not known."""
    known = [part for part in parts if part is not None]
    return exact_sum(known) if len(known) == len(parts) else None


def _shares(document: Mapping[str, Any]) -> dict[str, object]:
    """GPU grants: `gpu: {PROFILE: {shares: 2, ...}}`."""
    profiles = document.get("gpu")
    if not isinstance(profiles, Mapping):
        return {}
    return {f"{GPU}{name}": one.get("shares") if isinstance(one, Mapping) else one for name, one in profiles.items()}


def _gigabytes(value: object) -> object:
    """The document has a number of GB. A text with a suffix is a quantity of bytes."""
    try:
        number = quantity(value)
    except ValueError:
        return value
    plain = type(value) in {int, Decimal} or (isinstance(value, str) and not value[-1:].isalpha())
    return EXACT.multiply(number, GB) if plain else value


def _read(name: str, value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        return quantity(value)
    except ValueError as error:
        fields = {"dimension": name, "value": repr(value)[:60], "reason": str(error)}
        _logger.warning("a plan grants no quantity", extra={"fields": fields})
        return None
