# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A message out: held until the keys are there, encrypted, made durable, and only
then let through the gate. What cannot be sent is given back with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from gi.repository import GLib

from ..engine.errors import NoRecipient
from ..engine.errors import StoreError
from ..engine.errors import TooManyRecipients
from ..engine.sending import LeftOutReason
from ..engine.sending import SendPlan
from ..engine.sending import SentMessage
from ..engine.values import Trust
from . import compat
from . import messages
from . import send
from .errands import Errands
from .failures import report
from .gate import Gate
from .keystore import Keystore
from .latch import Latch
from .lines import Lines
from .outbox import Outbox
from .outbox import Outgoing
from .presenters import Offer
from .presenters import OfferKind
from .presenters import Reader
from .quiet import Quiet
from .readers import Readers
from .rooms import Rooms
from .stepper import Stepper
from .unsent import Unsent

# How long a message waits for keys; then those that are there have to do
_PATIENCE = 90.0

# How long somebody without any device is given to appear: they may be signing
# in at this moment
_GRACE = 5.0

# In seconds: what waits for longer than this is kept for the next start
_UNSENT_AFTER = 1

# Each of a thousand keys that come may be the last one that is waited for; to look
# takes a while, so it is done for all that came within this time
_SOON_MS = 30

# The address of an encrypted file, with its key (XEP-0454)
_AESGCM = "aesgcm://"


def _has_key(message: Any) -> bool:
    return bool(
        (message.oob_url or "").lower().startswith(_AESGCM)
        or _AESGCM in (compat.text_of(message) or "").lower()
    )


class _CannotSend(Exception):
    """Why a message that waited goes back to the user."""

    def __init__(self, reason: str, offer: Offer | None = None) -> None:
        super().__init__()
        self.reason = reason
        self.offer = offer


def _members_missing(entry: Outgoing, plan: SendPlan) -> _CannotSend:
    """SECURITY: nobody is left out of a room without the user's word."""
    reason = messages.members_without_keys(plan.unreachable, plan.left_out)
    offer = Offer(OfferKind.LEAVE_OUT, entry.conversation, plan.unreachable)
    return _CannotSend(reason, offer)


