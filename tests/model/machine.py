# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The surroundings of the engines in the model: a disk that is a dict, and random numbers
that are not random. Two orders of events that make no difference lead to the same
bytes, so that the states after them are explored once.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from typing import TypeVar
from unittest import mock

from doubleratchet.recommended import diffie_hellman_ratchet_curve25519

from omemo_plugin.engine.state import core as core_module
from omemo_plugin.engine.state import store as store_module
from omemo_plugin.engine.state.rollback_marker import RollbackMarker

T = TypeVar("T")


class Chance:
    """Random numbers that are the same in each run, and never come twice: what a
    device draws goes on where it was, also after the device has lost its store."""

    def __init__(self) -> None:
        self.device = "nobody"
        self._drawn: dict[str, int] = {}

    def token_bytes(self, size: int = 32) -> bytes:
        number = self._drawn.get(self.device, 0)
        self._drawn[self.device] = number + 1
        seed = f"{self.device} {number}".encode()
        return hashlib.shake_256(seed).digest(size)

    def randbelow(self, limit: int) -> int:
        return int.from_bytes(self.token_bytes(16), "big") % limit

    def choice(self, of: Sequence[T]) -> T:
        # A set's order is another one in each run
        return sorted(of, key=repr)[self.randbelow(len(of))]

    def ratchet_key(self) -> bytes:
        return self.token_bytes(32)


class MemoryDisk:
    """The databases of all devices, as they were written last."""

    def __init__(self) -> None:
        self.images: dict[Path, bytes] = {}
        self.generations: dict[Path, tuple[int, int]] = {}
        self._connect = sqlite3.connect

    def connect(self, database: Path, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._connect(":memory:", **options)
        image = self.images.get(database)
        if image is not None:
            connection.deserialize(image)
        return connection

    def marker(self, path: Path | None) -> MemoryMarker:
        return MemoryMarker(path, self)


class MemoryMarker(RollbackMarker):
    """A marker of a store's generation that is forked with its process."""

    def __init__(self, path: Path | None, disk: MemoryDisk) -> None:
        super().__init__(path)
        assert path is not None
        self._where = path
        self._disk = disk

    def _read(self) -> tuple[int, int]:
        return self._disk.generations.get(self._where, (0, 0))

    def write(self, device_id: int, generation: int) -> None:
        self._disk.generations[self._where] = (device_id, generation)


@contextlib.contextmanager
def installed(disk: MemoryDisk, chance: Chance) -> Iterator[None]:
    """Have the engines use them. Everything else of an engine is real."""
    database = SimpleNamespace(**vars(sqlite3))
    database.connect = disk.connect
    # A process that was forked has its parent's locks
    unlocked = SimpleNamespace(LOCK_EX=0, LOCK_NB=0, flock=lambda *_: None)
    ratchet = diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet
    with (
        mock.patch.object(store_module, "sqlite3", database),
        mock.patch.object(store_module, "fcntl", unlocked),
        mock.patch.object(core_module, "RollbackMarker", disk.marker),
        mock.patch.object(secrets, "token_bytes", chance.token_bytes),
        mock.patch.object(secrets, "randbelow", chance.randbelow),
        mock.patch.object(secrets, "choice", chance.choice),
        mock.patch.object(ratchet, "_generate_priv", staticmethod(chance.ratchet_key)),
    ):
        yield
