"""The parameters of a trend. A mistake is a 400 that names the parameter and what is allowed."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, NoReturn, cast

from billing_service.errors import BadRequest
from billing_service.trends.filters import LABEL_KEY, Filters, terms

Granularity = Literal["hour", "day", "week", "month"]
Kind = Literal["component", "sku", "workload", "label", "project"]
Comparison = Literal["previous", "year"]

GRANULARITIES: tuple[Granularity, ...] = ("hour", "day", "week", "month")
COMPARISONS: tuple[Comparison, ...] = ("previous", "year")
DEFAULT_GROUPS = 10
MOST_GROUPS = 100  # with 400 buckets, the response has 40 000 amounts
PARAMETERS = ("granularity", "from", "to", "group_by", "limit", "compare", "include", "exclude")

_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_WHEN = "must be a date like 2026-11-01, or a full hour with its offset like 2026-11-01T13:00:00Z"


@dataclass(frozen=True)
class Asked:
    """`since` and `until`: dates of the organization's time zone, or moments in UTC. None: the default."""

    granularity: Granularity
    kind: Kind
    label: str | None
    since: date | datetime | None
    until: date | datetime | None
    limit: int
    compare: Comparison | None
    filters: Filters


def refuse(parameter: str, rule: str) -> NoReturn:
    raise BadRequest(f"query parameter '{parameter}' {rule}", parameter=parameter)


def asked(given: dict[str, str], *, of_organization: bool) -> Asked:
    """Raises BadRequest (400)."""
    granularity = given.get("granularity", "day")
    if granularity not in GRANULARITIES:
        refuse("granularity", f"must be one of {', '.join(GRANULARITIES)}")
    compare = given.get("compare")
    if compare is not None and compare not in COMPARISONS:
        refuse("compare", f"must be one of {', '.join(COMPARISONS)}")
    kind, label = _group(given.get("group_by", "component"), of_organization=of_organization)
    return Asked(
        granularity=granularity,
        kind=kind,
        label=label,
        since=_moment("from", given.get("from")),
        until=_moment("to", given.get("to")),
        limit=_limit(given.get("limit")),
        compare=compare,
        filters=Filters(
            terms("include", given.get("include"), of_organization=of_organization),
            terms("exclude", given.get("exclude"), of_organization=of_organization),
        ),
    )


def _group(text: str, *, of_organization: bool) -> tuple[Kind, str | None]:
    kinds = ("component", "sku", "workload", *(["project"] if of_organization else []))
    if text in kinds:
        return cast("Kind", text), None
    name, colon, key = text.partition(":")
    if name != "label" or not colon:
        refuse("group_by", f"must be one of {', '.join(kinds)}, or label:KEY")
    if not LABEL_KEY.fullmatch(key):
        refuse(
            "group_by",
            "must have a Kubernetes label key after label: - a name of 1 to 63 letters, digits, -, _ and ., which a "
            "domain of at most 253 characters and / can precede",
        )
    return "label", key


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_GROUPS
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text) or int(text) > MOST_GROUPS:
        refuse("limit", f"must be a whole number from 1 to {MOST_GROUPS}")
    return int(text)


def _moment(name: str, text: str | None) -> date | datetime | None:
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if not _TIME.fullmatch(text):
            refuse(name, _WHEN)
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except ValueError:  # 30 February, 25 o'clock
        refuse(name, f"is not a date of the calendar or not a time of the day: it {_WHEN}")
    if moment.minute or moment.second or moment.microsecond:
        refuse(name, _WHEN)
    return moment
