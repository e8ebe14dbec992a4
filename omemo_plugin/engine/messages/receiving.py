# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decrypting messages, and keeping track of the answers that are owed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

from omemo.message import PlainKeyMaterial

from ...verify.jid import same_account
from ..backend import speedups
from ..backend.codec import CODECS
from ..backend.codec import fingerprint
from ..effects import DeviceHeardAgain
from ..effects import Effect
from ..effects import FetchDeviceList
from ..effects import OweEmptyMessage
from ..effects import SessionBroken
from ..errors import DuplicateMessage
from ..errors import IdentityKeyChanged
from ..errors import MessageKeyGone
from ..errors import NotForThisDevice
from ..errors import PayloadDamaged
from ..errors import ReceiveError
from ..errors import SentByThisDevice
from ..errors import TooManyKeyExchanges
from ..keys.publication import Publication
from ..state.core import Core
from ..state.devices import DeviceRecord
from ..values import Device
from ..values import EncryptedMessage
from ..values import Protocol
from ..values import Trust
from .decryption_work import KEYS_MAX
from .decryption_work import StanzaWork
from .key_opener import KeyOpener
from .key_opener import Opened

# XEP-0384, "Sending a message": a chain this long asks for an empty answer
HEARTBEAT = 53

# Errors after which a new session would change nothing
_SESSION_IS_WELL = (
    DuplicateMessage,
    IdentityKeyChanged,
    PayloadDamaged,
    TooManyKeyExchanges,
)


@dataclass(frozen=True)
class ReceivedMessage:
    """
    A decrypted message. It is not committed yet.

    Attributes:
        plaintext: the body in UTF-8 for the legacy protocol, the XEP-0420
            envelope for OMEMO 2; None for an empty message.
        trust: of the sending device at this moment.
        fingerprint: of the sending device, 64 hex digits.
        alone: whether no element of the other protocol was used up with it.
    """

    device: Device
    protocol: Protocol
    plaintext: bytes | None = field(repr=False)
    trust: Trust
    fingerprint: str
    effects: tuple[Effect, ...] = ()
    alone: bool = True


def _protocol_order(message: EncryptedMessage) -> bool:
    """The key that sorts OMEMO 2 before the legacy protocol."""
    return message.protocol is Protocol.LEGACY


