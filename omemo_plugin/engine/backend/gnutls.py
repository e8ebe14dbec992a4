# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Some of GnuTLS's primitives. Gajim has loaded the library already, for TLS.

Importing raises OSError where there is no GnuTLS, and AttributeError where it
is older than 3.7.7.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER
from ctypes import byref
from ctypes import c_char_p
from ctypes import c_int
from ctypes import c_size_t
from ctypes import c_uint
from ctypes import c_void_p
from ctypes import create_string_buffer

from cryptography.hazmat.primitives.padding import PKCS7
from doubleratchet.aead import DecryptionFailedException
from doubleratchet.recommended import HashFunction

# gnutls/gnutls.h: gnutls_mac_algorithm_t, and the size of a digest in bytes
MACS = {
    HashFunction.SHA_256: (6, 32),
    HashFunction.SHA_512: (8, 64),
}

# gnutls_cipher_algorithm_t by the size of a key in bytes
_CBC = {16: 4, 32: 5}
_GCM = {16: 10, 32: 11}

# gnutls_cipher_flags_t
_PADDING_PKCS7 = 1

BLOCK = 16
TAG = 16

# The only size of a nonce in bytes with which GnuTLS does GCM
GCM_NONCE = 12


class GnutlsError(ValueError):
    """GnuTLS returned an error code."""


class _Datum(ctypes.Structure):
    _fields_ = (("data", c_char_p), ("size", c_uint))


def _datum(data: bytes) -> _Datum:
    return _Datum(data, len(data))


def _declare(
    name: str, *arguments: type, result: type | None = c_int
) -> Callable[..., int]:
    """Declare a function of the library. If the result is None, it returns nothing."""
    function = getattr(_library, name)
    function.argtypes = arguments
    function.restype = result
    declared: Callable[..., int] = function
    return declared


_library = ctypes.PyDLL("libgnutls.so.30")
_data = POINTER(_Datum)
_crypt = (c_void_p, c_char_p, c_size_t, c_char_p, POINTER(c_size_t), c_uint)

_extract = _declare("gnutls_hkdf_extract", c_int, _data, _data, c_char_p)
_expand = _declare("gnutls_hkdf_expand", c_int, _data, _data, c_char_p, c_size_t)
_begin = _declare("gnutls_cipher_init", POINTER(c_void_p), c_int, _data, _data)
_encrypt = _declare("gnutls_cipher_encrypt3", *_crypt)
_decrypt = _declare("gnutls_cipher_decrypt3", *_crypt)
_end = _declare("gnutls_cipher_deinit", c_void_p, result=None)
_begin_aead = _declare("gnutls_aead_cipher_init", POINTER(c_void_p), c_int, _data)
_decrypt_aead = _declare(
    "gnutls_aead_cipher_decrypt",
    c_void_p,
    *(c_char_p, c_size_t),
    *(c_char_p, c_size_t),
    c_size_t,
    *(c_char_p, c_size_t),
    *(c_char_p, POINTER(c_size_t)),
)
_end_aead = _declare("gnutls_aead_cipher_deinit", c_void_p, result=None)
_hmac = _declare(
    "gnutls_hmac_fast", c_int, c_char_p, c_size_t, c_char_p, c_size_t, c_char_p
)


def _check(result: int) -> None:
    if result:
        raise GnutlsError(result)


async def hmac_calculate(key: bytes, hash_function: HashFunction, data: bytes) -> bytes:
    """HMAC (RFC 2104)."""
    mac, size = MACS[hash_function]
    result = create_string_buffer(size)
    _check(_hmac(mac, key, len(key), data, len(data), result))
    return result.raw


async def hkdf_derive(
    hash_function: HashFunction,
    length: int,
    salt: bytes,
    info: bytes,
    key_material: bytes,
) -> bytes:
    """
    HKDF (RFC 5869).

    Raises:
        GnutlsError: the length is more than 255 digests.
    """
    mac, size = MACS[hash_function]
    pseudorandom = create_string_buffer(size)
    derived = create_string_buffer(length)
    _check(_extract(mac, _datum(key_material), _datum(salt), pseudorandom))
    _check(_expand(mac, _datum(pseudorandom.raw), _datum(info), derived, length))
    return derived.raw


def _run_cbc(
    crypt: Callable[..., int],
    key: bytes,
    iv: bytes,
    data: bytes,
    room: int,
    flags: int,
) -> bytes:
    if len(iv) != BLOCK or len(key) not in _CBC:
        raise GnutlsError("a key or an initialization vector of another size")
    handle = c_void_p()
    _check(_begin(byref(handle), _CBC[len(key)], _datum(key), _datum(iv)))
    try:
        result = create_string_buffer(room)
        size = c_size_t(room)
        _check(crypt(handle, data, len(data), result, byref(size), flags))
        return result.raw[: size.value]
    finally:
        _end(handle)


async def aes_cbc_encrypt(
    key: bytes, initialization_vector: bytes, plaintext: bytes
) -> bytes:
    """
    AES-CBC with PKCS #7 padding (RFC 5652, section 6.3).

    Raises:
        GnutlsError: the key or the initialization vector has another size.
    """
    room = len(plaintext) + BLOCK
    return _run_cbc(
        _encrypt, key, initialization_vector, plaintext, room, _PADDING_PKCS7
    )


async def aes_cbc_decrypt(
    key: bytes, initialization_vector: bytes, ciphertext: bytes
) -> bytes:
    """
    Decrypt AES-CBC. The caller has authenticated the ciphertext.

    Raises:
        GnutlsError: a size is wrong, also of the last block.
        DecryptionFailedException: the padding is wrong.
    """
    room = len(ciphertext)
    if not room or room % BLOCK:
        raise GnutlsError("no whole blocks")
    padded = _run_cbc(_decrypt, key, initialization_vector, ciphertext, room, 0)
    # GnuTLS would check only the length of the padding
    unpadder = PKCS7(8 * BLOCK).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise DecryptionFailedException("a wrong padding") from error


def aes_gcm_decrypt(key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """
    AES-GCM (NIST SP 800-38D).

    Args:
        nonce: of `GCM_NONCE` bytes.
        sealed: the ciphertext and the tag.

    Raises:
        GnutlsError: the ciphertext is not authentic, or a size is wrong.
    """
    room = len(sealed) - TAG
    if room < 0 or len(nonce) != GCM_NONCE or len(key) not in _GCM:
        raise GnutlsError("a key, a nonce or a tag of another size")
    handle = c_void_p()
    _check(_begin_aead(byref(handle), _GCM[len(key)], _datum(key)))
    try:
        result = create_string_buffer(room or 1)
        size = c_size_t(room)
        _check(
            _decrypt_aead(
                handle,
                *(nonce, len(nonce)),
                *(None, 0),
                TAG,
                *(sealed, len(sealed)),
                *(result, byref(size)),
            )
        )
        return result.raw[: size.value]
    finally:
        _end_aead(handle)
