"""Reads the functions in functions/ with their declared endpoints, and checks the declarations."""

import importlib
import inspect
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from common.endpoint import Access, Capacity, Endpoint
from common.function import Function
from dev import declaration_checks
from dev.names import folder_of, name_mistake, name_of

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "functions"


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
    def file(self) -> str:
        return f"functions/{self.folder}/main.py"

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

    def operation_id(self, endpoint: Endpoint[Any, Any]) -> str:
        return self.folder if len(self.app.endpoints) == 1 else str(getattr(endpoint.handle, "__name__", ""))


def function_names() -> list[str]:
    return [name_of(folder) for folder in _folders()]


def _folders() -> list[str]:
    return sorted(main.parent.name for main in FOLDER.glob("*/main.py"))


def read_functions() -> list[Declared]:
    """Sorted by name. Raises DeclarationError with all mistakes."""
    functions, mistakes = [], []
    for folder in _folders():
        try:
            functions.append(_read(folder))
        except DeclarationError as exc:
            mistakes.append(str(exc))
    mistakes += [f"{f.file}: {mistake}" for f in functions for mistake in declaration_checks.mistakes(f)]
    mistakes += declaration_checks.mistakes_of_several(functions)
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
    if folder != folder_of(folder):
        raise DeclarationError(f"{path}: the folder's name must be lower-case letters, digits and underscores")
    mistake = name_mistake(name_of(folder))
    if mistake:
        raise DeclarationError(f"{path}: the name {name_of(folder)!r} {mistake}")
    try:
        module = importlib.import_module(f"functions.{folder}.main")
    except Exception as exc:  # the code of the function: whatever it raises is one line
        raise DeclarationError(_in_one_line(exc, path)) from exc
    app, target = getattr(module, "app", None), getattr(module, folder, None)
    if not isinstance(app, Function) or not inspect.iscoroutinefunction(target):
        raise DeclarationError(f"{path}: needs `app = Function(...)` and the target `async def {folder}`")
    return Declared(name_of(folder), folder, (inspect.getdoc(module) or "").partition("\n")[0].rstrip("."), app)


def _in_one_line(exc: Exception, main: str) -> str:
    """The last place in functions/ that the exception comes from: `file: mistake (line n)`."""
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(exc.__traceback__)]
    if isinstance(exc, SyntaxError):
        places.append((exc.filename or "", exc.lineno))
    ours = [(Path(file), line) for file, line in places if Path(file).is_relative_to(FOLDER)]
    file, line = (str(ours[-1][0].relative_to(ROOT)), f" (line {ours[-1][1]})") if ours else (main, "")
    text = exc.msg if isinstance(exc, SyntaxError) else str(exc)
    return f"{file}: {type(exc).__name__}: {' '.join(text.split())}{line}"
