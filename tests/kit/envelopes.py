"""The contract of every response, checked in one place for all tests of success and failure."""

import json
import re
from typing import Any

import httpx2

from common.http.errors import ApiError, TokenTooLarge

TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
CHALLENGES = {
    "Authentication token required": 'Bearer realm="billing"',
    "Invalid authentication token": 'Bearer realm="billing", error="invalid_token", '
    'error_description="Invalid authentication token"',
    TokenTooLarge.text: f'Bearer realm="billing", error="invalid_token", error_description="{TokenTooLarge.text}"',
    "Authentication token expired": 'Bearer realm="billing", error="invalid_token", '
    'error_description="Authentication token expired"',
}


def error_classes(parent: type[ApiError] = ApiError) -> list[type[ApiError]]:
    """Every declared error that has a code."""
    children = [child for kind in parent.__subclasses__() for child in error_classes(kind)]
    return ([parent] if hasattr(parent, "code") else []) + children


CODES = {kind.code: kind for kind in error_classes()}


def assert_error_envelope(
    response: httpx2.Response, status: int, error: str | None = None, *, allow: str = "GET, OPTIONS"
) -> dict[str, Any]:
    """The body of a failure, whose shape, headers and text were asserted; `error` None leaves the text open."""
    assert response.status_code == status, response.text
    assert_common_headers(response)
    body = json.loads(response.content)
    assert body.keys() == {"success", "error", "code", "details", "timestamp"}
    assert body["success"] is False
    assert CODES[body["code"]].status == status
    assert isinstance(body["details"], dict)
    assert TIMESTAMP.fullmatch(body["timestamp"])
    if error is not None:
        assert body["error"] == error, body
    challenges = [CHALLENGES[body["error"]]] if status == 401 else []
    assert response.headers.get_list("www-authenticate") == challenges
    assert response.headers.get("allow") == (allow if status == 405 else None)
    assert ("retry-after" in response.headers) is (status == 503)
    assert 1 <= int(response.headers.get("retry-after", "1")) <= 60
    return body


def assert_success_envelope(response: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """Checks a success response and returns its complete body."""
    assert response.status_code == status, response.text
    assert_common_headers(response)
    body = json.loads(response.content)
    assert body.keys() == {"success", "data", "timestamp", "meta"}
    assert body["success"] is True
    assert TIMESTAMP.fullmatch(body["timestamp"])
    assert "www-authenticate" not in response.headers
    assert body["meta"].keys() >= {"as_of", "stale"}
    assert body["meta"]["as_of"] is None or TIMESTAMP.fullmatch(body["meta"]["as_of"])
    assert ("age" in response.headers) is body["meta"]["stale"]
    return body


def assert_common_headers(response: httpx2.Response) -> None:
    """RFC 9110 section 8.3: a response without content has no type."""
    assert response.headers.get("content-type") == (None if response.status_code == 204 else "application/json")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Authorization, Origin"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch("[A-Za-z0-9-]{1,64}", response.headers["x-request-id"])
