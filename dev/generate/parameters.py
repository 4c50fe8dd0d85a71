"""The parameters of an operation in docs/openapi.yaml, and the names of their enumerations."""

from collections.abc import Iterator
from typing import Any, Final

from common.endpoint import Endpoint
from common.model import NAMESPACE_PATTERN
from dev.declaration_checks import PATH_PARAMETER
from dev.generate.schemas import camel_case, named_enum, reference, without_null

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


def _described(endpoint: Endpoint[Any, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Name, JSON schema, and whether it is required."""
    described = endpoint.parameters.model_json_schema()
    for name, schema in described.get("properties", {}).items():
        schema.pop("title", None)
        without_null(schema)
        yield name, schema, name in described.get("required", [])


def _enum_name(operation: str, parameter: str) -> str:
    return camel_case(f"{operation}_{parameter}")


def enums(operation: str, endpoint: Endpoint[Any, Any]) -> dict[str, Any]:
    return {
        _enum_name(operation, name): named_enum({"type": "string", "enum": schema["enum"]})
        for name, schema, _ in _described(endpoint)
        if "enum" in schema
    }


def parameters(operation: str, endpoint: Endpoint[Any, Any]) -> list[dict[str, Any]]:
    in_path = PATH_PARAMETER.findall(endpoint.route)
    found = []
    if "namespace" in in_path:
        schema = {"type": "string", "pattern": NAMESPACE_PATTERN, "maxLength": 63}
        of_project = {"name": "namespace", "in": "path", "required": True, "description": "Namespace of the project"}
        found = [{**of_project, "schema": schema, "example": "acme-web"}]
    for name, schema, required in _described(endpoint):
        about = schema.pop("description", "")
        named = reference(_enum_name(operation, name)) if schema.pop("enum", None) else {}
        where = {"in": "path", "required": True} if name in in_path else {"in": "query", "required": required}
        found.append({"name": name, **where, "description": about, "schema": named | schema})
    if endpoint.method != "GET" and not endpoint.safe:
        found.append(IDEMPOTENCY_KEY)
    if endpoint.method in {"PUT", "PATCH", "DELETE"}:
        found.append(IF_MATCH)
    return found
