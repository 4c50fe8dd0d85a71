"""Entity tags: a response that could not have changed is 304 without computing it (RFC 9110, section 13.1.2)."""

import hashlib
from datetime import datetime

from fastapi import Request

from billing_service.database import Database
from billing_service.ledger.script import script

_FORMAT = "3"  # counted up when a response of the same data gets another form


async def tag_of(
    database: Database, request: Request, organization: str, namespace: str | None, now: datetime | None
) -> str | None:
    """A strong tag of the response. None: there is no such organization or project."""
    rows = await database.fetch(script("figures/tag.sql"), organization=organization, namespace=namespace, now=now)
    if not rows:
        return None
    text = repr((_FORMAT, request.url.path, sorted(request.query_params.multi_items()), sorted(rows[0].items())))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def matches(request: Request, tag: str) -> bool:
    """Weak comparison of `If-None-Match`: a tag, a list of tags, or *."""
    given = [part.strip() for value in request.headers.getlist("if-none-match") for part in value.split(",")]
    return "*" in given or tag in {part.removeprefix("W/") for part in given}
