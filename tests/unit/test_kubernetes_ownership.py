"""Ownership by Project resources, against an API server that speaks TLS, pages and Status objects."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.access.kubernetes import Kubernetes
from common.access.ownership import Claims, Registry, make_ownership
from common.http.server_errors import BillingUnreachable
from common.identity.caller import Caller, Role
from common.process.setting_reader import SettingsError
from common.process.settings import Settings
from tests.kit.kubernetes_api import Answer, ApiServer, make_ca, pem, project, project_list, status_object


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


ALICE = Caller("acme", "alice", Role.ORG_ADMIN, frozenset())
ERIN = Caller("acme-prod", "erin", Role.ORG_ADMIN, frozenset())


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    server = ApiServer(tmp_path)
    server.projects = {
        "acme": [project("acme", "web", "acme-web"), project("acme", "data", "acme-data")],
        "acme-prod": [project("acme-prod", "web", "acme-prod-web")],
    }
    yield server
    server.stop()


def settings_of(api: ApiServer, **more: object) -> Settings:
    environment = {
        "KEYCLOAK_URL": "https://keycloak.example.com",
        "NAMESPACE_OWNERSHIP": "kubernetes",
        "KUBERNETES_API_URL": api.url,
        "KUBERNETES_CREDENTIALS": str(api.credentials),
        **{name.upper(): str(value) for name, value in more.items()},
    }
    return Settings.from_environment(environment)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ownership(api: ApiServer, clock: Clock) -> AsyncIterator[Kubernetes]:
    source = Kubernetes(settings_of(api), clock)
    yield source
    await source.close()


async def assert_cannot_decide(ownership: Kubernetes, why: str) -> None:
    """Neither question can be decided. The second one finds requests paused, or the same cached result."""
    questions = (
        (lambda: ownership.owns(ALICE, "acme-web"), {why}),
        (lambda: ownership.list_namespaces(ALICE), {why, "paused"}),
    )
    for ask, said in questions:
        with pytest.raises(BillingUnreachable) as refusal:
            await ask()
        assert refusal.value.reason == "ownership_unknown"
        assert refusal.value.log["ownership"] in said
        assert "secret-upstream-text" not in str(vars(refusal.value))


async def test_the_namespaces_are_those_that_the_projects_status_names(ownership: Kubernetes, api: ApiServer) -> None:
    """The backing namespace is read from the resource, whatever the project is called."""
    api.projects["acme"].append(project("acme", "shop", "kdc-7f3a"))
    assert await ownership.list_namespaces(ALICE) == ["acme-data", "acme-web", "kdc-7f3a"]
    assert await ownership.owns(ALICE, "kdc-7f3a")
    assert not await ownership.owns(ALICE, "acme-shop")


async def test_an_organization_whose_name_extends_anothers_owns_only_its_own(ownership: Kubernetes) -> None:
    """acme-prod-web is acme-prod's: acme has no project of that namespace, whatever the prefix looks like."""
    assert not await ownership.owns(ALICE, "acme-prod-web")
    assert await ownership.owns(ERIN, "acme-prod-web")
    assert not await ownership.owns(ERIN, "acme-web")


async def test_all_pages_are_read(ownership: Kubernetes, api: ApiServer) -> None:
    """250 projects are read in three pages. Each request has the continue token of the page before."""
    api.projects["acme"] = [project("acme", f"p{n}", f"acme-p{n}") for n in range(250)]
    assert len(await ownership.list_namespaces(ALICE)) == 250
    assert [target.partition("?")[2] for target in api.requests] == [
        "limit=100",
        "limit=100&continue=after%2F100",
        "limit=100&continue=after%2F200",
    ]


async def test_an_expired_continue_token_begins_the_listing_anew(ownership: Kubernetes, api: ApiServer) -> None:
    """After 410 Gone on the second page, the listing starts again at the first. The result is complete."""
    api.projects["acme"] = [project("acme", f"p{n}", f"acme-p{n}") for n in range(150)]
    expired = iter([(410, status_object(410, "Expired"))])
    api.fail = lambda target: next(expired, None) if "continue=" in target else None
    assert len(await ownership.list_namespaces(ALICE)) == 150
    assert sum("continue=" not in target for target in api.requests) == 2


