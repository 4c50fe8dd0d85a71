"""`make test-keycloak`; plain pytest does not come here (norecursedirs)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keycloak.server import Keycloak, NotHere, find_keycloak


def pytest_configure(config: pytest.Config) -> None:
    """If Keycloak cannot run, the reason is printed and no test runs or is counted as passed."""
    try:
        config.stash[HOME] = find_keycloak()
    except NotHere as exc:
        pytest.exit(f"KEYCLOAK TESTS NOT RUN: {exc}", returncode=0)


HOME = pytest.StashKey[Path]()


@pytest.fixture(scope="session")
def keycloak(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    with Keycloak(pytestconfig.stash[HOME], tmp_path_factory.mktemp("keycloak")) as running:
        yield running
