"""PID 1 of a function's container: uvicorn in front of functions-framework's ASGI app.

There is no shell and no second process. After SIGTERM, uvicorn finishes the running requests, for at most 20 s. Then
the process ends as every Python program, so that the last log lines and metrics are written. Before the server runs,
SIGTERM ends the process immediately (PID 1 would ignore a signal without a handler).
Knative sets PORT. The manifest sets FUNCTION_TARGET and FUNCTION_SOURCE. HOST is the address to listen on. Without it,
the process listens on every address.
"""

import gc
import importlib.util
import os
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

APP = Path(__file__).resolve().parent
sys.path[:0] = [str(APP), str(APP / "packages")]  # the image has no site-packages folder

HIGHEST_PORT = 65_535
BACKLOG = 2048  # uvicorn's

# Names that functions-framework imports from packages that only its synchronous targets use (70 ms, 9 MiB), and
# uvicorn's command line (20 ms). They are never called. If an upgrade imports another name, the import fails.
UNUSED: Final[dict[str, dict[str, Any]]] = {
    "flask": {"Request": object, "typing": SimpleNamespace(ResponseReturnValue=object)},
    "werkzeug": {},
    "werkzeug.local": {"LocalProxy": lambda function: function},
    "cloudevents": {},
    "cloudevents.exceptions": {"MissingRequiredFields": Exception},
    "cloudevents.http": {"CloudEvent": object, "from_http": None, "is_binary": None},
    "cloudevents.http.event": {"CloudEvent": object},
    "uvicorn.main": {"Server": None, "main": None, "run": None},
}


def stand_in() -> None:
    """Replaces the unused packages by small modules."""
    for name, names in UNUSED.items():
        module = ModuleType(name)
        module.__path__ = []
        vars(module).update(names)
        sys.modules[name] = module


def import_lazily(name: str) -> None:
    """After this call, an import of `name` returns a module that is loaded at its first use.

    The recipe is from importlib's documentation ("Implementing lazy imports"). The parent module is imported now.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module {name}", name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)  # as an import does; reading it from the module would load it


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HIGHEST_PORT:
        sys.exit(f"PORT is {text!r}: it must be a number from 1 to {HIGHEST_PORT}")
    return int(text)


def listen(host: str, number: int) -> socket.socket:
    """`::` is every address: IPv6, and IPv4 too if the machine has both. Ends the process if it cannot listen there.

    uvicorn must not open this socket: asyncio sets IPV6_V6ONLY on each IPv6 socket that it opens.
    """
    both = host == "::" and socket.has_dualstack_ipv6()
    if host == "::" and not both:
        host = "0.0.0.0"  # noqa: S104 - the pod's address is unknown before it runs
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, number), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as exc:
        sys.exit(f"HOST is {host!r}, PORT is {number}: cannot listen there: {exc.strerror}")
    # Accepted connections inherit it. asyncio sets it only on sockets that it opens itself. Without it each response
    # waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def protocols(app: Any) -> dict[str, Any]:
    """httptools, with a limit for the size of a request head. Only a function with WebSockets imports theirs."""
    from common.process import startup  # noqa: PLC0415 - needs the stand-ins

    if startup.socket_app is not None:
        from common.sockets.protocol import server_options  # noqa: PLC0415

        return server_options(app, startup.socket_app)
    from common.http.protocol import LimitedProtocol  # noqa: PLC0415

    return {"app": app, "http": LimitedProtocol, "ws": "none"}


def end(*_: object) -> None:
    sys.exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, end)  # uvicorn replaces this handler, and raises the signal again at its end
    number = port(os.environ.get("PORT", "8080"))
    gc.disable()  # imports create no garbage; the function enables it with its first request
    stand_in()
    import_lazily("cryptography.x509")  # 20 ms; PyJWT imports it for certificates, which are not used
    from functions_framework.aio import create_asgi_app  # noqa: PLC0415 - needs the stand-ins
    from uvicorn.config import Config  # noqa: PLC0415
    from uvicorn.server import Server  # noqa: PLC0415

    app = create_asgi_app()  # type: ignore[no-untyped-call] # ends the container if the function cannot be loaded or configured
    Server(
        Config(
            **protocols(app),
            loop="asyncio",
            lifespan="off",  # the app has no start-up step: it is created above
            access_log=False,
            log_config=None,  # the function's log also writes the server's lines
            proxy_headers=False,  # the client's address is not used
            server_header=False,
            timeout_graceful_shutdown=20,
        )
    ).run([listen(os.environ.get("HOST") or "::", number)])


if __name__ == "__main__":
    main()
