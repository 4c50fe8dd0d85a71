"""The guard: which addresses a channel of a tenant may have us connect to.

A URL is read here by one strict expression, and the request is made of the parts that it found: no second parser can
read another host in it. A name is resolved once, every address of the reply is checked, and the connection goes to a
checked address (connect.py). The name is resolved as an absolute one, without the search domains of the cluster.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import idna

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Iterable[str]]]

LONGEST_URL = 2000
_LONGEST_NAME = 253
_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://"
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\x00-\x20\x7f\\/?#@:%\[\]]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?)"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# Names of hosts that are not on the internet (RFC 6761, 6762, 8375, ICANN's `internal`, and a cluster's).
_LOCAL = re.compile(r"[^.]*|.*\.(?:localhost|local|localdomain|internal|intranet|private|lan|home|corp|svc|home\.arpa)")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")  # as a last label, a resolver may read the name as an IPv4 address
_DEFAULT_PORTS = {"https": 443, "http": 80}

# IANA's registries of special-purpose addresses. Of IPv6, only 2000::/3 is used by hosts.
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # its last 32 bits are an IPv4 address, which is checked
_SPECIAL = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # between a provider and its customers
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, and others of the IETF
        "2001:db8::/32",
        "2002::/16",  # 6to4: has an IPv4 address in it
        "3fff::/20",
    )
)


class AddressRefused(Exception):
    """The text is for the tenant. It does not depend on what was found inside: a name that does not exist and a name
    with a refused address have the same text."""


class BadUrl(AddressRefused):
    """The URL itself is not allowed, whatever its name resolves to."""


@dataclass(frozen=True)
class Destination:
    """`host` is an ASCII name or an address without brackets. `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None  # if the host is one

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


async def resolve(host: str, port: int) -> list[str]:
    """Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True)
class Guard:
    """`allowed`: networks that tenants may reach although they are special. `refused`: more that they may not."""

    schemes: frozenset[str] = frozenset({"https"})
    ports: frozenset[int] = frozenset({443})
    allowed: tuple[Network, ...] = ()
    refused: tuple[Network, ...] = ()
    resolve: Resolve = resolve

    def read(self, url: str) -> Destination:
        """Raises BadUrl. Nothing is resolved."""
        found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
        if found is None:
            raise BadUrl(f"must be a URL of at most {LONGEST_URL} characters, without user, password and fragment")
        scheme = found["scheme"].lower()
        if scheme not in self.schemes:
            raise BadUrl(f"must begin with {' or '.join(f'{name}://' for name in sorted(self.schemes))}")
        port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
        if port not in self.ports:
            raise BadUrl(f"must have one of the ports {', '.join(map(str, sorted(self.ports)))}")
        host, address = _host(found["v6"], found["name"])
        if address is None and not self.allowed and is_local(host):
            raise BadUrl("must have a public name")
        if address is not None and not self.permits(address):
            raise BadUrl("must not be an address that is not public")
        target = found["target"]
        return Destination(scheme, host, port, target if target.startswith("/") else f"/{target}", address)

    async def addresses(self, destination: Destination) -> list[Address]:
        """What may be connected to, resolved now. Raises AddressRefused if one of the addresses is not allowed."""
        if destination.address is not None:
            return [destination.address]
        try:
            texts = await self.resolve(f"{destination.host}.", destination.port)
            found = [ip_address(text) for text in dict.fromkeys(texts)]
        except (OSError, ValueError):  # no such name; an address with a zone
            found = []
        if not found or not all(self.permits(address) for address in found):
            raise AddressRefused("the name has no address, or one that is not public")
        return found

    def permits(self, address: Address) -> bool:
        if any(_contains(network, address) for network in self.refused):
            return False
        if any(_contains(network, address) for network in self.allowed):
            return True
        if isinstance(address, IPv6Address) and address in _NAT64:
            return self.permits(IPv4Address(int(address) & 0xFFFF_FFFF))
        if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
            return False  # also an IPv4 address written as IPv6, ::ffff:192.0.2.1
        return not any(_contains(network, address) for network in _SPECIAL)


def is_local(name: str) -> bool:
    """Of a name in ASCII. Where the operator allows networks that are not public, such a name may be one of them."""
    return _LOCAL.fullmatch(name) is not None


def _contains(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network


def _host(v6: str | None, name: str | None) -> tuple[str, Address | None]:
    try:
        if v6 is not None:
            return str(IPv6Address(v6)), IPv6Address(v6)
        text = _ascii(name or "")
        if _NUMBER.fullmatch(text.rpartition(".")[2]):
            return text, IPv4Address(text)  # four decimal numbers, and no other form of an address
    except ValueError:
        raise BadUrl("must have a host name, or an address in its usual form") from None
    return text, None


def _ascii(name: str) -> str:
    """IDNA 2008, without its mappings: full-width digits, invisible and look-alike characters are refused.

    Raises ValueError, of which UnicodeError is one.
    """
    text = name.lower() if name.isascii() else idna.encode(name).decode("ascii")
    if len(text) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in text.split(".")):
        raise ValueError(name)
    return text
