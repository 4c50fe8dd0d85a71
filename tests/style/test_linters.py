"""What pyproject.toml gives to ruff and import-linter: each rule finds what it is there for."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dev.settings import ROOT
from tests.kit.tree import copy_tree

# functions/ is a namespace package: with the editable install on the path, it would be in the copy and here at once.
LINT_IMPORTS = f"""
import sys
sys.path[:] = [path for path in sys.path if path != {str(ROOT)!r}]
from importlinter.cli import lint_imports_command
lint_imports_command(["--no-logo", "--no-cache"])
"""
BANNED = {  # source, and ruff's rule
    "from copy import replace\n": "TID251",
    "import copy\n\nprint(copy.copy(1))\n": "TID251",
    "import dataclasses as d\n\nprint(d.replace)\n": "TID251",
    "from dataclasses import replace as changed\n": "TID251",
    "import pickle\n": "TID251",
    "import importlib\n\nprint(importlib.import_module)\n": "TID251",
    "import importlib.util\n": "TID251",
    "import os\n\nprint(os.environ['X'])\n": "TID251",
    "import os as o\n\nprint(o.environ.get('X'))\n": "TID251",
    "import os\n\nprint(os.getenv('X'))\n": "TID251",
    "from os import environ\n": "TID251",
    "from os import getenv as read\n": "TID251",
    "print(eval('Call' + 'er'))\n": "S307",
    "exec('caller = 1')\n": "S102",
    "from common.identity.authenticator import *\n": "F403",
}
PLANTED = {  # contract: the module, and what it must not import
    "common imports": ("common/money/amount.py", "import tests.kit.tokens"),
    "the billing service imports": ("billing_service/errors.py", "import common.model"),
    "functions do not import each other": ("functions/health/models.py", "import functions.overview.models"),
    "a function uses the client": ("functions/overview/models.py", "import common.billing.transport"),
    "only the client": ("functions/projects/models.py", "import common.billing.upstream"),
    "the arrows inside common": ("common/model.py", "import common.http.errors"),
}


@pytest.mark.parametrize("path", ["common/function.py", "functions/health/main.py", "billing_service/api.py"])
@pytest.mark.parametrize("source", BANNED)
def test_ruff_finds_what_is_banned(source: str, path: str) -> None:
    """Under its name and under another."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "-"]
    done = subprocess.run(
        [*command, f"--stdin-filename={path}"], cwd=ROOT, input=source, capture_output=True, text=True, check=False
    )
    assert f" {BANNED[source]} " in done.stdout, done.stdout + done.stderr


def lint_imports(tree: Path) -> str:
    command = [sys.executable, "-c", LINT_IMPORTS]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False).stdout


def test_our_imports_keep_the_contracts() -> None:
    """What `make lint` runs."""
    said = lint_imports(ROOT)
    assert " 0 broken." in said, said


def test_import_linter_finds_what_is_planted(tmp_path: Path) -> None:
    """One import for each contract."""
    tree = copy_tree(tmp_path, "billing_service", "common", "dev", "functions", "knative", "pyproject.toml", "tests")
    for module, line in PLANTED.values():
        with (tree / module).open("a") as file:
            file.write(f"{line}\n")
    said = lint_imports(tree).replace("\n", " ")
    results = said.partition("Broken contracts")[0]
    for contract in contracts():
        [planted] = [name for name in PLANTED if contract["name"].startswith(name)]
        assert f"{contract['name']} BROKEN" in results, f"{planted}: {said}"


def test_every_module_of_common_has_its_layer() -> None:
    """A new module has to be put into the arrows inside common."""
    [arrows] = [contract for contract in contracts() if contract["type"] == "layers"]
    layers = {name.strip() for layer in arrows["layers"] for name in layer.split(":")}
    modules = {
        ".".join(path.relative_to(ROOT / "common").with_suffix("").parts)
        for path in (ROOT / "common").rglob("*.py")
        if path.stem != "__init__"
    }
    missing = {name for name in modules if not {name, name.partition(".")[0]} & layers}
    assert missing == set()


def contracts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return found
