"""Clients that are generated from docs/openapi.yaml call a running function, with the code of docs/api-clients.md."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.declarations import ROOT
from dev.generate.openapi import DOCUMENT
from tests.kit.billing import BillingService, changed_body, serving
from tests.kit.identity import IdentityServer
from tests.kit.process import FunctionProcess
from tests.kit.server import Server, answer

CLIENTS = ROOT / "docs" / "api-clients.md"
PROGRAMS = ROOT / "ui/node_modules/.bin"
EXACT = "999999999999999.99"  # as a binary number it is 1000000000000000
LIST = """
import os
from kube_dc_billing_client import AuthenticatedClient
from kube_dc_billing_client.api.projects import projects
from kube_dc_billing_client.models import ProjectCode, ProjectsSort
client = AuthenticatedClient(base_url=os.environ["API_URL"], token=os.environ["TOKEN"])
body = projects.sync(client=client, sort=ProjectsSort.CURRENT_MONTH_TOTAL_DESCENDING)
print(*(p.namespace if p.code is None else p.code is ProjectCode.NOT_STARTED for p in body.data.projects))
"""
COMPILER_OPTIONS = ["--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--lib", "es2022,dom,dom.iterable"]
COMPILER_OPTIONS += ["--module", "nodenext", "--types", "node", "--typeRoots", "node_modules/@types"]


@dataclass(frozen=True)
class Api:
    url: str
    token: str

    def run(self, *command: str, cwd: Path, namespace: str = "acme-web") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "API_URL": self.url, "TOKEN": self.token, "NAMESPACE": namespace}
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.fixture(scope="module")
def identity() -> Iterator[IdentityServer]:
    server = IdentityServer()
    yield server
    server.server.close()


@pytest.fixture(scope="module")
def api(identity: IdentityServer) -> Iterator[Api]:
    """The function overview. The billing service's month is an amount that no binary number has."""
    billing = Server(answer(200, changed_body(current_month_total=EXACT)))
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": billing.url}) as function:
        yield Api(f"http://127.0.0.1:{function.port}", identity.token(groups=[], namespaces=["acme-web"]))
    billing.close()


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python")
    (folder / "config.yaml").write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(DOCUMENT)]
    command += ["--output-path", str(folder / "client"), "--config", str(folder / "config.yaml"), "--fail-on-warning"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "client"


@pytest.fixture(scope="module")
def typescript_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated types and the code of the page, checked and compiled by tsc."""
    for program in ("openapi-typescript", "tsc"):
        if not (PROGRAMS / program).exists():
            pytest.skip(f"NOT TESTED: {program} is not installed (make install)")
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(ROOT / "ui/node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "call.ts").write_text(block("typescript"))
    for command in (
        [PROGRAMS / "openapi-typescript", DOCUMENT, "--output", "schema.ts"],
        [PROGRAMS / "tsc", *COMPILER_OPTIONS, "call.ts"],
    ):
        ran = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def block(language: str) -> str:
    """The first code of the page in one language."""
    code, *_ = re.findall(rf"```{language}\n(.*?)```", CLIENTS.read_text(), re.DOTALL)
    return str(code)


def test_the_python_client_reads_an_exact_amount(api: Api, python_client: Path) -> None:
    """Every digit of the billing service's amount."""
    ran = api.run(sys.executable, "-c", block("python"), cwd=python_client)
    assert (ran.stdout, ran.stderr) == (f"{EXACT}\n", "")


def test_the_python_client_reads_an_error(api: Api, python_client: Path) -> None:
    """A namespace that is not in the token, by its code."""
    ran = api.run(sys.executable, "-c", block("python"), cwd=python_client, namespace="globex-shop")
    assert (ran.returncode, ran.stderr) == (1, "namespace_denied: Access denied to namespace\n")


def test_the_python_client_sends_and_reads_enumerations(identity: IdentityServer, python_client: Path) -> None:
    """Projects in descending order, then one that has not started; both by the names of the values."""
    billing = serving(BillingService({"acme-web": "acme", "acme-b": "acme"}, amounts={"acme-b": 9.5}))
    with FunctionProcess({"KEYCLOAK_URL": identity.url, "BILLING_API_URL": billing.url}, "projects") as function:
        token = identity.token(groups=[], namespaces=["acme-b", "acme-new", "acme-web"])
        api = Api(f"http://127.0.0.1:{function.port}", token)
        ran = api.run(sys.executable, "-c", LIST, cwd=python_client)
    billing.close()
    assert (ran.stdout, ran.stderr) == ("acme-web acme-b True\n", "")


@pytest.mark.slow_fault
def test_the_typescript_client_reads_an_exact_amount(api: Api, typescript_client: Path) -> None:
    """Every digit of the billing service's amount."""
    ran = api.run("node", "call.js", cwd=typescript_client)
    assert (ran.stdout, ran.stderr) == (f"{EXACT}\n", "")


def test_the_typescript_client_reads_an_error(api: Api, typescript_client: Path) -> None:
    """A namespace that is not in the token, by its code."""
    ran = api.run("node", "call.js", cwd=typescript_client, namespace="globex-shop")
    assert ran.returncode == 1
    assert "namespace_denied: Access denied to namespace" in ran.stderr
