# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The same primitives by a shorter way into a library.

Older versions of python3-cryptography make an HMAC, an HKDF, an AES-CBC or an
AES-GCM of several Python objects each, which takes five times as long as the
mathematics. GnuTLS does each in one or two calls. No primitive is written here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from types import FunctionType
from typing import Any

from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from doubleratchet.aead import DecryptionFailedException
from doubleratchet.recommended import HashFunction

_HASHES = (HashFunction.SHA_256, HashFunction.SHA_512)

# Steps a coroutine to its end
Run = Callable[[Any], Any]


def library_is_slow() -> bool:
    """Whether cryptography's objects are Python; newer ones have them in Rust."""
    return isinstance(HKDF.derive, FunctionType)


def compare_hmac(run: Run, slow: Any, faster: Any) -> None:
    """
    Args:
        run: steps a coroutine to its end.

    Raises:
        ValueError: the faster one comes to another result.
    """
    for function in _HASHES:
        for size in (0, 1, 32, 200):
            arguments = secrets.token_bytes(32), function, secrets.token_bytes(size)
            if run(faster(*arguments)) != run(slow(*arguments)):
                raise ValueError("another HMAC")


def compare_hkdf(run: Run, slow: Any, faster: Any) -> None:
    """
    Args:
        run: steps a coroutine to its end.

    Raises:
        ValueError: the faster one comes to another result.
    """
    for function in _HASHES:
        for length in (16, 64, 80, 8160):
            for salt in (b"", bytes(32), secrets.token_bytes(100)):
                for info in (b"", secrets.token_bytes(40)):
                    arguments = (function, length, salt, info, secrets.token_bytes(32))
                    if run(faster(*arguments)) != run(slow(*arguments)):
                        raise ValueError("another HKDF")


def compare_cbc(run: Run, slow: Any, faster: Any) -> None:
    """
    Args:
        run: steps a coroutine to its end.
        slow, faster: with `aes_cbc_encrypt` and `aes_cbc_decrypt`.

    Raises:
        ValueError: the faster one comes to another result, or takes a padding
            that the library does not take.
    """
    key, iv = secrets.token_bytes(32), secrets.token_bytes(16)
    for size in (0, 1, 15, 16, 17, 32, 48, 200):
        plaintext = secrets.token_bytes(size)
        sealed = run(slow.aes_cbc_encrypt(key, iv, plaintext))
        if run(faster.aes_cbc_encrypt(key, iv, plaintext)) != sealed:
            raise ValueError("another ciphertext")
        if run(faster.aes_cbc_decrypt(key, iv, sealed)) != plaintext:
            raise ValueError("another plaintext")
    for changed in range(16):
        # Of one block, so that each bit of this is one of the padding's
        torn = iv[:changed] + bytes([iv[changed] ^ 0x20]) + iv[changed + 1 :]
        sealed = run(slow.aes_cbc_encrypt(key, iv, b""))
        try:
            run(faster.aes_cbc_decrypt(key, torn, sealed))
        except DecryptionFailedException:
            continue
        raise ValueError("a wrong padding was taken")


def make_decrypt_payload(slow: Any, aes_gcm_decrypt: Any, nonce_size: int) -> Any:
    """
    Make what takes the place of `Oldmemo.decrypt_plaintext`: AES-128-GCM
    (XEP-0384 0.3, section 4.4).

    Args:
        slow: for what has a nonce of another size.
    """

    async def decrypt_payload(backend: Any, content: Any, key: Any) -> bytes:
        nonce = content.initialization_vector
        if len(nonce) != nonce_size:
            plaintext: bytes = await slow(backend, content, key)
            return plaintext
        opened: bytes = aes_gcm_decrypt(
            key.key, nonce, content.ciphertext + key.auth_tag
        )
        return opened

    return decrypt_payload


def compare_payload(
    run: Run, backend: Any, slow: Any, faster: Any, content: Any, key: Any
) -> None:
    """
    Args:
        run: steps a coroutine to its end.
        content, key: what `backend.encrypt_plaintext` returned.

    Raises:
        ValueError: it comes to another result, or takes what is not authentic.
    """
    expected = run(slow(backend, content, key))
    if run(faster(backend, content, key)) != expected:
        raise ValueError("another plaintext")
    flipped = bytes([content.ciphertext[0] ^ 1]) + content.ciphertext[1:]
    torn = type(content)(flipped, content.initialization_vector)
    try:
        run(faster(backend, torn, key))
    except Exception:
        return
    raise ValueError("a payload that is not authentic was taken")
