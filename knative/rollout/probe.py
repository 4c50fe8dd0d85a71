"""Asks a candidate before it has traffic: through Kourier's internal gateway, by its tag's host, with a real token."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx2

from knative.rollout.cluster import Cluster
from knative.rollout.traffic import RolloutError

COLD_START_SECONDS: Final = 60


@dataclass(frozen=True)
class Caller:
    """Whom the probe asks as. `token` is in no message, log or command line."""

    token: str
    namespace: str
    foreign_namespace: str

    def __repr__(self) -> str:
        return f"Caller({self.namespace}, {self.foreign_namespace})"


def questions(function: str, caller: Caller) -> list[tuple[str, bool, int]]:
    """(path, with token, the status it must have)."""
    if function != "overview":
        return [(f"/api/billing/{function}", True, 200), (f"/api/billing/{function}", False, 401)]
    own, foreign = (f"/api/billing/project/{n}/overview" for n in (caller.namespace, caller.foreign_namespace))
    return [(own, True, 200), (own, False, 401), (foreign, True, 403)]


def probe(cluster: Cluster, namespace: str, caller: Caller) -> None:
    """Raises RolloutError with the first answer that is not as it must be."""
    host = _candidate_host(cluster, namespace)
    with _forwarded(cluster) as port, httpx2.Client(timeout=COLD_START_SECONDS) as client:
        for path, with_token, expected in questions(cluster.function, caller):
            headers = {"Host": host} | ({"Authorization": f"Bearer {caller.token}"} if with_token else {})
            try:
                status = client.get(f"http://127.0.0.1:{port}{path}", headers=headers).status_code
            except httpx2.HTTPError as exc:
                raise RolloutError(f"probe of {host}{path}: no answer ({type(exc).__name__})") from exc
            what = "with the token" if with_token else "without a token"
            if status != expected:
                raise RolloutError(f"probe of {host}{path} {what}: {status}, expected {expected}")
            cluster.say(f"probe {path} {what}: {status}")


def _candidate_host(cluster: Cluster, namespace: str) -> str:
    for target in cluster.existing(namespace).get("status", {}).get("traffic", []):
        if target.get("tag") == "candidate" and target.get("url"):
            return str(urlsplit(target["url"]).hostname)
    raise RolloutError(f"{cluster.name} has no address for its candidate: make status FUNCTION={cluster.function}")


@contextmanager
def _forwarded(cluster: Cluster) -> Iterator[int]:
    """A local port that leads to Kourier's internal gateway."""
    arguments = ["port-forward", "service/kourier-internal", ":80", "--namespace", "kourier-system"]
    command = cluster.command("kubectl", *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603
        try:
            said = process.stdout.readline() if process.stdout else ""
            found = re.search(r"Forwarding from 127\.0\.0\.1:(\d+)", said)
            if found is None:
                raise RolloutError(
                    f"kubectl port-forward to kourier-internal failed: {said.strip() or 'it said nothing'}"
                )
            yield int(found[1])
        finally:
            process.terminate()
