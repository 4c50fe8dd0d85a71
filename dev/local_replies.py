"""The responses that the ingress makes itself under /api/billing/, in the JSON envelope of the API.

Envoy makes a response itself when no route matches, when it rejects a request, and when no function can be reached.
A request that it cannot parse has no path yet: that one gets the envelope too, without CORS headers.
"""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]

PATH = r"/api/billing([/?].*)?"
# The responses of Envoy itself: status, then `code` and `error` of the envelope.
ERRORS = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "Bad request"),
    HTTPStatus.FORBIDDEN: ("upgrade_not_allowed", "Upgrade not allowed"),
    HTTPStatus.NOT_FOUND: ("not_found", "Not found"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "Method not allowed"),
    HTTPStatus.REQUEST_TIMEOUT: ("request_timeout", "Request timeout"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large", "The body is too large"),
    HTTPStatus.UPGRADE_REQUIRED: ("http_version_not_supported", "HTTP/1.1 or newer is required"),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("headers_too_large", "Request header fields too large"),
    HTTPStatus.NOT_IMPLEMENTED: ("not_implemented", "Transfer coding not implemented"),
    HTTPStatus.BAD_GATEWAY: ("upstream_unavailable", "Service unavailable"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("upstream_unavailable", "Service unavailable"),
    HTTPStatus.GATEWAY_TIMEOUT: ("upstream_unavailable", "Service unavailable"),
}
RETRY_AFTER_SECONDS = 1
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Methods that no function has, as a matcher of Envoy.
OTHER_METHODS: Json = {
    "name": ":method",
    "string_match": {"safe_regex": {"regex": "|".join(METHODS)}},
    "invert_match": True,
}
# The client's request id if it is valid, as in the functions. CEL rejects {1,64} as a pattern that is too large.
CLIENT_REQUEST_ID = (
    "'x-request-id' in request.headers && size(request.headers['x-request-id']) <= 64"
    " && request.headers['x-request-id'].matches('^[A-Za-z0-9-]+$')"
)


def configuration(origins: Sequence[str]) -> Json:
    """Envoy's LocalReplyConfig. `origins`: those that may read the responses in a browser."""
    return {"mappers": [query(origins), *(mapper(status, origins) for status in ERRORS)]}


def query(origins: Sequence[str]) -> Json:
    """Envoy rejects QUERY without a Content-Type with 400, before it reads the routes. No function has QUERY: 405."""
    to = mapper(HTTPStatus.METHOD_NOT_ALLOWED, origins)
    conditions = [has_status(HTTPStatus.BAD_REQUEST), {"header_filter": {"header": OTHER_METHODS}}, of_the_api()]
    return to | {
        "filter": {"and_filter": {"filters": conditions}},
        "status_code": int(HTTPStatus.METHOD_NOT_ALLOWED),
        "headers_to_add": [header("allow", ", ".join(METHODS)), *to["headers_to_add"]],
    }


def mapper(status: HTTPStatus, origins: Sequence[str]) -> Json:
    code, text = ERRORS[status]
    envelope = {
        "success": False,
        "error": text,
        "code": code,
        "details": {},
        "timestamp": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    }
    return {
        "filter": {"and_filter": {"filters": [has_status(status), of_the_api()]}},
        "headers_to_add": [header(name, value) for name, value in headers(status, origins)],
        "body_format_override": {
            # json_format does not keep the order of the members
            "text_format_source": {"inline_string": json.dumps(envelope, separators=(",", ":"))},
            "content_type": "application/json",
        },
    }


def has_status(status: HTTPStatus) -> Json:
    value = {"default_value": int(status), "runtime_key": "unused"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def of_the_api() -> Json:
    under_the_api = {"string_match": {"safe_regex": {"regex": PATH}}}
    not_parsed = {"present_match": True, "invert_match": True}
    return {
        "or_filter": {
            "filters": [{"header_filter": {"header": {"name": ":path", **of}}} for of in (under_the_api, not_parsed)]
        }
    }


def headers(status: HTTPStatus, origins: Sequence[str]) -> list[tuple[str, str]]:
    """Envoy omits a header with an empty value."""
    allowed = f"'origin' in request.headers && request.headers['origin'] in {json.dumps(list(origins))}"
    return [
        ("x-request-id", "%UNIQUE_ID%"),
        ("x-request-id", cel(CLIENT_REQUEST_ID, "request.headers['x-request-id']")),
        ("cache-control", "no-store"),
        ("vary", "Authorization, Origin"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("access-control-allow-origin", cel(allowed, "request.headers['origin']")),
        ("access-control-allow-credentials", cel(allowed, "'true'")),
        ("access-control-expose-headers", cel(allowed, "'X-Request-Id, Retry-After'")),
        *([("retry-after", str(RETRY_AFTER_SECONDS))] if status is HTTPStatus.SERVICE_UNAVAILABLE else []),
    ]


def cel(condition: str, value: str) -> str:
    return f"%CEL({condition} ? {value} : '')%"


def header(name: str, value: str) -> Json:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
