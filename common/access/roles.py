"""Roles, and which namespaces a caller may see; the only module that makes a checked Namespace.

A foreign namespace and an unknown one get the same answer on the same path: nothing tells them apart.
"""

from dataclasses import dataclass
from typing import Final

from common.access.ownership import Ownership
from common.http.errors import AccessDenied, GuestDenied
from common.identity.authenticator import Caller, Role

SHOWN_NAMESPACES: Final = 100


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace that this caller may see, as far as token and ownership source can say."""

    organization: str
    name: str


def require_member(caller: Caller) -> None:
    """Raises GuestDenied."""
    if caller.role is Role.GUEST:
        raise GuestDenied("guest")


async def require_namespace(caller: Caller, asked: str, ownership: Ownership) -> Namespace:
    """Raises GuestDenied, AccessDenied, or BillingUnreachable when the ownership source cannot say."""
    require_member(caller)
    if caller.role is not Role.ORG_ADMIN and asked not in caller.namespaces:
        raise deny(caller, asked, "not_in_token")
    if not await ownership.owns(caller, asked):
        raise deny(caller, asked, "not_in_organization")
    return Namespace(caller.organization, asked)


def may_list(caller: Caller, namespace: str) -> bool:
    """Whether a namespace *of the caller's organization* belongs in the caller's list."""
    return caller.role is Role.ORG_ADMIN or namespace in caller.namespaces


def deny(caller: Caller, asked: str, reason: str) -> AccessDenied:
    """`availableNamespaces` repeats the caller's own token, sorted, the first 100; nobody is asked."""
    available = sorted(caller.namespaces)[:SHOWN_NAMESPACES]
    return AccessDenied(reason, details={"namespace": asked, "availableNamespaces": available})
