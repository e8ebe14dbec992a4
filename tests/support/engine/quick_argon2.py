# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passphrases that take no time, for tests about something else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Argon2 replaced by a hash. A file made so cannot be read without it."""
    pytest.importorskip("pykeepass", reason="apt install python3-pykeepass")
    from argon2 import low_level
    from pykeepass import pykeepass

    def derive(secret: bytes, salt: bytes, **_costs: Any) -> bytes:
        return hashlib.sha256(b"quick" + salt + secret).digest()

    example = Path(pykeepass.BLANK_DATABASE_LOCATION).read_bytes()
    slow = low_level.hash_secret_raw

    def hash_secret_raw(secret: bytes, salt: bytes, **costs: Any) -> bytes:
        # The library's example is encrypted with the real one
        if salt in example:
            return _of_example(slow, secret, salt, costs)
        return derive(secret, salt)

    monkeypatch.setattr(low_level, "hash_secret_raw", hash_secret_raw)


_known: dict[bytes, bytes] = {}


def _of_example(slow: Any, secret: bytes, salt: bytes, costs: dict[str, Any]) -> bytes:
    """Once for each passphrase."""
    if secret not in _known:
        _known[secret] = slow(secret=secret, salt=salt, **costs)
    return _known[secret]
