import socket
from pathlib import Path

import pytest

from dev.settings import PlatformError, check_ports, default_ports, free_ports, kept_secret, read_settings

FUNCTIONS = {"health": 8090, "overview": 8091}


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "8080.5", "٣"])
def test_a_wrong_port_names_its_variable_and_what_is_allowed(text: str) -> None:
    """A port is a whole number from 1 to 65535."""
    with pytest.raises(PlatformError, match=r"INGRESS_PORT=.*from 1 to 65535 \(default 8080\)"):
        read_settings(FUNCTIONS, {"INGRESS_PORT": text})


def test_all_mistakes_are_named_at_once() -> None:
    """Two wrong variables need one start to be seen, and a database URL is not repeated: it holds a password."""
    with pytest.raises(PlatformError) as caught:
        read_settings(FUNCTIONS, {"INGRESS_PORT": "x", "DATABASE_URL": "mysql://u:hunter2@db/x"})
    assert "INGRESS_PORT" in str(caught.value)
    assert "DATABASE_URL: must start with postgresql://" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_two_variables_with_one_port_are_named() -> None:
    """The second part would fail to start, far from the cause."""
    with pytest.raises(PlatformError, match="INGRESS_PORT and PROVIDER_PORT are both 8081"):
        read_settings(FUNCTIONS, {"INGRESS_PORT": "8081"})


@pytest.mark.parametrize(
    ("host", "api", "page"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080", "http://localhost:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080", "http://localhost:8080"),
        ("::1", "http://[::1]:8080", "http://localhost:8080"),
        ("::", "http://[::1]:8080", "http://localhost:8080"),
        ("192.0.2.7", "http://192.0.2.7:8080", "http://192.0.2.7:8080"),
    ],
)
def test_the_parts_listen_on_host_and_are_reached_there(host: str, api: str, page: str) -> None:
    """Where HOST is every address, the parts reach each other on the loopback one."""
    settings = read_settings(FUNCTIONS, {"HOST": host})
    assert (settings.host, settings.api_url, settings.page_origin) == (host, api, page)


@pytest.mark.parametrize("host", ["localhost", "256.0.0.1", "127.0.0.1:80", "[::1]"])
def test_a_host_that_is_not_an_address_is_named(host: str) -> None:
    """A name could be several addresses."""
    with pytest.raises(PlatformError, match=r"HOST=.*must be an IP address \(default 127\.0\.0\.1\)"):
        read_settings(FUNCTIONS, {"HOST": host})


def test_an_address_of_another_machine_is_named() -> None:
    """192.0.2.0/24 is for documentation: no machine has it."""
    with pytest.raises(PlatformError, match=r"HOST=192\.0\.2\.7: this machine cannot listen there"):
        check_ports({"INGRESS_PORT": 8080}, "192.0.2.7")


def test_allowed_origins_are_the_page_or_what_is_set() -> None:
    """The ingress allows the same origins as the functions."""
    assert read_settings(FUNCTIONS, {}).allowed_origins == ["http://localhost:8080", "http://localhost:5173"]
    chosen = {"CORS_ALLOWED_ORIGINS": "https://a.example, https://b.example"}
    assert read_settings(FUNCTIONS, chosen).allowed_origins == ["https://a.example", "https://b.example"]


def test_every_port_is_changed_by_its_variable() -> None:
    """Functions have two each, named after them."""
    defaults = default_ports(FUNCTIONS)
    moved = {variable: str(port + 1000) for variable, port in defaults.items()}
    assert read_settings(FUNCTIONS, moved).ports == {variable: port + 1000 for variable, port in defaults.items()}
    assert {"OVERVIEW_PORT", "OVERVIEW_METRICS_PORT"} <= defaults.keys()


def test_a_new_function_moves_no_port_of_the_others() -> None:
    """A port is declared and never counted; the metrics port follows from it."""
    ports = default_ports({"attribution": 8093, **FUNCTIONS})
    assert (ports["HEALTH_PORT"], ports["HEALTH_METRICS_PORT"]) == (8090, 9464)
    assert (ports["ATTRIBUTION_PORT"], ports["ATTRIBUTION_METRICS_PORT"]) == (8093, 9467)


def test_two_functions_with_one_port_are_named() -> None:
    """The message has both names and the port."""
    with pytest.raises(PlatformError, match="functions health and trend both have port 8090"):
        default_ports({**FUNCTIONS, "trend": 8090})


def test_a_taken_port_is_named_with_its_variable() -> None:
    """The message names the variable to set."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PlatformError, match=f"port {port} is taken: set PROVIDER_PORT"):
            check_ports({"PROVIDER_PORT": port})


def test_the_ingress_needs_its_port_in_both_families() -> None:
    """Envoy listens on ::1 too, where development servers of other projects like to be alone."""
    with socket.socket(socket.AF_INET6) as taken:
        try:
            taken.bind(("::1", 0))
        except OSError as exc:
            pytest.skip(f"no IPv6 loopback here: {exc.strerror}")
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PlatformError, match=f"port {port} is taken: set INGRESS_PORT"):
            check_ports({"INGRESS_PORT": port})
        check_ports({"PROVIDER_PORT": port})


def test_free_ports_differ() -> None:
    """Every part gets a different port."""
    ports = free_ports(FUNCTIONS)
    assert ports.keys() == default_ports(FUNCTIONS).keys()
    assert len(set(ports.values())) == len(ports)


def test_a_secret_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    """A second start finds the first one's secret."""
    first = kept_secret(tmp_path, "token")
    assert kept_secret(tmp_path, "token") == first
    assert len(first) > 40
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
