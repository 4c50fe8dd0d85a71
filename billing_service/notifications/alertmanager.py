"""Alertmanager, by version 2 of its API. A resolved event ends the alert with the same labels."""

import base64
import re
from datetime import timedelta
from typing import Any

from billing_service.notifications.connect import Post
from billing_service.notifications.event import Event, Message, rfc3339
from billing_service.render import text

_PATH = "/api/v2/alerts"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_]")
_INFO_ENDS = timedelta(minutes=5)  # an event without a state ends by itself


def post(target: dict[str, Any], message: Message) -> Post:
    headers = {"content-type": "application/json", **_credentials(target)}
    body = text([_alert(event, message) for event in message.events]).encode()
    return Post(target["url"].rstrip("/") + _PATH, headers, body)


def _alert(event: Event, message: Message) -> dict[str, Any]:
    labels = {_NOT_IN_A_NAME.sub("_", name): value for name, value in event.labels.items()}
    alert = {
        "labels": labels | {"alertname": event.kind, "organization": message.organization},
        "annotations": {"summary": event.title, "description": event.text, "notification_id": message.id},
        "startsAt": rfc3339(event.at),
    }
    if event.status == "resolved":
        return alert | {"startsAt": rfc3339(event.at - timedelta(seconds=1)), "endsAt": rfc3339(event.at)}
    return alert | ({"endsAt": rfc3339(event.at + _INFO_ENDS)} if event.status == "info" else {})


def _credentials(target: dict[str, Any]) -> dict[str, str]:
    if target.get("bearer_token"):
        return {"authorization": f"Bearer {target['bearer_token']}"}
    if target.get("password"):
        pair = f"{target['username']}:{target['password']}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}
