# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drafts in an archive on the disk, as Gajim 2.6 has them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gajim.common import app
from gajim.common import configpaths

from omemo_plugin.bridge.gajim import drafts

ACCOUNT = "alice"
BOB = "bob@example.org"
TEXT = "nobody else should have this"


class Archive:
    """The column of Gajim's archive, in a journal as it has one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=wal", "secure_delete=on"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE drafts (jid TEXT PRIMARY KEY, text)")

    def close(self) -> None:
        self._connection.close()

    def get_contact_value(self, _account: str, jid: object, _attribute: str) -> Any:
        query = "SELECT text FROM drafts WHERE jid = ? AND text IS NOT NULL"
        for (text,) in self._connection.execute(query, (str(jid),)):
            return SimpleNamespace(text=text)
        return None

    def set_contact_value(
        self, _account: str, jid: object, _attribute: str, value: Any
    ) -> None:
        self._connection.execute(
            "INSERT INTO drafts VALUES (?, ?)"
            " ON CONFLICT (jid) DO UPDATE SET text = excluded.text",
            (str(jid), None if value is None else value.text),
        )

    @property
    def jids(self) -> list[str]:
        return [jid for (jid,) in self._connection.execute("SELECT jid FROM drafts")]

    def has_on_disk(self, text: str) -> bool:
        journal = self.path.with_name(f"{self.path.name}-wal")
        return any(text.encode() in one.read_bytes() for one in (self.path, journal))


class Case:
    """An archive, and what the user wants of the history."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.max_age = -1.0
        self.handlers: list[Callable[[object], None]] = []

    def register_event_handler(self, *arguments: Any) -> None:
        self.handlers.append(arguments[-1])

    def remove_event_handler(self, *arguments: Any) -> None:
        self.handlers.remove(arguments[-1])

    def end(self) -> None:
        for handler in self.handlers:
            handler(None)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    archive = Archive(tmp_path / "logs.db")
    case = Case(archive)
    monkeypatch.setattr(app, "storage", SimpleNamespace(archive=archive))
    monkeypatch.setattr(app, "ged", case)
    monkeypatch.setattr(configpaths, "get", lambda _name: archive.path)
    monkeypatch.setattr(drafts, "history_max_age", lambda _account: case.max_age)
    monkeypatch.setattr(drafts, "_given_back", {})
    yield case
    archive.close()


def put(archive: Archive, jid: str, text: str) -> None:
    archive.set_contact_value(ACCOUNT, jid, "draft", SimpleNamespace(text=text))


def test_case_68_a_text_that_was_given_back(case: Case) -> None:
    put(case.archive, BOB, TEXT)
    drafts._given_back[ACCOUNT, BOB] = TEXT
    assert case.archive.has_on_disk(TEXT)
    drafts.take_back("another account")
    assert case.archive.has_on_disk(TEXT)
    drafts.take_back(ACCOUNT)
    assert not case.archive.has_on_disk(TEXT)


def test_what_the_user_has_changed_is_the_users(case: Case) -> None:
    put(case.archive, BOB, f"{TEXT}, and more")
    drafts._given_back[ACCOUNT, BOB] = TEXT
    drafts.take_back(ACCOUNT)
    assert case.archive.get_contact_value(ACCOUNT, BOB, "draft") is not None


@pytest.mark.parametrize("max_age", [-1.0, 0.0, 86400.0])
def test_case_68_drafts_go_when_gajim_ends(case: Case, max_age: float) -> None:
    carol = "carol@example.org"
    put(case.archive, BOB, TEXT)
    put(case.archive, carol, TEXT)
    undo = drafts.forget_at_end(ACCOUNT, lambda: [BOB, "dan@example.org"])
    case.max_age = max_age
    case.end()
    kept = case.archive.get_contact_value(ACCOUNT, BOB, "draft") is not None
    assert kept == (max_age != 0)
    # Chats that are not encrypted are not ours, and no row is made
    assert case.archive.get_contact_value(ACCOUNT, carol, "draft") is not None
    assert case.archive.jids == [BOB, carol]
    undo()
    assert not case.handlers


def test_drafts_in_the_memory_are_left_alone(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(case.archive, BOB, TEXT)
    case.max_age = 0
    monkeypatch.setattr(app.storage, "drafts", object(), raising=False)
    drafts.forget_at_end(ACCOUNT, lambda: [BOB])
    case.end()
    assert case.archive.get_contact_value(ACCOUNT, BOB, "draft") is not None
