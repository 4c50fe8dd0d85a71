"""The environment variables of `work`. Where PROMETHEUS_URL is set, those of `meter` too."""

from typing import Annotated

from pydantic import AfterValidator, Field

from billing_service.plans.settings import PlatformSettings
from billing_service.settings import MAX_PORT, Count, host_address


class WorkerSettings(PlatformSettings):
    """The settings of `work`."""

    host: Annotated[str, AfterValidator(host_address)] = Field(
        "127.0.0.1", description="Address of the metrics; :: is all addresses, IPv6 and IPv4 if the machine has both"
    )
    metrics_port: Count = Field(9464, ge=0, le=MAX_PORT, description="Port of the Prometheus metrics; 0 turns it off")
