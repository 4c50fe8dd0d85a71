"""The steps of a WebSocket connection, in order.

    origin (403) -> route (404) -> token (401) -> parameters (400) -> guest (403) -> protocol (400) -> places (503)
    -> 101, one log line -> messages; token and access are checked again -> close code, one log line

A refusal is an HTTP response with the envelope, as everywhere.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from common.access.ownership import Ownership
from common.access.roles import require_member
from common.billing.client import BillingClient
from common.endpoint import Socket, SocketService
from common.http.cors import Cors
from common.http.errors import ApiError, NotFound, TokenExpired
from common.http.parameters import read_parameters
from common.http.request import Receive, Request, Scope, Send, read_request
from common.http.response import all_headers, error_response
from common.http.server_errors import InternalError, TooManyConnections
from common.identity.authenticator import Authenticator
from common.identity.caller import Caller
from common.model import Parameters
from common.process import log, metrics, request_log
from common.process.serving import Serving
from common.process.settings import Settings
from common.sockets.handshake import read_token, require_origin, require_protocol
from common.sockets.session import Session

SWITCHING_PROTOCOLS = 101
MOST_OF_A_CALLER = 50


class SocketServer:
    def __init__(
        self,
        sockets: Sequence[Socket],
        settings: Settings,
        *,
        authenticator: Authenticator,
        billing: BillingClient,
        ownership: Ownership,
        cors: Cors,
        serving: Serving,
    ) -> None:
        self._settings = settings
        self._authenticator = authenticator
        self._cors = cors
        self._serving = serving
        self._sockets = {
            socket.route: (socket, socket.service(billing, ownership)) for socket in sockets
        }  # one service for all connections of a route
        self._open: Counter[tuple[str, str | None]] = Counter()  # connections of each caller

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        session, service, request_id = await self._admit(scope, receive, send) or (None, None, "")
        if session is None or service is None:
            return
        started = asyncio.get_running_loop().time()
        key = (session.caller.organization, session.caller.subject)
        self._open[key] += 1
        metrics.live_connections.inc()
        try:
            ended = await session.run(receive, send)
        finally:
            service.leave(session)
            metrics.live_connections.dec()
            self._open[key] -= 1
            self._open += Counter()  # without callers that have no connection
        seconds = round(asyncio.get_running_loop().time() - started, 1)
        log.info("connection closed", request_id=request_id, code=ended.code, reason=ended.reason, seconds=seconds)

    # --- the handshake ----------------------------------------------------------

    async def _admit(
        self, scope: Scope, receive: Receive, send: Send
    ) -> tuple[Session, SocketService[Any], str] | None:
        """None: it was refused. After it, nothing here holds the request and its token but the session's check."""
        request = read_request({**scope, "method": "GET"}, receive)
        self._serving.start_span(request)
        await receive()  # websocket.connect
        try:
            socket, service = self._find(request)
            session = await self._open_session(request, socket, service)
        except ApiError as error:
            await self._refuse(request, error, send)
            return None
        except Exception as exc:  # noqa: BLE001 - the client gets the envelope for every bug
            log.bug("bug", exc, request_id=request.request_id)
            await self._refuse(request, InternalError("bug"), send)
            return None
        headers = [(b"x-request-id", request.request_id.encode())]
        await send({"type": "websocket.accept", "subprotocol": socket.protocol, "headers": headers})
        request.status = SWITCHING_PROTOCOLS
        self._serving.finish(request)
        return session, service, request.request_id

    def _find(self, request: Request) -> tuple[Socket, SocketService[Any]]:
        require_origin(request, self._cors.origins)
        found = self._sockets.get((request.scope.get("raw_path") or b"").decode("latin-1"))
        if found is None:
            raise NotFound("path")
        request.route = found[0].route
        return found

    async def _open_session(self, request: Request, socket: Socket, service: SocketService[Any]) -> Session:
        subprotocols = request.scope["subprotocols"]
        token = read_token(request, subprotocols)
        request.caller = caller = await self._authenticate(token)
        read_parameters(Parameters, {}, request.scope["query_string"])
        require_member(caller)
        require_protocol(socket.protocol, subprotocols)
        self._require_place(caller)

        async def check(session: Session) -> None:
            session.caller = await self._authenticate(token)
            require_member(session.caller)
            await service.check(session)

        return Session(
            caller,
            socket.message,
            service.receive,
            check,
            longest_seconds=self._settings.socket_seconds,
            check_seconds=self._settings.socket_check_seconds,
        )

    async def _authenticate(self, token: bytes) -> Caller:
        """Without the leeway for clocks that requests have: a connection ends at `exp`. Raises ApiError."""
        caller = self._authenticator.get_caller(token) or await self._authenticator.authenticate(token)
        if not caller.is_valid:
            raise TokenExpired("time")
        return caller

    def _require_place(self, caller: Caller) -> None:
        if self._open.total() >= self._settings.socket_max_connections:
            raise TooManyConnections("pod_full")
        if self._open[caller.organization, caller.subject] >= MOST_OF_A_CALLER:
            raise TooManyConnections("caller_full")

    async def _refuse(self, request: Request, error: ApiError, send: Send) -> None:
        request_log.count_rejection(request, error)
        response = error_response(error)
        request.status = response.status
        headers = all_headers(response, request.request_id, self._cors.response_headers(request))
        await send({"type": "websocket.http.response.start", "status": response.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": response.body})
        self._serving.finish(request)
