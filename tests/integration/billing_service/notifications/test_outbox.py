"""The outbox: in the caller's transaction, at least once with one id, backoff, dead letters, digests."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from billing_service.database import Connection, connect
from billing_service.notifications.deliver import AT_ONCE, PER_ORGANIZATION, Carrier, Deliverer
from billing_service.notifications.event import Event
from billing_service.notifications.failure import NotDelivered
from billing_service.notifications.keep import forget, reseal
from billing_service.notifications.outbox import MOST_EVENTS, PER_HOUR, enqueue, wait_seconds
from billing_service.notifications.seal import Sealer
from tests.integration.billing_service.ledger_kit import found

from .conftest import ACME, SEALER, Api, body, mail, webhook
from .receivers import receiving, sender

EVENT = Event("budget.threshold", "firing", "Budget", "Spent", datetime(2026, 11, 28, 10, tzinfo=UTC))
STATES = "SELECT state, attempts, reason, status FROM deliveries ORDER BY created_at, id"
DUE_NOW = "UPDATE deliveries SET next_attempt_at = now() - interval '1 second' WHERE state = 'pending'"


class FakeCarrier(Carrier):
    """`fail`: the failures of the next attempts."""

    def __init__(self, *fail: NotDelivered, wait: float = 0) -> None:
        self.__dict__["left"] = list(fail)
        self.__dict__["wait"] = wait
        self.__dict__["sent"] = []
        self.__dict__["at_once"] = Counter()
        self.__dict__["most"] = Counter()

    async def send(self, delivery: Any, channel: Any) -> int:
        del channel
        state: Any = self.__dict__
        for key in ("all", delivery.organization, delivery.channel):
            state["at_once"][key] += 1
            state["most"][key] = max(state["most"][key], state["at_once"][key])
        await asyncio.sleep(state["wait"])
        for key in ("all", delivery.organization, delivery.channel):
            state["at_once"][key] -= 1
        state["sent"].append(delivery)
        if state["left"]:
            raise state["left"].pop(0)
        return 200


@asynccontextmanager
async def delivering(url: str, carrier: Any) -> AsyncIterator[Counter[tuple[str, str]]]:
    counts: Counter[tuple[str, str]] = Counter()
    task = asyncio.create_task(Deliverer(url, carrier, lambda kind, result: counts.update([(kind, result)])).run())
    try:
        yield counts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.05)


async def put(owner: Connection, *channels: str, event: Event = EVENT, organization: str = "acme") -> list[UUID]:
    async with owner.transaction():
        return await enqueue(owner, organization, event, [UUID(channel) for channel in channels])


async def test_a_notification_is_there_if_and_only_if_its_change_is(api: Api, owner: Connection) -> None:
    """A transaction that is rolled back leaves none."""
    channel = (await api.create())["id"]

    async def change() -> None:
        async with owner.transaction():
            assert len(await enqueue(owner, "acme", EVENT, [UUID(channel)])) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change()
    assert await found(owner, STATES) == []
    assert len(await put(owner, channel)) == 1
    assert await found(owner, STATES) == [("pending", 0, None, None)]


async def test_only_enabled_channels_of_the_organization_get_it(api: Api, owner: Connection) -> None:
    """Another organization's channel, a disabled and an unknown one get nothing."""
    own, foreign = (await api.create())["id"], (await api.create(organization="globex"))["id"]
    disabled = (await api.create(body(name="off", enabled=False)))["id"]
    assert len(await put(owner, own, foreign, disabled, str(uuid4()))) == 1
    assert await found(owner, "SELECT organization, channel::text FROM deliveries") == [("acme", own)]


async def test_it_is_delivered_once_and_counted(api: Api, owner: Connection, database_url: str) -> None:
    """The state has the status of the response."""
    await put(owner, (await api.create())["id"])
    carrier = FakeCarrier()
    async with delivering(database_url, carrier) as counts:
        await until(lambda: found(owner, "SELECT FROM deliveries WHERE state = 'delivered'"))
        await asyncio.sleep(1.5)
    assert await found(owner, STATES) == [("delivered", 1, None, 200)]
    assert counts == {("webhook", "delivered"): 1}
    assert len(carrier.sent) == 1  # type: ignore[attr-defined] # the double's


