# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of Gajim's settings that reach the service of an account."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from omemo_plugin.bridge import setting_changes
from omemo_plugin.bridge.setting_changes import SettingChanges
from omemo_plugin.bridge.signals import Signal

BOB = "bob@example.org"
CAROL = "carol@example.org"


class GajimSettings:
    """
    Gajim's settings.

    Attributes:
        followers: the function that is called when a setting changes, by its name
            and by the conversation, if it belongs to one.
        encryption: the encryption that is chosen for each conversation.
    """

    def __init__(self) -> None:
        self.followers: dict[tuple[str, str], Any] = {}
        self.encryption: dict[str, str] = {}
        self.disconnected: list[object] = []

    def connect_signal(
        self, name: str, callback: Any, account: str, jid: object = ""
    ) -> None:
        assert account == "alice"
        assert (name, str(jid)) not in self.followers
        self.followers[name, str(jid)] = callback

    def disconnect_signals(self, follower: object) -> None:
        self.disconnected.append(follower)

    def follow_blind_trust(self, account: str, changed: Any) -> None:
        self.connect_signal("blind trust", changed, account)

    def follow_history(self, account: str, changed: Any) -> None:
        self.connect_signal("history", changed, account)

    def encryption_of(self, _account: str, jid: str) -> str:
        return self.encryption.get(jid, "")

    def set_encryption_of(self, _account: str, jid: str, name: str) -> None:
        self.encryption[jid] = name


@pytest.fixture
def gajim(monkeypatch: pytest.MonkeyPatch) -> GajimSettings:
    settings = GajimSettings()
    monkeypatch.setattr(setting_changes, "app", SimpleNamespace(settings=settings))
    monkeypatch.setattr(setting_changes, "gajim_settings", settings)
    return settings


@pytest.fixture
def service() -> Any:
    service = Mock(account="alice")
    service.encrypted_chats = SimpleNamespace(jids=(BOB,), added=Signal("a new chat"))
    return service


def test_a_conversation_is_followed_once(gajim: GajimSettings, service: Any) -> None:
    changes = SettingChanges(service)
    changes.follow(BOB)
    changes.follow(BOB)
    changed = gajim.followers["encryption", BOB]
    changed("OMEMO", "encryption", "alice", BOB)
    service.encryption_chosen.assert_called_once_with(BOB, "OMEMO")
    changed(None, "encryption", "alice", BOB)
    service.encryption_chosen.assert_called_with(BOB, "")


def test_encryption_that_was_lost_without_the_plugin_is_switched_on_again(
    gajim: GajimSettings, service: Any
) -> None:
    SettingChanges(service).start()
    assert gajim.encryption == {BOB: "OMEMO"}
    assert service.notices.show.call_args.args[0] == BOB
    assert ("encryption", BOB) in gajim.followers


def test_encryption_that_is_on_is_left_alone(
    gajim: GajimSettings, service: Any
) -> None:
    gajim.encryption[BOB] = "OMEMO"
    SettingChanges(service).start()
    assert not service.notices.show.called


def test_a_new_encrypted_chat_is_followed(gajim: GajimSettings, service: Any) -> None:
    SettingChanges(service).start()
    service.encrypted_chats.added.emit(CAROL)
    assert ("encryption", CAROL) in gajim.followers


def test_settings_of_the_account_are_followed(
    gajim: GajimSettings, service: Any
) -> None:
    SettingChanges(service).start()
    gajim.followers["blind trust", ""](True, "omemo_blind_trust", "alice", None)
    service.settings.follow_blind_trust.assert_called_once_with()
    gajim.followers["history", ""](0, "chat_history_max_age", "alice", None)
    service.history_setting_changed.assert_called_once_with()


def test_nothing_is_followed_after_the_end(gajim: GajimSettings, service: Any) -> None:
    changes = SettingChanges(service)
    changes.close()
    assert gajim.disconnected == [changes]
