"""The rules of a declaration. A mistake is one line."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, get_args

from common.endpoint import Access, Endpoint, Method, Socket
from common.model import BodyModel, FormatParameters, Parameters, WireModel

if TYPE_CHECKING:
    from dev.declarations import Declared

PREFIX: Final = "/api/billing/"
PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")
SEGMENT: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*|\{[a-z][a-z0-9_]*\}")
METHODS: Final = get_args(Method)
TOKEN: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
PORTS: Final = range(8090, 8190)
JSON: Final = "application/json"
SUCCESS: Final = range(200, 300)
NO_CONTENT: Final = 204


def mistakes(function: "Declared") -> Iterator[str]:
    """Of one function, without its file."""
    app = function.app
    if app.name != function.name:
        yield f"Function({app.name!r}) must be named {function.name!r}, like its folder"
    if not function.about:
        yield "the first line of the docstring must describe the function"
    if app.port not in PORTS:
        yield f"port {app.port} must be from {PORTS.start} to {PORTS.stop - 1}"
    if not app.endpoints and not app.sockets:
        yield "declares no endpoint"
    if app.endpoints and app.sockets:
        yield "declares endpoints and sockets: a pod of connections has other limits than a pod of requests"
    for socket in app.sockets:
        yield from (f"{socket.route}: {mistake}" for mistake in _of_socket(socket))
    for endpoint in app.endpoints:
        where = f"{endpoint.method} {endpoint.route}"
        yield from (f"{where}: {mistake}" for mistake in chain(_of_types(endpoint), _of_endpoint(endpoint)))
    yield from _of_equal_routes(app.endpoints)


def mistakes_of_several(functions: "Sequence[Declared]") -> Iterator[str]:
    """Each names all files: which of them is the newer one is not known here."""
    ports: dict[int, list[str]] = defaultdict(list)
    routes: dict[str, dict[str, str]] = defaultdict(dict)
    operations: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for function in functions:
        for endpoint in function.app.endpoints:
            operations[function.operation_id(endpoint)][endpoint.method, endpoint.route] = function.file
        ports[function.app.port].append(function.file)
        for route in function.routes:
            routes[_shape(route)][function.file] = route
    for port, files in ports.items():
        if len(files) > 1:
            yield f"{' and '.join(files)}: have the same port {port}: choose another one for the newer function"
    for by_file in routes.values():
        if len(by_file) > 1:
            yield f"{' and '.join(by_file)}: have the same route {' and '.join(dict.fromkeys(by_file.values()))}"
    for name, found in operations.items():
        if len(found) > 1:
            both = " and ".join(dict.fromkeys(found.values()))
            yield f"{both}: the operation id {name} is used twice: rename a handler"


def _shape(route: str) -> str:
    """Equal for two routes that take the same paths."""
    return PATH_PARAMETER.sub("{}", route)


def _of_equal_routes(endpoints: Sequence[Endpoint[Any, Any]]) -> Iterator[str]:
    declared = set()
    shapes: dict[str, str] = {}
    for endpoint in endpoints:
        where = f"{endpoint.method} {endpoint.route}"
        first = shapes.setdefault(_shape(endpoint.route), endpoint.route)
        if first != endpoint.route:
            yield f"{where}: {first} is the same route with another parameter name"
        if (endpoint.method, endpoint.route) in declared:
            yield f"{where} is declared twice"
        declared.add((endpoint.method, endpoint.route))


def _of_route(route: str) -> Iterator[str]:
    if not route.startswith(PREFIX):
        yield f"the route must begin with {PREFIX}"
        return
    for segment in route.removeprefix(PREFIX).split("/"):
        typed = re.fullmatch(r"\{(\w*):\w*\}", segment)
        if typed:
            yield f"write {{{typed[1]}}} for {segment}: the type of a path parameter is in the parameter model"
        elif "{" in segment or "}" in segment:
            if not SEGMENT.fullmatch(segment):
                yield f"{segment}: a path parameter is a complete segment: {{name}} of lower-case letters, digits, _"
        elif not SEGMENT.fullmatch(segment):
            yield f"the segment {segment!r} of the route must be lower-case letters and digits, with single - or _"


def _of_socket(socket: Socket) -> Iterator[str]:
    yield from _of_route(socket.route)
    if "{" in socket.route:
        yield "the route of a socket has no parameters"
    if not TOKEN.fullmatch(socket.protocol):
        yield "the protocol must be a token of letters, digits, - and ."
    if not inspect.getdoc(socket.service):
        yield "service needs a docstring: it is the text in the documentation"


def _of_types(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    if endpoint.method not in METHODS:
        yield f"the method must be one of {', '.join(METHODS)}"
    if not isinstance(endpoint.access, Access):
        yield f"access must be a member of Access: {', '.join(f'Access.{access.name}' for access in Access)}"
    if not _is_model(endpoint.parameters, Parameters):
        yield "parameters must be a class that inherits from Parameters"
    if endpoint.data is not None and not _is_model(endpoint.data, WireModel):
        yield "data must be a class that inherits from WireModel"
    if endpoint.body is not None and not _is_model(endpoint.body, BodyModel):
        yield "body must be a class that inherits from BodyModel"
    if not inspect.iscoroutinefunction(endpoint.handle):
        yield "handle must be an `async def`"
    if endpoint.status not in SUCCESS:
        yield f"status must be from {SUCCESS.start} to {SUCCESS.stop - 1}: an error is raised as an ApiError"


def _is_model(given: object, base: type) -> bool:
    return isinstance(given, type) and issubclass(given, base)


def _of_endpoint(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    yield from _of_route(endpoint.route)
    if _is_model(endpoint.parameters, Parameters):
        yield from _of_parameters(endpoint)
    if ("{namespace}" in endpoint.route) != (endpoint.access is Access.NAMESPACE):
        yield "a route with {namespace} has Access.NAMESPACE, and only such a route has it"
    yield from _of_response(endpoint)
    yield from _of_method(endpoint)
    if not inspect.getdoc(endpoint.handle):
        yield f"{getattr(endpoint.handle, '__name__', 'handle')} needs a docstring: it is the text in OpenAPI"
    if not 0 < endpoint.capacity.target <= endpoint.capacity.limit:
        yield "capacity: target must be from 1 to limit"


def _of_parameters(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    fields = endpoint.parameters.model_fields
    in_path = [name for name in PATH_PARAMETER.findall(endpoint.route) if name != "namespace"]
    missing = [name for name in in_path if name not in fields]
    if missing:
        yield f"{endpoint.parameters.__name__} has no field for the path parameter {', '.join(missing)}"
    optional = [name for name in in_path if name in fields and not fields[name].is_required()]
    if optional:
        yield f"{endpoint.parameters.__name__}: the path parameter {', '.join(optional)} must not have a default"
    without = [name for name, field in fields.items() if field.is_required() and not field.examples]
    if without:
        yield f"{endpoint.parameters.__name__}: {without[0]} is required: add examples=[...], which the tests use"
    if (endpoint.table is not None) != issubclass(endpoint.parameters, FormatParameters):
        yield "an endpoint with `table` has FormatParameters, and only such an endpoint has them"


def _of_response(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    if endpoint.status == NO_CONTENT:
        if endpoint.data is not None or endpoint.media_type != JSON:
            yield "a response with status 204 has no body: it has neither data nor a media_type"
    elif endpoint.data is None and endpoint.media_type == JSON:
        yield "needs a data model, or the media_type of its stream"


def _of_method(endpoint: Endpoint[Any, Any]) -> Iterator[str]:
    if endpoint.body is not None and endpoint.method in {"GET", "DELETE"}:
        yield f"a {endpoint.method} has no body model"
    for member, method in (("head", "GET"), ("safe", "POST")):
        if getattr(endpoint, member) and endpoint.method != method:
            yield f"only a {method} can have {member}=True"
