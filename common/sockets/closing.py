"""Why a connection ends: the close code, which a browser can read, and its reason."""

from typing import Final

COME_BACK: Final = 4000
BAD_MESSAGE: Final = 4400
TOKEN_EXPIRED: Final = 4401
ACCESS_LOST: Final = 4403
NOT_SUBSCRIBED: Final = 4408
TOO_MANY_MESSAGES: Final = 4429
BUG: Final = 4500
NOT_OFFERED: Final = 4501
TRY_LATER: Final = 4503

LONGEST_REASON: Final = 123  # bytes (RFC 6455 section 5.5)


class Closing(Exception):
    """`code` None: the client is gone already."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode("ascii", "replace")[:LONGEST_REASON].decode()
