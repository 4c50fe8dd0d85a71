"""The HTTP server: until SIGTERM, then what runs is ended within seconds."""

import signal
import socket
import sys

import uvicorn

from billing_service import request_log
from billing_service.api import create_app
from billing_service.database import Database, open_database
from billing_service.settings import ServiceSettings

_QUERIES_END_SECONDS = 2.5
_REQUESTS_END_SECONDS = 5


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, database: Database) -> None:
        super().__init__(config)
        self._database = database

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Before uvicorn would cancel them, requests that wait for the database get their 503."""
        self._database.end_within(_QUERIES_END_SECONDS)
        await super().shutdown(sockets)


async def serve(settings: ServiceSettings) -> None:
    request_log.configure()
    database = open_database(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        timeout_seconds=settings.database_timeout_seconds,
    )
    # uvicorn stops cleanly on SIGTERM and then raises it again: that second one is the end of a good run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    async with database as opened:
        config = uvicorn.Config(
            create_app(opened, settings.billing_api_token.get_secret_value()),
            host=settings.host,
            port=settings.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_REQUESTS_END_SECONDS,
        )
        await Server(config, opened).serve()
