"""What the tests of budgets share: a budget in the database, usage, an evaluation, and its notifications."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from billing_service.budgets.evaluate import evaluate
from billing_service.budgets.model import COLUMNS, Budget, Standing
from billing_service.budgets.standing import standings
from billing_service.database import Connection, Reading
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.ledger_kit import found

PRICES = "resource,currency,unit_price,valid_from\n"
LINES = "namespace,hour,sku,workload,quantity\n"
ONE_EURO = f"{PRICES}cpu_core_hour,EUR,1,2025-01-01T00:00:00Z\n"
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
LATER = datetime(2027, 6, 1, tzinfo=UTC)  # the clock of the imports
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

CHANNEL = """
    INSERT INTO channels (organization, id, name, kind, enabled, target)
    VALUES (%s, %s, 'ops', 'webhook', true, '{"url": "https://hooks.example.com/a"}')
"""
INSERT = f"""
    INSERT INTO budgets ({COLUMNS}) VALUES (%(organization)s, %(id)s, %(name)s, %(namespace)s, %(label_key)s,
        %(label_value)s, %(amount)s, %(currency)s, %(period)s, %(thresholds)s, %(channels)s, %(notify_on)s,
        %(rollover)s, %(version)s, %(created_at)s, %(updated_at)s)
"""
SAID = """
    SELECT e ->> 'status' AS status, e -> 'labels' ->> 'threshold' AS threshold, e -> 'labels' ->> 'period' AS period
    FROM deliveries AS d, jsonb_array_elements(d.events) AS e ORDER BY d.created_at, threshold
"""


def actual(percent: int) -> dict[str, Any]:
    return {
        "id": f"actual-{percent}",
        "basis": "actual",
        "percent": str(percent),
        "amount": None,
        "probability": None,
    }


def expected(percent: int, probability: str = "0.8") -> dict[str, Any]:
    name = f"forecast-{percent}-{probability}"
    return {"id": name, "basis": "forecast", "percent": str(percent), "amount": None, "probability": probability}


def usage(first: datetime, hours: int, quantity: str = "1", **other: str) -> str:
    given = {"namespace": "acme-web", "sku": "cpu_core_hour", "workload": "-"} | other
    return "".join(
        f"{given['namespace']},{first + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{given['sku']},{given['workload']},"
        f"{quantity}\n"
        for hour in range(hours)
    )


@dataclass
class World:
    """`now`: the clock of the worker, which must not matter."""

    connection: Connection
    load: Load
    now: datetime = NOVEMBER + timedelta(days=29)
    channel: UUID = field(default_factory=uuid4)

    async def begin(self) -> None:
        await self.connection.execute(CHANNEL, ["acme", self.channel])
        await self.load(ONE_EURO)

    async def use(self, first: datetime, hours: int, quantity: str = "1", **other: str) -> None:
        await self.load(LINES + usage(first, hours, quantity, **other), now=LATER)

    async def budget(self, *thresholds: dict[str, Any], amount: str = "100", **other: Any) -> UUID:
        given = {"organization": "acme", "id": uuid4(), "name": "Team web", "namespace": "", "label_key": None}
        given |= {"label_value": None, "amount": Decimal(amount), "currency": "EUR", "period": "month"}
        given |= {"channels": [self.channel], "notify_on": ["firing", "resolved"], "rollover": False, "version": 1}
        given |= {"created_at": LONG_AGO, "updated_at": LONG_AGO} | other
        await self.connection.execute(INSERT, given | {"thresholds": Jsonb(list(thresholds))})
        made: UUID = given["id"]
        return made

    async def change(self, budget: UUID, **columns: Any) -> None:
        """As a PUT does: the next version."""
        at = {"updated_at": self.now} | columns
        sets = ", ".join(f"{name} = %({name})s" for name in at)
        await self.connection.execute(
            f"UPDATE budgets SET {sets}, version = version + 1 WHERE id = %(budget)s",  # type: ignore[arg-type]
            at | {"budget": budget},
        )

    async def evaluate(self) -> list[tuple[str, str]]:
        """Status and threshold of the new events."""
        done = await evaluate(self.connection, self.now)
        return [(event.status, event.labels["threshold"]) for event in done.sent]

    async def said(self) -> list[tuple[Any, ...]]:
        """In the outbox: status, threshold, period."""
        return await found(self.connection, SAID)

    async def states(self) -> dict[str, str]:
        rows = await found(self.connection, "SELECT threshold, state FROM budget_states ORDER BY period_start")
        return {str(name): str(state) for name, state in rows}

    async def read(self, budget: UUID) -> Budget:
        query = f"SELECT {COLUMNS} FROM budgets WHERE id = %s"
        [row] = await (await self.connection.execute(query, [budget])).fetchall()
        return Budget.of(row)

    async def standing(self, budget: UUID) -> Standing:
        [only] = await standings(Reading(self.connection), "acme", [await self.read(budget)], self.now)
        return only
