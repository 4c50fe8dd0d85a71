"""The billing service's stream of data versions: which organization's figures have changed.

It has names and numbers, and no figures: those are fetched, and each reply must prove its owner.
"""

import asyncio
import random
from contextlib import aclosing
from http import HTTPStatus
from typing import Final, NoReturn, Protocol

from pydantic import Field, ValidationError

from common.billing.rejections import read_rejection
from common.billing.resource import UpstreamFailure
from common.billing.transport import UpstreamResponse
from common.billing.upstream import Upstream, UpstreamCall
from common.http.server_errors import NotOffered
from common.model import NamespaceName, WireModel
from common.money.strict_json import parse_json
from common.process import log, metrics

STREAM: Final = UpstreamCall("changes", "GET", "/api/changes")
SILENT_SECONDS: Final = 12.0  # the service sends a heartbeat every 5 s
RETRY_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 5.0)
NOT_OFFERED: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})


class Listener(Protocol):
    def changed(self, organization: str, version: int) -> None:
        """The figures of an organization have changed."""

    def resync(self) -> None:
        """The stream has begun, or had a gap: any organization may have changed."""


class _Line(WireModel):
    organization: NamespaceName | None = None
    data_version: int | None = Field(None, ge=0)
    resync: bool = False


class Changes:
    """The stream is open only while `follow` runs."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def follow(self, listener: Listener) -> NoReturn:
        """Until it is cancelled. After a failure, the stream is opened again. Raises NotOffered."""
        failures = 0
        while True:
            try:
                async with aclosing(self._upstream.stream(STREAM, SILENT_SECONDS, _require_stream)) as lines:
                    async for line in lines:
                        failures = 0
                        _read(line, listener)
                failure = UpstreamFailure("truncated", outage=True)  # the service has ended it
            except UpstreamFailure as exc:
                failure = exc
            metrics.upstream_failures.labels(failure.reason).inc()
            log.warn_sampled("the stream of the billing service was lost", reason=failure.reason)
            seconds = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
            failures += 1
            await asyncio.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311 - not a secret


def _require_stream(response: UpstreamResponse) -> None:
    """`response` has no body yet where the status is 200. Raises NotOffered or UpstreamFailure."""
    if response.status == HTTPStatus.OK:
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/x-ndjson":
            raise NotOffered("not_offered")
        return
    rejection = read_rejection(response, None)
    if response.status in NOT_OFFERED:
        raise NotOffered("not_offered")
    raise rejection if isinstance(rejection, UpstreamFailure) else UpstreamFailure("http_4xx", outage=True)


def _read(text: bytes, listener: Listener) -> None:
    """A line without a known member is a heartbeat. Raises UpstreamFailure."""
    try:
        line = _Line.model_validate(parse_json(text))
    except (ValidationError, ValueError, RecursionError):
        raise UpstreamFailure("schema", outage=False) from None
    if line.resync:
        listener.resync()
    if line.organization is not None and line.data_version is not None:
        listener.changed(line.organization, line.data_version)
