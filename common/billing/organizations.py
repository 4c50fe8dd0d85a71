"""The names of all organizations of the billing service. They separate real realms from invented ones."""

from http import HTTPStatus
from typing import Final

from pydantic import ValidationError

from common.billing.cache import SingleFlight
from common.billing.rejections import ProjectNotFound, read_rejection
from common.billing.resilience import Clock
from common.billing.resource import UpstreamFailure, parse_reply
from common.billing.transport import UpstreamResponse
from common.billing.upstream import Upstream, UpstreamCall
from common.billing.upstream_request import UpstreamRequest
from common.http.errors import ApiError
from common.model import NamespaceName, WireModel

LIST: Final = UpstreamCall("organizations", "GET", "/api/organizations")
LIMIT_SECONDS: Final = 1.0
REFRESH_SECONDS: Final = 10.0


class _List(WireModel):
    organizations: list[NamespaceName]


class Organizations:
    """Fetched on demand, at most every REFRESH_SECONDS."""

    def __init__(self, upstream: Upstream, clock: Clock) -> None:
        self._upstream = upstream
        self._clock = clock
        self._names: frozenset[str] | None = None
        self._tried_at = float("-inf")
        self._flights: SingleFlight[None] = SingleFlight()

    async def includes(self, name: str) -> bool | None:
        """None if this cannot be decided: the service has no list of organizations, an empty one, or it fails."""
        if name not in (self._names or ()) and self._clock() - self._tried_at >= REFRESH_SECONDS:
            await self._flights.share(LIST.operation, self._fetch)
        return name in self._names if self._names else None

    async def _fetch(self) -> None:
        """A failure keeps the older list."""
        request = UpstreamRequest(self._clock() + LIMIT_SECONDS)
        try:
            self._names = await self._upstream.call(LIST, request, _read)
        except (UpstreamFailure, ProjectNotFound, ApiError):
            pass  # counted by Upstream
        finally:
            self._tried_at = self._clock()


def _read(response: UpstreamResponse) -> frozenset[str]:
    if response.status != HTTPStatus.OK:
        raise read_rejection(response, None)
    if not response.is_json:
        raise UpstreamFailure("content_type", outage=False)
    try:
        return frozenset(_List.model_validate(parse_reply(response)).organizations)
    except ValidationError:
        raise UpstreamFailure("schema", outage=False) from None
