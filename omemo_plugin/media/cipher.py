# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypting and decrypting files in chunks of any size: AES-256-GCM with the tag at the
end (XEP-0454), and the other ciphers of XEP-0448 for files that were received.
"""

from __future__ import annotations

import secrets
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.padding import PKCS7

from ..engine.errors import OmemoError

KEY_LENGTH = 32

# Ours, and the one of older clients
IV_LENGTHS = (12, 16)

TAG_LENGTH = 16


_BLOCK_BITS = 128
_BLOCK = _BLOCK_BITS // 8


class FileCipher(Enum):
    """
    The ciphers of XEP-0448, "Ciphers", by their namespaces.

    AES_256_CBC proves nothing: a file that it encrypts needs a hash.
    """

    AES_128_GCM = "urn:xmpp:ciphers:aes-128-gcm-nopadding:0"
    AES_256_GCM = "urn:xmpp:ciphers:aes-256-gcm-nopadding:0"
    AES_256_CBC = "urn:xmpp:ciphers:aes-256-cbc-pkcs7:0"

    @property
    def key_length(self) -> int:
        """In bytes."""
        return 16 if self is FileCipher.AES_128_GCM else KEY_LENGTH

    @property
    def iv_lengths(self) -> tuple[int, ...]:
        """In bytes. QXmpp sends 32 for CBC, and uses the first 16."""
        return (_BLOCK, 2 * _BLOCK) if self is FileCipher.AES_256_CBC else IV_LENGTHS

    @property
    def proves(self) -> bool:
        """Whether a file that was changed is noticed without a hash."""
        return self is not FileCipher.AES_256_CBC


class FileDamaged(OmemoError):
    """A file is not the one the sender encrypted. No byte of it may be used."""


def new_key() -> tuple[bytes, bytes]:
    """A random IV and key, for one file only."""
    return secrets.token_bytes(IV_LENGTHS[0]), secrets.token_bytes(KEY_LENGTH)


def encrypted_size(size: int, cipher: FileCipher = FileCipher.AES_256_GCM) -> int:
    """The size on the server of a file of so many bytes."""
    if cipher is FileCipher.AES_256_CBC:
        return (size // _BLOCK + 1) * _BLOCK
    return size + TAG_LENGTH


class FileEncryptor:
    """Encrypts one file."""

    def __init__(self, iv: bytes, key: bytes) -> None:
        """
        Raises:
            ValueError: the IV or the key has a wrong length.
        """
        self._context = _gcm(iv, key).encryptor()

    def update(self, data: bytes) -> bytes:
        return self._context.update(data)

    def finish(self) -> bytes:
        """The last bytes of the encrypted file."""
        return self._context.finalize() + self._context.tag


class FileDecryptor:
    """
    Decrypts one file of AES-GCM. SECURITY: the bytes that `update` and `finish` return
    are not authentic until `finish` has returned, and of a file without a tag until
    its hash was compared; they must not be shown before. `DecryptedFile` makes sure of
    that.
    """

    def __init__(
        self,
        iv: bytes,
        key: bytes,
        cipher: FileCipher = FileCipher.AES_256_GCM,
        *,
        size_without_tag: int | None = None,
    ) -> None:
        """
        Args:
            size_without_tag: a file of exactly so many bytes has no tag at its end,
                because its hash is known (XEP-0448, "Ciphers"); None if a tag is
                needed.

        Raises:
            ValueError: the IV or the key has a wrong length.
        """
        self._context = _gcm(iv, key, cipher).decryptor()
        self._size_without_tag = size_without_tag
        self._size = 0
        # The last bytes so far: they could be the tag
        self._held = b""

    def update(self, data: bytes) -> bytes:
        self._size += len(data)
        if len(data) < TAG_LENGTH:
            joined = self._held + data
            ready, self._held = joined[:-TAG_LENGTH], joined[-TAG_LENGTH:]
            return self._context.update(ready)
        ready, self._held = self._held, data[-TAG_LENGTH:]
        return self._context.update(ready) + self._context.update(data[:-TAG_LENGTH])

    def finish(self) -> bytes:
        """
        Returns:
            The last bytes of the file.

        Raises:
            FileDamaged: it is cut off, was changed, or has another key.
        """
        if self._size == self._size_without_tag:
            return self._context.update(self._held)
        if len(self._held) != TAG_LENGTH:
            raise FileDamaged("too short")
        try:
            self._context.finalize_with_tag(self._held)
        except InvalidTag:
            raise FileDamaged("a wrong tag") from None
        return b""


class CbcDecryptor:
    """
    Decrypts one file of AES-256-CBC, padded as in PKCS #7. SECURITY: nothing proves
    that the bytes are authentic but a hash of all of them.
    """

    def __init__(self, iv: bytes, key: bytes) -> None:
        """
        Raises:
            ValueError: the IV or the key has a wrong length.
        """
        _check_lengths(iv, key, FileCipher.AES_256_CBC)
        self._context = Cipher(AES(key), CBC(iv[:_BLOCK])).decryptor()
        self._unpadder = PKCS7(_BLOCK_BITS).unpadder()

    def update(self, data: bytes) -> bytes:
        return self._unpadder.update(self._context.update(data))

    def finish(self) -> bytes:
        """
        Returns:
            The last bytes of the file.

        Raises:
            FileDamaged: it is cut off, was changed, or has another key.
        """
        try:
            last = self._unpadder.update(self._context.finalize())
            return last + self._unpadder.finalize()
        except ValueError:
            # The same words as for a wrong hash, so that nobody learns about the key
            # from what is said of a changed file
            raise FileDamaged("a wrong hash") from None


def _gcm(
    iv: bytes, key: bytes, cipher: FileCipher = FileCipher.AES_256_GCM
) -> Cipher[GCM]:
    _check_lengths(iv, key, cipher)
    return Cipher(AES(key), GCM(iv))


def _check_lengths(iv: bytes, key: bytes, cipher: FileCipher) -> None:
    if len(iv) not in cipher.iv_lengths or len(key) != cipher.key_length:
        raise ValueError("an IV or a key of a wrong length")
