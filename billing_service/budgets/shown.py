"""The JSON of a budget."""

import hashlib
from datetime import datetime
from typing import Any

from billing_service.budgets.model import Budget, Standing, State, Threshold
from billing_service.notifications.event import rfc3339
from billing_service.render import text

_UNKNOWN = State("ok", None)


def written(budget: Budget) -> dict[str, Any]:
    """What callers wrote, without figures: for the trail of changes."""
    return {
        "id": str(budget.id),
        "name": budget.name,
        "scope": budget.scope.to_json(),
        "amount": budget.amount,
        "currency": budget.currency,
        "period": budget.period,
        "thresholds": [_threshold(threshold) for threshold in budget.thresholds],
        "channels": [str(channel) for channel in budget.channels],
        "notify_on": list(budget.notify_on),
        "rollover": budget.rollover,
        "version": budget.version,
    }


def shown(budget: Budget, standing: Standing | None, *, may_change: bool) -> dict[str, Any]:
    """Without a standing, `current` is null."""
    known = {} if standing is None else standing.states
    states = [known.get(threshold.id, _UNKNOWN) for threshold in budget.thresholds]
    thresholds = [
        _threshold(threshold) | {"state": state.state, "since": _moment(state.since)}
        for threshold, state in zip(budget.thresholds, states, strict=True)
    ]
    return {
        **written(budget),
        "thresholds": thresholds,
        "current": None if standing is None else _current(standing),
        "may_change": may_change,
        "created_at": rfc3339(budget.created_at),
        "updated_at": rfc3339(budget.updated_at),
    }


def tag(budget: Budget, body: dict[str, Any]) -> str:
    """The version, and a hash of the figures: If-Match needs the first, If-None-Match both."""
    digest = hashlib.blake2b(text(body).encode(), digest_size=8).hexdigest()
    return f"{budget.version}-{digest}"


def _threshold(threshold: Threshold) -> dict[str, Any]:
    return {
        "id": threshold.id,
        "basis": threshold.basis,
        "percent": threshold.percent,
        "amount": threshold.amount,
        "probability": threshold.probability,
    }


def _current(standing: Standing) -> dict[str, Any]:
    expected = standing.expected_breach_date
    return {
        "start": rfc3339(standing.start),
        "end": rfc3339(standing.end),
        "limit": standing.limit,
        "spent": standing.spent,
        "forecast": standing.forecast,
        "breach_probability": standing.breach_probability,
        "expected_breach_date": None if expected is None else expected.isoformat(),
        "complete_through": _moment(standing.complete_through),
        "reason": standing.reason,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
