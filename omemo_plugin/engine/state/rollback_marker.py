# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The rollback marker: a file that records the newest generation of a key store.

A key store that was restored from a backup looks like any other. Its generation, a
number that grows with each transaction, is therefore also kept in a small file in
another folder. A store with a lower generation than its marker was rolled back.

The marker is written only after the store is on the disk, and is not flushed. After
a power cut it may be behind its store, but it is never ahead of it.

It stays when an identity ends, and says then that each copy of its store is an old one.
A marker of another device says the same: that one has been used here since.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# All lines have the same length, so that a write replaces a line as a whole
_LINE = "{device_id:010d} {generation:019d}\n"
_LENGTH = len(_LINE.format(device_id=0, generation=0))

# More transactions than a store ever has. Nine ends fit in a line
_NEVER = 10**18


class RollbackMarker:
    """The generation of one account's store, in a file. No method raises: without
    the file, the engine recognises a rollback later, by the bundle on the server."""

    def __init__(self, path: Path | None) -> None:
        """
        Args:
            path: None for no marker at all.
        """
        self._path = path

    @property
    def device_id(self) -> int:
        """The device whose store it is; 0 if it is not known."""
        return self._read()[0]

    def generation(self, device_id: int) -> int:
        """
        The newest recorded generation of the store; 0 if it is not known.

        Args:
            device_id: the device whose store it is. The marker of another device
                does not count.
        """
        found, generation = self._read()
        return generation if found == device_id else 0

    def is_ahead(self, device_id: int, generation: int) -> bool:
        """Whether a store is older than what was used here last."""
        found, newest = self._read()
        return found not in (0, device_id) or (
            found == device_id and generation < newest
        )

    def adopt(self, device_id: int) -> None:
        """From now on this device is used here, and not the one whose marker it may
        be."""
        if self.device_id not in (0, device_id):
            self.write(device_id, 0)

    def _read(self) -> tuple[int, int]:
        if self._path is None:
            return 0, 0
        try:
            words = self._path.read_bytes()[:_LENGTH].decode("ascii").split()
            device_id, generation = (int(word) for word in words)
        except (OSError, ValueError):
            return 0, 0
        return device_id, generation

    def end(self, device_id: int) -> None:
        """The identity has ended: every store of it is an old one."""
        if device_id:
            self.write(device_id, self.generation(device_id) + _NEVER)

    def write(self, device_id: int, generation: int) -> None:
        """Record that the store is on the disk up to this generation. Any thread
        may call this."""
        if self._path is None:
            return
        line = _LINE.format(device_id=device_id, generation=generation)
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, line.encode("ascii"), 0)
            finally:
                os.close(descriptor)
