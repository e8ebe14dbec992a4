# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The devices that could read each message this device has sent, and those that were left
out because they had not been heard for long.

They are part of the history of a chat, and are kept no longer: where Gajim keeps no
history they are in memory only, and where a history was deleted they are deleted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Callable
from collections.abc import Collection
from pathlib import Path
from typing import Concatenate
from typing import ParamSpec
from typing import TypeVar

from ...engine.values import Device
from ...engine.values import Trust
from ..values import Recipient

log = logging.getLogger("gajim.p.omemo_plugin")

P = ParamSpec("P")
T = TypeVar("T")

_KEPT = 20000
_LOOKED_AT = 1000

_TABLES = """
PRAGMA secure_delete = ON;
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS sets (
    pk INTEGER PRIMARY KEY, data TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS messages (
    pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    conversation TEXT NOT NULL, time REAL NOT NULL, readers INTEGER NOT NULL);
"""


class MessageRecipients:
    """The recipients of one account's messages. Nothing raises."""

    def __init__(self, path: Path, max_age: float) -> None:
        """
        Args:
            max_age: for how many seconds Gajim keeps its history; 0 for as
                long as it runs, below 0 for ever.
        """
        self._path = path
        self._max_age = max_age
        self._connection: sqlite3.Connection | None = None
        if max_age == 0:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        try:
            self._connection = self._open(path)
        except (sqlite3.Error, OSError) as error:
            # It is a comfort, and can be done without
            log.warning("Recipients are not kept: %s", type(error).__name__)
            self._connection = self._open(None)

    def _open(self, path: Path | None) -> sqlite3.Connection:
        if path is None or self._max_age == 0:
            name = ":memory:"
        else:
            path.touch(0o600)
            name = str(path)
        connection = sqlite3.connect(name, isolation_level=None)
        connection.executescript(_TABLES)
        return connection

    def history_changed(self, max_age: float) -> None:
        """The user chose for how long Gajim keeps its history: from the moment in
        which there is none, nothing is on the disk; it is still known."""
        kept_before, self._max_age = self._max_age != 0, max_age
        if kept_before != (max_age != 0):
            self._run(self._move)

    def _move(self, before: sqlite3.Connection) -> None:
        """From the disk into memory, or back."""
        try:
            if self._max_age == 0:
                self._path.unlink(missing_ok=True)
            after = self._open(self._path)
        except OSError as error:
            log.warning("Recipients stay where they are: %s", type(error).__name__)
            return
        before.backup(after)
        self._connection = after
        before.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def note(
        self,
        message_id: str,
        conversation: str,
        recipients: Collection[Recipient],
        now: float,
    ) -> None:
        """A message has been sent."""
        data = json.dumps(
            [
                [one.device.jid, one.device.device_id, one.trust.value, one.label]
                + [True] * one.left_out
                for one in recipients
            ]
        )
        self._run(self._note, message_id, conversation, data, now)

    @staticmethod
    def _note(
        connection: sqlite3.Connection,
        message_id: str,
        conversation: str,
        data: str,
        now: float,
    ) -> None:
        connection.execute("INSERT OR IGNORE INTO sets (data) VALUES (?)", (data,))
        connection.execute(
            "INSERT OR REPLACE INTO messages (id, conversation, time, readers)"
            " SELECT ?, ?, ?, pk FROM sets WHERE data = ?",
            (message_id, conversation, now, data),
        )

    def of(self, message_id: str) -> tuple[Recipient, ...] | None:
        """The devices of a message; None if they are not known."""

        def find(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "SELECT data FROM messages JOIN sets ON sets.pk = readers WHERE id = ?",
                (message_id,),
            ).fetchone()
            return None if row is None else str(row[0])

        data = self._run(find)
        return None if data is None else _parse(data)

    def since(self, time: float) -> list[tuple[str, str, tuple[Recipient, ...]]]:
        """
        The messages that were sent after a time, the newest first, at most a thousand:
        their ids, their conversations, and their devices.

        Args:
            time: seconds since 1970.
        """

        def find(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
            return connection.execute(
                "SELECT id, conversation, data FROM messages"
                " JOIN sets ON sets.pk = readers WHERE time > ?"
                " ORDER BY time DESC LIMIT ?",
                (time, _LOOKED_AT),
            ).fetchall()

        return [
            (message_id, conversation, _parse(data) or ())
            for message_id, conversation, data in self._run(find) or ()
        ]

    def tidy(self, has_history: Callable[[str], bool], now: float) -> None:
        """
        Delete what Gajim has deleted.

        Args:
            has_history: whether it has anything of a conversation.
        """

        def tidy(connection: sqlite3.Connection) -> None:
            rows = connection.execute("SELECT DISTINCT conversation FROM messages")
            gone = [(jid,) for (jid,) in rows.fetchall() if not has_history(jid)]
            connection.executemany("DELETE FROM messages WHERE conversation = ?", gone)
            if self._max_age > 0:
                oldest = now - self._max_age
                connection.execute("DELETE FROM messages WHERE time < ?", (oldest,))
            connection.execute(
                "DELETE FROM messages WHERE pk <= (SELECT MAX(pk) FROM messages) - ?",
                (_KEPT,),
            )
            connection.execute(
                "DELETE FROM sets WHERE pk NOT IN (SELECT readers FROM messages)"
            )

        self._run(tidy)

    def _run(
        self,
        call: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        if self._connection is None:
            return None
        try:
            return call(self._connection, *args, **kwargs)
        except sqlite3.Error as error:
            log.warning("Recipients of messages: %s", type(error).__name__)
            return None


def _parse(data: str) -> tuple[Recipient, ...] | None:
    try:
        return tuple(
            Recipient(Device(jid, number), Trust(trust), label, bool(rest))
            for jid, number, trust, label, *rest in json.loads(data)
        )
    except (ValueError, TypeError):
        return None
