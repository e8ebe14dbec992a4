# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from omemo_plugin.media.cipher import CbcDecryptor
from omemo_plugin.media.cipher import FileCipher
from omemo_plugin.media.cipher import FileDamaged
from omemo_plugin.media.cipher import FileDecryptor
from omemo_plugin.media.cipher import FileEncryptor
from omemo_plugin.media.cipher import encrypted_size
from omemo_plugin.media.cipher import new_key

IV = bytes(range(12))
KEY = bytes(range(32))


def encrypt(*chunks: bytes) -> bytes:
    encryptor = FileEncryptor(IV, KEY)
    return b"".join(map(encryptor.update, chunks)) + encryptor.finish()


def decrypt(*chunks: bytes, iv: bytes = IV, key: bytes = KEY) -> bytes:
    decryptor = FileDecryptor(iv, key)
    plain = b"".join(map(decryptor.update, chunks))
    decryptor.finish()
    return plain


def test_a_known_answer() -> None:
    # McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14
    encryptor = FileEncryptor(bytes(12), bytes(32))
    encrypted = encryptor.update(bytes(16)) + encryptor.finish()
    assert encrypted.hex() == (
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    )


@pytest.mark.parametrize("iv", [bytes(12), bytes(16)])
def test_another_implementation_reads_and_writes_the_same(iv: bytes) -> None:
    data = bytes(range(256)) * 9
    other = AESGCM(KEY).encrypt(iv, data, None)
    encryptor = FileEncryptor(iv, KEY)
    assert encryptor.update(data) + encryptor.finish() == other
    assert decrypt(other, iv=iv) == data


def test_a_key_is_for_one_file() -> None:
    iv, key = new_key()
    assert (len(iv), len(key)) == (12, 32)
    assert new_key() != (iv, key)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 32, 33])
def test_case_44_every_split(size: int) -> None:
    plain = bytes(range(size))
    whole = encrypt(plain)
    assert len(whole) == encrypted_size(size)
    for first in range(len(whole) + 1):
        for second in range(first, len(whole) + 1):
            pieces = whole[:first], whole[first:second], whole[second:]
            assert decrypt(*pieces) == plain
    assert decrypt(*(bytes([byte]) for byte in whole)) == plain


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 40), max_size=30))
def test_case_44_arbitrary_chunks(plain: bytes, sizes: list[int]) -> None:
    def cut(data: bytes) -> list[bytes]:
        chunks = []
        for size in sizes:
            chunks.append(data[:size])
            data = data[size:]
        return [*chunks, data]

    assert encrypt(*cut(plain)) == encrypt(plain)
    assert decrypt(*cut(encrypt(plain))) == plain


def test_case_44_every_bit_counts() -> None:
    whole = encrypt(b"attack at dawn")
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0x01
        with pytest.raises(FileDamaged):
            decrypt(bytes(changed))


def test_case_44_cut_off() -> None:
    whole = encrypt(bytes(40))
    for length in range(len(whole)):
        with pytest.raises(FileDamaged):
            decrypt(whole[:length])
        with pytest.raises(FileDamaged):
            decrypt(*(bytes([byte]) for byte in whole[:length]))
    with pytest.raises(FileDamaged):
        decrypt()
    with pytest.raises(FileDamaged):
        decrypt(whole, b"\0")


def test_case_44_another_key() -> None:
    whole = encrypt(b"attack at dawn")
    with pytest.raises(FileDamaged):
        decrypt(whole, key=bytes(32))
    with pytest.raises(FileDamaged):
        decrypt(whole, iv=bytes(12))


@pytest.mark.parametrize(
    ("iv", "key"),
    [(0, 32), (8, 32), (13, 32), (128, 32), (12, 16), (12, 24), (12, 31), (12, 0)],
)
def test_wrong_lengths(iv: int, key: int) -> None:
    with pytest.raises(ValueError, match="length"):
        FileEncryptor(bytes(iv), bytes(key))
    with pytest.raises(ValueError, match="length"):
        FileDecryptor(bytes(iv), bytes(key))


def encrypt_cbc(plain: bytes, iv: bytes = bytes(16)) -> bytes:
    padder = PKCS7(128).padder()
    context = Cipher(AES(KEY), CBC(iv)).encryptor()
    data = padder.update(plain) + padder.finalize()
    return context.update(data) + context.finalize()


def decrypt_cbc(*chunks: bytes, iv: bytes = bytes(16)) -> bytes:
    decryptor = CbcDecryptor(iv, KEY)
    plain = b"".join(map(decryptor.update, chunks))
    return plain + decryptor.finish()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 32, 33, 1000])
@pytest.mark.parametrize("chunk", [1, 5, 16, 17, 2000])
def test_cbc_in_every_split(size: int, chunk: int) -> None:
    plain = bytes(range(256))[:100] * 10
    plain = plain[:size]
    data = encrypt_cbc(plain)
    assert len(data) == encrypted_size(size, FileCipher.AES_256_CBC)
    chunks = [data[start : start + chunk] for start in range(0, len(data), chunk)]
    assert decrypt_cbc(*chunks) == plain


def test_of_the_iv_of_qxmpp_the_first_half_counts() -> None:
    iv = bytes(range(32))
    assert decrypt_cbc(encrypt_cbc(b"plan", iv[:16]), iv=iv) == b"plan"


@pytest.mark.parametrize("damaged", [b"", b"x" * 15, b"x" * 16, b"x" * 17])
def test_case_44_cbc_that_is_no_file(damaged: bytes) -> None:
    with pytest.raises(FileDamaged) as caught:
        decrypt_cbc(damaged)
    assert str(caught.value) == "a wrong hash"


def test_aes_128_gcm() -> None:
    data = AESGCM(KEY[:16]).encrypt(IV, b"plan", None)
    decryptor = FileDecryptor(IV, KEY[:16], FileCipher.AES_128_GCM)
    assert decryptor.update(data) + decryptor.finish() == b"plan"


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100])
def test_a_file_without_its_tag(size: int) -> None:
    """Its hash proves it; a file that has one more byte needs the tag."""
    plain = bytes(range(size))
    data = encrypt(plain)[:-16]
    for chunk in (1, 7, 16, 200):
        decryptor = FileDecryptor(IV, KEY, size_without_tag=size)
        pieces = [data[start : start + chunk] for start in range(0, size, chunk)]
        assert b"".join(map(decryptor.update, pieces)) + decryptor.finish() == plain
    for other in (data + b"x", data[:-1] if size else b"y"):
        decryptor = FileDecryptor(IV, KEY, size_without_tag=size)
        decryptor.update(other)
        with pytest.raises(FileDamaged):
            decryptor.finish()
    decryptor = FileDecryptor(IV, KEY, size_without_tag=size)
    assert decryptor.update(encrypt(plain)) + decryptor.finish() == plain


@pytest.mark.parametrize(
    ("cipher", "iv", "key"),
    [
        (FileCipher.AES_128_GCM, 12, 32),
        (FileCipher.AES_256_GCM, 12, 16),
        (FileCipher.AES_256_GCM, 32, 32),
    ],
)
def test_keys_of_another_cipher(cipher: FileCipher, iv: int, key: int) -> None:
    with pytest.raises(ValueError, match="length"):
        FileDecryptor(bytes(iv), bytes(key), cipher)


@pytest.mark.parametrize(("iv", "key"), [(12, 32), (24, 32), (16, 16)])
def test_keys_that_are_not_for_cbc(iv: int, key: int) -> None:
    with pytest.raises(ValueError, match="length"):
        CbcDecryptor(bytes(iv), bytes(key))
