# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing a small file that is either complete or unchanged."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# Of the file that takes the place of another one when it is complete. Where the program
# is killed before that, it stays
UNFINISHED = ".new"


def write_private(path: Path, text: str, *, durable: bool = True) -> None:
    """
    Replace a file, for its owner alone to read.

    Args:
        durable: wait until it would survive a power cut.

    Raises:
        OSError: what was there before is still there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private_bytes(path, text.encode(), durable=durable)


def write_private_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """The same for bytes. The folder has to be there."""
    new = path.with_name(path.name + UNFINISHED)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        # Such as a full disk
        with suppress(OSError):
            new.unlink()
        raise
    if durable:
        wait_for_folder(path.parent)


def delete_file(path: Path) -> None:
    """
    Delete a file, if it is there. It would not be back after a power cut.

    Raises:
        OSError: it is still there.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return
    wait_for_folder(path.parent)


def wait_for_folder(folder: Path) -> None:
    """Without this the old file could be back after a power cut: its name is an
    entry of the folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
