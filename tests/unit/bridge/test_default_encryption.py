# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chats that are encrypted without the user choosing it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from typing import cast

import pytest

from omemo_plugin.bridge.default_encryption import DefaultEncryption
from omemo_plugin.bridge.gajim import contacts as gajim_contacts
from omemo_plugin.bridge.gajim import settings as gajim_settings
from omemo_plugin.bridge.notices.chat_notices import ChatNotices
from omemo_plugin.bridge.settings import Settings
from omemo_plugin.bridge.state.encrypted_chats import EncryptedChats
from omemo_plugin.bridge.state.encrypted_chats import EncryptedChatsUnreadable
from omemo_plugin.bridge.values import ClearReason
from omemo_plugin.engine.state.diary import DiaryKind

ALICE = "alice@example.org"
BOB = "bob@example.org"


class Account:
    """An account with one contact, and what stands around it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "chats"
        self.chats = EncryptedChats(self.path)
        self.settings = SimpleNamespace(encrypt_by_default=True, own_jid=ALICE)
        self.lines: list[str] = []
        self.noted: list[tuple[str, DiaryKind]] = []
        self.can_read = False
        self.chosen = False
        self.can_be_encrypted = True
        self.contact = self.make_contact(BOB)
        for module, name, stand_in in (
            (gajim_settings, "has_chosen_encryption", lambda _contact: self.chosen),
            (gajim_settings, "set_encryption_of", self._set_encryption),
            (gajim_contacts, "can_be_encrypted", lambda _: self.can_be_encrypted),
            (gajim_contacts, "name_of", lambda _client, _jid: "Bob"),
        ):
            monkeypatch.setattr(module, name, stand_in)
        self.default = DefaultEncryption(
            SimpleNamespace(account="alice"),
            cast(Settings, self.settings),
            self.chats,
            cast(ChatNotices, SimpleNamespace(show=self._show)),
            lambda _jid: self.can_read,
            lambda jid, kind: self.noted.append((jid, kind)),
        )

    @staticmethod
    def make_contact(jid: str) -> Any:
        return SimpleNamespace(
            jid=jid, account="alice", settings={"encryption": ""}, is_groupchat=False
        )

    def _set_encryption(self, _account: str, _jid: str, name: str) -> None:
        self.contact.settings["encryption"] = name
        self.chosen = True

    def _show(self, _jid: str, line: str) -> None:
        self.lines.append(line)

    def switch_off(self) -> None:
        """Switch encryption off as the user does at the padlock."""
        self._set_encryption("alice", BOB, "")
        self.chats.remove(BOB)

    @property
    def encryption(self) -> str:
        return str(self.contact.settings["encryption"])


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(tmp_path, monkeypatch)


def test_a_chat_is_encrypted_unless_the_user_chose(account: Account) -> None:
    assert account.default.wants(account.contact)
    account.settings.encrypt_by_default = False
    assert not account.default.wants(account.contact)


def test_a_choice_made_before_the_plugin_was_installed_holds(account: Account) -> None:
    account.chosen = True
    assert not account.default.wants(account.contact)


def test_a_public_room_and_the_own_account_are_left_alone(account: Account) -> None:
    assert not account.default.wants(account.make_contact(ALICE))
    account.can_be_encrypted = False
    assert not account.default.wants(account.contact)


@pytest.mark.parametrize("by_default", [True, False])
def test_an_encrypted_message_switches_its_chat_on(
    account: Account, by_default: bool
) -> None:
    account.settings.encrypt_by_default = by_default
    account.default.encrypted_message_came(account.contact, is_live=True)
    assert account.encryption == "OMEMO"
    assert BOB in account.chats
    assert account.lines == ["Bob writes encrypted. Your answers are encrypted too."]
    account.default.encrypted_message_came(account.contact, is_live=True)
    assert len(account.lines) == 1


@pytest.mark.parametrize("followed", [True, False])
def test_an_encrypted_message_asks_the_user_if_encryption_is_off(
    account: Account, followed: bool
) -> None:
    if followed:
        account.switch_off()
    else:
        account.chosen = True
    account.default.encrypted_message_came(account.contact, is_live=False)
    assert account.default.why_blocked(BOB) == ""
    account.default.encrypted_message_came(account.contact, is_live=True)
    assert account.encryption == ""
    assert account.default.clear_reason(BOB) is ClearReason.UNANSWERED
    assert "Bob writes encrypted" in account.default.why_blocked(BOB)
    # The answer holds
    account.default.stay_without(BOB)
    account.default.encrypted_message_came(account.contact, is_live=True)
    assert account.default.clear_reason(BOB) is ClearReason.STAYED
    assert account.default.why_blocked(BOB) == ""


def test_a_device_that_appears_ends_the_choice(account: Account) -> None:
    account.default.send_without(BOB)
    assert account.default.clear_reason(BOB) is ClearReason.NO_DEVICE
    assert not account.default.wants(account.contact)
    account.default.look_again()
    assert account.encryption == ""
    account.can_read = True
    account.default.look_again()
    assert account.encryption == "OMEMO"
    assert account.default.clear_reason(BOB) is None
    assert "Bob’s app can encrypt now" in account.lines[-1]


def test_encryption_stays_off_when_a_device_appears(
    account: Account,
) -> None:
    account.switch_off()
    account.can_read = True
    account.default.look_again()
    assert account.encryption == ""


def test_the_choice_outlives_a_restart(account: Account) -> None:
    account.default.send_without(BOB)
    again = EncryptedChats(account.path)
    assert again.clear_reason(BOB) is ClearReason.NO_DEVICE
    assert again.without_device == (BOB,)
    again.add(BOB)
    assert EncryptedChats(account.path).clear_reason(BOB) is None


def test_a_file_without_choices_is_read(account: Account) -> None:
    account.path.write_text('{"encrypted": ["bob@example.org"]}')
    assert EncryptedChats(account.path).jids == {BOB}


@pytest.mark.parametrize("clear", ['["bob"]', '{"bob@example.org": "because"}'])
def test_a_damaged_choice_is_not_guessed(account: Account, clear: str) -> None:
    account.path.write_text(f'{{"encrypted": [], "clear": {clear}}}')
    with pytest.raises(EncryptedChatsUnreadable):
        EncryptedChats(account.path)


def test_the_history_has_what_the_user_chose(account: Account) -> None:
    """Nothing is written of what happens by itself."""
    account.default.switch_on(BOB)
    assert account.noted == []
    account.default.switch_off(BOB)
    account.default.switch_on(BOB)
    off, on = (BOB, DiaryKind.SWITCHED_OFF), (BOB, DiaryKind.SWITCHED_ON)
    assert account.noted == [off, on]
    account.default.send_without(BOB)
    account.can_read = True
    account.default.look_again()
    assert BOB in account.chats
    assert account.noted == [off, on, off]
    account.switch_off()
    account.default.chosen(BOB)
    assert account.noted == [off, on, off, on]
