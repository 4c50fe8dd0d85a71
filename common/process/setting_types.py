"""Types of settings: the allowed values, and the error messages for other values."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

# Knative rejects these container ports or uses them itself (queue-proxy, profiling, metrics).
KNATIVE_RESERVED_PORTS: Final = frozenset({8008, 8012, 8013, 8022, 9090, 9091})
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
LABEL: Final = re.compile(r"[a-z0-9_-]{1,63}")
NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")  # as the last label: the host is an IPv4 address
LONGEST_HOST: Final = 253
ORIGIN_FORM: Final = "must be an origin, scheme://host[:port] without a path; * is not allowed"


def _text(value: str) -> str:
    """A space at an end is not visible in a manifest, and the value then matches nothing."""
    if value != value.strip():
        raise ValueError("must not begin or end with a space or a line break")
    return value


def _path(value: Path) -> Path:
    _text(str(value))
    return value


def _url(value: str) -> str:
    """A base URL without path end, query or credentials: paths are appended to it."""
    try:
        parts = urlsplit(value)
        port_ok = parts.port != 0  # reading it raises ValueError if it is not a port
    except ValueError:
        parts, port_ok = urlsplit(""), False
    extras = parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_ok or extras or value != value.strip():
        msg = "must be an http:// or https:// URL without query or credentials, like https://keycloak.example.com"
        raise ValueError(msg)
    return value.rstrip("/")


def _origin(value: str) -> str:
    """As a browser writes the header Origin (WHATWG URL): lower case, punycode, no default port."""
    try:
        parts = urlsplit(value)
        origin = f"{parts.scheme}://{_host(parts.hostname or '')}{_port(parts.scheme, parts.port)}"
    except ValueError:
        raise ValueError(ORIGIN_FORM) from None
    if not value.isprintable():
        raise ValueError(ORIGIN_FORM)
    if "@" in parts.netloc or parts.netloc != value.partition("//")[2]:
        raise ValueError(f"{ORIGIN_FORM}: write {origin}")
    return origin


def _port(scheme: str, port: int | None) -> str:
    default = DEFAULT_PORTS.get(scheme)
    if default is None or port == 0:
        raise ValueError(scheme)
    return "" if port in {None, default} else f":{port}"


def _host(host: str) -> str:
    if ":" in host and "%" not in host:
        return f"[{ipaddress.IPv6Address(host).compressed}]"
    if not host.isascii():
        host = _mapped(host)
    labels = [_label(label) for label in host.split(".")]
    if NUMBER.fullmatch(labels[-1]):
        return str(ipaddress.IPv4Address(host))
    host = ".".join(labels)
    if len(host) > LONGEST_HOST:
        raise ValueError(host)
    return host


def _mapped(host: str) -> str:
    """Unicode's preparation for IDNA (UTS 46): lower case, full stops and letters of other widths."""
    import idna  # noqa: PLC0415 - only for a host with other letters than ASCII

    return idna.uts46_remap(host, std3_rules=False, transitional=False)


def _label(label: str) -> str:
    if not label.isascii() or label.startswith("xn--"):
        import idna  # noqa: PLC0415 - as above

        label = idna.alabel(label).decode("ascii")  # raises UnicodeError, which is a ValueError
    if not LABEL.fullmatch(label):
        raise ValueError(label)
    return label


def _header_safe(value: SecretStr) -> SecretStr:
    """Rejects a line break at the end of a secret. It would otherwise be noticed only when a call fails."""
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        msg = "must be visible ASCII without spaces or line breaks"
        raise ValueError(msg)
    return value


def _list(value: object) -> object:
    return tuple(filter(None, (item.strip() for item in value.split(",")))) if isinstance(value, str) else value


def _readable(value: Path) -> Path:
    if not value.is_file() or not os.access(value, os.R_OK):
        msg = "must be a file that can be read"
        raise ValueError(msg)
    return value


def _not_reserved(value: int) -> int:
    if value in KNATIVE_RESERVED_PORTS:
        msg = f"is reserved by Knative (reserved: {', '.join(map(str, sorted(KNATIVE_RESERVED_PORTS)))})"
        raise ValueError(msg)
    return value


Text = Annotated[str, AfterValidator(_text)]
Url = Annotated[str, AfterValidator(_url)]
Secret = Annotated[SecretStr, AfterValidator(_header_safe)]
Names = Annotated[tuple[str, ...], BeforeValidator(_list)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_list)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Folder = Annotated[Path, AfterValidator(_path)]
File = Annotated[Path, AfterValidator(_path), AfterValidator(_readable)]
Port = Annotated[int, AfterValidator(_not_reserved)]
