"""The lock of a platform's folder: one platform runs in it."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

from dev.settings import PlatformError


def take_lock(data: Path) -> TextIO:
    """The lock ends when the file is closed. Raises PlatformError."""
    path = data / "lock"
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise PlatformError(
            f"the platform already runs in {data} (process {lock_owner(data)}): stop that one first, "
            "or set DATA_DIR and the ports to run a second one"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def lock_owner(data: Path) -> str | None:
    """The process id of the platform that runs in this folder."""
    path = data / "lock"
    if not path.exists():
        return None
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            return lock.read().strip()
    return None
