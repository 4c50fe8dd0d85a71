"""Who sees and writes which budget: org-admins, project-users, other organizations, and the role of `serve`."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest

from billing_service.api import create_app
from billing_service.database import Connection, connect, open_database
from billing_service.grants import grant
from tests.integration.billing_service.conftest import TOKEN
from tests.integration.billing_service.ledger_kit import found

from .conftest import ACME, AN_ID, GLOBEX, OF_TEAM, OF_TEAM_IN_WEB, OF_WEB, Budgets, body, channel_of

SCOPES = {
    "all": {"kind": "organization"},
    "web": OF_WEB,
    "data": {"kind": "project", "namespace": "acme-data"},
    "team": OF_TEAM,
    "team in web": OF_TEAM_IN_WEB,
}
ROLE = "billing_reader_of_budgets"


async def create_all(budgets: Budgets) -> dict[str, str]:
    """The path of a budget of each scope, by its name."""
    made = {name: await budgets.create(body(name=name, scope=scope)) for name, scope in SCOPES.items()}
    return {name: f"{ACME}/{budget['id']}" for name, budget in made.items()}


async def allow(budgets: Budgets) -> None:
    content = {"project_users_write": True}
    assert (await budgets.send("PUT", f"{ACME}/settings", content, if_match='"0"')).status_code == 200


async def test_a_project_user_sees_budgets_of_the_own_projects_and_of_labels_in_them(budgets: Budgets) -> None:
    """Not those of the organization, and not of a label in all of it. Each reply repeats the namespaces."""
    paths = await create_all(budgets)
    assert await budgets.names() == ["all", "data", "team", "team in web", "web"]
    assert await budgets.names("acme-web") == ["team in web", "web"]
    assert await budgets.names("acme-data,acme-web") == ["data", "team in web", "web"]
    assert await budgets.names("acme-nothing") == []
    for name, path in paths.items():
        seen = name in {"web", "team in web"}
        for target in (path, f"{path}/history"):
            response = await budgets.send("GET", target, own="acme-web")
            assert response.status_code == (200 if seen else 404), name
            if seen:
                assert (response.json()["namespaces"], response.json()["organization"]) == (["acme-web"], "acme")


async def test_a_budget_that_is_not_seen_is_like_an_unknown_one(budgets: Budgets) -> None:
    """The same 404 to every method: of another organization, of a project of others, and of none."""
    paths = await create_all(budgets)
    await allow(budgets)
    foreign = (await budgets.create(body(currency="USD"), GLOBEX))["id"]
    hidden = [paths["all"], paths["data"], paths["team"], f"{ACME}/{foreign}", f"{ACME}/{AN_ID}"]
    own = body(scope=OF_WEB)
    for method, tail, content in (("GET", "", None), ("PUT", "", own), ("DELETE", "", None), ("GET", "/history", None)):
        replies = [await budgets.send(method, path + tail, content, "acme-web", if_match='"1"') for path in hidden]
        assert {(reply.status_code, reply.text) for reply in replies} == {(404, replies[0].text)}, method
    for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/history")):
        replies = [await budgets.send(method, f"{ACME}/{name}{tail}", if_match='"1"') for name in (foreign, AN_ID)]
        assert {(reply.status_code, reply.text) for reply in replies} == {(404, replies[0].text)}, method
    assert len(await budgets.names()) == len(SCOPES)
    assert (await budgets.send("GET", f"{GLOBEX}/{foreign}")).status_code == 200


@pytest.mark.parametrize("target", [ACME, f"{ACME}/preview"])
@pytest.mark.parametrize("own", [None, "acme-web", "acme-web,globex-shop,nothing"])
async def test_a_foreign_project_is_like_an_unknown_one(budgets: Budgets, target: str, own: str | None) -> None:
    """For an org-admin and for a project-user whose token names it, and whatever else is in the body."""
    await allow(budgets)
    replies = [
        await budgets.send("POST", target, body(scope=scope, **changes), own)
        for namespace in ("globex-shop", "acme-prod-web", "nothing")
        for scope in ({"kind": "project", "namespace": namespace}, OF_TEAM | {"namespace": namespace})
        for changes in ({}, {"currency": "USD"}, {"channels": [AN_ID]})
    ]
    assert {(reply.status_code, reply.text) for reply in replies} == {(404, replies[0].text)}
    assert replies[0].json()["code"] == "project_not_found"
    assert await budgets.names() == []


async def test_a_project_user_writes_only_if_the_organization_allows_it(budgets: Budgets) -> None:
    """403 without it, with nothing changed, and `may_change` in each reply shows it beforehand."""
    paths = await create_all(budgets)
    content = body(name="new", scope=OF_WEB)
    writes: list[tuple[str, str, Any]] = [
        ("POST", ACME, content),
        ("PUT", paths["web"], content),
        ("DELETE", paths["team in web"], None),
    ]
    listed = (await budgets.send("GET", ACME, own="acme-web")).json()
    assert (listed["may_create"], {one["may_change"] for one in listed["budgets"]}) == (False, {False})
    for method, path, sent in writes:
        refused = await budgets.send(method, path, sent, "acme-web", if_match='"1"')
        assert (refused.status_code, refused.json()["code"]) == (403, "org_admin_required"), method
    assert await budgets.names() == sorted(SCOPES)
    await allow(budgets)
    listed = (await budgets.send("GET", ACME, own="acme-web")).json()
    assert (listed["may_create"], {one["may_change"] for one in listed["budgets"]}) == (True, {True})
    for method, path, sent in writes:
        response = await budgets.send(method, path, sent, "acme-web", if_match='"1"')
        assert response.status_code in {200, 201}, response.text
        assert response.json()["namespaces"] == ["acme-web"]
    assert await budgets.names() == ["all", "data", "new", "new", "team"]


async def test_whoever_may_write_reads_the_names_of_the_channels(budgets: Budgets, owner: Connection) -> None:
    """Id, name, kind and state, and no address. A project-user who may not write: 403. None of another organization."""
    channel, _ = await channel_of(owner, "acme"), await channel_of(owner, "globex")
    listed = [{"id": channel, "name": channel, "kind": "email", "enabled": True}]
    assert (await budgets.send("GET", f"{ACME}/channels")).json() == {"organization": "acme", "channels": listed}
    refused = await budgets.send("GET", f"{ACME}/channels", own="acme-web")
    assert (refused.status_code, refused.json()["code"]) == (403, "org_admin_required")
    await allow(budgets)
    seen = await budgets.send("GET", f"{ACME}/channels", own="acme-web")
    assert seen.json() == {"organization": "acme", "namespaces": ["acme-web"], "channels": listed}
    assert (await budgets.send("GET", "/api/organization/nobody/budgets/channels")).status_code == 404


async def test_a_project_user_never_writes_for_the_organization(budgets: Budgets) -> None:
    """Neither its budget nor one of a label in all of it, also if project-users may write."""
    await allow(budgets)
    for scope in (SCOPES["all"], SCOPES["team"]):
        for target in (ACME, f"{ACME}/preview"):
            refused = await budgets.send("POST", target, body(scope=scope), "acme-web")
            assert (refused.status_code, refused.json()["code"]) == (403, "org_admin_required")
    assert await budgets.names() == []


async def test_a_reply_that_is_sent_again_repeats_the_namespaces_of_the_request(budgets: Budgets) -> None:
    """The token of the second request may name other projects."""
    await allow(budgets)
    first = await budgets.send("POST", ACME, body(scope=OF_WEB), "acme-web", idempotency_key="k")
    again = await budgets.send("POST", ACME, body(scope=OF_WEB), "acme-data,acme-web", idempotency_key="k")
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.json()["namespaces"] == ["acme-data", "acme-web"]
    lost = await budgets.send("POST", ACME, body(scope=OF_WEB), "acme-data", idempotency_key="k")
    assert (lost.status_code, lost.json()["code"]) == (404, "project_not_found")


async def test_a_project_that_moved_away_takes_the_view_of_its_users_along(budgets: Budgets, owner: Connection) -> None:
    """Its old organization's project-users do not see the budget any more, its org-admins do; the new one sees none."""
    path = (await create_all(budgets))["web"]
    moved = datetime.now(UTC)
    await owner.execute(
        "UPDATE ownership SET validity = tstzrange(lower(validity), %s) WHERE namespace = 'acme-web'", [moved]
    )
    await owner.execute(
        "INSERT INTO ownership (namespace, organization, life, validity) "
        "VALUES ('acme-web', 'globex', 1, tstzrange(%s, NULL))",
        [moved],
    )
    assert await budgets.names("acme-web") == []
    for target in (path, f"{path}/history"):
        assert (await budgets.send("GET", target, own="acme-web")).status_code == 404
        assert (await budgets.send("GET", target)).status_code == 200
        assert (await budgets.send("GET", target.replace("acme/", "globex/"), own="acme-web")).status_code == 404
    assert (await budgets.send("PUT", path, body(name="old", scope=OF_WEB), if_match='"1"')).status_code == 200
    assert (await budgets.send("POST", ACME, body(scope=OF_WEB))).json()["code"] == "project_not_found"