class Sender:
    """Sends the encrypted messages of one account."""

    def __init__(
        self,
        client: Any,
        own_jid: str,
        keystore: Keystore,
        latch: Latch,
        lines: Lines,
        errands: Errands,
        readers: Readers,
        rooms: Rooms,
        quiet: Quiet,
        unsent: Unsent,
    ) -> None:
        """
        Raises:
            GateMissing: this Gajim sends messages in another way than is known.
        """
        self._client = client
        self._own_jid = own_jid
        self._keystore = keystore
        self._latch = latch
        self._lines = lines
        self._errands = errands
        self._readers = readers
        self._rooms = rooms
        self._quiet = quiet
        # Conversations in which it was said who does not see reactions
        self._told_of_older: set[str] = set()
        self._unsent = unsent
        self._unsent_timer = 0
        self._outbox = Outbox()
        self._outbox.changed = self._note_unsent_soon
        self._stepper = Stepper(keystore)
        self._soon = 0
        self._announced: dict[str, set[str]] = {}
        self._taken: Any = None
        self._closed = False
        # Told of each conversation that becomes an encrypted one
        self.on_latched: Callable[[str], None] = lambda jid: None
        errands.answered = self.work_soon
        self._gate = Gate(client, self._admit)

    def close(self) -> None:
        """Give back what waits, and take the gate away."""
        self._closed = True
        self._stepper.close()
        waiting: dict[str, list[Outgoing]] = {}
        for entry in self._outbox.clear():
            waiting.setdefault(entry.conversation, []).append(entry)
        for entries in waiting.values():
            texts = [compat.text_of(entry.message) for entry in entries]
            text = "\n".join(text for text in texts if text is not None)
            contact = entries[0].message.contact
            self._return(contact, text or None, messages.switched_off())
        if self._unsent_timer:
            GLib.source_remove(self._unsent_timer)
        self._note_unsent()
        self._gate.remove()

    def keep_unsent(self) -> None:
        """Gajim ends: what waits is given back when it is started again."""
        self._note_unsent()
        self._unsent.freeze()
        # Gajim's own drafts are closed by now
        self._outbox.clear()

    def _note_unsent_soon(self) -> None:
        # Most messages are gone before that, and never on the disk in clear
        if not self._unsent_timer:
            self._unsent_timer = GLib.timeout_add_seconds(
                _UNSENT_AFTER, self._note_unsent
            )

    def _note_unsent(self) -> bool:
        self._unsent_timer = 0
        texts: dict[str, tuple[str, ...]] = {}
        for entry in self._outbox:
            text = compat.text_of(entry.message)
            if text is not None:
                before = texts.get(entry.conversation, ())
                texts[entry.conversation] = (*before, text)
        self._unsent.write(texts)
        return GLib.SOURCE_REMOVE

    # What comes in

    def _admit(self, message: Any) -> bool:
        """The gate asks: may Gajim send this as it is?"""
        if message is self._taken or self._outbox.holds(message):
            # Gajim 2 goes on by itself after `encrypt_message`
            return False
        contact = message.contact
        setting = contact.settings.get("encryption")
        if setting == compat.ENCRYPTION_NAME:
            # It should have come to `encrypt_message`, and did not
            self._refuse(message, messages.internal_error())
            return False
        reason = self.why_not_in_clear(contact)
        if reason:
            self._refuse(message, reason)
            return False
        if _has_key(message):
            # SECURITY: whoever switched encryption off while a file was uploaded
            # did not mean to give its key away
            self._refuse(message, messages.link_with_key())
            return False
        return True

    def why_not_in_clear(self, contact: Any) -> str:
        """
        Why nothing leaves a conversation for which OMEMO is not chosen, or ''.
        If it is an encrypted one its setting was lost, and is put back. Nothing
        is raised.
        """
        jid = str(contact.jid)
        if contact.settings.get("encryption") or jid not in self._latch:
            return ""
        if self._rooms.is_exposed(jid):
            return messages.room_is_not_private()
        try:
            compat.set_encryption_of(self._client.account, jid, compat.ENCRYPTION_NAME)
        except Exception as error:
            report("switching encryption on again", error)
            return messages.internal_error()
        return messages.stays_encrypted()

    def encrypt_message(self, message: Any) -> None:
        """
        Take a message that is to be encrypted. It is sent by itself when the
        keys are there; if it cannot be sent, the user is told and gets the text
        back. Nothing is ever sent in clear, and nothing is raised.
        """
        self._taken = message
        GLib.idle_add(self._forget_taken)
        try:
            reason = self._why_not(message)
            if reason:
                self._refuse(message, reason)
            elif compat.is_chat_state(message):
                self._send_quietly(message)
            else:
                self._take(message)
        except Exception as error:
            report("taking a message", error)
            self._refuse(message, messages.internal_error())

    def _forget_taken(self) -> bool:
        self._taken = None
        return GLib.SOURCE_REMOVE

    def _why_not(self, message: Any) -> str:
        """Why a message cannot be sent encrypted whatever happens, or ''."""
        if compat.text_of(message) is None and not (
            compat.is_chat_state(message) or compat.is_change(message)
        ):
            return messages.only_in_clear()
        jid = str(message.contact.jid)
        if compat.is_private_message(message):
            # What the user does not see must not answer for the user
            if not compat.is_chat_state(message):
                reason = self._why_not_to(jid)
                if reason:
                    return reason
        elif compat.is_groupchat_message(message) and not self._rooms.is_private(jid):
            return messages.room_is_not_private()
        if message.oob_url is not None and not message.oob_url.startswith(_AESGCM):
            # Gajim 2.6 encrypts files itself, the others ask us to
            return messages.uploaded_in_clear()
        if self._closed:
            return messages.internal_error()
        return self._keystore.problem

    def _send_quietly(self, message: Any) -> None:
        """A typing notice or a read marker."""
        jid = str(message.contact.jid)
        if self._outbox.has(jid):
            # It would overtake a message
            return
        jids: tuple[str, ...] | None = (jid,)
        if compat.is_groupchat_message(message):
            jids = self._rooms.recipients(jid)
        elif compat.is_private_message(message):
            person = self._rooms.person(jid)
            known = person is not None and self._rooms.is_written_to(jid, person)
            jids = (person,) if person is not None and known else None
        if not jids:
            return

        def transmit(_stanza: Any) -> None:
            self._gate.send(message)

        to_jid = jid if compat.is_groupchat_message(message) else jids[0]
        self._quiet.send(jids, to_jid, compat.stanza_of(message), transmit)

    def _why_not_to(self, address: str) -> str:
        """
        Why nothing can be sent to a nickname, or ''.

        SECURITY: whoever leaves a room gives the nickname away. The next one
        gets nothing that was meant for somebody else.
        """
        person = self._rooms.person(address)
        if person is None:
            return messages.person_unknown()
        previous = self._rooms.previous_person(address, person)
        if previous is None:
            self._lines.tell(address, messages.private_messages_are_for(person))
        elif previous != person:
            return messages.nickname_changed_hands(person)
        return ""

    def _take(self, message: Any) -> None:
        jid = str(message.contact.jid)
        if jid not in self._latch:
            self._latch.close(jid)
            self.on_latched(jid)
        now = time.monotonic()
        is_room = compat.is_groupchat_message(message)
        is_private = compat.is_private_message(message)
        person = self._rooms.person(jid) if is_private else jid
        self._outbox.add(
            Outgoing(
                message,
                () if is_room or person is None else (person,),
                jid,
                now + _GRACE,
                now + _PATIENCE,
                is_room=is_room,
                is_private=is_private,
            )
        )
        for seconds in (_GRACE, _PATIENCE):
            GLib.timeout_add(int(seconds * 1000) + 100, self._work_once)
        # Not at once: Gajim empties the input after this returns
        GLib.idle_add(self._work_once)

    # The queue

    def _work_once(self) -> bool:
        self.work()
        return GLib.SOURCE_REMOVE

    def work(self) -> None:
        """Go on with what waits."""
        if not self._closed:
            self._outbox.work(self._try)

    def work_soon(self) -> None:
        """The same in a moment, once for all that happens until then."""
        if not self._soon:
            self._soon = GLib.timeout_add(_SOON_MS, self._work_now)

    def _work_now(self) -> bool:
        self._soon = 0
        return self._work_once()

    def _try(self, entry: Outgoing) -> bool:
        """Returns whether the entry has left the queue."""
        return self._attempt(entry, lambda: self._step(entry))

    def _attempt(self, entry: Outgoing, go_on: Callable[[], None]) -> bool:
        """Returns whether the entry has left the queue, because it cannot be
        sent."""
        try:
            go_on()
        except _CannotSend as error:
            self._give_back(entry, error.reason, error.offer)
        except NoRecipient as error:
            offer = Offer(OfferKind.DETAILS, entry.addressee)
            self._give_back(entry, self._why_nobody(entry, error), offer)
        except TooManyRecipients:
            self._give_back(entry, messages.too_many_recipients())
        except StoreError:
            self._give_back(entry, messages.keys_not_written())
        except Exception as error:
            report("encrypting a message", error)
            self._give_back(entry, messages.internal_error())
        else:
            return False
        return True

    def _step(self, entry: Outgoing) -> None:
        """Encrypt an entry if it does not have to wait."""
        engine = self._keystore.get()
        now = time.monotonic()
        if not compat.is_available(self._client):
            self._announce(entry, "offline", messages.waiting_for_connection())
            return
        if entry.is_room and not self._find_members(entry):
            return
        if entry.is_private and not self._is_still_there(entry):
            raise _CannotSend(messages.person_unknown())
        plan = engine.plan(entry.jids)
        if not plan.ready and now < entry.deadline:
            count = len(plan.waiting)
            what = "keys" if count else "lists"
            self._announce(entry, what, messages.fetching(count))
            self._errands.carry_out_later(plan.effects)
            return
        if now < entry.grace and _may_appear(plan):
            self._announce(entry, "lists", messages.fetching(0))
            return
        if entry.is_room and plan.unreachable:
            raise _members_missing(entry, plan)
        has_text = not compat.is_change(entry.message)
        texts = send.plaintexts(
            compat.stanza_of(entry.message),
            from_jid=self._own_jid,
            to_jid=entry.addressee,
            has_text=has_text,
        )
        self._keystore.write_archive_first()
        try:
            encryption = engine.begin_encrypt(entry.jids, texts)
        except NoRecipient:
            if has_text or not plan.readers:
                raise
            raise _CannotSend(messages.only_omemo_2()) from None
        if encryption.step():
            self._encrypted(entry, encryption.finish())
            return
        entry.busy = True

        def over(error: Exception | None) -> None:
            def go_on() -> None:
                if error is not None:
                    raise error
                self._encrypted(entry, encryption.finish())

            if self._attempt(entry, go_on):
                self.work()

        self._stepper.run(encryption, over)

    def _encrypted(self, entry: Outgoing, sent: SentMessage) -> None:
        if entry.is_room and sent.lost:
            # SECURITY: nobody is left out without a word: look again
            entry.busy = False
            self.work_soon()
            return
        limit = compat.stanza_bytes_max(self._client)
        if send.size_of(sent) > limit:
            raise _CannotSend(messages.too_large(limit))
        entry.busy = True

        def durable(error: Exception | None) -> None:
            self._send(entry, sent, error)

        self._keystore.when_durable(durable)

    def _find_members(self, entry: Outgoing) -> bool:
        """Returns whether it is known whom a message in a room is for."""
        room = entry.conversation
        if not self._rooms.is_private(room):
            # It was when the message was taken
            raise _CannotSend(messages.room_is_not_private())
        jids = self._rooms.recipients(room)
        if jids is None:
            if time.monotonic() >= entry.deadline:
                raise _CannotSend(messages.room_members_unknown())
            self._announce(entry, "members", messages.fetching_members())
            self._rooms.load(room)
            return False
        if not jids:
            raise _CannotSend(messages.room_is_empty())
        entry.jids = jids
        return True

    def _is_still_there(self, entry: Outgoing) -> bool:
        return (self._rooms.person(entry.conversation),) == entry.jids

    def _send(
        self, entry: Outgoing, sent: SentMessage, error: Exception | None
    ) -> None:
        if error is not None:
            self._give_back(entry, messages.keys_not_written())
            self.work()
            return
        if not compat.is_available(self._client):
            # Its keys are spent; it is encrypted anew when there is a way out
            entry.busy = False
            self._announce(entry, "offline", messages.waiting_for_connection())
            return
        if entry.is_room and self._rooms.recipients(entry.conversation) != entry.jids:
            # Somebody came or was removed meanwhile: it is encrypted anew
            entry.busy = False
            self.work()
            return
        if entry.is_private and not self._is_still_there(entry):
            self._give_back(entry, messages.person_unknown())
            self.work()
            return
        try:
            stanza = compat.stanza_of(entry.message)
            has_text = not compat.is_change(entry.message)
            content = send.content_of(stanza)
            send.seal(stanza, sent, has_text=has_text)
            own_fingerprint = self._keystore.get().fingerprint
            trust = self._trust_of(sent, entry.jids)
            compat.mark_encrypted(entry.message, trust, own_fingerprint)
            if entry.is_room:
                self._rooms.note_sent(entry.conversation, stanza.getID(), content)
            self._gate.send(entry.message)
            if has_text:
                self._note_readers(entry, sent)
            else:
                self._tell_of_older(entry, sent)
            # Nobody can decrypt for us what this device has sent: if a crash
            # takes the row, its text is gone
            compat.flush_archive()
        except Exception as failure:
            report("sending a message", failure)
            self._give_back(entry, messages.internal_error())
        else:
            self._leave(entry)
            self._tell_of_left_out(entry, sent)
        self.work()

    def _note_readers(self, entry: Outgoing, sent: SentMessage) -> None:
        """For whoever asks later who could read it."""
        readers = [
            Reader(info.device, info.trust, info.label)
            for info in self._keystore.get().look_up(sent.readers)
        ]
        number = compat.stanza_of(entry.message).getID()
        if number:
            self._readers.note(number, entry.conversation, readers, time.time())

    def _trust_of(self, sent: SentMessage, jids: Sequence[str]) -> Trust:
        """What the shield of a sent message may claim: that of the device
        trusted least among the recipients'."""
        infos = self._keystore.get().look_up(sent.readers)
        theirs = [info.trust for info in infos if info.device.jid in jids]
        verified = all(trust is Trust.VERIFIED for trust in theirs)
        return Trust.VERIFIED if verified else Trust.BLIND

    # What the user is told

    def _announce(self, entry: Outgoing, what: str, line: str) -> None:
        """Say why a conversation waits: each reason once, however many messages
        wait and however the number of keys goes down."""
        said = self._announced.setdefault(entry.conversation, set())
        if what not in said:
            said.add(what)
            self._lines.tell(entry.conversation, line)

    def _tell_of_left_out(self, entry: Outgoing, sent: SentMessage) -> None:
        undecided = sum(one.reason is LeftOutReason.UNDECIDED for one in sent.left_out)
        if undecided:
            line = messages.undecided_left_out(undecided)
            offer = Offer(OfferKind.DETAILS, entry.addressee)
            self._lines.tell(entry.conversation, line, offer)

    def _tell_of_older(self, entry: Outgoing, sent: SentMessage) -> None:
        """Once for a conversation: who reads the older protocol only."""
        reached = {device.jid for device in sent.readers}
        others = [jid for jid in entry.jids if jid not in reached]
        if others and entry.conversation not in self._told_of_older:
            self._told_of_older.add(entry.conversation)
            self._lines.tell(entry.conversation, messages.not_seen_by(others))

    def _why_nobody(self, entry: Outgoing, error: NoRecipient) -> str:
        try:
            left_out = self._keystore.get().plan(entry.jids).left_out
        except Exception as failure:
            report("looking for a reason", failure)
            left_out = ()
        return messages.no_recipient(error.jids, left_out)

    # Giving back

    def _leave(self, entry: Outgoing) -> None:
        """An entry is not waiting any more."""
        self._outbox.remove(entry)
        if not self._outbox.has(entry.conversation):
            self._announced.pop(entry.conversation, None)

    def _give_back(
        self, entry: Outgoing, reason: str, offer: Offer | None = None
    ) -> None:
        self._leave(entry)
        self._return_text(entry.message, reason, offer)

    def _refuse(self, message: Any, reason: str) -> None:
        """Do not send a message that is not in the queue."""

        # Not at once: Gajim empties the input after this returns
        def later() -> bool:
            self._return_text(message, reason)
            return GLib.SOURCE_REMOVE

        if not compat.is_chat_state(message):
            GLib.idle_add(later)

    def _return_text(
        self, message: Any, reason: str, offer: Offer | None = None
    ) -> None:
        self._return(message.contact, compat.text_of(message), reason, offer)

    def _return(
        self, contact: Any, text: str | None, reason: str, offer: Offer | None = None
    ) -> None:
        """
        Put a text back into the input.

        Args:
            reason: for the user.
            offer: what there is to do about it.
        """
        try:
            if text is not None and compat.give_back(contact, text):
                text = None
            line = messages.not_sent(reason, text)
            self._lines.tell(str(contact.jid), line, offer)
        except Exception as error:
            report("giving a text back", error)


def _may_appear(plan: SendPlan) -> bool:
    """Whether a recipient cannot be written to only for want of keys, which
    could be published at any moment."""
    reasons = {
        entry.reason for entry in plan.left_out if entry.device.jid in plan.unreachable
    }
    return bool(plan.unreachable) and reasons <= {LeftOutReason.NO_BUNDLE}
