# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Sending the encrypted messages of an account: they wait for the keys, are
encrypted, made durable, and only then let through the gate.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from ...engine.messages.encrypting import SentMessage
from ..gajim import constants as gajim_constants
from ..gajim import messages as gajim_messages
from ..log import report
from ..notices import texts
from ..notices.chat_notices import ChatNotices
from ..pep.effects import EffectRunner
from ..rooms import Rooms
from ..signals import Signal
from ..state.account_state import AccountState
from ..timers import Timer
from ..timers import after
from ..timers import later
from ..timers import soon
from .admission import Admission
from .admission import DefaultPolicy
from .delivery import Delivery
from .encryption import StanzaEncryptor
from .ephemeral import EphemeralSender
from .errors import CannotSend
from .errors import EncryptAgain
from .errors import MustWait
from .gate import Gate
from .gate import send_past_gate
from .give_back import GiveBack
from .outbox import KEYS_SECONDS
from .outbox import Outbox
from .outbox import Outgoing
from .send_notices import SendNotices
from .waiting import WaitingMessages

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import Stanza
    from ..gajim.protocols import Client
    from ..gajim.protocols import Contact
    from ..gajim.protocols import OutgoingMessage


# For how many seconds a message waits for the first device of a recipient to
# appear: the recipient may be signing in at this moment
_GRACE = 5.0

# Each of a thousand keys that come may be the last one that a message waits for;
# planning takes a while, so it is done once for all that came within this time
_SOON_SECONDS = 0.03


