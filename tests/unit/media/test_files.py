# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from omemo_plugin.media.cipher import Encryptor
from omemo_plugin.media.cipher import FileDamaged
from omemo_plugin.media.files import DecryptedFile
from omemo_plugin.media.files import FileTooLarge
from omemo_plugin.media.files import discard_leftovers

IV = bytes(range(12))
KEY = bytes(range(32))
PLAIN = b"attack at dawn" * 100


def encrypted(plain: bytes = PLAIN) -> bytes:
    encryptor = Encryptor(IV, KEY)
    return encryptor.update(plain) + encryptor.finish()


def receive(
    folder: Path, name: str, data: bytes, *, most: int = 10_000, chunk: int = 100
) -> Path:
    with DecryptedFile(folder, name, IV, KEY, most=most) as file:
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
    with DecryptedFile(tmp_path, "plan.txt", IV, KEY, most=10_000) as file:
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
        with DecryptedFile(tmp_path, "plan.txt", IV, KEY, most=10_000) as file:
            file.write(encrypted()[:500])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        break_off()
    assert list(tmp_path.iterdir()) == []
    with DecryptedFile(tmp_path, "plan.txt", IV, KEY, most=10_000) as file:
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


def test_case_44_what_a_crash_left_is_deleted(tmp_path: Path) -> None:
    killed = DecryptedFile(tmp_path, "plan.txt", IV, KEY, most=10_000)
    killed.write(encrypted())
    kept = tmp_path / "kept.txt"
    kept.write_bytes(PLAIN)
    discard_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [kept]
    discard_leftovers(tmp_path / "missing")
