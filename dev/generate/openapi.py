"""Writes docs/openapi.yaml from the declared endpoints, their models and the error classes.

docs/examples/<operation id>.json, if it exists, is the example of a response.
"""

import inspect
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import yaml

from common.endpoint import Access, Endpoint, Socket
from common.http import errors, server_errors
from common.sockets.handshake import TOKEN_PREFIX
from dev.declarations import ROOT, Declared
from dev.generate import parameters
from dev.generate.schemas import add_named, envelope_name, error_examples, reference, schemas

DOCUMENT: Final = ROOT / "docs" / "openapi.yaml"
EXAMPLES: Final = ROOT / "docs" / "examples"
TOKEN_ERRORS: Final = (errors.TokenMissing, errors.TokenInvalid, errors.TokenExpired, errors.TokenTooLarge)
ALWAYS: Final = (
    errors.InvalidParameter,
    errors.InvalidHeader,
    *TOKEN_ERRORS,
    errors.NotFound,
    errors.MethodNotAllowed,
    errors.HeadersTooLarge,
    server_errors.BillingUnreachable,
    server_errors.IdentityUnreachable,
    server_errors.InternalError,
)
BY_ACCESS: Final[dict[Access, tuple[type[errors.ApiError], ...]]] = {
    Access.TOKEN: (),
    Access.MEMBER: (errors.GuestDenied,),
    Access.NAMESPACE: (
        errors.InvalidNamespace,
        errors.GuestDenied,
        errors.AccessDenied,
        server_errors.BillingIncomplete,
        server_errors.NotOffered,
    ),
    Access.ORGANIZATION: (errors.GuestDenied, server_errors.BillingIncomplete, server_errors.NotOffered),
    Access.ORG_ADMIN: (
        errors.GuestDenied,
        errors.AdminRequired,
        server_errors.BillingIncomplete,
        server_errors.NotOffered,
    ),
}
WITH_BODY: Final = (
    errors.MalformedBody,
    errors.BodyTimeout,
    errors.BodyTooLarge,
    errors.UnsupportedMediaType,
    errors.InvalidBody,
)
CHANGES: Final = (errors.Conflict, errors.IdempotencyKeyReused)
CHANGES_OF_A_VERSION: Final = (errors.PreconditionRequired, errors.PreconditionFailed)
HEADERS: Final = {
    401: {"WWW-Authenticate": "Challenge of RFC 6750"},
    405: {"Allow": "Allowed methods"},
    503: {"Retry-After": "Seconds to wait before the next request"},
}
DESCRIPTION: Final = (
    "The cost of projects, for the Billing page. Amounts are JSON numbers with the digits of their currency. Hourly "
    "rates have up to four more digits. Times are UTC. Names and meanings in a response never change. New members may "
    "be added. An amount has the format `decimal`: docs/api-clients.md describes how to keep it exact."
)
INFO: Final = {
    "title": "Kube-DC billing",
    "version": "1",
    "description": DESCRIPTION,
    "contact": {"name": "Kube-DC", "url": "https://kube-dc.com"},
    "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
}
SERVERS: Final = [
    {
        "url": "https://{host}",
        "description": "An installation",
        "variables": {"host": {"default": "backend.kube-dc.com", "description": "`host` in install/values.yaml"}},
    },
    {"url": "http://127.0.0.1:8080", "description": "The local platform of `make run`"},
]


def build(functions: Sequence[Declared]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    named = schemas(functions)
    kinds: dict[type[errors.ApiError], None] = {}
    for function in functions:
        for endpoint in function.app.endpoints:
            operation = _operation(function, endpoint)
            paths[endpoint.route][endpoint.method.lower()] = operation
            if endpoint.head:
                paths[endpoint.route]["head"] = _head(operation)
            add_named(named, parameters.enums(function.operation_id(endpoint), endpoint))
            kinds |= dict.fromkeys(_errors_of(endpoint))
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": SERVERS,
        "tags": [{"name": f.name, "description": f.about} for f in functions if f.app.endpoints],
        "security": [{"bearer": []}],
        "paths": dict(paths),
        "x-websockets": {socket.route: _socket(socket) for f in functions for socket in f.app.sockets},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT, an OIDC access token"}
            },
            "schemas": named,
            "examples": error_examples(kinds),
        },
    }


