# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Receipts, read markers and typing notices, in the envelope of OMEMO 2.

They are worth nothing later, so they do not wait: if one cannot be encrypted at
once, it is not sent. None is sent to a room with many devices, where each would be
as long as a message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Collection
from typing import TYPE_CHECKING

from ...engine.errors import OmemoError
from ...engine.messages.encrypting import SentMessage
from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..log import guard
from ..log import report
from ..pep.effects import EffectRunner
from ..state.keystore import Keystore
from ..timers import soon
from ..xml import outgoing_stanza

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties
    from ..gajim.nbxmpp_protocols import MessageStanza
    from ..gajim.protocols import Client


# More than a person and we have, and what can be encrypted for at once
_DEVICES_MAX = 32

log = logging.getLogger("gajim.p.omemo_plugin")


class EphemeralSender:
    """Sends them for one account. Nothing raises."""

    def __init__(
        self, client: Client, own_jid: str, keystore: Keystore, effects: EffectRunner
    ) -> None:
        self._client = client
        self._own_jid = own_jid
        self._keystore = keystore
        self._effects = effects

    def answer_receipt(
        self, sender: str, stanza: MessageStanza, properties: MessageProperties
    ) -> None:
        """
        Tell the sender of a message that it has come.

        Args:
            sender: a bare JID.
        """
        with guard("answering a request for a receipt"):
            receipt = gajim_messages.receipt_for(self._client, stanza, properties)
            if receipt is not None:
                transmit = self._client.connection.send_stanza
                self.send([sender], sender, receipt, transmit)

    def send(
        self,
        jids: Collection[str],
        to_jid: str,
        stanza: MessageStanza,
        transmit: Callable[[MessageStanza], object],
    ) -> None:
        """
        Encrypt a stanza and send it, or do nothing.

        Not at once: encrypting commits what was received, and a message that
        Gajim is just being given has to be in its archive before. As soon as a text,
        or a text would overtake the notice that it is being typed.

        Args:
            jids: the bare JIDs it is for.
            to_jid: the bare JID of the contact or the room.
            transmit: is given the stanza when it is encrypted.
        """
        soon(self._encrypt, jids, to_jid, stanza, transmit)

    def _encrypt(
        self,
        jids: Collection[str],
        to_jid: str,
        stanza: MessageStanza,
        transmit: Callable[[MessageStanza], object],
    ) -> None:
        engine = self._keystore.engine
        if engine is None or not gajim_constants.is_available(self._client):
            return

        def durable(error: Exception | None) -> None:
            if (
                error is None
                and gajim_constants.is_available(self._client)
                # SECURITY: the user may have distrusted a device meanwhile
                and engine.outgoing.may_leave(sent)
            ):
                self._transmit(stanza, sent, transmit)

        try:
            plan = engine.outgoing.plan(jids)
            self._effects.carry_out_later(plan.effects)
            if not plan.ready or plan.unreachable:
                return
            if len(plan.recipients) > _DEVICES_MAX:
                return
            texts = outgoing_stanza.plaintexts(
                stanza, from_jid=self._own_jid, to_jid=to_jid, has_text=False
            )
            self._keystore.write_archive_first()
            sent = engine.outgoing.encrypt(jids, texts)
            self._keystore.when_durable(durable)
        except OmemoError as error:
            # Such as when no device there reads OMEMO 2
            log.info("Left out: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a notice may be missing
            report("sending a notice", error)

    @staticmethod
    def _transmit(
        stanza: MessageStanza,
        sent: SentMessage,
        transmit: Callable[[MessageStanza], object],
    ) -> None:
        with guard("sending a notice"):
            outgoing_stanza.seal(stanza, sent, has_text=False)
            transmit(stanza)
