"""What /api/billing/health returns."""

from typing import Literal

from common.model import WireModel


class Health(WireModel):
    status: Literal["healthy"]
    billing_service: Literal["healthy"]
