"""The components of docs/openapi.yaml: each model, an envelope for each response, the error response, and examples.

Every schema has a name, so that generated clients have one type for each of them.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import PydanticUserError
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from common.endpoint import Endpoint
from common.http import errors
from common.model import Meta
from dev import local_replies
from dev.declarations import ROOT, DeclarationError, Declared

if TYPE_CHECKING:
    from pydantic import BaseModel

Json = dict[str, Any]

TIMESTAMP_SCHEMA: Final = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    "description": "UTC, RFC 3339, milliseconds",
}
EXAMPLE_TIMESTAMP: Final = "2026-11-22T15:10:30.515Z"
DETAILS_SCHEMA: Final = {
    "type": "object",
    "description": "More data about the error. Can be empty",
    "additionalProperties": True,
}


def reference(name: str, kind: str = "schemas") -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def schemas(functions: Sequence[Declared]) -> Json:
    endpoints = [endpoint for function in functions for endpoint in function.app.endpoints]
    found = _models(endpoints)
    for schema in list(found):
        add_named(found, dict(_name_enums(schema, found[schema])))
    add_named(found, {envelope_name(e.data): _envelope(e.data) for e in endpoints if e.data})
    add_named(found, {"Timestamp": TIMESTAMP_SCHEMA, "ErrorDetails": DETAILS_SCHEMA})
    add_named(found, {"ErrorResponse": _error_response(), "ErrorCode": _error_code()})
    return found


def add_named(found: Json, more: Json) -> None:
    """Raises DeclarationError if a name has two meanings."""
    for name, schema in more.items():
        if found.setdefault(name, schema) != schema:
            raise DeclarationError(f"two schemas are named {name}: rename a model, or the enumeration of a member")


def envelope_name(model: "type[BaseModel]") -> str:
    return f"{model.__name__}Response"


def camel_case(words: str) -> str:
    return "".join(word.title() for word in words.split("_"))


def named_enum(schema: Json) -> Json:
    """Adds the names of the values for generators. Without them, -namespace becomes VALUE_1."""
    return schema | {"x-enum-varnames": [_variable(value) for value in schema["enum"]]}


def error_classes(parent: type[errors.ApiError] = errors.ApiError) -> list[type[errors.ApiError]]:
    """Every error that has a code."""
    children = [kind for child in parent.__subclasses__() for kind in error_classes(child)]
    return ([parent] if hasattr(parent, "code") else []) + children


def error_examples(kinds: Iterable[type[errors.ApiError]]) -> Json:
    return {
        kind.code: {
            "summary": kind.text,
            "value": {
                "success": False,
                "error": kind.text,
                "code": kind.code,
                "details": {},
                "timestamp": EXAMPLE_TIMESTAMP,
            },
        }
        for kind in kinds
    }


def _models(endpoints: Sequence[Endpoint[Any, Any]]) -> Json:
    sent: list[type[BaseModel]] = [Meta, *(endpoint.data for endpoint in endpoints if endpoint.data)]
    received: list[type[BaseModel]] = [endpoint.body for endpoint in endpoints if endpoint.body]
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model in sent]
    models += [(model, "validation") for model in received]
    try:
        _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")
    except (PydanticUserError, PydanticUndefinedAnnotation) as exc:
        raise DeclarationError("\n".join(_without_schema(models)) or str(exc)) from exc
    _check_names(found["$defs"])
    return _plain(found["$defs"])


def _without_schema(models: "Iterable[tuple[type[BaseModel], JsonSchemaMode]]") -> Iterator[str]:
    for model, mode in models:
        try:
            model.model_json_schema(mode=mode)
        except (PydanticUserError, PydanticUndefinedAnnotation) as exc:
            file = Path(inspect.getfile(model)).relative_to(ROOT)
            yield f"{file}: {model.__name__}: {str(exc).partition(chr(10))[0]}"


def _check_names(definitions: Iterable[str]) -> None:
    """pydantic names two models of one name after their modules, and a model of two modes after the mode."""
    files: dict[str, list[str]] = defaultdict(list)
    mistakes = []
    for key in definitions:
        *module, name = key.split("__")
        if key.endswith("-Input"):
            name = name.removesuffix("-Input")
            mistakes.append(f"{name} is in a body and in a response, with different schemas: use two models")
        elif module:
            files[name].append(f"{'/'.join(module)}.py")
    mistakes += [f"{' and '.join(sorted(of))}: have a model of the same name {name}" for name, of in files.items()]
    if mistakes:
        raise DeclarationError("\n".join(mistakes))


def _plain(definitions: Json) -> Json:
    """Replaces timestamps by the format of this API, and removes titles, because they only repeat the name."""
    for schema in definitions.values():
        schema.pop("title", None)
        if "enum" in schema:
            schema.update(named_enum(schema))
        for member in schema.get("properties", {}).values():
            member.pop("title", None)
            without_null(member)
            for part in (member, *member.get("anyOf", [])):
                if part.get("format") == "date-time":
                    del part["type"], part["format"]
                    part.update(reference("Timestamp"))
    return definitions


def without_null(member: Json) -> None:
    """A member or parameter with the default None is absent if it is None. It is never null."""
    if member.get("default", ...) is None:
        del member["default"]
        for part in member.pop("anyOf", []):
            member.update(part if part != {"type": "null"} else {})


def _name_enums(schema_name: str, schema: Json) -> Iterator[tuple[str, Json]]:
    """Moves the enumerations of a model's members into separate schemas: `Project.code` becomes ProjectCode."""
    for member, about in schema.get("properties", {}).items():
        name = schema_name + camel_case(member)
        for part in [about, *about.get("anyOf", []), about.get("items", {})]:
            if "enum" in part:
                yield name, named_enum({key: part.pop(key) for key in ("type", "enum")})
                part.update(reference(name))


def _variable(value: str) -> str:
    name = re.sub(r"\W", "_", value.removeprefix("-")).upper()
    name = f"VALUE_{name}" if name[:1].isdigit() else name  # an identifier does not begin with a digit
    return f"{name}_DESCENDING" if value.startswith("-") else name


def _envelope(model: "type[BaseModel]") -> Json:
    return {
        "type": "object",
        "description": f"{model.__name__} in the envelope of every success response",
        "properties": {
            "success": {"type": "boolean", "const": True},
            "data": reference(model.__name__),
            "timestamp": reference("Timestamp"),
            "meta": reference("Meta"),
        },
        "required": ["success", "data", "timestamp", "meta"],
    }


def _error_response() -> Json:
    return {
        "type": "object",
        "description": "The body of every error response",
        "properties": {
            "success": {"type": "boolean", "const": False},
            "error": {"type": "string", "description": "Text for people. The responses list the texts"},
            "code": reference("ErrorCode"),
            "details": reference("ErrorDetails"),
            "timestamp": reference("Timestamp"),
        },
        "required": ["success", "error", "code", "details", "timestamp"],
    }


def _error_code() -> Json:
    codes = {kind.code: kind.when for kind in error_classes()}
    for code, text in local_replies.ERRORS.values():
        codes.setdefault(code, f"{text}. From the ingress")
    about = "Code for programs. A code never changes. New codes may be added: treat an unknown one by its status"
    schema = named_enum({"type": "string", "enum": list(codes), "description": about})
    return schema | {"x-enum-descriptions": list(codes.values())}
