"""A mistake in a declaration: `make generate` names the file and the mistake, and writes nothing."""

import hashlib
import re
from pathlib import Path

import pytest
import yaml

from dev.declarations import ROOT
from tests.kit.tree import copy_tree, run

MODELS = """
from pydantic import Field

from common.model import Parameters, WireModel


class Data(WireModel):
    name: str


class Months(Parameters):
    months: int = Field(examples=["1"])


class Unclear(Parameters):
    months: int


class Optional(Parameters):
    months: int = 1
"""
MAIN = '''
"""What it costs."""

import functions_framework.aio
from common.endpoint import Access, Endpoint
from common.function import Function
from functions.{folder}.models import Data, Months, Optional, Unclear


async def get_cost(call):
    """What it costs."""


async def read_cost(call):
    """What it costs."""


async def put_cost(call):
    """What it costs."""


async def undocumented(call):
    return None


app = Function("{name}", port={port}, endpoints=[{endpoints}])


@functions_framework.aio.http
async def {target}(request):
    return app
'''
GOOD = 'Endpoint(method="GET", route="/api/billing/{name}", access=Access.MEMBER, handle=get_cost, data=Data)'


METHODS = "the method must be one of GET, POST, PUT, PATCH, DELETE"


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
    (
        "p",
        {"port": "8091"},
        (
            "functions/overview/main.py and functions/p/main.py: have the same port 8091: "
            "choose another one for the newer function"
        ),
    ),
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
        "functions/health/main.py and functions/z/main.py: have the same route /api/billing/health",
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
                    changed("/{name}", "/{name}/{{months}}")
                    .replace("data=", "parameters=Months, data=")
                    .replace("get_cost", "read_cost"),
                    changed("/{name}", "/{name}/{{namespace}}")
                    .replace("MEMBER", "NAMESPACE")
                    .replace("GET", "PUT")
                    .replace("get_cost", "put_cost"),
                ]
            )
        },
        (
            "functions/k/main.py: PUT /api/billing/k/{namespace}: "
            "/api/billing/k/{months} is the same route with another parameter name"
        ),
    ),
    ("l", {"endpoints": changed('"GET"', '"get"')}, f"functions/l/main.py: get /api/billing/l: {METHODS}"),
    ("m", {"endpoints": changed('"GET"', '"HEAD"')}, f"functions/m/main.py: HEAD /api/billing/m: {METHODS}"),
    (
        "n",
        {"endpoints": changed("data=Data", "data=dict")},
        "functions/n/main.py: GET /api/billing/n: data must be a class that inherits from WireModel",
    ),
    (
        "o",
        {"endpoints": changed("GET", "POST").replace("data=", "body=Data, data=")},
        "functions/o/main.py: POST /api/billing/o: body must be a class that inherits from BodyModel",
    ),
    (
        "q",
        {"endpoints": changed("data=", "parameters=Data, data=")},
        "functions/q/main.py: GET /api/billing/q: parameters must be a class that inherits from Parameters",
    ),
    (
        "r",
        {"endpoints": changed("data=", "status=404, data=")},
        "functions/r/main.py: GET /api/billing/r: status must be from 200 to 299: an error is raised as an ApiError",
    ),
    (
        "s",
        {"endpoints": changed("data=", "status=204, data=")},
        (
            "functions/s/main.py: GET /api/billing/s: a response with status 204 has no body: "
            "it has neither data nor a media_type"
        ),
    ),
    (
        "t",
        {"endpoints": changed("/{name}", "/{name}/of costs")},
        (
            "functions/t/main.py: GET /api/billing/t/of costs: "
            "the segment 'of costs' of the route must be lower-case letters and digits, with single - or _"
        ),
    ),
    (
        "u",
        {"endpoints": changed("/{name}", "/{name}/{{months:int}}").replace("data=", "parameters=Months, data=")},
        (
            "functions/u/main.py: GET /api/billing/u/{months:int}: "
            "write {months} for {months:int}: the type of a path parameter is in the parameter model"
        ),
    ),
    (
        "v",
        {"endpoints": changed("/{name}", "/{name}/of-{{months}}").replace("data=", "parameters=Months, data=")},
        (
            "functions/v/main.py: GET /api/billing/v/of-{months}: "
            "of-{months}: a path parameter is a complete segment: {name} of lower-case letters, digits, _"
        ),
    ),
    (
        "w",
        {"endpoints": changed("/{name}", "/{name}/{{months}}").replace("data=", "parameters=Optional, data=")},
        (
            "functions/w/main.py: GET /api/billing/w/{months}: "
            "Optional: the path parameter months must not have a default"
        ),
    ),
    (
        "ab",
        {"endpoints": changed("data=", "parameters=Unclear, data=")},
        (
            "functions/ab/main.py: GET /api/billing/ab: "
            "Unclear: months is required: add examples=[...], which the tests use"
        ),
    ),
    (
        "x",
        {"endpoints": changed("Access.MEMBER", '"MEMBER"')},
        (
            "functions/x/main.py: GET /api/billing/x: access must be a member of Access: "
            "Access.TOKEN, Access.MEMBER, Access.NAMESPACE, Access.ORGANIZATION, Access.ORG_ADMIN"
        ),
    ),
    (
        "y",
        {"endpoints": changed("handle=get_cost", "handle=Data")},
        "functions/y/main.py: GET /api/billing/y: handle must be an `async def`",
    ),
    (
        "h",
        {"endpoints": changed("/{name}", "/{name}/")},
        (
            "functions/h/main.py: GET /api/billing/h/: "
            "the segment '' of the route must be lower-case letters and digits, with single - or _"
        ),
    ),
    (
        "j",
        {"endpoints": changed("get_cost", "undocumented")},
        "functions/j/main.py: GET /api/billing/j: undocumented needs a docstring: it is the text in OpenAPI",
    ),
]
ALONE: list[Mistake] = [  # such a function cannot be read
    (
        "cost",
        {"endpoints": changed(", data=Data", "")},
        (
            "functions/cost/main.py: TypeError: Endpoint.__init__() missing 1 required keyword-only argument: 'data' "
            "(line 25)"
        ),
    ),
    (
        "cost",
        {"endpoints": changed("get_cost", "get_csot")},
        "functions/cost/main.py: NameError: name 'get_csot' is not defined (line 25)",
    ),
    (
        "cost",
        {"endpoints": changed("Access.MEMBER", "Access.ADMIN")},
        "functions/cost/main.py: AttributeError: ADMIN (line 25)",
    ),
    ("cost", {"endpoints": changed(", data=Data", " data=Data")}, "functions/cost/main.py: SyntaxError: "),
    (
        "cost",
        {"endpoints": changed("/{name}", "/{name}/{{months}}/{{months}}")},
        "functions/cost/main.py: ValueError: /api/billing/cost/{months}/{months} has a path parameter twice (line 25)",
    ),
    ("page", {}, "functions/page/main.py: the name 'page' is used by another part of the platform"),
    ("class", {"target": "cost"}, "functions/class/main.py: the name 'class' is a keyword of Python"),
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


@pytest.mark.parametrize("folder", ["aa", "zz"])
def test_both_files_are_named_for_a_port_wherever_the_new_one_sorts(tree: Path, folder: str) -> None:
    """The line blames none of the two alone."""
    write(tree, folder, {"port": "8091"})
    [line] = generate(tree).splitlines()
    assert line.startswith(" and ".join(sorted([f"functions/{folder}/main.py", "functions/overview/main.py"])))


def test_a_mistake_in_the_models_names_their_file(tree: Path) -> None:
    """Also of several functions at once, each with its own line."""
    for folder, line in (("cost", "import pandas_of_nobody\n"), ("price", "def f(:\n")):
        write(tree, folder, {})
        models = tree / "functions" / folder / "models.py"
        models.write_text(line + models.read_text())
    assert generate(tree).splitlines() == [
        "functions/cost/models.py: ModuleNotFoundError: No module named 'pandas_of_nobody' (line 1)",
        "functions/price/models.py: SyntaxError: invalid syntax (line 1)",
    ]


@pytest.mark.parametrize(
    "command", [["dev.generate.new_function", "unit-costs"], ["dev", "token", "alice"], ["dev", "run"]]
)
def test_every_command_prints_the_mistake_without_a_traceback(tree: Path, command: list[str]) -> None:
    """Its exit code is 1."""
    write(tree, "cost", {"endpoints": changed("get_cost", "get_csot")})
    done = run(tree, "-m", *command)
    line = "functions/cost/main.py: NameError: name 'get_csot' is not defined (line 25)\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)
    assert not (tree / "functions/unit_costs").exists()


def test_two_functions_with_one_handler_name_are_named(tree: Path) -> None:
    """Both would have one operation id."""
    for folder in ("cost", "price"):
        two = f"{GOOD}, {changed('{name}', '{name}/' + folder)}"
        write(tree, folder, {"endpoints": two}, 8150 + (folder == "price"))
    assert generate(tree).splitlines() == [
        "functions/cost/main.py and functions/price/main.py: the operation id get_cost is used twice: rename a handler"
    ]


def test_two_models_of_one_name_are_named(tree: Path) -> None:
    """Of two functions, and of a function and common/: their public schemas have no place for a module's name."""
    write(tree, "cost", {})
    write(tree, "price", {}, 8151)
    meta = "class Meta(WireModel):\n    name: str\n\n\nclass Data(WireModel):\n    meta: Meta\n    more: str\n"
    models = tree / "functions/price/models.py"
    models.write_text(MODELS.lstrip().replace("class Data(WireModel):\n    name: str\n", meta))
    assert sorted(generate(tree).splitlines()) == [
        "common/model.py and functions/price/models.py: have a model of the same name Meta",
        "functions/cost/models.py and functions/price/models.py: have a model of the same name Data",
    ]


def test_a_model_without_a_schema_is_named(tree: Path) -> None:
    """OpenAPI cannot describe it."""
    write(tree, "cost", {})
    models = tree / "functions/cost/models.py"
    models.write_text("from threading import Thread\n" + MODELS.lstrip().replace("name: str", "name: Thread"))
    [line] = generate(tree).splitlines()
    assert line.startswith("functions/cost/models.py: Data: Unable to generate pydantic-core schema")


def test_no_public_name_has_a_module_and_every_reference_has_its_schema() -> None:
    """In the document that is checked in."""
    document = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
    names = [*document["components"]["schemas"]]
    assert [name for name in names if "__" in name or name.endswith(("-Input", "-Output"))] == []
    referenced = set(re.findall(r"#/components/schemas/([\w-]+)", (ROOT / "docs/openapi.yaml").read_text()))
    assert referenced <= {*names}


def test_without_a_mistake_it_is_written(tree: Path) -> None:
    """The functions above fail for what they change and for nothing else."""
    write(tree, "cost", {})
    done = run(tree, "-m", "dev.generate")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"docs/openapi.yaml", "knative/functions/cost.yaml"} <= set(done.stdout.splitlines())
    assert "/api/billing/cost" in (tree / "docs/openapi.yaml").read_text()
