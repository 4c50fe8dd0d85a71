import re
from collections.abc import Iterator

import pytest

from dev.declarations import local_ports
from dev.platform import Platform
from dev.settings import Settings, free_ports


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "slow_fault: waits for real time-outs, holds a load, or is one of many; make test-faults runs it",
    )


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The complete local platform, on free ports and in a separate folder, so that it can run beside `make run`."""
    ports = free_ports(local_ports())
    started = Platform(Settings(data=tmp_path_factory.mktemp("platform"), ports=ports, environment={}))
    started.start()
    yield started
    started.stop()
    assert_nothing_secret(started)


# A signed token, an e-mail address, a password in a URL: what no log may hold at any level.
SECRET = re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}|[\w.+-]+@[\w-]+\.[a-z]{2,}|://\w+:[^@\s*]+@")


def assert_nothing_secret(stopped: Platform) -> None:
    """Checks all logs of all parts at the end of the session: they contain no secrets."""
    logs = sorted((stopped.settings.data / "logs").iterdir())
    assert logs
    for path in logs:
        text = path.read_text(errors="replace")
        found = SECRET.search(text)
        assert found is None, f"{path.name} holds a token, an address or a password: {found[0][:12]}..."
        assert str(stopped.billing_token) not in text, f"{path.name} holds the service token"
