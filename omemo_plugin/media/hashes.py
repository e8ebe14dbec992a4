# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hashes of files, by their names in XMPP (XEP-0300)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol


class _Running(Protocol):
    """A hash that is being computed."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


# XEP-0300, "Existing Algorithms", without those that XEP-0414 forbids. Each is
# named by its length too, so that a shortened hash proves nothing
_ALGORITHMS: dict[str, tuple[int, Callable[[], _Running]]] = {
    "sha-256": (32, hashlib.sha256),
    "sha-384": (48, hashlib.sha384),
    "sha-512": (64, hashlib.sha512),
    "sha3-256": (32, hashlib.sha3_256),
    "sha3-512": (64, hashlib.sha3_512),
    "blake2b-256": (32, partial(hashlib.blake2b, digest_size=32)),
    "blake2b-512": (64, hashlib.blake2b),
}

# The one that every program can check (XEP-0414, "SHA-256")
SENT_ALGORITHM = "sha-256"


@dataclass(frozen=True)
class FileHash:
    """
    Attributes:
        algorithm: a key of the table of XEP-0300.
        digest: as many bytes as the algorithm gives.
    """

    algorithm: str
    digest: bytes


def digest_length(algorithm: str) -> int | None:
    """The bytes of a hash; None for an algorithm that is unknown or too weak."""
    known = _ALGORITHMS.get(algorithm)
    return None if known is None else known[0]


@dataclass(frozen=True)
class FileFacts:
    """
    A file before it was encrypted.

    Attributes:
        name: without its folder.
        size: in bytes.
        digest: its SHA-256.
    """

    name: str
    size: int
    digest: bytes


class HashCheck:
    """Compares bytes that arrive in pieces with all hashes that are known of them."""

    def __init__(self, expected: Iterable[FileHash]) -> None:
        """
        Args:
            expected: of known algorithms only.
        """
        self._checks = [(_ALGORITHMS[one.algorithm][1](), one) for one in expected]

    def update(self, data: bytes) -> None:
        for running, _expected in self._checks:
            running.update(data)

    def matches(self) -> bool:
        """Whether all hashes are right; also if there is none."""
        return all(
            hmac.compare_digest(running.digest(), expected.digest)
            for running, expected in self._checks
        )
