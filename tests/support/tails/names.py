# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server for the few names of a test; run as a program by itself.

    python3 names.py ADDRESS NAME=ADDRESS...

Answers A queries for these names and says of all others that there are none.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from collections.abc import Mapping

HEADER = 12
TYPE_A = 1
CLASS_IN = 1
ANSWER = 0x8580  # authoritative, recursion available, no error
NO_SUCH_NAME = 3
# In place of a name: "as at the first question"
POINTER = 0xC000 | HEADER


def question(query: bytes) -> tuple[str, int, bytes]:
    """Return the name, the type and the whole first question of a query."""
    labels = []
    position = HEADER
    while length := query[position]:
        labels.append(query[position + 1 : position + 1 + length].decode('ascii'))
        position += 1 + length
    (kind,) = struct.unpack_from('>H', query, position + 1)
    return '.'.join(labels).lower(), kind, query[HEADER : position + 5]


def answer(query: bytes, names: Mapping[str, str]) -> bytes:
    """Return the answer to a query."""
    name, kind, asked = question(query)
    flags = ANSWER if name in names else ANSWER | NO_SUCH_NAME
    found = b''
    if name in names and kind == TYPE_A:
        address = ipaddress.IPv4Address(names[name]).packed
        found = struct.pack('>HHHIH', POINTER, TYPE_A, CLASS_IN, 60, 4) + address
    counts = struct.pack('>HHHHH', flags, 1, 1 if found else 0, 0, 0)
    return query[:2] + counts + asked + found


def main() -> None:
    """Answer until killed; each question is printed."""
    names = dict(each.lower().split('=') for each in sys.argv[2:])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((sys.argv[1], 53))
        while True:
            query, sender = server.recvfrom(1500)
            try:
                reply = answer(query, names)
            except (IndexError, UnicodeDecodeError, struct.error):
                continue
            print(question(query)[0], flush=True)
            server.sendto(reply, sender)


if __name__ == '__main__':
    main()
