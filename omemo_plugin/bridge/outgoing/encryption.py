# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encrypting a message when the keys of its recipients are there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from ...engine.errors import NoRecipient
from ...engine.errors import StoreError
from ...engine.errors import TooManyRecipients
from ...engine.messages.encrypting import Encryption
from ...engine.messages.encrypting import SentMessage
from ...engine.messages.planning import LeftOutReason
from ...engine.messages.planning import SendPlan
from ...engine.values import Protocol
from ...engine.values import Trust
from ...left_out import no_recipient
from ...stanza.silent_devices import build_silent_devices
from ..gajim import constants as gajim_constants
from ..gajim import contacts as gajim_contacts
from ..gajim import messages as gajim_messages
from ..log import guard
from ..log import report
from ..notices import texts
from ..pep.effects import EffectRunner
from ..rooms import Rooms
from ..state.keystore import Keystore
from ..state.sent_files import SentFiles
from ..values import Offer
from ..values import OfferKind
from ..xml import outgoing_stanza
from .encryption_scheduler import EncryptionScheduler
from .errors import CannotSend
from .errors import EncryptAgain
from .errors import MustWait
from .outbox import KEYS_SECONDS
from .outbox import Outgoing
from .send_notices import SendNotices

if TYPE_CHECKING:
    from ..gajim.protocols import Client

_MISSING = frozenset({LeftOutReason.NO_BUNDLE, LeftOutReason.BUNDLE_REFUSED})

# The encrypted message; or why there is none
Then = Callable[[SentMessage | None, Exception | None], None]


