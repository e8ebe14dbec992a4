# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Checking the addresses that files are downloaded from. The sender of a link or a
redirecting server chooses the address: it must not make this machine send requests to
its own network, leave Tor, or give up TLS.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urljoin
from urllib.parse import urlsplit

from ..engine.errors import OmemoError
from .uri import InvalidMediaUri
from .uri import check_https_url

# RFC 6761, 6762, 8375 and what home routers use; they end in the local network
_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "arpa")
_ONION = "onion"

# Resolvers read 127.1, 2130706433 and 0x7f000001 as addresses of IPv4
_NUMBER = re.compile("[0-9]+|0[xX][0-9a-fA-F]*")

# RFC 6052: the address of IPv4 is in the last four bytes
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# Addresses of IPv4 as they were written at first, and those of a site (RFC 4291,
# 2.5.5.1; RFC 3879). Nobody gives them out, and some networks still have them
_OUTDATED = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("fec0::/10"))


class AddressRefused(OmemoError):
    """No file may be downloaded from an address."""


def redirected(url: str, location: str) -> str:
    """
    The address a server redirects to, without its fragment.

    Raises:
        AddressRefused: it is no address.
    """
    try:
        target = urljoin(url, location)
    except ValueError:
        raise AddressRefused("a redirect to no address") from None
    return target.partition("#")[0]


def check_address(
    url: str, own_domains: Collection[str], *, before: str | None, direct: bool
) -> None:
    """
    Check an address before anything is sent to it.

    The servers of the user's own accounts may be in the local network, because
    the user chose them. A link to another host there is refused, and so is a
    redirect.

    Args:
        url: what is to be asked.
        own_domains: of the user's accounts.
        before: the address that redirects to this one.
        direct: whether it would be asked without a proxy.

    Raises:
        AddressRefused: it is not to be asked.
    """
    try:
        check_https_url(url)
    except InvalidMediaUri:
        raise AddressRefused("not an https address") from None
    host = host_of(url)
    onion = _is_onion(host)
    if onion and direct:
        raise AddressRefused("an onion service, without Tor")
    if before is not None:
        earlier = host_of(before)
        if onion is not _is_onion(earlier):
            raise AddressRefused("a redirect into or out of Tor")
        if host == earlier:
            # It was checked before
            return
        if is_local_host(host):
            raise AddressRefused("a redirect into the local network")
    if is_local_host(host) and not is_own(host, own_domains):
        raise AddressRefused("in the local network")


def check_resolved(
    url: str, ip: str, own_domains: Collection[str], *, redirected: bool
) -> None:
    """
    Check the IP address of a host before a connection is made.

    Raises:
        AddressRefused: no connection is to be made.
    """
    if not is_local_ip(ip):
        return
    if redirected or not is_own(host_of(url), own_domains):
        raise AddressRefused("in the local network")


def host_of(url: str) -> str:
    """The host of an address in one form; '' if it has none."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def is_own(host: str, own_domains: Collection[str]) -> bool:
    """Whether it is the server of one of the user's accounts."""
    return any(
        host == domain or host.endswith(f".{domain}")
        for domain in map(str.lower, own_domains)
    )


def is_local_host(host: str) -> bool:
    """Whether a host is in the local network by its name alone."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        return "." not in host or last in _LOCAL_NAMES or bool(_NUMBER.fullmatch(last))
    return is_local_ip(host)


def is_local_ip(text: str) -> bool:
    """Whether an IP address is not a public one."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_local_ip(str(inner))
        if any(address in network for network in _OUTDATED):
            return True
    return not address.is_global or address.is_multicast


def _is_onion(host: str) -> bool:
    return host.rpartition(".")[2] == _ONION
