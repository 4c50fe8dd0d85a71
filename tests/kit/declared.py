"""Every declared endpoint, as the parameter of the table tests."""

import importlib
import json
from dataclasses import dataclass
from typing import Any

from common.endpoint import Endpoint
from dev.declarations import ROOT, Declared, example_path, read_functions


@dataclass(frozen=True)
class Case:
    function: Declared
    endpoint: Endpoint[Any, Any]

    def __str__(self) -> str:
        return f"{self.endpoint.method} {self.endpoint.route}"

    def path(self, namespace: str = "acme-web") -> str:
        path = example_path(self.endpoint, namespace)
        assert path is not None, f"{self} has a required parameter: the table tests have no example for it"
        return path

    def request(self) -> dict[str, Any]:
        """Body and headers of a request: BODIES in tests/functions/<folder>/replies.py has the body."""
        if self.endpoint.body is None:
            return {}
        assert (ROOT / "tests" / "functions" / self.function.folder / "replies.py").exists(), f"{self} has no body"
        replies = importlib.import_module(f"tests.functions.{self.function.folder}.replies")
        return {"content": json.dumps(replies.BODIES[str(self)]).encode(), "content_type": "application/json"}


CASES = [Case(function, endpoint) for function in read_functions() for endpoint in function.app.endpoints]
