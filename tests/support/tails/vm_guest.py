#!/usr/bin/python3 -I
# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a virtual machine; it does what the host asks for.

Each connection begins with a line of JSON, {"argv", "ids", "environment", "given"}: a
program, who runs it, and its standard input. The answers are lines with "stream" (1 or
2) and "text", at the end one with "status". The program ends with the connection.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from typing import IO
from typing import Any

AGENT_PORT = 7000
# The address that QEMU expects the machine to have
OWN = "10.0.2.15/24"

SET_UP = f"""
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
hostname amnesia
ip link set lo up
ip address add {OWN} dev eth0
ip link set eth0 up
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t securityfs securityfs /sys/kernel/security
mkdir -p /run/lock /run/user/1000
chmod 700 /run/user/1000
chown 1000:1000 /run/user/1000
"""


def main() -> None:
    """Prepare the machine, and serve for ever."""
    subprocess.run(["/bin/sh", "-c", SET_UP], check=False)
    server = socket.create_server((OWN.partition("/")[0], AGENT_PORT))
    while True:
        connection, _address = server.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def serve(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as lines:
        Program(connection, json.loads(lines.readline())).run(lines)


def send(connection: socket.socket, answer: dict[str, Any]) -> None:
    connection.sendall(json.dumps(answer).encode() + b"\n")


class Program:
    """A program, and whoever wants to know what it says."""

    def __init__(self, connection: socket.socket, request: dict[str, Any]) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        user, group = request["ids"]
        self._child = subprocess.Popen(
            request["argv"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=request["environment"],
            cwd="/",
            user=user,
            group=group,
            extra_groups=[],
            start_new_session=True,
        )
        self._given = request["given"].encode()

    def run(self, lines: IO[bytes]) -> None:
        child = self._child
        readers = [
            threading.Thread(target=self._read, args=(number, stream), daemon=True)
            for number, stream in ((1, child.stdout), (2, child.stderr))
        ]
        for reader in readers:
            reader.start()
        threading.Thread(target=self._watch, args=(lines,), daemon=True).start()
        with contextlib.suppress(BrokenPipeError):
            assert child.stdin is not None
            child.stdin.write(self._given)
            child.stdin.close()
        status = child.wait()
        # What it has left running may hold its output open
        for reader in readers:
            reader.join(1)
        self._send({"status": status})

    def _read(self, number: int, stream: IO[bytes]) -> None:
        while part := os.read(stream.fileno(), 1 << 16):
            self._send({"stream": number, "text": part.decode("latin-1")})

    def _watch(self, lines: IO[bytes]) -> None:
        """End the program when the connection has ended."""
        with contextlib.suppress(OSError):
            lines.read()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def _send(self, answer: dict[str, Any]) -> None:
        with self._lock, contextlib.suppress(OSError):
            send(self._connection, answer)


if __name__ == "__main__":
    main()
