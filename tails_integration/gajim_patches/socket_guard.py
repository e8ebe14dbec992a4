# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps every socket of Python from reaching anything but Tor.

Python calls audit hooks before it connects, listens or looks up a name, and nothing
can remove a hook (PEP 578). It stops connections that no proxy setting reaches: file
transfers from machine to machine, STUN, and those of future versions of Gajim. GLib
makes Gajim's connections to servers, see `connection` and `proxies`.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys

from ..base.tor import HOST
from ..base.tor import PORT

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_NUMBER_OF_NAME = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_NAME_OF_NUMBER = frozenset({"socket.gethostbyaddr", "socket.getnameinfo"})


def install() -> None:
    """Install the hook for this process and all that it forks, for good."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in _CONNECTING:
        if _is_internet(arguments[0]) and not _is_tor(arguments[1]):
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    elif event == "socket.bind":
        if _is_internet(arguments[0]):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    elif event in _NAME_OF_NUMBER or (
        event in _NUMBER_OF_NAME and not _is_number(arguments[0])
    ):
        raise socket.gaierror(socket.EAI_FAIL, "names are for Tor to look up")


def _is_internet(candidate: object) -> bool:
    return getattr(candidate, "family", None) in _INTERNET


def _is_tor(address: object) -> bool:
    return isinstance(address, tuple) and address[:2] == (HOST, PORT)


def _is_number(host: object) -> bool:
    """Whether the system needs no server to resolve this host."""
    if host is None:
        return True
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True
