# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The envelope of an OMEMO 2 message: checked, and read for trust messages and
requests to go on without encryption.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...engine.effects import Effect
from ...engine.engine import OmemoEngine
from ...engine.errors import MalformedStanza
from ...engine.messages.receiving import ReceivedMessage
from ...engine.values import Device
from ...engine.values import Protocol
from ...stanza.envelope import Envelope
from ...stanza.envelope import check_envelope
from ...stanza.envelope import parse_envelope
from ...stanza.silent_devices import find_silent_devices
from ...stanza.trust_message import find_trust_message
from ..gajim import constants as gajim_constants
from ..notices import texts
from .content import clean_text

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import MessageProperties

log = logging.getLogger("gajim.p.omemo_plugin")

_OPT_OUT = f"{{{Protocol.OMEMO_2.namespace}}}opt-out"

_REASON = f"{{{Protocol.OMEMO_2.namespace}}}reason"


class EnvelopeReader:
    """Reads the envelopes of one account."""

    def __init__(
        self,
        own_jid: str,
        engine: Callable[[], OmemoEngine],
        carry_out: Callable[[Sequence[Effect]], None],
        tell: Callable[[str, str], None],
    ) -> None:
        """
        Args:
            engine: gives the engine, or raises why there is none.
            carry_out: is given the effects of trust messages.
            tell: shows a line in the chat with a bare JID.
        """
        self._own_jid = own_jid
        self._engine = engine
        self._carry_out = carry_out
        self._tell = tell
        # Contacts, and the own devices of which they have said that in this run
        self._left_out: set[Device] = set()

    def read(self, result: ReceivedMessage, properties: MessageProperties) -> Envelope:
        """
        Open and check the envelope of a message.

        Raises:
            MalformedStanza: it is none, or for somebody else.
        """
        assert result.plaintext is not None
        envelope = parse_envelope(result.plaintext)
        in_room = properties.type.is_groupchat
        check_envelope(
            envelope,
            sender_jid=result.device.jid,
            recipient_jid=self._recipient(result, properties),
            is_groupchat=in_room,
        )
        if not in_room:
            self._note_trust_message(result, envelope)
            self._note_opt_out(result, envelope, properties)
            self._note_silent_devices(result, envelope)
        return envelope

    def _recipient(
        self, result: ReceivedMessage, properties: MessageProperties
    ) -> str | None:
        """
        The bare JID that a message has to be for, to be shown where it is.

        SECURITY: what others send is for this account or for the room, whatever the
        stanza says. A server that addressed the stanza to a room could show a text of
        that room in the chat with its author. Only what an own device sends is for
        whom the stanza says, and for this account if it says nobody.
        """
        if properties.type.is_groupchat:
            # It is addressed to the room (XEP-0384 0.9.1, "SCE Profile")
            room = properties.from_
            return None if room is None else gajim_constants.bare(room)
        if result.device.jid == self._own_jid and properties.to is not None:
            return gajim_constants.bare(properties.to)
        return self._own_jid

    def _note_opt_out(
        self, result: ReceivedMessage, envelope: Envelope, properties: MessageProperties
    ) -> None:
        """
        Say that the sender asks to go on without encryption (XEP-0384,
        "Opt-out"). SECURITY: it changes nothing; that is the user's to do.
        """
        jid = result.device.jid
        if properties.mam is not None or jid == self._own_jid:
            return
        if not result.trust.may_receive:
            # A server could have added the device, to have the user write in clear
            return
        for element in envelope.content:
            if element.tag == _OPT_OUT:
                reason = clean_text((element.findtext(_REASON) or "").encode())
                self._tell(jid, texts.opt_out(jid, reason.strip()))

    def _note_silent_devices(self, result: ReceivedMessage, envelope: Envelope) -> None:
        """A contact says which devices of the user it does not write for. It changes
        nothing here, and is believed of devices that may read the answer."""
        jid = result.device.jid
        if jid == self._own_jid or not result.trust.may_receive:
            return
        try:
            ids = find_silent_devices(envelope.content)
        except MalformedStanza as error:
            log.warning("Devices that are left out: %s", error)
            return
        if not ids:
            return
        engine = self._engine()
        for info in engine.devices.of(self._own_jid):
            number = info.device.device_id
            said = Device(jid, number)
            if (
                number in ids
                and info.active
                and number != engine.device_id
                and said not in self._left_out
            ):
                self._left_out.add(said)
                self._tell(jid, texts.not_written_for(jid, info))

    def _note_trust_message(self, result: ReceivedMessage, envelope: Envelope) -> None:
        try:
            decisions = find_trust_message(envelope.content)
        except MalformedStanza as error:
            log.warning("Trust message refused: %s", error)
            return
        if not decisions:
            return
        if envelope.stamp is None:
            # XEP-0434, "SCE Profile": without it old ones could be sent again
            log.warning("Trust message refused: it has no time")
            return
        stamp = int(envelope.stamp.timestamp())
        effects = self._engine().trust_messages.received(
            result.device, decisions, stamp
        )
        self._carry_out(effects)