async def test_a_listing_that_expires_again_and_again_cannot_decide(ownership: Kubernetes, api: ApiServer) -> None:
    """Three beginnings are enough."""
    api.fail = lambda _: (410, status_object(410, "Expired"))
    await assert_cannot_decide(ownership, "http_410")
    assert len(api.requests) == 3


async def test_a_listing_without_end_cannot_decide(ownership: Kubernetes, api: ApiServer) -> None:
    """A server that always names a further page is left after the hundredth."""
    api.fail = lambda _: (200, project_list([], {"continue": "more"}))
    await assert_cannot_decide(ownership, "too_many")
    assert len(api.requests) == 100


WRONG_REPLIES: dict[str, tuple[Answer, str]] = {
    "401": ((401, status_object(401, "Unauthorized")), "http_401"),
    "403": ((403, status_object(403, "Forbidden")), "http_403"),
    "404, the resource is not served": ((404, status_object(404, "NotFound")), "http_404"),
    "429": ((429, status_object(429, "TooManyRequests")), "http_429"),
    "500": ((500, status_object(500, "InternalError")), "http_500"),
    "503 without JSON": ((503, b"upstream connect error"), "http_503"),
    "redirect": ((307, b""), "http_307"),
    "204": ((204, b""), "http_204"),
    "Status with 200": ((200, status_object(500, "InternalError")), "schema"),
    "no JSON": ((200, b"<html>"), "bad_json"),
    "empty": ((200, b""), "bad_json"),
    "truncated": ((200, b'{"kind": "ProjectList", "items": ['), "bad_json"),
    "nested": ((200, b"[" * 200_000), "bad_json"),
    "NaN": ((200, b'{"items": NaN}'), "bad_json"),
    "member twice": ((200, b'{"items": [], "items": []}'), "bad_json"),
    "array": ((200, []), "schema"),
    "null": ((200, None), "schema"),
    "no items": ((200, {"apiVersion": "kube-dc.com/v1", "kind": "ProjectList", "metadata": {}}), "schema"),
    "items null": ((200, {**project_list([]), "items": None}), "schema"),
    "items object": ((200, {**project_list([]), "items": {}}), "schema"),
    "item null": ((200, {**project_list([]), "items": [None]}), "schema"),
    "wrong kind": ((200, {**project_list([]), "kind": "NamespaceList"}), "schema"),
    "wrong group": ((200, {**project_list([]), "apiVersion": "other.example/v1"}), "schema"),
    "wrong version": ((200, {**project_list([]), "apiVersion": "kube-dc.com/v2"}), "schema"),
    "no metadata": ((200, project_list([{"status": {"namespace": "acme-web"}}])), "schema"),
    "status a string": ((200, project_list([{**project("acme", "web", ""), "status": "acme-web"}])), "schema"),
    "namespace a list": ((200, project_list([project("acme", "web", ["acme-web"])])), "schema"),  # type: ignore[arg-type]
    "namespace no label": ((200, project_list([project("acme", "web", "acme/../web")])), "schema"),
    "continue a number": ((200, project_list([], {"continue": 7})), "schema"),
    "continue huge": ((200, project_list([], {"continue": "x" * 10_000})), "schema"),
    "another organization's": ((200, project_list([project("globex", "web", "acme-web")])), "mismatch"),
    "too large": ((200, b" " * (5 * 1024 * 1024)), "too_large"),
    "namespace a number": ((200, project_list([project("acme", "web", 7)])), "schema"),  # type: ignore[arg-type]
    "namespace false": ((200, project_list([project("acme", "web", False)])), "schema"),
    "namespace a blank": ((200, project_list([project("acme", "web", " ")])), "schema"),
    "status a list": ((200, project_list([{**project("acme", "web", None), "status": []}])), "schema"),
}


