"""kill -9 at random points of import, metering, rating again, and closing: nothing is lost, doubled or half done.

A round is a month: its usage is imported, its last hours are metered, its price is corrected (which books its lines and
all sums again), and it is closed. Each of the four is killed at a random moment, checked, and run again. What must be
there is computed from the definition of the files, not by the ledger.
"""

import asyncio
import json
import random
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from billing_service.database import Connection, connect
from billing_service.importer import import_file
from billing_service.ledger.commands import differences

from .ledger_kit import found
from .process import ROOT

OWNERS = {"acme-web": "acme", "acme-data": "acme", "globex-shop": "globex", "nippon-web": "nippon"}
REGISTRY = (
    "organization,currency\nacme,EUR\nglobex,EUR\nnippon,EUR\n",
    "namespace,organization\n" + "".join(f"{name},{owner}\n" for name, owner in OWNERS.items()),
)
PRICES = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,{price},{since:%Y-%m-%dT%H:%M:%SZ}\n"
WORKS = ("import", "meter", "rate", "close")
IMPORTED, METERED = 240, 6  # hours of a month
OLD, NEW = Decimal("0.05"), Decimal("0.07")  # the price of a month, and its correction from the tenth day on

LINES = """
    SELECT organization, sum(quantity) AS q, sum(amount) AS a, count(*) AS n FROM usage_lines
    WHERE hour >= '{0}' AND hour < '{0}'::timestamptz + interval '28 days' GROUP BY 1 ORDER BY 1
"""
SUMS = "SELECT organization, quantity, amount, lines FROM organization_monthly WHERE period = '{0:%Y-%m-%d}' ORDER BY 1"
CLOSED = "SELECT organization, period::text, statement FROM periods ORDER BY 2, 1"
CLOSED_OF = "SELECT FROM periods WHERE period = '{0:%Y-%m-%d}'"


@dataclass(frozen=True)
class State:
    """What of a month is in the ledger."""

    imported: int = 0
    metered: int = 0
    rated: bool = False


@dataclass(frozen=True)
class Month:
    first: datetime
    quantity: Decimal

    @property
    def metered_from(self) -> datetime:
        return self.first + timedelta(days=27)

    def expected(self, state: State) -> list[tuple[object, ...]]:
        """Organization, quantity, amount and number of lines."""
        hours = [self.first + timedelta(hours=number) for number in range(state.imported)]
        hours += [self.metered_from + timedelta(hours=number) for number in range(state.metered)]
        since = self.first + timedelta(days=9)
        prices = sum((NEW if state.rated and hour >= since else OLD for hour in hours), Decimal(0))
        owners = Counter(OWNERS.values()) if hours else Counter()
        return [
            (owner, number * len(hours) * self.quantity, number * prices * self.quantity, number * len(hours))
            for owner, number in sorted(owners.items())
        ]

    def arguments(self, work: str) -> tuple[str, datetime, str]:
        """What killed_work.py does, at which time, with which content of its file."""
        now = self.first + timedelta(days=27, hours=12)
        match work:
            case "import":
                hours = [self.first + timedelta(hours=number) for number in range(IMPORTED)]
                rows = [f"{n},{h:%Y-%m-%dT%H:00:00Z},cpu_core_hour,-,{self.quantity}\n" for h in hours for n in OWNERS]
                return "import", now, "namespace,hour,sku,workload,quantity\n" + "".join(rows)
            case "meter":
                read = {"first": self.metered_from.isoformat(), "hours": METERED, "namespaces": list(OWNERS)}
                return "meter", now, json.dumps(read | {"quantity": str(self.quantity)})
            case "rate":
                return "import", now, PRICES.format(price=NEW, since=self.first + timedelta(days=9))
        return "close", self.first + timedelta(days=40), ""


