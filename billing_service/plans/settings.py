"""The environment variables of the commands that read the platform's resources."""

from pathlib import Path
from typing import Annotated

import httpx2 as httpx
from pydantic import AfterValidator, Field

from billing_service.plans.platform import Platform
from billing_service.settings import LedgerSettings


def _url(value: str) -> str:
    try:
        parsed = httpx.URL(value)
    except (httpx.InvalidURL, ValueError):
        parsed = httpx.URL("")
    if value and (parsed.scheme != "https" or not parsed.host or parsed.query or parsed.userinfo):
        raise ValueError("must be a URL like https://kubernetes.default.svc, without a password and a query")
    return value


class PlatformSettings(LedgerSettings):
    """The settings of `quota`."""

    kubernetes_api_url: Annotated[str, AfterValidator(_url)] = Field(
        "", description="URL of the Kubernetes API server, to read the quotas of the platform. Empty: they are not read"
    )
    kubernetes_credentials: Path = Field(
        Path("/var/run/secrets/kubernetes.io/serviceaccount"), description="Folder with the pod's token and ca.crt"
    )
    kubernetes_timeout_seconds: float = Field(
        10, gt=0, le=600, allow_inf_nan=False, description="Time limit for one request to the API server"
    )

    @property
    def platform(self) -> Platform | None:
        """None: the quotas of the platform are not read."""
        if not self.kubernetes_api_url:
            return None
        return Platform(self.kubernetes_api_url, self.kubernetes_credentials, self.kubernetes_timeout_seconds)
