"""Budgets through the internal API: versions, keys, channels, bad input."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from billing_service.budgets.store import MOST_BUDGETS
from billing_service.database import Connection
from billing_service.member_errors import MEMBER_CODES
from tests.integration.billing_service.conftest import TOKEN
from tests.integration.billing_service.ledger_kit import found

from .conftest import ACME, AN_ID, GLOBEX, OF_ORGANIZATION, OF_TEAM, OF_TEAM_IN_WEB, OF_WEB, Budgets, body, channel_of

ACTUAL = {"basis": "actual", "percent": 80}
AUDIT = """
    SELECT action, actor, before ->> 'name' AS was, after ->> 'name' AS is
    FROM audit WHERE domain = 'budget' ORDER BY at
"""


async def test_a_budget_is_created_read_changed_and_deleted(budgets: Budgets, owner: Connection) -> None:
    """Each change has its version and its row in the trail."""
    made = await budgets.send("POST", ACME, body())
    budget = made.json()
    path = f"{ACME}/{budget['id']}"
    assert (made.status_code, budget["organization"], budget["version"]) == (201, "acme", 1)
    assert budget["scope"] == {"kind": "organization", "namespace": None, "label": None}
    assert (budget["period"], budget["rollover"], budget["may_change"]) == ("month", False, True)
    assert budget["notify_on"] == ["firing", "resolved"]
    assert [threshold["id"] for threshold in budget["thresholds"]] == ["actual-80", "forecast-100-0.8"]
    assert {threshold["state"] for threshold in budget["thresholds"]} == {"ok"}
    assert (await budgets.send("GET", path)).json() == budget
    changed = await budgets.send("PUT", path, body(name="less", amount=400.5), if_match=made.headers["etag"])
    assert (changed.status_code, changed.json()["version"], changed.json()["amount"]) == (200, 2, 400.5)
    gone = await budgets.send("DELETE", path, if_match=changed.headers["etag"])
    assert (gone.status_code, gone.json()) == (200, {"organization": "acme", "id": budget["id"]})
    assert (await budgets.send("GET", path)).json()["code"] == "budget_not_found"
    assert await found(owner, AUDIT) == [
        ("create", "alice", None, "all"),
        ("change", "alice", "all", "less"),
        ("delete", "alice", "less", None),
    ]


async def test_the_tag_has_the_version_and_a_hash_of_the_figures(budgets: Budgets) -> None:
    """If-Match needs the version only: a change is not refused because a figure moved."""
    path = f"{ACME}/{(await budgets.create())['id']}"
    read = await budgets.send("GET", path)
    version, _, digest = read.headers["etag"].strip('"').partition("-")
    assert (version, len(digest)) == ("1", 16)
    for number, tag in enumerate(('"1"', '"2-00"', '"3-0123456789abcdef"')):
        assert (await budgets.send("PUT", path, body(name=f"n{number}"), if_match=tag)).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_another_version_is_412(budgets: Budgets, method: str) -> None:
    """And nothing is changed."""
    path = f"{ACME}/{(await budgets.create())['id']}"
    content = body(name="new") if method == "PUT" else None
    for version in ('"2"', '"0"', '"-1"', '"1-"', "*", '"x"', "1", '"2-0123456789abcdef"'):
        refused = await budgets.send(method, path, content, if_match=version)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed"), version
    assert (await budgets.send(method, path, content)).status_code == 400
    assert (await budgets.send("GET", path)).json()["name"] == "all"


async def test_a_preview_stores_nothing_and_takes_no_key(budgets: Budgets, owner: Connection) -> None:
    """The same key with another body is another preview, and afterwards the key is free."""
    for name in ("one", "two"):
        shown = await budgets.send("POST", f"{ACME}/preview", body(name=name), idempotency_key="k")
        assert (shown.status_code, shown.json()["organization"]) == (200, "acme")
    assert (await budgets.send("POST", ACME, body(name="three"), idempotency_key="k")).status_code == 201
    assert await found(owner, "SELECT count(*) FROM budgets") == [(1,)]


async def test_of_two_changes_of_one_version_one_is_made(budgets: Budgets) -> None:
    """At the same time: the other one is 412."""
    path = f"{ACME}/{(await budgets.create())['id']}"
    both = [budgets.send("PUT", path, body(name=name), if_match='"1"') for name in ("one", "two")]
    assert sorted(response.status_code for response in await asyncio.gather(*both)) == [200, 412]


async def test_the_same_key_and_body_get_the_first_reply_again(budgets: Budgets, owner: Connection) -> None:
    """Also five at the same time, and after the budget was changed and deleted. One budget, one audit row."""
    replies = await asyncio.gather(*(budgets.send("POST", ACME, body(), idempotency_key="k-1") for _ in range(5)))
    assert len({(reply.status_code, reply.text, reply.headers["etag"]) for reply in replies}) == 1
    assert replies[0].status_code == 201
    path = f"{ACME}/{replies[0].json()['id']}"
    changed = await budgets.send("PUT", path, body(name="new"), if_match='"1"', idempotency_key="k-2")
    gone = await budgets.send("DELETE", path, if_match='"2"', idempotency_key="k-3")
    assert (changed.status_code, gone.status_code) == (200, 200)
    again = [
        await budgets.send("POST", ACME, body(), idempotency_key="k-1"),
        await budgets.send("PUT", path, body(name="new"), if_match='"1"', idempotency_key="k-2"),
        await budgets.send("DELETE", path, if_match='"2"', idempotency_key="k-3"),
    ]
    assert [reply.text for reply in again] == [replies[0].text, changed.text, gone.text]
    assert [reply.headers.get("etag") for reply in again[:2]] == [replies[0].headers["etag"], changed.headers["etag"]]
    assert await found(owner, "SELECT count(*) FROM audit") == [(3,)]


async def test_the_same_key_of_another_user_is_another_key(budgets: Budgets) -> None:
    """With the same body and with another one: neither gets the reply of the other, and none is refused."""
    first = await budgets.send("POST", ACME, body(), idempotency_key="k")
    same = await budgets.send("POST", ACME, body(), idempotency_key="k", x_actor="bob")
    again = await budgets.send("POST", ACME, body(), idempotency_key="k", x_actor="bob")
    other = await budgets.send("POST", ACME, body(name="b"), idempotency_key="k", x_actor="carol")
    assert [reply.status_code for reply in (first, same, again, other)] == [201] * 4
    assert len({reply.json()["id"] for reply in (first, same, other)}) == 3
    assert again.text == same.text


async def test_a_key_for_another_request_is_409(budgets: Budgets) -> None:
    """Another body, path, method or version. Another organization may have the same key."""
    path = f"{ACME}/{(await budgets.create())['id']}"
    first = await budgets.send("PUT", path, body(name="one"), if_match='"1"', idempotency_key="k")
    assert first.status_code == 200
    others: list[tuple[str, str, Any, dict[str, str]]] = [
        ("PUT", path, body(name="two"), {"if_match": '"1"'}),
        ("PUT", path, body(name="one"), {"if_match": '"2"'}),
        ("DELETE", path, None, {"if_match": '"2"'}),
        ("POST", ACME, body(name="one"), {}),
        ("PUT", f"{ACME}/settings", {"project_users_write": True}, {"if_match": '"0"'}),
    ]
    for method, target, content, headers in others:
        refused = await budgets.send(method, target, content, **headers, idempotency_key="k")
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused"), method
    other = await budgets.send("POST", GLOBEX, body(currency="USD"), idempotency_key="k")
    assert other.status_code == 201


async def test_a_request_that_failed_does_not_take_its_key(budgets: Budgets) -> None:
    """It can be corrected and sent again with it."""
    assert (await budgets.send("POST", ACME, body(amount=0), idempotency_key="k")).status_code == 422
    assert (await budgets.send("POST", ACME, body(channels=[AN_ID]), idempotency_key="k")).status_code == 422
    assert (await budgets.send("POST", ACME, body(), idempotency_key="k")).status_code == 201


async def test_there_is_a_largest_number_of_budgets(budgets: Budgets, owner: Connection) -> None:
    """409. Another organization has its own."""
    await budgets.create()
    copy = """
        INSERT INTO budgets (organization, id, name, namespace, amount, currency, period, thresholds, channels,
                             notify_on, rollover)
        SELECT organization, gen_random_uuid(), name, namespace, amount, currency, period, thresholds, channels,
               notify_on, rollover
        FROM budgets CROSS JOIN generate_series(2, %s)
    """
    await owner.execute(copy, [MOST_BUDGETS])  # type: ignore[arg-type]  # a constant
    refused = await budgets.send("POST", ACME, body())
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert len((await budgets.send("GET", ACME)).json()["budgets"]) == MOST_BUDGETS
    await owner.execute("DELETE FROM budgets WHERE id IN (SELECT id FROM budgets LIMIT 1)")
    both = await asyncio.gather(*(budgets.send("POST", ACME, body()) for _ in range(3)))
    assert sorted(reply.status_code for reply in both) == [201, 409, 409]
    await budgets.create(body(currency="USD"), GLOBEX)


# --- channels -----------------------------------------------------------------


async def test_a_channel_of_another_organization_is_like_an_unknown_one(budgets: Budgets, owner: Connection) -> None:
    """422 with the same text, and nothing is stored. An own one is taken."""
    own, foreign = await channel_of(owner, "acme"), await channel_of(owner, "globex")
    refused = [await budgets.send("POST", ACME, body(channels=[own, channel])) for channel in (foreign, AN_ID)]
    assert {reply.text for reply in refused} == {refused[0].text}
    assert (refused[0].status_code, refused[0].json()["errors"][0]["pointer"]) == (422, "/channels/1")
    assert await budgets.names() == []
    made = await budgets.create(body(channels=[own]))
    assert made["channels"] == [own]
    for channel in (foreign, AN_ID):
        put = await budgets.send("PUT", f"{ACME}/{made['id']}", body(channels=[channel]), if_match='"1"')
        assert put.status_code == 422


async def test_a_deleted_channel_is_taken_out_of_the_budgets(budgets: Budgets, owner: Connection) -> None:
    """Without a new version, so that no threshold fires again. Those of others stay."""
    first, second = await channel_of(owner, "acme"), await channel_of(owner, "acme")
    made = await budgets.create(body(channels=[first, second]))
    await budgets.create(body(name="other", channels=[second]))
    gone = await budgets.send("DELETE", f"/api/organization/acme/channels/{first}", if_match='"1"')
    assert gone.status_code == 200
    shown = (await budgets.send("GET", f"{ACME}/{made['id']}")).json()
    assert (shown["channels"], shown["version"]) == ([second], 1)
    assert await found(owner, "SELECT channels FROM budgets WHERE name = 'other'") == [([UUID(second)],)]
    entries = (await budgets.send("GET", f"{ACME}/{made['id']}/history")).json()["entries"]
    assert [(entry["action"], entry["actor"], entry["after"]["channels"]) for entry in entries] == [
        ("change", "alice", [second]),
        ("create", "alice", [first, second]),
    ]
    assert entries[0]["before"] == entries[1]["after"]
    assert entries[0]["after"] == entries[0]["before"] | {"channels": [second]}
    await budgets.send("DELETE", f"/api/organization/acme/channels/{second}", if_match='"1"')
    last = (await budgets.send("GET", f"{ACME}/{made['id']}/history")).json()["entries"][0]
    assert (last["before"]["channels"], last["after"]["channels"]) == ([second], [])


async def test_a_budget_without_the_deleted_channel_has_no_row_of_it(budgets: Budgets, owner: Connection) -> None:
    """Nor has one of another organization."""
    gone, kept = await channel_of(owner, "acme"), await channel_of(owner, "acme")
    await budgets.create(body(channels=[kept]))
    await budgets.create(body(currency="USD"), GLOBEX)
    await budgets.send("DELETE", f"/api/organization/acme/channels/{gone}", if_match='"1"')
    assert await found(owner, "SELECT count(*) FROM audit WHERE domain = 'budget' AND action = 'change'") == [(0,)]


# --- what fits ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"scope": OF_WEB}, {"scope": {**OF_WEB, "label": None}}),
        ({"scope": OF_TEAM}, {"scope": {**OF_TEAM, "namespace": None}}),
        ({"scope": OF_TEAM_IN_WEB}, {"scope": OF_TEAM_IN_WEB}),
        ({"scope": {"kind": "label", "label": {"key": "a.b/c", "value": ""}}}, {}),
        ({"period": "quarter", "rollover": True}, {"period": "quarter", "rollover": True}),
        ({"period": "year"}, {"period": "year"}),
        ({"notify_on": ["resolved"]}, {"notify_on": ["resolved"]}),
        ({"amount": 1_000_000_000_000}, {"amount": 1_000_000_000_000}),
        ({"amount": 0.01}, {"amount": 0.01}),
        ({"name": "Müller & Söhne 50 %"}, {"name": "Müller & Söhne 50 %"}),
    ],
    ids=str,
)
async def test_what_fits_is_shown_as_it_was_written(
    budgets: Budgets, changes: dict[str, Any], shown: dict[str, Any]
) -> None:
    """Scope, period, rollover, and the largest and the smallest amount."""
    made = await budgets.create(body(**changes))
    again = (await budgets.send("GET", f"{ACME}/{made['id']}")).json()
    assert {name: again[name] for name in shown} == shown


async def test_each_response_has_the_units_of_its_figures(budgets: Budgets, owner: Connection) -> None:
    """Currency, digits, time zone and prices: of a budget its own currency, and otherwise the organization's."""
    path = "/api/organization/nippon/budgets"
    made = await budgets.send("POST", path, body(currency="JPY"), idempotency_key="k")
    one = f"{path}/{made.json()['id']}"
    changed = await budgets.send("PUT", one, body(currency="JPY", name="new"), if_match='"1"')
    replies = [
        made,
        await budgets.send("POST", path, body(currency="JPY"), idempotency_key="k"),
        changed,
        *[await budgets.send("GET", read) for read in (path, one, f"{one}/history")],
        await budgets.send("POST", f"{path}/preview", body(currency="JPY")),
    ]
    [(zone,)] = await found(owner, "SELECT time_zone FROM organization_terms WHERE organization = 'nippon'")
    names = ("currency", "currency_digits", "time_zone", "cost_basis")
    assert [[reply.json()[name] for name in names] for reply in replies] == [["JPY", 0, zone, "usage"]] * len(replies)
    await owner.execute("INSERT INTO subscriptions VALUES ('nippon', '(,)', 'pro-pool', '[]')")
    for read in (path, one, f"{one}/history"):
        assert (await budgets.send("GET", read)).json()["cost_basis"] == "list_price"
    await owner.execute("UPDATE organization_terms SET currency = 'BHD' WHERE organization = 'nippon'")
    for read, currency in ((one, ["JPY", 0]), (path, ["BHD", 3]), (f"{one}/history", ["BHD", 3])):
        reply = (await budgets.send("GET", read)).json()
        assert [reply["currency"], reply["currency_digits"]] == currency, read


