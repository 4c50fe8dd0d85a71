"""The lives of projects that a caller who names projects may see (named_lives in the database)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import LiteralString

from psycopg.rows import DictRow

Lives = tuple[tuple[str, int], ...]  # namespace and life

_NAMED: LiteralString = """
    SELECT namespace, life
    FROM named_lives(%(organization)s::text, %(names)s::text[], coalesce(%(now)s::timestamptz, now()))
"""


async def named_lives(
    fetch: Callable[..., Awaitable[list[DictRow]]],
    organization: str,
    names: Sequence[str] | None,
    now: datetime | None,
) -> Lives | None:
    """None: the caller names no projects, and sees all lives."""
    if names is None:
        return None
    rows = await fetch(_NAMED, organization=organization, names=list(names), now=now)
    return tuple((row["namespace"], row["life"]) for row in rows)


def own_lives(lives: Lives | None) -> dict[str, object]:
    """Arguments of queries about these lives. None: about all."""
    return {
        "own_names": None if lives is None else [namespace for namespace, _ in lives],
        "own_lives": None if lives is None else [life for _, life in lives],
    }
