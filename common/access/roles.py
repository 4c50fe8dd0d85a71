"""Roles and access checks. Only this module creates a checked Namespace or Organization.

A foreign namespace and a namespace that does not exist get the same response, on the same code path.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from common.access.ownership import Ownership
from common.http.errors import AccessDenied, AdminRequired, GuestDenied
from common.identity.caller import Caller, Role

SHOWN_NAMESPACES: Final = 100


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace that this caller can access, according to the token and the ownership source."""

    organization: str
    name: str

    @property
    def names(self) -> dict[str, str]:
        return {"organization": self.organization, "namespace": self.name}

    @property
    def namespaces(self) -> None:
        """Only an Organization is limited to some namespaces."""


@dataclass(frozen=True, slots=True)
class Organization:
    """The part of the organization that this caller can access: everything (None), or only these namespaces."""

    name: str
    namespaces: frozenset[str] | None

    @property
    def names(self) -> dict[str, str]:
        return {"organization": self.name}

    def may_list(self, namespace: str) -> bool:
        """Whether a namespace of this organization is in the caller's lists."""
        return self.namespaces is None or namespace in self.namespaces


S = TypeVar("S", Namespace, Organization)
Scope = Namespace | Organization


def require_member(caller: Caller) -> None:
    """Raises GuestDenied."""
    if caller.role is Role.GUEST:
        raise GuestDenied("guest")


def require_org_admin(caller: Caller) -> Organization:
    """Raises GuestDenied or AdminRequired."""
    require_member(caller)
    if caller.role is not Role.ORG_ADMIN:
        raise AdminRequired("not_org_admin")
    return Organization(caller.organization, None)


async def require_organization(caller: Caller, ownership: Ownership) -> Organization:
    """The complete organization for an org-admin, the own projects for a project-user.

    Raises GuestDenied, or BillingUnreachable when the ownership source cannot decide.
    """
    require_member(caller)
    if caller.role is Role.ORG_ADMIN:
        return Organization(caller.organization, None)
    owned = await ownership.list_namespaces(caller)
    # None: the billing service is the ownership source, and limits its reply to the organization's own.
    return Organization(caller.organization, caller.namespaces if owned is None else caller.namespaces & set(owned))


async def require_namespace(caller: Caller, requested: str | None, ownership: Ownership) -> Namespace:
    """Raises GuestDenied, AccessDenied, or BillingUnreachable when the ownership source cannot decide."""
    require_member(caller)
    if requested is None:
        raise TypeError("only a route with {namespace} can have Access.NAMESPACE")
    if caller.role is not Role.ORG_ADMIN and requested not in caller.namespaces:
        raise deny(caller, requested, "not_in_token")
    if not await ownership.owns(caller, requested):
        raise deny(caller, requested, "not_in_organization")
    return Namespace(caller.organization, requested)


async def require_namespaces(caller: Caller, requested: Iterable[str], ownership: Ownership) -> Organization:
    """The part of the organization that has these namespaces. Raises as `require_namespace` does for one of them."""
    names = [(await require_namespace(caller, name, ownership)).name for name in requested]
    return Organization(caller.organization, frozenset(names))


def listed_namespaces(organization: Organization, owned: Iterable[str]) -> list[Namespace]:
    """The namespaces in `owned` (from the ownership source) that the caller can access."""
    return [Namespace(organization.name, name) for name in owned if organization.may_list(name)]


def deny(caller: Caller, requested: str | None, reason: str) -> AccessDenied:
    """`availableNamespaces` repeats the caller's own token, sorted, the first 100; absent where it names none.

    `requested` is None where the request was about the organization.
    """
    available = sorted(caller.namespaces)[:SHOWN_NAMESPACES]
    details = {"namespace": requested, "availableNamespaces": available}
    return AccessDenied(reason, details={name: value for name, value in details.items() if value})
