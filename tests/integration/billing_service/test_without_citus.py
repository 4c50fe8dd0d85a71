"""`make test-distributed` prints why it tests nothing."""

import subprocess
import sys

import pytest

from .process import ROOT


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "set DATABASE_URL to a PostgreSQL server with Citus"),
        ("postgresql://nobody@127.0.0.1:1/nothing", "cannot be reached: OperationalError"),
        (None, "does not have the extension citus"),
    ],
)
def test_it_says_why_nothing_is_tested(server_url: str, url: str | None, says: str) -> None:
    """No URL, no server, no extension: exit code 1 and one sentence."""
    environment = {"DATABASE_URL": server_url if url is None else url}
    command = [sys.executable, ROOT / "tests/kit/citus.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if "Citus" in done.stdout:
        pytest.skip("this server has Citus")
    assert done.returncode == 1
    assert done.stderr.startswith("NOT TESTED WITH CITUS: ")
    assert says in done.stderr
