# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
The addresses that Python's sockets still reach, in a process of its own, because the
guard stays.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]

# Refused, as if there were no network
SHUT = (
    'socket.create_connection(("127.0.0.1", 9), 1)',
    'socket.create_connection(("192.0.2.1", 443), 1)',
    'socket.create_connection(("localhost", 9050), 1)',
    'socket.getaddrinfo("stun.example.org", 3478)',
    'socket.gethostbyname("example.org")',
    'socket.gethostbyaddr("192.0.2.1")',
    'socket.getnameinfo(("192.0.2.1", 80), 0)',
    'socket.socket(socket.AF_INET6).connect(("::1", 9050))',
    'socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53))',
    'socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", 0, ("127.0.0.1", 53))',
    'socket.socket(type=socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, ("127.0.0.1", 53))',
    'socket.socket().bind(("", 28011))',
    'socket.create_server(("127.0.0.1", 0))',
)
OPEN = (
    'socket.getaddrinfo("127.0.0.1", 9050)',
    'socket.getaddrinfo(b"127.0.0.1", 9050)',
    'socket.socket(socket.AF_UNIX).bind("\\0tails-gajim-test-%d" % os.getpid())',
    "socket.socketpair()",
)


def run(code: str, *, wall: bool) -> str:
    lines = ["import os", "import socket"]
    if wall:
        lines += [
            "from tails_integration.gajim_patches import socket_guard",
            "socket_guard.install()",
        ]
    lines += [
        'try:', f'    {code}', 'except OSError as error:',
        '    print(type(error).__name__, error)',
    ]  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
    )
    return ended.stdout.strip()


@pytest.mark.parametrize("code", SHUT)
def test_shut(code: str) -> None:
    said = run(code, wall=True)
    assert any(
        words in said
        for words in ("unreachable", "Permission denied", "names are for Tor")
    ), said


@pytest.mark.parametrize("code", OPEN)
def test_open(code: str) -> None:
    assert run(code, wall=True) == ""


def test_tors_port_is_open() -> None:
    """Nobody may listen there, but it is not the wall that says so."""
    said = run('socket.create_connection(("127.0.0.1", 9050), 1)', wall=True)
    assert "unreachable" not in said


def test_without_it_a_server_can_be_made() -> None:
    assert run('socket.create_server(("127.0.0.1", 0))', wall=False) == ""
