"""Delivers what is in the outbox, as long as the worker runs.

A row is claimed by a lease, sent, and settled. A worker that is killed in between leaves a row whose lease ends: it is
sent again, with the same id. Several workers share the rows. At most AT_ONCE attempts run at the same time, of one
organization at most PER_ORGANIZATION, of one channel one: a receiver that hangs holds up nobody else.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from billing_service.database import Connection, connect
from billing_service.database_failure import AWAY, OUTDATED, reason
from billing_service.notifications import alertmanager, chat, webhook
from billing_service.notifications.connect import Post, Sender
from billing_service.notifications.event import Message
from billing_service.notifications.failure import NotDelivered
from billing_service.notifications.mail import MailServer
from billing_service.notifications.outbox import (
    Channel,
    Delivery,
    Due,
    claim,
    delivered,
    failed,
    find_due,
    read_channel,
)
from billing_service.notifications.seal import NoKeyError, Sealer, UnreadableError

if TYPE_CHECKING:
    from uuid import UUID

AT_ONCE = 16
PER_ORGANIZATION = 4
_PAUSE_SECONDS = 1.0
_AFTER_FAILURE_SECONDS = 5.0

POSTS: Mapping[str, Callable[[dict[str, Any], Message], Post]] = {
    "webhook": webhook.post,
    "slack": chat.slack,
    "teams": chat.teams,
    "alertmanager": alertmanager.post,
}

_logger = logging.getLogger("billing_service")


@dataclass(frozen=True)
class Carrier:
    """Sends one message to one channel. Raises NotDelivered."""

    sealer: Sealer
    sender: Sender
    mail_server: MailServer | None

    async def send(self, delivery: Delivery, channel: Channel) -> int:
        target = channel.target | self._secrets(delivery, channel)
        now = datetime.now(UTC)
        message = Message(delivery.message_id, delivery.organization, now, delivery.events, delivery.number)
        if channel.kind != "email":
            return await self.sender.send(POSTS[channel.kind](target, message))
        if self.mail_server is None:
            raise NotDelivered("not_configured")
        return await self.mail_server.send(target, message)

    def _secrets(self, delivery: Delivery, channel: Channel) -> dict[str, Any]:
        if channel.sealed is None:
            return {}
        try:
            return self.sealer.open(delivery.organization, str(delivery.channel), channel.sealed)
        except NoKeyError as error:
            raise NotDelivered("not_configured") from error
        except UnreadableError as error:
            raise NotDelivered("unreadable") from error


class Deliverer:
    """`count` is called with the kind of the channel and the result: delivered, failed (tried again) or dead."""

    def __init__(self, url: str, carrier: Carrier, count: Callable[[str, str], None]) -> None:
        self._url = url
        self._carrier = carrier
        self._count = count
        self._running: dict[tuple[str, UUID], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled. What is being sent then is sent again after its lease."""
        while True:
            try:
                async with connect(self._url) as connection:
                    await self._work(connection)
            except (*AWAY, *OUTDATED) as error:
                _logger.warning("the outbox cannot be read", extra={"fields": {"reason": reason(error)}})
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)

    async def _work(self, connection: Connection) -> None:
        try:
            while True:
                for due in await find_due(connection):
                    self._start(connection, due)
                for task in [task for task in self._running.values() if task.done()]:
                    task.result()
                self._running = {key: task for key, task in self._running.items() if not task.done()}
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            self._running.clear()

    def _start(self, connection: Connection, due: Due) -> None:
        key = (due.organization, due.channel)
        own = sum(organization == due.organization for organization, _ in self._running)
        if key not in self._running and len(self._running) < AT_ONCE and own < PER_ORGANIZATION:
            self._running[key] = asyncio.create_task(self._deliver(connection, due))

    async def _deliver(self, connection: Connection, due: Due) -> None:
        """The statements of all tasks share the connection; each is a transaction."""
        delivery = await claim(connection, due)
        if delivery is None:
            return
        try:
            status = await self._send(delivery, await read_channel(connection, delivery))
        except NotDelivered as failure:
            result = await failed(connection, delivery, failure)
            _log(delivery, failure, result)
        else:
            result = "delivered"
            await delivered(connection, delivery, status)
        self._count(delivery.kind, result)

    async def _send(self, delivery: Delivery, channel: Channel) -> int:
        """A bug about one row does not stop the others."""
        try:
            return await self._carrier.send(delivery, channel)
        except NotDelivered:
            raise
        except Exception as error:
            _logger.exception("a notification cannot be sent", extra={"fields": {"delivery": str(delivery.id)}})
            raise NotDelivered("internal") from error


def _log(delivery: Delivery, failure: NotDelivered, result: str) -> None:
    fields = {
        "organization": delivery.organization,
        "delivery": str(delivery.id),
        "kind": delivery.kind,
        "attempts": delivery.attempts,
        "result": result,
        "reason": failure.reason,
        "status": failure.status,
    }
    _logger.warning("a notification was not delivered", extra={"fields": fields})
