# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Giving the identity of an account back to the OMEMO program that this Gajim has beside
the plugin: gajim-omemo, or the one that is built into Gajim 2.

Two programs must never use one identity, so at no moment both find it. The order is:

1. A complete file for the other program is written, under a name that nobody reads.
2. What the other program has now is set aside.
3. The plugin's own store is renamed. This plugin does not find it any more.
4. The new file gets its name. The other program finds it.
5. The store is deleted, and its marker says that it is an old one: a copy of it from a
   backup is recognised, and nothing is sent with its keys.

Each step is on the disk before the next one begins. After a crash the files tell how
far it had come: as long as the new file has the name of step 1, nobody has used it, and
the store gets its name back.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from ...engine.errors import EarlierStoreError
from ...engine.errors import EarlierStoreInUse
from ...engine.errors import OmemoError
from ...engine.state.rollback_marker import RollbackMarker
from ...engine.state.store import Store
from ...engine.takeover.own_store import read_own_store
from ...engine.takeover.reader import read
from ...engine.takeover.writer import write
from .key_files import delete_key_files
from .private_file import wait_for_folder

log = logging.getLogger("gajim.p.omemo_plugin")

_DEVICE_ID = "/own_device_id"

# For how many seconds the other program may finish what it writes
_PATIENCE_SECONDS = 2.0

_GIVING = ".giving-back"
_GIVEN = ".given-back"
_REPLACED = ".replaced"


def claim(path: Path, name: Path, patience: float) -> None:
    """
    Rename the file of the other program, so that it does not find it any more. On the
    disk when this returns.

    Args:
        patience: for how many seconds it may finish what it writes.

    Raises:
        EarlierStoreInUse: it is writing to it. Nothing was changed.
    """
    try:
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None)
        try:
            # Everything is in the one file then, which is renamed
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            path.rename(name)
            connection.execute("ROLLBACK")
        finally:
            connection.close()
        wait_for_folder(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise EarlierStoreInUse("the other program uses its file") from error


class KeyReturn:
    """Gives the identity of one account back."""

    def __init__(
        self, own_jid: str, path: Path, store: Path, marker: RollbackMarker
    ) -> None:
        """
        Args:
            path: where the other program has its file.
            store: the key store of this plugin.
            marker: of the key store.
        """
        self._own_jid = own_jid
        self._path = path
        self._store = store
        self._marker = marker
        self._giving = path.with_name(path.name + _GIVING)
        self._replaced = path.with_name(path.name + _REPLACED)
        self._given = store.with_name(store.name + _GIVEN)

    @property
    def files(self) -> tuple[Path, ...]:
        """The names that files with keys may have after a crash, and the name of what
        the other program had before."""
        return (self._giving, self._given, self._replaced)

    def device_to_give(self) -> int:
        """
        The device that the other program could go on with; 0 if there is none that a
        contact knows. Nothing else may use the store.

        Raises:
            StoreError, EarlierStoreError, OSError: it is not known.
        """
        self.settle()
        if not self._store.exists():
            return 0
        store = Store(self._store)
        try:
            identity = read_own_store(store, self._own_jid)
        finally:
            store.close()
        return identity.device_id if identity is not None and identity.was_used else 0

    def give(self) -> int:
        """
        Give it back. Nothing else may use the store or the other program's file.

        Returns:
            The id of the device that the other program had until now; 0 for none.

        Raises:
            EarlierStoreError, StoreError, OSError: this plugin still has it.
        """
        self.settle()
        if not self._store.exists():
            raise EarlierStoreError("there is no identity")
        store = Store(self._store)
        try:
            identity = read_own_store(store, self._own_jid)
            if identity is None or not identity.was_used:
                raise EarlierStoreError("there is no identity that was used")
            write(self._giving, identity)
            replaced, is_unused = self._set_aside()
        except BaseException:
            store.close()
            self.settle()
            raise
        try:
            store.close_as(self._given)
            self._publish()
        except BaseException:
            self.settle()
            raise
        self._forget()
        if is_unused:
            _delete(self._replaced)
        return replaced

    def _set_aside(self) -> tuple[int, bool]:
        """Returns the id of the device whose file it is, 0 for none, and whether
        nobody has met its keys."""
        if not self._path.exists():
            return 0, False
        try:
            identity = read(self._path)
        except EarlierStoreInUse:
            raise
        except EarlierStoreError as error:
            # It is set aside unread
            log.info("The keys of the other program: %s", error)
            identity = None
        claim(self._path, self._replaced, _PATIENCE_SECONDS)
        if identity is None:
            return 0, False
        return identity.device_id, not identity.was_used

    def _publish(self) -> None:
        """Step 4. If it is not on the disk, it has not happened."""
        self._giving.rename(self._path)
        try:
            wait_for_folder(self._path.parent)
        except OSError:
            self._path.rename(self._giving)
            raise

    def settle(self) -> None:
        """
        Go on after a crash, or take back what was not done to its end. Before anything
        opens the store.

        Raises:
            OSError: it is not known who has the identity; nobody may use it now.
        """
        if self._given.exists():
            if self._giving.exists() and not self._store.exists():
                # Nobody has seen the new file
                self._given.rename(self._store)
                wait_for_folder(self._store.parent)
            else:
                self._forget()
        if self._giving.exists():
            delete_key_files((self._giving,))

    def _forget(self) -> None:
        """Step 5. What is not done is done at the next start."""
        try:
            store = Store(self._given)
        except OmemoError as error:
            # It is being deleted already
            log.info("The store that was given back: %s", type(error).__name__)
        else:
            device_id: int = store.get(_DEVICE_ID, 0)
            generation = store.generation
            store.close()
            if device_id:
                self._marker.write(device_id, generation + 1)
        _delete(self._given)


def _delete(path: Path) -> None:
    try:
        delete_key_files((path,))
    except OSError as error:
        log.warning("A file of keys that nobody uses stays: %s", error)
