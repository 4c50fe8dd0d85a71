"""Write docs/openapi.yaml from the functions, the models and the error table: `python -m dev.openapi`."""

import ast
import importlib.util
import os
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from common.function import Access, Function
from common.http import errors
from common.models import NAMESPACE_PATTERN, Health, Meta, Overview, ProjectList

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENT: Final = ROOT / "docs" / "openapi.yaml"
DATA: Final[dict[str, type[BaseModel]]] = {"health": Health, "projects": ProjectList, "overview": Overview}
TIMESTAMP_SCHEMA: Final = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    "description": "UTC, RFC 3339, milliseconds",
}
TOKEN_ERRORS: Final = (errors.TokenMissing, errors.TokenInvalid, errors.TokenExpired)
ALWAYS: Final = (
    errors.BadRequest,
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
    Access.NAMESPACE: (errors.GuestDenied, errors.AccessDenied, errors.BillingIncomplete),
}
HEADERS: Final = {
    401: {"WWW-Authenticate": "The challenge of RFC 6750"},
    405: {"Allow": "The methods that are allowed"},
    503: {"Retry-After": "Seconds to wait before asking again"},
}
DESCRIPTION: Final = (
    "What projects cost, for the Billing page. Amounts are JSON numbers with the digits of their currency (hourly "
    "rates up to four more); times are UTC. Names and meanings in an answer never change; new members may appear."
)
TIMESTAMP: Final = {"$ref": "#/components/schemas/Timestamp"}


def load_functions() -> dict[str, Function[Any]]:
    """Every function's app, by the name of its folder."""
    os.environ |= {"KEYCLOAK_URL": "http://127.0.0.1:8081", "OIDC_AUDIENCE": "kube-dc-billing"}
    found = {}
    for main in sorted(ROOT.glob("functions/*/main.py")):
        spec = importlib.util.spec_from_file_location(f"functions.{main.parent.name}.main", main)
        if spec is None or spec.loader is None:
            raise ImportError(str(main))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[main.parent.name] = module.app
    return found


def build() -> dict[str, Any]:
    models: list[type[BaseModel]] = [*DATA.values(), Meta]
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models], ref_template="#/components/schemas/{model}"
    )
    definitions = _plain(schemas["$defs"])
    functions = load_functions()
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kube-DC billing", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": {app.route: {"get": _operation(name, app)} for name, app in functions.items()},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT, an OIDC access token"}
            },
            "schemas": {**definitions, "Timestamp": TIMESTAMP_SCHEMA, "Error": _error_schema()},
        },
    }


def _plain(definitions: dict[str, Any]) -> dict[str, Any]:
    """Timestamps as this API writes them, and no titles that only repeat the name."""
    as_of = definitions["Meta"]["properties"]["as_of"]
    definitions["Meta"]["properties"]["as_of"] = {**TIMESTAMP, "description": as_of["description"]}
    for schema in definitions.values():
        schema.pop("title", None)
        for member in schema.get("properties", {}).values():
            member.pop("title", None)
    return definitions


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "success": {"const": False},
            "error": {"type": "string", "description": "One of the texts listed with the status"},
            "details": {"type": "object", "description": "What the text is about; may be empty"},
            "timestamp": TIMESTAMP,
        },
        "required": ["success", "error", "details", "timestamp"],
    }


def _operation(name: str, app: Function[Any]) -> dict[str, Any]:
    first, _, rest = _docstring(name).partition("\n\n")
    return {
        "operationId": name,
        "summary": first.partition(": ")[2].replace("\n", " "),
        "description": " ".join(rest.split()) + f" Needs {app.access.value}.",
        "parameters": _parameters(app),
        "responses": {"200": _success(DATA[name]), **_failures((*ALWAYS, *BY_ACCESS[app.access]))},
    }


def _docstring(name: str) -> str:
    tree = ast.parse((ROOT / "functions" / name / "main.py").read_text())
    return ast.get_docstring(tree) or ""


def _parameters(app: Function[Any]) -> list[dict[str, Any]]:
    path = []
    if "{namespace}" in app.route:
        schema = {"type": "string", "pattern": NAMESPACE_PATTERN, "maxLength": 63}
        path = [{"name": "namespace", "in": "path", "required": True, "schema": schema, "example": "acme-web"}]
    query = []
    for name, schema in app.parameters.model_json_schema().get("properties", {}).items():
        schema.pop("title", None)
        about = schema.pop("description", "")
        query.append({"name": name, "in": "query", "required": False, "description": about, "schema": schema})
    return path + query


def _success(model: type[BaseModel]) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "properties": {
            "success": {"const": True},
            "data": {"$ref": f"#/components/schemas/{model.__name__}"},
            "timestamp": TIMESTAMP,
            "meta": {"$ref": "#/components/schemas/Meta"},
        },
        "required": ["success", "data", "timestamp", "meta"],
    }
    age = {
        "description": "Seconds since a stale answer was fetched; only with meta.stale",
        "schema": {"type": "integer"},
    }
    return {
        "description": "The answer",
        "headers": {"Age": age},
        "content": {"application/json": {"schema": envelope}},
    }


def _failures(classes: tuple[type[errors.ApiError], ...]) -> dict[str, Any]:
    by_status: dict[int, list[type[errors.ApiError]]] = defaultdict(list)
    for kind in classes:
        by_status[int(kind.status)].append(kind)
    return {
        str(status): {
            "description": "; ".join(f"`{kind.text}`: {kind.when}" for kind in kinds),
            "headers": {
                name: {"description": about, "schema": {"type": "string"}}
                for name, about in HEADERS.get(status, {}).items()
            },
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for status, kinds in sorted(by_status.items())
    }


class Dumper(yaml.SafeDumper):
    """Every schema written out where it stands: a reader should not have to follow YAML anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def render() -> str:
    return "# Generated by `make openapi` from the models and the error table: change those instead.\n" + yaml.dump(
        build(), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110
    )


if __name__ == "__main__":
    DOCUMENT.write_text(render())
