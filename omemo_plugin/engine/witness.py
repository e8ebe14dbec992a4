# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The witness: how far a key store had come, written down in another place.

A store that is put back from a backup looks like any other. So its generation,
a number that grows with each transaction, is also kept in a small file in
another folder. A store behind its witness has been rolled back.

The witness is written only after the store is on the disk, and nobody waits for
it to be there itself: so it may be behind the store, and is never ahead of one
that was left alone, whenever the power goes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# Of one length, so that a line is replaced as a whole
_LINE = "{device_id:010d} {generation:019d}\n"
_LENGTH = len(_LINE.format(device_id=0, generation=0))


class Witness:
    """The generation of one account's store, in a file. Nothing raises: without
    it a rollback is recognised later, by what the server has."""

    def __init__(self, path: Path | None) -> None:
        """
        Args:
            path: None for no witness at all.
        """
        self._path = path

    def generation(self, device_id: int) -> int:
        """
        How far the store had come; 0 if that is not known.

        Args:
            device_id: whose store it is. That of another one, which was deleted
                to start anew, says nothing of this one.
        """
        if self._path is None:
            return 0
        try:
            words = self._path.read_bytes()[:_LENGTH].decode("ascii").split()
            found, generation = (int(word) for word in words)
        except (OSError, ValueError):
            return 0
        return generation if found == device_id else 0

    def write(self, device_id: int, generation: int) -> None:
        """The store is on the disk, up to this generation. From any thread."""
        if self._path is None:
            return
        line = _LINE.format(device_id=device_id, generation=generation)
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, line.encode("ascii"), 0)
            finally:
                os.close(descriptor)
