"""What one planned resource needs, and how it is billed."""

from dataclasses import dataclass
from decimal import Decimal

from billing_service.money import exact_sum
from billing_service.plans.quantities import EXACT

Amounts = dict[str, Decimal]

MONTH_HOURS = 730  # of the average month
COMPLETE_MONTH_HOURS = 672  # the shortest month: from here on, a resource is there in every hour of a month
LONGEST_MONTH_HOURS = 745


@dataclass(frozen=True)
class Volume:
    storage_class: str  # empty: the default class
    size: Decimal  # bytes


@dataclass(frozen=True)
class Unpriced:
    """A part of a resource whose cost cannot be stated."""

    pointer: str
    reason: str


@dataclass(frozen=True)
class Needs:
    """`number` resources, each with these amounts. cpu in cores, memory and egress in bytes.

    `hours`: of a month, in which it runs. Its volumes and addresses are there in every hour (`kept_hours`).
    """

    kind: str
    name: str | None
    number: int = 1
    hours: int = MONTH_HOURS
    cpu: Decimal = Decimal(0)
    memory: Decimal = Decimal(0)
    volumes: tuple[Volume, ...] = ()
    pods: int = 0
    addresses: int = 0
    balancers: int = 0
    egress: Decimal = Decimal(0)  # per month
    others: tuple[tuple[str, Decimal], ...] = ()  # other resources of Kubernetes, such as nvidia.com/gpu
    unpriced: tuple[Unpriced, ...] = ()

    @property
    def kept_hours(self) -> int:
        """A volume without a pod that uses it is there for its own hours."""
        runs = self.pods and self.hours < COMPLETE_MONTH_HOURS
        return MONTH_HOURS if runs else self.hours

    @property
    def storage(self) -> Decimal:
        return exact_sum(volume.size for volume in self.volumes)

    def quota(self) -> Amounts:
        """What all of them take from the pool, by dimension. Bytes for memory and storage."""
        one = {
            "cpu": self.cpu,
            "memory": self.memory,
            "storage": self.storage,
            "pods": Decimal(self.pods),
            "public_ipv4": Decimal(self.addresses),
        }
        return {name: EXACT.multiply(amount, Decimal(self.number)) for name, amount in one.items()}
