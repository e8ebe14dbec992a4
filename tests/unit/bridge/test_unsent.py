# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from omemo_plugin.bridge.unsent import Unsent

BOB = "bob@example.org"
CAROL = "carol@example.org"


def test_what_was_left_stays_until_it_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "unsent"
    Unsent(path, -1).write({BOB: ("one", "two"), CAROL: ("three",)})
    unsent = Unsent(path, -1)
    assert unsent.conversations == {BOB, CAROL}
    unsent.write({BOB: ("new",)})
    assert unsent.left(BOB) == ("one", "two")
    unsent.take(BOB)
    assert unsent.left(BOB) == ()
    again = Unsent(path, -1)
    assert again.left(BOB) == ("new",)
    assert again.left(CAROL) == ("three",)
    again.take(BOB)
    again.take(CAROL)
    assert not path.exists()


def test_nothing_waits_and_nothing_is_there(tmp_path: Path) -> None:
    path = tmp_path / "unsent"
    unsent = Unsent(path, -1)
    unsent.write({})
    assert list(tmp_path.iterdir()) == []
    unsent.write({BOB: ("one",)})
    assert path.stat().st_mode & 0o777 == 0o600
    unsent.write({})
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_gajim_changes_nothing_any_more(tmp_path: Path) -> None:
    path = tmp_path / "unsent"
    unsent = Unsent(path, -1)
    unsent.write({BOB: ("one",)})
    unsent.freeze()
    unsent.write({})
    assert Unsent(path, -1).left(BOB) == ("one",)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"unsent": 5}', b'{"unsent": {"a": 5}}', b"\xff"]
)
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "unsent"
    path.write_bytes(content)
    unsent = Unsent(path, -1)
    assert unsent.conversations == frozenset()
    unsent.write({BOB: ("one",)})
    assert Unsent(path, -1).left(BOB) == ("one",)


def test_a_disk_that_refuses_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.touch()
    unsent = Unsent(folder / "unsent", -1)
    unsent.write({BOB: ("one",)})
    folder.unlink()
    unsent.write({BOB: ("one",)})
    assert Unsent(folder / "unsent", -1).left(BOB) == ("one",)
