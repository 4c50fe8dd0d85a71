"""How a process starts: what makes its imports cheaper (so it is imported first; docs/decisions/0008), and its end."""

import gc
import importlib.util
import signal
import sys
import threading
from typing import Final


def import_lazily(name: str) -> None:
    """Whoever imports `name` from now on gets a module that loads itself when something of it is first used.

    The recipe of importlib's documentation ("Implementing lazy imports"); the module's parent is imported at once.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no module {name}", name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)  # as an import does; looking for it elsewhere would load it


def before_serving() -> None:
    """In a process that will serve: nothing is collected before it does (see `serving`), and where nobody handles
    SIGTERM yet, it ends the process as a program ends: exit code 0, last lines written.

    uvicorn handles it while it serves, and raises it once more when it has finished.
    """
    gc.disable()
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def serving() -> None:
    """The first request: what is there by now lives as long as the process."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def end_of_imports() -> None:
    """Not every process that imports this serves."""
    if _COLLECTED:
        gc.enable()


_COLLECTED: Final = gc.isenabled()  # a launcher may have its own way
gc.disable()  # nothing that an import makes is garbage
import_lazily("cryptography.x509")  # PyJWT looks there for certificates, of which no token and no key set makes use
