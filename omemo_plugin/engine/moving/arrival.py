# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The key store of an identity that comes from another computer, before anything uses it.

An arrival changes the signed prekeys. So whoever uses the same file once more, or an
old copy of the store, finds keys on the server that the store does not know, and knows
before anything is sent that the identity goes on elsewhere.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from ..errors import MovingFileDamaged
from ..errors import MovingFileNotRead
from ..errors import MovingFileOfAnother
from ..errors import StoreDamaged
from ..keys.rollback import Rollback
from ..state.core import Core
from ..state.rollback_marker import RollbackMarker
from ..takeover.takeover import has_identity
from ..values import Bundle
from .moving_file import MovedIdentity


class Arrival:
    """A key store in a file of its own, until it takes its place."""

    def __init__(self, identity: MovedIdentity, path: Path, own_jid: str) -> None:
        """
        Args:
            path: where the store is kept meanwhile. Nothing is there yet.
            own_jid: of the account that it is for.

        Raises:
            MovingFileOfAnother: it is of another account.
            MovingFileDamaged: the store makes no sense.
            MovingFileNotRead: the disk refused.
            StoreTooNew: a newer version has written it.
        """
        if identity.own_jid != own_jid:
            raise MovingFileOfAnother(identity.own_jid)
        self.device_id = identity.device_id
        self.encrypted_chats = identity.encrypted_chats
        self._generation = identity.generation
        self._path = path
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(identity.store)
        except OSError as error:
            raise MovingFileNotRead(str(error)) from error
        try:
            # An empty store would get a new identity
            if not has_identity(path):
                raise MovingFileDamaged("there is no identity in it")
            self._core = Core(path, own_jid, time.time)
        except StoreDamaged as error:
            raise MovingFileDamaged("the key store is damaged") from error
        if self._core.device_id != identity.device_id:
            self.close()
            raise MovingFileDamaged("another device")

    def was_used(self, marker: RollbackMarker) -> bool:
        """
        Whether this computer knows that the identity went on from here.

        Args:
            marker: of the account on this computer.
        """
        return self._generation < marker.generation(self.device_id)

    def is_behind(self, bundle: Bundle) -> bool:
        """Whether the server has newer keys of this identity."""
        return Rollback(self._core).is_ahead(bundle)

    def finish(self, marker: RollbackMarker, *, used: bool) -> int:
        """
        Make the store ready for its place, and close it. It is on the disk then.

        Args:
            marker: of the account on this computer.
            used: the identity may go on elsewhere, so no session is sent on.

        Returns:
            Its generation.

        Raises:
            StoreError: nothing was changed.
        """
        core = self._core
        try:
            core.store.overtake(marker.generation(self.device_id))
            if used:
                Rollback(core).heal()
            else:
                for prekeys in core.prekeys.values():
                    prekeys.rotate(core.now())
                core.commit()
            generation = core.store.generation
            core.store.journal.empty()
        except BaseException:
            self.close()
            raise
        core.store.close()
        return generation

    def close(self) -> None:
        """Nothing comes of it."""
        self._core.store.rollback()
        self._core.store.close()
