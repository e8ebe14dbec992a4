# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The primitives by their shorter ways, beside published vectors and the library."""

from __future__ import annotations

import hashlib
import hmac
import sys
from types import SimpleNamespace
from typing import Any

import oldmemo.oldmemo
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from doubleratchet.aead import DecryptionFailedException
from doubleratchet.recommended import HashFunction
from doubleratchet.recommended.crypto_provider_impl import CryptoProviderImpl

from omemo_plugin.engine.backend import fast_primitives
from omemo_plugin.engine.backend import gnutls
from omemo_plugin.engine.backend import speedups

SHA_256 = HashFunction.SHA_256

# RFC 5869, appendix A: key material, salt, info, what is derived
HKDF_VECTORS = [
    pytest.param(
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        "34007208d5b887185865",
        id="A.1",
    ),
    pytest.param(
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        "9d201395faa4b61a96c8",
        id="A.3",
    ),
]


@pytest.mark.parametrize(("key_material", "salt", "info", "derived"), HKDF_VECTORS)
def test_hkdf_of_the_rfc(key_material: str, salt: str, info: str, derived: str) -> None:
    for derive in (
        gnutls.hkdf_derive,
        CryptoProviderImpl.hkdf_derive,
    ):
        result = derive(
            SHA_256,
            len(derived) // 2,
            bytes.fromhex(salt),
            bytes.fromhex(info),
            bytes.fromhex(key_material),
        )
        assert speedups.run(result).hex() == derived


@pytest.mark.parametrize("size", [1, 16, 32, 80, 96, 8160])
def test_hkdf_of_the_library(size: int) -> None:
    derive = gnutls.hkdf_derive
    for function, algorithm in (
        (SHA_256, hashes.SHA256()),
        (HashFunction.SHA_512, hashes.SHA512()),
    ):
        expected = HKDF(algorithm, size, bytes(32), b"info").derive(b"key material")
        result = derive(function, size, bytes(32), b"info", b"key material")
        assert speedups.run(result) == expected


def test_more_than_hkdf_can_give_is_refused() -> None:
    with pytest.raises(gnutls.GnutlsError):
        speedups.run(
            gnutls.hkdf_derive(SHA_256, 255 * 32 + 1, b"", b"", b"key material")
        )


# NIST SP 800-38A, F.2.5: the first block, to which a block of padding comes
CBC_KEY = bytes.fromhex(
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
)
CBC_IV = bytes(range(16))
CBC_PLAINTEXT = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
CBC_CIPHERTEXT = bytes.fromhex("f58c4c04d6e5f1ba779eabfb5f7bfbd6")


def test_cbc_of_the_standard() -> None:
    for provider in (gnutls, CryptoProviderImpl):
        sealed = speedups.run(provider.aes_cbc_encrypt(CBC_KEY, CBC_IV, CBC_PLAINTEXT))
        assert sealed[:16] == CBC_CIPHERTEXT
        opened = speedups.run(provider.aes_cbc_decrypt(CBC_KEY, CBC_IV, sealed))
        assert opened == CBC_PLAINTEXT


@pytest.mark.parametrize(
    ("key", "iv", "ciphertext"),
    [
        pytest.param(bytes(31), bytes(16), bytes(16), id="key"),
        pytest.param(bytes(32), bytes(15), bytes(16), id="initialization vector"),
        pytest.param(bytes(32), bytes(16), b"", id="empty"),
        pytest.param(bytes(32), bytes(16), bytes(17), id="no whole blocks"),
    ],
)
def test_cbc_refuses(key: bytes, iv: bytes, ciphertext: bytes) -> None:
    with pytest.raises(gnutls.GnutlsError):
        speedups.run(gnutls.aes_cbc_decrypt(key, iv, ciphertext))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 200])
def test_hmac(size: int) -> None:
    """Also with keys longer than a block."""
    for function, name in (
        (SHA_256, hashlib.sha256),
        (HashFunction.SHA_512, hashlib.sha512),
    ):
        expected = hmac.new(bytes(size), b"data", name).digest()
        for provider in (gnutls, CryptoProviderImpl):
            calculated = provider.hmac_calculate(bytes(size), function, b"data")
            assert speedups.run(calculated) == expected


SLOW = oldmemo.oldmemo.Oldmemo.decrypt_plaintext
FASTER = fast_primitives.make_decrypt_payload(
    SLOW, gnutls.aes_gcm_decrypt, gnutls.GCM_NONCE
)


# Its payloads need nothing that is made when it starts
BACKEND = object.__new__(oldmemo.oldmemo.Oldmemo)


def sealed(plaintext: bytes) -> tuple[Any, Any]:
    found: tuple[Any, Any] = speedups.run(BACKEND.encrypt_plaintext(plaintext))
    return found


def opened(content: Any, key: Any) -> bytes:
    return speedups.run(FASTER(BACKEND, content, key))


