#!/usr/bin/python3 -I
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program in a virtual machine, as if it ran here.

vm_client.py PORT REQUEST: the request as vm_guest.py describes it, but for "given",
which is what comes in by standard input.
"""

from __future__ import annotations

import json
import os
import socket
import sys


def run(port: int, request: dict[str, object]) -> int:
    """Run a program in there; return its exit code."""
    request["given"] = sys.stdin.read()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                answer = json.loads(line)
                if "status" in answer:
                    status = int(answer["status"])
                    return status if status >= 0 else 128 - status
                os.write(answer["stream"], answer["text"].encode("latin-1"))
    return 255


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), json.loads(sys.argv[2])))
