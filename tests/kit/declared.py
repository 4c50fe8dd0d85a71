"""Every declared endpoint, as the parameter of the table tests."""

from dataclasses import dataclass
from typing import Any

from common.endpoint import Endpoint
from dev.declarations import Declared, example_path, read_functions


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


CASES = [Case(function, endpoint) for function in read_functions() for endpoint in function.app.endpoints]
