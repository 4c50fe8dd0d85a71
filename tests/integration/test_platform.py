"""`make run` as a person meets it: ready, a token, one more start, a part that dies, changed code, an ordered stop."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from common.endpoint import Access
from dev.declarations import local_ports, readable_paths
from dev.platform import Platform
from dev.settings import ROOT, free_ports

START_SECONDS = 120  # a slow machine; a healthy one takes ten
RELOAD_SECONDS = 6.0  # 3 on a quiet machine
HELD_SECONDS = 5  # the ingress holds a request for this long at least
OVERVIEW = "/api/billing/project/acme-web/overview"
BUDGET_CHANNELS = "/api/billing/budgets/channels"  # for project-users if the organization allows it: the demo does not


class Run:
    """`python -m dev` in a separate process, with a separate folder and separate ports."""

    def __init__(self, data: Path, root: Path = ROOT) -> None:
        self.root = root
        ports = free_ports(local_ports())
        self.environment = os.environ | {name: str(port) for name, port in ports.items()} | {"DATA_DIR": str(data)}
        self.output = data.with_suffix(".out")
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dev", *arguments]
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def start(self) -> int:
        """Returns the process id when the platform is ready."""
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "dev", "run"]
            self.process = subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=output, stderr=output)
        deadline = time.monotonic() + START_SECONDS
        while "ready in" not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.1)
        return self.process.pid

    def wait_for(self, text: str, times: int = 1) -> None:
        deadline = time.monotonic() + 20
        while self.output.read_text().count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} is not in {self.output.read_text()}"
            time.sleep(0.05)

    def get(self, path: str, token: str | None = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.get(f"http://127.0.0.1:{self.environment['INGRESS_PORT']}{path}", headers=headers, timeout=20)

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
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("run") / "data")
    yield run
    if run.process is not None and run.process.poll() is None:  # a test failed before the end
        run.process.send_signal(signal.SIGTERM)
        run.end()


def test_ready_token_and_an_ordered_stop(run: Run) -> None:
    """SIGTERM ends it with 0 and leaves no process; until then `token` prints a token and nothing else."""
    pid = run.start()
    text = run.output.read_text()
    for path, access in readable_paths("acme-web"):
        assert f"alice  200 {path}" in text
        refused = access is Access.ORG_ADMIN or path == BUDGET_CHANNELS
        assert f"bob    {403 if refused else 200} {path}" in text
    token = run.command("token", "bob")
    assert (token.returncode, token.stderr) == (0, "")
    assert len(token.stdout.strip().split(".")) == 3
    assert run.get(OVERVIEW, token.stdout.strip()).status_code == 200
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


@pytest.mark.slow_fault
def test_a_part_that_dies_is_restarted_and_a_part_is_stopped_and_started(run: Run) -> None:
    """A second start is quick; a killed ingress is named with its log and comes back; the others stay up."""
    pid = run.start()
    seconds = float(run.output.read_text().partition("ready in ")[2].split()[0])
    assert seconds < 35, "the second start: 12 s on a quiet machine"
    processes = descendants(pid)
    [envoy] = [child for child, line in processes.items() if "envoy" in line]
    os.kill(envoy, signal.SIGKILL)
    run.wait_for("ingress was killed by signal 9; the end of")
    run.wait_for("ingress              up", times=2)
    assert processes.keys() - descendants(pid).keys() == {envoy}
    assert run.get(OVERVIEW).status_code == 401

    token = run.command("token", "bob").stdout.strip()
    assert run.get(OVERVIEW, token).json()["meta"]["stale"] is False
    assert run.command("stop-part", "billing").returncode == 0
    deadline = time.monotonic() + 30
    while not run.get(OVERVIEW, token).json()["meta"]["stale"]:
        assert time.monotonic() < deadline, "the cached figures never became stale"
        time.sleep(0.5)
    other = OVERVIEW.replace("acme-web", "acme-data")
    assert run.get(other, token).json()["error"] == "Billing service unreachable"
    assert run.command("start-part", "billing").returncode == 0
    while run.get(other, token).status_code != 200:
        assert time.monotonic() < deadline, "the figures did not return"
        time.sleep(0.5)

    stopped = run.command("stop-part", "overview")
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (0, "", "")
    unreachable = run.get(OVERVIEW)
    assert unreachable.status_code == 503
    assert unreachable.json()["code"] == "upstream_unavailable"
    assert run.command("start-part", "overview").returncode == 0
    assert run.get(OVERVIEW).status_code == 401
    unknown = run.command("stop-part", "overviews")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no part 'overviews'; there are: postgres, billing, worker, receiver, provider" in unknown.stderr

    processes = descendants(pid)
    os.kill(pid, signal.SIGTERM)
    assert run.end() == 0
    assert left(processes) == []


@pytest.mark.slow_fault
def test_a_killed_supervisor_takes_its_parts_along(run: Run) -> None:
    """After SIGKILL of the supervisor, the kernel ends the parts. PostgreSQL's data is valid at the next start."""
    pid = run.start()
    processes = descendants(pid)
    os.kill(pid, signal.SIGKILL)
    assert run.end() == -signal.SIGKILL
    assert left(processes) == []


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The platform, run from a copy of the tree whose files a test may change."""
    folder = tmp_path_factory.mktemp("copy")
    root = folder / "tree"
    for name in ("billing_service", "common", "dev", "functions", "knative"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    (root / "dev/provider/node_modules").symlink_to(ROOT / "dev/provider/node_modules")
    started = Run(folder / "data", root)
    pid = started.start()
    yield started
    os.kill(pid, signal.SIGTERM)
    assert started.end() == 0


def change_overview(copy: Run, lines: str) -> None:
    """The function's target is replaced at the end of its file."""
    main = copy.root / "functions/overview/main.py"
    original = (ROOT / "functions/overview/main.py").read_text()
    main.write_text(f"{original}\n\nfrom starlette.responses import PlainTextResponse\n{lines}\n")


