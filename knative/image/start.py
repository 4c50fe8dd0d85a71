"""PID 1 of a function's container: uvicorn in front of functions-framework's own ASGI app.

No shell and no second process: SIGTERM reaches uvicorn, which finishes what is under way, for at most 20 s.
Knative sets PORT; FUNCTION_TARGET and FUNCTION_SOURCE are the manifest's.
This is the one place that says how a function is started.
"""

import os
import sys
from pathlib import Path

APP = Path(__file__).resolve().parent
sys.path[:0] = [str(APP), str(APP / "packages")]  # the image has no site-packages of its own

import uvicorn  # noqa: E402 - only found since the line above

HIGHEST_PORT = 65_535


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= HIGHEST_PORT:
        sys.exit(f"PORT is {text!r}: it must be a number from 1 to {HIGHEST_PORT}")
    return int(text)


if __name__ == "__main__":
    uvicorn.run(
        "functions_framework.aio:app",
        host="0.0.0.0",  # noqa: S104 - a pod's own address is not known before it runs
        port=port(os.environ.get("PORT", "8080")),
        loop="uvloop",
        http="httptools",
        lifespan="on",  # a function that cannot be loaded ends the container; "auto" would serve 500s
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=20,
    )
