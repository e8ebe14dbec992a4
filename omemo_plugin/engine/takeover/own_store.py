# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Reading an identity out of this plugin's key store, for another OMEMO program of this
computer. What that program cannot have stays behind: OMEMO 2, names, alarms.

SECURITY: the other program sends on every session that it has, on an earlier one as
soon as something has come on it. So a session that this plugin must not send on, after
an old store was put back, is not among them.
"""

from __future__ import annotations

import base64
import json
import secrets

import oldmemo.oldmemo
import xeddsa
from omemo.session import Initiation
from omemo.session import Session

from ..backend import speedups
from ..backend.codec import CODECS
from ..backend.codec import curve_form
from ..backend.public_keys import is_usable_curve_key
from ..errors import EarlierStoreDamaged
from ..errors import OmemoError
from ..state.devices import DeviceRecord
from ..state.devices import Devices
from ..state.identity import load_identity
from ..state.prekeys import Prekeys
from ..state.preverified_keys import PreverifiedKeys
from ..state.sessions import Sessions
from ..state.store import JSON
from ..state.store import Store
from ..values import Protocol
from ..values import Trust
from .records import DJB
from .values import EarlierChain
from .values import EarlierDevice
from .values import EarlierIdentity
from .values import EarlierKey
from .values import EarlierPrekey
from .values import EarlierSession
from .values import EarlierSignedPrekey
from .values import LateKey
from .values import PendingExchange

_DEVICE_ID = "/own_device_id"
_LEGACY = Protocol.LEGACY
_SIGN = 0x80
_TRUST = "/trust/"
_DEVICES = "/devices/"
_KEY_SIZE = 32

# A public key with its type in front, of each side
_PAIR_SIZE = 2 * (_KEY_SIZE + 1)


def read_own_store(store: Store, own_jid: str) -> EarlierIdentity | None:
    """
    Read everything that another program can go on with. Nothing is written.

    Returns:
        None if there is no identity.

    Raises:
        EarlierStoreDamaged: the store makes no sense.
        StoreError: it cannot be read.
    """
    if not store.has(_DEVICE_ID):
        return None
    try:
        return _OwnStore(store, own_jid).read()
    except OmemoError:
        raise
    except Exception as error:
        raise EarlierStoreDamaged("the keys make no sense") from error
    finally:
        # The objects that read it note what they have found out
        store.rollback()


class _OwnStore:
    def __init__(self, store: Store, own_jid: str) -> None:
        self._store = store
        self._own_jid = own_jid
        self._device_id: int = store.get(_DEVICE_ID)
        identity = load_identity(store)
        self._own: bytes = identity.identity_key
        self._private = _clamped(identity.as_priv().priv)
        self._public = curve_form(self._own)
        if xeddsa.priv_to_curve25519_pub(self._private) != self._public:
            raise EarlierStoreDamaged("the identity key is not one pair")
        self._devices = Devices(store)
        self._sessions = Sessions(store, _LEGACY)
        self._prekeys = Prekeys(
            store, self._sessions.backend, _LEGACY, own_jid, self._device_id
        )

    def read(self) -> EarlierIdentity:
        state = self._store.get(f"/{_LEGACY.namespace}/x3dh")
        devices = []
        keys: dict[tuple[str, bytes], EarlierKey] = {}
        for jid in self._jids():
            for record in self._devices.of(jid).values():
                if record.device.device_id == self._device_id and jid == self._own_jid:
                    continue
                device = self._device(record)
                if device is not None:
                    devices.append(device)
                self._add_key(keys, record)
        self._add_decisions(keys)
        return EarlierIdentity(
            self._device_id,
            self._private,
            self._public,
            self._one_time(state),
            self._signed(state),
            tuple(devices),
            tuple(keys.values()),
        )

    def _jids(self) -> list[str]:
        ends = "/list"
        return [
            key[len(_DEVICES) : -len(ends)]
            for key in self._store.keys(_DEVICES)
            if key.endswith(ends)
        ]

    # Prekeys

    def _one_time(self, state: JSON) -> tuple[EarlierPrekey, ...]:
        offered = self._prekeys.bundle().prekeys
        # python-omemo gives them their numbers with the bundle
        numbers = self._store.get(f"/{_LEGACY.namespace}/pre_key_ids")
        found = []
        for text in state["pre_keys"]:
            private = _bytes(text)
            public = xeddsa.priv_to_curve25519_pub(private)
            number = numbers[_base64(public)]
            # One that was used is kept for a while, and never offered again
            if offered.get(number) == public:
                found.append(EarlierPrekey(number, _clamped(private)))
        return tuple(found)

    def _signed(self, state: JSON) -> tuple[EarlierSignedPrekey, ...]:
        newest = self._prekeys.bundle().signed_prekey_id
        numbers = self._store.get(f"/{_LEGACY.namespace}/signed_pre_key_ids")
        found = []
        for pair in (state["signed_pre_key"], state["old_signed_pre_key"]):
            if pair is None:
                continue
            private = _bytes(pair["priv"])
            number = numbers[_base64(xeddsa.priv_to_curve25519_pub(private))]
            if self._sessions.started_before(number):
                # Whoever begins with it may have gone on with a copy of this store
                continue
            signature = bytearray(_bytes(pair["sig"]))
            # python-axolotl keeps the sign of the identity key there (XEP-0384 0.3)
            signature[63] |= self._own[31] & _SIGN
            found.append(
                EarlierSignedPrekey(
                    number, _clamped(private), bytes(signature), int(pair["timestamp"])
                )
            )
        if not found or found[0].number != newest:
            raise EarlierStoreDamaged("no signed prekey")
        return tuple(found)

    # Devices

    def _device(self, record: DeviceRecord) -> EarlierDevice | None:
        sessions = self._sessions.of(record.device)
        listed = record.listed.get(_LEGACY, False)
        current = sessions.current
        if current is None or self._sessions.is_retired(current):
            return None
        usable = [
            self._session(one)
            for one in sessions.all()
            if not self._sessions.is_retired(one)
        ]
        if usable[0] is None:
            return None
        return EarlierDevice(
            record.device, listed, tuple(one for one in usable if one is not None)
        )

    def _session(self, session: Session) -> EarlierSession | None:
        """None for a session that is not with this identity."""
        assert isinstance(session, oldmemo.oldmemo.SessionImpl)
        pair = session.associated_data
        if len(pair) != _PAIR_SIZE or pair[:1] != DJB or pair[33:34] != DJB:
            raise EarlierStoreDamaged("a session without identity keys")
        own, other = pair[1:33], pair[34:]
        if session.initiation is Initiation.PASSIVE:
            own, other = other, own
        if own != self._public:
            return None
        state = json.loads(speedups.session_state(session))
        ratchet = state["diffie_hellman_ratchet"]
        chains = ratchet["symmetric_key_ratchet"]
        exchange = session.key_exchange
        assert isinstance(exchange, oldmemo.oldmemo.KeyExchangeImpl)
        pending = None
        if CODECS[_LEGACY].needs_key_exchange(session):
            pending = PendingExchange(
                exchange.pre_key_id,
                exchange.signed_pre_key_id,
                exchange.header.ephemeral_key,
            )
        private = _clamped(_bytes(ratchet["own_ratchet_priv"]))
        other_ratchet = _bytes(ratchet["other_ratchet_pub"])
        sending = _chain(
            chains["sending_chain"], xeddsa.priv_to_curve25519_pub(private), private
        )
        return EarlierSession(
            own,
            other,
            _bytes(ratchet["root_chain"]["key"]),
            sending,
            _receiving(chains["receiving_chain"], other_ratchet),
            chains["previous_sending_chain_length"] or 0,
            pending,
            exchange.header.ephemeral_key,
            late=tuple(
                LateKey(
                    _bytes(one["ratchet_pub"]),
                    one["index"],
                    _bytes(one["message_key"]),
                )
                for one in state["skipped_message_keys"]
            ),
        )

    # Decisions

    def _add_key(
        self, keys: dict[tuple[str, bytes], EarlierKey], record: DeviceRecord
    ) -> None:
        if record.identity_key is None:
            return
        jid = record.device.jid
        public = curve_form(record.identity_key)
        trust = self._devices.trust(record)
        if record.returned and trust is not Trust.DISTRUSTED:
            # SECURITY: it gets nothing here until the user has decided
            trust = Trust.UNDECIDED
        keys[jid, public] = EarlierKey(jid, public, trust, record.last_seen)

    def _add_decisions(self, keys: dict[tuple[str, bytes], EarlierKey]) -> None:
        """Add what was decided on keys that no device has, or not yet."""
        preverified = PreverifiedKeys(self._store)

        def add(jid: str, public: bytes, trust: Trust) -> None:
            if public != self._public and is_usable_curve_key(public):
                keys.setdefault((jid, public), EarlierKey(jid, public, trust))

        for key in self._store.keys(_TRUST):
            jid, _, text = key[len(_TRUST) :].rpartition("/")
            edwards = base64.urlsafe_b64decode(text)
            add(jid, curve_form(edwards), Trust(self._store.get(key)))
        # Of one that was named in its Ed25519 form the row is about no key
        for jid, public, trust in preverified.everywhere():
            add(jid, public, trust)


def _clamped(private: bytes) -> bytes:
    """The scalar that X25519 makes of a private key (RFC 7748, section 5). The
    libraries of python-omemo do that with each use, libsignal does it only once."""
    return bytes(
        (private[0] & 0b11111000, *private[1:31], private[31] & 0b01111111 | 0b01000000)
    )


def _chain(
    chain: dict[str, JSON], ratchet_key: bytes, private: bytes = b""
) -> EarlierChain:
    return EarlierChain(ratchet_key, _bytes(chain["key"]), chain["length"], private)


def _receiving(chain: dict[str, JSON] | None, ratchet_key: bytes) -> EarlierChain:
    if chain is not None:
        return _chain(chain, ratchet_key)
    # Nothing has come yet. libsignal has a chain of the other side's signed prekey
    # then, on which nothing ever comes: the other side makes another one first
    return EarlierChain(ratchet_key, secrets.token_bytes(_KEY_SIZE), 0)


def _bytes(text: str) -> bytes:
    # As python-omemo's models write bytes
    return text.encode("latin-1")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