def longest(copy: Run) -> float:
    """A restart may take as long as the slowest first start of a function: a busy machine is slower at both.

    A quarter more, because all functions start at once when common/ changes.
    """
    starts = re.findall(rf"^(?:{'|'.join(local_ports())}) +up +([0-9.]+) s$", copy.output.read_text(), re.MULTILINE)
    return 1.25 * max(RELOAD_SECONDS, *map(float, starts[: len(local_ports())]))


def seconds_until(done: Callable[[httpx2.Response], bool], copy: Run, statuses: set[int]) -> float:
    """How long requests through the ingress get another response; the statuses of all are added."""
    started = time.monotonic()
    while True:
        response = copy.get(OVERVIEW)
        statuses.add(response.status_code)
        if done(response):
            return time.monotonic() - started
        assert time.monotonic() - started < START_SECONDS, copy.output.read_text()


def test_a_changed_function_responds_with_the_new_code(
    copy: Run, record_property: Callable[[str, object], None]
) -> None:
    """Within 3 s on a quiet machine, no request fails meanwhile, and the other parts keep their processes."""
    assert copy.process is not None
    before = descendants(copy.process.pid)
    statuses: set[int] = set()
    change_overview(copy, "async def overview(request): return PlainTextResponse('changed')")
    seconds = seconds_until(lambda response: response.text == "changed", copy, statuses)
    record_property("measured", f"{seconds:.2f} s")
    print(f"restarted in {seconds:.2f} s")
    assert seconds <= longest(copy)
    assert statuses <= {401, 200} or seconds > HELD_SECONDS
    [gone] = before.keys() - descendants(copy.process.pid).keys()
    assert "functions/overview/" in before[gone]


def test_a_syntax_error_keeps_the_old_code_and_the_next_save_heals_it(copy: Run) -> None:
    """The terminal has the function's name and the line."""
    change_overview(copy, "async def overview(request): return PlainTextResponse('before')")
    seconds_until(lambda response: response.text == "before", copy, set())
    change_overview(copy, "async def overview(request: return PlainTextResponse('broken')")
    copy.wait_for("overview is not restarted")
    copy.wait_for("SyntaxError")
    assert copy.get(OVERVIEW).text == "before"
    change_overview(copy, "async def overview(request): return PlainTextResponse('healed')")
    assert seconds_until(lambda response: response.text == "healed", copy, set()) <= longest(copy)


