# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SOCKS 5 proxy on loopback that keeps what it was asked for (RFC 1928)."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading

from .threaded import ThreadedServer

_DOMAIN = 3
_ADDRESS_4 = 1


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        _version, methods = self.rfile.read(2)
        self.rfile.read(methods)
        # No password
        self.wfile.write(b"\x05\x00")
        _version, _command, _zero, kind = self.rfile.read(4)
        if kind == _DOMAIN:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        elif kind == _ADDRESS_4:
            host = socket.inet_ntop(socket.AF_INET, self.rfile.read(4))
        else:
            host = socket.inet_ntop(socket.AF_INET6, self.rfile.read(16))
        port = int.from_bytes(self.rfile.read(2), "big")
        owner = self.server.owner
        owner.asked.append((host, port))
        target = owner.names.get(host, host)
        try:
            outside = socket.create_connection((target, port), timeout=20)
        except OSError:
            self.wfile.write(b"\x05\x04\x00\x01" + bytes(6))
            return
        with outside:
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(
                target=_copy, args=(outside, self.connection), daemon=True
            )
            back.start()
            _copy(self.connection, outside)
            back.join(20)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    owner: SocksProxy


class SocksProxy(ThreadedServer):
    """A context manager.

    :ivar asked: host and port of every connection, as the client named them
    """

    def __init__(self, names: dict[str, str] | None = None) -> None:
        """Make it; it listens at once.

        :param names: hosts only the proxy knows, and their addresses
        """
        self.asked: list[tuple[str, int]] = []
        self.names = names or {}
        server = _Server(("127.0.0.1", 0), _Handler)
        server.owner = self
        super().__init__(server)
