"""Validation of parameters. An error names the invalid parameter and its rule."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.exceptions import RequestValidationError

from billing_service.errors import BadRequest

LARGEST_PAGE = 1000
SUMMARY_FIGURES = ("current_month_total", "last_day_spend", "total_cost_per_hour")
COMPONENTS = ("cpu", "memory", "storage", "network", "public_ip", "gpu", "other")
FIGURES = (*SUMMARY_FIGURES, *COMPONENTS)
HORIZONS = ("month_end", "30d", "90d")
LEVELS = ("80", "95")

# RFC 1123 label; `\z` does not match before a line break at the end.
_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\z"
_NAMES = r"^[a-z0-9]([-a-z0-9,]*[a-z0-9])?\z"
_LABEL_RULE = "must be 1 to 63 lower-case letters, digits or hyphens, with a letter or digit first and last"
_MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])\z"
_PAGE_SIZE = rf"^([1-9][0-9]{{0,2}}|{LARGEST_PAGE})\z"

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z"

InPath = Annotated[str, Path(pattern=_LABEL)]
InQuery = Annotated[str, Query(pattern=_LABEL)]
OptionalInQuery = Annotated[str | None, Query(pattern=_LABEL)]
OptionalMonth = Annotated[str | None, Query(pattern=_MONTH)]
OptionalFigure = Annotated[str | None, Query(pattern=rf"^({'|'.join(FIGURES)})\z")]
HorizonInQuery = Annotated[str, Query(pattern=rf"^({'|'.join(HORIZONS)})\z")]
LevelInQuery = Annotated[str, Query(pattern=rf"^({'|'.join(LEVELS)})\z")]
OptionalNames = Annotated[str | None, Query(pattern=_NAMES)]
OptionalState = Annotated[str | None, Query(pattern=r"^(pending|delivered|dead)\z")]
OptionalPageSize = Annotated[str | None, Query(pattern=_PAGE_SIZE)]

RULES = {
    "namespace": _LABEL_RULE,
    "organization": _LABEL_RULE,
    "after": _LABEL_RULE,
    "figure": f"must be one of {', '.join(FIGURES)}",
    "horizon": f"must be one of {', '.join(HORIZONS)}",
    "level": f"must be one of {', '.join(LEVELS)}, in percent",
    "namespaces": "must be names of projects, separated by commas",
    "projects": "must be names of projects, separated by commas",
    "period": "must be a month of this century, like 2026-10",
    "id": "must be a UUID in lower case",
    "channel": "must be the id of a channel",
    "state": "must be pending, delivered or dead",
    "limit": f"must be a whole number from 1 to {LARGEST_PAGE}",
}
_PRINTABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def malformed(error: RequestValidationError) -> BadRequest:
    problems = [(str(problem["loc"][0]), str(problem["loc"][1]), problem["type"]) for problem in error.errors()]
    texts = [
        f"{place} parameter '{name}' {'is required and ' if kind == 'missing' else ''}{RULES[name]}"
        for place, name, kind in problems
    ]
    return BadRequest("; ".join(texts), parameter=problems[0][1])


def only(*allowed: str) -> Callable[[Request], Awaitable[None]]:
    """Rejects unknown and repeated query parameters."""

    async def only(request: Request) -> None:
        names = [name for name, _ in request.query_params.multi_items()]
        for name in names:
            if name not in allowed:
                text = f"allowed query parameters: {', '.join(allowed) or 'none'}"
                raise BadRequest(text, **_named(name))
            if names.count(name) > 1:
                raise BadRequest(f"query parameter '{name}' must come once", parameter=name)

    return only


def _named(name: str) -> dict[str, str]:
    """`parameter` contains the name of an unknown parameter only if the name has plain characters."""
    return {"parameter": name} if _PRINTABLE_NAME.fullmatch(name) else {}
