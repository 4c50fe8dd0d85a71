"""What the reading of an hour returns: usage lines, instance counts, and how many samples there were."""

from dataclasses import dataclass
from decimal import Decimal

from billing_service.ledger.ingest import UsageLine


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
    instances: tuple[Instances, ...] | None  # None: the last window is missing, so what runs is unknown
    samples_expected: int
    samples_seen: int
    problems: tuple[str, ...]  # why samples are missing, for the log
