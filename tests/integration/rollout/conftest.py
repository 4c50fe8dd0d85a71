"""The rollout commands as an operator runs them: a process, with a fake cluster behind kn and kubectl on PATH."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dev.declarations import function_names

REPOSITORY = Path(__file__).parents[3]
NAMESPACE = "kube-dc-billing"
FAKE = Path(__file__).with_name("fake_cluster.py")
TOKEN = "header.payload.signature-of-the-operator"
Ran = subprocess.CompletedProcess[str]


def image(text: str = "v1", function: str = "overview") -> str:
    return f"registry.example.com/{text}/billing-{function}@sha256:{'0123456789abcdef' * 4}"


def route(functions: Sequence[str] = function_names()) -> dict[str, Any]:
    rules = [
        {"filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": f"billing-{f}.{NAMESPACE}.svc.cluster.local"}}]}
        for f in functions
    ]
    parent = {"conditions": [{"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "message": ""}]}
    return {"spec": {"rules": rules}, "status": {"parents": [parent]}}


@dataclass
class Installation:
    """A cluster with everything a function needs, and the command line beside it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.state_file.read_text()))

    def change(self, edit: Callable[[dict[str, Any]], object]) -> None:
        state = self.state
        edit(state)
        self.state_file.write_text(json.dumps(state))

    def run(self, command: str, *arguments: str, function: str = "overview", overlay: str = "local") -> Ran:
        line = [sys.executable, "-m", "knative.rollout", command, "--function", function, "--overlay", overlay]
        return subprocess.run(
            [*line, "--wait-seconds", "1", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def done(self, command: str, *arguments: str, function: str = "overview") -> str:
        ran = self.run(command, *arguments, function=function)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def refused(self, command: str, *arguments: str, function: str = "overview") -> str:
        ran = self.run(command, *arguments, function=function)
        assert ran.returncode != 0, ran.stdout
        assert "Traceback" not in ran.stderr
        return ran.stderr

    def traffic(self, function: str = "overview") -> dict[str, int]:
        """What the route serves: tag -> percent."""
        service = self.state["objects"][f"services.serving.knative.dev/{NAMESPACE}"][f"billing-{function}"]
        return {t["tag"]: t["percent"] for t in service["status"]["traffic"]}


@pytest.fixture(scope="session")
def reached() -> dict[str, str]:
    """States that the commands have brought a cluster to, by name: each is deployed once, and then copied."""
    return {}


@pytest.fixture
def serving(installation: Installation, reached: dict[str, str]) -> Installation:
    """overview is deployed and serves its first revision."""
    return _bring(installation, reached, "serving", image("v1"))


@pytest.fixture
def trying(serving: Installation, reached: dict[str, str]) -> Installation:
    """A second revision is a ready candidate without traffic."""
    return _bring(serving, reached, "trying", image("v2"))


def _bring(installation: Installation, reached: dict[str, str], name: str, digest: str) -> Installation:
    if name in reached:
        installation.state_file.write_text(reached[name])
    else:
        installation.done("deploy", "--image", digest)
        reached[name] = installation.state_file.read_text()
    return installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    real = shutil.which("kubectl")
    if real is None:
        pytest.skip("kubectl is not installed: the rollout renders manifests with it")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for tool in ("kn", "kubectl"):
        script = binaries / tool
        script.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -I -S "{FAKE}" {tool} "{tmp_path / "state.json"}" "$@"\n'
        )
        script.chmod(0o755)
    environment = {"PATH": f"{binaries}:/usr/bin:/bin", "REAL_KUBECTL": real, "HOME": os.environ.get("HOME", "/")}
    objects = {
        "crd": {"services.serving.knative.dev": {}, "httproutes.gateway.networking.k8s.io": {}},
        "namespace": {NAMESPACE: {}},
        f"serviceaccount/{NAMESPACE}": {"kube-dc-billing": {}},
        f"secret/{NAMESPACE}": {"billing-api": {}},
        f"httproute/{NAMESPACE}": {"billing": route()},
    }
    made = Installation(tmp_path, environment)
    made.state_file.write_text(json.dumps({"objects": objects, "writes": [], "pods": [], "gateway_port": 0}))
    return made


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str, dict[str, str]], tuple[int, Any]]], int]]:
    """Starts a real HTTP server that responds with `answer(path, headers) -> (status, JSON)`. Returns its port.

    The method is among the headers, as `method`.
    """
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[str, dict[str, str]], tuple[int, Any]]) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answer(self.path, {**dict(self.headers), "method": self.command})
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                """Prints nothing, because the tests record the requests."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
