# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices that could read a message."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from omemo_plugin.bridge.state.message_recipients import MessageRecipients
from omemo_plugin.bridge.values import Recipient
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust

PHONE = Recipient(Device("bob@test", 1), Trust.VERIFIED, "Phone")
OTHER = Recipient(Device("alice@test", 2), Trust.BLIND)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readers.db"


def test_it_is_kept(path: Path) -> None:
    readers = MessageRecipients(path, -1)
    readers.note("one", "bob@test", [PHONE, OTHER], 1.0)
    readers.note("two", "bob@test", [PHONE], 2.0)
    readers.close()
    again = MessageRecipients(path, -1)
    assert again.of("one") == (PHONE, OTHER)
    assert again.of("two") == (PHONE,)
    assert again.of("three") is None
    again.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_those_that_were_left_out_are_kept_as_such(path: Path) -> None:
    left_out = Recipient(Device("bob@test", 9), Trust.BLIND, "Tablet", left_out=True)
    readers = MessageRecipients(path, -1)
    readers.note("one", "bob@test", [PHONE, left_out], 1.0)
    readers.note("two", "bob@test", [PHONE], 2.0)
    readers.close()
    again = MessageRecipients(path, -1)
    assert again.of("one") == (PHONE, left_out)
    assert again.of("two") == (PHONE,)
    again.close()


def test_recipients_are_not_kept_without_a_history(path: Path) -> None:
    readers = MessageRecipients(path, -1)
    readers.note("one", "bob@test", [PHONE], 1.0)
    readers.close()
    readers = MessageRecipients(path, 0)
    assert not path.exists()
    readers.note("two", "bob@test", [PHONE], 1.0)
    assert readers.of("two") == (PHONE,)
    readers.close()
    assert not path.exists()


def test_case_68_no_history_is_chosen_and_taken_back(path: Path) -> None:
    """From that moment nothing is on the disk; it is still shown."""
    readers = MessageRecipients(path, -1)
    readers.note("one", "bob@test", [PHONE], 1.0)
    readers.history_changed(0)
    assert list(path.parent.iterdir()) == []
    assert readers.of("one") == (PHONE,)
    readers.note("two", "bob@test", [OTHER], 2.0)
    assert list(path.parent.iterdir()) == []
    readers.history_changed(0)
    readers.history_changed(86400)
    readers.history_changed(-1)
    readers.close()
    readers.history_changed(0)
    again = MessageRecipients(path, -1)
    assert again.of("one") == (PHONE,)
    assert again.of("two") == (OTHER,)
    again.close()


def test_a_disk_that_refuses_changes_nothing(path: Path) -> None:
    readers = MessageRecipients(path, 0)
    readers.note("one", "bob@test", [PHONE], 1.0)
    path.mkdir()
    readers.history_changed(-1)
    assert readers.of("one") == (PHONE,)
    readers.close()


def test_recipients_are_deleted_with_the_history(path: Path) -> None:
    readers = MessageRecipients(path, -1)
    readers.note("one", "bob@test", [PHONE], 1.0)
    readers.note("two", "carol@test", [OTHER], 1.0)
    readers.tidy(lambda jid: jid == "carol@test", 2.0)
    assert readers.of("one") is None
    assert readers.of("two") == (OTHER,)
    readers.close()
    assert b"bob@test" not in path.read_bytes()


def test_old_recipients_are_deleted(path: Path) -> None:
    readers = MessageRecipients(path, 100)
    readers.note("old", "bob@test", [PHONE], 1000.0)
    readers.note("new", "bob@test", [PHONE], 1090.0)
    readers.tidy(lambda _jid: True, 1150.0)
    assert readers.of("old") is None
    assert readers.of("new") == (PHONE,)


def test_a_damaged_file_is_no_harm(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    readers = MessageRecipients(path, -1)
    readers.note("one", "bob@test", [PHONE], 1.0)
    assert readers.of("one") == (PHONE,)


def test_after_the_end_nothing_is_known(path: Path) -> None:
    readers = MessageRecipients(path, -1)
    readers.close()
    readers.note("one", "bob@test", [PHONE], 1.0)
    assert readers.of("one") is None
