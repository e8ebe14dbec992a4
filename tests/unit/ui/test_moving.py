# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked when an identity goes to another computer, or comes from one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omemo_plugin.ui.presenters import moving
from omemo_plugin.ui.presenters.moving import ArrivalQuestion
from omemo_plugin.ui.presenters.moving import MoveQuestion
from omemo_plugin.ui.presenters.moving import file_name
from omemo_plugin.ui.presenters.moving import folder_for_files
from omemo_plugin.ui.presenters.moving import suggest

from .conftest import OWN

GOOD = "six words that nobody knows"


class FakeMoving:
    own_jid = OWN
    can_end = True
    can_move = True
    is_ended = False
    is_beginning = False
    is_leaving = False
    is_moved = False
    file_is_here = False

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def end(self, *, anew: bool) -> str:
        raise AssertionError(anew)

    def start_anew(self) -> str:
        self.calls.append(("anew",))
        return ""

    def why_not_move(self) -> str:
        return ""

    def move(self, passphrase: str, path: Path, done: Callable[[str], None]) -> None:
        self.calls.append(("move", passphrase, path))
        self.is_moved = True
        done("")

    def save(self, path: Path) -> str:
        self.calls.append(("save", path))
        return ""

    def read_file(
        self, path: Path, passphrase: str, checked: Callable[[bool, str], None]
    ) -> None:
        self.calls.append(("read", path, passphrase))
        checked(True, "")

    def arrive(self, *, used: bool) -> str:
        self.calls.append(("arrive", used))
        return ""

    def leave_file(self) -> None:
        self.calls.append(("leave",))


def test_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    service = FakeMoving()
    question = MoveQuestion(service)
    assert question.address == OWN
    assert question.path == tmp_path / f"gajim-identity-{OWN}.kdbx"
    assert [question.has_gone] == [False]
    path = str(question.path)
    assert question.check(GOOD, GOOD, path) == ""
    assert "12" in question.check("short", "short", path)
    assert "different" in question.check(GOOD, GOOD + " ", path)
    for nowhere in ("", "file.kdbx", str(tmp_path / "no" / "file.kdbx")):
        assert "no such folder" in question.check(GOOD, GOOD, nowhere)
        assert question.save(nowhere) != ""
    assert "folder" in question.check(GOOD, GOOD, str(tmp_path))
    assert question.check(GOOD, GOOD, "~/file.kdbx") == ""
    said: list[str] = []
    question.confirm(GOOD, "~/file.kdbx", said.append)
    assert said == [""]
    assert question.save(path) == ""
    assert [question.has_gone] == [True]
    assert path in question.gone(path)[0]
    assert service.calls == [
        ("move", GOOD, tmp_path / "file.kdbx"),
        ("save", question.path),
    ]


def test_a_passphrase_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without lists of words."""
    monkeypatch.setattr(
        moving, "load_word_lists", lambda _language: {"en": ("one", "two", "three")}
    )
    assert len(suggest().split()) == 6
    monkeypatch.setattr(moving, "load_word_lists", lambda _language: {})
    found = {suggest() for _ in range(20)}
    assert len(found) == 20
    assert {len(one) for one in found} == {19}
    question = MoveQuestion(FakeMoving())
    before = question.suggestion
    assert question.suggest_another() == question.suggestion != before
    assert question.check(before, before, "~/x") == ""


def test_where_gajim_in_tails_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder_for_files() == tmp_path
    (tmp_path / "Gajim").mkdir()
    assert folder_for_files() == tmp_path / "Gajim"
    (tmp_path / "Persistent" / "Gajim").mkdir(parents=True)
    assert folder_for_files() == tmp_path / "Persistent" / "Gajim"
    assert "/" not in file_name("a/../b@example.org")


def test_the_way_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    service = FakeMoving()
    assert ArrivalQuestion(service).path == ""
    path = tmp_path / file_name(OWN)
    path.write_text("x")
    question = ArrivalQuestion(service)
    assert question.path == str(path)
    assert question.address == OWN
    assert "no such file" in question.check("", GOOD)
    assert "no such file" in question.check(str(tmp_path), GOOD)
    assert "passphrase" in question.check(str(path), "")
    assert question.check(str(path), GOOD) == ""
    # What is here ends
    assert "deleted" in question.sentences[-1]
    assert question.decline_label == "Keep the key here"
    service.can_end = False
    assert "deleted" not in question.sentences[-1]
    assert question.decline_label == "Begin with a new key"
    answers: list[tuple[bool, str]] = []
    question.read(str(path), GOOD, lambda used, why: answers.append((used, why)))
    assert answers == [(True, "")]
    assert question.arrive(used=True) == ""
    assert question.decline() == ""
    assert service.calls == [
        ("read", path, GOOD),
        ("arrive", True),
        ("leave",),
        ("anew",),
    ]
