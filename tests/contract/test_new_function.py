"""A new function is two files: everything else is generated, and the table tests take it because it is declared."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dev.declarations import ROOT, function_names
from tests.kit.tree import copy_tree, run

NAME, FOLDER = "a-trend", "a_trend"  # sorts before every other: no other function's port or place may move
ROUTE = f"/api/billing/project/{{namespace}}/{NAME}"
TABLES = {  # the tests that have to take it, each a node id without its parameters
    "tests/contract/test_openapi.py::test_the_running_functions_keep_the_page",
    "tests/contract/test_through_the_ingress.py::test_a_caller_with_access_gets_the_data",
    "tests/contract/test_through_the_ingress.py::test_no_token_is_401",
    "tests/contract/test_through_the_ingress.py::test_a_foreign_namespace_is_403",
    "tests/integration/test_endpoints.py::test_a_guest_sees_what_needs_a_token_and_nothing_else",
    "tests/integration/test_token_table.py::test_every_row_is_answered_as_the_table_says",
    "tests/manifests/test_image.py::test_a_function_starts_from_its_files_alone",
    "tests/manifests/test_properties.py::test_a_file_is_one_object",
    "tests/manifests/test_properties.py::test_the_route_is_the_function_s_own",
    "tests/unit/test_tenants.py::test_row",
    "tests/unit/test_tenants.py::test_foreign_and_unknown_take_the_same_way",
    "tests/unit/test_token_table.py::test_row",
}
RUN = (  # of them, without the local platform
    "tests/unit/test_tenants.py",
    "tests/manifests/test_properties.py",
    "tests/contract/test_through_the_ingress.py",
)
LISTS = """
import json
from dev.declarations import local_ports
from dev.functions import read_functions
from knative.image.build_rootfs import components
from knative.rollout.overlay import function_names
from tests.integration.rollout.conftest import route
print(json.dumps({
    "local platform": [function.name for function in read_functions()],
    "ports": list(local_ports()),
    "images": components(),
    "rollout": function_names(),
    "rollout's fake cluster": [
        rule["filters"][0]["urlRewrite"]["hostname"].partition(".")[0].removeprefix("billing-")
        for rule in route()["spec"]["rules"]
    ],
}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with one more function, generated."""
    copy = copy_tree(tmp_path_factory.mktemp("tree"))
    made = run(copy, "-m", "dev.generate.new_function", NAME)
    assert made.stdout.splitlines()[:2] == [f"functions/{FOLDER}/main.py", f"functions/{FOLDER}/models.py"], made.stderr
    generated = run(copy, "-m", "dev.generate")
    assert (generated.returncode, generated.stderr) == (0, "")
    return copy


def test_what_is_generated_names_it_and_moves_no_other(tree: Path) -> None:
    """README, OpenAPI, Knative Service, canary, the two lists, the route, its chart; every other file is as it was."""
    changed = {
        str(path.relative_to(tree))
        for path in tree.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not ((ROOT / path.relative_to(tree)).is_file() and same(path, ROOT / path.relative_to(tree)))
    }
    assert changed == {
        f"functions/{FOLDER}/main.py",
        f"functions/{FOLDER}/models.py",
        "README.md",
        "docs/openapi.yaml",
        "knative/base/httproute.yaml",
        "knative/chart/templates/base-httproute.yaml",
        f"knative/chart/templates/functions-{NAME}.yaml",
        f"knative/components/flagger/canary-{NAME}.yaml",
        "knative/components/flagger/kustomization.yaml",
        f"knative/functions/{NAME}.yaml",
        "knative/functions/kustomization.yaml",
    }
    assert ROUTE in yaml.safe_load((tree / "docs/openapi.yaml").read_text())["paths"]


def same(path: Path, other: Path) -> bool:
    return path.read_bytes() == other.read_bytes()


def test_every_list_has_it(tree: Path) -> None:
    """The local platform, its ports, the images, the rollout and its tests."""
    done = run(tree, "-c", LISTS)
    assert done.returncode == 0, done.stderr
    assert [what for what, names in json.loads(done.stdout).items() if NAME not in names] == []


def test_every_table_test_takes_it(tree: Path) -> None:
    """A table whose parameters are written by hand again does not."""
    files = sorted({node.partition("::")[0] for node in TABLES})
    done = run(tree, "-m", "pytest", "--collect-only", "-q", "-k", NAME, *files)
    found = {line.partition("[")[0] for line in done.stdout.splitlines() if NAME in line}
    assert sorted(TABLES - found) == [], done.stdout + done.stderr


def test_it_passes(tree: Path) -> None:
    """The tenant table, the properties of the manifests, and a request through Envoy to its own process."""
    chosen = f"{NAME} or test_files_hold or test_each_function_has_a_service"
    done = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *RUN)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert re.search(r"\d+ passed", done.stdout)
    assert "skipped" not in done.stdout


def test_its_image_has_its_folder(tree: Path, tmp_path: Path) -> None:
    """Both files, compiled, and nothing of the other functions."""
    done = run(tree, "knative/image/build_rootfs.py", "code", NAME, str(tmp_path / "root"))
    assert done.returncode == 0, done.stderr
    functions = tmp_path / "root/app/functions"
    assert [folder.name for folder in functions.iterdir()] == [FOLDER]
    assert {path.name for path in (functions / FOLDER).glob("*.py")} == {"main.py", "models.py"}
    assert len(list((functions / FOLDER / "__pycache__").iterdir())) == 2


def test_no_list_of_the_functions_is_written_by_hand() -> None:
    """In no Python file: a literal that holds every function's name leaves out the next one."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in ("common", "dev", "knative", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in lists_of(set(function_names()), path.read_text())
    ]
    assert found == []


def lists_of(names: set[str], source: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(source)):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = [*node.elts]
        elif isinstance(node, ast.Dict):
            parts = node.keys
        if names <= {part.value for part in parts if isinstance(part, ast.Constant)}:
            yield node.lineno


def test_a_list_by_hand_is_found() -> None:
    """A tuple, a dict, and one among other values."""
    names = {"health", "overview"}
    source = "a = ('health', 'overview')\nb = {'overview': 1, 'health': 2, 'page': 3}\nc = ['health']\n"
    assert list(lists_of(names, source)) == [1, 2]
