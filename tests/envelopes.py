"""The contract's two JSON shapes, asserted by every test that gets an answer."""

import json
import re
from typing import Any

import httpx2 as httpx

TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
CHALLENGES = {
    "Authentication token required": 'Bearer realm="billing"',
    "Invalid authentication token": 'Bearer realm="billing", error="invalid_token", '
    'error_description="Invalid authentication token"',
    "Authentication token expired": 'Bearer realm="billing", error="invalid_token", '
    'error_description="Authentication token expired"',
}
"""RFC 6750 section 3: the three texts of a 401, each with its WWW-Authenticate; no error code where no token came."""


def assert_error_envelope(
    response: httpx.Response, status: int, error: str, details: dict[str, Any] | None = None
) -> None:
    """The whole error answer: status, body and headers; `details` defaults to none."""
    assert response.status_code == status, response.text
    _assert_headers(response)
    body = json.loads(response.content)
    assert body.keys() == {"success", "error", "details", "timestamp"}
    assert body["success"] is False
    assert body["error"] == error
    assert body["details"] == (details or {})
    assert TIMESTAMP.fullmatch(body["timestamp"])
    challenges = response.headers.get_list("www-authenticate")
    assert challenges == ([CHALLENGES[error]] if status == 401 else [])
    assert ("allow" in response.headers) == (status == 405)
    retry_after = response.headers.get("retry-after")
    assert (retry_after is not None and 1 <= int(retry_after) <= 60) if status == 503 else retry_after is None


def assert_success_envelope(response: httpx.Response) -> Any:
    """The whole success answer; returns its data."""
    assert response.status_code == 200, response.text
    _assert_headers(response)
    body = json.loads(response.content)
    assert body.keys() == {"success", "data", "timestamp", "meta"}
    assert body["success"] is True
    assert TIMESTAMP.fullmatch(body["timestamp"])
    assert TIMESTAMP.fullmatch(body["meta"]["as_of"])
    assert isinstance(body["meta"]["stale"], bool)
    assert "www-authenticate" not in response.headers
    return body["data"]


def _assert_headers(response: httpx.Response) -> None:
    headers = response.headers
    assert headers["content-type"] == "application/json"
    assert int(headers["content-length"]) == len(response.content)
    assert REQUEST_ID.fullmatch(headers["x-request-id"])
    assert headers["cache-control"] == "no-store"
    assert headers["vary"] == "Authorization, Origin"
    assert headers["x-content-type-options"] == "nosniff"
