"""The quotas that the platform measures are read from its resources, by the command and by the worker."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing_service.database import connect
from billing_service.plans.quantities import quantity
from billing_service.plans.quota import read_quotas
from billing_service.plans.quota_store import store_quotas
from tests.kit.kubernetes_api import Answer, ApiServer, status_object

from .conftest import Load
from .ledger_kit import found
from .process import run
from .quota_kit import organization, project

STORED = "SELECT organization, namespace, used FROM quota_usage WHERE dimension = 'cpu' ORDER BY 1, 2"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ApiServer]:
    """A small API server with two organizations, and 251 projects: more than a page."""
    server = ApiServer(tmp_path)
    server.organizations = [organization("acme"), organization("globex", "u-9", cpu={"used": "3"})]
    server.projects = {"acme": [project("acme", f"acme-p{number}") for number in range(251)]}
    yield server
    server.stop()


def environment(server: ApiServer) -> dict[str, str]:
    return {"KUBERNETES_API_URL": server.url, "KUBERNETES_CREDENTIALS": str(server.credentials)}


async def test_the_command_reads_all_pages(database_url: str, cluster: ApiServer) -> None:
    """With the token and the certificate authority of the pod. Reading again changes nothing."""
    for _ in range(2):
        done = run(database_url, "quota", **environment(cluster))
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "quota: 253 organizations and projects\n")
    assert len([target for target in cluster.requests if "/projects" in target]) == 4
    async with connect(database_url) as connection:
        stored = await found(connection, STORED)
        assert len(stored) == 253
        assert stored[:2] == [("acme", "", Decimal("12.5")), ("acme", "acme-p0", 2)]
        assert stored[-1] == ("globex", "", 3)


async def test_a_resource_that_is_gone_has_no_quota(database_url: str, cluster: ApiServer) -> None:
    """Each reading is complete."""
    assert run(database_url, "quota", **environment(cluster)).returncode == 0
    cluster.organizations, cluster.projects = cluster.organizations[1:], {}
    assert run(database_url, "quota", **environment(cluster)).returncode == 0
    async with connect(database_url) as connection:
        assert await found(connection, STORED) == [("globex", "", 3)]


FAILURES: dict[str, tuple[Answer, str]] = {
    "forbidden": ((403, status_object(403, "Forbidden")), "projects: status 403"),
    "expired": ((410, status_object(410, "Expired")), "projects: the list expired 3 times while it was read"),
    "not JSON": ((200, b"<html>"), "projects: the reply is not a ProjectList"),
    "another kind": ((200, {"kind": "PodList", "items": []}), "projects: the reply is not a ProjectList"),
    "no objects": ((200, {"kind": "ProjectList", "items": [1]}), "projects: an item of the reply is not an object"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_stores_nothing(database_url: str, cluster: ApiServer, failure: str) -> None:
    """What was stored stays, and the message has the reason without the token."""
    assert run(database_url, "quota", **environment(cluster)).returncode == 0
    answer, reason = FAILURES[failure]
    cluster.organizations = []
    cluster.fail = lambda target: answer if "/projects" in target else None
    done = run(database_url, "quota", **environment(cluster))
    assert (done.returncode, done.stderr) == (1, f"{reason}\n")
    async with connect(database_url) as connection:
        assert len(await found(connection, STORED)) == 253


def test_a_server_with_another_certificate_is_not_trusted(database_url: str, cluster: ApiServer) -> None:
    """And neither is one without a cluster."""
    (cluster.credentials / "ca.crt").write_bytes(Path("/etc/ssl/certs/ca-certificates.crt").read_bytes())
    done = run(database_url, "quota", **environment(cluster))
    assert (done.returncode, done.stderr) == (1, "the API server of the cluster: ConnectError\n")
    done = run(database_url, "quota")
    assert (done.returncode, done.stderr) == (1, "quota: KUBERNETES_API_URL is not set, and no file is given\n")
    done = run(database_url, "quota", KUBERNETES_API_URL="http://kubernetes")
    assert done.returncode == 2
    assert "KUBERNETES_API_URL: must be a URL like https://" in done.stderr


async def test_a_file_of_kubectl_is_read_too(database_url: str, tmp_path: Path) -> None:
    """Also one with other kinds, and projects that have no namespace yet."""
    waiting = project("acme", "acme-new") | {"status": {"quotaUsage": {"cpu": {"used": "1"}}}}
    items = [organization("acme"), project("acme", "acme-web"), waiting, {"kind": "Pod"}, {"kind": "Organization"}, "x"]
    path = tmp_path / "resources.json"
    path.write_text(json.dumps({"kind": "List", "items": items}))
    done = run(database_url, "quota", str(path))
    assert (done.returncode, done.stdout) == (0, "quota: 2 organizations and projects\n"), done.stderr
    async with connect(database_url) as connection:
        assert await found(connection, STORED) == [("acme", "", Decimal("12.5")), ("acme", "acme-web", 2)]


def test_an_organization_counts_in_its_namespace_only() -> None:
    """A resource named globex in the namespace of acme is not globex's."""
    forged = organization("globex")
    forged["metadata"]["namespace"] = "acme"
    assert read_quotas([forged]) == []


async def test_history_is_the_largest_request_of_a_day_and_uid(database_url: str, load: Load) -> None:
    """In the time zone of the organization. A value that was not updated stays on its day; a new uid begins again."""
    await load("organization,currency,time_zone\nacme,EUR,Asia/Tokyo\n")
    readings = [
        ("u-1", "2026-11-20T10:00:00Z", "4"),
        ("u-1", "2026-11-20T14:59:00Z", "3"),
        ("u-1", "2026-11-20T15:00:00Z", "2500m"),  # midnight in Tokyo
        ("u-1", "2026-11-20T15:00:00Z", "2500m"),
        ("u-2", "2026-11-20T16:00:00Z", "1"),
    ]
    async with connect(database_url) as connection:
        for day, (uid, updated, used) in enumerate(readings):
            quotas = read_quotas([organization("acme", uid, updated, cpu={"used": used})])
            await store_quotas(connection, quotas, NOW.replace(day=21 + day))
        days = await found(connection, "SELECT uid, day::text, used FROM quota_days ORDER BY 1, 2")
    assert days == [("u-1", "2026-11-20", 4), ("u-1", "2026-11-21", Decimal("2.5")), ("u-2", "2026-11-21", 1)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500m", "0.5"), ("2", "2"), (2, "2"), ("24Gi", str(24 * 2**30)), ("1.5Ki", "1536"), ("1e3", "1000"),
        ("1E", "1000000000000000000"), ("12E-1", "1.2"), ("100n", "0.0000001"), (".5", "0.5"), ("5.", "5"), ("0", "0"),
        ("1k", "1000"), ("0.000000001", "0.000000001"), ("250u", "0.00025"), ("1Mi", "1048576"),
    ],
)  # fmt: skip
def test_quantities_are_exact(text: object, amount: str) -> None:
    """Every suffix of Kubernetes, and its exponents."""
    assert quantity(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "-1", "+1", "1KI", "1ki", "Gi", "1.2.3", "NaN", "Infinity", "1e", "1e3Gi", "0x10", "1_000",
     "\u0661", "2E", "1e99", "1" * 30, "0.1n", None, True, 1.5, [], {}],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(text: object) -> None:
    """With what is allowed."""
    with pytest.raises(ValueError, match="must be a quantity of Kubernetes like 500m, 2 or 24Gi, from 0 to 10"):
        quantity(text)
