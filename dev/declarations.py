"""Reads the functions in functions/ with their declared endpoints, and checks the declarations."""

import importlib
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from common.endpoint import Access, Capacity, Endpoint, Socket
from common.function import Function
from common.model import FormatParameters

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "functions"
FOLDER_NAME: Final = re.compile(r"[a-z]([a-z0-9_]{0,30}[a-z0-9])?")  # a Python package
PREFIX: Final = "/api/billing/"
PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")
TOKEN: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
PORTS: Final = range(8090, 8190)
JSON: Final = "application/json"


class DeclarationError(Exception):
    """One line per mistake: the file and the mistake."""


@dataclass(frozen=True)
class Declared:
    """`name` is the folder's name with hyphens for underscores. The Knative Service is named `billing-` + `name`."""

    name: str
    folder: str  # also the target of functions-framework
    about: str  # first line of main.py's docstring, without the full stop
    app: Function

    @property
    def routes(self) -> list[str]:
        sockets = [socket.route for socket in self.app.sockets]
        return list(dict.fromkeys([*(endpoint.route for endpoint in self.app.endpoints), *sockets]))

    @property
    def capacity(self) -> Capacity:
        """The lowest capacity of the function's endpoints, because a pod serves all of them."""
        sockets = [socket.capacity for socket in self.app.sockets]
        return min(
            [*(endpoint.capacity for endpoint in self.app.endpoints), *sockets], key=lambda capacity: capacity.target
        )


def function_names() -> list[str]:
    return [name_of(folder) for folder in _folders()]


def name_of(folder: str) -> str:
    return folder.replace("_", "-")


def _folders() -> list[str]:
    return sorted(main.parent.name for main in FOLDER.glob("*/main.py"))


def read_functions() -> list[Declared]:
    """Sorted by name. Raises DeclarationError with all mistakes."""
    functions = [_read(folder) for folder in _folders()]
    mistakes = [f"functions/{f.folder}/main.py: {mistake}" for f in functions for mistake in _mistakes(f)]
    mistakes += _mistakes_of_several(functions)
    if mistakes:
        raise DeclarationError("\n".join(mistakes))
    return functions


def local_ports() -> dict[str, int]:
    """The port of each function in `make run`."""
    return {function.name: function.app.port for function in read_functions()}


def example_path(endpoint: Endpoint[Any, Any], namespace: str) -> str | None:
    """A path for a test request. None if the path has a required parameter without a known value."""
    required = any(field.is_required() for field in endpoint.parameters.model_fields.values())
    return None if required else endpoint.route.replace("{namespace}", namespace)


def readable_paths(namespace: str) -> list[tuple[str, Access]]:
    """A path of each endpoint that is read without a required parameter, with its access."""
    endpoints = [e for function in read_functions() for e in function.app.endpoints if e.method == "GET"]
    found = [(example_path(endpoint, namespace), endpoint.access) for endpoint in endpoints]
    return [(path, access) for path, access in found if path is not None]


def _read(folder: str) -> Declared:
    path = f"functions/{folder}/main.py"
    if not FOLDER_NAME.fullmatch(folder):
        raise DeclarationError(f"{path}: the folder's name must be lower-case letters, digits and underscores")
    try:
        module = importlib.import_module(f"functions.{folder}.main")
    except TypeError as exc:  # a declaration without a required member, such as `data`
        raise DeclarationError(f"{path}: {exc}") from exc
    app, target = getattr(module, "app", None), getattr(module, folder, None)
    if not isinstance(app, Function) or not inspect.iscoroutinefunction(target):
        raise DeclarationError(f"{path}: needs `app = Function(...)` and the target `async def {folder}`")
    return Declared(name_of(folder), folder, (inspect.getdoc(module) or "").partition("\n")[0].rstrip("."), app)


