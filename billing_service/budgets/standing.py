"""Where budgets stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from billing_service.budgets.model import Budget, Standing
from billing_service.database import Database

_PERIOD: LiteralString = """
    SELECT p.starts AT TIME ZONE t.time_zone AS starts,
           (p.starts + CASE WHEN %(period)s::text = 'quarter' THEN interval '3 months'
                            ELSE ('1 ' || %(period)s::text)::interval END) AT TIME ZONE t.time_zone AS ends
    FROM (SELECT coalesce(%(now)s::timestamptz, now()) AS moment) AS m
    JOIN organization_terms AS t ON t.organization = %(organization)s AND t.validity @> m.moment
    CROSS JOIN LATERAL (SELECT date_trunc(%(period)s::text, m.moment AT TIME ZONE t.time_zone) AS starts) AS p
"""


async def standings(
    database: Database, organization: str, budgets: Sequence[Budget], now: datetime | None = None
) -> list[Standing]:
    """The running period only. Its figures are not evaluated."""
    found = []
    for budget in budgets:
        [row] = await database.fetch(_PERIOD, organization=organization, period=budget.period, now=now)
        found.append(
            Standing(row["starts"], row["ends"], None, None, None, None, None, None, "not_evaluated", states={})
        )
    return found
