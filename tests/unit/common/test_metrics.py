"""What a scrape reads, and where it is served."""

import os
import socket
import subprocess
import sys

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from common.process import metrics

SERVED = """
import socket, sys, time, urllib.request
from common.process import metrics
port, errors = int(sys.argv[1]), []
metrics.serve(port, errors.append)
until = time.monotonic() + 10
while time.monotonic() < until:
    with socket.socket() as client:
        if client.connect_ex(("127.0.0.1", port)) == 0:
            break
    time.sleep(0.02)
print(urllib.request.urlopen(f"http://{sys.argv[2]}:{port}/metrics", timeout=5).read().decode())
assert not errors, errors
"""


def scrape(host: str, **environment: str) -> subprocess.CompletedProcess[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", SERVED, str(port), host]
    env = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=env, capture_output=True, check=False, text=True, timeout=30)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_scrape_is_served_by_ipv4_and_ipv6(host: str) -> None:
    """Where the machine has both; the process's own metrics are there, and no `_created` series."""
    if host == "[::1]" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    text = scrape(host).stdout
    assert "upstream_breaker_state 0.0" in text
    assert "process_resident_memory_bytes" in text
    assert "_created" not in text


def test_host_limits_the_listener() -> None:
    """With HOST=127.0.0.1 nothing listens at another address."""
    assert "upstream_breaker_state" in scrape("127.0.0.1", HOST="127.0.0.1").stdout
    assert "Connection refused" in scrape("127.0.0.2", HOST="127.0.0.1").stderr


def test_a_request_is_counted_once_with_its_duration() -> None:
    """The status in the counter, the route in the histogram; a bucket counts all up to its bound."""
    for seconds in (0.003, 0.02):
        metrics.count_request("test", "/route", 200, seconds)
    families = {family.name: family for family in text_string_to_metric_families(generate_latest().decode())}
    counted = [s.value for s in families["http_requests"].samples if s.labels == {"function": "test", "status": "200"}]
    assert counted == [2]
    series = {"function": "test", "route": "/route"}
    found = [s for s in families["http_request_duration_seconds"].samples if series.items() <= s.labels.items()]
    buckets = {s.labels["le"]: s.value for s in found if s.name.endswith("_bucket")}
    assert (buckets["0.0025"], buckets["0.005"], buckets["0.01"], buckets["0.025"], buckets["+Inf"]) == (0, 1, 1, 2, 2)
    assert [s.value for s in found if s.name.endswith("_sum")] == [pytest.approx(0.023)]
