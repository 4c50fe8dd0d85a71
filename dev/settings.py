"""The settings of the local platform from the environment: addresses, ports, data folder, existing services."""

import errno
import ipaddress
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
PORTS = {
    "INGRESS_PORT": 8080,
    "PROVIDER_PORT": 8081,
    "PAGE_PORT": 8082,
    "BILLING_PORT": 5000,
    "BILLING_METRICS_PORT": 6374,
    "WORKER_METRICS_PORT": 6375,
    "RECEIVER_PORT": 8083,
    "POSTGRES_PORT": 5433,
}
METRICS_OFFSET = 1374  # a function's metrics port is its own port plus this: 8090 and 9464
REACHED_AT = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 -- a HOST that the developer chose
VITE_ORIGIN = "http://localhost:5173"  # the page's development server


class PlatformError(Exception):
    """The platform cannot continue. The text has the reason and what to do."""


@dataclass(frozen=True)
class Settings:
    data: Path
    ports: Mapping[str, int]  # by environment variable
    environment: Mapping[str, str]  # source of the functions' settings
    host: str = LOOPBACK  # address that every part except the database listens on
    keycloak_url: str | None = None
    database_url: str | None = None
    serve_database_url: str | None = None
    billing_api_url: str | None = None
    access_token_seconds: int = 300

    @property
    def address(self) -> str:
        """The address for connections to the parts: `host`, or the loopback address if `host` is every address."""
        return REACHED_AT.get(self.host, self.host)

    def url(self, variable: str) -> str:
        """The base URL of the part whose port is in `variable`."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.ports[variable]}"

    @property
    def provider_url(self) -> str:
        return self.keycloak_url or self.url("PROVIDER_PORT")

    @property
    def api_url(self) -> str:
        return self.url("INGRESS_PORT")

    @property
    def page_origin(self) -> str:
        """On loopback, an origin that differs from the API's origin, as in production."""
        on_loopback = ipaddress.ip_address(self.address).is_loopback
        return f"http://localhost:{self.ports['INGRESS_PORT']}" if on_loopback else self.api_url

    @property
    def billing_url(self) -> str:
        return self.billing_api_url or self.url("BILLING_PORT")

    @property
    def allowed_origins(self) -> list[str]:
        """The origins from which a browser may call the API."""
        chosen = self.environment.get("CORS_ALLOWED_ORIGINS")
        return [origin.strip() for origin in chosen.split(",")] if chosen else [self.page_origin, VITE_ORIGIN]


def default_ports(functions: Mapping[str, int]) -> dict[str, int]:
    """Every port's variable with its default. `functions`: each function's own port, by name.

    Raises PlatformError when two functions have one port.
    """
    owners: dict[int, str] = {}
    ports = dict(PORTS)
    for function, port in functions.items():
        if port in owners:
            raise PlatformError(f"the functions {owners[port]} and {function} both have port {port}: change one")
        owners[port] = function
        ports[port_variable(function)] = port
        ports[metrics_variable(function)] = port + METRICS_OFFSET
    return ports


def port_variable(function: str) -> str:
    return f"{function.upper().replace('-', '_')}_PORT"


def metrics_variable(function: str) -> str:
    return f"{function.upper().replace('-', '_')}_METRICS_PORT"


def read_settings(functions: Mapping[str, int], environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises PlatformError that names every wrong variable at once."""
    problems: list[str] = []

    def number(variable: str, default: int, highest: int) -> int:
        text = environment.get(variable) or str(default)
        if text.isascii() and text.isdigit() and 1 <= int(text) <= highest:
            return int(text)
        problems.append(f"{variable}={text!r}: must be a number from 1 to {highest} (default {default})")
        return default

    def url(variable: str, schemes: tuple[str, ...]) -> str | None:
        text = environment.get(variable)
        if text and not text.startswith(schemes):
            problems.append(f"{variable}: must start with {' or '.join(schemes)}")  # it may hold a password
        return text.rstrip("/") if text else None

    def address(variable: str) -> str:
        text = environment.get(variable) or LOOPBACK
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            problems.append(f"{variable}={text!r}: must be an IP address (default {LOOPBACK})")
            return LOOPBACK

    ports = {variable: number(variable, default, 65_535) for variable, default in default_ports(functions).items()}
    settings = Settings(
        data=Path(environment.get("DATA_DIR") or ROOT / ".data").resolve(),
        ports=ports,
        environment=environment,
        host=address("HOST"),
        keycloak_url=url("KEYCLOAK_URL", ("http://", "https://")),
        database_url=url("DATABASE_URL", ("postgresql://", "postgres://")),
        serve_database_url=url("SERVE_DATABASE_URL", ("postgresql://", "postgres://")),
        billing_api_url=url("BILLING_API_URL", ("http://", "https://")),
        access_token_seconds=number("ACCESS_TOKEN_SECONDS", 300, 86_400),
    )
    twice = {port: [name for name, other in ports.items() if other == port] for port in ports.values()}
    problems += [f"{' and '.join(names)} are both {port}" for port, names in twice.items() if len(names) > 1]
    if problems:
        raise PlatformError("wrong settings:\n" + "\n".join(f"  {problem}" for problem in problems))
    return settings


def used_ports(settings: Settings) -> dict[str, int]:
    """Without those of parts that an existing service replaces."""
    given = {
        "PROVIDER_PORT": settings.keycloak_url,
        "POSTGRES_PORT": settings.database_url or settings.billing_api_url,
        "BILLING_PORT": settings.billing_api_url,
        "BILLING_METRICS_PORT": settings.billing_api_url,
        "WORKER_METRICS_PORT": settings.billing_api_url,
        "RECEIVER_PORT": settings.billing_api_url,
    }
    return {variable: port for variable, port in settings.ports.items() if not given.get(variable)}


def check_ports(ports: Mapping[str, int], host: str = LOOPBACK) -> None:
    """Raises PlatformError that names each taken port with the variable that changes it."""
    taken = [
        f"  port {port} is taken: set {variable} to a free one"
        for variable, port in ports.items()
        if busy(LOOPBACK if variable == "POSTGRES_PORT" else host, port)
        or (variable == "INGRESS_PORT" and host == LOOPBACK and busy_in_ipv6(port))
    ]
    if taken:
        raise PlatformError("\n".join(["not started:", *taken]))


def busy(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the servers do: a connection in TIME_WAIT of an earlier run takes no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return True
            raise PlatformError(f"HOST={host}: this machine cannot listen there: {exc.strerror}") from exc
        return False


def busy_in_ipv6(port: int) -> bool:
    """The ingress listens there too where there is an IPv6 loopback: `localhost` may be either."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("::1", port))
    except OSError as exc:
        return exc.errno == errno.EADDRINUSE
    return False


def free_ports(functions: Mapping[str, int]) -> dict[str, int]:
    """A port that no process uses for every variable, so that tests run beside `make run`."""
    with ExitStack() as held:
        sockets = {variable: held.enter_context(socket.socket()) for variable in default_ports(functions)}
        for opened in sockets.values():
            opened.bind((LOOPBACK, 0))
        return {variable: opened.getsockname()[1] for variable, opened in sockets.items()}


def kept_secret(data: Path, name: str) -> str:
    """A random secret, made at the first start and kept in a file that only its owner can read."""
    path = data / name
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text()
