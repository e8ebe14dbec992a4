# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells the service of an account what the user changes in Gajim's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gajim.common import app
from nbxmpp.protocol import JID

from .account import AccountService
from .gajim import constants as gajim_constants
from .gajim import settings as gajim_settings
from .notices import texts

if TYPE_CHECKING:
    from .gajim.nbxmpp_protocols import Jid


class SettingChanges:
    """
    Follows the settings of one account and of its conversations. A setting counts
    as the user's choice only while the plugin is there to see it change.
    """

    def __init__(self, service: AccountService) -> None:
        self._service = service
        self._account = service.account
        self._followed: set[str] = set()

    def start(self) -> None:
        """Make Gajim's settings agree with the list of encrypted chats, and follow
        them from now on."""
        chats = self._service.encrypted_chats
        for jid in chats.jids:
            self.follow(jid)
            if not gajim_settings.encryption_of(self._account, jid):
                gajim_settings.set_encryption_of(
                    self._account, jid, gajim_constants.ENCRYPTION_NAME
                )
                self._service.notices.show(jid, texts.switched_on_again())
        chats.added.connect(self.follow)
        gajim_settings.follow_blind_trust(self._account, self._on_blind_trust_changed)
        gajim_settings.follow_history(self._account, self._on_history_changed)

    def follow(self, jid: str) -> None:
        """Follow the user's choice of encryption in a conversation."""
        if jid in self._followed:
            return
        self._followed.add(jid)
        app.settings.connect_signal(
            "encryption",
            self._on_encryption_changed,
            account=self._account,
            jid=JID.from_string(jid),
        )

    def close(self) -> None:
        """Follow nothing any more."""
        app.settings.disconnect_signals(self)

    def _on_blind_trust_changed(self, *_args: object) -> None:
        self._service.settings.follow_blind_trust()

    def _on_history_changed(self, *_args: object) -> None:
        self._service.history_setting_changed()

    def _on_encryption_changed(
        self, value: str | None, _setting: str, _account: str | None, jid: Jid
    ) -> None:
        self._service.encryption_chosen(str(jid), value or "")
