# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The encryption of files: AES-256-GCM with the tag at the end (XEP-0454). Files
are larger than memory, so everything works on chunks of any size.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from ..engine.errors import OmemoError

KEY_LENGTH = 32

# Ours, and the one of older clients
IV_LENGTHS = (12, 16)

TAG_LENGTH = 16


class FileDamaged(OmemoError):
    """A file is not what the sender encrypted. Nothing of it is to be used."""


def new_key() -> tuple[bytes, bytes]:
    """A random IV and key, for one file only."""
    return secrets.token_bytes(IV_LENGTHS[0]), secrets.token_bytes(KEY_LENGTH)


def encrypted_size(size: int) -> int:
    """How many bytes a file of that many has on the server."""
    return size + TAG_LENGTH


class Encryptor:
    """Encrypts one file."""

    def __init__(self, iv: bytes, key: bytes) -> None:
        """
        Raises:
            ValueError: the IV or the key has a wrong length.
        """
        self._context = _cipher(iv, key).encryptor()

    def update(self, data: bytes) -> bytes:
        return self._context.update(data)

    def finish(self) -> bytes:
        """The last bytes of the encrypted file."""
        return self._context.finalize() + self._context.tag


class Decryptor:
    """
    Decrypts one file. SECURITY: what `update` returns is worth nothing before
    `finish` has returned. Nobody may see it until then; `DecryptedFile` takes
    care of that.
    """

    def __init__(self, iv: bytes, key: bytes) -> None:
        """
        Raises:
            ValueError: the IV or the key has a wrong length.
        """
        self._context = _cipher(iv, key).decryptor()
        # The last bytes so far: they could be the tag
        self._held = b""

    def update(self, data: bytes) -> bytes:
        if len(data) < TAG_LENGTH:
            joined = self._held + data
            ready, self._held = joined[:-TAG_LENGTH], joined[-TAG_LENGTH:]
            return self._context.update(ready)
        ready, self._held = self._held, data[-TAG_LENGTH:]
        return self._context.update(ready) + self._context.update(data[:-TAG_LENGTH])

    def finish(self) -> None:
        """
        Raises:
            FileDamaged: it is cut off, was changed, or has another key.
        """
        if len(self._held) != TAG_LENGTH:
            raise FileDamaged("too short")
        try:
            self._context.finalize_with_tag(self._held)
        except InvalidTag:
            raise FileDamaged("a wrong tag") from None


def _cipher(iv: bytes, key: bytes) -> Cipher[GCM]:
    if len(iv) not in IV_LENGTHS or len(key) != KEY_LENGTH:
        raise ValueError("an IV or a key of a wrong length")
    return Cipher(AES(key), GCM(iv))