def _socket(socket: Socket) -> dict[str, Any]:
    """OpenAPI has no WebSockets, so this is an extension with the JSON schemas of the messages."""
    first, _, rest = (inspect.getdoc(socket.service) or "").partition("\n\n")
    return {
        "summary": first,
        "description": " ".join(rest.split()),
        "subprotocols": [socket.protocol, f"{TOKEN_PREFIX}<base64url of the token>"],
        "client": _inlined(socket.message.model_json_schema()),
        "server": [_inlined(model.model_json_schema()) for model in socket.sent],
    }


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Without `$defs`: a reference in it would be one of the complete document."""
    definitions = schema.pop("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            return resolve(definitions[name] | {key: value for key, value in part.items() if key != "$ref"})
        return {key: resolve(value) for key, value in part.items()}

    return dict(resolve(schema))


def _operation(function: Declared, endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    first, _, rest = (inspect.getdoc(endpoint.handle) or "").partition("\n\n")
    body = {}
    if endpoint.body is not None:
        schema = reference(endpoint.body.__name__)
        body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    return {
        "operationId": function.operation_id(endpoint),
        "tags": [function.name],
        "summary": first.replace("\n", " "),
        "description": " ".join(rest.split()) + f" Requires {endpoint.access.value}.",
        "parameters": parameters.parameters(function.operation_id(endpoint), endpoint),
        **body,
        "responses": {
            str(endpoint.status): _success(function, endpoint),
            **_not_modified(endpoint),
            **_failures(endpoint),
        },
    }


def _head(get: dict[str, Any]) -> dict[str, Any]:
    """The operation GET, without the bodies."""
    responses = {
        status: {name: value for name, value in response.items() if name != "content"}
        for status, response in get["responses"].items()
    }
    return get | {
        "operationId": f"{get['operationId']}_head",
        "summary": f"The status and the headers of GET: {get['summary'][0].lower()}{get['summary'][1:]}",
        "responses": responses,
    }


def _success(function: Declared, endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    etag = {"description": "Version of the data, if the billing service sends one", "schema": {"type": "string"}}
    age = {
        "description": "Age of the data in seconds. Only if meta.stale is true",
        "schema": {"type": "integer"},
    }
    response: dict[str, Any] = {"description": "Success", "headers": {"Age": age, "ETag": etag}}
    if endpoint.data is None:
        return response | ({"content": {endpoint.media_type: {}}} if endpoint.status != 204 else {})  # noqa: PLR2004
    content: dict[str, Any] = {"schema": reference(envelope_name(endpoint.data))}
    example = EXAMPLES / f"{function.operation_id(endpoint)}.json"
    if example.exists():
        content["example"] = json.loads(example.read_text())
    file = {"text/csv": {"schema": {"type": "string"}}} if endpoint.table is not None else {}
    return response | {"content": {"application/json": content, **file}}


def _not_modified(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    if endpoint.method != "GET":
        return {}
    return {"304": {"description": "If-None-Match contains the current version"}}


def _errors_of(endpoint: Endpoint[Any, Any]) -> list[type[errors.ApiError]]:
    found = [*ALWAYS, *BY_ACCESS[endpoint.access], *endpoint.errors]
    found += WITH_BODY if endpoint.body is not None else [errors.UnexpectedBody]
    if endpoint.method != "GET" and not endpoint.safe:
        found += CHANGES
    if endpoint.method in {"PUT", "PATCH", "DELETE"}:
        found += CHANGES_OF_A_VERSION
    return found


def _failures(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    by_status: dict[int, list[type[errors.ApiError]]] = defaultdict(list)
    for kind in _errors_of(endpoint):
        by_status[int(kind.status)].append(kind)
    return {str(status): _failure(status, kinds) for status, kinds in sorted(by_status.items())}


def _failure(status: int, kinds: Sequence[type[errors.ApiError]]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": "; ".join(f"`{kind.code}` ({kind.text}): {kind.when}" for kind in kinds)}
    if status in HEADERS:
        response["headers"] = {
            name: {"description": about, "schema": {"type": "string"}} for name, about in HEADERS[status].items()
        }
    examples = {kind.code: reference(kind.code, "examples") for kind in kinds}
    content = {"schema": reference("ErrorResponse"), "examples": examples}
    return response | {"content": {"application/json": content}}


class Dumper(yaml.SafeDumper):
    """Writes every schema in full, without YAML anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def render(functions: Sequence[Declared]) -> str:
    return "# Generated by `make generate` from the endpoint declarations. Do not edit.\n" + yaml.dump(
        build(functions), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110
    )