class MessageDecryptor:
    """Decrypts messages, and notes which senders are owed an empty message."""

    def __init__(self, core: Core, publication: Publication) -> None:
        self._core = core
        self._publication = publication
        # With whether it is a heartbeat
        self._owed: dict[tuple[Device, Protocol], bool] = {}
        self._broken: set[Device] = set()
        self._reported: set[Device] = set()
        self._broken_in: dict[Device, Protocol] = {}
        self._late: dict[Device, set[bytes]] = {}
        self._keys = KeyOpener(core)

    def decrypt(
        self, sender_jid: str, messages: Sequence[EncryptedMessage]
    ) -> ReceivedMessage:
        """
        Decrypt the elements of one stanza: the element with a key for this
        device decides, OMEMO 2 before the legacy protocol.

        The result is not committed: the caller commits when everything that it
        shows of the message is safe as well.

        Args:
            sender_jid: the authenticated bare JID of the sender.

        Raises:
            ReceiveError: its kinds say why; no session has changed.
        """
        core = self._core
        chosen = self._choose(sender_jid, messages)
        message, keys = chosen[0]
        device = Device(sender_jid, message.sender_device_id)
        work = self._keys.stanza_of(sender_jid)
        error: ReceiveError | None = None
        others = chosen[1:]
        if any(self._was_seen(device, *other) for other in others):
            # SECURITY: the server has torn the elements of one message apart
            self._consume(sender_jid, chosen, work)
            raise DuplicateMessage
        for key in keys:
            try:
                result = self._decrypt(device, message, key, work)
            except ReceiveError as failure:
                # If several keys for this device fail, the most informative error is
                # reported
                if error is None or isinstance(failure, DuplicateMessage):
                    error = failure
            else:
                return self._complete(result, others, work) if others else result
        if isinstance(error, DuplicateMessage):
            self._consume(sender_jid, others, work, device)
        assert error is not None
        error.device = device
        if not isinstance(error, _SESSION_IS_WELL) and not self._is_late(
            device, error, keys[0]
        ):
            error.effects = (*error.effects, *self._note_broken(device, message))
        if core.devices.get(device) is None:
            error.effects = (
                *error.effects,
                FetchDeviceList(sender_jid, message.protocol, unasked=True),
            )
        raise error

    def _choose(
        self, sender_jid: str, messages: Sequence[EncryptedMessage]
    ) -> list[tuple[EncryptedMessage, list[bytes]]]:
        """The elements with keys for this device, and these keys: without duplicates,
        and at most `KEYS_MAX`. The first element decides."""
        core = self._core
        device_id = core.device_id
        own = False
        chosen: list[tuple[EncryptedMessage, list[bytes]]] = []
        if len(messages) > 1:
            messages = sorted(messages, key=_protocol_order)
        for message in messages:
            if sender_jid == core.own_jid and (message.sender_device_id == device_id):
                own = True
                continue
            # In a room there may be a thousand keys, and most are for others
            keys = [
                key.data
                for key in message.keys
                if key.device_id == device_id and self._is_ours(key.jid)
            ]
            if len(keys) > 1:
                keys = list(dict.fromkeys(keys))[:KEYS_MAX]
            if keys:
                chosen.append((message, keys))
        if chosen:
            return chosen
        if own:
            raise SentByThisDevice
        raise NotForThisDevice

    # The elements that do not decide

    def _was_seen(
        self, device: Device, message: EncryptedMessage, keys: Sequence[bytes]
    ) -> bool:
        return message.sender_device_id == device.device_id and any(
            self._keys.was_seen(device, message.protocol, data) for data in keys
        )

    def _complete(
        self,
        result: ReceivedMessage,
        others: Sequence[tuple[EncryptedMessage, list[bytes]]],
        work: StanzaWork,
    ) -> ReceivedMessage:
        """Use up the other elements of a message that has been decrypted."""
        device = result.device
        used, effects = self._consume(device.jid, others, work, device)
        if not used:
            return result
        return replace(result, alone=False, effects=(*result.effects, *effects))

    def _consume(
        self,
        sender_jid: str,
        elements: Sequence[tuple[EncryptedMessage, list[bytes]]],
        work: StanzaWork,
        device: Device | None = None,
    ) -> tuple[bool, list[Effect]]:
        """
        Use up the keys of elements that say the same as one that has been read:
        later, alone, they must not be shown again, and nothing on the disk is to
        open them.

        SECURITY: the payload is not looked at. A server that has damaged it could
        show the true one later.

        Args:
            device: the sender of the element that was read; elements of other
                devices are left alone.

        Returns:
            Whether any key was used up, and what follows.
        """
        used = False
        effects: list[Effect] = []
        for message, keys in elements:
            sender = Device(sender_jid, message.sender_device_id)
            if device is not None and sender != device:
                continue
            for data in keys:
                with contextlib.suppress(ReceiveError):
                    digest, opened = self._keys.open(
                        sender, message.protocol, data, work
                    )
                    self._accept(sender, message.protocol, digest, opened, effects)
                    used = True
        return used, effects

    def _is_ours(self, jid: str | None) -> bool:
        # Clients write the JID in the form that they have, for example in their roster
        return jid is None or same_account(jid, self._core.own_jid)

    def _decrypt(
        self, device: Device, message: EncryptedMessage, data: bytes, work: StanzaWork
    ) -> ReceivedMessage:
        protocol = message.protocol
        digest, opened = self._keys.open(device, protocol, data, work)
        try:
            plaintext = self._open_payload(message, opened.key)
        except PayloadDamaged:
            work.spend(opened.steps)
            raise
        # The engine has changed nothing so far, and nothing below can fail
        effects: list[Effect] = []
        record = self._accept(device, protocol, digest, opened, effects)
        identity_key = record.identity_key
        assert identity_key is not None
        return ReceivedMessage(
            device,
            protocol,
            plaintext,
            self._core.devices.trust(record),
            fingerprint(identity_key),
            tuple(effects),
        )

    def _accept(
        self,
        device: Device,
        protocol: Protocol,
        digest: bytes,
        opened: Opened,
        effects: list[Effect],
    ) -> DeviceRecord:
        """Apply an opened key: mark it as seen, and keep the session."""
        core = self._core
        core.store.mark_seen(digest)
        record, new = self._note_sender(device, opened, effects)
        self._keep(device, protocol, opened)
        if protocol is Protocol.OMEMO_2 and not record.speaks_omemo_2:
            record.speaks_omemo_2 = True
            core.devices.save(record)
        if new:
            effects.append(FetchDeviceList(device.jid, protocol, unasked=True))
        self._note_debt(device, protocol, opened, effects)
        self._broken.discard(device)
        self._keys.moved(device, protocol)
        return record

    def _open_payload(
        self, message: EncryptedMessage, key: PlainKeyMaterial
    ) -> bytes | None:
        codec = CODECS[message.protocol]
        empty = message.payload is None
        if not codec.key_length_is_valid(key, empty=empty):
            raise PayloadDamaged("a key of the wrong size")
        if empty:
            return None
        backend = self._core.sessions[message.protocol].backend
        try:
            return speedups.run(backend.decrypt_plaintext(codec.content(message), key))
        except Exception as failure:
            raise PayloadDamaged("the payload is not authentic") from failure

    # Applying a decrypted message

    def _note_sender(
        self, device: Device, opened: Opened, effects: list[Effect]
    ) -> tuple[DeviceRecord, bool]:
        core = self._core
        record = core.devices.get(device)
        new = record is None
        if record is None:
            core.forget_oldest(device.jid)
            record = core.devices.add(device, core.now())
        if not record.sign_known:
            sign_known = opened.session.namespace == Protocol.OMEMO_2.namespace
            if record.identity_key is None or sign_known:
                identity_key = opened.session.key_exchange.identity_key
                effects += core.meet(record, identity_key, sign_known=sign_known)[1]
        if core.silence.heard(record, core.exactly_now()):
            effects.append(DeviceHeardAgain(device))
        # Once an hour is enough for "last active", and spares a write each time
        if abs(core.now() - record.last_seen) > 3600:
            record.last_seen = core.now()
            core.devices.save(record)
        return record, new

    def _keep(self, device: Device, protocol: Protocol, opened: Opened) -> None:
        core = self._core
        sessions = core.sessions[protocol]
        ours = sessions.of(device)
        stepped = opened.replaces is not None and opened.replaces is ours.current
        exchange = opened.exchange
        if exchange is not None and sessions.started_before(exchange.signed_pre_key_id):
            sessions.retire(opened.session)
        if sessions.is_retired(opened.session):
            ours.keep_behind(opened.session, opened.replaces)
        else:
            ours.make_current(opened.session, opened.replaces)
        if stepped:
            sessions.stepped(device)
        else:
            sessions.rearranged(device)
        if exchange is not None:
            prekey = exchange.header.pre_key
            assert prekey is not None
            core.prekeys[protocol].consume(prekey, exchange.pre_key_id, core.now())
            self._publication.prekey_used(protocol)

    def _note_debt(
        self,
        device: Device,
        protocol: Protocol,
        opened: Opened,
        effects: list[Effect],
    ) -> None:
        # The chain goes on until the other side has seen the answer, so not
        # every message beyond the length is answered
        length = opened.session.receiving_chain_length or 0
        heartbeat = length > 0 and length % HEARTBEAT == 0
        if opened.exchange is None and not heartbeat:
            return
        if self._core.catching_up:
            known = self._owed.get((device, protocol), False)
            self._owed[device, protocol] = known or heartbeat
        else:
            effects.append(OweEmptyMessage(device, protocol, heartbeat))

    def answered(self, device: Device, protocol: Protocol) -> None:
        """Something was encrypted for the device: no empty message is owed."""
        self._owed.pop((device, protocol), None)

    def _is_late(self, device: Device, error: ReceiveError, key: bytes) -> bool:
        """Whether it was on its way when the sessions were taken over from another
        program. Nothing is wrong with them then."""
        record = self._core.devices.get(device)
        if record is None or not isinstance(error, MessageKeyGone):
            return False
        known = self._late.setdefault(device, set())
        if key not in known and len(known) < record.late:
            # The archive may send it again
            known.add(key)
        return key in known

    def _note_broken(
        self, device: Device, message: EncryptedMessage
    ) -> tuple[Effect, ...]:
        if device in self._reported:
            return ()
        self._broken.add(device)
        self._broken_in[device] = message.protocol
        if self._core.catching_up:
            return ()
        return tuple(self._report_broken())

    def _report_broken(self) -> list[Effect]:
        effects: list[Effect] = []
        for device in sorted(self._broken):
            self._reported.add(device)
            effects.append(SessionBroken(device, self._broken_in[device]))
        self._broken.clear()
        return effects

    def catch_up_ended(self) -> list[Effect]:
        effects: list[Effect] = [
            OweEmptyMessage(device, protocol, heartbeat)
            for (device, protocol), heartbeat in self._owed.items()
        ]
        self._owed.clear()
        effects += self._report_broken()
        return effects
