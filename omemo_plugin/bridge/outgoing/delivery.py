# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handing an encrypted message to Gajim."""

from __future__ import annotations

import time
from collections.abc import Collection
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...engine.keys.device_info import DeviceInfo
from ...engine.messages.encrypting import SentMessage
from ...engine.messages.planning import LeftOutReason
from ...engine.values import Trust
from ..gajim import archive as gajim_archive
from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..notices import texts
from ..rooms import Rooms
from ..state.account_state import AccountState
from ..values import Recipient
from ..xml import outgoing_stanza
from .errors import CannotSend
from .errors import EncryptAgain
from .errors import MustWait
from .gate import send_past_gate
from .outbox import Outgoing
from .send_notices import SendNotices

if TYPE_CHECKING:
    from ..gajim.protocols import Client


class Delivery:
    """Hands over the messages of one account."""

    def __init__(
        self, client: Client, state: AccountState, rooms: Rooms, notices: SendNotices
    ) -> None:
        self._client = client
        self._keystore = state.keystore
        self._recipients = state.recipients
        self._rooms = rooms
        self._notices = notices

    def send(self, entry: Outgoing, sent: SentMessage) -> None:
        """
        Send a message whose keys are on the disk.

        Raises:
            MustWait: the account is offline. The keys are spent, so the message
                is to be encrypted once more.
            EncryptAgain: a member of the room came or went in between, or a device
                may not read it any more.
            CannotSend: an occupant of the room has gone.
        """
        self._check(entry)
        # SECURITY: the disk was waited for, and the user may have distrusted a
        # device meanwhile
        if not self._keystore.get().outgoing.may_leave(sent):
            raise EncryptAgain
        stanza = gajim_messages.stanza_of(entry.message)
        content = outgoing_stanza.content_of(stanza)
        outgoing_stanza.seal(stanza, sent, has_text=entry.has_text)
        own_fingerprint = self._keystore.get().fingerprint
        infos = self._keystore.get().devices.look_up(sent.recipients)
        trust = _trust_in(infos, entry.jids)
        gajim_messages.mark_encrypted(entry.message, trust, own_fingerprint)
        if entry.is_room:
            self._rooms.note_sent(entry.conversation, stanza.getID(), content, trust)
        send_past_gate(self._client, entry.message)
        if entry.has_text:
            self._note_recipients(entry, sent, infos)
        else:
            self._notices.not_seen(entry, sent)
        # No other device can decrypt for us what this device has sent: if a crash
        # takes the row, its text is gone
        gajim_archive.flush_archive()

    def _check(self, entry: Outgoing) -> None:
        if not gajim_constants.is_available(self._client):
            self._notices.offline(entry)
            raise MustWait
        if entry.is_room and (
            self._rooms.recipients(entry.conversation) != entry.jids
            or self._rooms.unnamed(entry.conversation)
        ):
            raise EncryptAgain
        if entry.is_private and (self._rooms.person(entry.conversation),) != entry.jids:
            raise CannotSend(texts.person_unknown())

    def _note_recipients(
        self, entry: Outgoing, sent: SentMessage, infos: Sequence[DeviceInfo]
    ) -> None:
        """Keep the devices that can read a message, for a later look at it."""
        message_id = gajim_messages.stanza_of(entry.message).getID()
        if message_id:
            recipients = [
                Recipient(info.device, info.trust, info.name or info.label, left_out)
                for left_out, some in ((False, infos), (True, self._silent(sent)))
                for info in some
            ]
            self._recipients.note(
                message_id, entry.conversation, recipients, time.time()
            )

    def _silent(self, sent: SentMessage) -> Sequence[DeviceInfo]:
        """The devices that were left out because they had not been heard for long."""
        silent = [
            one.device for one in sent.left_out if one.reason is LeftOutReason.SILENT
        ]
        return self._keystore.get().devices.look_up(silent) if silent else ()


def _trust_in(infos: Sequence[DeviceInfo], jids: Collection[str]) -> Trust:
    """The trust that the shield of a sent message may show: that in the least
    trusted device of the recipients."""
    theirs = [info.trust for info in infos if info.device.jid in jids]
    # What is not known is not called verified
    verified = theirs and all(trust is Trust.VERIFIED for trust in theirs)
    return Trust.VERIFIED if verified else Trust.BLIND