async def test_numbers_stay_exact(budgets: Budgets) -> None:
    """Digit by digit, where a binary float has other digits. An amount has the digits of its currency."""
    thresholds = [
        {"basis": "actual", "percent": 1_000_000},
        {"basis": "actual", "percent": 0.01},
        {"basis": "actual", "amount": 0.1},
        {"basis": "forecast", "amount": 999_999_999_999.99, "probability": 0.07},
    ]
    text = json.dumps(body(thresholds=thresholds)).replace('"amount": 500', '"amount": 999999999999.99')
    made = await budgets.send("POST", ACME, text.encode())
    assert '"amount":999999999999.99,"currency"' in made.text
    assert [threshold["id"] for threshold in made.json()["thresholds"]] == [
        "actual-1000000",
        "actual-0.01",
        "actual-a0.10",
        "forecast-a999999999999.99-0.07",
    ]
    assert '"amount":0.10,' in made.text
    history = await budgets.send("GET", f"{ACME}/{made.json()['id']}/history")
    assert history.text.count('"amount":999999999999.99,') == 2  # of the budget and of a threshold


async def test_an_amount_has_at_most_the_digits_of_the_currency(budgets: Budgets) -> None:
    """Yen have none."""
    path = "/api/organization/nippon/budgets"
    made = await budgets.create(body(currency="JPY", amount=500.0), path)
    assert (made["amount"], made["thresholds"][0]["id"]) == (500, "actual-80")
    refused = await budgets.send("POST", path, body(currency="JPY", amount=500.5))
    assert refused.json()["errors"][0]["pointer"] == "/amount"
    limits = [{"basis": "actual", "amount": 0.5}]
    refused = await budgets.send("POST", path, body(currency="JPY", thresholds=limits))
    assert refused.json()["errors"][0]["pointer"] == "/thresholds/0/amount"