async def test_a_failure_is_tried_again_with_the_same_id(api: Api, owner: Connection, database_url: str) -> None:
    """After its wait; the reason of the last attempt is kept until it is delivered."""
    await put(owner, (await api.create())["id"])
    carrier = FakeCarrier(NotDelivered("timeout"), NotDelivered("status", 500))
    async with delivering(database_url, carrier) as counts:
        for attempts, row in ((1, ("timeout", None)), (2, ("status", 500))):
            seen = f"SELECT FROM deliveries WHERE attempts = {attempts} AND reason IS NOT NULL AND reason = '{row[0]}'"
            await until(lambda seen=seen: found(owner, seen))
            assert await found(owner, STATES) == [("pending", attempts, *row)]
            [(seconds,)] = await found(owner, "SELECT extract(epoch FROM next_attempt_at - now()) FROM deliveries")
            assert 20 * attempts < seconds < 38 * attempts  # type: ignore[operator] # a number
            await owner.execute(DUE_NOW)
        await until(lambda: found(owner, "SELECT FROM deliveries WHERE state = 'delivered'"))
    assert counts == {("webhook", "failed"): 2, ("webhook", "delivered"): 1}
    assert len({delivery.message_id for delivery in carrier.sent}) == 1  # type: ignore[attr-defined]


