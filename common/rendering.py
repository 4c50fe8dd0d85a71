"""The last step of a request: a 304, the envelope, a table, or a stream."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from starlette.responses import StreamingResponse

from common.endpoint import Call, Endpoint
from common.http.preconditions import Preconditions, caller_etag
from common.http.request import Request, Send
from common.http.response import Headers, Response, Result, success_response
from common.process import log

NOT_MODIFIED: Final = 304


def render(
    request: Request,
    endpoint: Endpoint[Any, Any],
    call: Call[Any, Any],
    preconditions: Preconditions,
    returned: Result[Any] | Response,
) -> Response:
    """304 if the client has this version. A stale result has no ETag: the client must see that it is stale."""
    if isinstance(returned, Response):
        return returned
    etag = None
    if returned.etag is not None and not returned.stale:
        visible = (call.caller.organization, call.caller.role.value, *sorted(call.caller.namespaces))
        etag = caller_etag(returned.etag, *visible, request.scope["query_string"].decode("latin-1"))
    if etag is not None and endpoint.method == "GET" and preconditions.is_fulfilled_by(etag):
        return Response(NOT_MODIFIED, b"", [(b"etag", etag.encode())])
    return success_response(returned, endpoint.status, etag, endpoint.make_table(call, returned))


async def stream(
    request: Request, status: int, headers: Headers, body: AsyncGenerator[bytes, None], send: Send
) -> None:
    """Chunk by chunk, until the client disconnects. After a bug the end is missing, so that the client notices it."""
    response = StreamingResponse(body, status)
    response.raw_headers = headers
    try:
        async with aclosing(body):
            await response(request.scope, request.receive, send)
    except Exception as exc:  # noqa: BLE001 - the status was sent already
        log.bug("bug in a stream", exc, request_id=request.request_id)
        request.log["reason"] = "bug"