async def test_a_threshold_keeps_its_id_in_a_new_version(budgets: Budgets) -> None:
    """However its number is written, and wherever it is in the list."""
    made = await budgets.create()
    thresholds = [{"basis": "forecast", "percent": 100.0, "probability": 0.80}, {"basis": "actual", "percent": 80.00}]
    changed = await budgets.send("PUT", f"{ACME}/{made['id']}", body(thresholds=thresholds), if_match='"1"')
    assert [one["id"] for one in changed.json()["thresholds"]] == ["forecast-100-0.8", "actual-80"]


# --- bad input ----------------------------------------------------------------


def thresholds(*given: dict[str, Any]) -> dict[str, Any]:
    return body(thresholds=list(given))


BAD = {
    "nothing": ({}, "/name"),
    "a list": ([], ""),
    "no name": (body(name=""), "/name"),
    "a long name": (body(name="x" * 101), "/name"),
    "a name with a line break": (body(name="a\nb"), "/name"),
    "an unknown member": (body(more=1), "/more"),
    "an amount of 0": (body(amount=0), "/amount"),
    "a negative amount": (body(amount=-1), "/amount"),
    "1e30": (body(amount=1e30), "/amount"),
    "one cent too much": (body(amount=1_000_000_000_000.01), "/amount"),
    "a text for an amount": (body(amount="500"), "/amount"),
    "true for an amount": (body(amount=True), "/amount"),
    "a tenth of a cent": (body(amount=0.001), "/amount"),
    "another currency": (body(currency="USD"), "/currency"),
    "no currency": (body(currency="euro"), "/currency"),
    "a week": (body(period="week"), "/period"),
    "no thresholds": (thresholds(), "/thresholds"),
    "11 thresholds": (thresholds(*({"basis": "actual", "percent": n} for n in range(1, 12))), "/thresholds"),
    "0 %": (thresholds({"basis": "actual", "percent": 0}), "/thresholds/0/percent"),
    "-1 %": (thresholds({"basis": "actual", "percent": -1}), "/thresholds/0/percent"),
    "1 000 001 %": (thresholds({"basis": "actual", "percent": 1_000_001}), "/thresholds/0/percent"),
    "1 000 000.01 %": (thresholds({"basis": "actual", "percent": 1_000_000.01}), "/thresholds/0/percent"),
    "0.001 %": (thresholds({"basis": "actual", "percent": 0.001}), "/thresholds/0/percent"),
    "a threshold of 1e30": (thresholds({"basis": "actual", "amount": 1e30}), "/thresholds/0/amount"),
    "percent and amount": (thresholds({"basis": "actual", "percent": 80, "amount": 1}), "/thresholds/0"),
    "neither": (thresholds({"basis": "actual"}), "/thresholds/0"),
    "a forecast without probability": (thresholds({"basis": "forecast", "percent": 80}), "/thresholds/0"),
    "a probability of what was spent": (thresholds(ACTUAL | {"probability": 0.5}), "/thresholds/0"),
    "probability 0": (
        thresholds({"basis": "forecast", "percent": 80, "probability": 0}),
        "/thresholds/0/probability",
    ),
    "probability 80": (
        thresholds({"basis": "forecast", "percent": 80, "probability": 80}),
        "/thresholds/0/probability",
    ),
    "an unknown basis": (thresholds({"basis": "guess", "percent": 80}), "/thresholds/0/basis"),
    "two equal thresholds": (thresholds(ACTUAL, {"basis": "actual", "percent": 80.0}), "/thresholds/1"),
    "a percent and its amount": (thresholds(ACTUAL, {"basis": "actual", "amount": 400}), "/thresholds/1"),
    "no scope": ({name: value for name, value in body().items() if name != "scope"}, "/scope"),
    "an unknown kind": (body(scope={"kind": "cluster"}), "/scope/kind"),
    "a project without a name": (body(scope={"kind": "project"}), "/scope"),
    "an organization with a name": (body(scope=OF_ORGANIZATION | {"namespace": "acme-web"}), "/scope"),
    "a project with a label": (body(scope=OF_WEB | {"label": {"key": "a", "value": "b"}}), "/scope"),
    "a label without a label": (body(scope={"kind": "label"}), "/scope"),
    "no namespace": (body(scope={"kind": "project", "namespace": "Acme_Web"}), "/scope/namespace"),
    "no key of a label": (body(scope={"kind": "label", "label": {"key": "a b", "value": ""}}), "/scope/label/key"),
    "no value of a label": (body(scope={"kind": "label", "label": {"key": "a", "value": "-"}}), "/scope/label/value"),
    "no id of a channel": (body(channels=["x"]), "/channels/0"),
    "a channel twice": (body(channels=[AN_ID, AN_ID]), "/channels/1"),
    "21 channels": (body(channels=[AN_ID] * 21), "/channels"),
    "nothing to notify of": (body(notify_on=[]), "/notify_on"),
    "firing twice": (body(notify_on=["firing", "firing"]), "/notify_on/1"),
    "an unknown status": (body(notify_on=["pending"]), "/notify_on/0"),
    "a text for rollover": (body(rollover="no"), "/rollover"),
    "a member twice": (b'{"name":"a",' + json.dumps(body())[1:].encode(), ""),
    "depth 200": (b'{"name":' + b"[" * 200 + b"]" * 200 + b"}", "/name"),
    "depth 60 000": (b"[" * 60_000, ""),
    "NaN": (json.dumps(body(amount=float("nan"))).encode(), ""),
    "an exponent without end": (b'{"amount":1e99999999999999999999}', ""),
}


