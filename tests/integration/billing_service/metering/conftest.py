"""Reads the hour of a cluster that a test defines, from a real Prometheus."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from billing_service.metering.client import Address, Prometheus
from billing_service.metering.queries import Jobs, Queries
from billing_service.metering.reading import HourReader, Scope
from billing_service.metering.usage import Reading
from billing_service.metering.windows import Hour

from .cluster import HOUR, SCRAPE, Cluster
from .server import prometheus

JOBS = Jobs("kube-state-metrics", "kubelet", "kubevirt-prometheus-metrics")
QUERIES = Queries(JOBS, SCRAPE)
SCOPE = Scope(source="cluster-1", slot_seconds=SCRAPE, has_machines=True, storage_classes=frozenset({"fast"}))

Read = Callable[..., Awaitable[Reading]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    async def read(cluster: Cluster, scope: Scope = SCOPE) -> Reading:
        with prometheus(cluster, tmp_path) as url:
            async with Prometheus.open(Address(url)) as client:
                return await HourReader(client, QUERIES, scope, Hour(HOUR)).read()

    return read


def quantities(reading: Reading, sku: str) -> dict[tuple[str, str], Decimal]:
    """By namespace and workload."""
    return {(line.namespace, line.workload): line.quantity for line in reading.lines if line.sku == sku}
