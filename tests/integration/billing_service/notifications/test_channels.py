"""Channels through the internal API: versions, keys, the trail of changes, secrets, tenants."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from billing_service.api import create_app
from billing_service.database import Connection, open_database
from billing_service.notifications.channels import MOST_CHANNELS
from billing_service.notifications.seal import Sealer
from tests.integration.billing_service.conftest import TOKEN
from tests.integration.billing_service.ledger_kit import found

from .conftest import ACME, SEALER, SECRET, Api, body, channels_of, mail, webhook

AN_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
AUDIT = "SELECT domain, id, action, actor, before, after FROM audit ORDER BY at, action"
HIDDEN = ("whsec_", "hidden", "services/T/B")


async def test_a_channel_is_created_read_changed_and_deleted(api: Api, owner: Connection) -> None:
    """Each change has its version and its row in the trail, by the subject of the token."""
    made = await api.send("POST", f"{ACME}/channels", body())
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    channel = made.json()
    path = f"{ACME}/channels/{channel['id']}"
    assert channel["target"] == {"kind": "webhook", "url": "https://hooks.example.com/a"}
    assert (channel["organization"], channel["secret_set"], channel["enabled"]) == ("acme", True, True)
    assert (await api.send("GET", path)).json() == channel
    assert (await api.send("GET", f"{ACME}/channels")).json()["channels"] == [
        {name: value for name, value in channel.items() if name != "organization"}
    ]
    changed = await api.send("PUT", path, body(enabled=False), if_match='"1"')
    assert (changed.status_code, changed.headers["etag"], changed.json()["enabled"]) == (200, '"2"', False)
    gone = await api.send("DELETE", path, if_match='"2"')
    assert (gone.status_code, gone.json()) == (200, {"organization": "acme", "id": channel["id"]})
    assert (await api.send("GET", path)).status_code == 404
    rows = await found(owner, AUDIT)
    assert [row[:4] for row in rows] == [
        ("channel", channel["id"], action, "alice ä") for action in ("create", "change", "delete")
    ]
    before, after = (
        [(row[4] or {}).get("enabled") for row in rows],  # type: ignore[attr-defined] # JSON
        [(row[5] or {}).get("enabled") for row in rows],  # type: ignore[attr-defined]
    )
    assert (before, after) == ([None, True, False], [True, False, None])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_another_version_is_412(api: Api, method: str) -> None:
    """And nothing is changed."""
    path = f"{ACME}/channels/{(await api.create())['id']}"
    content = body(name="new") if method == "PUT" else None
    for version in ('"2"', '"0"', "*", '"x"'):
        refused = await api.send(method, path, content, if_match=version)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert (await api.send(method, path, content)).status_code == 400
    assert (await api.send("GET", path)).json()["name"] == "ops"


async def test_of_two_changes_of_one_version_one_is_made(api: Api) -> None:
    """At the same time: the other one is 412."""
    path = f"{ACME}/channels/{(await api.create())['id']}"
    both = [api.send("PUT", path, body(name=name), if_match='"1"') for name in ("one", "two")]
    assert sorted(response.status_code for response in await asyncio.gather(*both)) == [200, 412]


async def test_the_same_key_and_body_get_the_first_reply_again(api: Api, owner: Connection) -> None:
    """Also five at the same time, and also after the channel was changed. One channel and one audit row."""
    sent = [api.send("POST", f"{ACME}/channels", body(), idempotency_key="k-1") for _ in range(5)]
    replies = await asyncio.gather(*sent)
    assert {(reply.status_code, reply.text, reply.headers["etag"]) for reply in replies} == {
        (201, replies[0].text, '"1"')
    }
    path = f"{ACME}/channels/{replies[0].json()['id']}"
    await api.send("PUT", path, body(name="new"), if_match='"1"')
    assert (await api.send("POST", f"{ACME}/channels", body(), idempotency_key="k-1")).text == replies[0].text
    assert await found(owner, "SELECT count(*) FROM channels") == [(1,)]
    assert await found(owner, "SELECT count(*) FROM audit WHERE action = 'create'") == [(1,)]


async def test_a_key_for_another_request_is_409(api: Api) -> None:
    """Another body, path, method or version. Another organization may have the same key."""
    channel = await api.create()
    path = f"{ACME}/channels/{channel['id']}"
    first = await api.send("PUT", path, body(name="one"), if_match='"1"', idempotency_key="k")
    assert first.status_code == 200
    assert (await api.send("PUT", path, body(name="one"), if_match='"1"', idempotency_key="k")).text == first.text
    others: list[tuple[str, str, Any, dict[str, str]]] = [
        ("PUT", path, body(name="two"), {"if_match": '"1"'}),
        ("PUT", path, body(name="one"), {"if_match": '"2"'}),
        ("DELETE", path, None, {"if_match": '"2"'}),
        ("POST", f"{ACME}/channels", body(name="one"), {}),
        ("POST", f"{path}/test", None, {}),
    ]
    for method, target, content, headers in others:
        refused = await api.send(method, target, content, **headers, idempotency_key="k")
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused"), method
    other = await api.send("POST", "/api/organization/globex/channels", body(), idempotency_key="k")
    assert other.status_code == 201


async def test_a_request_that_failed_does_not_take_its_key(api: Api) -> None:
    """It can be corrected and sent again with it."""
    bad = await api.send("POST", f"{ACME}/channels", body(webhook(url="https://10.0.0.1/")), idempotency_key="k")
    assert bad.status_code == 422
    assert (await api.send("POST", f"{ACME}/channels", body(), idempotency_key="k")).status_code == 201


async def test_no_secret_is_read_stored_or_logged(
    api: Api, owner: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a response, an audit row, an idempotency row, or in clear in the database."""
    targets = [
        webhook(),
        {"kind": "slack", "url": "https://hooks.slack.com/services/T/B/hidden"},
        {"kind": "teams", "url": "https://x.logic.azure.com/workflows/hidden?sig=hidden"},
        {"kind": "alertmanager", "url": "https://am.example.com/", "username": "u", "password": "hidden"},
        {"kind": "alertmanager", "url": "https://am.example.com/", "bearer_token": "hidden"},
    ]
    texts = []
    for number, target in enumerate(targets):
        key = f"k-{number}"
        made = await api.send("POST", f"{ACME}/channels", body(target, name=key), idempotency_key=key)
        path = f"{ACME}/channels/{made.json()['id']}"
        sent = body(target, name=key, enabled=False)
        texts += [made.text, (await api.send("PUT", path, sent, if_match='"1"')).text]
        texts += [(await api.send("GET", path)).text, (await api.send("DELETE", path, if_match='"1"')).text]
    texts.append((await api.send("GET", f"{ACME}/channels")).text)
    for table in ("channels", "audit", "idempotency_keys"):
        texts += [str(row) for row in await found(owner, f"SELECT row_to_json(t)::text FROM {table} AS t")]
    sealed = await found(owner, "SELECT encode(sealed, 'escape') FROM channels")
    assert len(sealed) == 5
    for hidden in HIDDEN:
        assert hidden not in " ".join([*texts, str(sealed), caplog.text])


