"""The listeners of a real process: addresses, and what Prometheus reads."""

import asyncio
import re
import socket

import httpx2
import pytest

from tests.kit.slow import first_quick

from .conftest import USAGE_HEADER, Load
from .process import free_port, served, wait_for

pytestmark = pytest.mark.usefixtures("registry")


async def scrape(client: httpx2.AsyncClient, port: int, host: str = "127.0.0.1") -> dict[str, float]:
    text = (await wait_for(client, f"http://{host}:{port}/metrics", 200, 10)).text
    found = re.findall(r"^(billing_service_\S+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


async def scrape_with(client: httpx2.AsyncClient, port: int, name: str) -> dict[str, float]:
    """A request is counted when its response was sent: a client can be faster."""
    for _ in range(100):
        seen = await scrape(client, port)
        if name in seen:
            return seen
        await asyncio.sleep(0.1)
    pytest.fail(f"{name} is not among {sorted(seen)} after 10 s")


async def test_prometheus_reads_requests_pool_and_newest_usage(
    database_url: str, client: httpx2.AsyncClient, load: Load
) -> None:
    """Rate, errors and duration by route; connections by state; when the newest hour of usage began."""
    await load(f"{USAGE_HEADER}acme-web,2025-09-10T08:00:00Z,1,1,1,1,1\nacme-data,2025-09-10T09:00:00Z,0,0,0,0,0\n")
    port = free_port()
    requests, route = "billing_service_http_requests_total", "/api/organization/{organization}/projects"
    with served(database_url, METRICS_PORT=str(port)) as (url, _):
        await wait_for(client, f"{url}/api/health", 200, 20)
        for path in ("/api/organization/acme/projects", "/api/organization/nobody/projects", "/nowhere/of/any/kind"):
            await client.get(url + path)
        seen = await scrape_with(client, port, f'{requests}{{method="GET",route="unknown",status="404"}}')
    assert seen[f'{requests}{{method="GET",route="{route}",status="404"}}'] == 1
    assert seen[f'{requests}{{method="GET",route="unknown",status="404"}}'] == 1
    assert seen[f'billing_service_http_request_duration_seconds_count{{route="{route}"}}'] == 2
    assert seen['billing_service_database_connections{state="idle"}'] >= 1
    assert seen['billing_service_database_connections{state="in_use"}'] == 0
    assert seen["billing_service_database_connections_max"] == 8
    assert seen["billing_service_database_waiting"] == 0
    assert seen["billing_service_newest_usage_timestamp_seconds"] == 1757494800
    assert not any("nowhere" in name for name in seen)


async def test_prometheus_reads_why_the_database_failed(client: httpx2.AsyncClient) -> None:
    """One more for each request that failed, by reason; no age of data that nobody could read."""
    port = free_port()
    with served("postgresql://billing@127.0.0.1:1/billing", METRICS_PORT=str(port)) as (url, _):
        await wait_for(client, f"{url}/api/health", 503, 20)
        before = await scrape(client, port)
        await client.get(f"{url}/api/health")
        after = await scrape(client, port)
    name = 'billing_service_database_failures_total{reason="refused"}'
    assert after[name] == before[name] + 1
    assert "billing_service_newest_usage_timestamp_seconds" not in after


async def test_a_metrics_port_in_use_does_not_stop_the_service(database_url: str, client: httpx2.AsyncClient) -> None:
    """It is an ERROR in the log, and requests are served."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        served(database_url, METRICS_PORT=str(taken.getsockname()[1])) as (url, process),
    ):
        await wait_for(client, f"{url}/api/health", 200, 20)
        await asyncio.sleep(0.5)  # the listener's thread
        process.terminate()
        assert process.stderr
        assert '"the metrics port cannot be used"' in process.stderr.read()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "reached"),
    first_quick(
        [("::", ["127.0.0.1", "[::1]"]), ("0.0.0.0", ["127.0.0.1"]), ("::1", ["[::1]"]), ("localhost", ["127.0.0.1"])]
    ),
)
async def test_host_says_which_families_are_served(
    database_url: str, client: httpx2.AsyncClient, host: str, reached: list[str]
) -> None:
    """`::` is IPv6 and IPv4 where the machine has both; the metrics are where the requests are."""
    if "[::1]" in reached and not has_ipv6():
        if host == "::1":
            pytest.skip("NOT TESTED: this machine has no IPv6")
        reached = ["127.0.0.1"]
    metrics = free_port()
    with served(database_url, HOST=host, METRICS_PORT=str(metrics)) as (url, _):
        port = int(url.rpartition(":")[2])
        for address in reached:
            await wait_for(client, f"http://{address}:{port}/api/health", 200, 20)
            assert await scrape(client, metrics, address)


def test_a_port_in_use_is_named(database_url: str) -> None:
    """Exit code 1 and one line."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        served(database_url, PORT=str(taken.getsockname()[1])) as (_, process),
    ):
        assert process.wait(20) == 1
        assert process.stderr
        said = process.stderr.read()
    assert "Address already in use" in said
    assert "Traceback" not in said
