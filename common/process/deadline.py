"""The time limit of one request, and the client's disconnect: both cancel the task that serves the request."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Final, Self

from common.http.request import ClientDisconnected
from common.http.server_errors import BillingUnreachable

WORK_SHARE: Final = 0.98  # of a request's time; the rest is for the response, also a stale one


class Deadline:
    """`with deadline:` raises BillingUnreachable (timeout) or ClientDisconnected in place of the cancellation.

    The watcher starts with the first wait, so that a response from the cache costs nothing here. A change that was sent
    to the billing service is finished although the client went away: then only time counts.
    """

    def __init__(
        self,
        started: float,
        seconds: float,
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        *,
        watch_client: bool,
    ) -> None:
        self.work_until = started + seconds * WORK_SHARE  # monotonic seconds
        self._end = started + seconds
        self._receive = receive
        self._watch_client = watch_client
        self._watcher: asyncio.Task[None] | None = None
        self._outcome: Exception | None = None

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.work_until - time.monotonic())

    def watch(self) -> None:
        task = asyncio.current_task()
        if self._watcher is None and task is not None:
            self._watcher = asyncio.create_task(self._watch(task))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, exc: BaseException | None, traceback: TracebackType | None) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
        if self._outcome is None:
            return
        if task := asyncio.current_task():
            task.uncancel()
        if isinstance(exc, asyncio.CancelledError):
            raise self._outcome from None

    async def _watch(self, task: "asyncio.Task[Any]") -> None:
        try:
            async with asyncio.timeout(self._end - time.monotonic()):
                if self._watch_client:
                    while (await self._receive())["type"] != "http.disconnect":
                        pass
                else:
                    await asyncio.Event().wait()
        except TimeoutError:
            self._outcome = BillingUnreachable("timeout")
        else:
            self._outcome = ClientDisconnected()
        task.cancel()


def is_cancelled() -> bool:
    """Whether this task was cancelled from outside. A CancelledError without a cancellation is a bug."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