# --- the organization's setting -----------------------------------------------


async def test_the_setting_has_a_version_and_a_trail(budgets: Budgets, owner: Connection) -> None:
    """Version 0 before the first decision. Each organization has its own."""
    path = f"{ACME}/settings"
    first = await budgets.send("GET", path)
    assert (first.json(), first.headers["etag"]) == ({"organization": "acme", "project_users_write": False}, '"0"')
    for number, value in enumerate((True, False)):
        written = await budgets.send("PUT", path, {"project_users_write": value}, if_match=f'"{number}"')
        assert (written.status_code, written.headers["etag"]) == (200, f'"{number + 1}"')
        assert (await budgets.send("GET", path)).json()["project_users_write"] is value
    stale = await budgets.send("PUT", path, {"project_users_write": True}, if_match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await budgets.send("GET", f"{GLOBEX}/settings")).json()["project_users_write"] is False
    rows = "SELECT actor, after ->> 'project_users_write' FROM audit WHERE domain = 'budget_settings' ORDER BY at"
    assert await found(owner, rows) == [("alice", "true"), ("alice", "false")]


@pytest.mark.parametrize("content", [{}, {"project_users_write": 1}, {"project_users_write": True, "more": 1}, []])
async def test_a_setting_that_does_not_fit_is_422(budgets: Budgets, content: Any) -> None:
    """And stays as it was."""
    assert (await budgets.send("PUT", f"{ACME}/settings", content, if_match='"0"')).status_code == 422
    assert (await budgets.send("GET", f"{ACME}/settings")).headers["etag"] == '"0"'


