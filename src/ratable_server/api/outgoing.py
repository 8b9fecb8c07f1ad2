"""Requests that leave this server: only to addresses that anybody may reach, and to what is named in the settings.

Owns which addresses these are. A name is resolved once and the connection goes to the address that was looked at, so
that a name cannot point elsewhere a moment later; redirects are not followed, proxies not used.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TIMEOUT = httpx.Timeout(10, connect=5)
_SCHEMES = ("https", "http")
_UNICAST = ipaddress.ip_network("2000::/3")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")  # carries addresses of the other kind, private ones too


class UnreachableError(Exception):
    """There is no address behind a URL that may be asked; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the other side answered."""

    status: int


def refuse_unfit_url(url: str) -> None:
    """Go on, unless it is clear from a URL itself that it may not be asked.

    Raises:
        UnreachableError: its scheme, a name or password in it, no host, or an address that is not everybody's.
    """
    parts = _parts(url)
    try:
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return
    _refuse_private(address)


def send(url: str, content: bytes, headers: Mapping[str, str]) -> Sent:
    """POST once; any answer is one.

    Raises:
        UnreachableError: nothing may be asked there, or nobody answers.
    """
    parts = _parts(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _resolved(host, port)
    shown = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - the version
    target = parts._replace(netloc=f"{shown}:{port}").geturl()
    named = {"Host": parts.netloc, "Content-Type": "application/json", **headers}
    extensions: dict[str, Any] = {"sni_hostname": host}
    try:
        with (
            httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", target, content=content, headers=named, extensions=extensions) as answer,
        ):
            return Sent(status=answer.status_code)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(f"{type(error).__name__}: {error}"[:300]) from error


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UnreachableError("not a URL") from error
    if parts.scheme not in _SCHEMES:
        raise UnreachableError("only https and http are asked")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise UnreachableError("a URL has a host, and neither a name nor a password")
    return parts


def _resolved(host: str, port: int) -> Address:
    """The address that is asked: the first one, if all of them may be."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"no address: {host}"[:300]) from error
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    for address in addresses:
        _refuse_private(address)
    if not addresses:
        raise UnreachableError(f"no address: {host}"[:300])
    return addresses[0]


def _refuse_private(address: Address) -> None:
    if not _is_everybodys(address) and not any(address in network for network in settings.WEBHOOK_NETWORKS):
        raise UnreachableError(f"{address} is no address of the public network")


def _is_everybodys(address: Address) -> bool:
    if address.is_multicast or not address.is_global:
        return False
    return address.version == 4 or (address in _UNICAST and address not in _SIX_TO_FOUR)  # noqa: PLR2004 - the version
