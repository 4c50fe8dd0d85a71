"""Every declared endpoint, as the parameter of the table tests."""

import importlib
import json
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

from common.endpoint import Endpoint
from common.http.preconditions import CHANGING_METHODS
from dev.declarations import ROOT, Declared, read_functions
from tests.kit.envelopes import assert_common_headers, assert_success_envelope

_PROJECT = b'"acme-web"'


@dataclass(frozen=True)
class Case:
    function: Declared
    endpoint: Endpoint[Any, Any]

    def __str__(self) -> str:
        return f"{self.endpoint.method} {self.endpoint.route}"

    def path(self, namespace: str = "acme-web") -> str:
        """A required parameter has the first example of its declaration."""
        path, query = self.endpoint.route.replace("{namespace}", namespace), []
        for name, field in self.endpoint.parameters.model_fields.items():
            if not field.is_required():
                continue
            assert field.examples, f"{self} requires {name}: the table tests have no example for it"
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", field.examples[0])
            else:
                query.append(f"{name}={field.examples[0]}")
        return "?".join([path, "&".join(query)] if query else [path])

    @property
    def names_a_project(self) -> bool:
        """In its path, or in its body."""
        return "{namespace}" in self.endpoint.route or _PROJECT in json.dumps(self._bodies().get(str(self))).encode()

    def request(self, namespace: str = "acme-web") -> dict[str, Any]:
        """Body and headers of a request that is accepted, for tests.kit.in_process."""
        headers: dict[str, Any] = {name.replace("-", "_"): value for name, value in self.headers.items()}
        if self.content is None:
            return headers
        return headers | {"content": self.content.replace(_PROJECT, f'"{namespace}"'.encode())}

    @property
    def headers(self) -> dict[str, str]:
        """Of a body, and of a change of a version."""
        body = {} if self.endpoint.body is None else {"content-type": "application/json"}
        return body | ({"if-match": '"1"'} if self.endpoint.method in CHANGING_METHODS else {})

    @property
    def content(self) -> bytes | None:
        """BODIES in tests/functions/<folder>/replies.py has the body."""
        if self.endpoint.body is None:
            return None
        body = self._bodies().get(str(self), ...)
        file = f"tests/functions/{self.function.folder}/replies.py"
        assert body is not ..., (
            f"{self} has a body model and no body for its tests: add BODIES[{str(self)!r}] to {file}"
        )
        return json.dumps(body).encode()

    def _bodies(self) -> dict[str, Any]:
        """Those of the function. A missing one fails the tests of its endpoint, and not the collection of all tests."""
        if not (ROOT / "tests" / "functions" / self.function.folder / "replies.py").exists():
            return {}
        replies = importlib.import_module(f"tests.functions.{self.function.folder}.replies")
        return dict(getattr(replies, "BODIES", {}))

    def assert_success(self, response: httpx.Response) -> dict[str, Any]:
        """Its body, with `data`; without a body, no data."""
        if self.endpoint.status != 204:
            return assert_success_envelope(response, self.endpoint.status)
        assert (response.status_code, response.content) == (204, b""), response.text
        assert_common_headers(response)
        return {"data": {}}


CASES = [Case(function, endpoint) for function in read_functions() for endpoint in function.app.endpoints]
ONE_OF_EACH = list({case.function.name: case for case in reversed(CASES)}.values())[::-1]
"""The first endpoint of each function, for what is in front of all of them."""
