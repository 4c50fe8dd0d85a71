"""Requests through the ingress: one client with a kept connection, and a steady load from several of them."""

import itertools
import threading
from collections import Counter
from typing import Self

import httpx2

from tests.cluster.installation import Variables

REQUEST_SECONDS = 40  # above the route's own timeout
CONNECTIONS = 10
PER_SECOND = 50


def client_of(variables: Variables) -> httpx2.Client:
    headers = {"Host": variables["CLUSTER_HOST"], "Authorization": f"Bearer {variables['TOKEN']}"}
    return httpx2.Client(base_url=variables.ingress, headers=headers, timeout=REQUEST_SECONDS)


class Load:
    """Sends GET requests to `path` inside the `with` block. In `statuses`, 0 is a request without a response.

    The request ids begin with `prefix`.
    """

    def __init__(self, variables: Variables, path: str, prefix: str = "load-") -> None:
        self.statuses: Counter[int] = Counter()
        self._variables = variables
        self._path = path
        self._ids = (f"{prefix}{number}" for number in itertools.count())
        self._counting = threading.Lock()
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(CONNECTIONS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        with client_of(self._variables) as client:
            while not self._done.wait(CONNECTIONS / PER_SECOND):
                try:
                    with self._counting:
                        headers = {"X-Request-Id": next(self._ids)}
                    status = client.get(self._path, headers=headers).status_code
                except httpx2.HTTPError:
                    status = 0
                with self._counting:
                    self.statuses[status] += 1
