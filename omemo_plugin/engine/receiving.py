# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decrypting what other devices send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from doubleratchet import DoSProtectionException
from doubleratchet import DuplicateMessageException
from omemo.session import Session

from . import fast
from .budget import Budget
from .core import Core
from .devices import DeviceRecord
from .effects import Effect
from .effects import FetchDeviceList
from .effects import OweEmptyMessage
from .effects import SessionBroken
from .errors import DecryptionFailed
from .errors import DuplicateMessage
from .errors import IdentityKeyChanged
from .errors import NoSession
from .errors import NotForThisDevice
from .errors import ReceiveError
from .errors import SentByThisDevice
from .errors import TooManyKeyExchanges
from .errors import TooManySkipped
from .errors import UnknownPrekey
from .sessions import fork
from .values import Device
from .values import EncryptedKey
from .values import EncryptedMessage
from .values import Protocol
from .values import Trust
from .values import is_key_exchange
from .wire import WIRES
from .wire import fingerprint
from .wire import same_identity

# XEP-0384, "Sending a message": a chain this long asks for an empty answer
HEARTBEAT = 53

# Key exchanges one account may make us answer: so many at once, one more a
# second. An account with 50 devices that all start anew fits.
_EXCHANGES = 100
_EXCHANGES_PER_SECOND = 1.0


# The largest real one, a key exchange of OMEMO 2, has about 220 bytes; protobuf
# would also take a megabyte of junk behind it
_KEY_MAX = 2048


@dataclass(frozen=True)
class ReceivedMessage:
    """
    A decrypted message. It is not committed yet.

    Attributes:
        plaintext: the body in UTF-8 for the legacy protocol, the XEP-0420
            envelope for OMEMO 2; None for an empty message.
        trust: of the sending device at this moment.
        fingerprint: of the sending device, 64 hex digits.
    """

    device: Device
    protocol: Protocol
    plaintext: bytes | None = field(repr=False)
    trust: Trust
    fingerprint: str
    effects: tuple[Effect, ...] = ()


@dataclass
class _Opened:
    """A key that a session decrypted, before anything is changed."""

    session: Session
    replaces: Session | None
    key: Any
    exchange: Any = None


