"""The JSON members of a trend."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from simplejson import RawJSON

from billing_service.figures.facts import rfc3339
from billing_service.trends.coverage import Coverage
from billing_service.trends.frame import Bucket, Frame
from billing_service.trends.rounding import exact_decimal
from billing_service.trends.usage import Key, Usage


@dataclass
class Seen:
    """The lines of a bucket in the currency of the response, those without a price, and other currencies, exact."""

    lines: int = 0
    unrated: int = 0
    others: dict[str, int] | None = None

    def add_other(self, currency: str, amount: int) -> None:
        if amount:
            self.others = self.others or defaultdict(int)
            self.others[currency] += amount

    @property
    def has_amount(self) -> bool:
        """Lines without a price, or in another currency, do not make an amount of 0."""
        return self.lines > self.unrated or not (self.unrated or self.others)


def seen_by_bucket(usage: Iterable[Usage], frame: Frame, currency: str) -> list[Seen]:
    found = [Seen() for _ in frame.buckets]
    buckets = [found[piece.bucket] for piece in frame.pieces]
    for one in usage:
        if one.currency == currency:
            for piece, lines in zip(one.pieces, one.lines, strict=True):
                buckets[piece].lines += lines
            for piece, unrated in zip(one.pieces, one.unrated or (), strict=one.unrated is not None):
                buckets[piece].unrated += unrated
        else:
            for piece, amount in zip(one.pieces, one.amounts, strict=True):
                buckets[piece].add_other(one.currency, amount)
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
        more = coverage.of_part(frame.months[piece.month].period, piece.since, piece.until)
        found[piece.bucket] = known + more[0], missing + more[1]
    return [Hours(*both) for both in found]


def state_of(bucket: Bucket, hours: Hours, seen: Seen, coverage: Coverage) -> str:
    if coverage.as_of is not None and bucket.since >= coverage.as_of:
        return "future"
    if coverage.as_of is None or not (hours.known or seen.lines):
        return "no_data"
    if hours.missing:
        return "incomplete"
    return "running" if bucket.until > coverage.as_of else "complete"


@lru_cache(maxsize=2000)  # the end of a bucket is the beginning of the next one
def _text(moment: datetime) -> str | None:
    return rfc3339(moment)


def bucket_json(bucket: Bucket, state: str, hours: Hours, seen: Seen, amount: RawJSON | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "from": _text(bucket.since),
        "to": _text(bucket.until),
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


def amount_json(units: int, digits: int) -> RawJSON:
    """An amount, which can be negative."""
    if not digits:
        return RawJSON(str(units))
    whole, part = divmod(abs(units), 10**digits)
    return RawJSON(f"{'-' if units < 0 else ''}{whole}.{part:0{digits}}")


def amounts_json(units: Sequence[int], digits: int) -> RawJSON:
    """A list of amounts that are not negative: 400 buckets have thousands."""
    if not digits:
        return RawJSON(f"[{','.join(map(str, units))}]")
    texts = [str(value).zfill(digits + 1) for value in units]
    return RawJSON(f"[{','.join([f'{text[:-digits]}.{text[-digits:]}' for text in texts])}]")


def key_json(key: Key, uids: dict[Key, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"name": key.name}
    if key.namespace is not None:
        body["namespace"] = key.namespace
    if key in uids:
        body["uid"] = uids[key]
    return body
