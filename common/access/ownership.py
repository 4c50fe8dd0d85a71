"""Which organization owns a namespace, said by a source that tenants cannot write (never by a name's prefix).

`acme` with project `prod-web` and `acme-prod` with project `web` have the same namespace string.
"""

from typing import Protocol

from common.http.errors import BillingUnreachable
from common.identity.caller import Caller
from common.process.settings import Settings


class Ownership(Protocol):
    """Both questions raise BillingUnreachable when the source cannot say: that is no denial and no empty list."""

    async def owns(self, caller: Caller, namespace: str) -> bool:
        """Whether the caller's organization owns the namespace."""
        ...

    async def list_namespaces(self, caller: Caller) -> list[str] | None:
        """The organization's namespaces; None when the billing service's own project list is the source."""
        ...


class Registry:
    """The billing service's registry: asked with the question itself, and its reply has to name the owner."""

    async def owns(self, caller: Caller, namespace: str) -> bool:
        del caller, namespace
        return True  # BillingClient refuses a reply that does not prove it, and 404 project_not_found is a denial

    async def list_namespaces(self, caller: Caller) -> list[str] | None:
        del caller
        return None


class Claims:
    """The token itself, for installations where realms are not in tenants' hands (a WARN at every start)."""

    async def owns(self, caller: Caller, namespace: str) -> bool:
        return namespace in await self.list_namespaces(caller)

    async def list_namespaces(self, caller: Caller) -> list[str]:
        if not caller.namespaces:
            raise BillingUnreachable("ownership_unknown")  # an org-admin's token that names none says nothing
        return sorted(caller.namespaces)


def make_ownership(settings: Settings) -> Ownership:
    if settings.namespace_ownership == "kubernetes":
        from common.access.kubernetes import Kubernetes  # noqa: PLC0415 - only this mode pays for the import

        return Kubernetes(settings)
    return Claims() if settings.namespace_ownership == "claims" else Registry()
