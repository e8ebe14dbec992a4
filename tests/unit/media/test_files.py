# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import pytest

from omemo_plugin.media.cipher import FileCipher
from omemo_plugin.media.cipher import FileDamaged
from omemo_plugin.media.cipher import FileEncryptor
from omemo_plugin.media.files import DecryptedFile
from omemo_plugin.media.files import FileTooLarge
from omemo_plugin.media.files import discard_leftovers
from omemo_plugin.media.hashes import FileHash
from omemo_plugin.media.uri import EncryptedFile
from omemo_plugin.media.uri import SharedFile
from tests.support.shared_files import CBC_IV
from tests.support.shared_files import GCM_IV
from tests.support.shared_files import encrypt
from tests.support.shared_files import key_of

IV = bytes(range(12))
KEY = bytes(range(32))
SOURCE = EncryptedFile("https://example.org/f", IV, KEY)
FILE = SharedFile((SOURCE,))
PLAIN = b"attack at dawn" * 100


def encrypted(plain: bytes = PLAIN) -> bytes:
    encryptor = FileEncryptor(IV, KEY)
    return encryptor.update(plain) + encryptor.finish()


def receive(
    folder: Path, name: str, data: bytes, *, most: int = 10_000, chunk: int = 100
) -> Path:
    with DecryptedFile(folder, name, SOURCE, FILE, most=most) as file:
        for start in range(0, len(data), chunk):
            file.write(data[start : start + chunk])
        return file.finish()


def test_a_file_arrives(tmp_path: Path) -> None:
    old_mask = os.umask(0)
    try:
        path = receive(tmp_path, "plan.txt", encrypted())
    finally:
        os.umask(old_mask)
    assert path == tmp_path / "plan.txt"
    assert path.read_bytes() == PLAIN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_file_arrives(tmp_path: Path) -> None:
    assert receive(tmp_path, "empty", encrypted(b"")).read_bytes() == b""


@pytest.mark.parametrize("chunk", [1, 5, 15, 16, 17, 1405, 1415, 1416, 5000])
def test_case_44_nothing_can_be_seen_before_the_end(tmp_path: Path, chunk: int) -> None:
    data = encrypted()
    with DecryptedFile(tmp_path, "plan.txt", SOURCE, FILE, most=10_000) as file:
        for start in range(0, len(data), chunk):
            file.write(data[start : start + chunk])
            (temporary,) = tmp_path.iterdir()
            assert temporary.name.startswith(".")
            assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        assert file.finish().read_bytes() == PLAIN


def flipped(position: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[position] ^= 0x80
        return bytes(changed)

    return change


@pytest.mark.parametrize(
    "change",
    [
        flipped(0),
        flipped(-1),
        flipped(-16),
        flipped(-17),
        lambda data: data[:-1],
        lambda data: data[:-16],
        lambda data: data + b"\0",
        lambda _data: b"",
        lambda _data: bytes(15),
        lambda _data: bytes(16),
    ],
)
def test_case_44_of_a_damaged_file_nothing_remains(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(FileDamaged):
        receive(tmp_path, "plan.txt", change(encrypted()))
    assert list(tmp_path.iterdir()) == []


def test_case_44_of_a_download_that_broke_off_nothing_remains(tmp_path: Path) -> None:
    def break_off() -> None:
        with DecryptedFile(tmp_path, "plan.txt", SOURCE, FILE, most=10_000) as file:
            file.write(encrypted()[:500])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        break_off()
    assert list(tmp_path.iterdir()) == []
    with DecryptedFile(tmp_path, "plan.txt", SOURCE, FILE, most=10_000) as file:
        file.abort()
        file.abort()
        with pytest.raises(ValueError, match="no file"):
            file.finish()
    assert list(tmp_path.iterdir()) == []


def test_case_42_a_file_without_end(tmp_path: Path) -> None:
    receive(tmp_path, "plan.txt", encrypted(), most=len(PLAIN))
    with pytest.raises(FileTooLarge):
        receive(tmp_path, "other.txt", encrypted(), most=len(PLAIN) - 1)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.txt"]


def test_case_43_no_file_is_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "plan.tar.gz"
    mine.write_bytes(b"mine")
    (tmp_path / "plan.tar (1).gz").mkdir()
    path = receive(tmp_path, "plan.tar.gz", encrypted())
    assert path.name == "plan.tar (2).gz"
    assert path.read_bytes() == PLAIN
    assert mine.read_bytes() == b"mine"


def test_case_43_no_link_is_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "plan.txt").symlink_to(victim)
    path = receive(folder, "plan.txt", encrypted())
    assert path.name == "plan (1).txt"
    assert not victim.exists()
    victim.write_bytes(b"mine")
    (folder / "other.txt").symlink_to(victim)
    assert receive(folder, "other.txt", encrypted()).name == "other (1).txt"
    assert victim.read_bytes() == b"mine"


def test_case_43_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    for name in ("../../x", "/etc/x", "..\\..\\x", "..", ".", "", "/", "../..\0x"):
        path = receive(folder, name, encrypted())
        assert path.parent == folder
        assert not path.name.startswith(".")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert len(list(folder.iterdir())) == 8


def test_of_a_file_that_cannot_be_put_in_its_place_nothing_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Path, _target: Path) -> Path:
        raise OSError("no")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no"):
        receive(tmp_path, "plan.txt", encrypted())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        receive(tmp_path / "missing", "x", encrypted())


