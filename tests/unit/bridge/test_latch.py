# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from omemo_plugin.bridge.latch import Latch
from omemo_plugin.bridge.latch import LatchUnreadable


def test_a_new_latch_holds_nothing(tmp_path: Path) -> None:
    latch = Latch(tmp_path / "latch")
    assert "bob@example.org" not in latch
    assert latch.jids == frozenset()


def test_what_is_latched_survives_a_restart(tmp_path: Path) -> None:
    Latch(tmp_path / "latch").close("bob@example.org")
    again = Latch(tmp_path / "latch")
    assert "bob@example.org" in again
    assert "carol@example.org" not in again


def test_only_open_takes_it_out(tmp_path: Path) -> None:
    latch = Latch(tmp_path / "latch")
    latch.close("bob@example.org")
    latch.close("carol@example.org")
    latch.open("bob@example.org")
    latch.open("nobody@example.org")
    assert Latch(tmp_path / "latch").jids == {"carol@example.org"}


def test_nobody_else_reads_the_file(tmp_path: Path) -> None:
    Latch(tmp_path / "latch").close("bob@example.org")
    assert (tmp_path / "latch").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["latch"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"encrypted": [1]}', b'{"encrypted": 5}', b"{}", b"\xff\xfe"],
)
def test_a_latch_that_cannot_be_read_is_not_an_empty_one(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "latch"
    path.write_bytes(content)
    with pytest.raises(LatchUnreadable):
        Latch(path)


def test_a_disk_that_refuses_does_not_open_it(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.write_text("a file where a folder should be")
    path = tmp_path / "latch"
    latch = Latch(path)
    latch._path = folder / "latch"
    latch.close("bob@example.org")
    assert "bob@example.org" in latch
