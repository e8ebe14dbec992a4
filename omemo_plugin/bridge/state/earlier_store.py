# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The key file of the OMEMO program that this Gajim used before: gajim-omemo, or the one
that is built into Gajim 2. Both use the same file.

Two programs must never use one identity: each would go on with keys that the other has
used. So the file is renamed before its keys are converted. The other program does not
find it any more, and makes a new one with new keys when it starts. After a crash in
between, the renamed file says that the user has agreed, and the rest is done at the
next start. Once that is done it is deleted: its prekeys and sessions would open what is
read later. Whoever deletes the plugin's own store begins with new keys, and not with
used ones.

The way back, when the plugin is switched off, is in `key_return`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from enum import Enum
from pathlib import Path

from ...engine.errors import EarlierStoreError
from ...engine.state.rollback_marker import RollbackMarker
from ...engine.takeover.reader import read
from ...engine.takeover.reader import read_own
from ...engine.takeover.takeover import has_identity
from ...engine.takeover.takeover import take_over
from ...engine.takeover.values import OwnKey
from ...engine.takeover.values import Taken
from .key_files import delete_key_files
from .key_return import KeyReturn
from .key_return import claim

log = logging.getLogger("gajim.p.omemo_plugin")

# For how many seconds the other program may finish what it writes
_PATIENCE_SECONDS = 2.0

# While its keys are taken over
_CLAIMED = ".taking-over"


class EarlierState(Enum):
    """
    The state of an earlier identity.

    NOTHING: there is none, or this plugin has an identity already.
    ASK: there is one that was in use; the user decides.
    INTERRUPTED: the user has decided to keep it, and Gajim ended before that was
        done.
    """

    NOTHING = "nothing"
    ASK = "ask"
    INTERRUPTED = "interrupted"


class EarlierStore:
    """The file of one account. Nothing else may use it while `take` runs."""

    def __init__(
        self, own_jid: str, folder: Path, store: Path, marker: Path | None = None
    ) -> None:
        """
        Args:
            own_jid: the account's bare JID.
            folder: where Gajim keeps its data.
            store: the key store of this plugin.
            marker: the file that says how far the store has come.
        """
        self._own_jid = own_jid
        self._path = folder / f"omemo_{own_jid}.db"
        self._claimed = self._path.with_name(self._path.name + _CLAIMED)
        self._store = store
        self._marker = RollbackMarker(marker)
        self._return = KeyReturn(own_jid, self._path, store, self._marker)
        # An address may not lead out of the folder
        self._is_possible = "/" not in own_jid and self._path.parent == folder

    def state(self) -> EarlierState:
        """
        Raises:
            EarlierStoreError: there is a file that cannot be read.
            StoreError: the plugin's own store cannot be opened.
            OSError: giving the keys back has not come to its end.
        """
        if not self._is_possible:
            return EarlierState.NOTHING
        self._return.settle()
        if self._claimed.exists():
            if not has_identity(self._store):
                return EarlierState.INTERRUPTED
            self._forget()
        if self._store.exists():
            return EarlierState.NOTHING
        identity = read(self._path)
        if identity is None or not identity.was_used:
            return EarlierState.NOTHING
        return EarlierState.ASK

    def own_key(self) -> OwnKey | None:
        """The device and the key that the file is about; None if there is none."""
        if not self._is_possible:
            return None
        try:
            own = read_own(self._path)
        except EarlierStoreError as error:
            log.info("The earlier keys: %s", error)
            return None
        return None if own is None else replace(own, is_unused=self._is_unused())

    def _is_unused(self) -> bool:
        """Whether nobody has met the keys, as far as the file can be read."""
        try:
            identity = read(self._path)
        except EarlierStoreError:
            return False
        return identity is not None and not identity.was_used

    @property
    def marked_device(self) -> int:
        """The device of this plugin whose store there was last; 0 if there was
        none."""
        return self._marker.device_id

    @property
    def renamed_files(self) -> tuple[Path, ...]:
        """The names that the file has when the other program does not use it."""
        if not self._is_possible:
            return ()
        return (self._claimed, *self._return.files)

    def take(self) -> Taken:
        """
        Make the plugin's key store from the file, which the other program will not
        use any more.

        Raises:
            EarlierStoreError: it cannot be read, or is in use.
            StoreError: the plugin's store cannot be written. It is tried again at the
                next start.
        """
        if not self._claimed.exists():
            # Raises now, while the other program can still go on
            if read(self._path) is None:
                raise EarlierStoreError("there is no identity")
            claim(self._path, self._claimed, _PATIENCE_SECONDS)
        identity = read(self._claimed)
        if identity is None:
            raise EarlierStoreError("there is no identity")
        if not has_identity(self._store):
            self._marker.adopt(identity.device_id)
        taken = take_over(
            self._store,
            self._own_jid,
            identity,
            int(time.time()),
            self._marker.generation(identity.device_id),
        )
        self._forget()
        return taken

    def device_to_give(self) -> int:
        """
        The device that the other program could go on with; 0 if there is none. Nothing
        else may use the plugin's store.

        Raises:
            StoreError, EarlierStoreError, OSError: it is not known.
        """
        return self._return.device_to_give() if self._is_possible else 0

    def give(self) -> int:
        """
        Give the identity to the other program. Neither that program nor anything else
        of this plugin may use its file meanwhile.

        Returns:
            The id of the device that the other program had until now; 0 for none.

        Raises:
            EarlierStoreError, StoreError, OSError: this plugin still has it.
        """
        return self._return.give()

    def _forget(self) -> None:
        """The plugin's store is on the disk, and has what was in the file."""
        try:
            delete_key_files((self._claimed,))
        except OSError as error:
            # It is done at the next start
            log.warning("The file of the earlier keys is still there: %s", error)
