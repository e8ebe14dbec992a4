# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from omemo_plugin.bridge.state.encrypted_chats import EncryptedChats
from omemo_plugin.bridge.state.encrypted_chats import EncryptedChatsUnreadable


def test_a_new_list_is_empty(tmp_path: Path) -> None:
    encrypted_chats = EncryptedChats(tmp_path / "chats")
    assert "bob@example.org" not in encrypted_chats
    assert encrypted_chats.jids == frozenset()


def test_an_encrypted_chat_survives_a_restart(tmp_path: Path) -> None:
    EncryptedChats(tmp_path / "chats").add("bob@example.org")
    again = EncryptedChats(tmp_path / "chats")
    assert "bob@example.org" in again
    assert "carol@example.org" not in again


def test_only_open_takes_it_out(tmp_path: Path) -> None:
    encrypted_chats = EncryptedChats(tmp_path / "chats")
    encrypted_chats.add("bob@example.org")
    encrypted_chats.add("carol@example.org")
    encrypted_chats.remove("bob@example.org")
    encrypted_chats.remove("nobody@example.org")
    assert EncryptedChats(tmp_path / "chats").jids == {"carol@example.org"}


def test_a_message_of_a_stranger_is_no_choice_of_the_user(tmp_path: Path) -> None:
    jid = "stranger@example.org"
    chats = EncryptedChats(tmp_path / "chats")
    chats.add(jid, unasked=True)
    for one in (chats, EncryptedChats(tmp_path / "chats")):
        assert jid in one
        assert not one.is_chosen(jid)
    chats.add(jid)
    for one in (chats, EncryptedChats(tmp_path / "chats")):
        assert one.is_chosen(jid)
    # A later message does not take the choice back
    chats.add(jid, unasked=True)
    assert chats.is_chosen(jid)
    chats.remove(jid)
    assert not chats.is_chosen(jid)


def test_a_list_of_an_earlier_version_was_chosen(tmp_path: Path) -> None:
    path = tmp_path / "chats"
    path.write_text('{"encrypted": ["bob@example.org"]}')
    assert EncryptedChats(path).is_chosen("bob@example.org")
    path.write_text('{"encrypted": [], "unasked": [5]}')
    with pytest.raises(EncryptedChatsUnreadable):
        EncryptedChats(path)


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    EncryptedChats(tmp_path / "chats").add("bob@example.org")
    assert (tmp_path / "chats").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["chats"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"encrypted": [1]}',
        b'{"encrypted": 5}',
        b"{}",
        b"\xff\xfe",
        b'{"encrypted": ' + b"[" * 10_000,
    ],
)
def test_an_unreadable_list_is_not_taken_for_an_empty_one(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "chats"
    path.write_bytes(content)
    with pytest.raises(EncryptedChatsUnreadable):
        EncryptedChats(path)


def test_a_disk_that_refuses_does_not_open_it(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.write_text("a file where a folder should be")
    path = tmp_path / "chats"
    encrypted_chats = EncryptedChats(path)
    encrypted_chats._path = folder / "chats"
    encrypted_chats.add("bob@example.org")
    assert "bob@example.org" in encrypted_chats
