# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What goes without the user having written it: receipts, read markers and typing
notices, in the envelope of OMEMO 2. They are worth nothing later, so they do not
wait, and what cannot be encrypted now is not sent. To a room with many devices
nothing of the kind goes: each typing notice would be as long as a message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Collection
from typing import Any

from gi.repository import GLib
from nbxmpp.protocol import Message

from ..engine.errors import OmemoError
from ..engine.sending import SentMessage
from . import compat
from . import send
from .errands import Errands
from .failures import report
from .keystore import Keystore

# More than a person and we have, and what can be encrypted for at once
_READERS_MAX = 32

log = logging.getLogger("gajim.p.omemo_plugin")


class Quiet:
    """Sends them for one account."""

    def __init__(
        self, client: Any, own_jid: str, keystore: Keystore, errands: Errands
    ) -> None:
        self._client = client
        self._own_jid = own_jid
        self._keystore = keystore
        self._errands = errands

    def answer_receipt(self, sender: str, stanza: Message, properties: Any) -> None:
        """
        Tell the sender of a message that it has come.

        Args:
            sender: the bare JID of who wrote it.
        """
        try:
            receipt = compat.receipt_for(self._client, stanza, properties)
        except Exception as error:
            report("answering a request for a receipt", error)
            return
        if receipt is not None:
            self.send([sender], sender, receipt, self._client.connection.send_stanza)

    def send(
        self,
        jids: Collection[str],
        to_jid: str,
        stanza: Message,
        transmit: Callable[[Message], Any],
    ) -> None:
        """
        Encrypt a stanza and send it, or do nothing. Nothing is raised.

        Not at once: encrypting commits what was received, and a message that
        Gajim is just being given has to be in its archive before.

        Args:
            jids: the bare JIDs it is for.
            to_jid: the bare JID of the contact or the room.
            transmit: is given the stanza when it is encrypted.
        """
        GLib.idle_add(self._encrypt, jids, to_jid, stanza, transmit)

    def _encrypt(
        self,
        jids: Collection[str],
        to_jid: str,
        stanza: Message,
        transmit: Callable[[Message], Any],
    ) -> None:
        engine = self._keystore.engine
        if engine is None or not compat.is_available(self._client):
            return

        def durable(error: Exception | None) -> None:
            if error is None and compat.is_available(self._client):
                self._transmit(stanza, sent, transmit)

        try:
            plan = engine.plan(jids)
            self._errands.carry_out_later(plan.effects)
            if not plan.ready or plan.unreachable:
                return
            if len(plan.readers) > _READERS_MAX:
                return
            texts = send.plaintexts(
                stanza, from_jid=self._own_jid, to_jid=to_jid, has_text=False
            )
            self._keystore.write_archive_first()
            sent = engine.encrypt(jids, texts)
            self._keystore.when_durable(durable)
        except OmemoError as error:
            # Such as when nobody there reads OMEMO 2
            log.info("Left out: %s", type(error).__name__)
        except Exception as error:
            report("sending a notice", error)

    @staticmethod
    def _transmit(
        stanza: Message, sent: SentMessage, transmit: Callable[[Message], Any]
    ) -> None:
        try:
            send.seal(stanza, sent, has_text=False)
            transmit(stanza)
        except Exception as error:
            report("sending a notice", error)
