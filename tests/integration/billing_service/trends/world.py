"""A random world of usage, and its trend computed from the lines by another way: fractions and Python's time zones."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
SKUS = {
    "cpu_core_hour": ("cpu", "0.0325"),
    "memory_gib_hour": ("memory", "0.0046"),
    "storage_gib_hour": ("storage", "0.000123"),
    "network_gib": ("network", "0.07"),
    "public_ip_hour": ("public_ip", "0.005"),
}
WORKLOADS = ("Deployment/api", "StatefulSet/db-0", "Pod/job")
TEAMS = ("web", "data", "")


@dataclass(frozen=True)
class Line:
    namespace: str
    hour: datetime
    sku: str
    workload: str
    quantity: Decimal
    labels: str

    @cached_property
    def amount(self) -> Fraction:
        return Fraction(self.quantity) * Fraction(SKUS[self.sku][1])

    @cached_property
    def team(self) -> str | None:
        """The value of the label `team`; None without it."""
        found = dict(part.split("=") for part in self.labels.split(";") if part)
        return found.get("team")


@dataclass
class World:
    """Lines of two projects of acme, in hours of Europe/Berlin."""

    lines: list[Line] = field(default_factory=list)

    @classmethod
    def of(cls, seed: int, first: datetime, until: datetime, *, gaps: bool = True) -> "World":
        """Some hours are missing, and some days, if `gaps`."""
        dice = random.Random(seed)
        world = cls()
        for namespace in ("acme-web", "acme-data"):
            hour = first
            while hour < until:
                if gaps and dice.random() < 0.01:
                    hour += timedelta(hours=dice.randint(1, 60))
                    continue
                world.lines += world._hour(dice, namespace, hour)
                hour += HOUR
        return world

    @staticmethod
    def _hour(dice: random.Random, namespace: str, hour: datetime) -> Iterator[Line]:
        for workload in dice.sample(WORKLOADS, dice.randint(1, 2)):
            labels = f"team={dice.choice(TEAMS)};env=prod" if dice.random() < 0.7 else ""
            for sku in dice.sample(list(SKUS), dice.randint(1, 3)):
                quantity = Decimal(dice.randint(0, 10**6)).scaleb(-dice.randint(3, 9))
                yield Line(namespace, hour, sku, workload, quantity, labels)

    def prices(self) -> str:
        return "resource,currency,unit_price,valid_from\n" + "".join(
            f"{sku},EUR,{price},2020-01-01T00:00:00Z\n" for sku, (_, price) in SKUS.items()
        )

    def usage(self) -> str:
        return "namespace,hour,sku,workload,quantity,labels\n" + "".join(
            f"{line.namespace},{line.hour:%Y-%m-%dT%H:%M:%SZ},{line.sku},{line.workload},{line.quantity:f},{line.labels}\n"
            for line in self.lines
        )


def half_up(exact: Fraction, digits: int = 2) -> Decimal:
    units = (2 * exact * 10**digits + 1) // 2
    return Decimal(units).scaleb(-digits)


def group_of(line: Line, group_by: str) -> Any:
    names = {
        "component": SKUS[line.sku][0],
        "sku": line.sku,
        "project": line.namespace,
        "workload": (line.namespace, line.workload),
        "label:team": line.team,
    }
    return names[group_by]


@cache
def local_day(moment: datetime) -> date:
    return moment.astimezone(BERLIN).date()


def day_start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)


@cache
def bucket_of(moment: datetime, granularity: str) -> datetime:
    """The start of the hour, day, week or month that this hour is in."""
    day = local_day(moment)
    if granularity == "hour":
        return moment
    if granularity == "week":
        day -= timedelta(days=day.weekday())
    elif granularity == "month":
        day = day.replace(day=1)
    return day_start(day)


@dataclass
class Expected:
    """Exact sums. `figures`: what each month of the range is rounded to."""

    buckets: dict[datetime, Fraction]
    cells: dict[tuple[datetime, Any], Fraction]
    groups: dict[Any, Fraction]
    months: dict[tuple[int, int], Fraction]

    @property
    def total(self) -> Decimal:
        return sum((half_up(exact) for exact in self.months.values()), Decimal(0))


def expected(lines: list[Line], since: datetime, until: datetime, granularity: str, group_by: str) -> Expected:
    found = Expected(*(defaultdict(Fraction) for _ in range(4)))
    for line in lines:
        if since <= line.hour < until:
            bucket, group, day = bucket_of(line.hour, granularity), group_of(line, group_by), local_day(line.hour)
            found.buckets[bucket] += line.amount
            found.cells[bucket, group] += line.amount
            found.groups[group] += line.amount
            found.months[day.year, day.month] += line.amount
    return found
