"""The command `quota`, and the job of the worker that does the same."""

from pathlib import Path

from billing_service.database import connect
from billing_service.plans.platform import PlatformError
from billing_service.plans.quota import Quota, read_quotas
from billing_service.plans.quota_store import store_quotas
from billing_service.plans.resources import read_resources
from billing_service.plans.settings import PlatformSettings


async def quota(settings: PlatformSettings, file: Path | None = None) -> list[Quota]:
    """Reads the resources of the cluster, or those of `file` (`kubectl get organizations,projects -A -o json`).

    Raises PlatformError, ResourcesError, OSError, psycopg.Error: then nothing is stored.
    """
    if file is not None:
        resources = [one for one in read_resources(file) if isinstance(one, dict)]
    elif (platform := settings.platform) is not None:
        resources = await platform.resources()
    else:
        raise PlatformError("quota: KUBERNETES_API_URL is not set, and no file is given")
    quotas = read_quotas(resources)
    async with connect(settings.database_url.get_secret_value()) as connection:
        await store_quotas(connection, quotas)
    return quotas
