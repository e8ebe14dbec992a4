# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of earlier messages, by the test and by others."""

from __future__ import annotations

import sqlite3
from typing import Any

from gajim.common import app
from gajim.common import configpaths
from gajim.common import ged
from gajim.common.const import Trust
from gajim.common.structs import OutgoingMessage
from gi.repository import GLib
from gi.repository import Gtk
from nbxmpp.const import Chatstate
from nbxmpp.protocol import JID
from nbxmpp.structs import StanzaHandler


class Changes:
    """Reactions, retractions, corrections, read markers and typing notices."""

    _markers = 0

    def send_past_the_window(self, account: str, jid: str, text: str) -> None:
        """Send a message as gajim-remote and other plugins do."""
        client = app.get_client(account)
        contact = client.get_module("Contacts").get_contact(JID.from_string(jid))
        if Gtk.get_major_version() == 3:
            message = OutgoingMessage(
                account=account, contact=contact, message=text, type_="chat"
            )
        else:
            message = OutgoingMessage(account=account, contact=contact, text=text)
        client.send_message(message)

    def decrypt_in_another_way(self, account: str, namespace: str) -> None:
        """From now on, pass messages with an element of this namespace off as
        encrypted by another plugin, and verified."""

        def decrypt(_client: Any, _stanza: Any, properties: Any) -> None:
            trust = Trust.VERIFIED
            if Gtk.get_major_version() == 3:
                from gajim.common.const import EncryptionData

                data = {"name": "Other", "fingerprint": "AB" * 20, "trust": trust}
                properties.encrypted = EncryptionData(data)
            else:
                from nbxmpp.structs import EncryptionData

                properties.encrypted = EncryptionData(
                    protocol="Other", key="AB" * 20, trust=trust
                )

        handler = StanzaHandler(
            name="message", callback=decrypt, ns=namespace, priority=9
        )
        app.get_client(account).connection.register_handler(handler)

    def make_openpgp_key(self, account: str) -> str:
        """Have Gajim 2.6 make and publish one.

        :returns: its fingerprint
        """
        module = app.get_client(account).get_module("OpenPGP")
        module.generate_key()
        fingerprint: str = module._secret_cert.fingerprint
        return fingerprint.upper()

    def openpgp_trust(self, account: str, jid: str) -> str:
        """How far Gajim 2.6 trusts a key that it has got; '' without one."""
        address = JID.from_string(jid)
        found = app.storage.openpgp.get_public_keys(account, [address])
        if not found:
            app.get_client(account).get_module("OpenPGP").request_keylist(address)
            return ""
        return str(Trust(found[0].trust).name)

    def send_all_past_the_window(
        self, account: str, jid: str, texts: list[str]
    ) -> bool:
        """Send many in a row.

        :returns: whether Gajim has taken them; it takes none while it is offline
        """
        if not app.get_client(account).state.is_available:
            return False
        for text in texts:
            self.send_past_the_window(account, jid, text)
        return True

    def waiting(self, account: str) -> int:
        """Count the messages that our plugin has not handed to Gajim yet."""
        service = app.get_client(account).get_module("OmemoPlugin").service
        return len(service.sender.waiting)

    def prefer_plain_receipts(self) -> None:
        """Choose receipts for older programs, for the account of the shown chat."""
        client = app.get_client(app.window.get_control().contact.account)
        client.get_module("OmemoPlugin").service.settings.plain_receipts = True

    def correct(self) -> None:
        """Choose to correct the last message, as Ctrl+Up does."""
        app.window.lookup_action("correct-message").activate(None)

    def reply(self, text: str) -> None:
        """Choose to reply to a message in the shown chat (Gajim 2)."""
        row = self._find_row(text)  # type: ignore[attr-defined]
        app.window.lookup_action("reply").activate(GLib.Variant("u", row.pk))

    def is_reply(self, text: str) -> bool:
        """Whether a message in the shown chat is one to another (Gajim 2)."""
        row = self._find_row(text)  # type: ignore[attr-defined]
        return bool(self._ask("SELECT id FROM reply WHERE fk_message_pk = ?", row.pk))

    def react(self, text: str, emoji: str) -> None:
        """React to a message in the shown chat (Gajim 2)."""
        contact = app.window.get_control().contact
        module = app.get_client(contact.account).get_module("Reactions")
        module.send_reaction(contact, self._target(text), {emoji})

    def reactions(self, text: str) -> str:
        """The reactions to a message in the shown chat, as Gajim has them."""
        return " ".join(
            row[0]
            for row in self._ask(
                "SELECT emojis FROM reaction WHERE id = ?", self._target(text)
            )
        )

    def retract(self, text: str) -> None:
        """Take back a message in the shown chat (Gajim 2.6)."""
        contact = app.window.get_control().contact
        module = app.get_client(contact.account).get_module("Retraction")
        module.send_retraction(contact, [self._target(text)])

    def retractions(self) -> int:
        """Count the messages that Gajim knows to have been taken back (Gajim 2.6)."""
        ((count,),) = self._ask("SELECT count(*) FROM retraction")
        return int(count)

    def start_typing(self) -> None:
        """Be busy with the keyboard, as Gajim sees it."""
        contact = app.window.get_control().contact
        module = app.get_client(contact.account).get_module("Chatstate")
        # It says a thing only once
        for state in (Chatstate.ACTIVE, Chatstate.COMPOSING):
            module.set_chatstate(contact, state)

    def typing(self) -> str:
        """The chat state of the contact in the shown chat."""
        state = app.window.get_control().contact.chatstate
        return "" if state is None else str(state.value)

    def mark_as_read(self, text: str) -> None:
        """Have read a message in the shown chat; without a screen Gajim cannot
        know that by itself."""
        contact = app.window.get_control().contact
        module = app.get_client(contact.account).get_module("ChatMarkers")
        module.send_displayed_marker(contact, self._target(text), None)

    def watch_markers(self) -> None:
        """Note from now on who has read what."""
        self._markers = 0
        app.ged.register_event_handler(
            "displayed-received", ged.CORE, self._on_displayed
        )

    def markers(self) -> int:
        """Count the messages that were marked as read since."""
        return self._markers

    def _on_displayed(self, _event: Any) -> None:
        self._markers += 1

    def _target(self, text: str) -> str:
        """The id by which others know a message of the shown chat."""
        row = self._find_row(text)  # type: ignore[attr-defined]
        if Gtk.get_major_version() == 3:
            return str(row.message_id)
        groupchat = app.window.get_control().contact.is_groupchat
        ((own, rooms),) = self._ask(
            "SELECT id, stanza_id FROM message WHERE pk = ?", row.pk
        )
        return str(rooms if groupchat else own)

    @staticmethod
    def _ask(question: str, *values: Any) -> list[Any]:
        path = configpaths.get("LOG_DB")
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute(question, values).fetchall()
        finally:
            connection.close()