class StanzaEncryptor:
    """Encrypts the messages of one account."""

    def __init__(
        self,
        client: Client,
        own_jid: str,
        keystore: Keystore,
        effects: EffectRunner,
        rooms: Rooms,
        notices: SendNotices,
        sent_files: SentFiles,
    ) -> None:
        self._client = client
        self._own_jid = own_jid
        self._keystore = keystore
        self._effects = effects
        self._rooms = rooms
        self._notices = notices
        self._sent_files = sent_files
        self._scheduler = EncryptionScheduler(keystore)

    def close(self) -> None:
        """Give up what is under way."""
        self._scheduler.close()

    def start(self, entry: Outgoing, then: Then) -> None:
        """
        Encrypt a message, in steps if it is for many devices.

        Args:
            then: called once in the main loop: with the encrypted message when
                its keys are on the disk; or at once with `MustWait`, or with
                `CannotSend` or `EncryptAgain`. Not called after `close`.
        """

        def over(failure: Exception | None) -> None:
            try:
                if failure is not None:
                    raise failure
                self._finish(entry, encryption.finish(), then)
            except Exception as error:  # noqa: BLE001 - `then` is told of it
                then(None, self._explained(entry, error))

        try:
            encryption = self._begin(entry)
            is_over = encryption.step()
        except Exception as error:  # noqa: BLE001 - `then` is told of it
            then(None, self._explained(entry, error))
            return
        if is_over:
            over(None)
        else:
            self._notices.sending(entry)
            self._scheduler.run(encryption, over)

    def _begin(self, entry: Outgoing) -> Encryption:
        """
        Raises:
            MustWait: the user has been told what for.
            CannotSend: keys are missing, and will not come.
        """
        engine = self._keystore.get()
        if not gajim_constants.is_available(self._client):
            self._notices.offline(entry)
            raise MustWait
        if entry.is_room:
            entry.jids = self._members(entry)
        elif entry.is_private and (self._rooms.person(entry.conversation),) != (
            entry.jids
        ):
            raise CannotSend(texts.person_unknown())
        plan = engine.outgoing.plan(entry.jids)
        self._check_keys(entry, plan)
        if entry.is_room:
            self._check_answer(entry, plan)
        stanza = gajim_messages.stanza_of(entry.message)
        plaintexts = outgoing_stanza.plaintexts(
            stanza,
            from_jid=self._own_jid,
            to_jid=entry.addressee,
            has_text=entry.has_text,
            beside_text=[
                *self._sent_files.elements_for(stanza.getBody() or ""),
                *self._who_is_left_out(entry, plan),
            ],
        )
        self._keystore.write_archive_first()
        try:
            return engine.outgoing.begin_encrypt(entry.jids, plaintexts)
        except NoRecipient:
            if entry.has_text or not plan.recipients:
                raise
            raise CannotSend(texts.only_omemo_2()) from None

    def _who_is_left_out(self, entry: Outgoing, plan: SendPlan) -> list[Element]:
        """What tells the recipient, once, which devices get nothing because they were
        not heard. Who has this plugin shows it; other programs pass it over."""
        entry.tells = ()
        if entry.is_room or entry.is_private or not entry.has_text:
            return []
        silent = [
            one.device
            for one in plan.left_out
            if one.reason is LeftOutReason.SILENT and one.device.jid in entry.jids
        ]
        entry.tells = tuple(self._keystore.get().devices.untold(silent))
        if not entry.tells:
            return []
        return [build_silent_devices({one.device_id for one in entry.tells})]

    def _members(self, entry: Outgoing) -> tuple[str, ...]:
        """The bare JIDs that a message in a room is for."""
        room = entry.conversation
        if not self._rooms.is_private(room):
            # It was when the message was taken
            raise CannotSend(texts.room_is_not_private(), concerns_chat=True)
        jids = self._rooms.recipients(room)
        if jids is None:
            if time.monotonic() >= entry.deadline:
                raise CannotSend(texts.room_members_unknown())
            self._notices.fetching_members(entry)
            self._rooms.load(room)
            raise MustWait
        if not jids:
            raise CannotSend(texts.room_is_empty())
        if self._rooms.unnamed(room):
            # SECURITY: the server may have added them to read along. It goes on as
            # soon as the user has the room on screen, and the keys are there
            entry.held = True
            raise MustWait
        if entry.held:
            entry.held = False
            entry.deadline = time.monotonic() + KEYS_SECONDS
        return jids

    def _check_answer(self, entry: Outgoing, plan: SendPlan) -> None:
        """
        SECURITY: where the user has verified all that could read, a member whom
        only the server vouches for reads nothing before the user agrees.
        """
        added = self._rooms.unanswered(entry.conversation)
        others = [
            device
            for device in plan.recipients
            if device.jid in entry.jids and device.jid not in added
        ]
        if not added or not others:
            return
        infos = self._keystore.get().devices.look_up(others)
        if all(info.trust is Trust.VERIFIED for info in infos):
            raise MustWait

    def _check_keys(self, entry: Outgoing, plan: SendPlan) -> None:
        now = time.monotonic()
        if not plan.ready and now < entry.deadline:
            self._notices.fetching_keys(entry)
            self._effects.carry_out_later(plan.effects)
            raise MustWait
        if now < entry.grace and _may_appear(plan):
            self._notices.fetching_keys(entry)
            raise MustWait
        reached = {device.jid for device in plan.recipients}
        missing = tuple(jid for jid in entry.jids if jid not in reached)
        if entry.is_room and missing:
            # SECURITY: no member is left out of a room unless the user agrees, also
            # when keys did not come in time
            raise CannotSend(
                texts.members_without_keys(missing, plan.left_out),
                Offer(OfferKind.LEAVE_OUT, entry.conversation, missing),
                concerns_chat=True,
            )

    def _finish(self, entry: Outgoing, sent: SentMessage, then: Then) -> None:
        if entry.is_room and sent.lost:
            # SECURITY: no member is left out silently: plan once more
            raise EncryptAgain
        limit = gajim_messages.stanza_bytes_max(self._client)
        if outgoing_stanza.size_of(sent) > limit:
            raise CannotSend(texts.too_large(limit))
        self._notices.sending(entry)
        if entry.tells and any(
            one.protocol is Protocol.OMEMO_2 for one in sent.messages
        ):
            self._keystore.get().devices.note_told(entry.tells)

        def durable(error: Exception | None) -> None:
            if error is None:
                then(sent, None)
            else:
                then(None, CannotSend(texts.keys_not_written()))

        self._keystore.when_durable(durable)

    # Reasons

    def _explained(self, entry: Outgoing, error: Exception) -> Exception:
        """An error as one of those that `start` promises."""
        if isinstance(error, CannotSend | EncryptAgain | MustWait):
            return error
        if isinstance(error, NoRecipient):
            return self._no_recipient(entry, error)
        if isinstance(error, TooManyRecipients):
            return CannotSend(texts.too_many_recipients())
        if isinstance(error, StoreError):
            return CannotSend(texts.keys_not_written())
        report("encrypting a message", error)
        return CannotSend(texts.internal_error())

    def _no_recipient(self, entry: Outgoing, error: NoRecipient) -> CannotSend:
        """Why nobody could read it."""
        offer = Offer(OfferKind.DETAILS, entry.addressee)
        who = [gajim_contacts.name_of(self._client, jid) for jid in error.jids]
        reasons: set[LeftOutReason] = set()
        with guard("looking for a reason"):
            plan = self._keystore.get().outgoing.plan(entry.jids)
            if not plan.ready:
                return CannotSend(texts.not_found_out(who), offer)
            reasons = {
                one.reason for one in plan.left_out if one.device.jid in error.jids
            }
        # Of missing keys the line above the input does not speak
        concerns_chat = not reasons & _MISSING
        reason = no_recipient(who, reasons)
        return CannotSend(reason, offer, concerns_chat=concerns_chat)


def _may_appear(plan: SendPlan) -> bool:
    """Whether a recipient cannot be written to only because keys are missing,
    which the recipient could publish at any moment."""
    reasons = {
        entry.reason for entry in plan.left_out if entry.device.jid in plan.unreachable
    }
    return bool(plan.unreachable) and reasons <= {LeftOutReason.NO_BUNDLE}
