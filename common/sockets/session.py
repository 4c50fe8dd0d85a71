"""One connection: what it receives, the newest state of each topic to send, and when it ends."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import ValidationError

from common.http.envelope import timestamp
from common.http.errors import ApiError
from common.http.request import Receive, Send
from common.http.server_errors import InternalError
from common.identity.caller import Caller
from common.model import BodyModel
from common.money.strict_json import parse_json
from common.process import log
from common.sockets import closing
from common.sockets.closing import Closing

HEARTBEAT_SECONDS: Final = 15.0
SEND_SECONDS: Final = 20.0  # a client that reads nothing for so long is cut off
MESSAGES: Final = 10  # at once; then one each MESSAGE_SECONDS
MESSAGE_SECONDS: Final = 5.0
EARLIEST_END: Final = 0.9  # of the longest time, so that not all clients come back at once


class Session:
    """`state` belongs to the service of the socket."""

    __slots__ = (
        "_check",
        "_closing",
        "_ends",
        "_handle",
        "_model",
        "_news",
        "_next_beat",
        "_next_check",
        "_next_message",
        "_opened",
        "_pending",
        "caller",
        "check_seconds",
        "state",
    )

    def __init__(
        self,
        caller: Caller,
        model: type[BodyModel],
        handle: Callable[["Session", Any], Awaitable[None]],
        check: Callable[["Session"], Awaitable[None]],
        *,
        longest_seconds: float,
        check_seconds: float,
    ) -> None:
        now = time.monotonic()
        self.caller = caller
        self._opened = now
        self.state: Any = None
        self._model = model
        self._handle = handle
        self._check = check
        self.check_seconds = check_seconds
        spread = random.uniform(EARLIEST_END, 1)  # noqa: S311 - not a secret
        self._ends = now + longest_seconds * spread
        self._next_beat = now + HEARTBEAT_SECONDS
        self._next_check = now + check_seconds * spread
        self._next_message = now - MESSAGES * MESSAGE_SECONDS
        self._pending: dict[str, str] = {}
        self._news = asyncio.Event()
        self._closing: Closing | None = None

    # --- for the service --------------------------------------------------------

    @property
    def age_seconds(self) -> float:
        return time.monotonic() - self._opened

    def put(self, topic: str, message: str) -> None:
        """The newest message of a topic replaces one that is not sent yet."""
        self._pending.pop(topic, None)
        self._pending[topic] = message
        self._news.set()

    def forget(self) -> None:
        """Messages that are not sent yet are dropped: they belong to an earlier subscription."""
        self._pending.clear()

    def close(self, code: int | None, reason: str) -> None:
        """The first call decides."""
        self._closing = self._closing or Closing(code, reason)
        self._news.set()

    # --- for the server ---------------------------------------------------------

    async def run(self, receive: Receive, send: Send) -> Closing:
        """Returns why it ended, after the close frame was sent."""
        reader = asyncio.get_running_loop().create_task(self._read(receive))
        try:
            ended = await self._write(send)
        finally:
            reader.cancel()
        if ended.code is not None:
            try:
                async with asyncio.timeout(1):
                    await send({"type": "websocket.close", "code": ended.code, "reason": ended.reason})
            except TimeoutError:
                pass  # the client does not read; the protocol cuts the connection
        return ended

    async def _read(self, receive: Receive) -> None:
        while self._closing is None:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                self.close(None, f"client closed with {event.get('code', 1005)}")
                return
            try:
                self._count_message()
                await self._handle(self, self._parse(event))
            except Closing as ended:
                self.close(ended.code, ended.reason)
            except Exception as exc:  # noqa: BLE001 - the client gets a close code for every bug
                log.bug("bug in a connection", exc)
                self.close(closing.BUG, InternalError.text)

    def _count_message(self) -> None:
        """A token bucket. Raises Closing."""
        now = time.monotonic()
        self._next_message = max(self._next_message, now - MESSAGES * MESSAGE_SECONDS) + MESSAGE_SECONDS
        if self._next_message > now:
            rule = f"at most {MESSAGES} messages at once, and one each {MESSAGE_SECONDS:.0f} s"
            raise Closing(closing.TOO_MANY_MESSAGES, f"Too many messages: {rule}")

    def _parse(self, event: Any) -> BodyModel:
        """Raises Closing."""
        text = event.get("text")
        if text is None:
            raise Closing(closing.BAD_MESSAGE, "A message must be a text frame")
        try:
            return self._model.model_validate(parse_json(text.encode()))
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            place = "/".join(map(str, first["loc"]))[:40]
            raise Closing(closing.BAD_MESSAGE, f"Invalid message: {place}: {first['msg']}") from None
        except (ValueError, RecursionError):
            raise Closing(closing.BAD_MESSAGE, "A message must be strict JSON") from None

    async def _write(self, send: Send) -> Closing:
        while self._closing is None:
            await self._wait()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._send_pending(send)
            except TimeoutError:
                self.close(closing.COME_BACK, "The client does not read")
            except OSError:  # as the ASGI specification defines
                self.close(None, "the connection was lost")
            await self._tick()
        return self._closing

    async def _wait(self) -> None:
        expires = time.monotonic() + self.caller.expires - time.time()
        due = min(self._next_beat, self._next_check, self._ends, expires)
        seconds = due - time.monotonic()
        if not self._pending and self._closing is None and seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return
        self._news.clear()

    async def _send_pending(self, send: Send) -> None:
        while self._pending and self._closing is None:
            message = self._pending.pop(next(iter(self._pending)))
            await send({"type": "websocket.send", "text": message})

    async def _tick(self) -> None:
        now = time.monotonic()
        if self.caller.expires <= time.time():
            self.close(closing.TOKEN_EXPIRED, "The token has expired: come back with a new one")
        elif self._ends <= now:
            self.close(closing.COME_BACK, "Come back: a connection has a longest time")
        elif self._next_check <= now:
            self._next_check = now + self.check_seconds
            await self._check_again()
        if self._next_beat <= now:
            self._next_beat = now + HEARTBEAT_SECONDS
            self.put("heartbeat", f'{{"type":"heartbeat","at":"{timestamp()}"}}')

    async def _check_again(self) -> None:
        try:
            await self._check(self)
        except Closing as ended:
            self.close(ended.code, ended.reason)
        except ApiError as error:
            self.close(code_of(error), error.public)


def code_of(error: ApiError) -> int:
    """The close code of an error of the API."""
    codes = {401: closing.TOKEN_EXPIRED, 403: closing.ACCESS_LOST, 501: closing.NOT_OFFERED, 503: closing.TRY_LATER}
    return codes.get(int(error.status), closing.ACCESS_LOST)