# --- the role of serve --------------------------------------------------------


@pytest.fixture
async def reader_url(database_url: str, registry: None) -> AsyncIterator[str]:  # noqa: ARG001 - the rows must be there
    async with connect(database_url) as owner:
        await owner.execute(f"CREATE ROLE {ROLE} LOGIN")
        try:
            await grant(owner, ROLE)
            parts = urlsplit(database_url)
            yield parts._replace(netloc=f"{ROLE}@{parts.netloc.rpartition('@')[2]}").geturl()
        finally:
            await owner.execute(f"DROP OWNED BY {ROLE}")
            await owner.execute(f"DROP ROLE {ROLE}")


async def test_every_route_works_with_the_rights_of_serve(reader_url: str, owner: Connection) -> None:
    """Create with a channel, list, change, delete, and the setting."""
    async with open_database(reader_url) as database:
        transport = httpx2.ASGITransport(app=create_app(database, TOKEN))
        async with httpx2.AsyncClient(transport=transport, base_url="http://b") as client:
            budgets = Budgets(client)
            channel = await channel_of(owner, "acme")
            path = f"{ACME}/{(await budgets.create(body(channels=[channel])))['id']}"
            assert len((await budgets.send("GET", f"{ACME}/channels")).json()["channels"]) == 1
            gone = await budgets.send("DELETE", f"/api/organization/acme/channels/{channel}", if_match='"1"')
            assert gone.status_code == 200, gone.text
            changed = await budgets.send("PUT", path, body(name="new"), if_match='"1"', idempotency_key="k")
            assert changed.status_code == 200, changed.text
            assert await budgets.names() == ["new"]
            assert (await budgets.send("DELETE", path, if_match='"2"')).status_code == 200
            assert len((await budgets.send("GET", f"{path}/history")).json()["entries"]) == 4
            await allow(budgets)


@pytest.mark.parametrize("table", ["budgets", "budget_states", "budget_alerts", "budget_settings"])
async def test_row_security_holds_the_role_to_one_organization(
    reader_url: str, budgets: Budgets, owner: Connection, table: str
) -> None:
    """Without its filter, a query of acme sees no row of globex, and changes none."""
    for organization, currency in (("acme", "EUR"), ("globex", "USD")):
        made = await budgets.create(body(currency=currency), f"/api/organization/{organization}/budgets")
        await budgets.send(
            "PUT",
            f"/api/organization/{organization}/budgets/settings",
            {"project_users_write": True},
            if_match='"0"',
        )
        whose = [organization, made["id"]]
        await owner.execute("INSERT INTO budget_states VALUES (%s, %s, 1, '2026-11-01', 'actual-80', 'ok')", whose)
        await owner.execute(
            "INSERT INTO budget_alerts (organization, budget, version, period_start, threshold, status, at, amount, "
            "currency) VALUES (%s, %s, 1, '2026-11-01', 'actual-80', 'firing', now(), 1, 'EUR')",
            whose,
        )
    async with connect(reader_url) as reader:
        query = f"SELECT organization FROM {table}"
        assert await found(reader, query) == []
        await reader.execute("BEGIN READ WRITE; SET LOCAL billing.organization = 'acme'")
        assert await found(reader, query) == [("acme",)]
        if table in {"budgets", "budget_settings"}:
            changed = await reader.execute(f"UPDATE {table} SET version = 9 WHERE organization = 'globex'")  # type: ignore[arg-type]
            assert changed.rowcount == 0
        if table == "budget_states":
            gone = await reader.execute("DELETE FROM budget_states WHERE organization = 'globex'")
            assert gone.rowcount == 0
        if table == "budget_alerts":
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await reader.execute("DELETE FROM budget_alerts")
        await reader.execute("ROLLBACK")