async def test_the_history_has_who_when_what_was_and_what_is(api: Api, owner: Connection) -> None:
    """Also of a test, of a notification that was sent again, and of a secret that changed. It outlives the channel."""
    channel = (await api.create())["id"]
    await api.create(body(name="other"))
    path = f"{ACME}/channels/{channel}"
    await api.send("PUT", path, body(webhook(secret="whsec_" + "QUJD" * 8), name="new"), if_match='"1"')
    await api.send("PUT", path, body(webhook(secret="whsec_" + "QUJD" * 8), name="newer"), if_match='"2"')
    delivery = (await api.send("POST", f"{path}/test")).json()["id"]
    await owner.execute("UPDATE deliveries SET state = 'dead', settled_at = now()")
    assert (await api.send("POST", f"{ACME}/deliveries/{delivery}/retry")).status_code == 202
    shown = (await api.send("GET", path)).json()
    assert (await api.send("DELETE", path, if_match='"3"')).status_code == 200
    history = await api.send("GET", f"{path}/history")
    found = history.json()
    assert (found["organization"], found["id"], found["more"]) == ("acme", channel, False)
    assert [
        (entry["action"], entry["actor"], entry["secret_changed"], entry["delivery"]) for entry in found["entries"]
    ] == [
        ("delete", "alice \u00e4", None, None),
        ("retry", "alice \u00e4", None, delivery),
        ("test", "alice \u00e4", None, delivery),
        ("change", "alice \u00e4", False, None),
        ("change", "alice \u00e4", True, None),
        ("create", "alice \u00e4", None, None),
    ]
    names = [[entry[side] and entry[side]["name"] for side in ("before", "after")] for entry in found["entries"]]
    assert names == [["newer", None], [None, None], [None, None], ["new", "newer"], ["ops", "new"], [None, "ops"]]
    assert {"organization": "acme", **found["entries"][3]["after"]} == shown
    assert not any(hidden in history.text for hidden in ("whsec_", "QUJD"))
    short = (await api.send("GET", f"{path}/history?limit=5")).json()
    assert (len(short["entries"]), short["more"]) == (5, True)
    for organization in ("globex", "nobody"):
        other = await api.send("GET", f"/api/organization/{organization}/channels/{channel}/history")
        assert (other.status_code, other.json()["code"]) == (404, "channel_not_found")