@pytest.mark.parametrize(("answer", "why"), WRONG_REPLIES.values(), ids=WRONG_REPLIES.keys())
async def test_a_wrong_reply_cannot_decide(ownership: Kubernetes, api: ApiServer, answer: Answer, why: str) -> None:
    """An invalid list is neither a denial nor an empty list."""
    api.fail = lambda _: answer
    await assert_cannot_decide(ownership, why)


async def test_a_reply_of_another_media_type_cannot_decide(ownership: Kubernetes, api: ApiServer) -> None:
    """A valid list with the media type HTML is rejected."""
    api.content_type = "text/html"
    await assert_cannot_decide(ownership, "content_type")


PENDING: dict[str, dict[str, Any]] = {
    "no status": project("acme", "new", None),
    "null status": {**project("acme", "new", None), "status": None},
    "empty status": {**project("acme", "new", None), "status": {}},
    "null namespace": {**project("acme", "new", None), "status": {"namespace": None, "ready": False}},
    "empty namespace": project("acme", "new", ""),
}


@pytest.mark.parametrize("new", PENDING.values(), ids=PENDING)
async def test_a_project_without_namespace_owns_nothing_yet(
    ownership: Kubernetes, api: ApiServer, new: dict[str, Any]
) -> None:
    """Its future namespace is denied, as every unknown or foreign one, and the other projects are usable."""
    api.projects["acme"].append(new)
    assert await ownership.list_namespaces(ALICE) == ["acme-data", "acme-web"]
    assert await ownership.list_expected(ALICE) == ["acme-new"]
    assert await ownership.owns(ALICE, "acme-web")
    for namespace in ("acme-new", "new", "acme-prod-web", "no-such", ""):
        assert not await ownership.owns(ALICE, namespace)


async def test_only_projects_without_namespace_are_an_empty_list(ownership: Kubernetes, api: ApiServer) -> None:
    """The organization is there, and owns nothing yet."""
    api.projects["acme"] = [project("acme", "new", None)]
    assert await ownership.list_namespaces(ALICE) == []
    assert not await ownership.owns(ALICE, "acme-new")
    assert "/organizations/" not in str(api.requests)


@pytest.mark.parametrize("name", ["web", "a.b", "x" * 60, "Web", ""])
async def test_a_name_that_cannot_be_shown_is_left_out(ownership: Kubernetes, api: ApiServer, name: str) -> None:
    """It would be the namespace of another project of the organization, or no namespace at all."""
    api.projects["acme"].append(project("acme", name, None))
    assert await ownership.list_expected(ALICE) == []
    assert await ownership.list_namespaces(ALICE) == ["acme-data", "acme-web"]


async def test_an_organization_without_projects_has_an_empty_list(ownership: Kubernetes, api: ApiServer) -> None:
    """The Organization resource is there, so that nothing is the truth."""
    api.projects["acme"] = []
    assert await ownership.list_namespaces(ALICE) == []
    assert not await ownership.owns(ALICE, "acme-web")


async def test_an_organization_that_the_cluster_does_not_know_cannot_be_decided(
    ownership: Kubernetes, api: ApiServer
) -> None:
    """For a missing namespace, the API server returns 200 and an empty list. It is not accepted as an empty list."""
    del api.projects["acme"]
    await assert_cannot_decide(ownership, "http_404")


async def test_another_objects_name_is_no_proof_of_the_organization(ownership: Kubernetes, api: ApiServer) -> None:
    """An empty list is accepted only if the returned Organization has the requested name."""
    other = {"apiVersion": "kube-dc.com/v1", "kind": "Organization", "metadata": {"name": "b", "namespace": "b"}}
    api.projects["acme"] = []
    api.fail = lambda target: (200, other) if "/organizations/" in target else None
    await assert_cannot_decide(ownership, "mismatch")


