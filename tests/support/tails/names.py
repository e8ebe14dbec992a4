# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server for the few names of a test; run as a program by itself.

    python3 names.py ADDRESS NAME=ADDRESS... SERVICE=HOST:PORT...

Answers A queries for the names and SRV queries for the services, by UDP and TCP,
and says of all others that there are none.
"""

from __future__ import annotations

import ipaddress
import socketserver
import struct
import sys
import threading
from collections.abc import Mapping

HEADER = 12
TYPE_A = 1
TYPE_SRV = 33
CLASS_IN = 1
ANSWER = 0x8580  # authoritative, recursion available, no error
NO_SUCH_NAME = 3
# In place of a name: "as at the first question"
POINTER = 0xC000 | HEADER
SECONDS = 60


def question(query: bytes) -> tuple[str, int, bytes]:
    """Return the name, the type and the whole first question of a query."""
    labels = []
    position = HEADER
    while length := query[position]:
        labels.append(query[position + 1 : position + 1 + length].decode("ascii"))
        position += 1 + length
    (kind,) = struct.unpack_from(">H", query, position + 1)
    return ".".join(labels).lower(), kind, query[HEADER : position + 5]


def encoded(name: str) -> bytes:
    """A name as it stands in a message."""
    parts = [part.encode() for part in name.split(".")]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def answer(query: bytes, names: Mapping[str, str]) -> bytes:
    """Return the answer to a query."""
    name, kind, asked = question(query)
    flags = ANSWER if name in names else ANSWER | NO_SUCH_NAME
    host, _, port = names.get(name, "").partition(":")
    data = b""
    if kind == TYPE_SRV and port:
        data = struct.pack(">HHH", 0, 0, int(port)) + encoded(host)
    elif kind == TYPE_A and host and not port:
        data = ipaddress.IPv4Address(host).packed
    found = b""
    if data:
        head = (POINTER, kind, CLASS_IN, SECONDS, len(data))
        found = struct.pack(">HHHIH", *head) + data
    counts = struct.pack(">HHHHH", flags, 1, 1 if found else 0, 0, 0)
    return query[:2] + counts + asked + found


class Asked(socketserver.BaseRequestHandler):
    """One query by UDP, or any number of them by TCP; each is printed."""

    names: Mapping[str, str] = {}

    def handle(self) -> None:
        """Answer; who asks nonsense gets no answer."""
        try:
            if isinstance(self.request, tuple):
                query, server = self.request
                server.sendto(self._answer(query), self.client_address)
                return
            stream = self.request.makefile("rwb")
            while length := stream.read(2):
                reply = self._answer(stream.read(int.from_bytes(length, "big")))
                stream.write(len(reply).to_bytes(2, "big") + reply)
                stream.flush()
        except (IndexError, UnicodeDecodeError, struct.error, OSError):
            return

    def _answer(self, query: bytes) -> bytes:
        reply = answer(query, self.names)
        print(question(query)[0], flush=True)
        return reply


def main() -> None:
    """Answer until killed."""
    Asked.names = dict(each.lower().split("=") for each in sys.argv[2:])
    place = (sys.argv[1], 53)
    tcp = socketserver.ThreadingTCPServer(place, Asked)
    threading.Thread(target=tcp.serve_forever, daemon=True).start()
    with socketserver.UDPServer(place, Asked) as udp:
        udp.serve_forever()


if __name__ == "__main__":
    main()