@pytest.mark.parametrize(("content", "pointer"), BAD.values(), ids=BAD)
async def test_a_body_that_does_not_fit_is_422(budgets: Budgets, content: Any, pointer: str) -> None:
    """It points at the member; nothing is stored. The preview and a PUT refuse the same."""
    path = f"{ACME}/{(await budgets.create())['id']}"
    for method, target in (("POST", ACME), ("POST", f"{ACME}/preview"), ("PUT", path)):
        refused = await budgets.send(method, target, content, if_match='"1"')
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_body"), refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer, refused.text
        assert refused.json()["errors"][0]["code"] in set(MEMBER_CODES) - {"invalid"}, refused.text
    assert await budgets.names() == ["all"]


async def test_equal_numbers_that_are_not_equal_thresholds_fit(budgets: Budgets) -> None:
    """Another basis, another probability; and with a rollover a percent and an amount."""
    forecasts = [{"basis": "forecast", "percent": 80, "probability": chance} for chance in (0.5, 0.9)]
    await budgets.create(thresholds(ACTUAL, *forecasts))
    amounts = thresholds(ACTUAL, {"basis": "actual", "amount": 400})
    await budgets.create(amounts | {"rollover": True})


async def test_the_scope_of_a_budget_does_not_change(budgets: Budgets) -> None:
    """422: its history would show one scope's figures to those who see another."""
    path = f"{ACME}/{(await budgets.create(body(scope=OF_WEB)))['id']}"
    for scope in (OF_ORGANIZATION, OF_TEAM_IN_WEB, {"kind": "project", "namespace": "acme-data"}):
        refused = await budgets.send("PUT", path, body(scope=scope), if_match='"1"')
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/scope")


