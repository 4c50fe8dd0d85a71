"""uvicorn's HTTP protocol with a limit for the head of a request. httptools has none, and keeps a head in memory.

start.py of the image uses it. The head is rejected before a request exists, so the response is plain text.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from common.http.request import MAX_HEAD_BYTES
from common.process import log

DROP_SECONDS: Final = 5.0  # for the rest of the head: a client that still sends does not read the response
URI_TOO_LONG: Final = 414
HEADERS_TOO_LARGE: Final = 431


class LimitedProtocol(HttpToolsProtocol):
    """Keeps at most one read (256 KiB) and MAX_HEAD_BYTES of a head. Then it responds, and drops what follows."""

    url = b""
    _in_head = False
    _head_bytes = 0  # without the read in which the head began
    _refused = False

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not (self._refused or self.transport.is_closing()):
            self._refuse(HEADERS_TOO_LARGE)

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_HEAD_BYTES:
            raise ValueError("too long")  # the parser stops, and the base class calls send_400_response

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if len(self.url) > MAX_HEAD_BYTES:
            self._refuse(URI_TOO_LONG)
        else:
            super().send_400_response(msg)

    def _refuse(self, status: int) -> None:
        self._refused = True
        self.parser = None  # type: ignore[assignment] # as after the end of the connection: it holds what it has read
        log.warn_sampled("the head of a request is too large", status=status)
        if self.cycle and not self.cycle.response_complete:  # a response to an earlier request is not complete
            self.transport.abort()
            return
        text = STATUS_LINE[status].split(b" ", 2)[2].strip()
        length = str(len(text)).encode()
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain; charset=utf-8\r\ncontent-length: "
            + length
            + b"\r\nconnection: close\r\n\r\n"
            + text
        )
        asyncio.get_running_loop().call_later(DROP_SECONDS, self.transport.close)
