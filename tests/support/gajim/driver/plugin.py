# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test driver: answers requests on a unix socket, in the main loop."""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
import traceback
from typing import Any

from gajim.plugins import GajimPlugin
from gi.repository import GLib

from .actions import Actions


class DriverPlugin(GajimPlugin):  # type: ignore[misc]
    """One JSON request a line, one JSON answer a line."""

    def init(self) -> None:
        """Gajim calls this once."""
        self.encryption_name = None
        self.config_dialog = None
        self._actions = Actions()

    def activate(self) -> None:
        """Listen where the environment says, or where a user's sockets are."""
        path = os.environ.get("GAJIM_TEST_SOCKET")
        if path is None:
            path = os.path.join(os.environ["XDG_RUNTIME_DIR"], "gajim-test.socket")
        if os.path.exists(path):
            os.unlink(path)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(4)
        threading.Thread(target=self._accept, daemon=True).start()

    def deactivate(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection,), daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                answers: queue.Queue[dict[str, Any]] = queue.Queue()
                GLib.idle_add(
                    self._run, json.loads(line), answers, priority=GLib.PRIORITY_DEFAULT
                )
                lines.write(json.dumps(answers.get()) + "\n")
                lines.flush()

    def _run(self, request: dict[str, Any], answers: queue.Queue[Any]) -> bool:
        try:
            action = getattr(self._actions, request["action"])
            answer = {"value": action(**request["arguments"])}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.put(answer)
        return GLib.SOURCE_REMOVE