# --- secrets that are kept ----------------------------------------------------


async def secrets_of(owner: Connection, channel: str) -> dict[str, Any]:
    [(sealed,)] = await found(owner, f"SELECT sealed FROM channels WHERE id = '{channel}'")
    return {} if sealed is None else SEALER.open("acme", channel, bytes(sealed))  # type: ignore[arg-type] # bytea


async def test_an_absent_secret_is_kept(api: Api, owner: Connection) -> None:
    """If the rest of the target is the same; a new one replaces it."""
    for target, secret in (
        (webhook(), {"secret": SECRET}),
        ({"kind": "slack", "url": "https://hooks.slack.com/x"}, {"url": "https://hooks.slack.com/x"}),
        (
            {"kind": "alertmanager", "url": "https://am.example.com/", "username": "u", "password": "p"},
            {"password": "p"},
        ),
    ):
        channel = (await api.create(body(target, name=target["kind"])))["id"]
        without = {name: value for name, value in target.items() if name not in secret}
        kept = await api.send("PUT", f"{ACME}/channels/{channel}", body(without, name="k"), if_match='"1"')
        assert (kept.status_code, kept.json()["secret_set"]) == (200, True), kept.text
        assert await secrets_of(owner, channel) == secret
        await api.send("PUT", f"{ACME}/channels/{channel}", body(without, name=target["kind"]), if_match='"2"')


async def test_a_secret_does_not_move_to_another_address(api: Api, owner: Connection) -> None:
    """Whoever changes the URL has to send the secret. A password is not sent to the new one."""
    channel = (await api.create())["id"]
    moved = webhook(url="https://evil.example.com/")
    del moved["secret"]
    refused = await api.send("PUT", f"{ACME}/channels/{channel}", body(moved), if_match='"1"')
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/target/secret")
    target = {"kind": "alertmanager", "url": "https://am.example.com/", "username": "u", "password": "p"}
    channel = (await api.create(body(target, name="am")))["id"]
    new = {"kind": "alertmanager", "url": "https://evil.example.com/", "username": "u"}
    changed = await api.send("PUT", f"{ACME}/channels/{channel}", body(new, name="am"), if_match='"1"')
    assert (changed.status_code, changed.json()["secret_set"]) == (200, False)
    assert await secrets_of(owner, channel) == {}