def test_the_waits_grow_to_an_hour() -> None:
    """About 30 attempts in a day."""
    for attempts, seconds in ((1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (30, 3600), (10**6, 3600)):
        assert seconds * 0.75 <= wait_seconds(attempts) <= seconds * 1.25


async def test_after_a_day_it_is_dead_and_can_be_sent_again(api: Api, owner: Connection, database_url: str) -> None:
    """By an org-admin, with the same id, for another day."""
    channel = (await api.create())["id"]
    [delivery] = await put(owner, channel)
    await owner.execute("UPDATE deliveries SET give_up_at = now() + interval '1 second'")
    retry = f"{ACME}/deliveries/{delivery}/retry"
    assert (await api.send("POST", retry)).json()["code"] == "conflict"
    carrier = FakeCarrier(NotDelivered("status", 503))
    async with delivering(database_url, carrier) as counts:
        await until(lambda: found(owner, "SELECT FROM deliveries WHERE state = 'dead'"))
        [shown] = (await api.send("GET", f"{ACME}/deliveries?state=dead")).json()["deliveries"]
        assert (shown["id"], shown["reason"], shown["status"]) == (str(delivery), "status", 503)
        assert shown["explanation"]
        again = await api.send("POST", retry, idempotency_key="k")
        assert (again.status_code, again.json()["state"]) == (202, "pending")
        assert (await api.send("POST", retry, idempotency_key="k")).text == again.text
        await until(lambda: found(owner, "SELECT FROM deliveries WHERE state = 'delivered'"))
    assert counts == {("webhook", "dead"): 1, ("webhook", "delivered"): 1}
    assert len({one.message_id for one in carrier.sent}) == 1  # type: ignore[attr-defined]
    assert ("delivery", str(delivery), "retry") in await found(owner, "SELECT domain, id, action FROM audit")


async def test_a_channel_that_is_gone_ends_its_notifications(api: Api, owner: Connection, database_url: str) -> None:
    """Deleted: at once, and it cannot be sent again. Disabled: at the next attempt. 410 ends it too."""
    deleted, disabled, refused = [(await api.create(body(name=name)))["id"] for name in "abc"]
    [first] = await put(owner, deleted)
    await put(owner, disabled, refused)
    await api.send("DELETE", f"{ACME}/channels/{deleted}", if_match='"1"')
    await api.send("PUT", f"{ACME}/channels/{disabled}", body(name="b", enabled=False), if_match='"1"')
    async with delivering(database_url, FakeCarrier(NotDelivered("status", 410))):
        await until(lambda: found(owner, "SELECT count(*) FROM deliveries WHERE state = 'dead' HAVING count(*) = 3"))
    reasons = await found(owner, "SELECT channel_name, reason, status FROM deliveries ORDER BY 1")
    assert reasons == [("a", "channel_deleted", None), ("b", "channel_disabled", None), ("c", "status", 410)]
    again = await api.send("POST", f"{ACME}/deliveries/{first}/retry")
    assert (again.status_code, again.json()["message"]) == (409, "its channel was deleted")


async def test_a_flood_becomes_a_digest(api: Api, owner: Connection, database_url: str) -> None:
    """The first five one by one; the others one message, which has the number of all. None is lost."""
    async with receiving() as receiver:
        channel = (await api.create())["id"]
        url = f"http://127.0.0.1:{receiver.port}/"
        await owner.execute(f'UPDATE channels SET target = target || \'{{"url": "{url}"}}\'')
        events = [Event("budget.threshold", "firing", f"Budget {n}", "Spent", EVENT.at) for n in range(130)]
        async with owner.transaction():
            ids = [(await enqueue(owner, "acme", event, [UUID(channel)]))[0] for event in events]
        assert len(set(ids)) == PER_HOUR + 1
        carrier = Carrier(SEALER, sender(receiver.port), None)
        async with delivering(database_url, carrier):
            await until(lambda: found(owner, "SELECT count(*) FROM deliveries HAVING count(settled_at) = 5"), 20)
            assert len(receiver.requests) == PER_HOUR, "the digest waits for more"
            await owner.execute(DUE_NOW)
            await until(lambda: found(owner, "SELECT count(*) FROM deliveries HAVING count(settled_at) = 6"))
    contents = [json.loads(request.body)["data"] for request in receiver.requests]
    assert [len(content["events"]) for content in contents] == [1] * PER_HOUR + [MOST_EVENTS]
    assert sum(content["number"] for content in contents) == len(events)
    [later] = await put(owner, channel)
    assert later not in ids, "a digest that was sent takes no more events"


async def test_two_transactions_add_to_one_digest(api: Api, owner: Connection, database_url: str) -> None:
    """The second one waits for the first."""
    channel = (await api.create())["id"]
    for _ in range(PER_HOUR):
        await put(owner, channel)

    async def add() -> UUID:
        async with connect(database_url) as connection:
            return (await put(connection, channel))[0]

    assert len(set(await asyncio.gather(*(add() for _ in range(8))))) == 1
    assert await found(owner, "SELECT number, jsonb_array_length(events) FROM deliveries WHERE digest") == [(8, 8)]


async def test_a_digest_is_not_sent_while_an_event_is_added(api: Api, owner: Connection, database_url: str) -> None:
    """Its row is locked: the deliverer goes on with others, and sends it with the event afterwards."""
    channel, other = (await api.create())["id"], (await api.create(body(name="other")))["id"]
    for _ in range(PER_HOUR + 1):
        await put(owner, channel)
    await owner.execute("UPDATE deliveries SET state = 'delivered', settled_at = now() WHERE NOT digest")
    await owner.execute(DUE_NOW)
    carrier = FakeCarrier()
    async with AsyncExitStack() as stack:
        adding = await stack.enter_async_context(connect(database_url))
        async with adding.transaction():
            await enqueue(adding, "acme", EVENT, [UUID(channel)])
            await stack.enter_async_context(delivering(database_url, carrier))
            await put(owner, other)
            await until(lambda: found(owner, f"SELECT FROM deliveries WHERE channel = '{other}' AND attempts = 1"))
            assert [one.number for one in carrier.sent] == [1]  # type: ignore[attr-defined]
        await until(lambda: found(owner, "SELECT FROM deliveries WHERE digest AND state = 'delivered'"))
    assert carrier.sent[-1].number == 2  # type: ignore[attr-defined]


async def test_attempts_are_bounded_per_channel_and_organization(
    api: Api, owner: Connection, database_url: str
) -> None:
    """One of a channel, a few of an organization: a tenant whose receivers hang does not hold up another."""
    for number in range(12):
        channel = (await api.create(body(mail(), name=str(number))))["id"]
        await put(owner, channel)
        await put(owner, channel)
    await put(owner, (await api.create(body(mail()), organization="globex"))["id"], organization="globex")
    carrier: Any = FakeCarrier(wait=2.5)
    async with delivering(database_url, carrier):
        await until(lambda: found(owner, "SELECT FROM deliveries WHERE organization = 'globex' AND attempts = 1"), 5)
        await until(lambda: found(owner, "SELECT count(*) FROM deliveries HAVING count(settled_at) > 6"), 20)
    most = carrier.most
    assert most["acme"] == PER_ORGANIZATION
    assert most["all"] <= AT_ONCE
    assert max(number for key, number in most.items() if isinstance(key, UUID)) == 1


async def test_two_workers_share_the_rows(api: Api, owner: Connection, database_url: str) -> None:
    """No row is sent twice while both live."""
    for number in range(10):
        await put(owner, (await api.create(body(mail(), name=str(number))))["id"])
    one: Any = FakeCarrier(wait=0.3)
    two: Any = FakeCarrier(wait=0.3)
    async with delivering(database_url, one), delivering(database_url, two):
        await until(lambda: found(owner, "SELECT count(*) FROM deliveries HAVING count(settled_at) = 10"), 20)
    sent = [delivery.id for delivery in one.sent + two.sent]
    assert len(sent) == len(set(sent)) == 10


async def test_a_row_that_is_a_bug_does_not_stop_the_others(api: Api, owner: Connection, database_url: str) -> None:
    """It fails, with its trace in the log, and is tried again later."""
    good, bad = (await api.create())["id"], (await api.create(body(name="bad")))["id"]
    await put(owner, bad, good)
    await owner.execute(f"UPDATE channels SET kind = 'pigeon' WHERE id = '{bad}'")
    async with receiving() as receiver:
        url = f'{{"url": "http://127.0.0.1:{receiver.port}/"}}'
        await owner.execute(f"UPDATE channels SET target = target || '{url}' WHERE id = '{good}'")
        async with delivering(database_url, Carrier(SEALER, sender(receiver.port), None)):
            await until(lambda: found(owner, "SELECT count(*) FROM deliveries HAVING sum(attempts) = 2"))
            await until(lambda: found(owner, "SELECT FROM deliveries WHERE reason = 'internal'"))
            await until(lambda: found(owner, "SELECT FROM deliveries WHERE state = 'delivered'"))


# --- the test message and the list --------------------------------------------


async def test_a_test_message_is_an_ordinary_notification(api: Api, owner: Connection) -> None:
    """202 with its delivery; a repeated key makes no second one; it counts for the digest like others."""
    channel = (await api.create())["id"]
    path = f"{ACME}/channels/{channel}/test"
    made = await api.send("POST", path, idempotency_key="k")
    assert (made.status_code, made.json()["state"], made.json()["channel"]) == (202, "pending", channel)
    assert (await api.send("POST", path, idempotency_key="k")).text == made.text
    assert await found(owner, STATES) == [("pending", 0, None, None)]
    for _ in range(10):
        await api.send("POST", path)
    assert await found(owner, "SELECT count(*), sum(number) FROM deliveries") == [(PER_HOUR + 1, 11)]
    off = (await api.create(body(name="off", enabled=False)))["id"]
    assert (await api.send("POST", f"{ACME}/channels/{off}/test")).status_code == 409


async def test_deliveries_are_listed_by_state_and_channel(api: Api, owner: Connection) -> None:
    """Only the organization's, the newest first, and no event text that is not the title."""
    one, two = (await api.create())["id"], (await api.create(body(name="two")))["id"]
    foreign = (await api.create(organization="globex"))["id"]
    await put(owner, one)
    await put(owner, two)
    await put(owner, foreign, organization="globex")
    await owner.execute(f"UPDATE deliveries SET state = 'dead', settled_at = now() WHERE channel = '{two}'")

    async def listed(query: str) -> list[str]:
        return [row["channel"] for row in (await api.send("GET", f"{ACME}/deliveries{query}")).json()["deliveries"]]

    assert await listed("") == [two, one]
    assert await listed("?limit=1") == [two]
    assert await listed("?state=dead") == [two]
    assert await listed("?state=pending") == [one]
    assert await listed(f"?channel={one}") == [one]
    assert await listed(f"?channel={foreign}") == []
    for query in ("?state=x", "?limit=0", "?channel=1", "?more=1"):
        assert (await api.send("GET", f"{ACME}/deliveries{query}")).status_code == 400
    [theirs] = (await api.send("GET", "/api/organization/globex/deliveries")).json()["deliveries"]
    assert (await api.send("POST", f"{ACME}/deliveries/{theirs['id']}/retry")).json()["code"] == "delivery_not_found"


# --- what is kept -------------------------------------------------------------


async def test_old_rows_are_forgotten(api: Api, owner: Connection) -> None:
    """Keys after a day, delivered notifications after 30 days, dead ones after 90. Pending ones never."""
    channel = (await api.send("POST", f"{ACME}/channels", body(), idempotency_key="k")).json()["id"]
    for state, days in (("delivered", 29), ("delivered", 31), ("dead", 89), ("dead", 91), ("pending", 100)):
        [delivery] = await put(owner, channel)
        settled = f"now() - interval '{days} days'" if state != "pending" else "NULL"
        old = f"UPDATE deliveries SET state = '{state}', settled_at = {settled}, created_at = now() - interval '9 days'"
        await owner.execute(f"{old} WHERE id = '{delivery}'")
    await forget(owner)
    assert len(await found(owner, "SELECT FROM idempotency_keys")) == 1
    await owner.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    await forget(owner)
    assert await found(owner, "SELECT FROM idempotency_keys") == []
    assert sorted(row[0] for row in await found(owner, STATES)) == ["dead", "delivered", "pending"]


async def test_a_new_key_replaces_the_old_one(api: Api, owner: Connection) -> None:
    """After `reseal`, the old key can be removed. A secret that no key decrypts is counted, and kept."""
    channel = (await api.create())["id"]
    new = "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldy0="
    both = Sealer([new, *SEALER.keys])
    assert await reseal(owner, both) == 0
    assert await reseal(owner, both) == 0
    [(sealed,)] = await found(owner, "SELECT sealed FROM channels")
    assert Sealer([new]).open("acme", channel, bytes(sealed)) == {"secret": webhook()["secret"]}  # type: ignore[arg-type]
    assert await reseal(owner, SEALER) == 1
    assert await reseal(owner, Sealer()) == 0
    assert await found(owner, "SELECT sealed FROM channels") == [(sealed,)]
