"""Writes docs/openapi.yaml from the declared endpoints, their models and the error classes."""

import inspect
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic.json_schema import models_json_schema

from common.endpoint import Access, Endpoint
from common.http import errors
from common.model import NAMESPACE_PATTERN, Meta
from dev import local_replies
from dev.declarations import PATH_PARAMETER, ROOT, Declared

if TYPE_CHECKING:
    from pydantic import BaseModel

DOCUMENT: Final = ROOT / "docs" / "openapi.yaml"
TIMESTAMP_SCHEMA: Final = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    "description": "UTC, RFC 3339, milliseconds",
}
TOKEN_ERRORS: Final = (errors.TokenMissing, errors.TokenInvalid, errors.TokenExpired, errors.TokenTooLarge)
ALWAYS: Final = (
    errors.InvalidParameter,
    errors.InvalidHeader,
    *TOKEN_ERRORS,
    errors.NotFound,
    errors.MethodNotAllowed,
    errors.BillingUnreachable,
    errors.IdentityUnreachable,
    errors.InternalError,
)
BY_ACCESS: Final[dict[Access, tuple[type[errors.ApiError], ...]]] = {
    Access.TOKEN: (),
    Access.MEMBER: (errors.GuestDenied,),
    Access.NAMESPACE: (
        errors.InvalidNamespace,
        errors.GuestDenied,
        errors.AccessDenied,
        errors.BillingIncomplete,
        errors.AmountTooLarge,
        errors.NotOffered,
    ),
    Access.ORGANIZATION: (errors.GuestDenied, errors.BillingIncomplete, errors.NotOffered),
    Access.ORG_ADMIN: (errors.GuestDenied, errors.AdminRequired, errors.BillingIncomplete, errors.NotOffered),
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
    "be added."
)
TIMESTAMP: Final = {"$ref": "#/components/schemas/Timestamp"}
IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "ETag of the version to change",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeated key with the same body returns the first response. With another body it is 409",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def build(functions: Sequence[Declared]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for function in functions:
        for endpoint in function.app.endpoints:
            paths[endpoint.route][endpoint.method.lower()] = _operation(function, endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kube-DC billing", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT, an OIDC access token"}
            },
            "schemas": {**_schemas(functions), "Timestamp": TIMESTAMP_SCHEMA, "Error": _error_schema()},
        },
    }


def _schemas(functions: Sequence[Declared]) -> dict[str, Any]:
    endpoints = [endpoint for function in functions for endpoint in function.app.endpoints]
    sent: list[type[BaseModel]] = [endpoint.data for endpoint in endpoints if endpoint.data]
    received: list[type[BaseModel]] = [endpoint.body for endpoint in endpoints if endpoint.body]
    models = [(model, "serialization") for model in [*sent, Meta]] + [(model, "validation") for model in received]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return _plain(schemas["$defs"])


def _plain(definitions: dict[str, Any]) -> dict[str, Any]:
    """Replaces timestamps by the format of this API, and removes titles, because they only repeat the name."""
    as_of = definitions["Meta"]["properties"]["as_of"]
    definitions["Meta"]["properties"]["as_of"] = {**TIMESTAMP, "description": as_of["description"]}
    for schema in definitions.values():
        schema.pop("title", None)
        for member in schema.get("properties", {}).values():
            member.pop("title", None)
    return definitions


def error_classes(parent: type[errors.ApiError] = errors.ApiError) -> list[type[errors.ApiError]]:
    """Every error that has a code."""
    children = [kind for child in parent.__subclasses__() for kind in error_classes(child)]
    return ([parent] if hasattr(parent, "code") else []) + children


def _error_schema() -> dict[str, Any]:
    of_the_ingress = [code for code, _ in local_replies.ERRORS.values()]
    codes = list(dict.fromkeys([*(kind.code for kind in error_classes()), *of_the_ingress]))
    return {
        "type": "object",
        "properties": {
            "success": {"const": False},
            "error": {"type": "string", "description": "Text for people. The responses list the texts"},
            "code": {"type": "string", "enum": codes, "description": "Code for programs. It never changes"},
            "details": {"type": "object", "description": "More data about the error. Can be empty"},
            "timestamp": TIMESTAMP,
        },
        "required": ["success", "error", "code", "details", "timestamp"],
    }