async def test_a_removed_organization_is_not_served_from_what_was_kept(
    ownership: Kubernetes, api: ApiServer, clock: Clock
) -> None:
    """After the API server has reported that the organization is missing, its cached projects are not used."""
    assert await ownership.owns(ALICE, "acme-web")
    del api.projects["acme"]
    clock.now += 11
    await assert_cannot_decide(ownership, "http_404")


async def test_the_list_is_asked_for_once_in_its_fresh_time(
    ownership: Kubernetes, api: ApiServer, clock: Clock
) -> None:
    """10 s by default: then a namespace that was moved to another organization is not this one's any more."""
    assert await ownership.owns(ALICE, "acme-web")
    api.projects["acme-prod"].append(project("acme-prod", "moved", "acme-web"))
    del api.projects["acme"][0]
    clock.now += 9
    assert await ownership.owns(ALICE, "acme-web")
    assert len(api.requests) == 1
    clock.now += 2
    assert not await ownership.owns(ALICE, "acme-web")
    assert await ownership.owns(ERIN, "acme-web")


async def test_concurrent_questions_share_one_listing(ownership: Kubernetes, api: ApiServer) -> None:
    """A hundred requests of one organization are one call of the API server."""
    api.delay_seconds = 0.2
    assert all(await asyncio.gather(*(ownership.owns(ALICE, "acme-web") for _ in range(100))))
    assert len(api.requests) == 1


async def test_an_outage_is_bridged_for_the_stale_time_and_no_longer(
    ownership: Kubernetes, api: ApiServer, clock: Clock
) -> None:
    """300 s by default: what was kept decides until then, afterwards nothing does."""
    assert await ownership.owns(ALICE, "acme-web")
    api.fail = lambda _: (500, status_object(500, "InternalError"))
    clock.now += 299
    assert await ownership.owns(ALICE, "acme-web")
    assert not await ownership.owns(ALICE, "globex-shop")
    assert await ownership.list_namespaces(ALICE) == ["acme-data", "acme-web"]
    clock.now += 2
    await assert_cannot_decide(ownership, "http_500")
    with pytest.raises(BillingUnreachable):
        await ownership.owns(ERIN, "acme-prod-web")


async def test_failures_are_followed_by_growing_pauses(ownership: Kubernetes, api: ApiServer, clock: Clock) -> None:
    """1, 2, 4, 8 and then 10 s without a call; a success ends that."""
    api.fail = lambda _: (500, status_object(500, "InternalError"))
    for _ in range(100):
        with pytest.raises(BillingUnreachable):
            await ownership.owns(ALICE, "acme-web")
        clock.now += 0.5
    assert len(api.requests) == 8  # at 0, 1, 3, 7, 15, 25, 35 and 45 s
    api.fail = lambda _: None
    clock.now += 11
    assert await ownership.owns(ALICE, "acme-web")


async def test_while_one_caller_lists_again_the_others_do_not_wait(
    ownership: Kubernetes, api: ApiServer, clock: Clock
) -> None:
    """After a failure, an API server that hangs holds up one caller. The others get the older list at once."""
    assert await ownership.owns(ALICE, "acme-web")
    clock.now += 11
    api.fail = lambda _: (500, status_object(500, "InternalError"))
    assert await ownership.owns(ALICE, "acme-web")
    clock.now += 2
    api.fail, api.delay_seconds = lambda _: None, 0.5
    waiting = asyncio.create_task(ownership.owns(ALICE, "acme-web"))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(0.3):
        assert all(await asyncio.gather(*(ownership.owns(ALICE, "acme-web") for _ in range(100))))
    assert not waiting.done()
    assert await waiting
    assert len(api.requests) == 3


async def test_a_renewed_token_is_used_at_once(ownership: Kubernetes, api: ApiServer, clock: Clock) -> None:
    """The kubelet writes a new token into the same file; the old one may end right then."""
    assert await ownership.owns(ALICE, "acme-web")
    api.tokens = {"token-2"}
    api.write_token("token-2")
    clock.now += 11
    assert await ownership.owns(ALICE, "acme-web")


