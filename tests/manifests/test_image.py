"""The image's file system, laid out in a folder and started from it as the container would be.

As root the start is in a chroot, its root mounted read-only, under the image's user: only the image's files, the C
library and Python itself are there, so that a missing or unreadable file shows. No container engine is needed.
"""

import asyncio
import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev.declarations import function_names
from dev.functions import MANIFESTS, read_function
from tests.kit.declared import ONE_OF_EACH, Case
from tests.kit.envelopes import assert_error_envelope
from tests.kit.process import FunctionProcess, free_port
from tests.kit.slow import first_quick
from tests.kit.websocket import Client, Refused
from tests.manifests.conftest import KNATIVE

REPOSITORY = KNATIVE.parent
SCRIPT = KNATIVE / "image" / "build_rootfs.py"
CONTAINERFILE = (REPOSITORY / "Containerfile").read_text()
GRACE_SECONDS = 20.0


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=300, check=False
    )


def laid_out(*arguments: str) -> None:
    ran = build(*arguments)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="session")
def workspace() -> Iterator[Path]:
    """A folder that the image's user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="kube-dc-billing-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def packages(workspace: Path) -> Path:
    laid_out("packages", str(REPOSITORY / "requirements.lock"), str(workspace / "packages"))
    return workspace / "packages"


def digest(root: Path) -> dict[str, tuple[str, int, int]]:
    """Content, mode and time of everything below a folder."""
    found = {}
    for path in sorted(root.rglob("*")):
        content = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(root))] = (content, path.stat().st_mode, int(path.stat().st_mtime))
    return found


def image(function: str, packages: Path, workspace: Path) -> Path:
    root = workspace / f"image-{function}"
    if not root.exists():
        laid_out("code", function, str(root))
        shutil.copytree(packages, root, dirs_exist_ok=True)
    return root


def entrypoint(target: str) -> list[str]:
    """The container's command, read from the Containerfile's stage."""
    stage = CONTAINERFILE.partition(f" AS {target}\n")[2].partition("\nFROM")[0]
    found = re.search(r"^ENTRYPOINT (\[.*\])$", stage, re.MULTILINE)
    assert found is not None
    return list(json.loads(found[1]))


CHROOT = """
set -e
root=$1 python=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$python" "$root/usr/local"
for path in /lib /lib64 /usr/lib; do [ -e "$path" ] && mount --bind "$path" "$root$path"; done
for path in /dev/null /dev/urandom; do mount --bind "$path" "$root$path"; done
mount -o remount,bind,ro "$root"
exec chroot --userspec=65532:65532 "$root" /usr/bin/env -C /app LD_LIBRARY_PATH=/usr/local/lib "$@"
"""


def command(root: Path, target: str = "function") -> list[str]:
    """The Containerfile's entry point: in the chroot, or where that is not allowed beside the test's own Python."""
    entry = entrypoint(target)
    if os.geteuid() == 0 and not subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        for folder in ("usr/local", "lib", "lib64", "usr/lib", "usr/bin", "dev"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for file in ("null", "urandom"):
            (root / "dev" / file).touch()
        shutil.copy("/usr/bin/env", root / "usr/bin/env")
        entry[0] = f"/usr/local/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        return ["unshare", "-m", "bash", "-c", CHROOT, "start", str(root), sys.base_prefix, *entry]
    sys.stderr.write("not root: the function starts without chroot and under this user\n")
    return [sys.executable, *(str(root / "app/start.py") if part == "/app/start.py" else part for part in entry[1:])]


def manifest_environment(function: str) -> dict[str, str]:
    return dict(read_function(MANIFESTS / f"{function}.yaml").environment)


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextmanager
def started(root: Path, settings: dict[str, str], function: str = "overview") -> Iterator[FunctionProcess]:
    """The container's process, which listens on every address."""
    wired = {"HOST": None, "CORS_ALLOWED_ORIGINS": None, "OIDC_AUDIENCE": None, **settings}
    with contextlib.closing(FunctionProcess(wired, function, command=command(root), folder=root / "app")) as process:
        process.wait_until_listening()
        yield process


