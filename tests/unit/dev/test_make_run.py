"""What `make run` and `make install` install, in a copy of the tree. Python and npm only note their arguments."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.settings import ROOT, free_ports

FILES = [
    *("Makefile", "bench.mk", "knative/rollout.mk", "pyproject.toml", "requirements-run.lock", "requirements-dev.lock"),
    *("ui/package.json", "ui/package-lock.json", "ui/index.html", "ui/vite.config.ts"),
    *("dev/provider/package.json", "dev/provider/package-lock.json"),
    *("dev/preflight.py", "dev/settings.py", "dev/progress.sh", "dev/build-page.sh", "dev/check-node.mjs"),
    "dev/shell.sh",
]
PROGRAMS = ("bash", "cat", "chmod", "find", "make", "mkdir", "node", "rm", "sed", "sleep", "tar", "touch")
PYTHON = f"""#!/bin/sh
case "$*" in dev/preflight.py*) exec {sys.executable} "$@";; esac
echo "python $*" >> calls
case "$*" in
  "-m venv .venv") mkdir -p .venv/bin; cat "$0" > .venv/bin/python; chmod +x .venv/bin/python; touch .venv/bin/pip;;
  "-m dev token"*) exit 2;;
  "-m pytest"*) echo "1 failed"; exit 3;;
  "-m knative.rollout"*) echo "refused" >&2; exit 2;;
esac
"""
NPM = """#!/bin/sh
echo "npm $*" >> calls
case "$*" in
  *" dev/provider ci"*) mkdir -p dev/provider/node_modules;;
  *" ui ci"*) mkdir -p ui/node_modules;;
  *" run build "*) mkdir -p ui/dist; touch ui/dist/index.html;;
esac
"""
LOCKED = "-m pip install -q --disable-pip-version-check --no-deps --require-hashes -r"
QUIET_NPM = "--loglevel=error --no-update-notifier"
START = "python -m dev run"
RUN_PACKAGES = f"python {LOCKED} requirements-run.lock"
DEV_PACKAGES = f"python {LOCKED} requirements-dev.lock"
THIS_PROJECT = "python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e ."
PROVIDER = f"npm --prefix dev/provider ci {QUIET_NPM}"
PAGE_TO_BUILD = f"npm --prefix .build/page ci --omit=dev {QUIET_NPM}"
PAGE_TO_TEST = f"npm --prefix ui ci {QUIET_NPM}"


@dataclass(frozen=True)
class Tree:
    root: Path
    programs: Path

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        ports = {variable: str(port) for variable, port in free_ports({}).items()}
        environment = {"PATH": str(self.programs), "HOME": os.environ["HOME"], "PROGRESS_SECONDS": "60", **ports}
        command = ["make", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def calls(self) -> set[str]:
        """Since the last time."""
        noted = self.root / "calls"
        lines = set(noted.read_text().splitlines()) if noted.exists() else set()
        noted.unlink(missing_ok=True)
        return lines


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root, programs = tmp_path / "tree", tmp_path / "bin"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).symlink_to(shutil.which(name) or f"/no/{name}")
    for name, text in (("python3", PYTHON), ("npm", NPM)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return Tree(root, programs)


def test_run_installs_what_running_needs_and_nothing_for_tests(tree: Tree) -> None:
    """The packages that build the page are removed after it; the second time nothing is installed or built."""
    ran = tree.make("run")
    assert (ran.returncode, ran.stderr) == (0, "")
    calls = tree.calls()
    assert {call for call in calls if "npm --silent" not in call} == {
        *("python -m venv .venv", RUN_PACKAGES, PROVIDER, PAGE_TO_BUILD, START)
    }
    assert any(call.startswith("npm --silent --prefix .build/page run build ") for call in calls)
    assert not (tree.root / ".build" / "page").exists()
    assert not (tree.root / "ui" / "node_modules").exists()
    assert tree.make("run").returncode == 0
    assert tree.calls() == {START}


def test_tests_and_lint_add_their_packages_and_run_needs_no_others(tree: Tree) -> None:
    """Run, install, run: the third installs and builds nothing."""
    assert tree.make("run").returncode == 0
    tree.calls()
    assert tree.make("install").returncode == 0
    assert tree.calls() == {DEV_PACKAGES, THIS_PROJECT, PAGE_TO_TEST}
    assert tree.make("run").returncode == 0
    assert tree.calls() == {START}


def test_run_builds_the_page_with_the_packages_of_an_installation(tree: Tree) -> None:
    """Install, run: no package is installed a second time."""
    assert tree.make("install").returncode == 0
    assert tree.calls() == {*("python -m venv .venv", RUN_PACKAGES, DEV_PACKAGES, THIS_PROJECT, PROVIDER, PAGE_TO_TEST)}
    assert tree.make("run").returncode == 0
    assert tree.calls() == {
        f"npm --silent --prefix ui run build -- --logLevel error --outDir {tree.root}/ui/dist --emptyOutDir",
        "npm --silent --prefix ui run check:size",
        START,
    }


@pytest.mark.parametrize("target", ["run", "install"])
def test_one_sentence_reports_a_missing_node(tree: Tree, target: str) -> None:
    """And nothing is installed."""
    (tree.programs / "node").unlink()
    ran = tree.make(target)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "Node.js is not installed: node is not on PATH\n"
    assert tree.calls() == set()


@pytest.mark.parametrize("target", ["run", "install"])
def test_a_failed_installation_names_the_step_and_make_adds_no_line(tree: Tree, target: str) -> None:
    """The program's own message stands before it."""
    with (tree.programs / "npm").open("a") as npm:
        npm.write('case "$*" in *provider*) echo "npm error: no network" >&2; exit 7;; esac\n')
    ran = tree.make(target)
    assert (ran.returncode, ran.stderr) == (1, "npm error: no network\nfailed: installing the OpenID provider\n")
    assert START not in tree.calls()


def test_a_wrong_command_line_ends_without_a_line_of_make(tree: Tree) -> None:
    """`make token` prints the users, and nothing below them."""
    ran = tree.make("-s", "token")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "python -m dev token" in tree.calls()


@pytest.mark.parametrize(
    ("arguments", "output", "errors"),
    [
        (["test-python"], "1 failed", ""),
        (["test-faults"], "1 failed", ""),
        (["rollback", "FUNCTION=overview"], "", "refused\n"),
        (["images", "ENGINE="], "", "no podman, buildah or docker on PATH: install one, or name it with ENGINE=\n"),
        (["lint"], "ruff check .", "dev/shell.sh: line 4: .venv/bin/ruff: No such file or directory\n"),
        (["test"], "ruff check .", "dev/shell.sh: line 4: .venv/bin/ruff: No such file or directory\n"),
    ],
    ids=str,
)
def test_a_failed_target_ends_with_the_program_s_own_message(
    tree: Tree, arguments: list[str], output: str, errors: str
) -> None:
    """The exit code is 1, whatever the program's is, and make adds no line. What comes after it is not run."""
    assert tree.make("install").returncode == 0
    ran = tree.make(*arguments)
    assert (ran.returncode, ran.stderr) == (1, errors)
    assert ran.stdout.strip().endswith(output)


def test_a_dry_run_installs_nothing(tree: Tree) -> None:
    """`make -n` prints the commands."""
    ran = tree.make("-n", "install", "PYTHON=python3")
    assert ran.returncode == 0
    assert "requirements-run.lock" in ran.stdout
    assert tree.calls() == set()