@pytest.mark.parametrize("content", ["", "two\nlines", "nön-ascii"])
async def test_a_token_file_that_holds_no_token_cannot_decide(
    ownership: Kubernetes, api: ApiServer, content: str
) -> None:
    """If the token file is invalid, no request is sent."""
    api.write_token(content)
    await assert_cannot_decide(ownership, "credentials")
    assert api.requests == []


@pytest.mark.parametrize("name", ["token", "ca.crt"])
async def test_a_missing_file_cannot_decide(ownership: Kubernetes, api: ApiServer, name: str) -> None:
    """A file that goes away while the function runs is a failure like any other."""
    (api.credentials / name).unlink()
    await assert_cannot_decide(ownership, "credentials")


async def test_a_server_of_another_ca_is_not_trusted(ownership: Kubernetes, api: ApiServer) -> None:
    """The token is sent to nobody whose certificate is not of the cluster's CA."""
    api.renew_certificates(make_ca("stranger"))
    await assert_cannot_decide(ownership, "tls")
    assert api.requests == []


async def test_a_broken_ca_file_cannot_decide(ownership: Kubernetes, api: ApiServer) -> None:
    """No certificate in ca.crt is not the same as any certificate."""
    (api.credentials / "ca.crt").write_text("no certificate")
    await assert_cannot_decide(ownership, "credentials")
    assert api.requests == []


async def test_a_renewed_cluster_ca_is_used(ownership: Kubernetes, api: ApiServer, clock: Clock) -> None:
    """The file is read again when it changes, without a restart."""
    assert await ownership.owns(ALICE, "acme-web")
    ca = make_ca("renewed")
    api.renew_certificates(ca)
    (api.credentials / "ca.crt").write_bytes(pem(ca[1]))
    os.utime(api.credentials / "ca.crt", ns=(1, 1))
    clock.now += 11
    assert await ownership.owns(ALICE, "acme-web")
    assert len(api.requests) == 2


async def test_a_silent_server_is_left_in_bounded_time(api: ApiServer) -> None:
    """KUBERNETES_TIMEOUT_SECONDS limits the complete listing."""
    api.delay_seconds = 1.5
    source = Kubernetes(settings_of(api, kubernetes_timeout_seconds=0.3))
    started = asyncio.get_running_loop().time()
    await assert_cannot_decide(source, "timeout")
    assert asyncio.get_running_loop().time() - started < 1.2
    await source.close()


async def test_a_server_that_is_away_cannot_decide(ownership: Kubernetes, api: ApiServer) -> None:
    """Connection refused."""
    api.stop()
    await assert_cannot_decide(ownership, "refused")


def test_the_setting_chooses_the_source(api: ApiServer) -> None:
    """NAMESPACE_OWNERSHIP names one of three, and registry is the default."""
    plain = {"KEYCLOAK_URL": "https://keycloak.example.com"}
    assert isinstance(make_ownership(settings_of(api)), Kubernetes)
    assert isinstance(make_ownership(Settings.from_environment(plain)), Registry)
    assert isinstance(make_ownership(Settings.from_environment({**plain, "NAMESPACE_OWNERSHIP": "claims"})), Claims)


WRONG_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"kubernetes_api_url": "http://127.0.0.1:8001"}, "KUBERNETES_API_URL: must be https://"),
    ({"kubernetes_credentials": "/nowhere"}, "KUBERNETES_CREDENTIALS: token and ca.crt cannot be read in /nowhere"),
    ({"ownership_fresh_seconds": 60, "ownership_stale_seconds": 30}, "OWNERSHIP_STALE_SECONDS: must not be less"),
    ({"ownership_fresh_seconds": 0}, "OWNERSHIP_FRESH_SECONDS: Input should be greater than 0"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG_SETTINGS)
def test_wrong_settings_stop_the_start(api: ApiServer, wrong: dict[str, Any], said: str) -> None:
    """What this mode needs is checked at start, and only in this mode."""
    with pytest.raises(SettingsError, match=said):
        settings_of(api, **wrong)
