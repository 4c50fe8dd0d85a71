"""All kinds of CSV files. The header of a file defines its kind."""

from billing_service.import_kind import Kind
from billing_service.ledger.files import USAGE, USAGE_LINES
from billing_service.organizations.files import ORGANIZATIONS, PROJECTS
from billing_service.organizations.instances import INSTANCES
from billing_service.periods.files import ADJUSTMENTS
from billing_service.plans.files import SUBSCRIPTIONS
from billing_service.prices.files import PRICES, SKUS

KINDS: tuple[Kind, ...] = (
    ORGANIZATIONS,
    PROJECTS,
    SKUS,
    PRICES,
    USAGE,
    USAGE_LINES,
    INSTANCES,
    ADJUSTMENTS,
    SUBSCRIPTIONS,
)

__all__ = ["INSTANCES", "KINDS", "ORGANIZATIONS", "PRICES", "PROJECTS", "USAGE"]
