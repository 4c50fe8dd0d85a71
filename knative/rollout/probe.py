"""Sends requests to a candidate without traffic: by Kourier's internal gateway, to its tag's host, with a token."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from common.endpoint import Access, Endpoint
from dev.declaration_checks import PATH_PARAMETER
from dev.declarations import Declared, example_path, read_functions
from knative.rollout.cluster import Cluster
from knative.rollout.traffic import RolloutError

COLD_START_SECONDS: Final = 60


@dataclass(frozen=True)
class Caller:
    """The caller of the probe. `token` is never in a message, log or command line."""

    token: str
    namespace: str
    foreign_namespace: str

    def __repr__(self) -> str:
        return f"Caller({self.namespace}, {self.foreign_namespace})"


@dataclass(frozen=True)
class Check:
    """One request of the probe and the statuses that pass."""

    path: str
    with_token: bool
    expected: frozenset[int]
    method: str = "GET"


def checks(function: Declared, caller: Caller) -> list[Check]:
    """GET requests to routes without a required parameter that has no known value.

    A function without such a route gets a request of each of its methods without a token: 401 shows that it serves its
    path, and nothing is changed. A WebSocket is requested without an upgrade.
    """
    found = [Check(socket.route, with_token=False, expected=frozenset({426})) for socket in function.app.sockets]
    for endpoint in function.app.endpoints:
        own = example_path(endpoint, caller.namespace) if endpoint.method == "GET" else None
        if own is None:
            continue
        allowed = {200, 403} if endpoint.access is Access.ORG_ADMIN else {200}
        found += [Check(own, with_token=True, expected=frozenset(allowed)), Check(own, False, frozenset({401}))]
        if endpoint.access is Access.NAMESPACE:
            foreign = example_path(endpoint, caller.foreign_namespace) or own
            found.append(Check(foreign, with_token=True, expected=frozenset({403})))
    return found or [_without_token(endpoint) for endpoint in function.app.endpoints]


def _without_token(endpoint: Endpoint[Any, Any]) -> Check:
    """The caller is checked before the parameters: every value will do."""
    path = PATH_PARAMETER.sub("x", endpoint.route)
    return Check(path, with_token=False, expected=frozenset({401}), method=endpoint.method)


def probe(cluster: Cluster, namespace: str, caller: Caller) -> None:
    """Raises RolloutError for the first response with an unexpected status."""
    host = _candidate_host(cluster, namespace)
    [function] = [declared for declared in read_functions() if declared.name == cluster.function]
    with forwarded(cluster) as port, httpx2.Client(timeout=COLD_START_SECONDS) as client:
        for check in checks(function, caller):
            headers = {"Host": host} | ({"Authorization": f"Bearer {caller.token}"} if check.with_token else {})
            try:
                url = f"http://127.0.0.1:{port}{check.path}"
                status = client.request(check.method, url, headers=headers).status_code
            except httpx2.HTTPError as exc:
                raise RolloutError(f"probe of {host}{check.path}: no response ({type(exc).__name__})") from exc
            what = "with the token" if check.with_token else "without a token"
            if status not in check.expected:
                expected = " or ".join(map(str, sorted(check.expected)))
                raise RolloutError(f"probe of {host}{check.path} {what}: {status}, expected {expected}")
            cluster.say(f"probe {check.method} {check.path} {what}: {status}")


def _candidate_host(cluster: Cluster, namespace: str) -> str:
    for target in cluster.existing(namespace).get("status", {}).get("traffic", []):
        if target.get("tag") == "candidate" and target.get("url"):
            return str(urlsplit(target["url"]).hostname)
    raise RolloutError(f"{cluster.name} has no address for its candidate: make status FUNCTION={cluster.function}")


@contextmanager
def forwarded(cluster: Cluster) -> Iterator[int]:
    """A local port that forwards to Kourier's internal gateway."""
    arguments = ["port-forward", "service/kourier-internal", ":80", "--namespace", "kourier-system"]
    command = cluster.command("kubectl", *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603
        try:
            said = process.stdout.readline() if process.stdout else ""
            found = re.search(r"Forwarding from 127\.0\.0\.1:(\d+)", said)
            if found is None:
                raise RolloutError(
                    f"kubectl port-forward to kourier-internal failed: {said.strip() or 'it printed nothing'}"
                )
            yield int(found[1])
        finally:
            process.terminate()
