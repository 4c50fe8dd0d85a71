"""requirements-run.lock and the page's `dependencies` have what `make run` needs, and nothing for tests and lint."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable

import pytest

from dev.settings import ROOT

PINNED = re.compile(r"^([a-z0-9.-]+)==([^ ;]+)", re.MULTILINE)
TOOLS = {"hatchling", "hypothesis", "kubernetes-validate", "mypy", "pytest", "ruff", "schemathesis", "uv"}
PAGE_TOOLS = {"@playwright/test", "@sparticuz/chromium", "eslint", "jsdom", "openapi-typescript", "vitest"}
NOT_RUN = {"dev.audit", "dev.invariants"}  # and dev.generate
IMPORT = re.compile(r"""(?:from|import) '((?:@[^/']+/)?[^./'@][^/']*)""")

# Imports the modules where every package that is not in the lock is missing.
BLOCKED = """
import importlib, importlib.metadata, sys

allowed, modules = (set(argument.split(",")) for argument in sys.argv[1:3])
owners = importlib.metadata.packages_distributions()

class Blocker:
    def find_spec(self, name, path=None, target=None):
        distributions = {owner.lower().replace("_", "-") for owner in owners.get(name.partition(".")[0], [])}
        if distributions and not distributions & allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
for module in sorted(modules):
    importlib.import_module(module)
"""


def locked(name: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / name).read_text()))


def run_modules() -> list[str]:
    folders = ("dev", "common", "billing_service", "functions")
    paths = [path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py")]
    modules = {".".join(path.with_suffix("").parts) for path in paths if not path.name.startswith("__")}
    return sorted(name for name in modules if name not in NOT_RUN and not name.startswith("dev.generate"))


def imported(modules: Iterable[str]) -> subprocess.CompletedProcess[str]:
    allowed = ",".join([*locked("requirements-run.lock"), "kube-dc-billing"])
    command = [sys.executable, "-c", BLOCKED, allowed, ",".join(modules)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_lock_of_run_has_no_tool_of_tests_and_lint() -> None:
    """Neither the known ones, nor what the group `dev` adds."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    added = {re.split(r"[>=<\[]", entry)[0].lower() for entry in groups["dev"] if isinstance(entry, str)}
    assert added >= TOOLS
    assert not added & locked("requirements-run.lock").keys()


def test_the_lock_of_tests_adds_to_the_lock_of_run() -> None:
    """Same versions: whichever is installed second changes nothing of the other."""
    run, dev = locked("requirements-run.lock"), locked("requirements-dev.lock")
    assert run.items() <= dev.items()
    assert run.items() >= (locked("requirements.lock") | locked("requirements-service.lock")).items()


def test_all_that_run_imports_is_in_its_lock() -> None:
    """The local platform, the billing service and every function, with all other packages hidden."""
    modules = [*run_modules(), "functions_framework.aio", "functions_framework._cli", "envoy", "uvicorn"]
    assert {"dev.platform", "dev.watcher", "billing_service.api", "functions.overview.main"} <= set(modules)
    ran = imported(modules)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_package_outside_the_lock_is_missing_there() -> None:
    """So the test above fails where an import needs more."""
    ran = imported(["hypothesis"])
    assert "ModuleNotFoundError: No module named 'hypothesis'" in ran.stderr


def test_the_page_is_built_without_the_packages_of_its_tests() -> None:
    """What the page and the configuration of the build import is in `dependencies`, and no test tool is."""
    package = json.loads((ROOT / "ui/package.json").read_text())
    assert package["devDependencies"].keys() >= PAGE_TOOLS
    sources = [path for path in (ROOT / "ui/src").rglob("*.ts*") if ".test." not in path.name]
    needed = {name for path in [*sources, ROOT / "ui/vite.config.ts"] for name in IMPORT.findall(path.read_text())}
    assert needed >= {"react", "vite", "@vitejs/plugin-react"}
    assert needed <= package["dependencies"].keys()


@pytest.mark.parametrize("document", ["README.md", "dev/README.md"])
def test_the_documents_state_the_size(document: str) -> None:
    """The same figure in both."""
    assert "330 MB" in (ROOT / document).read_text()


def test_the_page_locks_no_test_tool_for_the_build() -> None:
    """npm leaves out what is marked `dev`."""
    packages = json.loads((ROOT / "ui/package-lock.json").read_text())["packages"]
    for name in PAGE_TOOLS:
        assert packages[f"node_modules/{name}"].get("dev"), name