@pytest.mark.parametrize("case", first_quick(ONE_OF_EACH, 2), ids=str)
def test_a_function_starts_from_its_files_alone(
    case: Case, packages: Path, workspace: Path, record_property: Callable[[str, object], None]
) -> None:
    """Probe, refusal and an orderly end, from a read-only root under the image's user."""
    function = case.function.name
    root = image(function, packages, workspace)
    before = digest(root / "app")
    began = time.monotonic()
    settings = {"KEYCLOAK_URL": "https://keycloak.invalid"}
    settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"  # what is imported for it is in the image too
    with started(root, settings, function) as process:
        seconds = time.monotonic() - began
        assert process.get("/healthz").status_code == 200
        refused = process.send(case.endpoint.method, case.path()).response
        assert_error_envelope(refused, 401, "Authentication token required")
        assert process.end(GRACE_SECONDS) in {0, -signal.SIGTERM}
    assert digest(root / "app") == before
    size = sum(path.stat().st_size for path in (root / "app").rglob("*") if path.is_file())
    record_property("start_seconds", round(seconds, 3))
    record_property("size_bytes", size)
    sys.stdout.write(f"{function}: {size / 1e6:.1f} MB under /app, listening after {seconds:.2f} s\n")


def test_a_function_with_a_socket_starts_from_its_files_alone(packages: Path, workspace: Path) -> None:
    """Its WebSocket library is only in its own image. No origin is allowed here, so an upgrade is 403."""
    with started(image("live", packages, workspace), {"KEYCLOAK_URL": "https://keycloak.invalid"}, "live") as process:
        assert process.get("/healthz").status_code == 200
        with pytest.raises(Refused) as refused:
            asyncio.run(Client.open(process.port, "not.a.token"))
        assert_error_envelope(refused.value.response, 403, "Origin not allowed")
        assert process.end(GRACE_SECONDS) in {0, -signal.SIGTERM}


def test_an_image_holds_one_function(packages: Path, workspace: Path) -> None:
    """Nothing of the other functions, of the billing service, of the tests or of the development tools is inside."""
    root = image("overview", packages, workspace) / "app"
    assert {p.name for p in (root / "functions").iterdir()} == {"overview"}
    assert {p.name for p in root.iterdir()} == {
        "common",
        "functions",
        "packages",
        "start.py",
        "__pycache__",
        "sbom.cdx.json",
    }
    assert not (root / "packages" / "pytest").exists()


def test_everything_is_compiled_and_open_to_the_image_user(packages: Path, workspace: Path) -> None:
    """Every module has bytecode. Every user can read every file, and only root can write it."""
    root = image("overview", packages, workspace) / "app"
    for source in [*root.glob("*.py"), *(root / "common").glob("*.py"), *(root / "functions").rglob("*.py")]:
        assert (source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc").is_file()
    modes = {path.stat().st_mode & 0o777 for path in root.rglob("*")}
    assert modes == {0o755, 0o644}


@pytest.mark.slow_fault
def test_two_builds_are_the_same(workspace: Path, packages: Path) -> None:
    """The same lock and the same code give the same bytes, modes and times."""
    laid_out("packages", str(REPOSITORY / "requirements.lock"), str(workspace / "again"))
    assert digest(workspace / "again") == digest(packages)
    for name in ("code-one", "code-two"):
        laid_out("code", "overview", str(workspace / name))
    assert digest(workspace / "code-one") == digest(workspace / "code-two")


def test_the_bill_of_materials_is_the_lock(packages: Path) -> None:
    """Every package of the lock that this platform installs is listed with the lock's version, and no other."""
    listed = {(c["name"], c["version"]) for c in json.loads((packages / "app/sbom.cdx.json").read_text())["components"]}
    text = (REPOSITORY / "requirements.lock").read_text()
    pinned = {(n.lower(), v) for n, v in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)}
    assert listed <= pinned
    assert {"functions-framework", "uvicorn", "pydantic"} <= {name for name, _ in listed}


