import os
import shutil
from pathlib import Path

import psycopg
import pytest

from dev import postgres
from dev.settings import PlatformError, free_ports
from dev.supervisor import Supervisor


def start_and_stop(account: postgres.Account, folder: Path) -> str:
    """The log of PostgreSQL after a start and a stop."""
    supervisor = Supervisor([postgres.server(account, free_ports({})["POSTGRES_PORT"])], folder, print)
    supervisor.start()
    supervisor.stop()
    return supervisor.log("postgres").read_text()


def test_postgresql_runs_as_whoever_starts_it(tmp_path: Path) -> None:
    """Root too, where the data lies in a folder that only root may enter; the password is in no file of the data."""
    tmp_path.chmod(0o700)
    account = postgres.choose_account(tmp_path)
    postgres.initialise(account, "correct-horse", "battery-staple")
    assert account.data == tmp_path / "postgres"
    assert "database system is shut down" in start_and_stop(account, tmp_path)
    assert not postgres.accepts_connections(account.data)


def test_a_damaged_database_is_reported_with_its_cure(tmp_path: Path) -> None:
    """PostgreSQL's own words, and the folder to remove."""
    account = postgres.choose_account(tmp_path)
    postgres.initialise(account, "correct-horse", "battery-staple")
    (account.data / "global" / "pg_control").write_bytes(b"")
    supervisor = Supervisor([postgres.server(account, free_ports({})["POSTGRES_PORT"])], tmp_path, print)
    with pytest.raises(PlatformError, match=rf"(?s)pg_control.*stop the platform and remove {account.data};"):
        supervisor.start()
    supervisor.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_root_without_user_namespaces_becomes_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs and data are then where nobody may go, whatever the checkout's folder allows."""
    tmp_path.chmod(0o700)
    reachable = Path(f"/var/tmp/kube-dc-billing-test-{os.getpid()}")
    monkeypatch.setattr(postgres, "DROPPED_HOME", reachable)  # not the one of a platform on this machine
    try:
        account = postgres.dropped_account(tmp_path)
        postgres.initialise(account, "correct-horse", "battery-staple")
        assert account.data.stat().st_uid != 0
        assert "database system is shut down" in start_and_stop(account, tmp_path)
    finally:
        shutil.rmtree(reachable)


def test_the_file_of_a_dead_postmaster_is_removed(tmp_path: Path) -> None:
    """Its number may belong to another program by now, here to this test; PostgreSQL would refuse to start."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    postgres.remove_stale_pid(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_living_postmaster_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that works in the data folder is PostgreSQL: two of them would destroy it."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlatformError, match=f"kill -INT {os.getpid()}"):
        postgres.remove_stale_pid(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()


def test_what_initdb_said_is_shown(tmp_path: Path) -> None:
    """A failed start names its cause, and the password is not part of it."""
    account = postgres.Account(Path("/bin"), tmp_path / "postgres")
    broken = postgres.Account(account.programs, account.data, prefix=("sh", "-c", "echo no space left >&2; exit 1"))
    with pytest.raises(PlatformError, match="initdb failed:\nno space left") as caught:
        postgres.initialise(broken, "correct-horse", "battery-staple")
    assert "correct-horse" not in str(caught.value)


def test_a_database_of_an_older_version_gets_the_role_of_serve(tmp_path: Path) -> None:
    """Once, with its password. It can connect, and it can read no table before it has its rights."""
    account = postgres.choose_account(tmp_path)
    postgres.initialise(account, "correct-horse", "battery-staple")
    admitted = account.data / "pg_hba.conf"
    admitted.write_text("host billing billing 127.0.0.1/32 scram-sha-256\n")
    postgres.add_reader(account, "another-staple")
    written = admitted.stat().st_mtime_ns
    postgres.add_reader(account, "another-staple")
    assert admitted.stat().st_mtime_ns == written
    port = free_ports({})["POSTGRES_PORT"]
    supervisor = Supervisor([postgres.server(account, port)], tmp_path, print)
    supervisor.start()
    try:
        with psycopg.connect(postgres.database_url(port, "another-staple", postgres.READER)) as reader:
            assert reader.execute("SELECT current_user").fetchone() == ("billing_reader",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("CREATE TABLE mine ()")
    finally:
        supervisor.stop()
