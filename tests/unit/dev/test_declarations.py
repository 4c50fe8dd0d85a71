"""A mistake in a declaration: `make generate` names the file and the mistake, and writes nothing."""

import hashlib
from pathlib import Path

import pytest

from tests.kit.tree import copy_tree, run

MODELS = """
from common.model import Parameters, WireModel


class Data(WireModel):
    name: str


class Months(Parameters):
    months: int = 1
"""
MAIN = '''
"""What it costs."""

import functions_framework.aio
from common.endpoint import Access, Endpoint
from common.function import Function
from functions.{folder}.models import Data, Months


async def get_cost(call):
    """What it costs."""


async def undocumented(call):
    return None


app = Function("{name}", port={port}, endpoints=[{endpoints}])


@functions_framework.aio.http
async def {target}(request):
    return app
'''
GOOD = 'Endpoint(method="GET", route="/api/billing/{name}", access=Access.MEMBER, handle=get_cost, data=Data)'


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


Mistake = tuple[str, dict[str, str], str]  # the folder, what is changed in its main.py, and the line that names it
TOGETHER: list[Mistake] = [
    ("a", {"endpoints": f"{GOOD}, {GOOD}"}, "functions/a/main.py: GET /api/billing/a is declared twice"),
    (
        "b",
        {"endpoints": changed("/{name}", "/{name}/{{budget}}").replace("data=", "parameters=Months, data=")},
        "functions/b/main.py: GET /api/billing/b/{budget}: Months has no field for the path parameter budget",
    ),
    (
        "c",
        {"endpoints": changed("data=Data", "data=None")},
        "functions/c/main.py: GET /api/billing/c: needs a data model, or the media_type of its stream",
    ),
    ("p", {"port": "8091"}, "functions/p/main.py: port 8091 is the port of overview already"),
    ("d", {"port": "80"}, "functions/d/main.py: port 80 must be from 8090 to 8189"),
    ("e", {"name": "costs"}, "functions/e/main.py: Function('costs') must be named 'e', like its folder"),
    (
        "unit_cost",
        {"name": "unit_cost"},
        "functions/unit_cost/main.py: Function('unit_cost') must be named 'unit-cost', like its folder",
    ),
    (
        "z",
        {"endpoints": changed("{name}", "health")},
        "functions/z/main.py: /api/billing/health is a route of health already",
    ),
    (
        "f",
        {"endpoints": changed("/api/billing/{name}", "/cost")},
        "functions/f/main.py: GET /cost: the route must begin with /api/billing/",
    ),
    (
        "g",
        {"endpoints": changed("/{name}", "/{{namespace}}/{name}")},
        (
            "functions/g/main.py: GET /api/billing/{namespace}/g: "
            "a route with {namespace} has Access.NAMESPACE, and only such a route has it"
        ),
    ),
    ("i", {"endpoints": ""}, "functions/i/main.py: declares no endpoint"),
    (
        "k",
        {
            "endpoints": ", ".join(
                [
                    changed("/{name}", "/{name}/{{months}}").replace("data=", "parameters=Months, data="),
                    changed("/{name}", "/{name}/{{namespace}}").replace("MEMBER", "NAMESPACE").replace("GET", "PUT"),
                ]
            )
        },
        (
            "functions/k/main.py: PUT /api/billing/k/{namespace}: "
            "/api/billing/k/{months} is the same route with another parameter name"
        ),
    ),
    (
        "j",
        {"endpoints": changed("get_cost", "undocumented")},
        "functions/j/main.py: GET /api/billing/j: undocumented needs a docstring: it is the text in OpenAPI",
    ),
]
ALONE: list[Mistake] = [  # such a function cannot be read
    ("cost", {"endpoints": changed(", data=Data", "")}, "functions/cost/main.py: Endpoint.__init__() missing"),
    (
        "unit-cost",
        {},
        "functions/unit-cost/main.py: the folder's name must be lower-case letters, digits and underscores",
    ),
    ("cost", {"target": "costs"}, "functions/cost/main.py: needs `app = Function(...)` and the target"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_tree(tmp_path)


def write(tree: Path, folder: str, changes: dict[str, str], port: int = 8150) -> None:
    words = {"name": folder, "target": folder, "port": str(port), "endpoints": GOOD, **changes}
    words["endpoints"] = words["endpoints"].format(name=folder)
    path = tree / "functions" / folder
    path.mkdir()
    (path / "main.py").write_text(MAIN.format(folder=folder, **words).lstrip())
    (path / "models.py").write_text(MODELS.lstrip())


def digest(tree: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in tree.rglob("*") if p.is_file()}


def generate(tree: Path) -> str:
    """The mistakes."""
    before = digest(tree)
    done = run(tree, "-m", "dev.generate")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert digest(tree) == before
    return done.stderr


def test_every_mistake_is_named_and_nothing_is_written(tree: Path) -> None:
    """A line for each, with the file and the mistake; the exit code is 1."""
    for n, (folder, changes, _) in enumerate(TOGETHER):
        write(tree, folder, changes, 8150 + n)
    assert sorted(generate(tree).splitlines()) == sorted(text for _, _, text in TOGETHER)


@pytest.mark.parametrize(("folder", "changes", "text"), ALONE)
def test_a_function_that_cannot_be_read_is_named(tree: Path, folder: str, changes: dict[str, str], text: str) -> None:
    """One line, without a traceback."""
    write(tree, folder, changes)
    [line] = generate(tree).splitlines()
    assert line.startswith(text)


def test_without_a_mistake_it_is_written(tree: Path) -> None:
    """The functions above fail for what they change and for nothing else."""
    write(tree, "cost", {})
    done = run(tree, "-m", "dev.generate")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"docs/openapi.yaml", "knative/functions/cost.yaml"} <= set(done.stdout.splitlines())
    assert "/api/billing/cost" in (tree / "docs/openapi.yaml").read_text()
