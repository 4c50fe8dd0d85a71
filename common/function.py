"""The steps of one request, in order. START HERE.

    request id, trace context -> route and method (404, 405) -> caller (401) -> parameters, body (400, 413, 415, 422)
    -> access (403) -> preconditions (428) -> the endpoint's own lines -> billing service (503) -> 304 or envelope
    -> one log line, metrics

A function is an ASGI app: functions-framework calls its target, which returns this app as the response.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Self, assert_never

from common.access.ownership import Ownership, make_ownership
from common.access.roles import deny, require_member, require_namespace, require_org_admin, require_organization
from common.billing.client import BillingClient
from common.billing.rejections import ProjectNotFound
from common.billing.transport import HttpClient, Timeouts
from common.billing.upstream_request import make_upstream_request
from common.endpoint import Access, Call, Endpoint, Socket
from common.http.body import read_body
from common.http.cors import Cors
from common.http.errors import (
    ApiError,
    HeadersTooLarge,
    MethodNotAllowed,
    UnexpectedBody,
    UpgradeRequired,
)
from common.http.parameters import read_namespace, read_parameters
from common.http.preconditions import read_preconditions
from common.http.request import MAX_HEAD_BYTES, ClientDisconnected, Receive, Request, Scope, Send, read_request
from common.http.response import Response, all_headers, error_response
from common.http.routing import Router
from common.http.server_errors import InternalError
from common.identity.authenticator import Authenticator
from common.identity.caller import Caller
from common.identity.key_sets import KeySets
from common.identity.token import read_credentials
from common.process import log, request_log, startup
from common.process.deadline import Deadline, is_cancelled
from common.process.serving import Serving, read_settings_or_exit
from common.process.settings import Settings
from common.rendering import render, stream

if TYPE_CHECKING:
    from common.billing.transport import AsyncBaseTransport
    from common.sockets.server import SocketServer

NOT_MODIFIED: Final = 304


class Function:
    """Loading a function changes nothing in the process, unless functions-framework loads it as its target."""

    def __init__(
        self,
        name: str,
        *,
        port: int,
        endpoints: Sequence[Endpoint[Any, Any]] = (),
        sockets: Sequence[Socket] = (),
    ) -> None:
        self.name = name
        self.port = port  # for `make run`; in a container PORT has the port
        self.endpoints = tuple(endpoints)
        self.sockets = tuple(sockets)
        self._router = Router(endpoints)
        self._serving: Serving | None = None
        self._socket_server: SocketServer | None = None
        if startup.is_target(name):
            self.configure(read_settings_or_exit(name))
            startup.socket_app = self if sockets else None

    def configure(
        self,
        settings: Settings,
        *,
        billing_transport: "AsyncBaseTransport | None" = None,
        identity_transport: "AsyncBaseTransport | None" = None,
    ) -> Self:
        """Create what requests need. A transport replaces the network in tests."""
        self.settings = settings
        self.billing = BillingClient(settings, transport=billing_transport)
        seconds = settings.jwks_timeout_seconds
        identity = HttpClient(
            Timeouts(connect=seconds, read=seconds, pool=seconds, total=seconds),
            settings.jwks_max_bytes,
            ca_file=settings.oidc_ca_file,
            transport=identity_transport,
        )
        self.authenticator = Authenticator(
            settings, KeySets(settings, identity, is_registered=self.billing.organizations.includes)
        )
        self.ownership: Ownership = make_ownership(settings)
        self._cors = Cors(settings.cors_allowed_origins, [endpoint.method for endpoint in self.endpoints])
        self._serving = Serving(self.name, settings)
        if self.sockets:
            self._serve_sockets(self._serving)
        return self

    def _serve_sockets(self, serving: Serving) -> None:
        from common.sockets.server import SocketServer  # noqa: PLC0415 - only a function with sockets needs the import

        self._socket_server = SocketServer(
            self.sockets,
            self.settings,
            authenticator=self.authenticator,
            billing=self.billing,
            ownership=self.ownership,
            cors=self._cors,
            serving=serving,
        )

    # --- one request ----------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        serving = self._serving or self.configure(read_settings_or_exit(self.name)).serving
        serving.start()
        if scope["type"] == "websocket" and self._socket_server is not None:
            await self._socket_server.serve(scope, receive, send)
            return
        request = read_request(scope, receive)
        serving.start_span(request)
        try:
            response = await self._respond(request)
        except ApiError as error:
            response = _reject(request, error)
        except ClientDisconnected:
            request.status = request_log.CLIENT_CLOSED_REQUEST
            serving.finish(request)
            return
        except asyncio.CancelledError as exc:
            if is_cancelled():
                raise
            response = _bug(request, exc)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - the client gets the envelope for every bug
            response = _bug(request, exc)
        await self._send(request, response, send)
        serving.finish(request)

    @property
    def serving(self) -> Serving:
        if self._serving is None:
            raise TypeError("the function is not configured")
        return self._serving

    async def _respond(self, request: Request) -> Response:
        """The steps of a request, in their order. Raises ApiError and ClientDisconnected."""
        if request.scope["path"] == request_log.PROBE_PATH:
            return _probe(request)
        if request.headers_bytes > MAX_HEAD_BYTES:
            raise HeadersTooLarge("headers_too_large")
        self._refuse_without_upgrade(request)
        path, in_path = self._router.find(request.scope)
        request.route = path.route
        if request.method == "OPTIONS" and request.is_preflight:
            return Response(204, b"", self._cors.preflight_headers(request, path))
        endpoint = path.get_endpoint(request.method)
        request.caller = caller = await self._authenticate(request)
        request.namespace = read_namespace(in_path)
        parameters = read_parameters(endpoint.parameters, in_path, request.scope["query_string"])
        deadline = Deadline(
            request.started,
            self.settings.request_timeout_seconds,
            request.receive,
            watch_client=endpoint.method == "GET",  # a change that was sent is finished
        )
        body = await _read_body(request, endpoint, deadline.seconds_left)
        request.upstream = upstream = make_upstream_request(request, deadline.work_until, deadline.watch)
        call = Call(caller, parameters, body, self.billing, self.ownership, upstream)
        try:
            with deadline:
                await self._check_access(endpoint.access, call, request.namespace)
                preconditions = read_preconditions(request)
                upstream.add(preconditions)
                returned = await endpoint.handle(call)
        except ProjectNotFound:
            raise deny(caller, request.namespace, "not_in_organization") from None
        return render(request, endpoint, call, preconditions, returned)

    def _refuse_without_upgrade(self, request: Request) -> None:
        for socket in self.sockets:
            if socket.route == request.scope["path"]:
                request.route = socket.route
                raise UpgradeRequired if request.method == "GET" else MethodNotAllowed("GET")

    async def _authenticate(self, request: Request) -> Caller:
        unverified_token = read_credentials(request.headers.get(b"authorization", ()))
        caller = self.authenticator.get_caller(unverified_token)
        return caller or await self.authenticator.authenticate(unverified_token)

    async def _check_access(self, access: Access, call: Call[Any, Any], namespace: str | None) -> None:
        if access is Access.NAMESPACE:
            call.checked_namespace = await require_namespace(call.caller, namespace, self.ownership)
        elif access is Access.ORGANIZATION:
            call.checked_organization = await require_organization(call.caller, self.ownership)
        elif access is Access.ORG_ADMIN:
            call.checked_organization = require_org_admin(call.caller)
        elif access is Access.MEMBER:
            require_member(call.caller)
        elif access is not Access.TOKEN:
            assert_never(access)

    async def _send(self, request: Request, response: Response, send: Send) -> None:
        request.status = response.status
        headers = all_headers(response, request.request_id, self._cors.response_headers(request))
        body = b"" if request.method == "HEAD" else response.body
        if isinstance(body, bytes):
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await stream(request, response.status, headers, body, send)


# --- the steps ----------------------------------------------------------------


def _probe(request: Request) -> Response:
    if request.method != "GET":
        raise MethodNotAllowed("GET")
    request.route = request_log.PROBE_PATH
    return Response(200, b'{"status":"ok"}')


async def _read_body(request: Request, endpoint: Endpoint[Any, Any], seconds: float) -> Any:
    if endpoint.body is not None:
        return await read_body(request, endpoint.body, endpoint.max_body_bytes, seconds)
    if request.has_body:
        raise UnexpectedBody("body", public=f"A {request.method} request must not have a body")
    return None


def _reject(request: Request, error: ApiError) -> Response:
    request_log.count_rejection(request, error)
    return error_response(error)


def _bug(request: Request, exc: BaseException) -> Response:
    log.bug("bug", exc, request_id=request.request_id)
    return _reject(request, InternalError("bug"))
