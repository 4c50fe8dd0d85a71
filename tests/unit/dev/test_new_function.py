"""The name of a new function: a wrong one is refused in one line, and the code for every other one passes lint."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from dev.declarations import ROOT, function_names, local_ports
from dev.names import RESERVED, name_mistake
from dev.platform import Platform
from dev.settings import default_ports, port_variable, read_settings
from knative.image.build_rootfs import components
from knative.rollout import overlay
from tests.kit.tree import copy_tree, run

SHAPES = {
    "": "is empty",
    "1abc": "must begin with a letter",
    "-a": "must begin with a letter",
    "a-": "must have a letter or a digit after each hyphen",
    "a--b": "must have a letter or a digit after each hyphen",
    "a_b": "has an underscore: write 'a-b'; the folder has the underscores",
    "Costs": "has a character that is not a lower-case letter, a digit or a hyphen",
    "a.b": "has a character that is not a lower-case letter, a digit or a hyphen",
    "costs ": "has a character that is not a lower-case letter, a digit or a hyphen",
    "ä": "has a character that is not a lower-case letter, a digit or a hyphen",
    "a" * 33: "has 33 characters: at most 32 are allowed",
}
WORDS = {"class", "import", "async", "from", "none", "true"}
USED = {"result", "call", "function", "any", "request", "access", "endpoint", "namespace", "resource", "wire-model"}
BUILT_IN = {"list", "type", "exception", "value-error", "functions-framework"}
ON_THE_WORD_LIST = {"answer", "anew", "asked", "whole"}
GOOD = [
    "a",
    "z9",
    "ab",
    "a-1",
    "unit-costs",
    "overviews",
    "costs-of-every-kind-of-resource1",
    "abcdefghijklmnopqrstuvwxyz012345",
]


@pytest.mark.parametrize(("name", "text"), SHAPES.items())
def test_a_malformed_name_is_refused_with_the_rule(name: str, text: str) -> None:
    """The rule that it breaks, and not all rules."""
    assert name_mistake(name) == text


def names_of_the_platform(folder: Path) -> set[str]:
    """Its parts, and the names in manifests, image names and port variables that are not the functions'."""
    environment = {"DATA_DIR": str(folder), "DATABASE_URL": "postgresql://x"}
    platform = Platform(read_settings(local_ports(), environment), lambda _: None)
    found = {part.name for part in platform._parts()} | {"postgres"}
    found |= {*components(), *overlay.function_names()}
    found |= {path.stem for path in (ROOT / "knative/functions").glob("*.yaml")}
    route = yaml.safe_load((ROOT / "knative/base/httproute.yaml").read_text())
    found |= {rule["name"] for rule in route["spec"]["rules"]}
    return found - {*function_names()}


def test_every_other_name_of_the_platform_is_reserved(tmp_path: Path) -> None:
    """A part, an image, a file or a rule with the function's name would replace it."""
    found = names_of_the_platform(tmp_path)
    assert {"page", "billing", "worker", "provider", "ingress", "receiver", "postgres", "kustomization"} <= found
    assert [name for name in sorted(found | RESERVED) if name_mistake(name) is None] == []
    assert name_mistake("service") == "is used by another part of the platform"


@pytest.mark.parametrize("name", ["metrics", "overview-metrics", "worker-metrics", "billing-metrics", "ingress"])
def test_a_name_whose_variable_is_in_use_is_refused(name: str) -> None:
    """`make run` sets the ports by these variables."""
    assert port_variable(name) in {*default_ports(local_ports()), "METRICS_PORT"}
    assert name_mistake(name)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("tree"))


REFUSED = sorted(
    [*SHAPES, *WORDS, *USED, *BUILT_IN, *ON_THE_WORD_LIST, "page", "service", "kustomization", "overview", "prefix"]
)
EVERY = """
import json, sys
from dev.generate import new_function
print(json.dumps({name: new_function.main(name) for name in json.loads(sys.argv[1])}))
"""


def test_nothing_is_written_for_a_refused_name(tree: Path) -> None:
    """One line each, with the name."""
    before = sorted(path.name for path in (tree / "functions").iterdir())
    done = run(tree, "-c", EVERY, json.dumps(REFUSED))
    assert json.loads(done.stdout) == dict.fromkeys(REFUSED, 1), done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == len(REFUSED)
    for name, line in zip(REFUSED, lines, strict=True):
        assert line.startswith(f"NAME is {name!r}: ") or line == f"functions/{name} exists already", line
    assert sorted(path.name for path in (tree / "functions").iterdir()) == before


def test_the_code_of_every_other_name_passes_lint(tree: Path) -> None:
    """The shortest and the longest ones, and those that sort differently: ruff, mypy, the word list, the generator."""
    done = run(tree, "-c", EVERY, json.dumps(GOOD))
    made = json.loads(done.stdout.splitlines()[-1])
    assert made == dict.fromkeys(GOOD, 0), done.stderr
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    subprocess.run(["git", "add", "functions"], cwd=tree, check=True)
    folders = [f"functions/{name.replace('-', '_')}" for name in GOOD]
    for command in (
        ["-m", "ruff", "check", "--no-cache", *folders],
        ["-m", "ruff", "format", "--no-cache", "--check", *folders],
        ["-m", "mypy", "--no-incremental", *folders],
        ["-m", "dev.words"],
        ["-m", "dev.generate"],
    ):
        done = run(tree, *command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", ["Makefile", "README.md", "CONTRIBUTING.md"])
def test_a_document_names_a_function_that_does_not_exist_yet(document: str) -> None:
    """A reader copies the command."""
    names = re.findall(r"new-function NAME=([a-z-]+)", (ROOT / document).read_text())
    assert names
    for name in names:
        assert name_mistake(name) is None
        assert name not in function_names()
