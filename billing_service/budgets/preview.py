"""A budget that is not stored, over the past twelve months."""

from datetime import datetime
from typing import Any

from billing_service.budgets.model import Budget
from billing_service.database import Database
from billing_service.errors import NotOffered


async def preview(database: Database, organization: str, budget: Budget, now: datetime | None = None) -> dict[str, Any]:
    del database, organization, budget, now
    raise NotOffered("This version computes no previews")
