# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from omemo_plugin.bridge.state.drafts import UnsentDrafts

BOB = "bob@example.org"
CAROL = "carol@example.org"


def test_texts_of_an_earlier_run_are_there_until_others_are_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "unsent"
    UnsentDrafts(path, lambda: True).write({BOB: ("one", "two"), CAROL: ("three",)})
    unsent = UnsentDrafts(path, lambda: True)
    assert unsent.earlier == {BOB: ("one", "two"), CAROL: ("three",)}
    unsent.write({BOB: ("new",)})
    assert UnsentDrafts(path, lambda: True).earlier == {BOB: ("new",)}
    unsent.write({})
    assert not path.exists()


def test_there_is_no_file_without_drafts(tmp_path: Path) -> None:
    path = tmp_path / "unsent"
    unsent = UnsentDrafts(path, lambda: True)
    unsent.write({})
    assert list(tmp_path.iterdir()) == []
    unsent.write({BOB: ("one",)})
    assert path.stat().st_mode & 0o777 == 0o600
    unsent.write({})
    assert list(tmp_path.iterdir()) == []


def test_frozen_drafts_do_not_change(tmp_path: Path) -> None:
    path = tmp_path / "unsent"
    unsent = UnsentDrafts(path, lambda: True)
    unsent.write({BOB: ("one",)})
    unsent.freeze()
    unsent.write({})
    assert UnsentDrafts(path, lambda: True).earlier == {BOB: ("one",)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"unsent": 5}',
        b'{"unsent": {"a": 5}}',
        b"\xff",
        b"[" * 10_000,
    ],
)
def test_an_unreadable_file_of_drafts_counts_as_empty(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "unsent"
    path.write_bytes(content)
    unsent = UnsentDrafts(path, lambda: True)
    assert unsent.earlier == {}
    unsent.write({BOB: ("one",)})
    assert UnsentDrafts(path, lambda: True).earlier == {BOB: ("one",)}


def test_a_disk_that_refuses_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.touch()
    unsent = UnsentDrafts(folder / "unsent", lambda: True)
    unsent.write({BOB: ("one",)})
    folder.unlink()
    unsent.write({BOB: ("one",)})
    assert UnsentDrafts(folder / "unsent", lambda: True).earlier == {BOB: ("one",)}


def test_case_68_no_history_is_chosen_while_texts_wait(tmp_path: Path) -> None:
    """From that moment no text is on the disk; it is still shown."""
    path = tmp_path / "unsent"
    keeps = True
    UnsentDrafts(path, lambda: True).write({CAROL: ("earlier",)})
    unsent = UnsentDrafts(path, lambda: keeps)
    unsent.write({BOB: ("one",)})
    assert "one" in path.read_text()
    keeps = False
    unsent.history_changed()
    assert list(tmp_path.iterdir()) == []
    unsent.write({BOB: ("one", "two")})
    assert list(tmp_path.iterdir()) == []
    assert unsent.earlier == {CAROL: ("earlier",)}
    keeps = True
    unsent.history_changed()
    assert "two" in path.read_text()


@pytest.mark.parametrize("keeps", [False, True])
def test_case_144_what_was_being_written_when_it_was_killed(
    tmp_path: Path, keeps: bool
) -> None:
    path = tmp_path / "unsent"
    UnsentDrafts(path, lambda: True).write({BOB: ("one",)})
    unfinished = tmp_path / "unsent.new"
    unfinished.write_text('{"unsent": {"bob@example.org": ["one", "t')
    unsent = UnsentDrafts(path, lambda: keeps)
    assert not unfinished.exists()
    assert unsent.earlier == ({BOB: ("one",)} if keeps else {})


def test_case_68_no_history_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "unsent"
    UnsentDrafts(path, lambda: True).write({CAROL: ("earlier",)})
    unsent = UnsentDrafts(path, lambda: False)
    assert list(tmp_path.iterdir()) == []
    assert unsent.earlier == {}
