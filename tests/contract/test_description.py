"""docs/openapi.yaml for generators: valid, without a warning of the linters, and every type in it has a name."""

import json
import keyword
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from dev.declarations import ROOT
from dev.generate.openapi import DOCUMENT, EXAMPLES

PAGE: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
SCHEMAS: dict[str, Any] = PAGE["components"]["schemas"]
SPECTRAL = ROOT / "ui/node_modules/.bin/spectral"
RULES = Path(__file__).with_name("spectral.yaml")


def walk(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with its place."""
    if isinstance(value, dict):
        yield where, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in items:
        yield from walk(part, f"{where}/{name}")


def test_the_page_is_valid_openapi() -> None:
    """openapi-spec-validator, defaults and references included. A warning is an error in these tests."""
    validate(PAGE)


def test_spectral_prints_no_warning() -> None:
    """All rules of its OpenAPI ruleset, hints and examples included."""
    if not SPECTRAL.exists():
        pytest.skip("NOT TESTED: spectral is not installed (make install)")
    command = [str(SPECTRAL), "lint", "--ruleset", str(RULES), "--fail-severity", "hint", str(DOCUMENT)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert "No results with a severity of 'hint' or higher found!" in ran.stdout


def test_every_body_and_every_object_has_a_name() -> None:
    """A generator invents a name for a type that is written inside another one. A map of amounts has none."""
    bodies = [(where, part["schema"]) for where, part in walk(PAGE["paths"]) if where.endswith("/application~json")]
    bodies += [(where, part["schema"]) for where, part in walk(PAGE["paths"]) if where.endswith("/application/json")]
    assert bodies
    assert [where for where, schema in bodies if set(schema) != {"$ref"}] == []
    inside = [(where, part) for where, part in walk(SCHEMAS) if where.count("/") > 1]
    inside += [(where, part) for where, part in walk(PAGE["paths"]) if "/parameters/" in where]
    assert [where for where, part in inside if "enum" in part or "properties" in part] == []
    maps = [part for _, part in inside if part.get("type") == "object"]
    assert [part for part in maps if [one["type"] for one in part["patternProperties"].values()] != ["number"]] == []


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if "enum" in schema])
def test_every_value_of_an_enumeration_has_a_name(name: str) -> None:
    """One identifier for each value, all different."""
    names = SCHEMAS[name]["x-enum-varnames"]
    assert len(set(names)) == len(SCHEMAS[name]["enum"]) == len(names)
    assert [word for word in names if not word.isidentifier() or keyword.iskeyword(word.lower())] == []


def test_every_number_is_a_decimal() -> None:
    """Generators for languages with a decimal type use it; none of the numbers is a binary one."""
    numbers = [(where, part) for where, part in walk(SCHEMAS) if part.get("type") == "number"]
    assert numbers
    assert [where for where, part in numbers if part.get("format") != "decimal"] == []


def test_the_example_of_an_overview_adds_up() -> None:
    """Its parts are its total, as in every response."""
    data = json.loads((EXAMPLES / "overview.json").read_text(), parse_float=Decimal)["data"]
    assert sum(data["cost_breakdown"].values()) == data["billing_summary"]["current_month_total"]


def test_every_example_is_of_an_operation() -> None:
    """A renamed operation takes its example with it."""
    operations = {part["operationId"] for _, part in walk(PAGE["paths"]) if "operationId" in part}
    assert {path.stem for path in EXAMPLES.glob("*.json")} <= operations
