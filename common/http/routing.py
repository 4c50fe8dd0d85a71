"""Finds the endpoint of a method and path. Paths are not decoded: `%2F` and dot segments never match a parameter."""

import re
from typing import TYPE_CHECKING, Any, Final

from common.http.errors import MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from common.endpoint import Endpoint
    from common.http.request import Scope

PARAMETER: Final = re.compile(r"\\\{(\w+)\\\}")  # `{name}` after re.escape


def _pattern(route: str) -> re.Pattern[str]:
    """A parameter is one segment, also an empty one: that is a malformed parameter (400) and not an unknown path."""
    escaped = re.escape(route)
    names = PARAMETER.findall(escaped)
    if len(set(names)) != len(names):
        raise ValueError(f"{route} has a path parameter twice")
    return re.compile(PARAMETER.sub(r"(?P<\1>[^/]*)", escaped))


class Path:
    """The endpoints of one route, by method."""

    def __init__(self, route: str) -> None:
        self.route = route
        self.pattern = _pattern(route)
        self.endpoints: dict[str, Endpoint[Any, Any]] = {}

    @property
    def methods(self) -> list[str]:
        found = list(self.endpoints)
        if any(endpoint.head for endpoint in self.endpoints.values()):
            found.append("HEAD")
        return found

    def get_endpoint(self, method: str) -> "Endpoint[Any, Any]":
        """Raises MethodNotAllowed with the allowed methods."""
        endpoint = self.endpoints.get("GET" if method == "HEAD" else method)
        if endpoint is None or (method == "HEAD" and not endpoint.head):
            raise MethodNotAllowed(", ".join([*self.methods, "OPTIONS"]))
        return endpoint


class Router:
    def __init__(self, endpoints: "Iterable[Endpoint[Any, Any]]") -> None:
        paths: dict[str, Path] = {}
        for endpoint in endpoints:
            paths.setdefault(endpoint.route, Path(endpoint.route)).endpoints[endpoint.method] = endpoint
        self._paths = sorted(paths.values(), key=lambda path: path.pattern.groups)  # /things/new before /things/{id}

    def find(self, scope: "Scope") -> tuple[Path, dict[str, str]]:
        """The path and its parameters, not decoded. Raises NotFound."""
        raw = scope.get("raw_path") or scope["path"].encode()
        text = raw.decode("latin-1")
        for path in self._paths:
            match = path.pattern.fullmatch(text)
            if match:
                return path, match.groupdict()
        raise NotFound("path")
