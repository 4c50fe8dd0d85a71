"""Projects that were never metered. Their cost is not known: it is null, and not 0."""

from datetime import datetime

from billing_service.database import Reads
from billing_service.ledger.script import script


async def never_metered(
    database: Reads, organization: str, lives: list[tuple[str, int]], as_of: datetime | None
) -> set[str]:
    """The namespaces. `as_of`: the end of the organization's newest hour, None if there is none."""
    if not lives:
        return set()
    rows = await database.fetch(
        script("figures/never_metered.sql"),
        organization=organization,
        namespaces=[namespace for namespace, _ in lives],
        lives=[life for _, life in lives],
        as_of=as_of,
    )
    return {row["namespace"] for row in rows}
