"""Where a fetcher may go: which addresses are public, and what an URL really points to."""

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from kb_ingest.web.refusals import AddressRefused, PageUnreachable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\.?$")
_QUAD: Final = re.compile(r"^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$")
_LONGEST: Final = 2000
# IPv6 ranges that carry an IPv4 address inside, and so lead wherever that one does.
_TUNNELS: Final = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
_RESERVED: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10")))


class Resolver(Protocol):
    """Names to addresses."""

    def resolve(self, host: str, port: int) -> list[str]:
        """All addresses of a host.

        Raises:
            OSError: it has none.
        """
        ...


class SystemResolver:
    """The operating system's resolver."""

    def resolve(self, host: str, port: int) -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(item[4][0]) for item in found))


@dataclass(frozen=True, slots=True)
class Target:
    """One place to connect to: checked, and resolved once."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Network:
    """The public internet, and the (host, port) pairs of an intranet that an operator has named."""

    resolver: Resolver = field(default_factory=SystemResolver)
    intranet: frozenset[tuple[str, int]] = frozenset()

    def target(self, url: str) -> Target:
        """Where an URL leads. Connect to `address` and nothing else: asking for the name again may answer otherwise.

        Raises:
            AddressRefused: not http(s), not a permitted port, or any of its addresses is not public.
            PageUnreachable: the name does not exist.
        """
        scheme, host, port, path = _split(url)
        is_named = (host, port) in self.intranet
        if not is_named and port != _PORTS[scheme]:
            raise AddressRefused
        try:
            found = [ipaddress.ip_address(text) for text in self.resolver.resolve(host, port)]
        except (OSError, UnicodeError) as error:
            raise PageUnreachable(reason="找不到这个域名") from error
        except ValueError as error:  # an address with a zone, fe80::1%eth0
            raise AddressRefused from error
        if not found or not (is_named or all(map(is_public, found))):
            raise AddressRefused
        return Target(url, scheme, host, port, path, str(found[0]))


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet, whatever notation hides it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or any(address in tunnel for tunnel in _TUNNELS):
            return False
    if any(address.version == range_.version and address in range_ for range_ in _RESERVED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _split(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of an URL that is written as browsers and servers both read it."""
    if len(url) > _LONGEST or any(ord(mark) <= 32 or ord(mark) == 127 or mark == "\\" for mark in url):
        raise AddressRefused
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused from error
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        raise AddressRefused
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else ""
    )
    return scheme, _plain_host(host), port if port is not None else _PORTS[scheme], path


def _plain_host(host: str) -> str:
    """A host name in ASCII, or an address in its one usual form; `0177.1` and `2130706433` are neither."""
    if ":" in host or _QUAD.match(host):
        try:
            return str(ipaddress.ip_address(host))
        except ValueError as error:
            raise AddressRefused from error
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise AddressRefused from error
    if name != "localhost" and not _HOST.match(name):
        raise AddressRefused
    return name
