"""The guard of channels: tricks to reach an address that is not public, each refused before anything is connected."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from billing_service.notifications.addresses import AddressRefused, BadUrl, Guard

PUBLIC = "93.184.216.34"

URLS = {
    "http": "http://hooks.example.com/",
    "gopher": "gopher://hooks.example.com/",
    "file": "file:///etc/passwd",
    "ftp": "ftp://hooks.example.com/",
    "data": "data:text/plain,x",
    "javascript": "javascript:alert(1)",
    "no scheme": "//hooks.example.com/",
    "no host": "https:///path",
    "loopback": "https://127.0.0.1/",
    "loopback, another one": "https://127.8.9.10/",
    "unspecified": "https://0.0.0.0/",
    "private 10": "https://10.0.0.1/",
    "private 172.16": "https://172.31.255.254/",
    "private 192.168": "https://192.168.1.1/",
    "metadata service": "https://169.254.169.254/latest/meta-data/",
    "carrier-grade NAT": "https://100.64.0.1/",
    "metadata service of another cloud": "https://100.100.100.200/",
    "multicast": "https://224.0.0.1/",
    "broadcast": "https://255.255.255.255/",
    "reserved": "https://240.0.0.1/",
    "documentation": "https://203.0.113.7/",
    "benchmarks": "https://198.18.0.1/",
    "IETF": "https://192.0.0.170/",
    "decimal": "https://2130706433/",
    "decimal of a public address": "https://1572395042/",
    "octal": "https://0177.0.0.1/",
    "octal without a point": "https://017700000001/",
    "hexadecimal": "https://0x7f000001/",
    "hexadecimal parts": "https://0x7f.0.0.1/",
    "capital hexadecimal": "https://0X7F.1/",
    "two parts": "https://127.1/",
    "three parts": "https://127.0.1/",
    "one part": "https://0/",
    "leading zeros": "https://93.184.216.034/",
    "256": "https://256.0.0.1/",
    "five parts": "https://93.184.216.34.1/",
    "IPv6 loopback": "https://[::1]/",
    "IPv6 loopback in full": "https://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "IPv6 unspecified": "https://[::]/",
    "IPv4-mapped": "https://[::ffff:127.0.0.1]/",
    "IPv4-mapped in hexadecimal": "https://[::ffff:7f00:1]/",
    "IPv4-mapped public": "https://[::ffff:93.184.216.34]/",
    "IPv4-compatible": "https://[::127.0.0.1]/",
    "IPv4-translated": "https://[::ffff:0:127.0.0.1]/",
    "NAT64 of a private address": "https://[64:ff9b::10.0.0.1]/",
    "NAT64 of the metadata service": "https://[64:ff9b::a9fe:a9fe]/",
    "local NAT64": "https://[64:ff9b:1::93.184.216.34]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "unique local": "https://[fd00::1]/",
    "link-local": "https://[fe80::1]/",
    "link-local with a zone": "https://[fe80::1%25eth0]/",
    "site-local": "https://[fec0::1]/",
    "IPv6 multicast": "https://[ff02::1]/",
    "IPv6 documentation": "https://[2001:db8::1]/",
    "discard": "https://[100::1]/",
    "address in brackets": "https://[127.0.0.1]/",
    "no bracket": "https://::1/",
    "user": "https://user@hooks.example.com/",
    "user and password": "https://user:password@hooks.example.com/",
    "host in the user": "https://hooks.example.com@127.0.0.1/",
    "two hosts": "https://hooks.example.com@evil.example@127.0.0.1/",
    "backslash": "https://hooks.example.com\\@127.0.0.1/",
    "fragment": "https://hooks.example.com#@127.0.0.1/",
    "fragment at the end": "https://hooks.example.com/#x",
    "percent in the host": "https://127%2e0.0.1/",
    "NUL": "https://hooks.example.com\x00.evil.example/",
    "encoded NUL in the host": "https://hooks.example.com%00.evil.example/",
    "line break": "https://hooks.example.com/\r\nHost: inside",
    "space": "https://hooks.example.com /",
    "tab in the host": "https://hooks\t.example.com/",
    "trailing dot": "https://localhost./",
    "trailing dot of an address": "https://127.0.0.1./",
    "trailing dot of a good name": "https://hooks.example.com./",
    "two dots": "https://hooks..example.com/",
    "zero-width space": "https://hooks\u200b.example.com/",
    "zero-width joiner": "https://hooks\u200d.example.com/",
    "soft hyphen": "https://hooks\u00ad.example.com/",
    "full-width digits": "https://\uff11\uff12\uff17.0.0.1/",
    "circled digits": "https://\u2460\u2461\u2466.0.0.1/",
    "ideographic full stop": "https://127\u30020\u30020\u30021/",
    "full-width letters": "https://\uff4c\uff4f\uff43alhost/",
    "Kelvin sign": "https://hoo\u212as.example.com/",
    "right-to-left override": "https://hooks\u202e.example.com/",
    "malformed punycode": "https://xn--a.example/\u00e4",
    "Unicode in the path": "https://hooks.example.com/\u00e4",
    "port of SSH": "https://hooks.example.com:22/",
    "port 0": "https://hooks.example.com:0/",
    "port 65536": "https://hooks.example.com:65536/",
    "port 443 + 65536": "https://hooks.example.com:65979/",
    "empty port": "https://hooks.example.com:/",
    "port in other digits": "https://hooks.example.com:\uff14\uff14\uff13/",
    "signed port": "https://hooks.example.com:+443/",
    "two ports": "https://hooks.example.com:443:22/",
    "localhost": "https://localhost/",
    "a name of localhost": "https://hooks.LOCALHOST/",
    "a name without a dot": "https://billing-dashboard-svc/",
    "a Service of the cluster": "https://kubernetes.default.svc/",
    "a Service in full": "https://kubernetes.default.svc.cluster.local/",
    "the metadata service by name": "https://metadata.google.internal/",
    "a name of a home": "https://router.home.arpa/",
    "full-width full stop": "https://127\uff0e0\uff0e0\uff0e1/",
    "half-width full stop": "https://kubernetes\uff61default\uff61svc/",
    "ideographic full stop at the end": "https://localhost\u3002/",
    "IPv4 in six parts of IPv6": "https://[64:ff9b::7f00:1]/",
    "NAT64 in full": "https://[0064:ff9b:0000:0000:0000:0000:a9fe:a9fe]/",
    "6to4 of a private address": "https://[2002:c0a8:0101::1]/",
    "IPv4-mapped metadata service": "https://[::ffff:a9fe:a9fe]/",
    "zone without percent-encoding": "https://[fe80::1%eth0]/",
    "zone of a public address": "https://[2606:2800:220:1::1%25lo]/",
    "an address of the future": "https://[v1.fe80::1]/",
    "hexadecimal, eight digits": "https://0xA9FEA9FE/",
    "octal of each part": "https://0251.0376.0251.0376/",
    "decimal of the metadata service": "https://2852039166/",
    "two parts, mixed": "https://0xa9.16689662/",
    "empty user": "https://@hooks.example.com/",
    "colon before the host": "https://:@127.0.0.1/",
    "SMTP port": "https://hooks.example.com:25/",
    "scheme twice": "https://https://127.0.0.1/",
    "three slashes": "https:///127.0.0.1/",
    "one slash": "https:/127.0.0.1/",
    "semicolon": "https://hooks.example.com;127.0.0.1/",
    "comma": "https://hooks.example.com,127.0.0.1/",
    "2 001 characters": "https://hooks.example.com/" + "a" * 1975,
    "label of 64": f"https://{'a' * 64}.example/",
    "empty": "",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_a_trick_in_the_url_is_refused(url: str) -> None:
    """Without a look-up."""
    with pytest.raises(BadUrl):
        Guard(resolve=never).read(url)


async def never(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host}:{port} must not be resolved")


RESOLVED = {
    "a private address": ["10.1.2.3"],
    "localhost": ["127.0.0.1"],
    "the metadata service": ["169.254.169.254"],
    "a public and a private one": [PUBLIC, "10.1.2.3"],
    "a private and a public one": ["10.1.2.3", PUBLIC],
    "IPv6 loopback": ["::1"],
    "IPv4-mapped": ["::ffff:10.1.2.3"],
    "link-local with a zone": ["fe80::1%eth0"],
    "unique local": ["fd12::1"],
    "NAT64": ["64:ff9b::a01:203"],
    "6to4": ["2002:a01:203::1"],
    "NAT64 of the metadata service": ["64:ff9b::169.254.169.254"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "IPv4-compatible": ["::127.0.0.1"],
    "carrier-grade NAT": ["100.100.100.200"],
    "unspecified": ["0.0.0.0"],
    "nothing": [],
    "not an address": ["somewhere"],
}


@pytest.mark.parametrize("found", RESOLVED.values(), ids=RESOLVED)
async def test_a_name_with_a_refused_address_is_refused(found: list[str]) -> None:
    """Also if one of several is public. A name that does not exist has the same text."""
    guard = Guard(resolve=resolver(found))
    with pytest.raises(AddressRefused) as refused:
        await guard.addresses(guard.read("https://hooks.example.com/"))
    with pytest.raises(AddressRefused) as absent:
        await Guard(resolve=missing).addresses(guard.read("https://hooks.example.com/"))
    assert str(refused.value) == str(absent.value)


def resolver(found: list[str]) -> Any:
    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("hooks.example.com.", 443), "an absolute name, without search domains"
        return found

    return resolve


async def missing(host: str, port: int) -> list[str]:
    raise OSError(f"{host}:{port}")


@pytest.mark.parametrize(
    ("url", "host", "authority", "target"),
    [
        ("https://hooks.example.com", "hooks.example.com", "hooks.example.com", "/"),
        ("HTTPS://Hooks.Example.COM/A/b?c=d%20e", "hooks.example.com", "hooks.example.com", "/A/b?c=d%20e"),
        ("https://hooks.example.com:8443/", "hooks.example.com", "hooks.example.com:8443", "/"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example", "xn--bcher-kva.example", "/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "xn--bcher-kva.example", "/"),
        ("https://fa\u00df.example/", "xn--fa-hia.example", "xn--fa-hia.example", "/"),
        (f"https://{PUBLIC}?x", PUBLIC, PUBLIC, "/?x"),
        ("https://[2606:2800:220:1::1]:8443/x", "2606:2800:220:1::1", "[2606:2800:220:1::1]:8443", "/x"),
        ("https://[64:ff9b::5db8:d822]/", "64:ff9b::5db8:d822", "[64:ff9b::5db8:d822]", "/"),
    ],
)
def test_a_public_destination_is_read(url: str, host: str, authority: str, target: str) -> None:
    """IDN becomes ASCII by IDNA 2008; the path stays as it is."""
    found = Guard(ports=frozenset({443, 8443})).read(url)
    assert (found.host, found.authority, found.target) == (host, authority, target)


def test_a_name_of_the_cluster_is_read_where_the_operator_allows_networks() -> None:
    """An Alertmanager inside: its address decides then."""
    guard = Guard(allowed=(ip_network("10.96.0.0/12"),))
    assert guard.read("https://alertmanager.monitoring.svc.cluster.local/").host.endswith(".local")


def test_the_operator_lists_exceptions() -> None:
    """Allowed networks, schemes and ports; and public networks that are refused, which wins."""
    guard = Guard(
        frozenset({"http", "https"}),
        frozenset({80, 9093}),
        (ip_network("10.96.0.0/12"), ip_network("fd00::/8")),
        (ip_network("93.184.216.0/24"), ip_network("10.96.0.1/32")),
    )
    assert guard.read("http://10.96.0.10:9093/").port == 9093
    for address, permitted in (
        ("10.96.0.10", True),
        ("10.96.0.1", False),
        ("10.0.0.1", False),
        ("fd00::1", True),
        ("::ffff:10.96.0.10", False),
        (PUBLIC, False),
        ("8.8.8.8", True),
    ):
        assert guard.permits(ip_address(address)) is permitted, address
