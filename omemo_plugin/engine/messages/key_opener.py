# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Opening the key elements of messages: choosing the session, and counting the work. This
module changes nothing; `MessageDecryptor` applies the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from doubleratchet import DoSProtectionException
from doubleratchet import DuplicateMessageException
from omemo.message import PlainKeyMaterial
from omemo.session import Session

from ..backend import speedups
from ..backend.codec import CODECS
from ..backend.codec import ParsedKeyExchange
from ..backend.codec import RatchetMessage
from ..backend.codec import same_identity
from ..errors import BundleRefused
from ..errors import DecryptionFailed
from ..errors import DuplicateMessage
from ..errors import IdentityKeyChanged
from ..errors import MessageKeyGone
from ..errors import NoSession
from ..errors import ReceiveError
from ..errors import TooManyKeyExchanges
from ..errors import TooManySkipped
from ..errors import UnknownPrekey
from ..state.core import Core
from ..state.sessions import fork
from ..values import Device
from ..values import Protocol
from ..values import is_key_exchange
from .decryption_work import DecryptionWork
from .decryption_work import StanzaWork
from .decryption_work import bounded
from .decryption_work import knows_chain
from .decryption_work import steps_needed
from .rate_limit import RateLimit

# One account may start this many sessions at once, and one more each second. This is
# enough for an account with 50 devices that all start new sessions.
_EXCHANGES = 100
_EXCHANGES_PER_SECOND = 1.0


# The largest real one, a key exchange of OMEMO 2, has about 220 bytes; protobuf would
# also accept a megabyte of other data behind it
_KEY_MAX = 2048


@dataclass
class Opened:
    """
    A key that a session decrypted, before anything is changed.

    Attributes:
        session: the session, after its step.
        replaces: the same before it; None for a session that is new.
        exchange: of a session that is new.
        steps: the work that it took, see `DecryptionWork`.
    """

    session: Session
    replaces: Session | None
    key: PlainKeyMaterial
    exchange: ParsedKeyExchange | None = None
    steps: int = 0


class KeyOpener:
    """Opens key elements for this device."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._exchanges: dict[str, RateLimit] = {}
        self._work = DecryptionWork()

    def stanza_of(self, jid: str) -> StanzaWork:
        """The budget of a stanza that a sender has sent."""
        return self._work.stanza_of(jid, self._core.now())

    def moved(self, device: Device, protocol: Protocol) -> None:
        """A session with a device has changed."""
        self._work.forget((device, protocol))

    def was_seen(self, device: Device, protocol: Protocol, data: bytes) -> bool:
        """Whether a key element has been opened before."""
        return self._core.store.was_seen(self._digest(device, protocol, data))

    def _digest(self, device: Device, protocol: Protocol, data: bytes) -> bytes:
        return self._core.store.digest(
            device.jid.encode(),
            device.device_id.to_bytes(4, "big"),
            protocol.namespace.encode(),
            data,
        )

    def open(
        self, device: Device, protocol: Protocol, data: bytes, work: StanzaWork
    ) -> tuple[bytes, Opened]:
        """Open a key element. Returns its digest, and the opened key."""
        if len(data) > _KEY_MAX:
            raise DecryptionFailed("a key of absurd size")
        digest = self._digest(device, protocol, data)
        if self._core.store.was_seen(digest):
            raise DuplicateMessage
        failure = self._work.failure_of((device, protocol), digest)
        if failure is not None:
            raise failure("this key was tried before")
        open_it = (
            self._open_key_exchange
            if is_key_exchange(protocol, data)
            else self._open_key
        )
        try:
            return digest, open_it(device, protocol, data, work)
        except DecryptionFailed as error:
            self._work.note_failed((device, protocol), digest, type(error))
            raise

    def _open_key(
        self, device: Device, protocol: Protocol, data: bytes, work: StanzaWork
    ) -> Opened:
        sessions = self._core.sessions[protocol].of(device)
        encrypted = CODECS[protocol].parse_key(data, device.jid, device.device_id)
        return self._try_sessions(protocol, list(sessions.all()), encrypted, work)

    def _try_sessions(
        self,
        protocol: Protocol,
        sessions: list[Session],
        encrypted: RatchetMessage,
        work: StanzaWork,
    ) -> Opened:
        backend = self._core.sessions[protocol].backend
        error: ReceiveError = NoSession()
        if len(sessions) > 1:
            sessions.sort(key=lambda one: not knows_chain(one, encrypted))
        for session in sessions:
            steps = steps_needed(session, encrypted)
            work.check(steps)
            twin = fork(session)
            try:
                key = speedups.run(backend.decrypt_key_material(twin, encrypted))
            except Exception as failure:  # noqa: BLE001 - it is explained
                if not isinstance(error, MessageKeyGone):
                    error = _explain(failure)
                work.spend(steps)
            else:
                return Opened(twin, session, key, steps=steps)
        raise error

    def _open_key_exchange(
        self, device: Device, protocol: Protocol, data: bytes, work: StanzaWork
    ) -> Opened:
        core = self._core
        codec = CODECS[protocol]
        record = core.devices.get(device)
        known = None if record is None else record.identity_key
        exchange, encrypted = codec.parse_key_exchange(
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

        try:
            alarm = core.refuse_borrowed(device, exchange.identity_key)
        except BundleRefused as refusal:
            raise IdentityKeyChanged(device) from refusal
        if alarm:
            error = IdentityKeyChanged(device)
            error.effects = tuple(alarm)
            raise error

        same = [
            session
            for session in core.sessions[protocol].of(device).all()
            if codec.is_same_exchange(session.key_exchange, exchange)
        ]
        if same:
            return self._try_sessions(protocol, same, encrypted, work)

        if exchange.pre_key_id < 1:
            raise UnknownPrekey("a key exchange without a prekey")
        steps = bounded(encrypted.encrypted_message.header.sending_chain_length)
        work.check(steps)
        if not self._rate_limit_of(device.jid).take(core.now()):
            raise TooManyKeyExchanges
        build = core.sessions[protocol].backend.build_session_passive(
            device.jid, device.device_id, exchange, encrypted
        )
        try:
            session, key = speedups.run(build)
        except Exception as failure:
            work.spend(steps)
            raise _explain(failure) from failure
        used = session.key_exchange
        assert isinstance(used, ParsedKeyExchange)
        return Opened(session, None, key, used, steps)

    def _rate_limit_of(self, jid: str) -> RateLimit:
        try:
            return self._exchanges[jid]
        except KeyError:
            limit = RateLimit(_EXCHANGES, _EXCHANGES_PER_SECOND, self._core.now())
            self._exchanges[jid] = limit
            return limit


def _explain(failure: Exception) -> ReceiveError:
    """The typed error for what the library raised, looked up in its causes."""
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, DuplicateMessageException):
            # A message that was decrypted before is refused earlier. This one was
            # skipped, and its key was dropped, or could not be taken over
            return MessageKeyGone("the key of this message is gone")
        if isinstance(cause, DoSProtectionException):
            return TooManySkipped()
        cause = cause.__cause__
    if type(failure).__name__ == "KeyExchangeFailed":
        return UnknownPrekey("the key exchange failed")
    return DecryptionFailed("the key is not authentic")
