# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Cryptographic primitives with less overhead.

Older versions of python3-cryptography make an HMAC, an HKDF, an AES-CBC or an
AES-GCM of several Python objects each, which takes five times as long as the
mathematics. GnuTLS does each in one or two calls. This module implements no primitive.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from collections.abc import Coroutine
from itertools import product
from types import FunctionType
from typing import Protocol
from typing import TypeVar

from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from doubleratchet.aead import DecryptionFailedException
from doubleratchet.recommended import HashFunction
from oldmemo.oldmemo import ContentImpl
from oldmemo.oldmemo import Oldmemo
from oldmemo.oldmemo import PlainKeyMaterialImpl

_HASHES = (HashFunction.SHA_256, HashFunction.SHA_512)

T = TypeVar("T")

_Bytes = Coroutine[object, None, bytes]
Hmac = Callable[[bytes, HashFunction, bytes], _Bytes]
Hkdf = Callable[[HashFunction, int, bytes, bytes, bytes], _Bytes]
DecryptPayload = Callable[[Oldmemo, ContentImpl, PlainKeyMaterialImpl], _Bytes]


class Run(Protocol):
    """Runs a coroutine to its end."""

    def __call__(self, coroutine: Coroutine[object, None, T], /) -> T: ...


class Cbc(Protocol):
    """AES-CBC with PKCS #7 padding."""

    async def aes_cbc_encrypt(
        self, key: bytes, initialization_vector: bytes, plaintext: bytes
    ) -> bytes: ...
    async def aes_cbc_decrypt(
        self, key: bytes, initialization_vector: bytes, ciphertext: bytes
    ) -> bytes: ...


def library_is_slow() -> bool:
    """Whether cryptography's objects are Python; newer ones have them in Rust."""
    return isinstance(HKDF.derive, FunctionType)


def compare_hmac(run: Run, slow: Hmac, faster: Hmac) -> None:
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


def compare_hkdf(run: Run, slow: Hkdf, faster: Hkdf) -> None:
    """
    Args:
        run: steps a coroutine to its end.

    Raises:
        ValueError: the faster one comes to another result.
    """
    salts = b"", bytes(32), secrets.token_bytes(100)
    infos = b"", secrets.token_bytes(40)
    cases = list(product(_HASHES, (16, 64, 80), salts, infos))
    # The longest that SHA-256 can make, once: it takes as long as all others together
    cases.append((HashFunction.SHA_256, 8160, salts[-1], infos[-1]))
    for case in cases:
        arguments = *case, secrets.token_bytes(32)
        if run(faster(*arguments)) != run(slow(*arguments)):
            raise ValueError("another HKDF")


def compare_cbc(run: Run, slow: Cbc, faster: Cbc) -> None:
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
        # The ciphertext has one block, so each changed bit of the IV changes the
        # padding
        torn = iv[:changed] + bytes([iv[changed] ^ 0x20]) + iv[changed + 1 :]
        sealed = run(slow.aes_cbc_encrypt(key, iv, b""))
        try:
            run(faster.aes_cbc_decrypt(key, torn, sealed))
        except DecryptionFailedException:
            continue
        raise ValueError("a wrong padding was taken")


def make_decrypt_payload(
    slow: DecryptPayload,
    aes_gcm_decrypt: Callable[[bytes, bytes, bytes], bytes],
    nonce_size: int,
) -> DecryptPayload:
    """
    Make the replacement for `Oldmemo.decrypt_plaintext`: AES-128-GCM (XEP-0384 0.3,
    section 4.4).

    Args:
        slow: decrypts a payload whose nonce has another size.
    """

    async def decrypt_payload(
        backend: Oldmemo, content: ContentImpl, key: PlainKeyMaterialImpl
    ) -> bytes:
        nonce = content.initialization_vector
        if len(nonce) != nonce_size:
            return await slow(backend, content, key)
        return aes_gcm_decrypt(key.key, nonce, content.ciphertext + key.auth_tag)

    return decrypt_payload


def compare_payload(
    run: Run,
    backend: Oldmemo,
    slow: DecryptPayload,
    faster: DecryptPayload,
    content: ContentImpl,
    key: PlainKeyMaterialImpl,
) -> None:
    """
    Args:
        run: steps a coroutine to its end.
        content, key: what `backend.encrypt_plaintext` returned.

    Raises:
        ValueError: the result differs, or a payload that is not authentic is accepted.
    """
    expected = run(slow(backend, content, key))
    if run(faster(backend, content, key)) != expected:
        raise ValueError("another plaintext")
    flipped = bytes([content.ciphertext[0] ^ 1]) + content.ciphertext[1:]
    torn = type(content)(flipped, content.initialization_vector)
    try:
        run(faster(backend, torn, key))
    except Exception:  # noqa: BLE001 - of whatever kind: it was refused
        return
    raise ValueError("a payload that is not authentic was taken")
