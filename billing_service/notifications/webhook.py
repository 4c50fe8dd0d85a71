"""Webhooks, signed as Standard Webhooks (https://www.standardwebhooks.com) with the secret of the channel."""

import base64
import binascii
import hashlib
import hmac
from typing import Any

from billing_service.notifications.connect import Post
from billing_service.notifications.event import Message, rfc3339
from billing_service.render import text

PREFIX = "whsec_"
_SIZES = range(24, 65)  # bytes of a secret


def key_of(secret: str) -> bytes:
    """Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in _SIZES:
        raise ValueError(f"must be {PREFIX} and the base64 of {_SIZES.start} to {_SIZES.stop - 1} random bytes")
    return key


def post(target: dict[str, Any], message: Message) -> Post:
    """The id is the same in every attempt, so that the receiver can ignore a second one."""
    body = text(
        {
            "type": message.events[0].kind if message.number == 1 else "digest",
            "timestamp": rfc3339(message.at),
            "data": {
                "organization": message.organization,
                "title": message.title,
                "number": message.number,
                "events": [event.to_json() for event in message.events],
            },
        }
    ).encode()
    moment = str(int(message.at.timestamp()))
    signed = b".".join((message.id.encode(), moment.encode(), body))
    signature = base64.b64encode(hmac.new(key_of(target["secret"]), signed, hashlib.sha256).digest()).decode()
    headers = {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature}",
    }
    return Post(target["url"], headers, body)
