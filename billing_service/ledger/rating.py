"""Prices by steps and by the month. If there is none, their scripts are not run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

from billing_service.database import Connection
from billing_service.ledger.script import script

MONTH = timedelta(days=32)  # a changed line changes only later lines of its month
_SPECIAL: LiteralString = "SELECT EXISTS (SELECT FROM prices WHERE rating <> 'unit') AS found"


@dataclass(frozen=True)
class Rating:
    """`amounts` runs before `changes` are booked, `adjusted` before adjustments are written, `kept` after booking."""

    amounts: LiteralString = ""
    adjusted: LiteralString = ""
    kept: LiteralString = ""
    reach: timedelta = timedelta()  # how far after a changed line other lines can change


async def rating(connection: Connection) -> Rating:
    """What the prices in the database need. Called with the lock of the writers."""
    [row] = await (await connection.execute(_SPECIAL)).fetchall()
    if not row["found"]:
        return Rating()
    names = ("steps.sql", "steps_adjusted.sql", "steps_kept.sql")
    amounts, adjusted, kept = (script(f"ledger/{name}") for name in names)
    return Rating(amounts, adjusted, kept, MONTH)
