"""The page's server as the image starts it, with the env.js that each overlay mounts."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.process import free_port
from tests.manifests.conftest import KNATIVE, OVERLAYS
from tests.manifests.properties import Objects, container, of, pages

UI = KNATIVE.parent / "ui"
CONTAINERFILE = (UI / "Containerfile").read_text()
STARTS_WITHIN_SECONDS = 20.0
IMAGE_USER = 65532


@pytest.fixture
def image() -> Iterator[Path]:
    """A folder that the image's user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="kube-dc-billing-page-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def laid_out(root: Path, env_js: str) -> Path:
    """As the Containerfile copies it, around a build of one file."""
    (root / "server").mkdir(parents=True)
    (root / "dist").mkdir()
    shutil.copy(UI / "server" / "server.mjs", root / "server")
    (root / "dist" / "index.html").write_text("<!doctype html>")
    (root / "env.js").write_text(env_js)
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return root


def started(root: Path, port: int) -> subprocess.Popen[str]:
    if not (node := shutil.which("node")):
        pytest.skip("node is not installed: the page's server is not started")
    environment = {"PORT": str(port), "PAGE_ENV_FILE": str(root / "env.js")}
    user = IMAGE_USER if os.geteuid() == 0 else None
    command = [node, str(root / "server" / "server.mjs")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd="/", env=environment, stdout=pipe, stderr=pipe, text=True, user=user)


def asked(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def env_js(objects: Objects) -> str:
    [config] = (m for m in of(objects, "ConfigMap", "v1") if m["metadata"]["name"] == "kube-dc-frontend-config")
    return str(config["data"]["env.js"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_overlay_has_one_page(overlay: str, built: dict[str, Objects]) -> None:
    """Each overlay has one page, so the properties of the page are checked."""
    assert len(pages(built[overlay])) == 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_page_starts_with_the_overlay_s_addresses(overlay: str, built: dict[str, Objects], image: Path) -> None:
    """Its probe succeeds, its policy allows only the overlay's API and Keycloak, and SIGTERM ends it."""
    script, port = env_js(built[overlay]), free_port()
    process = started(laid_out(image, script), port)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"serving /billing/ on port {port}\n"
        probe = container(pages(built[overlay])[0])["readinessProbe"]["httpGet"]["path"]
        assert asked(port, probe).status == 200
        page = asked(port, "/billing/")
        origins = dict(re.findall(r'window\.(\w+) = "(.+)";', script))
        socket = origins["backendURL"].replace("http", "ws", 1)
        connect = f"connect-src {origins['backendURL']} {socket} {origins['keycloakURL']};"
        assert page.status == 200
        assert connect in (page.headers["Content-Security-Policy"] or "")
        process.send_signal(signal.SIGTERM)
        assert process.wait(STARTS_WITHIN_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_page_without_its_addresses_does_not_start(image: Path) -> None:
    """A wrong ConfigMap fails the new revision, which names what is missing; what served before goes on."""
    process = started(laid_out(image, 'window.backendURL = "https://backend.example";\n'), free_port())
    _, said = process.communicate(timeout=STARTS_WITHIN_SECONDS)
    assert process.returncode != 0
    assert "env.js must set window.frontendURL, window.keycloakURL to an http:// or https:// address" in said


def test_the_page_s_containerfile_has_no_rights_and_no_shell() -> None:
    """Base by digest from outside, the manifest's user by number, an exec-form command, nothing run at the end."""
    assert set(re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)) == {"${NODE_IMAGE}"}
    assert re.search(r"^ARG NODE_IMAGE$", CONTAINERFILE, re.MULTILINE)
    final = CONTAINERFILE.rpartition("\nFROM")[2]
    assert f"USER {IMAGE_USER}:{IMAGE_USER}" in final
    assert "RUN" not in final
    assert re.search(r'^ENTRYPOINT \["node", "server/server.mjs"\]$', final, re.MULTILINE)


def test_the_build_is_sent_what_the_containerfile_copies() -> None:
    """Every file that it copies from the folder is let through, and node_modules is not."""
    allowed = {line[1:] for line in (UI / ".containerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    assert {name for line in copied for name in line.split()} == allowed
