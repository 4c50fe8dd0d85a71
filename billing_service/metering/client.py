"""A client of the HTTP API of Prometheus: Prometheus itself, Mimir, Thanos, VictoriaMetrics.

A sample stays the decimal number that its text has. It is never a binary float here.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import httpx2 as httpx
from pydantic_core import from_json

from billing_service.metering.errors import (
    MalformedReply,
    PartialReply,
    PrometheusRefused,
    PrometheusUnavailable,
    ReplyTooLarge,
)

_SERVER_ERRORS = 500
_TOO_MANY_REQUESTS = 429
_MAX_ERROR_TEXT = 300


@dataclass(frozen=True)
class Series:
    labels: Mapping[str, str]
    samples: Mapping[int, Decimal]  # by Unix time in seconds; equal series share one, so it is never changed
    unusable: int = 0  # samples that are negative, infinite or not a number: they are not in `samples`


@dataclass(frozen=True)
class Address:
    url: str  # with the prefix before /api/v1
    token_file: Path | None = None  # read before each request, because a mounted token is renewed in its file
    ca_file: Path | None = None
    tenant: str | None = None  # X-Scope-OrgID of Mimir
    timeout_seconds: float = 60  # for a query, until the end of its reply
    max_bytes: int = 256 * 1024 * 1024  # of a reply


class Prometheus:
    """Every method raises MeteringError."""

    def __init__(self, client: httpx.AsyncClient, address: Address) -> None:
        self._client = client
        self._address = address

    @classmethod
    @asynccontextmanager
    async def open(cls, address: Address) -> AsyncIterator[Self]:
        """Raises OSError and ssl.SSLError if the CA file is unreadable. Redirects are not followed, because the token
        would be sent to another server."""
        tls = ssl.create_default_context(cafile=address.ca_file)
        async with httpx.AsyncClient(verify=tls, timeout=address.timeout_seconds, trust_env=False) as client:
            yield cls(client, address)

    async def now(self) -> datetime:
        """The server's own clock."""
        [moment] = await self._send("query", {"query": "time()"}, scalar=True)
        return datetime.fromtimestamp(float(moment), UTC)

    async def range(self, query: str, start: int, end: int, step: int) -> list[Series]:
        """The series of the query at `start`, `start` + `step`, ... `end` (Unix time in seconds)."""
        given = {"query": query, "start": str(start), "end": str(end), "step": str(step)}
        return [_series(one) for one in await self._send("query_range", given)]

    async def _send(self, path: str, given: dict[str, str], *, scalar: bool = False) -> list[Any]:
        form = given | {"timeout": f"{self._address.timeout_seconds:g}s"}
        url = f"{self._address.url.rstrip('/')}/api/v1/{path}"
        try:
            async with (
                asyncio.timeout(self._address.timeout_seconds),  # httpx limits each read, not all of them together
                self._client.stream("POST", url, data=form, headers=self._headers()) as response,
            ):
                body = await self._read(response)
        except (httpx.HTTPError, OSError) as error:
            raise PrometheusUnavailable(f"Prometheus: {type(error).__name__}") from error
        reply = _decode(body, response)
        if response.status_code >= _SERVER_ERRORS or response.status_code == _TOO_MANY_REQUESTS:
            raise PrometheusUnavailable(f"Prometheus: status {response.status_code}: {_reason(reply)}")
        if response.status_code != httpx.codes.OK or reply.get("status") != "success":
            raise PrometheusRefused(f"Prometheus: status {response.status_code}: {_reason(reply)}")
        if reply.get("warnings"):
            raise PartialReply(f"Prometheus: the reply may be incomplete: {str(reply['warnings'])[:_MAX_ERROR_TEXT]}")
        return _result(reply, "scalar" if scalar else "matrix")

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self._address.token_file is not None:
            headers["Authorization"] = f"Bearer {self._address.token_file.read_text(encoding='utf-8').strip()}"
        if self._address.tenant is not None:
            headers["X-Scope-OrgID"] = self._address.tenant
        return headers

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > self._address.max_bytes:
                raise ReplyTooLarge(f"Prometheus: the reply has more than {self._address.max_bytes} bytes")
        return bytes(body)


def _decode(body: bytes, response: httpx.Response) -> dict[str, Any]:
    try:
        reply = from_json(body, allow_inf_nan=False)  # a third of the time of json, for a hundred megabytes
    except ValueError:
        reply = None
    if isinstance(reply, dict):
        return reply
    if response.status_code >= _SERVER_ERRORS:
        return {}  # a proxy before the server sends its own page
    raise MalformedReply(f"Prometheus: status {response.status_code}: the reply is not a JSON object")


def _reason(reply: dict[str, Any]) -> str:
    return str(reply.get("error", "no reason in the reply"))[:_MAX_ERROR_TEXT]


def _result(reply: dict[str, Any], kind: str) -> list[Any]:
    data = reply.get("data")
    if not isinstance(data, dict) or data.get("resultType") != kind or not isinstance(data.get("result"), list):
        raise MalformedReply(f"Prometheus: the reply has no result of the type {kind}")
    result: list[Any] = data["result"]
    return result[1:] if kind == "scalar" else result


def _series(one: Any) -> Series:
    try:
        times, texts = zip(*one["values"], strict=True) if one["values"] else ((), ())
        samples, unusable = _samples(times, texts)
        labels = dict(one["metric"])
    except (TypeError, KeyError, ValueError, InvalidOperation) as error:
        raise MalformedReply("Prometheus: the reply has a malformed series") from error
    return Series(labels, samples, unusable)


@lru_cache(maxsize=4096)  # most series have one value for the complete hour: they share their samples
def _samples(times: tuple[float | str, ...], texts: tuple[str, ...]) -> tuple[Mapping[int, Decimal], int]:
    """By time, and how many are unusable. Raises InvalidOperation, TypeError and ValueError."""
    pairs = [
        (time if type(time) is int else int(float(time)), _quantity(text))
        for time, text in zip(times, texts, strict=True)
    ]
    usable = {time: value for time, value in pairs if value is not None}
    return usable, len(pairs) - len(usable)


def _quantity(text: str) -> Decimal | None:
    """None if it is negative, infinite or not a number. Raises InvalidOperation and TypeError."""
    if type(text) is not str:
        raise TypeError("a sample is a text")  # a number would have been a binary float
    value = Decimal(text)
    return value if value.is_finite() and value >= 0 else None
