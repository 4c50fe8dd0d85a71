"""The stable and the candidate revision, and the traffic between them. Does not access the cluster.

Three tags, each for one revision: `stable` serves, `candidate` is tested, `previous` is used by a rollback after a
promotion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

TAGS: Final = ("stable", "candidate", "previous")
ALL: Final = 100


class RolloutError(Exception):
    """The command was rejected or failed. The text has the reason and what to do."""


@dataclass(frozen=True)
class Traffic:
    """`percent` goes to the candidate, the rest to the stable revision."""

    stable: str
    candidate: str | None = None
    percent: int = 0
    previous: str | None = None

    @classmethod
    def of(cls, service: Mapping[str, Any]) -> Self:
        """Reads the wanted traffic of a Knative Service. Raises RolloutError if it was split without this command."""
        latest = service.get("status", {}).get("latestReadyRevisionName")
        targets = [(t.get("revisionName") or latest, t.get("percent") or 0, t.get("tag")) for t in _targets(service)]
        tags = {tag: revision for revision, _, tag in targets if tag in TAGS}
        shares: dict[str, int] = {}
        for revision, percent, _ in targets:
            if percent:
                shares[revision] = shares.get(revision, 0) + percent
        candidate = tags.get("candidate")
        others = [revision for revision in shares if revision != candidate]
        stable = tags.get("stable") or (others[0] if len(others) == 1 else None)
        name = service["metadata"]["name"]
        if stable is None or any(revision != stable for revision in others):
            raise RolloutError(
                f"the traffic of {name} is split by hand ({_shares(shares)}): give it to one revision first, "
                f"with kn service update {name} --traffic REVISION=100"
            )
        return cls(stable, candidate, shares.get(candidate or "", 0), tags.get("previous"))

    def with_candidate(self, revision: str) -> Self:
        return replace(self, candidate=revision, percent=0)

    def with_percent(self, percent: int) -> Self:
        return replace(self, percent=percent)

    def promoted(self) -> Self:
        if self.candidate is None:
            raise RolloutError("no candidate to promote")
        return replace(self, stable=self.candidate, candidate=None, percent=0, previous=self.stable)

    def rolled_back(self) -> Self:
        """Removes the candidate. Without a candidate, returns to the revision before the last promotion."""
        if self.candidate is not None or self.previous is None:
            return replace(self, candidate=None, percent=0)
        return replace(self, stable=self.previous, previous=None)

    def shares(self) -> dict[str, int]:
        """Percentage of each revision with traffic."""
        found = {self.stable: ALL - self.percent} | ({self.candidate: self.percent} if self.candidate else {})
        return {revision: percent for revision, percent in found.items() if percent}

    def tags(self) -> dict[str, str]:
        found = {"stable": self.stable, "candidate": self.candidate, "previous": self.previous}
        return {tag: revision for tag, revision in found.items() if revision is not None}

    def targets(self) -> list[dict[str, Any]]:
        """The value of spec.traffic. Never with `latestRevision`, so that a new revision gets no traffic."""
        found = [
            {"revisionName": revision, "percent": self.shares().get(revision, 0), "tag": tag}
            for tag, revision in self.tags().items()
        ]
        return [target | {"latestRevision": False} for target in found]

    def flags_from(self, service: Mapping[str, Any]) -> list[str]:
        """The flags for `kn service update`: all shares and the changed tags, nothing about the template."""
        now = {t["tag"]: t.get("revisionName") for t in _targets(service) if t.get("tag")}
        wanted = self.tags()
        gone = [tag for tag, revision in now.items() if tag in TAGS and wanted.get(tag) != revision]
        new = [f"{revision}={tag}" for tag, revision in wanted.items() if now.get(tag) != revision]
        flags = [f"--untag={tag}" for tag in gone] + [f"--tag={pair}" for pair in new]
        return flags + [f"--traffic={revision}={percent}" for revision, percent in self.shares().items()]

    def __str__(self) -> str:
        shares = _shares(self.shares())
        waiting = f", candidate {self.candidate} 0 %" if self.candidate and not self.percent else ""
        return shares + waiting + (f", previous {self.previous}" if self.previous else "")


def _targets(service: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(service["spec"].get("traffic") or [{"latestRevision": True, "percent": ALL}])


def _shares(shares: Mapping[str, int]) -> str:
    return ", ".join(f"{revision} {percent} %" for revision, percent in shares.items())
