"""The return types of an endpoint: a Result becomes the success envelope, a Response is sent unchanged."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from common.http.envelope import encode_result, render_error, render_success
from common.http.errors import ApiError
from common.model import Quality

if TYPE_CHECKING:
    from common.http.table import Table

T = TypeVar("T")
V = TypeVar("V")
Headers = list[tuple[bytes, bytes]]

JSON: Final = b"application/json"
SECURITY_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"vary", b"Authorization, Origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]
UNKNOWN: Final = Quality()
WITHOUT_BODY: Final = frozenset({204, 304})  # RFC 9110 section 8.6: neither length nor type


@dataclass(slots=True)
class Result(Generic[T]):
    """Data and its age. `as_of` is None if nothing was ever metered.

    `age_seconds`: time since the data was fetched. `stale`: an older result, used because the billing service failed.
    `etag`: the version that the billing service sent. `quality`: how complete and final the data is. `headers`: more
    response headers, such as Location.
    """

    value: T
    as_of: datetime | None
    age_seconds: float = 0.0
    stale: bool = False
    etag: str | None = None
    quality: Quality = UNKNOWN
    headers: Mapping[str, str] = field(default_factory=dict)
    _encoded: bytes | None = None

    def encode(self) -> bytes:
        """Once for all requests that share a cached result."""
        if self._encoded is None:
            self._encoded = encode_result(self.value, self.as_of, self.quality)
        return self._encoded

    def with_value(self, value: V) -> "Result[V]":
        """Other data of the same fetch, such as the part that the caller may see."""
        return Result(value, self.as_of, self.age_seconds, self.stale, self.etag, self.quality)

    def of_a_part(self) -> "Result[T]":
        """Without the completeness of the data that the caller does not see."""
        part = {name: value for name, value in self.quality if name not in {"complete_through", "incomplete_hours"}}
        return Result(self.value, self.as_of, self.age_seconds, self.stale, self.etag, Quality.model_construct(**part))


@dataclass(slots=True)
class Response:
    """`body` is sent at once, or chunk by chunk where it is a generator (a file, an export)."""

    status: int
    body: bytes | AsyncGenerator[bytes, None]
    headers: Headers = field(default_factory=list)
    media_type: bytes = JSON


def success_response(result: Result[Any], status: int, etag: str | None, table: "Table | None" = None) -> Response:
    """`table`: the result as CSV, for a client that requests it."""
    headers: Headers = [(b"age", str(int(result.age_seconds)).encode())] if result.stale else []
    headers += encode_headers(result.headers)
    if etag is not None:
        headers.append((b"etag", etag.encode()))
    if table is not None:
        headers += encode_headers({"Content-Disposition": f'attachment; filename="{table.name}.csv"'})
        return Response(status, table.encode(result.as_of), headers, table.media_type)
    if status in WITHOUT_BODY:
        return Response(status, b"", headers)
    return Response(status, render_success(result.encode(), stale=result.stale), headers)


def error_response(error: ApiError) -> Response:
    return Response(int(error.status), render_error(error), encode_headers(error.headers))


def encode_headers(headers: Mapping[str, str]) -> Headers:
    """Raises ValueError: a line break in a value would begin another header."""
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise ValueError("a header's value must be printable ASCII")
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


def all_headers(response: Response, request_id: str, cors: Sequence[tuple[bytes, bytes]]) -> Headers:
    headers = [(b"x-request-id", request_id.encode()), *SECURITY_HEADERS, *response.headers, *cors]
    if response.status in WITHOUT_BODY:
        return headers
    if isinstance(response.body, bytes):
        headers.insert(0, (b"content-length", str(len(response.body)).encode()))
    headers.insert(0, (b"content-type", response.media_type))
    return headers
