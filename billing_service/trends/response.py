"""The JSON members of a trend."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simplejson import RawJSON

from billing_service.figures.facts import rfc3339
from billing_service.trends.coverage import Coverage
from billing_service.trends.frame import Bucket, Frame, Piece
from billing_service.trends.rounding import exact_decimal
from billing_service.trends.usage import Key, Usage


@dataclass
class Seen:
    """The lines of a bucket in the currency of the response, those without a price, and other currencies, exact."""

    lines: int = 0
    unrated: int = 0
    others: dict[str, int] | None = None

    def add(self, usage: Usage, currency: str) -> None:
        if usage.currency == currency:
            self.lines += usage.lines
            self.unrated += usage.unrated
        elif usage.amount:
            self.others = self.others or defaultdict(int)
            self.others[usage.currency] += usage.amount

    @property
    def has_amount(self) -> bool:
        """Lines without a price, or in another currency, are no amount of 0."""
        return self.lines > self.unrated or not (self.unrated or self.others)


def seen_by_bucket(usage: Iterable[Usage], frame: Frame, currency: str) -> list[Seen]:
    found = [Seen() for _ in frame.buckets]
    for one in usage:
        found[frame.pieces[one.piece].bucket].add(one, currency)
    return found


def currencies(seen: Iterable[Seen]) -> dict[str, Decimal]:
    """Exact cost in currencies that the organization had before, by code."""
    total: dict[str, int] = defaultdict(int)
    for one in seen:
        for code, amount in (one.others or {}).items():
            total[code] += amount
    return {code: exact_decimal(amount) for code, amount in sorted(total.items())}


@dataclass(frozen=True)
class Hours:
    """Of a bucket."""

    known: int
    missing: int


def hours_of(frame: Frame, coverage: Coverage) -> list[Hours]:
    found = [(0, 0)] * len(frame.buckets)
    for piece in frame.pieces:
        known, missing = found[piece.bucket]
        part = _part(frame, piece)
        found[piece.bucket] = known + coverage.known(*part), missing + coverage.missing(*part)
    return [Hours(*both) for both in found]


def _part(frame: Frame, piece: Piece) -> tuple[Any, Any, Any]:
    return frame.months[piece.month].period, piece.since, piece.until


def state_of(bucket: Bucket, hours: Hours, coverage: Coverage) -> str:
    if coverage.as_of is None or bucket.since >= coverage.as_of:
        return "future"
    if not hours.known:
        return "no_data"
    if hours.missing:
        return "incomplete"
    return "running" if bucket.until > coverage.as_of else "complete"


def bucket_json(bucket: Bucket, state: str, hours: Hours, seen: Seen, amount: Decimal | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "from": rfc3339(bucket.since),
        "to": rfc3339(bucket.until),
        "amount": amount,
        "complete": state == "complete" and not seen.unrated and not seen.others,
        "state": state,
        "incomplete_hours": hours.missing,
    }
    if bucket.partial:
        body["partial"] = True
    if seen.unrated:
        body["unrated_lines"] = seen.unrated
    if seen.others:
        body["other_currencies"] = currencies([seen])
    return body


def amounts_json(units: Sequence[int], digits: int) -> RawJSON:
    """A list of amounts that are not negative: 400 buckets have thousands."""
    if not digits:
        return RawJSON(f"[{','.join(map(str, units))}]")
    base = 10**digits
    return RawJSON(f"[{','.join(f'{value // base}.{value % base:0{digits}}' for value in units)}]")


def key_json(key: Key, uids: dict[Key, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"name": key.name}
    if key.namespace is not None:
        body["namespace"] = key.namespace
    if key in uids:
        body["uid"] = uids[key]
    return body
