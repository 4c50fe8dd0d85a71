"""What is cached of an overview, and what a token alone gives access to."""

import asyncio

import pytest

from tests.functions.overview.replies import overview
from tests.kit.billing import away
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import captured_log, get
from tests.kit.tenants import (
    AMOUNTS,
    DENIED,
    GUEST,
    Clock,
    Listed,
    admin,
    assert_nothing_of,
    endpoint,
    guest,
    priced,
    user,
)


def path(namespace: str) -> str:
    return f"/api/billing/project/{namespace}/overview"


async def test_an_overview_has_the_project_s_own_amount() -> None:
    """The table proves that no other amount is in it."""
    response = await get(endpoint("overview", "registry", priced()), path("acme-web"), admin("acme"))
    assert assert_success_envelope(response)["data"]["billing_summary"]["current_month_total"] == AMOUNTS["acme-web"]


async def test_claims_mode_cannot_say_what_an_org_admin_has() -> None:
    """A token without namespaces cannot define the list of an org-admin: 503, never an empty list."""
    for name, asked in (("overview", path("acme-web")), ("projects", "/api/billing/projects")):
        response = await get(endpoint(name, "claims", priced()), asked, admin("acme"))
        assert_error_envelope(response, 503, "Billing service unreachable")


async def test_claims_mode_still_asks_as_the_callers_organization() -> None:
    """A foreign namespace in a token is listed, because the token is trusted. It has no figures."""
    billing = priced()
    minted = user("globex", "globex-shop", "acme-web")
    with captured_log() as lines:
        denied = await get(endpoint("overview", "claims", billing), path("acme-web"), minted)
        listed = await get(endpoint("projects", "claims", billing), "/api/billing/projects", minted)
    assert_error_envelope(denied, 403, DENIED)
    projects = {p["namespace"]: p["billing_summary"] for p in assert_success_envelope(listed)["data"]["projects"]}
    assert projects["acme-web"] is None
    for response in (denied, listed):
        assert_nothing_of({"acme-web", "acme-data", "acme-prod-web"}, response, lines)


@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
async def test_a_kept_answer_is_for_those_with_access(mode: str) -> None:
    """A cached result of the org-admin is served only to callers with access."""
    billing = priced()
    function = endpoint("overview", mode, billing)
    assert_success_envelope(await get(function, path("acme-web"), admin("acme")))
    for line, error in [
        (admin("globex"), DENIED),
        (user("globex", "acme-web"), DENIED),
        (admin("acme-prod"), DENIED),
        (user("acme", "acme-data"), DENIED),
        (guest("acme"), GUEST),
    ]:
        with captured_log() as lines:
            response = await get(function, path("acme-web"), line)
        assert_error_envelope(response, 403, error)
        assert_nothing_of({"acme-web"}, response, lines)
    billing.fail = away
    assert_success_envelope(await get(function, path("acme-web"), user("acme", "acme-web")))


@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
async def test_a_namespace_that_moved_is_gone_with_the_fresh_time(mode: str) -> None:
    """The old owner is rejected when the cached result is no longer fresh, and no stale result is served."""
    billing, clock = priced(), Clock()
    function = endpoint("overview", mode, billing, clock)
    assert_success_envelope(await get(function, path("acme-web"), admin("acme")))
    billing.owners["acme-web"] = "globex"
    clock.now += function.settings.cache_fresh_seconds
    for _ in range(2):
        assert_error_envelope(await get(function, path("acme-web"), admin("acme")), 403, DENIED)
    billing.fail = away
    clock.now += function.settings.cache_fresh_seconds
    response = await get(function, path("acme-web"), admin("acme"))
    refused = (403, DENIED) if mode == "kubernetes" else (503, "Billing service unreachable")
    assert_error_envelope(response, *refused)
    assert str(AMOUNTS["acme-web"]) not in response.text


async def test_a_stale_answer_is_for_its_own_organization() -> None:
    """While the billing service is away, the owner receives a stale result. Other organizations receive 503."""
    billing, clock = priced(), Clock()
    function = endpoint("overview", "registry", billing, clock)
    assert_success_envelope(await get(function, path("acme-web"), admin("acme")))
    billing.fail = away
    clock.now += function.settings.cache_fresh_seconds
    assert assert_success_envelope(await get(function, path("acme-web"), admin("acme")))["meta"]["stale"] is True
    for line in (admin("globex"), user("acme-prod", "acme-web")):
        response = await get(function, path("acme-web"), line)
        assert_error_envelope(response, 503, "Billing service unreachable")
        assert str(AMOUNTS["acme-web"]) not in response.text


@pytest.mark.parametrize(("name", "where"), [("overview", path("acme-web")), ("projects", "/api/billing/projects")])
async def test_what_was_kept_is_gone_after_any_404(name: str, where: str) -> None:
    """After any 404, a result that was cached before it is never served as stale."""
    billing, clock = priced(), Clock()
    function = endpoint(name, "registry", billing, clock)
    assert_success_envelope(await get(function, where, admin("acme")))
    for fail in (lambda _: (404, {"code": "not_found"}), away):
        billing.fail = fail
        clock.now += function.settings.cache_fresh_seconds
        response = await get(function, where, admin("acme"))
        assert_error_envelope(response, 503, "Billing service unreachable")


async def test_equal_questions_of_two_organizations_are_two() -> None:
    """Two organizations that send the same request at the same time do not share a call."""
    billing = priced()
    function = endpoint("overview", "registry", billing)
    own, foreign = await asyncio.gather(
        get(function, path("acme-web"), admin("acme")), get(function, path("acme-web"), admin("globex"))
    )
    assert_success_envelope(own)
    assert_error_envelope(foreign, 403, DENIED)
    assert len(billing.requests) == 2


@pytest.mark.parametrize("mode", ["registry", "kubernetes"])
async def test_a_reply_about_another_organization_is_503(mode: str) -> None:
    """A reply with the figures of another organization is a fault. It is neither passed on nor cached."""
    billing = priced()
    foreign = billing.owner("globex", "globex-shop") | overview(AMOUNTS["globex-shop"])
    billing.fail = lambda _: (200, foreign)
    function = endpoint("overview", mode, billing)
    function.ownership = Listed({"globex-shop": "acme"}) if mode == "kubernetes" else function.ownership
    for _ in range(2):
        with captured_log() as lines:
            response = await get(function, path("globex-shop"), admin("acme"))
        assert_error_envelope(response, 503, "Billing service unreachable")
        assert_nothing_of({"globex-shop"}, response, lines)
    assert len(billing.requests) == 2