def test_case_44_files_left_by_a_crash_are_deleted(tmp_path: Path) -> None:
    killed = DecryptedFile(tmp_path, "plan.txt", SOURCE, FILE, most=10_000)
    killed.write(encrypted())
    kept = tmp_path / "kept.txt"
    kept.write_bytes(PLAIN)
    discard_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [kept]
    discard_leftovers(tmp_path / "missing")


# Files of XEP-0448


def receive_shared(
    folder: Path,
    data: bytes,
    cipher: FileCipher = FileCipher.AES_256_CBC,
    *,
    size: int | None = len(PLAIN),
    hashes: Sequence[FileHash] | None = None,
    encrypted_hashes: Sequence[FileHash] = (),
) -> Path:
    iv = CBC_IV if cipher is FileCipher.AES_256_CBC else GCM_IV
    key = key_of(cipher.value)
    url = "https://example.org/f"
    source = EncryptedFile(url, iv, key, cipher, tuple(encrypted_hashes))
    known = [sha256(PLAIN)] if hashes is None else hashes
    shared = SharedFile((source,), "", size, tuple(known))
    with DecryptedFile(folder, "plan.txt", source, shared, most=10_000) as file:
        for start in range(0, len(data), 100):
            file.write(data[start : start + 100])
        return file.finish()


def sha256(data: bytes) -> FileHash:
    return FileHash("sha-256", hashlib.sha256(data).digest())


@pytest.mark.parametrize("cipher", FileCipher)
def test_each_cipher(tmp_path: Path, cipher: FileCipher) -> None:
    path = receive_shared(tmp_path, encrypt(PLAIN, cipher.value), cipher)
    assert path.read_bytes() == PLAIN
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("cipher", FileCipher)
def test_case_44_a_wrong_hash_delivers_nothing(
    tmp_path: Path, cipher: FileCipher
) -> None:
    data = encrypt(PLAIN, cipher.value)
    wrong = [sha256(b"another file")]
    for given in (
        {"hashes": wrong},
        {"hashes": [sha256(PLAIN), FileHash("sha-512", b"x" * 64)]},
        {"encrypted_hashes": wrong},
    ):
        with pytest.raises(FileDamaged):
            receive_shared(tmp_path, data, cipher, **given)  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []
    good = receive_shared(tmp_path, data, cipher, encrypted_hashes=[sha256(data)])
    assert good.read_bytes() == PLAIN


@pytest.mark.parametrize("position", [0, 16, 700, -17, -1])
def test_case_44_a_changed_file_of_cbc_says_nothing_of_its_padding(
    tmp_path: Path, position: int
) -> None:
    data = bytearray(encrypt(PLAIN))
    data[position] ^= 1
    with pytest.raises(FileDamaged) as caught:
        receive_shared(tmp_path, bytes(data))
    assert str(caught.value) == "a wrong hash"
    assert list(tmp_path.iterdir()) == []


def test_case_44_cbc_without_a_hash_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="proves"):
        receive_shared(tmp_path, encrypt(PLAIN), hashes=[])
    assert list(tmp_path.iterdir()) == []


def test_case_44_a_file_without_its_tag_needs_its_hash(tmp_path: Path) -> None:
    gcm = FileCipher.AES_256_GCM
    data = encrypt(PLAIN, gcm.value)[:-16]
    with pytest.raises(FileDamaged):
        receive_shared(tmp_path, data, gcm, hashes=[])
    changed = bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(FileDamaged):
        receive_shared(tmp_path, changed, gcm)
    with pytest.raises(FileDamaged):
        receive_shared(tmp_path, data, gcm, size=None)
    assert list(tmp_path.iterdir()) == []
    assert receive_shared(tmp_path, data, gcm).read_bytes() == PLAIN


@pytest.mark.parametrize("cipher", FileCipher)
def test_what_is_longer_than_it_should_be_is_cut_off(
    tmp_path: Path, cipher: FileCipher
) -> None:
    """XEP-0448, "Receiving a file": it hides the size from the server."""
    data = encrypt(PLAIN + bytes(500), cipher.value)
    assert receive_shared(tmp_path, data, cipher).read_bytes() == PLAIN


def test_without_a_size_nothing_is_cut_off(tmp_path: Path) -> None:
    path = receive_shared(tmp_path, encrypt(PLAIN), size=None)
    assert path.read_bytes() == PLAIN


def test_case_42_a_file_of_cbc_without_end(tmp_path: Path) -> None:
    with pytest.raises(FileTooLarge):
        receive_shared(tmp_path, encrypt(bytes(10_016)), hashes=[sha256(bytes(10_016))])
    assert list(tmp_path.iterdir()) == []
