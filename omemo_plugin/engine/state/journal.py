# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Emptying the journal of the key store, so that no copied disk holds keys of messages
that have been read.

SQLite overwrites in the database what is deleted there, but its journal (WAL)
keeps every transaction until the journal is emptied, and each of them holds the
keys of the messages that were read after it. So the journal is copied into the
database and cut to nothing, often. Copying waits for the disk, which must not
freeze the window, and cutting must happen where the store is used. It goes in
four steps:

1. `begin` in the store's thread.
2. `copy` in another thread, on a connection of its own: SQLite flushes the
   journal, copies it, and flushes the database. The store can be used meanwhile.
3. `cut` in the store's thread. It waits for nothing, because all is copied. If
   there was another transaction meanwhile, step 2 is due again.
4. `settle` in the other thread, which waits until the disk has the short journal.

The store's own connection does not wait for the disk (`synchronous = OFF`): before
anything leaves, `Store.flush` does. Between steps 1 and 4 it is set to `NORMAL`.
With that, SQLite flushes the head of a journal that it begins again: while an old
journal may still be on the disk, frames of both must not be mixed by a power cut.
docs/decisions/0009 says more.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from ..errors import StoreError

# In pages of 4 KiB. The store empties a longer journal itself and waits for the disk.
# This happens only if the caller does not take the steps
PAGES_MAX = 4000
_PAGE = 4096


def flush_file(path: Path, flush: Callable[[int], None]) -> None:
    """
    Return when a file is on the disk, if there is one.

    Args:
        flush: `os.fsync`, or `os.fdatasync`, which leaves out the file's times.

    Raises:
        StoreError: the disk refused.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot flush {path.name}: {error}") from error
    try:
        flush(descriptor)
    except OSError as error:
        raise StoreError(f"cannot flush {path.name}: {error}") from error
    finally:
        os.close(descriptor)


class Journal:
    """
    The journal of an open store.

    Attributes:
        read: how many messages have been read since it was last empty. It may hold
            their keys.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """
        Args:
            path: of the database.
            connection: the store's own.
        """
        self.read = 0
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._connection = connection
        self._copier: sqlite3.Connection | None = None
        # An earlier run may have left transactions in it
        self._commits = int(self._size() > 0)
        self._copied: int | None = None

    @property
    def is_empty(self) -> bool:
        return self._commits == 0

    def committed(self, read: int) -> None:
        """
        The store has written a transaction.

        Args:
            read: how many messages were read in it.
        """
        self._commits += 1
        self.read += read

    def begin(self) -> None:
        """Step 1, in the store's thread."""
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def copy(self) -> None:
        """
        Step 2, in any thread, and as long as the disk takes.

        Raises:
            StoreError: the disk refused; the journal stays as it is.
        """
        commits = self._commits
        try:
            if self._copier is None:
                self._copier = self._open_copier()
            row = self._copier.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"cannot empty the journal: {error}") from error
        busy, length, copied = row
        self._copied = commits if not busy and length == copied else None

    def _open_copier(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=1, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    def cut(self) -> bool:
        """
        Step 3, in the store's thread.

        Returns:
            Whether the journal is empty. It is not if there was a transaction
            after step 2 had begun.
        """
        if self._copied is None or self._copied != self._commits:
            return False
        return self._cut()

    def _cut(self) -> bool:
        try:
            row = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error:
            return False
        if row[0]:
            return False
        self._commits = 0
        self._copied = None
        self.read = 0
        return True

    def settle(self) -> None:
        """
        Step 4, in any thread, and as long as the disk takes.

        Raises:
            StoreError: the disk refused.
        """
        flush_file(self._wal, os.fsync)

    def settled(self) -> None:
        """After step 4, in the store's thread: the old journal is gone from the disk,
        so the store need not wait for the header of the new one."""
        self._connection.execute("PRAGMA synchronous = OFF")

    def empty(self) -> None:
        """
        All steps at once, in the store's thread. Waits for the disk.

        Raises:
            StoreError: the disk refused.
        """
        self.begin()
        self.copy()
        if not self.cut():
            raise StoreError("the journal cannot be emptied")
        self.settle()
        self.settled()

    def limit(self) -> None:
        """Empty a journal that has become very long."""
        if self._size() > PAGES_MAX * _PAGE:
            with contextlib.suppress(StoreError):
                self.empty()

    def _size(self) -> int:
        try:
            return self._wal.stat().st_size
        except OSError:
            return 0

    def close(self) -> None:
        """Before the store's own connection is closed, which empties the journal
        and deletes it."""
        if self._copier is not None:
            self._copier.close()
            self._copier = None
        self._connection.execute("PRAGMA synchronous = FULL")
