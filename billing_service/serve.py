"""The HTTP server. It runs until SIGTERM. Then running requests end within seconds."""

import asyncio
import gc
import logging
import signal
import socket
import sys

import uvicorn

from billing_service import request_log
from billing_service.api import create_app
from billing_service.database import Database, open_database
from billing_service.errors import ServiceError
from billing_service.live.feed import Feed
from billing_service.metrics import Metrics, listen, watch_newest_usage
from billing_service.notifications.channels import Channels
from billing_service.notifications.settings import ChannelSettings
from billing_service.settings import ServiceSettings

_QUERIES_END_SECONDS = 2.5
_REQUESTS_END_SECONDS = 5
_BACKLOG = 2048
_RETRY_SECONDS = 5
_HELD = "SELECT row_security_active('usage_lines') AS held"

_logger = logging.getLogger("billing_service")


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, database: Database, feed: Feed) -> None:
        super().__init__(config)
        self._database = database
        self._feed = feed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests that wait for the database receive 503 before uvicorn would cancel them."""
        self._feed.close()
        self._database.end_within(_QUERIES_END_SECONDS)
        await super().shutdown(sockets)


async def serve(settings: ServiceSettings, channels: ChannelSettings) -> None:
    request_log.configure()
    sockets = open_sockets(settings.host, settings.port)
    database = open_database(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        timeout_seconds=settings.database_timeout_seconds,
    )
    # uvicorn stops cleanly on SIGTERM and then raises the signal again. This handler then sets exit code 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    async with database as opened:
        metrics = Metrics(opened.pool)
        tasks = [
            asyncio.create_task(watch_newest_usage(metrics, opened)),
            asyncio.create_task(_warn_without_row_security(opened)),
        ]
        if settings.metrics_port:
            tasks.append(asyncio.create_task(asyncio.to_thread(listen, metrics, settings.host, settings.metrics_port)))
        offered = Channels(opened, channels.sealer(), channels.guard(), offers_mail=channels.mail_server() is not None)
        feed = Feed(opened)
        config = uvicorn.Config(
            create_app(opened, *settings.tokens, metrics=metrics, channels=offered, feed=feed),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_REQUESTS_END_SECONDS,
        )
        freeze_imports()
        try:
            await Server(config, opened, feed).serve(sockets)
        finally:
            for task in tasks:
                task.cancel()


def freeze_imports() -> None:
    """The garbage collector does not look at what was imported again: it took 40 ms of one response in a hundred."""
    gc.collect()
    gc.freeze()


async def _warn_without_row_security(database: Database) -> None:
    """Once, as soon as the database is available."""
    while True:
        try:
            [row] = await database.fetch(_HELD)
        except ServiceError:
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        if not row["held"]:
            _logger.warning(
                "row-level security is not in effect: serve runs as the owner of the tables or as a superuser, "
                "and a role that can only read is safer (python -m billing_service grants)"
            )
        return


def _listeners(host: str, port: int) -> list[socket.socket]:
    """`::` listens on IPv6 and IPv4 if the machine has both, and on IPv4 if it has no IPv6. A name listens on each of
    its addresses. Raises OSError."""
    if host == "::" and socket.has_dualstack_ipv6():
        return [socket.create_server((host, port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)]
    if host == "::":
        return [socket.create_server(("0.0.0.0", port), backlog=_BACKLOG)]  # noqa: S104 - what HOST=:: means
    found = dict.fromkeys(
        (family, address[0]) for family, *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return [socket.create_server((str(address), port), family=family, backlog=_BACKLOG) for family, address in found]


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Accepted connections inherit TCP_NODELAY. asyncio sets it only on sockets that it opens itself, and without it
    each response waits 40 ms for the client's delayed acknowledgement.
    """
    listeners = _listeners(host, port)
    for listener in listeners:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listeners
