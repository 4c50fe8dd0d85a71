"""Sources for the organization that owns a namespace. Tenants cannot write them. A name's prefix is never used.

`acme` with project `prod-web` and `acme-prod` with project `web` have the same namespace string.
"""

from typing import Protocol

from common.http.server_errors import BillingUnreachable
from common.identity.caller import Caller
from common.process.settings import Settings


class Ownership(Protocol):
    """All methods raise BillingUnreachable if the source cannot decide. This is not a denial and not an empty list."""

    async def owns(self, caller: Caller, namespace: str) -> bool:
        """Whether the caller's organization owns the namespace."""
        ...

    async def list_namespaces(self, caller: Caller) -> list[str] | None:
        """The organization's namespaces. None if the billing service's project list is the source."""
        ...

    async def list_expected(self, caller: Caller) -> list[str]:
        """Probable namespaces of the organization's projects that have none yet. For display only: nobody owns them."""
        ...


class Registry:
    """The billing service's registry. There is no separate call: each reply for a namespace must name its owner."""

    async def owns(self, caller: Caller, namespace: str) -> bool:
        del caller, namespace
        return True  # BillingClient rejects a reply that does not prove it, and 404 project_not_found is a denial

    async def list_namespaces(self, caller: Caller) -> list[str] | None:
        del caller
        return None

    async def list_expected(self, caller: Caller) -> list[str]:
        del caller
        return []


class Claims:
    """The token. Only for installations where tenants do not administer their realms. Logs a warning at every start."""

    async def owns(self, caller: Caller, namespace: str) -> bool:
        return namespace in await self.list_namespaces(caller)

    async def list_namespaces(self, caller: Caller) -> list[str]:
        if not caller.namespaces:
            raise BillingUnreachable("ownership_unknown")  # an org-admin's token without namespaces does not decide
        return sorted(caller.namespaces)

    async def list_expected(self, caller: Caller) -> list[str]:
        del caller
        return []


def make_ownership(settings: Settings) -> Ownership:
    if settings.namespace_ownership == "kubernetes":
        from common.access.kubernetes import Kubernetes  # noqa: PLC0415 - only this mode needs the import

        return Kubernetes(settings)
    return Claims() if settings.namespace_ownership == "claims" else Registry()
