"""Each kind of channel with a real receiver: signed webhooks, e-mail, Slack, Teams, Alertmanager."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from standardwebhooks import Webhook, WebhookVerificationError

from billing_service.notifications.deliver import Carrier
from billing_service.notifications.event import Event
from billing_service.notifications.failure import NotDelivered
from billing_service.notifications.mail import MailServer
from billing_service.notifications.outbox import Channel, Delivery
from billing_service.notifications.seal import Sealer
from tests.integration.billing_service.process import free_port

from .alertmanager import alertmanager
from .receivers import certificate, receiving, sender

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
SEALER = Sealer([KEY])
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
AT = datetime(2026, 11, 28, 10, tzinfo=UTC)


def event(number: int = 1, **changes: Any) -> Event:
    usual = {"kind": "budget.threshold", "status": "firing", "at": AT, "title": f"Budget {number} <b>&</b> @here"}
    usual |= {"text": f"Spent {number} €.", "labels": {"budget": str(number)}, "details": {"Amount": "1 < 2"}}
    return Event(**usual | changes)


def delivery(kind: str, *events: Event, number: int | None = None) -> Delivery:
    found = events or (event(),)
    return Delivery("acme", uuid4(), uuid4(), kind, found, number or len(found), 1)


def channel(of: Delivery, target: dict[str, Any], secrets: dict[str, Any]) -> Channel:
    return Channel(of.kind, True, target, SEALER.seal("acme", str(of.channel), secrets) if secrets else None)


async def send(of: Delivery, target: dict[str, Any], secrets: dict[str, Any], *ports: int) -> int:
    return await Carrier(SEALER, sender(*ports), None).send(of, channel(of, target, secrets))


# --- webhooks -----------------------------------------------------------------


async def test_a_webhook_is_signed_as_the_published_library_verifies_it() -> None:
    """Its id is the id of the delivery in each attempt; the signature covers id, time and body."""
    one = delivery("webhook")
    async with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/hook"
        for _ in range(2):
            assert await send(one, {"url": url}, {"secret": SECRET}, receiver.port) == 200
    for request in receiver.requests:
        content = Webhook(SECRET).verify(request.body, request.headers)
        assert content["type"] == "budget.threshold"
        assert content["data"]["events"] == [json.loads(json.dumps(event().to_json()))]
        assert SECRET not in str(request)
    assert {request.headers["webhook-id"] for request in receiver.requests} == {f"msg_{one.id.hex}"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(receiver.requests[0].body + b" ", receiver.requests[0].headers)


async def test_a_digest_is_one_message() -> None:
    """With its events, and how many there were."""
    async with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/hook"
        digest = delivery("webhook", event(1), event(2), number=7)
        assert await send(digest, {"url": url}, {"secret": SECRET}, receiver.port) == 200
    content = Webhook(SECRET).verify(receiver.requests[0].body, receiver.requests[0].headers)
    assert (content["type"], content["data"]["number"], len(content["data"]["events"])) == ("digest", 7, 2)
    assert content["data"]["title"] == "7 notifications for acme"


# --- chats --------------------------------------------------------------------


async def test_slack_gets_text_without_markup_of_the_event() -> None:
    """& < > are escaped, so that no name becomes a link or a mention."""
    async with receiving() as receiver:
        secrets = {"url": f"http://127.0.0.1:{receiver.port}/services/T/B/x"}
        assert await send(delivery("slack", event(1), event(2), number=30), {}, secrets, receiver.port) == 200
    text = json.loads(receiver.requests[0].body)["text"]
    assert text.startswith("*30 notifications for acme*\n*Budget 1 &lt;b&gt;&amp;&lt;/b&gt; @here*\nSpent 1 €.")
    assert text.endswith("and 28 more")


async def test_teams_gets_an_adaptive_card() -> None:
    """The form that incoming webhooks of Teams take; its texts are runs without markup."""
    async with receiving(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n") as receiver:
        secrets = {"url": f"http://127.0.0.1:{receiver.port}/workflows/x?sig=y"}
        assert await send(delivery("teams"), {}, secrets, receiver.port) == 202
    body = json.loads(receiver.requests[0].body)
    [attachment] = body["attachments"]
    assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    title, text, facts = attachment["content"]["body"]
    assert title["inlines"][0]["text"] == "Budget 1 <b>&</b> @here"
    assert text["inlines"][0]["text"] == "Spent 1 €."
    assert facts["facts"] == [{"title": "Amount", "value": "1 < 2"}]


# --- Alertmanager -------------------------------------------------------------


async def test_a_real_alertmanager_gets_and_ends_alerts(tmp_path: Path) -> None:
    """A firing event is an active alert, once however often it is sent; the resolved one ends it."""
    now = datetime.now(UTC) - timedelta(seconds=5)
    async with alertmanager(tmp_path) as port, httpx2.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{port}"

        async def active() -> list[dict[str, Any]]:
            return list((await client.get(f"{url}/api/v2/alerts?active=true")).json())

        firing = delivery("alertmanager", event(at=now))
        for _ in range(2):
            assert await send(firing, {"url": url + "/"}, {}, port) == 200
        [alert] = await active()
        assert alert["labels"] == {"alertname": "budget.threshold", "organization": "acme", "budget": "1"}
        assert alert["annotations"]["description"] == "Spent 1 €."
        assert alert["annotations"]["notification_id"] == firing.message_id
        resolved = delivery("alertmanager", event(status="resolved", at=now + timedelta(seconds=3)))
        assert await send(resolved, {"url": url}, {}, port) == 200
        assert await active() == []


async def test_credentials_of_an_alertmanager_are_sent() -> None:
    """Basic or bearer."""
    async with receiving() as receiver:
        target = {"url": f"http://127.0.0.1:{receiver.port}/prefix", "username": "billing"}
        for secrets in ({"password": "p:w"}, {"bearer_token": "token"}):
            assert await send(delivery("alertmanager"), target, secrets, receiver.port) == 200
    basic, bearer = receiver.requests
    assert basic.line == "POST /prefix/api/v2/alerts HTTP/1.1"
    assert base64.b64decode(basic.headers["authorization"].removeprefix("Basic ")) == b"billing:p:w"
    assert bearer.headers["authorization"] == "Bearer token"


# --- e-mail -------------------------------------------------------------------


@dataclass
class Mailbox:
    """The handler of a real SMTP server. It refuses recipients that begin with `unknown`."""

    envelopes: list[Envelope]

    async def handle_RCPT(self, _: Any, __: Any, envelope: Envelope, address: str, ___: Any) -> str:  # noqa: N802
        if address.startswith("unknown"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's interface
        self.envelopes.append(envelope)
        return "250 OK"


@asynccontextmanager
async def mail_server(**options: Any) -> AsyncIterator[tuple[Mailbox, int]]:
    box, port = Mailbox([]), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    await asyncio.to_thread(controller.start)
    try:
        yield box, port
    finally:
        await asyncio.to_thread(controller.stop)


async def mail(server: MailServer, *recipients: str, of: Delivery | None = None) -> int:
    of = of or delivery("email")
    return await Carrier(SEALER, sender(), server).send(of, channel(of, {"recipients": list(recipients)}, {}))


def plain(port: int, **changes: Any) -> MailServer:
    usual = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "Billing <billing@example.com>"}
    return MailServer(**usual | {"tls": ssl.create_default_context(), "seconds": 3} | changes)


async def test_an_e_mail_is_plain_and_html() -> None:
    """Escaped in HTML, with the id of the delivery as Message-ID, and no automatic reply."""
    of = delivery("email", event(title="Budget\r\nBcc: x@example.com <b>"), event(2))
    async with mail_server() as (box, port):
        assert await mail(plain(port), "ops@example.org", "cfo@example.org", of=of) == 250
    [envelope] = box.envelopes
    assert envelope.rcpt_tos == ["ops@example.org", "cfo@example.org"]
    found = message_from_bytes(envelope.content, policy=default)
    assert found["Message-ID"] == f"<msg_{of.id.hex}@example.com>"
    assert (found["Subject"], found["Bcc"]) == ("[billing] 2 notifications for acme", None)
    assert found["Auto-Submitted"] == "auto-generated"
    text, html = (found.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "Spent 2 €." in text
    assert "Budget 2 &lt;b&gt;&amp;&lt;/b&gt; @here" in html
    assert "<b>" not in html


async def test_a_title_with_a_line_break_is_one_subject() -> None:
    """Nothing of it becomes a header."""
    async with mail_server() as (box, port):
        assert await mail(plain(port), "ops@example.org", of=delivery("email", event(title="A\r\nBcc: b"))) == 250
    found = message_from_bytes(box.envelopes[0].content, policy=default)
    assert (found["Subject"], found["Bcc"]) == ("[billing] A Bcc: b", None)


async def test_starttls_and_a_password_are_used(tmp_path: Path) -> None:
    """The certificate is verified; without STARTTLS on the server nothing is sent."""
    server, client = certificate(tmp_path, "localhost")

    def check(_: Any, __: Any, ___: Any, ____: Any, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"billing", b"secret"))

    options = {"tls_context": server, "auth_required": True, "authenticator": check, "require_starttls": True}
    async with mail_server(**options) as (box, port):
        good = {"host": "localhost", "security": "starttls", "tls": client, "username": "billing"}
        assert await mail(plain(port, **good, password="secret"), "ops@example.org") == 250
        for wrong in ({"password": "other"}, {"password": "secret", "tls": ssl.create_default_context()}):
            with pytest.raises(NotDelivered):
                await mail(plain(port, **good | wrong), "ops@example.org")
    assert len(box.envelopes) == 1
    async with mail_server() as (box, port):
        with pytest.raises(NotDelivered):
            await mail(plain(port, security="starttls"), "ops@example.org")
    assert box.envelopes == []


async def test_a_server_that_refuses_is_a_failure_with_its_code() -> None:
    """All recipients: a failure. Some of them: delivered to the others, with the code."""
    async with mail_server() as (box, port):
        with pytest.raises(NotDelivered) as refused:
            await mail(plain(port), "unknown@example.org")
        assert (refused.value.reason, refused.value.status) == ("mail_server", 550)
        assert await mail(plain(port), "unknown@example.org", "ops@example.org") == 550
    assert [envelope.rcpt_tos for envelope in box.envelopes] == [["ops@example.org"]]


async def test_a_server_that_is_silent_or_away_is_a_failure() -> None:
    """Within the limit."""

    async def wait(*_: Any) -> None:
        await asyncio.sleep(5)

    async with receiving(wait) as silent:
        with pytest.raises(NotDelivered, match="timeout"):
            await mail(plain(silent.port, seconds=0.5), "ops@example.org")
    with pytest.raises(NotDelivered, match="connection"):
        await mail(plain(free_port()), "ops@example.org")


async def test_without_a_mail_server_or_a_key_nothing_is_sent() -> None:
    """A failure with its reason."""
    of = delivery("email")
    with pytest.raises(NotDelivered, match="not_configured"):
        await Carrier(SEALER, sender(), None).send(of, channel(of, {"recipients": ["ops@example.org"]}, {}))
    hook = delivery("webhook")
    sealed = channel(hook, {"url": "https://hooks.example.com/"}, {"secret": SECRET})
    with pytest.raises(NotDelivered, match="not_configured"):
        await Carrier(Sealer(), sender(), None).send(hook, sealed)
    other = Sealer([base64.urlsafe_b64encode(b"o" * 32).decode()])
    with pytest.raises(NotDelivered, match="unreadable"):
        await Carrier(other, sender(), None).send(hook, sealed)
    moved = delivery("webhook")
    with pytest.raises(NotDelivered, match="unreadable"):
        await Carrier(SEALER, sender(), None).send(moved, sealed)
