# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client in a program of its own that takes orders and tells events, each a JSON
object a line, over a socket."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..processes import Child
from ..waiting import wait_for


class LineProgram:
    """One client with one account.

    :ivar read: what it has read encrypted: texts, and what each replaces
    :ivar clear: what it has read in clear
    :ivar unread: why it could not read something
    """

    def __init__(self, folder: Path, command: Callable[[int], list[str]]) -> None:
        """Nothing is started.

        :param command: what to run, with the number of its end of the socket
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.read: list[dict[str, Any]] = []
        self.clear: list[str] = []
        self.unread: list[str] = []
        self._command = command
        self._child: Child | None = None
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Start it and wait until it is online and can be found."""
        assert self._child is None
        self._socket, inside = socket.socketpair()
        number = inside.fileno()
        # As who runs this: the libraries may be in the home, and a root needs root
        self._child = Child(
            self._command(number),
            log=self.folder / "output.log",
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
            folder=self.folder,
            pass_fds=[number],
            as_root=True,
        )
        inside.close()
        self._events = queue.Queue()
        threading.Thread(
            target=self._listen, args=[self._socket, self._events], daemon=True
        ).start()
        self._wait_for("ready")

    def _listen(self, line: socket.socket, events: queue.Queue[dict[str, Any]]) -> None:
        with line.makefile("r", encoding="utf-8") as lines:
            for one in lines:
                event = json.loads(one)
                if event["event"] == "read":
                    self.read.append(event)
                elif event["event"] == "clear":
                    self.clear.append(event["text"])
                elif event["event"] == "unread":
                    self.unread.append(event["why"])
                else:
                    events.put(event)

    def _wait_for(self, name: str) -> dict[str, Any]:
        def answered() -> bool:
            if self._child is None or not self._child.running:
                output = (self.folder / "output.log").read_text(errors="replace")
                raise RuntimeError(f"it ended: {output}")
            return not self._events.empty()

        wait_for(f"it answers: {name}", answered)
        event = self._events.get()
        assert event["event"] == name, event
        return event

    def tell(self, order: str, answer: str = "done", **arguments: Any) -> Any:
        """Have it do something, and wait for its answer."""
        assert self._socket is not None
        line = json.dumps({"order": order, **arguments})
        self._socket.sendall(line.encode() + b"\n")
        return self._wait_for(answer)

    def close(self) -> None:
        """End it, as a crash does."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
