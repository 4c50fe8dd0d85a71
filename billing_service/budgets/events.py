"""The text of a notification about a budget. Labels identify the matter: `resolved` has those of `firing`."""

from decimal import Decimal

from billing_service.budgets.found import Finding
from billing_service.budgets.model import Budget, Threshold
from billing_service.notifications.event import Event, Status, rfc3339

KIND = "budget.threshold"


def event(budget: Budget, threshold: Threshold, finding: Finding, status: Status) -> Event:
    return Event(
        kind=KIND,
        status=status,
        title=_title(budget, threshold, status),
        text=_text(budget, finding),
        at=finding.at,
        labels=labels(budget, threshold.id, finding),
        details=_details(budget, threshold, finding),
    )


def labels(budget: Budget, threshold: str, finding: Finding) -> dict[str, str]:
    return {"budget": str(budget.id), "threshold": threshold, "period": finding.first.isoformat()}


def ended(budget: Budget, threshold: Threshold, finding: Finding, why: str) -> Event:
    """`resolved`, because the budget or the threshold is gone."""
    text = f"{why} {_text(budget, finding)}"
    title = _title(budget, threshold, "resolved")
    given = labels(budget, threshold.id, finding)
    return Event(KIND, "resolved", title, text, finding.at, given, _details(budget, threshold, finding))


def _title(budget: Budget, threshold: Threshold, status: Status) -> str:
    if status == "resolved":
        return f"Budget {budget.name}: below {_amount_of(budget, threshold)} again"
    if threshold.basis == "actual":
        return f"Budget {budget.name}: {_amount_of(budget, threshold)} is reached"
    return f"Budget {budget.name}: {_amount_of(budget, threshold)} is expected to be reached"


def _amount_of(budget: Budget, threshold: Threshold) -> str:
    if threshold.percent is not None:
        return f"{_short(threshold.percent)} %"
    return f"{_short(threshold.amount or Decimal(0))} {budget.currency}"


def _short(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _text(budget: Budget, finding: Finding) -> str:
    parts = [f"{_scope(budget)} has spent {_money(finding.spent, budget)} of {_money(finding.limit, budget)}"]
    parts[0] += f" in the {budget.period} from {finding.first:%Y-%m-%d}, until {finding.at:%Y-%m-%d %H:%M} UTC."
    if finding.forecast is not None:
        parts.append(f"The forecast is {_money(finding.forecast, budget)}.")
    if finding.breach_probability is not None:
        parts.append(f"The limit is reached with a probability of {_percent(finding.breach_probability)}.")
    return " ".join(parts)


def _scope(budget: Budget) -> str:
    scope = budget.scope
    name = f"Project {scope.namespace}" if scope.namespace else f"Organization {budget.organization}"
    return name if scope.label is None else f"{name}, label {scope.label.key}={scope.label.value},"


def _money(amount: Decimal | None, budget: Budget) -> str:
    return "an amount that is not known" if amount is None else f"{amount:f} {budget.currency}"


def _percent(share: Decimal) -> str:
    return f"{_short(share * 100)} %"


def _details(budget: Budget, threshold: Threshold, finding: Finding) -> dict[str, str]:
    found = {
        "name": budget.name,
        "scope": _scope(budget).rstrip(","),
        "basis": threshold.basis,
        "spent": None if finding.spent is None else _money(finding.spent, budget),
        "limit": None if finding.limit is None else _money(finding.limit, budget),
        "forecast": None if finding.forecast is None else _money(finding.forecast, budget),
        "complete_through": None if finding.complete_through is None else rfc3339(finding.complete_through),
    }
    return {name: value for name, value in found.items() if value is not None}