SLOW = """
import asyncio
import functions_framework.aio

@functions_framework.aio.http
async def slow(request):
    await asyncio.sleep(1.5)
    return "done"
"""


def test_requests_under_way_finish_after_sigterm(packages: Path, workspace: Path) -> None:
    """After SIGTERM, the process of the container ends when its last response is sent."""
    root = workspace / "image-slow"
    shutil.copytree(image("overview", packages, workspace), root)
    (root / "app" / "slow.py").write_text(SLOW)
    answers: list[tuple[int, bytes]] = []
    with started(root, {"FUNCTION_TARGET": "slow", "FUNCTION_SOURCE": "slow.py"}) as process:
        asking = threading.Thread(target=lambda: answers.append(get(process.port, "/")))
        asking.start()
        time.sleep(0.5)
        assert process.end(GRACE_SECONDS) in {0, -signal.SIGTERM}
        asking.join()
    assert answers == [(200, b"done")]


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8080 "])
def test_a_wrong_port_is_said(port: str, packages: Path, workspace: Path) -> None:
    """If PORT is invalid, the process does not start, and the message has the allowed range."""
    root = image("overview", packages, workspace)
    env = {"PATH": os.environ["PATH"], "PORT": port}
    ran = subprocess.run(
        command(root), cwd=root / "app", env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 1
    assert "it must be a number from 1 to 65535" in ran.stderr


def test_missing_settings_end_the_container(packages: Path, workspace: Path) -> None:
    """A function without KEYCLOAK_URL never listens, and its log names the variable."""
    root = image("overview", packages, workspace)
    env = {"PATH": os.environ["PATH"], "PORT": str(free_port())} | manifest_environment("overview")
    ran = subprocess.run(
        command(root), cwd=root / "app", env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode != 0
    assert "KEYCLOAK_URL" in ran.stdout + ran.stderr


def test_an_unknown_component_is_said(tmp_path: Path) -> None:
    """The refusal lists the components there are."""
    ran = build("code", "overveiw", str(tmp_path / "root"))
    assert ran.returncode == 1
    assert f"choose one of {', '.join(function_names())}, billing-service" in ran.stderr


@pytest.mark.slow_fault
def test_the_billing_service_starts_from_its_files_alone(workspace: Path) -> None:
    """Its commands run with the packages of the image. Without settings, the message lists the missing ones."""
    root = workspace / "image-billing-service"
    laid_out("packages", str(REPOSITORY / "requirements-service.lock"), str(root))
    code = workspace / "billing-service-code"
    laid_out("code", "billing-service", str(code))
    shutil.copytree(code, root, dirs_exist_ok=True)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": "/app/packages"}
    line = [*command(root, "billing-service"), "serve"]
    if line[0] != "unshare":
        env["PYTHONPATH"] = str(root / "app/packages")
    ran = subprocess.run(line, cwd=root / "app", env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2, ran.stderr
    assert "DATABASE_URL" in ran.stderr


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    """A wrong hash in the lock stops the build."""
    lock = tmp_path / "wrong.lock"
    lock.write_text(f"h11==0.16.0 --hash=sha256:{'0' * 64}\n")
    ran = build("packages", str(lock), str(tmp_path / "root"))
    assert ran.returncode == 1
    assert "pip could not install wrong.lock" in ran.stderr


def test_the_containerfile_copies_what_the_script_needs() -> None:
    """Base by digest from outside, an unprivileged user by number, exec-form commands, no shell in the final stages."""
    assert re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE).count("${BASE}") == 3
    for target in ("function", "billing-service"):
        stage = CONTAINERFILE.partition(f" AS {target}\n")[2].partition("\nFROM")[0]
        assert "USER 65532:65532" in stage
        assert "RUN" not in stage
        assert entrypoint(target)[0] == "python"
    for folder in ("common", "functions", "billing_service", "knative/image"):
        assert f"COPY {folder}/ {folder}/" in CONTAINERFILE
        assert f"!{folder}" in (REPOSITORY / ".containerignore").read_text().splitlines()
