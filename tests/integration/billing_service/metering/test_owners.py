"""A namespace that changes its owner within the hour: a real Prometheus and a real PostgreSQL."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from billing_service.database import Connection, connect
from billing_service.ledger.commands import differences
from tests.integration.billing_service.conftest import Load
from tests.integration.billing_service.ledger_kit import found

from .cluster import HOUR, STATE, Cluster
from .server import prometheus
from .test_meter import NOW, ONE, catch_up, meter

GIB = 2**30
WORLD = """
INSERT INTO organizations VALUES ('acme'), ('globex');
INSERT INTO organization_terms VALUES ('acme', '(,)', 'EUR', 'UTC'), ('globex', '(,)', 'EUR', 'Europe/Berlin');
INSERT INTO prices SELECT id, '', id, 'EUR', 1, '(,)' FROM skus WHERE id <= 7;
"""
LINES = "SELECT organization, life, quantity FROM usage_lines WHERE sku = 1 AND quantity > 0 ORDER BY 1, 2"


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Connection]:
    async with connect(database_url) as connection:
        await connection.execute(WORLD)
        yield connection


async def own(ledger: Connection, *rows: tuple[str, int, str, str]) -> None:
    """Organization, life, and from when to when of the hour it owns `shop`: minutes like 10:30, or nothing."""
    await ledger.execute("DELETE FROM ownership")
    for organization, life, since, until in rows:
        ends = [f"2026-11-10T{minute}Z" if minute else "" for minute in (since, until)]
        validity = f"[{ends[0]},{ends[1]})" if since else f"(,{ends[1]})"
        await ledger.execute(
            "INSERT INTO ownership VALUES ('shop', %s, %s, %s, %s::tstzrange)",
            [organization, f"u{life}", life, validity],
        )


ACME_THEN_GLOBEX = (("acme", 1, "", "10:30"), ("globex", 1, "10:30", ""))


@pytest.mark.parametrize(
    ("rows", "minutes"),
    [
        (ACME_THEN_GLOBEX, {("acme", 1): 30, ("globex", 1): 30}),
        # The five minutes in which it changes belong to the owner at their start.
        ((("acme", 1, "", "10:32"), ("globex", 1, "10:32", "")), {("acme", 1): 35, ("globex", 1): 25}),
        # The same owner created the namespace again: two lives.
        ((("acme", 1, "", "10:30"), ("acme", 2, "10:30", "")), {("acme", 1): 30, ("acme", 2): 30}),
        # Nobody owns it for 20 minutes: what still runs is the owner's before.
        ((("acme", 1, "", "10:20"), ("globex", 2, "10:40", "")), {("acme", 1): 40, ("globex", 2): 20}),
        # A move and back: one line for acme.
        (
            (("acme", 1, "", "10:20"), ("globex", 1, "10:20", "10:40"), ("acme", 1, "10:40", "")),
            {("acme", 1): 40, ("globex", 1): 20},
        ),
        # Registered after its first pods ran.
        ((("acme", 1, "10:07", "10:30"), ("globex", 1, "10:30", "")), {("acme", 1): 30, ("globex", 1): 30}),
        ((("globex", 1, "10:07", ""),), {("globex", 1): 60}),
        ((("acme", 1, "", "10:10"),), {("acme", 1): 60}),
    ],
)
async def test_each_owner_has_the_usage_of_the_own_minutes(
    ledger: Connection,
    tmp_path: Path,
    rows: tuple[tuple[str, int, str, str], ...],
    minutes: dict[tuple[str, int], int],
) -> None:
    """Six cores for the complete hour. The parts are the hour, the sums agree, and reading it again changes nothing."""
    await own(ledger, *rows)
    cluster = Cluster()
    cluster.pod("shop", "api", cpu=6)
    with prometheus(cluster, tmp_path) as url:
        async with meter(url, ledger) as opened:
            await catch_up(opened)
            assert await found(ledger, LINES) == [
                (organization, life, Decimal(6 * length) / 60) for (organization, life), length in minutes.items()
            ]
            again = [metered async for metered in opened.back_fill(HOUR, HOUR + ONE, NOW)]
    assert [metered.changed for metered in again] == [0]
    assert await found(ledger, "SELECT FROM quarantine") == []
    assert await differences(ledger) == []


async def test_every_kind_of_usage_is_split(ledger: Connection, tmp_path: Path) -> None:
    """Processors, memory, disks, egress, addresses, load balancers, and a machine."""
    await own(ledger, *ACME_THEN_GLOBEX)
    cluster = Cluster()
    cluster.replica_set("shop", "api-5f", "api")
    for pod, cpu, begin, end in (("api-5f-old", 2, 0, 1830), ("api-5f-new", 4, 1830, 3630)):
        cluster.pod("shop", pod, ("ReplicaSet", "api-5f"), cpu=cpu, memory=cpu * GIB, begin=begin, end=end)
    cluster.volume("shop", "data", 10 * GIB)
    cluster.sent("shop", "api-5f-old", 2**20, end=1830)
    cluster.load_balancer("shop", "web", "203.0.113.7")
    cluster.machine("shop", "vm-1", topology={"cores": 8}, memory=16 * GIB)
    with prometheus(cluster, tmp_path) as url:
        async with meter(url, ledger) as opened:
            await catch_up(opened)
    lines = await found(
        ledger,
        "SELECT organization, code, workload, quantity FROM usage_lines JOIN skus ON skus.id = sku ORDER BY 1, 2, 3",
    )
    for organization, cores in (("acme", Decimal(2)), ("globex", Decimal(4))):
        of_one = {(code, workload): quantity for owner, code, workload, quantity in lines if owner == organization}
        sent = of_one.pop(("network_gib", "Deployment/api"), None)
        assert (sent is not None) == (organization == "acme")
        assert of_one == {
            ("cpu_core_hour", "Deployment/api"): cores / 2,
            ("memory_gib_hour", "Deployment/api"): cores / 2,
            ("storage_gib_hour", "Volume/data"): 5,
            ("load_balancer_hour", "Service/web"): Decimal("0.5"),
            ("public_ip_hour", "PublicIP/203.0.113.7"): Decimal("0.5"),
            ("cpu_core_hour", "VirtualMachine/vm-1"): 4,
            ("memory_gib_hour", "VirtualMachine/vm-1"): 8,
        }


async def test_a_move_that_is_registered_late_is_split_when_the_hour_is_read_again(
    ledger: Connection, load: Load, tmp_path: Path
) -> None:
    """Until then the hour is the old owner's. The hours after it moved at once, and nothing is counted twice."""
    await own(ledger, ("acme", 1, "", ""))
    cluster = Cluster()
    cluster.pod("shop", "api", cpu=6)
    cluster.pod("shop", "gone", cpu=3, end=1830)
    cluster.pod("shop", "came", cpu=3, begin=1830)
    with prometheus(cluster, tmp_path) as url:
        async with meter(url, ledger) as opened:
            await catch_up(opened)
            await load("namespace,organization,valid_from\nshop,globex,2026-11-10T10:30:00Z\n", now=NOW)
            assert {row[0] for row in await found(ledger, LINES)} == {"acme"}
            _ = [metered async for metered in opened.back_fill(HOUR, HOUR + ONE, NOW)]
    workloads = "SELECT organization, workload, quantity FROM usage_lines WHERE quantity > 0 ORDER BY 1, 2"
    assert await found(ledger, workloads) == [
        ("acme", "Pod/api", 3),
        ("acme", "Pod/gone", Decimal("1.5")),
        ("globex", "Pod/api", 3),
        ("globex", "Pod/came", Decimal("1.5")),
    ]
    assert await differences(ledger) == []


async def test_labels_stay_with_their_owner(ledger: Connection, tmp_path: Path) -> None:
    """Both owners have a Deployment `api`. Neither sees the label of the other."""
    await own(ledger, *ACME_THEN_GLOBEX)
    cluster = Cluster()
    cluster.replica_set("shop", "api-5f", "api")
    for pod, team, begin, end in (("api-5f-old", "secret-of-acme", 0, 1830), ("api-5f-new", "web", 1830, 3630)):
        cluster.pod("shop", pod, ("ReplicaSet", "api-5f"), cpu=1, begin=begin, end=end)
        cluster.add("kube_pod_labels", STATE | {"namespace": "shop", "pod": pod, "label_team": team}, 1, begin, end)
    with prometheus(cluster, tmp_path) as url:
        async with meter(url, ledger, labels={"label_team": "team"}) as opened:
            await catch_up(opened)
    assert await found(ledger, "SELECT organization, labels FROM workload_labels ORDER BY 1") == [
        ("acme", {"team": "secret-of-acme"}),
        ("globex", {"team": "web"}),
    ]
