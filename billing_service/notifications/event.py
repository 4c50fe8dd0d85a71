"""What a notification is about, and the message that one or several of them become."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

Status = Literal["firing", "resolved", "info"]


@dataclass(frozen=True)
class Event:
    """`kind` is for programs, such as `budget.threshold`. `labels` identify the matter: a resolved event has the labels
    of the firing one. `details` are for people, and may differ."""

    kind: str
    status: Status
    title: str
    text: str
    at: datetime  # UTC
    labels: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"at": rfc3339(self.at)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(**stored | {"at": datetime.fromisoformat(stored["at"])})


@dataclass(frozen=True)
class Message:
    """`number` is larger than the events in it if there were more than a digest can have."""

    id: str
    organization: str
    at: datetime  # of this attempt
    events: tuple[Event, ...]
    number: int

    @property
    def title(self) -> str:
        return self.events[0].title if self.number == 1 else f"{self.number} notifications for {self.organization}"

    @property
    def more(self) -> int:
        return self.number - len(self.events)


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