def operation_id(function: Declared, endpoint: Endpoint[Any, Any]) -> str:
    return function.folder if len(function.app.endpoints) == 1 else str(getattr(endpoint.handle, "__name__", ""))


def _operation(function: Declared, endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    first, _, rest = (inspect.getdoc(endpoint.handle) or "").partition("\n\n")
    body = {}
    if endpoint.body is not None:
        schema = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
    return {
        "operationId": operation_id(function, endpoint),
        "summary": first.replace("\n", " "),
        "description": " ".join(rest.split()) + f" Requires {endpoint.access.value}.",
        "parameters": _parameters(endpoint),
        **body,
        "responses": {str(endpoint.status): _success(endpoint), **_not_modified(endpoint), **_failures(endpoint)},
    }


def _parameters(endpoint: Endpoint[Any, Any]) -> list[dict[str, Any]]:
    in_path = PATH_PARAMETER.findall(endpoint.route)
    found = []
    if "namespace" in in_path:
        schema = {"type": "string", "pattern": NAMESPACE_PATTERN, "maxLength": 63}
        found = [{"name": "namespace", "in": "path", "required": True, "schema": schema, "example": "acme-web"}]
    described = endpoint.parameters.model_json_schema()
    for name, schema in described.get("properties", {}).items():
        schema.pop("title", None)
        about = schema.pop("description", "")
        where, required = ("path", True) if name in in_path else ("query", name in described.get("required", []))
        found.append({"name": name, "in": where, "required": required, "description": about, "schema": schema})
    if endpoint.method != "GET":
        found.append(IDEMPOTENCY_KEY)
    if endpoint.method in {"PUT", "PATCH", "DELETE"}:
        found.append(IF_MATCH)
    return found


def _success(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    etag = {"description": "Version of the data, if the billing service sends one", "schema": {"type": "string"}}
    age = {
        "description": "Age of the data in seconds. Only if meta.stale is true",
        "schema": {"type": "integer"},
    }
    response: dict[str, Any] = {"description": "Success", "headers": {"Age": age, "ETag": etag}}
    if endpoint.data is None:
        return response | ({"content": {endpoint.media_type: {}}} if endpoint.status != 204 else {})  # noqa: PLR2004
    envelope = {
        "type": "object",
        "properties": {
            "success": {"const": True},
            "data": {"$ref": f"#/components/schemas/{endpoint.data.__name__}"},
            "timestamp": TIMESTAMP,
            "meta": {"$ref": "#/components/schemas/Meta"},
        },
        "required": ["success", "data", "timestamp", "meta"],
    }
    return response | {"content": {"application/json": {"schema": envelope}}}


def _not_modified(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    if endpoint.method != "GET":
        return {}
    return {"304": {"description": "If-None-Match contains the current version"}}


def _errors_of(endpoint: Endpoint[Any, Any]) -> list[type[errors.ApiError]]:
    found = [*ALWAYS, *BY_ACCESS[endpoint.access]]
    found += WITH_BODY if endpoint.body is not None else [errors.UnexpectedBody]
    if endpoint.method != "GET":
        found += CHANGES
    if endpoint.method in {"PUT", "PATCH", "DELETE"}:
        found += CHANGES_OF_A_VERSION
    return found


def _failures(endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    by_status: dict[int, list[type[errors.ApiError]]] = defaultdict(list)
    for kind in _errors_of(endpoint):
        by_status[int(kind.status)].append(kind)
    return {
        str(status): {
            "description": "; ".join(f"`{kind.code}` ({kind.text}): {kind.when}" for kind in kinds),
            "headers": {
                name: {"description": about, "schema": {"type": "string"}}
                for name, about in HEADERS.get(status, {}).items()
            },
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for status, kinds in sorted(by_status.items())
    }


class Dumper(yaml.SafeDumper):
    """Writes every schema in full, without YAML anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def render(functions: Sequence[Declared]) -> str:
    return "# Generated by `make generate` from the endpoint declarations. Do not edit.\n" + yaml.dump(
        build(functions), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110
    )
