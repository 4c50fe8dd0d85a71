from collections.abc import Iterator

import pytest

from dev.functions import read_functions
from dev.platform import Platform
from dev.settings import Settings, free_ports


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The whole local platform, on free ports and in a folder of its own: it runs beside `make run`."""
    ports = free_ports([function.name for function in read_functions()])
    started = Platform(Settings(data=tmp_path_factory.mktemp("platform"), ports=ports, environment={}))
    started.start()
    yield started
    started.stop()