def _mistakes(function: Declared) -> Iterator[str]:
    if function.app.name != function.name:
        yield f"Function({function.app.name!r}) must be named {function.name!r}, like its folder"
    if not function.about:
        yield "the first line of the docstring must describe the function"
    if function.app.port not in PORTS:
        yield f"port {function.app.port} must be from {PORTS.start} to {PORTS.stop - 1}"
    if not function.app.endpoints and not function.app.sockets:
        yield "declares no endpoint"
    if function.app.endpoints and function.app.sockets:
        yield "declares endpoints and sockets: a pod of connections has other limits than a pod of requests"
    for socket in function.app.sockets:
        yield from (f"{socket.route}: {mistake}" for mistake in _mistakes_of_socket(socket))
    declared = set()
    shapes: dict[str, str] = {}
    for endpoint in function.app.endpoints:
        where = f"{endpoint.method} {endpoint.route}"
        first = shapes.setdefault(PATH_PARAMETER.sub("{}", endpoint.route), endpoint.route)
        if first != endpoint.route:
            yield f"{where}: {first} is the same route with another parameter name"
        if (endpoint.method, endpoint.route) in declared:
            yield f"{where} is declared twice"
        declared.add((endpoint.method, endpoint.route))
        yield from (f"{where}: {mistake}" for mistake in _mistakes_of(endpoint))


def _mistakes_of_socket(socket: Socket) -> Iterator[str]:
    if not socket.route.startswith(PREFIX) or "{" in socket.route:
        yield f"the route of a socket must begin with {PREFIX} and has no parameters"
    if not TOKEN.fullmatch(socket.protocol):
        yield "the protocol must be a token of letters, digits, - and ."
    if not inspect.getdoc(socket.service):
        yield "service needs a docstring: it is the text in the documentation"


def _mistakes_of(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    if not endpoint.route.startswith(PREFIX):
        yield f"the route must begin with {PREFIX}"
    in_path = PATH_PARAMETER.findall(endpoint.route)
    missing = [name for name in in_path if name != "namespace" and name not in endpoint.parameters.model_fields]
    if missing:
        yield f"{endpoint.parameters.__name__} has no field for the path parameter {', '.join(missing)}"
    if ("namespace" in in_path) != (endpoint.access is Access.NAMESPACE):
        yield "a route with {namespace} has Access.NAMESPACE, and only such a route has it"
    if endpoint.data is None and endpoint.media_type == JSON and endpoint.status != 204:  # noqa: PLR2004 - HTTP's own
        yield "needs a data model, or the media_type of its stream"
    if (endpoint.table is not None) != issubclass(endpoint.parameters, FormatParameters):
        yield "an endpoint with `table` has FormatParameters, and only such an endpoint has them"
    yield from _mistakes_of_method(endpoint)
    if not inspect.getdoc(endpoint.handle):
        yield f"{getattr(endpoint.handle, '__name__', 'handle')} needs a docstring: it is the text in OpenAPI"
    if not 0 < endpoint.capacity.target <= endpoint.capacity.limit:
        yield "capacity: target must be from 1 to limit"


def _mistakes_of_method(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    if endpoint.body is not None and endpoint.method in {"GET", "DELETE"}:
        yield f"a {endpoint.method} has no body model"
    for member, method in (("head", "GET"), ("safe", "POST")):
        if getattr(endpoint, member) and endpoint.method != method:
            yield f"only a {method} can have {member}=True"


def _mistakes_of_several(functions: Sequence[Declared]) -> Iterator[str]:
    ports: dict[int, str] = {}
    routes: dict[str, str] = {}
    for function in functions:
        other = ports.setdefault(function.app.port, function.name)
        if other != function.name:
            yield f"functions/{function.folder}/main.py: port {function.app.port} is the port of {other} already"
        for route in function.routes:
            other = routes.setdefault(PATH_PARAMETER.sub("{}", route), function.name)
            if other != function.name:
                yield f"functions/{function.folder}/main.py: {route} is a route of {other} already"
