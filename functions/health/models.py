"""The response of /api/billing/health."""

from typing import Literal

from common.model import WireModel


class Health(WireModel):
    status: Literal["healthy"]
    billing_service: Literal["healthy"]
