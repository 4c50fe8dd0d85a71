"""Writes the table of functions in README.md, between two markers."""

import re
from collections.abc import Sequence
from typing import Final

from dev.declaration_checks import PREFIX
from dev.declarations import ROOT, Declared

DOCUMENT: Final = ROOT / "README.md"
BEGIN, END = "<!-- functions: written by make generate -->\n", "\n<!-- end of functions -->\n"
TABLE: Final = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)


def render(functions: Sequence[Declared]) -> str:
    rows = [f"| [{f.name}](functions/{f.folder}/main.py) | {_endpoints(f)} | {f.about} |\n" for f in functions]
    table = ["\n| Function | Endpoints | What it is for |\n", "| --- | --- | --- |\n", *rows]
    return TABLE.sub(lambda _: f"{BEGIN}{''.join(table)}{END}", DOCUMENT.read_text())


def _endpoints(function: Declared) -> str:
    """The methods of each route, which are shown without their common beginning."""
    return ", ".join(f"`{_methods(function, route)} {route.removeprefix(PREFIX)}`" for route in function.routes)


def _methods(function: Declared, route: str) -> str:
    methods = [endpoint.method for endpoint in function.app.endpoints if endpoint.route == route]
    return "/".join(methods) or "WebSocket"
