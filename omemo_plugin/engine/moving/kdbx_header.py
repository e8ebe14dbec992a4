# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a KeePass file demands before its passphrase can be tried. It stands in the file in
clear, and whoever gives somebody a file could demand all memory and hours of time.
"""

from __future__ import annotations

import struct

from ..errors import MovingFileDamaged

_SIGNATURE = bytes.fromhex("03d9a29a67fb4bb5")
_VERSION = 4
_END = 0
_KDF_PARAMETERS = 11

# Argon2d and Argon2id
_ARGON2 = (
    bytes.fromhex("ef636ddf8c29444b91f7a9a403e30a0c"),
    bytes.fromhex("9e298b1956db4773b23dfc3ec6f0a1e6"),
)

# Bytes and rounds and threads: sixteen times what this plugin writes
_MEMORY_MAX = 1 << 30
_ROUNDS_MAX = 224
_THREADS_MAX = 32


def check_cost(content: bytes) -> None:
    """
    Raises:
        MovingFileDamaged: it is no KeePass file of version 4 with Argon2, or one that
            demands more than anybody needs.
    """
    try:
        parameters = _parameters(content)
        memory = int.from_bytes(parameters["M"], "little")
        rounds = int.from_bytes(parameters["I"], "little")
        threads = int.from_bytes(parameters["P"], "little")
        function = parameters["$UUID"]
    except (KeyError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise MovingFileDamaged("it is no KeePass file") from error
    if function not in _ARGON2:
        raise MovingFileDamaged("another function for passphrases")
    if memory > _MEMORY_MAX or rounds > _ROUNDS_MAX or threads > _THREADS_MAX:
        raise MovingFileDamaged("it demands too much")


def _parameters(content: bytes) -> dict[str, bytes]:
    """The parameters of the function that makes a key of the passphrase."""
    _minor, major = struct.unpack_from("<HH", content, len(_SIGNATURE))
    if not content.startswith(_SIGNATURE) or major != _VERSION:
        raise MovingFileDamaged("it is no KeePass file")
    at = len(_SIGNATURE) + 4
    while True:
        kind, length = struct.unpack_from("<BI", content, at)
        at += 5
        if kind == _KDF_PARAMETERS:
            return _dictionary(content[at : at + length])
        if kind == _END:
            raise MovingFileDamaged("there are no parameters")
        at += length


def _dictionary(data: bytes) -> dict[str, bytes]:
    values = {}
    at = 2
    while data[at]:
        (length,) = struct.unpack_from("<I", data, at + 1)
        at += 5
        name = data[at : at + length].decode()
        at += length
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        values[name] = data[at : at + length]
        at += length
    return values
