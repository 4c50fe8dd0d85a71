"""What the meter hands over: usage lines and instance counts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class UsageLine:
    """`hour` is its start in UTC. `workload` is `Kind/name`, or `-` for all workloads of the namespace together."""

    namespace: str
    hour: datetime
    sku: str
    workload: str
    quantity: Decimal
    source: str


@dataclass(frozen=True)
class Instances:
    """What ran in the last five minutes of the hour."""

    namespace: str
    running_pods: int
    running_vms: int
    cpu_cores: Decimal
    memory_gib: Decimal


@dataclass(frozen=True)
class Reading:
    """One hour. A sample is one source (kube-state-metrics, cAdvisor of a node, KubeVirt) in one window."""

    lines: tuple[UsageLine, ...]
    instances: tuple[Instances, ...] | None  # None: the last window is missing, so nobody knows what runs
    samples_expected: int
    samples_seen: int
    problems: tuple[str, ...]  # why samples are missing, for the log
