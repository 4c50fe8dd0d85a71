"""The history of a budget: its changes and its alerts, the newest first."""

from billing_service.database import Connection

from .conftest import ACME, OF_WEB, Budgets, body

ALERT = """
    INSERT INTO budget_alerts (organization, budget, version, period_start, threshold, status, at, spent, forecast,
                               probability, amount, currency)
    VALUES (%s, %s, %s, '2026-11-01', 'actual-80', %s, %s, 400.10, 612.34, 0.93, 500, 'EUR')
"""


async def test_the_history_has_who_when_what_was_and_what_is(budgets: Budgets, owner: Connection) -> None:
    """Every change and every alert of this budget, and none of another."""
    made = await budgets.create()
    path = f"{ACME}/{made['id']}"
    await budgets.send("PUT", path, body(amount=300), if_match='"1"', x_actor="bob%20%C3%A4")
    await owner.execute(ALERT, ["acme", made["id"], 2, "firing", "2999-11-28T09:00:00Z"])
    other = await budgets.create(body(name="other"))
    for organization, budget in (("acme", other["id"]), ("globex", made["id"])):
        await owner.execute(ALERT, [organization, budget, 2, "firing", "2026-11-28T09:00:00Z"])
    history = (await budgets.send("GET", f"{path}/history")).json()
    assert (history["organization"], history["id"], history["more"]) == ("acme", made["id"], False)
    alert, change, creation = history["entries"]
    assert {name: value for name, value in alert.items() if name != "id"} == {
        "kind": "alert",
        "at": "2999-11-28T09:00:00.000Z",
        "version": 2,
        "period_start": "2026-11-01",
        "threshold": "actual-80",
        "status": "firing",
        "spent": 400.1,
        "forecast": 612.34,
        "probability": 0.93,
        "limit": 500,
        "currency": "EUR",
    }
    assert (change["kind"], change["action"], change["actor"]) == ("change", "change", "bob ä")
    assert (change["before"]["amount"], change["after"]["amount"]) == (500, 300)
    assert (change["before"]["version"], change["after"]["version"]) == (1, 2)
    assert (creation["action"], creation["before"], creation["after"]["name"]) == ("create", None, "all")
    assert creation["after"]["thresholds"][1] == {
        "id": "forecast-100-0.8",
        "basis": "forecast",
        "percent": 100,
        "amount": None,
        "probability": 0.8,
    }


async def test_the_history_outlives_its_budget(budgets: Budgets, owner: Connection) -> None:
    """With the deletion and the alerts, for those who saw the budget."""
    made = await budgets.create(body(scope=OF_WEB))
    path = f"{ACME}/{made['id']}"
    await owner.execute(ALERT, ["acme", made["id"], 1, "firing", "2026-11-01T09:00:00Z"])
    assert (await budgets.send("DELETE", path, if_match='"1"')).status_code == 200
    assert (await budgets.send("GET", path)).status_code == 404
    for own in (None, "acme-web"):
        entries = (await budgets.send("GET", f"{path}/history", own=own)).json()["entries"]
        assert [entry.get("action", entry["kind"]) for entry in entries] == ["delete", "create", "alert"]
    assert (await budgets.send("GET", f"{path}/history", own="acme-data")).status_code == 404


async def test_a_long_history_is_cut(budgets: Budgets) -> None:
    """`more` is true. Only numbers from 1 to 1000 are a limit."""
    path = f"{ACME}/{(await budgets.create())['id']}"
    for version in (1, 2):
        await budgets.send("PUT", path, body(name=f"n{version}"), if_match=f'"{version}"')
    for limit, shown, more in ((1, 1, True), (2, 2, True), (3, 3, False), (1000, 3, False)):
        history = (await budgets.send("GET", f"{path}/history?limit={limit}")).json()
        assert (len(history["entries"]), history["more"]) == (shown, more)
    for limit in ("0", "1001", "x", ""):
        assert (await budgets.send("GET", f"{path}/history?limit={limit}")).status_code == 400
