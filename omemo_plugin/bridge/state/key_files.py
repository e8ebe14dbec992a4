# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Deleting all files that hold keys of an account, or what was known about devices.

The content is overwritten first. What a file system or a flash chip keeps of blocks
that were freed is out of reach: the disk should be encrypted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .paths import Folders
from .paths import arriving_path
from .paths import drafts_path
from .paths import encrypted_chats_path
from .paths import recipients_path
from .paths import rollback_marker_path
from .paths import settings_path
from .paths import store_path
from .private_file import UNFINISHED
from .private_file import wait_for_folder

# What SQLite, and the lock of our own, put beside a database; and a file that was to
# replace one when the program was killed
_BESIDE = ("-wal", "-shm", "-journal", "-lock", UNFINISHED, "")

_PIECE = 1 << 16


def key_files(folders: Folders, own_jid: str) -> tuple[Path, ...]:
    """The databases of an account. Not the list of encrypted chats, which keeps their
    texts from leaving in clear, nor the mark of how far the store had come, which tells
    a copy of it from a newer one."""
    return (
        store_path(folders.data, own_jid),
        recipients_path(folders.data, own_jid),
    )


def delete_account_files(
    folders: Folders, own_jid: str, more_files: Iterable[Path]
) -> None:
    """
    Delete all files of an account that is not in Gajim any more: those with keys, and
    those that say with whom it had encrypted chats, or what was not sent.

    Args:
        more_files: others that have its keys.

    Raises:
        OSError: some of them may still be there.
    """
    delete_key_files(
        (
            *key_files(folders, own_jid),
            *more_files,
            arriving_path(folders.data, own_jid),
            encrypted_chats_path(folders.data, own_jid),
            drafts_path(folders.data, own_jid),
            settings_path(folders.data, own_jid),
            rollback_marker_path(folders.config, own_jid),
        )
    )


def delete_key_files(paths: Iterable[Path]) -> None:
    """
    Overwrite and delete files, with what lies beside them. They may not be open. On
    the disk when this returns.

    Raises:
        OSError: some of them may still be there.
    """
    folders = set()
    for path in paths:
        for ending in _BESIDE:
            one = path.with_name(path.name + ending)
            # A link is deleted, and not what it leads to
            if one.is_symlink() or one.exists():
                _overwrite(one)
                one.unlink()
                folders.add(one.parent)
    for folder in folders:
        wait_for_folder(folder)


def _overwrite(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        left = os.fstat(descriptor).st_size
        while left > 0:
            left -= os.write(descriptor, bytes(min(left, _PIECE)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
