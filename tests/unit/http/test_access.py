"""What each access level lets through."""

from collections.abc import Callable
from typing import Any

import pytest

from common.endpoint import Access, Call
from common.http.response import Result
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.things import AS_OF, Thing, admin, endpoint, function, guest, send, user

DENIED, GUEST, ADMIN = "namespace_denied", "guest", "org_admin_required"
ALL = "acme None"
ROUTES = dict.fromkeys(Access, "/api/billing/things") | {Access.NAMESPACE: "/api/billing/project/{namespace}/things"}


async def tell(call: Call[Any, Any]) -> Result[Thing]:
    """What was checked."""
    namespace, organization = call.checked_namespace, call.checked_organization
    name = namespace.name if namespace else ""
    if organization:
        name = f"{organization.name} {sorted(organization.namespaces) if organization.namespaces else None}"
    return Result(Thing(name=name), AS_OF)


def nobody() -> str:
    return ""


def of_web() -> str:
    return user("acme-web")


def of_data() -> str:
    return user("acme-data", "acme-x")


TABLE: list[tuple[Access, Callable[[], str], int, str]] = [
    (Access.TOKEN, nobody, 401, "token_missing"),
    (Access.TOKEN, guest, 200, ""),
    (Access.TOKEN, of_web, 200, ""),
    (Access.TOKEN, admin, 200, ""),
    (Access.MEMBER, nobody, 401, "token_missing"),
    (Access.MEMBER, guest, 403, GUEST),
    (Access.MEMBER, of_web, 200, ""),
    (Access.MEMBER, admin, 200, ""),
    (Access.NAMESPACE, nobody, 401, "token_missing"),
    (Access.NAMESPACE, guest, 403, GUEST),
    (Access.NAMESPACE, of_web, 200, "acme-web"),
    (Access.NAMESPACE, of_data, 403, DENIED),
    (Access.NAMESPACE, admin, 200, "acme-web"),
    (Access.ORGANIZATION, nobody, 401, "token_missing"),
    (Access.ORGANIZATION, guest, 403, GUEST),
    (Access.ORGANIZATION, of_web, 200, "acme ['acme-web']"),
    (Access.ORGANIZATION, of_data, 200, "acme ['acme-data', 'acme-x']"),
    (Access.ORGANIZATION, admin, 200, ALL),
    (Access.ORG_ADMIN, nobody, 401, "token_missing"),
    (Access.ORG_ADMIN, guest, 403, GUEST),
    (Access.ORG_ADMIN, of_web, 403, ADMIN),
    (Access.ORG_ADMIN, admin, 200, ALL),
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(("access", "who", "status", "said"), TABLE, ids=lambda value: getattr(value, "__name__", None))
async def test_access(access: Access, who: Callable[[], str], status: int, said: str, method: str) -> None:
    """The status for each kind of caller, for reads and changes, and the checked name that the endpoint receives."""
    app = function(endpoint(method, ROUTES[access], access=access, handle=tell))
    path = ROUTES[access].replace("{namespace}", "acme-web")
    response = await send(app, method, path, who(), [("if-match", '"1"')])
    if status == 200:
        assert assert_success_envelope(response)["data"]["name"] == said
    else:
        assert assert_error_envelope(response, status)["code"] == said


@pytest.mark.parametrize("access", [Access.TOKEN, Access.MEMBER, Access.ORGANIZATION, Access.ORG_ADMIN])
async def test_only_a_checked_namespace_can_be_used(access: Access) -> None:
    """An endpoint that was declared with another access level has none: a bug, not a leak."""

    async def use(call: Call[Any, Any]) -> Result[Thing]:
        """A thing."""
        return Result(Thing(name=call.namespace.name), AS_OF)

    assert_error_envelope(await send(function(endpoint(access=access, handle=use)), "GET"), 500)


@pytest.mark.parametrize("access", [Access.TOKEN, Access.MEMBER])
async def test_only_a_checked_organization_can_be_used(access: Access) -> None:
    """As above."""

    async def use(call: Call[Any, Any]) -> Result[Thing]:
        """A thing."""
        return Result(Thing(name=call.organization.name), AS_OF)

    assert_error_envelope(await send(function(endpoint(access=access, handle=use)), "GET"), 500)


async def test_a_route_without_its_namespace_lets_nobody_through() -> None:
    """`make generate` refuses the declaration; a function that runs all the same fails closed."""
    app = function(endpoint(access=Access.NAMESPACE, handle=tell))
    for line in (admin(), of_web()):
        assert_error_envelope(await send(app, "GET", line=line), 500)
