# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that takes its time or refuses, and a screen that is locked."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import threading
from pathlib import Path
from typing import Any

from gajim.common import app
from gi.repository import GLib

# A test that has failed does not hold Gajim for longer
SECONDS_MAX = 30


class Disk:
    """Holds the thread that waits for the disk before a message leaves; breaks
    writing; locks."""

    _released: threading.Event | None = None
    _broken = 0

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

    def break_writing(self, ending: str, kill: bool) -> None:
        """From now on, nothing gets as far as giving a complete file its name.

        :param ending: of the name that it has until then
        :param kill: the program is killed there; otherwise the disk is full
        """
        theirs = Path.replace

        def replace(path: Path, target: Path) -> Path:
            if not path.name.endswith(ending):
                return theirs(path, target)
            if kill:
                os.kill(os.getpid(), signal.SIGKILL)
            self._broken += 1
            raise OSError(errno.ENOSPC, "made by a test")

        Path.replace = replace  # type: ignore[assignment,method-assign]

    def writing_was_broken(self) -> int:
        """How often the disk has refused."""
        return self._broken

    def archive_error(self, text: str) -> str:
        """The words of an error of Gajim's archive about a row with a text; ''
        where it has none (Gajim 1.7)."""
        engine = getattr(app.storage.archive, "_engine", None)
        if engine is None:
            return ""
        statement = importlib.import_module("sqlalchemy").text
        try:
            with engine.connect() as connection:
                row = statement("INSERT INTO nowhere VALUES (:text)")
                connection.execute(row, {"text": text})
        except Exception as error:
            return str(error)
        raise AssertionError("there is such a table")

    def error_report(self, text: str) -> str:
        """What Gajim sends when the user reports an error in a function that has a
        text in a variable."""
        from gajim.gtk.exception import ExceptionDialog

        frame = {"function": "received", "vars": {"text": text}}
        value = {"type": "ValueError", "stacktrace": {"frames": [frame]}}
        event = {"exception": {"values": [value]}}
        return str(ExceptionDialog._before_send(None, event, None))

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