async def test_null_removes_a_secret(api: Api, owner: Connection) -> None:
    """Where it is optional."""
    target = {"kind": "alertmanager", "url": "https://am.example.com/", "bearer_token": "t"}
    channel = (await api.create(body(target)))["id"]
    removed = await api.send("PUT", f"{ACME}/channels/{channel}", body(target | {"bearer_token": None}), if_match='"1"')
    assert removed.json()["secret_set"] is False
    assert await secrets_of(owner, channel) == {}
    hook = (await api.create(body(name="hook")))["id"]
    refused = await api.send("PUT", f"{ACME}/channels/{hook}", body(webhook(secret=None)), if_match='"1"')
    assert refused.status_code == 422


# --- bad input ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({}, "/name"),
        ([], ""),
        (body(name=""), "/name"),
        (body(name="x" * 101), "/name"),
        (body(name=" x"), "/name"),
        (body(name="a\nb"), "/name"),
        (body(name="a\u202eb"), "/name"),
        (body(enabled="yes"), "/enabled"),
        (body(more=1), "/more"),
        ({"name": "ops", "target": {}}, "/target"),
        (body({"kind": "sms", "number": "1"}), "/target"),
        (body(webhook(url=1)), "/target/url"),
        (body(webhook(secret="whsec_")), "/target/secret"),
        (body(webhook(secret="whsec_!!!!")), "/target/secret"),
        (body(webhook(secret=SECRET.removeprefix("whsec_"))), "/target/secret"),
        (body(webhook(secret="whsec_c2hvcnQ=")), "/target/secret"),
        (body({"kind": "webhook", "url": "https://hooks.example.com/"}), "/target/secret"),
        (body({"kind": "slack"}), "/target/url"),
        (body(webhook(url="https://127.0.0.1/")), "/target/url"),
        (body(webhook(url="http://hooks.example.com/")), "/target/url"),
        (body(webhook(url="https://hooks.example.com:22/")), "/target/url"),
        (body({"kind": "teams", "url": "https://u:p@hooks.example.com/"}), "/target/url"),
        (body(mail("no-address")), "/target/recipients/0"),
        (body(mail("a@example.org", "b@example.org\nBcc: c@example.org")), "/target/recipients/1"),
        (body(mail("root@127.0.0.1")), "/target/recipients/0"),
        (body(mail("root@[127.0.0.1]")), "/target/recipients/0"),
        (body(mail("root%inside@example.org")), "/target/recipients/0"),
        (body(mail("inside!root@example.org")), "/target/recipients/0"),
        (body(mail("root@localhost")), "/target/recipients/0"),
        (body(webhook(url="https://kubernetes.default.svc/")), "/target/url"),
        (body({"kind": "alertmanager", "url": "https://169.254.169.254/"}), "/target/url"),
        (body({"kind": "slack", "url": "https://[64:ff9b::a00:1]/"}), "/target/url"),
        (body(mail(*["a@example.org"] * 11)), "/target/recipients"),
        (body({"kind": "email", "recipients": []}), "/target/recipients"),
        (body({"kind": "email", "recipients": "a@example.org"}), "/target/recipients"),
        (body({"kind": "alertmanager", "url": "https://a.example", "password": "p"}), "/target"),
        (body({"kind": "alertmanager", "url": "https://a.example", "username": "a b"}), "/target/username"),
        (body({"kind": "alertmanager", "url": "https://a.example", "bearer_token": "a\r\nb"}), "/target/bearer_token"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_body_that_does_not_fit_is_422(api: Api, content: Any, pointer: str) -> None:
    """It names the member, and repeats no value of it."""
    refused = await api.send("POST", f"{ACME}/channels", content)
    assert (refused.status_code, refused.json()["code"], refused.json()["errors"][0]["pointer"]) == (
        422,
        "invalid_body",
        pointer,
    )
    assert SECRET not in refused.text
    assert (await api.send("GET", f"{ACME}/channels")).json()["channels"] == []


async def test_64_kib_are_taken_and_one_byte_more_is_413(api: Api) -> None:
    """The limit is the body's, whatever is in it."""
    text = json.dumps(body()).encode()
    headers = {"authorization": f"Bearer {TOKEN}"}
    for size, status in ((65_537, 413), (65_536, 201)):
        response = await api.client.post(f"{ACME}/channels", content=text.ljust(size), headers=headers)
        assert response.status_code == status


@pytest.mark.parametrize("name", ["x", "0", AN_ID.upper(), f"{AN_ID}0", "%00"])
async def test_an_id_that_is_not_an_id_is_400(api: Api, name: str) -> None:
    """Also for a test, and for a delivery."""
    for method, path in (("GET", f"channels/{name}"), ("POST", f"channels/{name}/test")):
        refused = await api.send(method, f"{ACME}/{path}")
        assert (refused.status_code, refused.json()["parameter"]) == (400, "id")
    assert (await api.send("POST", f"{ACME}/deliveries/{name}/retry")).status_code == 400


async def test_a_channel_of_another_organization_is_like_none(api: Api) -> None:
    """404, the same bytes, for every method."""
    foreign = (await api.create(organization="globex"))["id"]
    for method, end, content in (
        ("GET", "", None),
        ("PUT", "", body()),
        ("DELETE", "", None),
        ("POST", "/test", None),
    ):
        replies = [
            await api.send(method, f"{ACME}/channels/{channel}{end}", content, if_match='"1"')
            for channel in (foreign, uuid4())
        ]
        assert [reply.status_code for reply in replies] == [404, 404]
        assert replies[0].text == replies[1].text
        assert replies[0].json()["code"] == "channel_not_found"
    assert (await api.send("GET", f"/api/organization/globex/channels/{foreign}")).headers["etag"] == '"1"'


async def test_an_unknown_organization_has_no_channels(api: Api) -> None:
    """404, and not an empty list."""
    for method, content in (("GET", None), ("POST", body())):
        refused = await api.send(method, "/api/organization/nobody/channels", content)
        assert (refused.status_code, refused.json()["code"]) == (404, "organization_not_found")


async def test_names_are_unique_and_channels_limited(api: Api) -> None:
    """409, with the reason."""
    await api.create()
    again = await api.send("POST", f"{ACME}/channels", body())
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    for number in range(1, MOST_CHANNELS - 1):
        await api.create(body(mail(), name=str(number)))
    both = [api.send("POST", f"{ACME}/channels", body(name=name)) for name in ("the last one", "one too many")]
    made, full = sorted(await asyncio.gather(*both), key=lambda response: response.status_code)
    assert (made.status_code, full.status_code, full.json()["code"]) == (201, 409, "conflict")
    assert len((await api.send("GET", f"{ACME}/channels")).json()["channels"]) == MOST_CHANNELS


async def test_without_key_and_mail_server_the_rest_works(database_url: str, api: Api) -> None:
    """501 for what needs them; lists, and kinds without a secret, work."""
    existing = (await api.create(body(name="old")))["id"]
    async with open_database(database_url) as database:
        bare = create_app(database, TOKEN, channels=channels_of(database, Sealer(), offers_mail=False))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=bare), base_url="http://b") as client:
            poor = Api(client)
            for target in (webhook(), mail()):
                refused = await poor.send("POST", f"{ACME}/channels", body(target))
                assert (refused.status_code, refused.json()["code"]) == (501, "not_offered")
            open_target = {"kind": "alertmanager", "url": "https://am.example.com/"}
            assert (await poor.send("POST", f"{ACME}/channels", body(open_target))).status_code == 201
            assert len((await poor.send("GET", f"{ACME}/channels")).json()["channels"]) == 2
            deleted = await poor.send("DELETE", f"{ACME}/channels/{existing}", if_match='"1"')
            assert deleted.status_code == 200
