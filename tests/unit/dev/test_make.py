"""The Makefile, and what it requires of the machine."""

import fcntl
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev.settings import ROOT, free_ports

LOWEST = ["20.19.0", "22.13.0", "24.0.0", "26.0.0"]
CHECK = ROOT / "dev" / "check-node.mjs"
SATISFIES = """
const semver = require(process.argv[1]);
for (const [name, range] of JSON.parse(process.argv[2]))
  for (const version of JSON.parse(process.argv[3]))
    if (!semver.satisfies(version, range)) console.log(`${name} needs Node.js ${range}, which ${version} is not`);
"""


def declared(folder: str) -> str:
    return str(json.loads((ROOT / folder / "package.json").read_text())["engines"]["node"])


def test_one_range_of_node_is_declared_and_written_in_the_readme() -> None:
    """Two packages and the README agree."""
    assert declared("ui") == declared("dev/provider") == "^20.19.0 || ^22.13.0 || >=24.0.0"
    assert "Node.js 20.19, 22.13, or 24 and newer" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("folder", ["ui", "dev/provider"])
def test_every_locked_package_accepts_the_declared_node(folder: str) -> None:
    """At the lowest version of each line, development packages included; npm's own semver decides."""
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    ranges = [(name, package["engines"]["node"]) for name, package in packages.items() if "node" in engines(package)]
    assert ranges
    semver = ROOT / "ui/node_modules/semver"
    command = ["node", "-e", SATISFIES, str(semver), json.dumps(ranges), json.dumps(LOWEST)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == ""


def engines(package: dict[str, object]) -> dict[str, str]:
    found = package.get("engines")
    return found if isinstance(found, dict) else {}


@pytest.mark.parametrize(
    ("version", "fits"),
    [(version, True) for version in LOWEST]
    + [(version, False) for version in ("18.20.0", "20.18.9", "21.7.0", "22.12.0", "23.11.0")],
)
def test_another_node_is_refused_before_anything_is_installed(version: str, fits: bool) -> None:
    """The message has the range and the version."""
    ran = subprocess.run(["node", str(CHECK), version], capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) == fits
    assert ran.stderr == ("" if fits else f"Node.js {declared('ui')} is needed; this is {version}\n")


def test_help_lists_every_target_in_the_order_of_the_files() -> None:
    """A target that a person may call has a line."""
    text = "".join((ROOT / name).read_text() for name in ("Makefile", "bench.mk", "knative/rollout.mk"))
    targets = [name for line in re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE) for name in line.split()]
    ran = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r"^  make ([a-z0-9-]+) ", ran.stdout, re.MULTILINE) == targets


@pytest.mark.parametrize("name", ["Makefile", "bench.mk", "knative/rollout.mk"])
def test_every_line_of_a_recipe_is_run_without_a_line_of_make(name: str) -> None:
    """With --question, make runs only the lines that begin with +, which both variables have."""
    lines = (ROOT / name).read_text().replace("\\\n", "").splitlines()
    recipes = [line for line in lines if line.startswith("\t")]
    assert recipes
    assert [line for line in recipes if not re.match(r"\t\$\((DO|SHOW|ROLLOUT)\)", line)] == []
    assert [line for line in recipes if re.search(r"\bexec (?!\$\(BIN\)/python -m dev run$)", line)] == []


def test_the_licence_is_declared_in_package_and_images() -> None:
    """The text is the Apache License's, and no image goes without its label."""
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()
    for name in ("Containerfile", "ui/Containerfile"):
        text = (ROOT / name).read_text()
        assert text.count('licenses="Apache-2.0"') == text.count("LABEL ") > 0


def test_no_image_gets_a_build_argument_that_it_does_not_declare(tmp_path: Path) -> None:
    """Engines warn of those: every argument of `make images` is declared in its Containerfile."""
    engine = tmp_path / "podman"
    engine.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path / "calls"}\n')
    engine.chmod(0o755)
    image = f"docker.io/library/x@sha256:{'0' * 64}"
    command = ["make", "images", f"BASE={image}", f"NODE_BASE={image}", f"ENGINE={engine}"]
    subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, check=True)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) >= 5
    for call in calls:
        file = re.search(r"-f (\S+)", call)
        assert file is not None
        containerfile = (ROOT / file[1]).read_text()
        for argument in re.findall(r"--build-arg (\w+)=", call):
            assert re.search(rf"^ARG {argument}$", containerfile, re.MULTILINE), f"{argument} in {call}"


def preflight(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "dev" / "preflight.py"), "python", "node", "disk", "ports"]
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        command, cwd="/", env=inherited | environment, capture_output=True, text=True, check=False, timeout=5
    )


def other_ports() -> dict[str, str]:
    return {variable: str(port) for variable, port in free_ports({}).items()}


def test_preflight_has_nothing_to_report_where_all_is_there(tmp_path: Path) -> None:
    """Within a second, without a package that is installed."""
    started = time.monotonic()
    ran = preflight(DATA_DIR=str(tmp_path), **other_ports())
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert time.monotonic() - started < 2


def test_preflight_reports_a_machine_without_node(tmp_path: Path) -> None:
    """In one sentence, on standard error."""
    ran = preflight(PATH=str(tmp_path), DATA_DIR=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (1, "Node.js is not installed: node is not on PATH\n")


def test_preflight_reports_a_node_without_npm(tmp_path: Path) -> None:
    """Debian has them in two packages."""
    (tmp_path / "node").touch(mode=0o755)
    ran = preflight(PATH=str(tmp_path), DATA_DIR=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (1, "npm is not installed: it is not on PATH\n")


def test_preflight_reports_a_taken_port_but_not_those_of_a_platform_that_runs(tmp_path: Path) -> None:
    """The start itself names the platform that already runs in the folder."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {**other_ports(), "DATA_DIR": str(tmp_path), "BILLING_PORT": str(taken.getsockname()[1])}
        ran = preflight(**environment)
        assert (ran.returncode, "set BILLING_PORT to a free one" in ran.stderr) == (1, True)
        with (tmp_path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert preflight(**environment).returncode == 0


def test_progress_is_printed_while_a_command_runs(tmp_path: Path) -> None:
    """The command's output, errors and exit code stay what they are."""
    command = ["bash", str(ROOT / "dev" / "progress.sh"), "waiting", "bash", "-c", "sleep 0.5; echo done; exit 7"]
    environment = os.environ | {"PROGRESS_SECONDS": "0.1"}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (7, "done\n")
    assert ran.stderr.endswith("failed: waiting\n")  # make adds no line
    assert len(re.findall(r"^  still waiting, \d+ s$", ran.stderr, re.MULTILINE)) >= 2


def test_progress_ends_with_its_command(tmp_path: Path) -> None:
    """Nothing holds the output or make's job server open until the next line would be due."""
    started = time.monotonic()
    command = ["bash", str(ROOT / "dev" / "progress.sh"), "waiting", "sleep", "0.5"]
    environment = os.environ | {"PROGRESS_SECONDS": "30"}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert time.monotonic() - started < 15
