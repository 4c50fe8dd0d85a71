"""The allowed values of each CSV column. A parser raises ValueError with the allowed values."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import available_timezones

from billing_service.currencies import DIGITS

# The cost of an hour is below 10^14. So a month of five resources is below 10^18, the largest amount in a response.
QUANTITY_DIGITS = 8
PRICE_DIGITS = 6

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NUMBER = re.compile(r"0*([0-9]+)(?:\.([0-9]+))?")
_SIGNED = re.compile(r"(-?)(.*)", re.DOTALL)
_SKU = re.compile(r"[a-z0-9]([-_.a-z0-9]{0,61}[a-z0-9])?")
_ZONE = re.compile(r"UTC|[A-Za-z_]+/[-+A-Za-z0-9_/]+")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")
_LABEL_NAME = re.compile(r"(?:[a-z0-9][-.a-z0-9]{0,252}/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_NO_MOMENT = datetime.min.replace(tzinfo=UTC)  # some programs write it for "never"
_MICROSECOND_DIGITS = 6
QUANTITY_DECIMALS = 9
PRICE_DECIMALS = 12
COMPONENTS = ("cpu", "memory", "storage", "network", "public_ip", "gpu", "other")
RESOURCES = ("cpu_core_hour", "memory_gib_hour", "storage_gib_hour", "network_gib", "public_ip_hour")  # SKUs from 0003


def label(field: str) -> str:
    if not _LABEL.fullmatch(field):
        raise ValueError("must be an RFC 1123 label: 1 to 63 of a-z, 0-9 and -, a letter or digit first and last")
    return field


def currency(field: str) -> str:
    if not _CURRENCY.fullmatch(field):
        raise ValueError("must be an ISO 4217 code of three capitals, like EUR")
    if field not in DIGITS:
        raise ValueError("is not an active currency of ISO 4217")
    return field


def sku(field: str) -> str:
    if not _SKU.fullmatch(field):
        raise ValueError("must be the code of a SKU: 1 to 63 of a-z, 0-9, -, _ and ., a letter or digit first and last")
    return field


def component(field: str) -> str:
    if field not in COMPONENTS:
        raise ValueError(f"must be one of {', '.join(COMPONENTS)}")
    return field


def workload(field: str) -> str:
    if not _PRINTABLE.fullmatch(field):
        raise ValueError("must be a workload like Deployment/api, or - if there is none")
    return field


def text(field: str) -> str:
    if not _PRINTABLE.fullmatch(field):
        raise ValueError("must be a text of 1 to 200 characters in one line")
    return field


def identifier(field: str) -> str:
    if not _IDENTIFIER.fullmatch(field) or field.startswith("line-"):
        raise ValueError("must be 1 to 100 of A-Z, a-z, 0-9, _ . : / and -, and must not begin with line-")
    return field


def addons(field: str) -> dict[str, int]:
    """`turbo-x1=3 turbo-x2=1`: the number of each add-on."""
    found: dict[str, int] = {}
    for part in field.split():
        name, _, number = part.partition("=")
        if not _IDENTIFIER.fullmatch(name) or not _COUNT.fullmatch(number) or not int(number) or name in found:
            raise ValueError("must be add-ons with their numbers, like turbo-x1=3 turbo-x2=1, each once")
        found[name] = int(number)
    return found


def uid(field: str) -> str:
    if not _IDENTIFIER.fullmatch(field):
        raise ValueError("must be the uid of a project: 1 to 100 of A-Z, a-z, 0-9, _ . : / and -")
    return field


def time_zone(field: str) -> str:
    """As IANA writes it: PostgreSQL takes a name in any case, and the program and the page do not."""
    if not _ZONE.fullmatch(field):
        raise ValueError("must be an IANA time zone like Europe/Berlin, or UTC")
    if field not in _zones():
        same = next((name for name in sorted(_zones()) if name.lower() == field.lower()), None)
        raise ValueError("is not a time zone of the IANA database" + (f": its name is {same}" if same else ""))
    return field


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def month(field: str) -> date:
    """The first day of the month."""
    try:
        return date.fromisoformat(f"{field}-01" if _MONTH.fullmatch(field) else "")
    except ValueError:
        raise ValueError("must be a month like 2026-10") from None


def quantity(field: str) -> Decimal:
    return _number(field, QUANTITY_DIGITS, QUANTITY_DECIMALS)


def price(field: str) -> Decimal:
    return _number(field, PRICE_DIGITS, PRICE_DECIMALS)


def tiers(field: str) -> dict[str, str]:
    """`1000=0.04 5000=0.03`: from which quantity of a month on a unit costs how much."""
    found: dict[Decimal, Decimal] = {}
    for part in field.split():
        since, equals, unit_price = part.partition("=")
        if not equals:
            raise ValueError(
                "must be tiers like 1000=0.04 5000=0.03: from which quantity of a month on, and the unit price"
            )
        number = quantity(since)
        if number <= max(found, default=Decimal(0)):
            raise ValueError("must be tiers in the order of their quantities, each more than 0 and once")
        found[number] = price(unit_price)
    return {f"{since:f}": f"{unit_price:f}" for since, unit_price in found.items()}


def labels(field: str) -> dict[str, str]:
    """`team=web;env=prod`: labels of a workload. A value can be empty."""
    found: dict[str, str] = {}
    for part in field.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not _LABEL_NAME.fullmatch(name) or not _LABEL_VALUE.fullmatch(value) or name in found:
            raise ValueError("must be Kubernetes labels like team=web;env=prod, each once")
        found[name] = value
    return found


def per(field: str) -> str:
    if field not in {"unit", "month"}:
        raise ValueError("must be unit, or month for the price of one unit in every hour of a month")
    return field


def signed_amount(field: str) -> Decimal:
    """A credit is negative."""
    found = _SIGNED.fullmatch(field)
    sign, digits = found.groups() if found else ("", field)
    return Decimal(-1 if sign else 1) * _number(digits, 12, PRICE_DECIMALS)


def _number(field: str, digits: int, decimals: int) -> Decimal:
    found = _NUMBER.fullmatch(field)
    if not found or not field.isascii() or len(found[1]) > digits or len(found[2] or "") > decimals:
        raise ValueError(
            f"must be a number like 12.5, not negative, at most {digits} digits before the point and {decimals} after"
        )
    return Decimal(field)


def count(field: str) -> int:
    if not _COUNT.fullmatch(field):
        raise ValueError("must be a whole number from 0 to 999999999")
    return int(field)


def time(field: str) -> datetime:
    """Parses RFC 3339 with an offset; returns UTC. PostgreSQL stores microseconds: a finer fraction is rejected."""
    allowed = "must be a time with its offset, like 2025-09-01T13:00:00Z"
    found = _TIME.fullmatch(field.upper())
    if not found:
        raise ValueError(allowed)
    whole, fraction, offset = found.groups()
    digits = (fraction or "").rstrip("0")
    if len(digits) > _MICROSECOND_DIGITS:
        raise ValueError("must be a time of at most microseconds")
    try:
        moment = datetime.fromisoformat(whole + offset).astimezone(UTC)
    except (ValueError, OverflowError):  # the day does not exist, or the year is 0 or 10000 in UTC
        raise ValueError(allowed) from None
    if moment == _NO_MOMENT:
        raise ValueError(allowed)
    return moment.replace(microsecond=int(digits.ljust(_MICROSECOND_DIGITS, "0")))


def hour(field: str) -> datetime:
    """The start of an hour, in UTC."""
    moment = time(field)
    if moment.minute or moment.second or moment.microsecond:
        raise ValueError("must be the start of an hour in UTC, like 2025-09-01T13:00:00Z")
    return moment