@pytest.mark.parametrize("size", [0, 1, 16, 17, 10_000])
def test_payload(size: int) -> None:
    assert opened(*sealed(bytes(size))) == bytes(size)


@pytest.mark.parametrize("size", [1, 16, 17, 10_000])
def test_payload_with_a_nonce_of_sixteen_bytes(size: int) -> None:
    """As the first clients sent."""
    key, nonce = bytes(range(16)), bytes(range(16))
    whole = AESGCM(key).encrypt(nonce, bytes(size), None)
    content = oldmemo.oldmemo.ContentImpl(whole[:size], nonce)
    keys = oldmemo.oldmemo.PlainKeyMaterialImpl(key, whole[size:])
    assert opened(content, keys) == bytes(size)


@pytest.mark.parametrize(
    ("key", "nonce", "ciphertext"),
    [
        pytest.param(bytes(15), bytes(12), bytes(16), id="key"),
        pytest.param(bytes(16), bytes(16), bytes(16), id="nonce"),
        pytest.param(bytes(16), bytes(12), bytes(15), id="tag"),
        pytest.param(bytes(16), bytes(12), bytes(16), id="not authentic"),
    ],
)
def test_gcm_refuses(key: bytes, nonce: bytes, ciphertext: bytes) -> None:
    with pytest.raises(gnutls.GnutlsError):
        gnutls.aes_gcm_decrypt(key, nonce, ciphertext)


@pytest.mark.parametrize("part", ["ciphertext", "initialization_vector", "tag", "key"])
def test_payload_that_was_changed_is_refused(part: str) -> None:
    content, key = sealed(b"The meeting is at noon")
    parts = {
        "ciphertext": content.ciphertext,
        "initialization_vector": content.initialization_vector,
        "tag": key.auth_tag,
        "key": key.key,
    }
    parts[part] = bytes([parts[part][0] ^ 1]) + parts[part][1:]
    with pytest.raises(Exception):  # noqa: B017, PT011
        opened(
            SimpleNamespace(
                ciphertext=parts["ciphertext"],
                initialization_vector=parts["initialization_vector"],
            ),
            SimpleNamespace(key=parts["key"], auth_tag=parts["tag"]),
        )


@pytest.mark.parametrize("changed", range(16))
def test_cbc_looks_at_the_whole_padding(changed: int) -> None:
    sealed = speedups.run(gnutls.aes_cbc_encrypt(CBC_KEY, CBC_IV, b""))
    iv = bytearray(CBC_IV)
    iv[changed] ^= 0x20
    with pytest.raises(DecryptionFailedException):
        speedups.run(gnutls.aes_cbc_decrypt(CBC_KEY, bytes(iv), sealed))


async def _zeros(*_arguments: Any) -> bytes:
    return bytes(32)


async def _no_check(_backend: Any, _content: Any, _key: Any) -> bytes:
    return b"sample"


def test_differences_are_noticed() -> None:
    """The self-tests at import find them, so the library's own stays."""
    with pytest.raises(ValueError, match="HMAC"):
        fast_primitives.compare_hmac(
            speedups.run, CryptoProviderImpl.hmac_calculate, _zeros
        )
    with pytest.raises(ValueError, match="HKDF"):
        fast_primitives.compare_hkdf(
            speedups.run, CryptoProviderImpl.hkdf_derive, _zeros
        )
    content, key = sealed(b"sample")

    def compare(slow: Any, faster: Any) -> None:
        fast_primitives.compare_payload(
            speedups.run, BACKEND, slow, faster, content, key
        )

    with pytest.raises(ValueError, match="plaintext"):
        compare(_no_check, _zeros)
    with pytest.raises(ValueError, match="not authentic"):
        compare(_no_check, _no_check)


def test_a_cbc_that_differs_is_noticed() -> None:
    class Provider:
        aes_cbc_encrypt: Any = staticmethod(gnutls.aes_cbc_encrypt)
        aes_cbc_decrypt: Any = staticmethod(_zeros)

    with pytest.raises(ValueError, match="plaintext"):
        fast_primitives.compare_cbc(speedups.run, CryptoProviderImpl, Provider)
    Provider.aes_cbc_encrypt = staticmethod(_zeros)
    with pytest.raises(ValueError, match="ciphertext"):
        fast_primitives.compare_cbc(speedups.run, CryptoProviderImpl, Provider)


def test_without_gnutls_the_library_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speedups, "SLOW", [])
    monkeypatch.setattr(fast_primitives, "library_is_slow", lambda: True)
    monkeypatch.delattr("omemo_plugin.engine.backend.gnutls")
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "omemo_plugin.engine.backend.gnutls", None)
    before = CryptoProviderImpl.hkdf_derive
    speedups._attempt("primitives", speedups._speed_up_primitives)
    assert speedups.SLOW == ["primitives"]
    assert CryptoProviderImpl.hkdf_derive is before
