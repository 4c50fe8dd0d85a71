"""Every declared endpoint as it is reached: Envoy with the generated routes, before the function's own process."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from common.endpoint import Access
from tests.kit.billing import BillingService, serving
from tests.kit.declared import CASES, Case
from tests.kit.envelopes import assert_error_envelope
from tests.kit.identity import IdentityServer
from tests.kit.ingress import Ingress
from tests.kit.process import FunctionProcess


@dataclass(frozen=True)
class World:
    case: Case
    url: str
    token: str

    def request(self, token: str = "", namespace: str = "acme-web") -> httpx2.Response:
        headers = self.case.headers | ({"Authorization": f"Bearer {token}"} if token else {})
        url, content = self.url + self.case.path(namespace), self.case.content
        return httpx2.request(self.case.endpoint.method, url, headers=headers, content=content, trust_env=False)


@pytest.fixture(scope="module", params=CASES, ids=str)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    case: Case = request.param
    billing, identity = serving(BillingService()), IdentityServer()
    settings = {"KEYCLOAK_URL": identity.url, "BILLING_API_URL": billing.url}
    with FunctionProcess(settings, case.function.name) as function:
        envoy = Ingress([function], tmp_path_factory.mktemp("ingress"))
        yield World(case, f"http://127.0.0.1:{envoy.port}", identity.token())
        envoy.close()
    identity.server.close()
    billing.close()


def test_a_caller_with_access_gets_the_data(world: World) -> None:
    """The ingress routes the request to the function, which requests its declared resource from the billing service."""
    world.case.assert_success(world.request(world.token))


def test_no_token_is_401(world: World) -> None:
    """From the function, in the envelope."""
    assert_error_envelope(world.request(), 401, "Authentication token required")


def test_a_foreign_namespace_is_403(world: World) -> None:
    """Where the route has a namespace; elsewhere there is none to ask for."""
    if world.case.endpoint.access is Access.NAMESPACE:
        response = world.request(world.token, "globex-shop")
        assert_error_envelope(response, 403, "Access denied to namespace")
    else:
        assert "{namespace}" not in world.case.endpoint.route