class Receiver:
    """Decrypts, and keeps what is owed to the senders."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._owed: dict[tuple[Device, Protocol], None] = {}
        self._broken: set[Device] = set()
        self._reported: set[Device] = set()
        self._broken_in: dict[Device, Protocol] = {}
        self._exchanges: dict[str, Budget] = {}
        self.prekeys_used: set[Protocol] = set()

    def decrypt(
        self, sender_jid: str, messages: Sequence[EncryptedMessage]
    ) -> ReceivedMessage:
        """See `OmemoEngine.decrypt`."""
        core = self._core
        message, keys = self._choose(sender_jid, messages)
        device = Device(sender_jid, message.sender_device_id)
        error: ReceiveError | None = None
        for key in keys:
            try:
                return self._decrypt(device, message, key)
            except ReceiveError as failure:
                # Of several keys for us the one that says most is reported
                if error is None or isinstance(failure, DuplicateMessage):
                    error = failure
        assert error is not None
        if not isinstance(
            error, DuplicateMessage | IdentityKeyChanged | TooManyKeyExchanges
        ):
            error.effects = (*error.effects, *self._note_broken(device, message))
        if core.devices.get(device) is None:
            error.effects = (
                *error.effects,
                FetchDeviceList(sender_jid, message.protocol),
            )
        raise error

    def _choose(
        self, sender_jid: str, messages: Sequence[EncryptedMessage]
    ) -> tuple[EncryptedMessage, list[EncryptedKey]]:
        core = self._core
        own = False
        for message in sorted(
            messages, key=lambda one: one.protocol is Protocol.LEGACY
        ):
            if sender_jid == core.own_jid and (
                message.sender_device_id == core.device_id
            ):
                own = True
                continue
            keys = [
                key
                for key in message.keys
                if key.device_id == core.device_id and self._is_ours(key.jid)
            ]
            if keys:
                return message, keys
        if own:
            raise SentByThisDevice
        raise NotForThisDevice

    def _is_ours(self, jid: str | None) -> bool:
        # Senders take the JID from where they have it, in any case of letters
        own_jid = self._core.own_jid
        return jid is None or jid == own_jid or jid.lower() == own_jid.lower()

    def _decrypt(
        self, device: Device, message: EncryptedMessage, key: EncryptedKey
    ) -> ReceivedMessage:
        core = self._core
        protocol = message.protocol
        if len(key.data) > _KEY_MAX:
            raise DecryptionFailed("a key of absurd size")
        digest = core.store.digest(
            device.jid.encode(),
            device.device_id.to_bytes(4, "big"),
            protocol.namespace.encode(),
            key.data,
        )
        if core.store.was_seen(digest):
            raise DuplicateMessage

        opened = (
            self._open_key_exchange(device, protocol, key.data)
            if is_key_exchange(protocol, key.data)
            else self._open_key(device, protocol, key.data)
        )
        plaintext = self._open_payload(message, opened.key)

        # Nothing has been changed until here, and nothing can fail from here
        core.store.mark_seen(digest)
        effects: list[Effect] = []
        record, new = self._note_sender(device, opened, effects)
        self._keep(device, protocol, opened)
        if protocol is Protocol.OMEMO_2 and not record.speaks_omemo_2:
            record.speaks_omemo_2 = True
            core.devices.save(record)
        if new:
            effects.append(FetchDeviceList(device.jid, protocol))
        self._note_debt(device, protocol, opened, effects)
        self._broken.discard(device)
        identity_key = record.identity_key
        assert identity_key is not None
        return ReceivedMessage(
            device,
            protocol,
            plaintext,
            core.devices.trust(record),
            fingerprint(identity_key),
            tuple(effects),
        )

    # The key

    def _open_key(self, device: Device, protocol: Protocol, data: bytes) -> _Opened:
        sessions = self._core.sessions[protocol].of(device)
        encrypted = WIRES[protocol].parse_key(data, device.jid, device.device_id)
        return self._try_sessions(protocol, list(sessions.all()), encrypted)

    def _try_sessions(
        self, protocol: Protocol, sessions: list[Session], encrypted: Any
    ) -> _Opened:
        backend = self._core.sessions[protocol].backend
        error: ReceiveError = NoSession()
        for session in sessions:
            twin = fork(session)
            try:
                key = fast.run(backend.decrypt_key_material(twin, encrypted))
            except Exception as failure:
                error = _explain(failure)
            else:
                return _Opened(twin, session, key)
        raise error

    def _open_key_exchange(
        self, device: Device, protocol: Protocol, data: bytes
    ) -> _Opened:
        core = self._core
        wire = WIRES[protocol]
        record = core.devices.get(device)
        known = None if record is None else record.identity_key
        exchange, encrypted = wire.parse_key_exchange(
            data, device.jid, device.device_id, known
        )
        if (
            record is not None
            and known is not None
            and not same_identity(known, exchange.identity_key)
        ):
            error = IdentityKeyChanged(device)
            error.effects = tuple(
                core.meet(record, exchange.identity_key, sign_known=False)[1]
            )
            raise error

        same = [
            session
            for session in core.sessions[protocol].of(device).all()
            if wire.consumed_prekey(session.key_exchange)
            == wire.consumed_prekey(exchange)
        ]
        if same:
            return self._try_sessions(protocol, same, encrypted)

        if exchange.pre_key_id < 1:
            raise UnknownPrekey("a key exchange without a prekey")
        if not self._budget(device.jid).take(core.now()):
            raise TooManyKeyExchanges
        build = core.sessions[protocol].backend.build_session_passive(
            device.jid, device.device_id, exchange, encrypted
        )
        try:
            session, key = fast.run(build)
        except Exception as failure:
            raise _explain(failure) from failure
        return _Opened(session, None, key, session.key_exchange)

    def _budget(self, jid: str) -> Budget:
        try:
            return self._exchanges[jid]
        except KeyError:
            budget = Budget(_EXCHANGES, _EXCHANGES_PER_SECOND, self._core.now())
            self._exchanges[jid] = budget
            return budget

    def _open_payload(self, message: EncryptedMessage, key: Any) -> bytes | None:
        wire = WIRES[message.protocol]
        empty = message.payload is None
        if not wire.key_length_is_valid(key, empty=empty):
            raise DecryptionFailed("a key of the wrong size")
        if empty:
            return None
        backend = self._core.sessions[message.protocol].backend
        try:
            return fast.run(backend.decrypt_plaintext(wire.content(message), key))
        except Exception as failure:
            raise DecryptionFailed("the payload is not authentic") from failure

    # What follows from a decrypted message

    def _note_sender(
        self, device: Device, opened: _Opened, effects: list[Effect]
    ) -> tuple[DeviceRecord, bool]:
        core = self._core
        record = core.devices.get(device)
        new = record is None
        if record is None:
            record = core.devices.add(device, core.now())
        if not record.sign_known:
            sign_known = opened.session.namespace == Protocol.OMEMO_2.namespace
            if record.identity_key is None or sign_known:
                identity_key = opened.session.key_exchange.identity_key
                effects += core.meet(record, identity_key, sign_known=sign_known)[1]
        # Once an hour is enough for "last active", and spares a write each time
        if abs(core.now() - record.last_seen) > 3600:
            record.last_seen = core.now()
            core.devices.save(record)
        return record, new

    def _keep(self, device: Device, protocol: Protocol, opened: _Opened) -> None:
        core = self._core
        sessions = core.sessions[protocol]
        ours = sessions.of(device)
        stepped = opened.replaces is not None and opened.replaces is ours.current
        if opened.exchange is not None and sessions.receive_only:
            sessions.retire(opened.session)
        if sessions.is_retired(opened.session):
            ours.keep_behind(opened.session, opened.replaces)
        else:
            ours.make_current(opened.session, opened.replaces)
        if stepped:
            sessions.stepped(device)
        else:
            sessions.rearranged(device)
        if opened.exchange is not None:
            core.prekeys[protocol].consume(
                opened.exchange.header.pre_key,
                opened.exchange.pre_key_id,
                core.now(),
            )
            self.prekeys_used.add(protocol)

    def _note_debt(
        self,
        device: Device,
        protocol: Protocol,
        opened: _Opened,
        effects: list[Effect],
    ) -> None:
        # The chain goes on until the other side has seen the answer, so not
        # every message beyond the length is answered
        length = opened.session.receiving_chain_length or 0
        if opened.exchange is None and (length == 0 or length % HEARTBEAT):
            return
        if self._core.catching_up:
            self._owed[device, protocol] = None
        else:
            effects.append(OweEmptyMessage(device, protocol))

    def answered(self, device: Device, protocol: Protocol) -> None:
        """Something was encrypted for the device: no empty message is owed."""
        self._owed.pop((device, protocol), None)

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
        effects: list[Effect] = [OweEmptyMessage(*owed) for owed in self._owed]
        self._owed.clear()
        effects += self._report_broken()
        return effects


def _explain(failure: Exception) -> ReceiveError:
    """The typed error for what the library raised, looked up in its causes."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, DuplicateMessageException):
            # What has been seen does not come this far: its key was dropped
            return DecryptionFailed("the key of this message is gone")
        if isinstance(cause, DoSProtectionException):
            return TooManySkipped()
        cause = cause.__cause__
    if type(failure).__name__ == "KeyExchangeFailed":
        return UnknownPrekey("the key exchange failed")
    return DecryptionFailed("the key is not authentic")
