# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SOCKS 5 proxy in the place of Tor's; run as a program by itself.

    python3 socks.py PORT ADDRESS

Prints a line for each connection that it is asked for: the user's name ('-' for none),
the host as it was named, and the port. All of them go to ADDRESS, to the same port.
"""

from __future__ import annotations

import select
import socket
import socketserver
import struct
import sys

BY_ADDRESS, BY_NAME = 1, 3
NO_LOGIN, PASSWORD = 0, 2
REFUSED = 5


class Asked(socketserver.BaseRequestHandler):
    """One connection."""

    target = ""
    request: socket.socket

    def handle(self) -> None:
        """Do as RFC 1928 and RFC 1929 say; who hangs up is forgotten."""
        try:
            user = self._greet()
            host, port = self._request()
            print(user or "-", host, port, flush=True)
            try:
                other = socket.create_connection((self.target, port), 10)
            except OSError:
                self._answer(REFUSED)
                return
            with other:
                self._answer(0)
                other.settimeout(None)
                _carry(self.request, other)
        except (OSError, EOFError):
            return

    def _greet(self) -> str:
        _version, count = self._read(2)
        if PASSWORD not in self._read(count):
            self.request.sendall(bytes((5, NO_LOGIN)))
            return ""
        self.request.sendall(bytes((5, PASSWORD)))
        self._read(1)
        user = self._read(*self._read(1)).decode(errors="replace")
        self._read(*self._read(1))
        self.request.sendall(bytes((1, 0)))
        return user

    def _request(self) -> tuple[str, int]:
        _version, _command, _reserved, kind = self._read(4)
        if kind == BY_NAME:
            host = self._read(*self._read(1)).decode(errors="replace")
        else:
            family = socket.AF_INET if kind == BY_ADDRESS else socket.AF_INET6
            raw = self._read(4 if kind == BY_ADDRESS else 16)
            host = socket.inet_ntop(family, raw)
        return host, struct.unpack(">H", self._read(2))[0]

    def _answer(self, code: int) -> None:
        self.request.sendall(bytes((5, code, 0, 1)) + bytes(6))

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.request.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data


def _carry(one: socket.socket, other: socket.socket) -> None:
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(1 << 16)
            if not data:
                return
            (other if ready is one else one).sendall(data)


class Proxy(socketserver.ThreadingTCPServer):
    """Each connection has a thread."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve until killed."""
    Asked.target = sys.argv[2]
    with Proxy(("127.0.0.1", int(sys.argv[1])), Asked) as proxy:
        proxy.serve_forever()


if __name__ == "__main__":
    main()
