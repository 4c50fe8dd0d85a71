"""The evaluation of budgets by the worker: after every metered hour and every change of their data.

Time is that of the ledger: the newest hour decides in which period a budget is. The period before is evaluated too
until its last month is closed, because late data can still change it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, LiteralString

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from billing_service.budgets.calendar import DAY
from billing_service.budgets.found import Finding
from billing_service.budgets.model import COLUMNS, Budget, Threshold
from billing_service.budgets.standing import WITHOUT_FORECAST, depends_on, find, kept_finding
from billing_service.budgets.states import Earlier, move
from billing_service.budgets.thresholds import matter
from billing_service.database import Connection, Reading
from billing_service.errors import DataChanging, OrganizationNotFound
from billing_service.notifications.event import Event

_BUDGETS: LiteralString = f"SELECT {COLUMNS} FROM budgets ORDER BY organization, id"
_KEPT: LiteralString = """
    SELECT budget, version, state, body FROM budget_evaluations WHERE organization = %(organization)s
"""
# The worker has forecast the newest data: what is not stored is not forecast by that job, and is computed here.
_FORECAST: LiteralString = """
    SELECT FROM forecast_versions AS f JOIN data_versions AS v USING (organization)
    WHERE f.organization = %(organization)s AND f.version = v.version
"""
_LOCK: LiteralString = f"""
    SELECT {COLUMNS} FROM budgets
    WHERE organization = %(organization)s AND id = %(budget)s AND version = %(version)s FOR NO KEY UPDATE
"""
_NEWER: LiteralString = """
    SELECT FROM budget_evaluations
    WHERE organization = %(organization)s AND budget = %(budget)s AND data_version > %(data_version)s
"""
_CLOSED: LiteralString = "SELECT FROM periods WHERE organization = %(organization)s AND period = %(period)s"
_KEEP: LiteralString = """
    INSERT INTO budget_evaluations (organization, budget, version, state, data_version, period_start, undecided, body)
    VALUES (%(organization)s, %(budget)s, %(version)s, %(state)s, %(data_version)s, %(period_start)s, %(undecided)s,
            %(body)s)
    ON CONFLICT (organization, budget) DO UPDATE
    SET version = excluded.version, state = excluded.state, data_version = excluded.data_version,
        period_start = excluded.period_start, undecided = excluded.undecided, body = excluded.body
"""
_HOUR = timedelta(hours=1)


@dataclass
class Evaluated:
    """`sent`: the events of thresholds that have just become firing or resolved."""

    budgets: int = 0
    failed: list[Exception] = field(default_factory=list)
    sent: list[Event] = field(default_factory=list)


async def evaluate(connection: Connection, now: datetime | None = None) -> Evaluated:
    """The budgets that have changed, or whose data have. Each is one transaction, with its notifications.

    One that fails does not stop the others: the first error is raised when they are done.
    """
    done = Evaluated()
    rows = await (await connection.execute(_BUDGETS)).fetchall()
    for organization, group in groupby(rows, lambda row: str(row["organization"])):
        with _failures_in(done):
            await _evaluate_all(connection, organization, list(group), done, now)
    if done.failed:
        raise done.failed[0]
    return done


@contextmanager
def _failures_in(done: Evaluated) -> Iterator[None]:
    """The error is kept, and raised when the other budgets are done. What the next run can do is not an error."""
    try:
        yield
    except (DataChanging, OrganizationNotFound):  # an import is running, or it is not registered yet
        pass
    except Exception as error:  # noqa: BLE001 - raised when the others are done
        done.failed.append(error)


async def _evaluate_all(
    connection: Connection, organization: str, rows: Sequence[DictRow], done: Evaluated, now: datetime | None
) -> None:
    reads = Reading(connection)
    state = await depends_on(reads, organization, now)
    computes = bool(await reads.fetch(_FORECAST, organization=organization))
    kept = {row["budget"]: row for row in await reads.fetch(_KEPT, organization=organization)}
    for row in rows:
        with _failures_in(done):
            budget, before = Budget.of(row), kept.get(row["id"])
            if kept_finding(before, budget, state, pending=not computes) is None:
                done.sent += await _evaluate(connection, budget, (before, state, computes), now)
                done.budgets += 1


async def _evaluate(
    connection: Connection, budget: Budget, known: tuple[DictRow | None, str, bool], now: datetime | None
) -> list[Event]:
    reads, (row, state, computes) = Reading(connection), known
    finding = await find(reads, budget, now, computes=computes)
    if not computes and finding.forecast is None and finding.spent is not None:
        state += WITHOUT_FORECAST
    late = await find(reads, budget, now, before=True) if await _is_open(connection, budget, finding) else None
    given: dict[str, Any] = {"organization": budget.organization, "budget": budget.id, "version": budget.version}
    async with connection.transaction():
        locked = await (await connection.execute(_LOCK, given)).fetchall()
        newer = await (await connection.execute(_NEWER, given | {"data_version": finding.data_version})).fetchall()
        if not locked or newer:
            return []  # the budget was changed or deleted, or evaluated with newer data
        current = Budget.of(locked[0])
        said = await move(connection, current, late, None, is_over=True) if late else []
        said += await move(connection, current, finding, _earlier(row, budget, finding))
        await connection.execute(_KEEP, given | _kept(budget, finding, state))
    return said


def _kept(budget: Budget, finding: Finding, state: str) -> dict[str, Any]:
    body = finding.to_json() | {
        "thresholds": [threshold.to_json() for threshold in budget.thresholds],
        "matters": {threshold.id: matter(budget, threshold) for threshold in budget.thresholds},
    }
    return {
        "state": state,
        "data_version": finding.data_version,
        "period_start": finding.first,
        "undecided": finding.spent is None or finding.limit is None,
        "body": Jsonb(body),
    }


def _earlier(row: DictRow | None, budget: Budget, finding: Finding) -> Earlier | None:
    """None if the budget has not changed since it was evaluated, or if the period of that evaluation is over."""
    if row is None or row["version"] == budget.version:
        return None
    body: Mapping[str, Any] = row["body"]
    before = Finding.from_json(body)
    if before.end <= finding.at - _HOUR:
        return None
    thresholds = {stored["id"]: Threshold.from_json(stored) for stored in body["thresholds"]}
    return Earlier(row["version"], before.first, thresholds, body["matters"])


async def _is_open(connection: Connection, budget: Budget, finding: Finding) -> bool:
    """This version was there before the running period began, and the last month before it takes late lines."""
    if budget.updated_at >= finding.start:
        return False
    month = (finding.first - DAY).replace(day=1)
    given = {"organization": budget.organization, "period": month}
    return not await (await connection.execute(_CLOSED, given)).fetchall()
