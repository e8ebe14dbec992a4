# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that takes its time, and a screen that is locked."""

from __future__ import annotations

import threading
from typing import Any

from gajim.common import app
from gi.repository import GLib

# A test that has failed does not hold Gajim for longer
SECONDS_MAX = 30


class Disk:
    """Holds the thread that waits for the disk before a message leaves; locks."""

    _released: threading.Event | None = None

    def hold_disk(self, account: str) -> None:
        """Keep everything from reaching the disk from now on."""
        self._released = threading.Event()
        self._executor(account).submit(self._released.wait, SECONDS_MAX)

    def is_disk_waited_for(self, account: str) -> bool:
        """Whether something waits for the disk that is held."""
        return bool(self._executor(account)._work_queue.qsize())

    def release_disk(self) -> None:
        """Let everything reach the disk again."""
        if self._released is not None:
            self._released.set()

    def fail_once(self, account: str) -> None:
        """Let our plugin have a bug in what decrypts, for one message."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        incoming = service.engine.incoming
        theirs = incoming.decrypt

        def decrypt(*_arguments: Any) -> None:
            incoming.decrypt = theirs
            raise RuntimeError("made by a test")

        incoming.decrypt = decrypt

    def lock_session(self) -> None:
        """Tell our plugin what systemd-logind says when the screen is locked."""
        plugin = app.plugin_manager.get_plugin("omemo_plugin")
        changed = {"LockedHint": GLib.Variant("b", True)}
        parameters = GLib.Variant(
            "(sa{sv}as)", ("org.freedesktop.login1.Session", changed, [])
        )
        plugin._session_lock._on_signal(
            None, None, "", "", "PropertiesChanged", parameters
        )

    @staticmethod
    def _executor(account: str) -> Any:
        service = app.get_client(account).get_module("OmemoPlugin").service
        return service._keystore._disk
