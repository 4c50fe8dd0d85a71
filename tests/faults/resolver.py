"""A resolver for function processes. A test defines its results, because it must not change the machine's resolver."""

import json
from pathlib import Path
from typing import Final

Lookup = str | list[str]  # a name of a socket.EAI_ constant, or the addresses

SITECUSTOMIZE: Final = """
import json, os, socket

lookups, real = json.loads(os.environ["TEST_LOOKUPS"]), socket.getaddrinfo

def getaddrinfo(host, port, *arguments, **named):
    if host not in lookups:
        return real(host, port, *arguments, **named)
    steps = lookups[host]
    found = steps.pop(0) if len(steps) > 1 else steps[0]
    if isinstance(found, str):
        raise socket.gaierror(getattr(socket, found), found)
    return [info for address in found for info in real(address, port, type=socket.SOCK_STREAM)]

socket.getaddrinfo = getaddrinfo
"""


def resolver(folder: Path, lookups: dict[str, list[Lookup]]) -> dict[str, str]:
    """The environment in which each lookup of a name gives the next of its results; the last one stays."""
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)
    return {"PYTHONPATH": str(folder), "TEST_LOOKUPS": json.dumps(lookups)}