async def test_64_kib_are_taken_and_one_byte_more_is_413(budgets: Budgets) -> None:
    """The limit is the body's, whatever is in it."""
    text = json.dumps(body()).encode()
    for size, status in ((65_537, 413), (65_536, 201)):
        assert (await budgets.send("POST", ACME, text.ljust(size))).status_code == status


@pytest.mark.parametrize("name", ["x", "0", AN_ID.upper(), f"{AN_ID}0", "%00"])
async def test_an_id_that_is_not_an_id_is_400(budgets: Budgets, name: str) -> None:
    """Also in the path of the history."""
    for method, path in (("GET", name), ("PUT", name), ("DELETE", name), ("GET", f"{name}/history")):
        refused = await budgets.send(method, f"{ACME}/{path}", if_match='"1"')
        assert (refused.status_code, refused.json()["parameter"]) == (400, "id")


async def test_unknown_parameters_and_organizations(budgets: Budgets) -> None:
    """400 with the allowed ones; 404 with the code that billing has not started."""
    assert (
        await budgets.client.get(f"{ACME}?limit=1", headers={"authorization": f"Bearer {TOKEN}"})
    ).status_code == 400
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("GET", f"/{AN_ID}"),
        ("DELETE", f"/{AN_ID}"),
        ("GET", "/settings"),
    ):
        content = body() if method == "POST" else None
        missing = await budgets.send(method, f"/api/organization/unknown/budgets{path}", content, if_match='"1"')
        assert (missing.status_code, missing.json()["code"]) == (404, "organization_not_found"), path


async def test_the_token_is_required(budgets: Budgets) -> None:
    """Of every route."""
    for method, path in (("GET", ""), ("POST", ""), ("PUT", f"/{AN_ID}"), ("PUT", "/settings"), ("POST", "/preview")):
        response = await budgets.client.request(method, f"{ACME}{path}")
        assert response.status_code == 401