@pytest.mark.slow_fault
def test_a_function_that_does_not_load_is_503_until_the_next_save(copy: Run) -> None:
    """Its traceback is on the terminal, and the other functions respond."""
    change_overview(copy, "raise RuntimeError('does not load')")
    copy.wait_for("RuntimeError: does not load")
    copy.wait_for("overview: it is started again when its files change")
    assert copy.get(OVERVIEW).json()["code"] == "upstream_unavailable"
    assert copy.get("/api/billing/health").status_code == 401
    change_overview(copy, "async def overview(request): return PlainTextResponse('healed again')")
    assert seconds_until(lambda response: response.text == "healed again", copy, set()) <= longest(copy)


@pytest.mark.slow_fault
def test_a_change_in_common_restarts_every_function(copy: Run) -> None:
    """And no other part."""
    assert copy.process is not None
    change_overview(copy, "import common\nasync def overview(request): return PlainTextResponse(common.__doc__ or '')")
    seconds_until(lambda response: response.status_code == 200, copy, set())
    before, statuses = descendants(copy.process.pid), set[int]()
    (copy.root / "common/__init__.py").write_text('"""changed in common"""\n')
    seconds = seconds_until(lambda response: response.text == "changed in common", copy, statuses)
    print(f"restarted in {seconds:.2f} s")
    assert seconds <= longest(copy)
    assert statuses == {200} or seconds > HELD_SECONDS
    gone = [before[pid] for pid in before.keys() - descendants(copy.process.pid).keys()]
    assert len(gone) == len(local_ports())
    started_by = ("functions_framework", "knative/image/start.py")  # the second one if it has a WebSocket
    assert all(any(name in line for name in started_by) for line in gone)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["token"], 2, "usage: make token USER=name"),
        (["token", "mallory"], 2, "no user 'mallory'; there are:\n  alice"),
        (["token", "alice"], 1, "start it with make run"),
        (["stop-part", "billing"], 1, "start it with make run"),
        (["walk"], 2, "usage: python -m dev run | token USER | notifications | stop-part PART | start-part PART"),
    ],
)
def test_a_wrong_command_says_what_is_allowed(tmp_path: Path, arguments: list[str], code: int, text: str) -> None:
    """On standard error; standard output stays empty, as `$(make -s token)` reads it."""
    done = Run(tmp_path / "data").command(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr


def test_the_database_is_postgresql_17_in_utc(platform: Platform) -> None:
    """The billing role owns its database and is not a superuser."""

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
    for path in ("/healthz", "/api", "/api/billingx"):
        answer = httpx2.get(base + path)
        assert (answer.status_code, answer.text) == (404, ""), path
        assert not {"server", "x-envoy-upstream-service-time"} & set(answer.headers)
    for path in ("/api/billing", "/api/billing/health/", "/api/billing/project/a/b/overview"):
        answer = httpx2.get(base + path)
        assert (answer.status_code, answer.json()["error"]) == (404, "Not found"), path
        assert not {"server", "x-envoy-upstream-service-time"} & set(answer.headers)
    assert platform.settings.page_origin != base


def test_the_ingress_s_address_leads_to_the_page(platform: Platform) -> None:
    """On the page's own origin, from either name of this machine."""
    for base in (platform.settings.api_url, platform.settings.page_origin):
        answer = httpx2.get(f"{base}/")
        assert (answer.status_code, answer.headers["location"]) == (302, f"{platform.settings.page_origin}/billing/")


def test_the_page_is_served_by_its_image_s_server(platform: Platform) -> None:
    """Every path below /billing/ is the page. It receives its addresses and can connect only to them."""
    settings = platform.settings
    script = httpx2.get(f"{settings.page_origin}/billing/env.js")
    assert script.text.splitlines() == [
        f'window.backendURL = "{settings.api_url}";',
        f'window.frontendURL = "{settings.page_origin}";',
        f'window.keycloakURL = "{settings.provider_url}";',
    ]
    shared = httpx2.get(f"{settings.page_origin}/billing/projects/acme-web")
    assert (shared.status_code, shared.headers["content-type"]) == (200, "text/html; charset=utf-8")
    socket = settings.api_url.replace("http", "ws", 1)
    policy = f"connect-src {settings.api_url} {socket} {settings.provider_url};"
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
