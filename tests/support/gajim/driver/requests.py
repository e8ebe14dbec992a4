# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of the user that no message carries, as Gajim's windows make them."""

from __future__ import annotations

from gajim.common import app
from nbxmpp.protocol import JID


class Requests:
    """Subjects, nicknames, invitations and calls."""

    def set_subject(self, account: str, room: str, subject: str) -> None:
        """Set the subject of a room."""
        module = app.get_client(account).get_module("MUC")
        module.set_subject(JID.from_string(room), subject)

    def change_nick(self, account: str, room: str, nickname: str) -> None:
        """Change the own nickname in a room."""
        module = app.get_client(account).get_module("MUC")
        module.change_nick(JID.from_string(room), nickname)

    def invite_because(self, account: str, room: str, jid: str, reason: str) -> None:
        """Invite somebody to a room, with a reason."""
        module = app.get_client(account).get_module("MUC")
        module.invite(JID.from_string(room), JID.from_string(jid), reason)

    def call_somebody(self, account: str, jid: str) -> bool:
        """Start a call.

        :returns: False if this Gajim has no calls
        """
        if getattr(app, "call_manager", None) is None:
            return False
        from gajim.common.const import CallType

        app.call_manager.start_call(account, JID.from_string(jid), CallType.AUDIO)
        return True
