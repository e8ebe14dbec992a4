# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an identity takes along to another computer."""

from __future__ import annotations

from pathlib import Path

from ..errors import MovingFileNotRead
from ..errors import StoreDamaged
from ..state.store import Store
from ..takeover.takeover import DEVICE_ID
from .moving_file import MovedIdentity


def pack(path: Path, own_jid: str, encrypted_chats: str) -> MovedIdentity:
    """
    Args:
        path: of the key store, which nobody has open.
        encrypted_chats: the list of encrypted chats, as it is on the disk.

    Raises:
        StoreError: it cannot be read.
        MovingFileNotRead: the same.
    """
    store = Store(path)
    try:
        device_id = store.get(DEVICE_ID)
        if not isinstance(device_id, int):
            raise StoreDamaged("there is no identity")
        generation = store.generation
        # All of it is in the one file then
        store.journal.empty()
    finally:
        store.close()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MovingFileNotRead("the key store") from error
    return MovedIdentity(own_jid, device_id, generation, content, encrypted_chats)
