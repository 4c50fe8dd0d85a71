"""`make run` as a person meets it: ready, a token, one more start, a part that dies, a stop that leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psycopg
import pytest

from dev.functions import read_functions
from dev.ingress import example_paths, read_rules
from dev.platform import Platform
from dev.settings import ROOT, free_ports

START_SECONDS = 120  # a slow machine; a healthy one takes ten


class Run:
    """`python -m dev` as a process of its own, with a folder and ports of its own."""

    def __init__(self, data: Path) -> None:
        ports = free_ports([function.name for function in read_functions()])
        self.environment = os.environ | {name: str(port) for name, port in ports.items()} | {"DATA_DIR": str(data)}
        self.output = data.with_suffix(".out")
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dev", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=START_SECONDS
        )

    def start(self) -> int:
        """Returns the process id when the platform is ready."""
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "dev", "run"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        deadline = time.monotonic() + START_SECONDS
        while "ready in" not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.1)
        return self.process.pid

    def end(self) -> int:
        """The exit code; kills what does not end."""
        assert self.process is not None
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def descendants(pid: int) -> dict[int, str]:
    """Every process below, with its command line."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {child: command_line(child) for child in found - {pid}}


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def left(before: dict[int, str]) -> list[str]:
    """Those that are still what they were; a few moments are given to the kernel."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        still = [line for pid, line in before.items() if line and command_line(pid) == line]
        if not still:
            return []
        time.sleep(0.1)
    return still


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("run") / "data")


def test_ready_token_and_an_ordered_stop(run: Run) -> None:
    """SIGTERM ends it with 0 and leaves no process; until then `token` prints a token and nothing else."""
    pid = run.start()
    text = run.output.read_text()
    for path in example_paths(read_rules(), "acme-web"):
        assert f"alice  200 {path}" in text
        assert f"bob    200 {path}" in text
    token = run.command("token", "bob")
    assert (token.returncode, token.stderr) == (0, "")
    assert len(token.stdout.strip().split(".")) == 3
    url = f"http://127.0.0.1:{run.environment['INGRESS_PORT']}/api/billing/project/acme-web/overview"
    assert httpx2.get(url, headers={"Authorization": f"Bearer {token.stdout.strip()}"}).status_code == 200
    second = run.command("run")
    assert second.returncode == 1
    assert f"already runs in {run.environment['DATA_DIR']} (process {pid})" in second.stderr
    processes = descendants(pid)
    for part in ("postgres", "provider.mjs", "billing_service", "functions_framework", "envoy"):
        assert any(part in line for line in processes.values()), f"{part} is not among {processes}"
    os.kill(pid, signal.SIGTERM)
    assert run.end() == 0
    assert run.output.read_text().rstrip().endswith("stopped")
    assert left(processes) == []
    assert token.stdout.strip() not in "".join(
        log.read_text(errors="replace") for log in (Path(run.environment["DATA_DIR"]) / "logs").iterdir()
    )


def test_a_second_start_is_quick_and_a_part_that_dies_stops_it(run: Run) -> None:
    """The part is named with its log, the exit code is not 0, and no process is left."""
    pid = run.start()
    seconds = float(run.output.read_text().partition("ready in ")[2].split()[0])
    assert seconds < 20, "the second start"
    processes = descendants(pid)
    [envoy] = [child for child, line in processes.items() if "envoy" in line]
    os.kill(envoy, signal.SIGKILL)
    assert run.end() == 1
    assert "ingress was killed by signal 9; the end of" in run.output.read_text()
    assert left(processes) == []


def test_a_killed_supervisor_takes_its_parts_along(run: Run) -> None:
    """SIGKILL can not be caught: the kernel tells the parts, and PostgreSQL's data is whole for the next start."""
    pid = run.start()
    processes = descendants(pid)
    os.kill(pid, signal.SIGKILL)
    assert run.end() == -signal.SIGKILL
    assert left(processes) == []


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["token"], 2, "usage: make token USER=name"),
        (["token", "mallory"], 2, "no user 'mallory'; there are:\n  alice"),
        (["token", "alice"], 1, "start it with make run"),
        (["walk"], 2, "usage: python -m dev run | token USER"),
    ],
)
def test_a_wrong_command_says_what_is_allowed(tmp_path: Path, arguments: list[str], code: int, text: str) -> None:
    """On standard error; standard output stays empty, as `$(make -s token)` reads it."""
    done = Run(tmp_path / "data").command(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr


def test_the_database_is_postgresql_17_in_utc(platform: Platform) -> None:
    """The billing role owns its database and is no superuser."""

    query = """
        SELECT current_setting('server_version'), current_setting('timezone'),
               (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    """
    with psycopg.connect(platform.database_url) as connection:
        [(version, zone, superuser)] = connection.execute(query)
    assert version.startswith("17.")
    assert (zone, superuser) == ("UTC", False)


def test_the_ingress_routes_as_deployed(platform: Platform) -> None:
    """Exact paths only, no probe from outside, no banner; the page is another origin than the API."""
    base = platform.settings.api_url
    for path in ("/", "/healthz", "/api/billing", "/api/billing/health/", "/api/billing/project/a/b/overview"):
        answer = httpx2.get(base + path)
        assert (answer.status_code, answer.text) == (404, ""), path
        assert not {"server", "x-envoy-upstream-service-time"} & set(answer.headers)
    assert platform.settings.page_origin != base


def test_the_page_is_served_by_its_image_s_server(platform: Platform) -> None:
    """Any path below /billing/ is the page, which is told its addresses and may talk to just those."""
    settings = platform.settings
    script = httpx2.get(f"{settings.page_origin}/billing/env.js")
    assert script.text.splitlines() == [
        f'window.backendURL = "{settings.api_url}";',
        f'window.frontendURL = "{settings.page_origin}";',
        f'window.keycloakURL = "{settings.provider_url}";',
    ]
    shared = httpx2.get(f"{settings.page_origin}/billing/projects/acme-web")
    assert (shared.status_code, shared.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = f"connect-src {settings.api_url} {settings.provider_url};"
    assert policy in shared.headers["content-security-policy"]
    without_slash = httpx2.get(f"{settings.page_origin}/billing")
    assert (without_slash.status_code, without_slash.headers["location"]) == (308, "/billing/")
    for path in ("/billingx", "/billing/assets/gone.js", "/index.html"):
        assert httpx2.get(settings.page_origin + path).status_code == 404, path


def test_a_head_that_is_too_long_is_431(platform: Platform) -> None:
    """The ingress refuses it before a function sees it."""
    answer = httpx2.get(f"{platform.settings.api_url}/api/billing/health", headers={"X-Long": "x" * 40_000})
    assert answer.status_code == 431


def test_the_ingress_reaches_what_is_behind_localhost_in_both_families(platform: Platform) -> None:
    """`localhost` may be ::1; where the machine has no IPv6 it can not be."""
    config = (platform.settings.data / "envoy.yaml").read_text()
    hosts = ["127.0.0.1", *(["[::1]"] if "::1" in config else [])]
    for host in hosts:
        url = f"http://{host}:{platform.settings.ports['INGRESS_PORT']}/billing/env.js"
        assert httpx2.get(url).status_code == 200