class MessageSender:
    """
    Sends the encrypted messages of one account. Nothing raises.

    Attributes:
        waiting: the messages that have not been sent, for the windows.
    """

    def __init__(
        self,
        client: Client,
        state: AccountState,
        notices: ChatNotices,
        effects: EffectRunner,
        rooms: Rooms,
        ephemeral: EphemeralSender,
        policy: DefaultPolicy,
    ) -> None:
        """
        Args:
            policy: what holds where the user has not chosen an encryption.

        Raises:
            GateMissing: this Gajim sends messages in an unknown way.
        """
        own_jid = gajim_constants.own_jid(client)
        self._client = client
        self._keystore = state.keystore
        self._encrypted_chats = state.encrypted_chats
        self._rooms = rooms
        self._ephemeral = ephemeral
        self._outbox = Outbox(state.drafts)
        self._give_back = GiveBack(notices, self._outbox)
        self._notices = SendNotices(notices, self._outbox)
        self.waiting = WaitingMessages(client, self._outbox, notices, self.work)
        self._admission = Admission(
            state.encrypted_chats,
            rooms,
            self._outbox,
            self._give_back,
            self._notices,
            policy,
        )
        self._policy = policy
        self._encryptor = StanzaEncryptor(
            client,
            own_jid,
            state.keystore,
            effects,
            rooms,
            self._notices,
            state.sent_files,
        )
        self._delivery = Delivery(client, state, rooms, self._notices)
        self._effects = effects
        self._soon = Timer(self.work)
        self._closed = False
        self._working = False
        self._work_again = False
        effects.answered.connect(self.work_soon)
        self._gate = Gate(client, self._admits)

    @property
    def waiting_changed(self) -> Signal[[]]:
        """Emitted when other messages wait, or for something else."""
        return self._outbox.changed

    def connected(self) -> None:
        """There is a connection: go on."""
        self.waiting.connected()
        self.work()

    def close(self) -> None:
        """Give back what waits, and remove the gate."""
        self._closed = True
        self._encryptor.close()
        self._soon.stop()
        self._give_back.all()
        self._outbox.close()
        self._gate.remove()

    def keep_drafts(self) -> None:
        """Gajim ends: what waits is shown again when it is started again."""
        self._outbox.freeze()

    def _admits(self, message: OutgoingMessage) -> bool:
        """Whether Gajim may send a message as it is."""
        if self._policy.wants(message.contact):
            # SECURITY: nobody has chosen to write in clear here
            self._policy.switch_on(str(message.contact.jid))
            self.encrypt_message(message)
            return False
        return self._admission.admits(message)

    def why_not_in_clear(self, contact: Contact) -> str:
        """See `Admission.why_not_in_clear`."""
        return self._admission.why_not_in_clear(contact)

    # Taking messages

    def encrypt_message(self, message: OutgoingMessage) -> None:
        """
        Take a message that is to be encrypted. It is sent when the keys are
        there; if it cannot be sent, the user sees the text with the reason.
        Nothing is ever sent in clear.
        """
        self._admission.note_taken(message)
        later(self._admission.note_taken, None)
        try:
            reason = self._why_not(message)
            if reason:
                self._give_back.refuse_later(message, reason)
            elif gajim_messages.is_chat_state(message):
                self._send_ephemeral(message)
            else:
                self._publish_keys()
                self._take(message)
        except Exception as error:  # noqa: BLE001 - the user gets the text back
            report("taking a message", error)
            self._give_back.refuse_later(message, texts.internal_error())

    def _publish_keys(self) -> None:
        """Whoever writes uses this device, and wants answers."""
        engine = self._keystore.engine
        if engine is not None and engine.publication.waits:
            self._effects.call(
                "beginning to publish", lambda engine: engine.publication.begin()
            )

    def _why_not(self, message: OutgoingMessage) -> str:
        reason = self._admission.why_not_encrypted(message)
        if reason:
            return reason
        return texts.internal_error() if self._closed else self._keystore.problem

    def _send_ephemeral(self, message: OutgoingMessage) -> None:
        """A typing notice or a read marker."""
        jid = str(message.contact.jid)
        if self._outbox.has(jid):
            # It would overtake a message
            return
        jids: tuple[str, ...] | None = (jid,)
        if message.is_groupchat:
            jids = self._rooms.recipients(jid)
            if self._rooms.unnamed(jid) or self._rooms.unanswered(jid):
                return
        elif gajim_messages.is_private_message(message):
            person = self._rooms.person(jid)
            known = person is not None and self._rooms.is_written_to(jid, person)
            jids = (person,) if person is not None and known else None
        if not jids:
            return

        def transmit(_stanza: Stanza) -> None:
            send_past_gate(self._client, message)

        to_jid = jid if message.is_groupchat else jids[0]
        self._ephemeral.send(jids, to_jid, gajim_messages.stanza_of(message), transmit)

    def _take(self, message: OutgoingMessage) -> None:
        jid = str(message.contact.jid)
        self._encrypted_chats.add(jid)
        now = time.monotonic()
        is_private = gajim_messages.is_private_message(message)
        person = self._rooms.person(jid) if is_private else jid
        self._outbox.add(
            Outgoing(
                message,
                gajim_messages.text_of(message),
                () if message.is_groupchat or person is None else (person,),
                jid,
                now + _GRACE,
                now + KEYS_SECONDS,
                is_room=message.is_groupchat,
                is_private=is_private,
            )
        )
        for seconds in (_GRACE, KEYS_SECONDS):
            after(seconds + 0.1, self.work)
        # Not at once: Gajim empties the input after this returns
        soon(self.work)

    # The queue

    def work(self) -> None:
        """Go on with the messages that wait."""
        if self._closed:
            return
        if self._working:
            self._work_again = True
            return
        self._working = True
        try:
            self._outbox.work(self._start)
            while self._work_again:
                self._work_again = False
                self._outbox.work(self._start)
        finally:
            self._working = False

    def recipients_changed(self) -> None:
        """Go on, and wait for the keys of those who are new."""
        self.work()
        if self._outbox:
            after(KEYS_SECONDS + 0.1, self.work)

    def work_soon(self) -> None:
        """Go on in a moment, once for all that happens until then."""
        self._soon.start(_SOON_SECONDS)

    def _start(self, entry: Outgoing) -> None:
        self._encryptor.start(entry, partial(self._encrypted, entry))

    def _encrypted(
        self, entry: Outgoing, sent: SentMessage | None, error: Exception | None
    ) -> None:
        entry.busy = False
        try:
            if error is not None:
                raise error
            assert sent is not None
            self._delivery.send(entry, sent)
        except MustWait:
            return
        except EncryptAgain:
            self.work_soon()
            return
        except CannotSend as failure:
            self._give_back.failed(entry, failure)
        except Exception as failure:  # noqa: BLE001 - the user sees the text
            report("sending a message", failure)
            self._give_back.failed(entry, CannotSend(texts.internal_error()))
        else:
            self._outbox.remove(entry)
        if not self._working:
            self.work()
