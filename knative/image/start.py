"""PID 1 of a function's container: uvicorn in front of functions-framework's own ASGI app.

No shell and no second process: SIGTERM reaches uvicorn, which finishes what is under way, for at most 20 s. Then the
process ends as a Python program does, so that the last log lines and figures are written; before the server runs it
ends at once (PID 1 would ignore a signal that it does not handle).
Knative sets PORT; FUNCTION_TARGET and FUNCTION_SOURCE are the manifest's.
This is the one place that says how a function is started.
"""

import gc
import importlib.util
import os
import signal
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

APP = Path(__file__).resolve().parent
sys.path[:0] = [str(APP), str(APP / "packages")]  # the image has no site-packages of its own

HIGHEST_PORT = 65_535

# What functions-framework names, when it is imported, of packages that only its synchronous side uses: 70 ms and 9 MiB;
# and uvicorn's command line, which is not its server: 20 ms. Nothing of it is called. A name that is not here fails
# at the import, so an upgrade cannot pass unseen.
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
    """Put small modules in the place of the unused packages."""
    for name, names in UNUSED.items():
        module = ModuleType(name)
        module.__path__ = []
        vars(module).update(names)
        sys.modules[name] = module


def import_lazily(name: str) -> None:
    """From now on an import of `name` gives a module that loads itself when something of it is first used.

    The recipe of importlib's documentation ("Implementing lazy imports"); the module's parent is imported at once.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module {name}", name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)  # as an import does; looking for it elsewhere would load it


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HIGHEST_PORT:
        sys.exit(f"PORT is {text!r}: it must be a number from 1 to {HIGHEST_PORT}")
    return int(text)


def end(*_: object) -> None:
    sys.exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, end)  # uvicorn takes it over, and raises it again when it has finished
    listen_on = port(os.environ.get("PORT", "8080"))
    gc.disable()  # nothing of what an import makes is garbage; the function turns it on with its first request
    stand_in()
    import_lazily("cryptography.x509")  # PyJWT imports it for certificates, which no token and no key set has: 20 ms
    from functions_framework.aio import create_asgi_app  # noqa: PLC0415 - needs the stand-ins
    from uvicorn.config import Config  # noqa: PLC0415
    from uvicorn.server import Server  # noqa: PLC0415

    app = create_asgi_app()  # type: ignore[no-untyped-call] # a function that cannot be loaded or configured ends the container here
    Server(
        Config(
            app,
            host="0.0.0.0",  # noqa: S104 - a pod's own address is not known before it runs
            port=listen_on,
            loop="asyncio",
            http="httptools",
            ws="none",
            lifespan="off",  # the app has no start of its own: it was made above
            access_log=False,
            log_config=None,  # the function's own log takes the server's lines too
            proxy_headers=False,  # nothing asks where a request came from
            server_header=False,
            timeout_graceful_shutdown=20,
        )
    ).run()  # a port that is taken ends the process there


if __name__ == "__main__":
    main()
