# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last wall: no socket of Python's reaches anything but Tor.

Python asks audit hooks before it connects, listens or looks up a name, and a hook
cannot be taken away again (PEP 578). It catches what no proxy setting reaches: file
transfers from machine to machine, STUN, and whatever a later Gajim brings. Gajim's
connections to servers are made by GLib, see `connection` and `proxies`.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from typing import Any

from ..tor import HOST
from ..tor import PORT

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_NUMBER_OF_NAME = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_NAME_OF_NUMBER = frozenset({"socket.gethostbyaddr", "socket.getnameinfo"})


def install() -> None:
    """Put it up, for this process and those it forks. It stays."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
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


def _is_internet(candidate: Any) -> bool:
    return getattr(candidate, "family", None) in _INTERNET


def _is_tor(address: Any) -> bool:
    return isinstance(address, tuple) and address[:2] == (HOST, PORT)


def _is_number(host: Any) -> bool:
    """Whether no server is asked for this."""
    if host is None:
        return True
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
