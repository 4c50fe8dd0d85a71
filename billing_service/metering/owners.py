"""Whose usage a window is, if a namespace changes its owner within the hour.

A window of five minutes belongs to the owner at its start. Where nobody owned the namespace then, it belongs to the
owner before, and without one to the first owner of the hour. docs/decisions/0031-owners-within-the-hour.md
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from billing_service.metering.queries import WINDOW_SECONDS

_ZERO = Decimal(0)


class Owned(NamedTuple):
    since: datetime
    owned_at: datetime  # a moment within the hour that identifies the owner in a usage line


class Owners:
    def __init__(self, hour: datetime, changes: Mapping[str, Sequence[Owned]]) -> None:
        """`changes`: the owners of the hour, oldest first, of each namespace that had several."""
        self._hour = hour
        self._changes = changes

    def split(self, namespace: str, windows: Mapping[int, Decimal]) -> dict[datetime, Decimal]:
        """The sum of the windows of each owner, by `owned_at`. `windows` are by their ends, Unix time."""
        owned = self._changes.get(namespace)
        if owned is None:
            return {self._hour: sum(windows.values(), _ZERO)}
        found: dict[datetime, Decimal] = {}
        for end, amount in windows.items():
            start = end - WINDOW_SECONDS
            at = [one.owned_at for one in owned if one.since.timestamp() <= start] or [owned[0].owned_at]
            found[at[-1]] = found.get(at[-1], _ZERO) + amount
        return found
