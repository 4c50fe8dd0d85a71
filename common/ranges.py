"""A range of time in a query, `from` and `to`. The billing service checks what needs the organization's time zone."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator

from common.http.server_errors import NotOffered
from common.model import DATE_TIME

_DATE: Final = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)
SHAPE: Final = (  # for OpenAPI
    r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):00:00(\.0+)?(Z|[+-](0\d|1[0-4]):00))?$"
)
_WHEN: Final = "must be a date like 2026-11-01, or a full hour with its offset like 2026-11-01T13:00:00Z"
_ZONES: Final = timedelta(hours=15)  # a day begins at most so far from its beginning in UTC


def _end(text: str) -> str:
    try:
        moment = _moment(text)
    except ValueError:
        raise ValueError(f"is not a date of the calendar or not a time of the day: it {_WHEN}") from None
    if moment is None or moment.minute or moment.second or moment.microsecond:
        raise ValueError(_WHEN)
    return text


def _moment(text: str) -> datetime | None:
    """A date as its beginning in UTC. None: neither a date nor a time. Raises ValueError: it does not exist."""
    if _DATE.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    if not text.startswith("20") or not DATE_TIME.fullmatch(text):
        return None
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


End = Annotated[str, AfterValidator(_end)]


def check_order(since: str | None, until: str | None) -> None:
    """If one is a date and the other a time, the time zone decides. Raises ValueError."""
    first, last = (None if end is None else _moment(end) for end in (since, until))
    dates = {_DATE.fullmatch(end) is not None for end in (since, until) if end is not None}
    if first is not None and last is not None and len(dates) == 1 and last <= first:
        raise ValueError("Query parameter 'to': must be after 'from'")


def require_end(name: str, asked: str | None, shown: datetime) -> None:
    """Raises NotOffered (501): a foreign billing service can ignore a parameter."""
    moment = None if asked is None else _moment(asked)
    leeway = _ZONES if asked and _DATE.fullmatch(asked) else timedelta(0)
    if moment is not None and abs(shown - moment) > leeway:
        raise NotOffered(name)
