"""Requests that leave this server: only to addresses that anybody may reach, and to what is named in the settings.

Owns which addresses these are. A name is resolved once and the connection goes to the address that was looked at, so
that a name cannot point elsewhere a moment later; redirects are not followed, proxies not used, and nothing takes longer
than its time.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore
from django.conf import settings
from typing_extensions import override

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NOT_ALLOWED = "Address not allowed."
MOST_SECONDS = 10
_PORTS = {80, 443, *range(8_000, 9_000)}
_UNICAST = ipaddress.ip_network("2000::/3")
# What the standard library takes for everybody's: protocol assignments, relays, and addresses that carry others.
_NOBODYS = [ipaddress.ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "2001::/23")]


class UnreachableError(Exception):
    """Nothing may be asked behind a URL, or nobody answers; its text says no more than that."""


def refuse_unfit_url(url: str) -> None:
    """Go on, unless it is clear from a URL itself that it may not be asked; a name is judged again when it is asked.

    Raises:
        UnreachableError: its scheme, its port, a name or password in it, or an address that is not everybody's.
    """
    parts = _parts(url)
    host, port = parts.hostname or "", _port(parts)
    if host.rstrip(".").endswith("localhost"):
        _refuse([ipaddress.ip_address("127.0.0.1")], port)
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:  # a name
        if port not in _PORTS and not settings.WEBHOOK_NETWORKS:
            raise UnreachableError(NOT_ALLOWED) from None
        return
    except (OSError, UnicodeError):
        raise UnreachableError(NOT_ALLOWED) from None
    _refuse(_addresses(found), port)


def send(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """POST once, and give the status of the answer, whose body is not read.

    Raises:
        UnreachableError: nothing may be asked there, or nobody answers in time.
    """
    _parts(url)
    backend = _Judged(ends_at=time.monotonic() + MOST_SECONDS)
    told = [(name, value) for name, value in {"Content-Type": "application/json", **headers}.items()]
    extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), MOST_SECONDS)}
    try:
        with (
            httpcore.ConnectionPool(network_backend=backend, ssl_context=httpcore.default_ssl_context()) as pool,
            pool.stream("POST", url, headers=told, content=content, extensions=extensions) as answer,
        ):
            return int(answer.status)
    except httpcore.TimeoutException:
        raise UnreachableError("no answer in time") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError):
        raise UnreachableError("no answer") from None


class _Judged(httpcore.SyncBackend):
    """Connections to addresses that may be asked, each to the one that was looked at."""

    def __init__(self, *, ends_at: float) -> None:  # float: seconds
        self.ends_at = ends_at

    @override
    def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.NetworkStream:
        address = _resolved(host, port)
        return _Timed(super().connect_tcp(str(address), port, *args, **options), ends_at=self.ends_at)


class _Timed(httpcore.NetworkStream):
    """A connection on which no single step outlasts the whole."""

    def __init__(self, stream: httpcore.NetworkStream, *, ends_at: float) -> None:
        self.stream, self.ends_at = stream, ends_at

    def _left(self) -> float:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, timeout=self._left())

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, timeout=self._left())

    @override
    def close(self) -> None:
        self.stream.close()

    @override
    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self.stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=self._left())
        return _Timed(secured, ends_at=self.ends_at)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UnreachableError(NOT_ALLOWED) from None
    is_plain = parts.scheme in {"https", "http"} and parts.hostname and parts.username is None
    if not is_plain or parts.password is not None:
        raise UnreachableError(NOT_ALLOWED)
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _resolved(host: str, port: int) -> Address:
    """The address that is asked: the first one, if all of them may be."""
    try:
        found = _addresses(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        raise UnreachableError("no such name") from None
    _refuse(found, port)
    return found[0]


def _addresses(found: Iterable[Any]) -> list[Address]:
    return [ipaddress.ip_address(each[4][0]) for each in found]


def _refuse(addresses: list[Address], port: int) -> None:
    for address in addresses:
        is_named = any(address in network for network in settings.WEBHOOK_NETWORKS)
        if not is_named and not (_is_everybodys(address) and port in _PORTS):
            raise UnreachableError(NOT_ALLOWED)
    if not addresses:
        raise UnreachableError("no such name")


def _is_everybodys(address: Address) -> bool:
    if address.is_multicast or not address.is_global or any(address in network for network in _NOBODYS):
        return False
    return address.version == 4 or address in _UNICAST  # noqa: PLR2004 - the version