class World:
    """A ledger, and the processes that work on it."""

    def __init__(self, url: str, connection: Connection, folder: Path, chance: random.Random) -> None:
        self.url, self.connection, self.folder, self.chance = url, connection, folder, chance
        self.seconds: dict[str, float] = {}  # of each work, when it was not killed
        self.outcomes: Counter[str] = Counter()

    async def work(self, work: str, month: Month, *, kill: bool) -> bool:
        """False: it was killed before its end. It is killed within the time that it needed before."""
        name, now, content = month.arguments(work)
        file = self.folder / f"{work}.csv"
        file.write_text(content)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, Path(__file__).with_name("killed_work.py"), name, now.isoformat(), str(file)),
            env={"DATABASE_URL": self.url, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        assert await process.stdout.readline() == b"begin\n"
        started = time.monotonic()
        if kill:
            await asyncio.sleep(self.chance.uniform(0, self.seconds[work]))
            if process.returncode is None:
                process.kill()
        ended = await process.stdout.readline() == b"end\n"
        if not kill:
            self.seconds[work] = time.monotonic() - started
            assert await process.wait() == 0
        await process.wait()
        return ended

    async def check(self, month: Month, states: list[State]) -> State:
        """The month is in exactly one of the states, in lines and sums, and every sum agrees with its lines."""
        await self._rolled_back()
        lines = await found(self.connection, LINES.format(month.first))
        fitting = [state for state in states if month.expected(state) == lines]
        assert fitting, f"{lines} fits no state of {states}"
        assert await found(self.connection, SUMS.format(month.first)) == lines
        assert await differences(self.connection) == []
        assert await found(self.connection, "SELECT FROM adjustments UNION ALL SELECT FROM quarantine") == []
        return fitting[0]

    async def _rolled_back(self) -> None:
        """The server sees that a client is gone when it next writes to it."""
        query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        deadline = time.monotonic() + 30
        while await found(self.connection, query):
            assert time.monotonic() < deadline, "the session of a killed process does not end"
            await asyncio.sleep(0.02)


async def kill_at_random_points(url: str, folder: Path, points: int) -> str:
    """The result in words."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # pytest shows it if the test fails
    async with connect(url) as connection:
        world = World(url, connection, folder, random.Random(seed))
        await _import(world, *REGISTRY)
        statements: list[tuple[object, ...]] = []
        for number in range(-1, points // len(WORKS)):  # the first month is not killed: it measures the times
            first = datetime(2021 + (number + 1) // 12, (number + 1) % 12 + 1, 1, tzinfo=UTC)
            month = Month(first, Decimal(number + 2) / 8)
            await _import(world, PRICES.format(price=OLD, since=first), now=first + timedelta(days=1))
            state = State()
            for work in WORKS:
                state = await _one(world, month, work, state, kill=number >= 0)
            closed = await found(connection, CLOSED)
            assert closed[: len(statements)] == statements, "a closed month has another statement"
            assert len(closed) == len(statements) + len(set(OWNERS.values()))
            statements = closed
    counted = ", ".join(f"{number} {name}" for name, number in sorted(world.outcomes.items()))
    return f"kill -9 at {points // len(WORKS) * len(WORKS)} random points: {counted}; every sum agrees with the source"


async def _one(world: World, month: Month, work: str, before: State, *, kill: bool) -> State:
    after, between = _states(work, before)
    if kill:
        complete = await world.work(work, month, kill=True)
        seen = await world.check(month, [before, *between, after])
        if work == "close":
            number = len(await found(world.connection, CLOSED_OF.format(month.first)))
            outcome = f"{number} of {len(set(OWNERS.values()))} closed"
        else:
            outcome = "complete" if seen == after else "not begun" if seen == before else "in part"
        world.outcomes["ended before the kill" if complete else f"killed in {work}, then {outcome}"] += 1
    await world.work(work, month, kill=False)
    return await world.check(month, [after])


def _states(work: str, before: State) -> tuple[State, list[State]]:
    """The state after a work, and those that a kill may leave between."""
    match work:
        case "import":
            return State(IMPORTED), []
        case "meter":
            return State(IMPORTED, METERED), [State(IMPORTED, hours) for hours in range(1, METERED)]
        case "rate":
            return State(IMPORTED, METERED, rated=True), []
    return before, []


async def _import(world: World, *texts: str, now: datetime | None = None) -> None:
    for text in texts:
        file = world.folder / "file.csv"
        file.write_text(text)
        await import_file(world.connection, file, now=now)


async def test_a_kill_at_four_random_points_loses_and_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    """One of each work. `make test-faults` has 52 points."""
    print(await kill_at_random_points(database_url, tmp_path, 4))


@pytest.mark.slow_fault
async def test_a_kill_at_fifty_random_points_loses_and_doubles_nothing(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Thirteen of each work."""
    result = await kill_at_random_points(database_url, tmp_path, 52)
    with capsys.disabled():
        print(f"\n{result}")
