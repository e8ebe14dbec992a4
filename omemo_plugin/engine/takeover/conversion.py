# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Writing an earlier identity into an empty key store, in python-omemo's form.

Nothing is derived here that the libraries do not derive themselves: keys and counters
change their places, and python-omemo's own classes check what comes out.
"""

from __future__ import annotations

import base64
from typing import Any

import oldmemo.oldmemo
import x3dh
import x3dh.identity_key_pair
import xeddsa
from doubleratchet.recommended import diffie_hellman_ratchet_curve25519
from omemo.session import Initiation
from omemo.session import Session
from x3dh.types import JSONObject

from ..backend.codec import UNKNOWN_PREKEY
from ..backend.codec import curve_form
from ..backend.public_keys import is_usable_curve_key
from ..errors import EarlierStoreDamaged
from ..state.devices import DeviceRecord
from ..state.devices import Devices
from ..state.preverified_keys import PreverifiedKeys
from ..state.sessions import EARLIER_MAX
from ..state.sessions import Sessions
from ..state.sessions import SessionSet
from ..state.store import Store
from ..values import Device
from ..values import Protocol
from ..values import Trust
from .values import EarlierChain
from .values import EarlierDevice
from .values import EarlierIdentity
from .values import EarlierSession
from .values import EarlierSignedPrekey
from .values import Taken

_DEVICE_ID = "/own_device_id"
_NAMESPACE = Protocol.LEGACY.namespace
_SIGN = 0x80
_DJB = b"\x05"


def write_identity(store: Store, identity: EarlierIdentity, now: int) -> bytes:
    """
    Write the device id, the identity key and the prekeys.

    Args:
        now: seconds since 1970.

    Returns:
        The identity key, Ed25519.

    Raises:
        EarlierStoreDamaged: keys do not belong together. Nothing counts that has been
            written; the caller rolls the store back.
    """
    own = xeddsa.priv_to_ed25519_pub(identity.private)
    if curve_form(own) != identity.public:
        raise EarlierStoreDamaged("the identity key is not one pair")
    store.put(_DEVICE_ID, identity.device_id)
    store.put("/ikp/is_seed", False)
    store.put("/ikp/key", base64.urlsafe_b64encode(identity.private).decode("ascii"))
    _write_prekeys(store, identity, own, now)
    return own


def _write_prekeys(
    store: Store, identity: EarlierIdentity, own: bytes, now: int
) -> None:
    state = oldmemo.oldmemo.StateImpl.create(
        x3dh.IdentityKeyFormat.ED_25519,
        x3dh.HashFunction.SHA_256,
        oldmemo.oldmemo.StateImpl.INFO,
        x3dh.identity_key_pair.IdentityKeyPairPriv(identity.private),
    )
    # python-omemo has one beside the current one
    kept = identity.signed_prekeys[:2]
    pairs = [_signed_prekey(one, identity, own, now) for one in kept]
    form: JSONObject = {
        **state.json,
        "signed_pre_key": pairs[0],
        "old_signed_pre_key": pairs[1] if len(pairs) > 1 else None,
        "pre_keys": [_latin(one.private) for one in identity.prekeys],
    }
    state = oldmemo.oldmemo.StateImpl.from_json(
        form,
        x3dh.IdentityKeyFormat.ED_25519,
        x3dh.HashFunction.SHA_256,
        oldmemo.oldmemo.StateImpl.INFO,
    )[0]
    numbers = {
        _base64(xeddsa.priv_to_curve25519_pub(one.private)): one.number
        for one in identity.prekeys
        if one.number > 0
    }
    if len(numbers) != len(identity.prekeys):
        raise EarlierStoreDamaged("a prekey is there twice")
    base = f"/{_NAMESPACE}"
    store.put(f"{base}/x3dh", state.json)
    store.put(f"{base}/pre_key_ids", numbers)
    store.put(f"{base}/pre_key_id_counter", max(numbers.values(), default=0))
    store.put(
        f"{base}/signed_pre_key_ids",
        {
            _base64(xeddsa.priv_to_curve25519_pub(one.private)): one.number
            for one in kept
        },
    )


def _signed_prekey(
    key: EarlierSignedPrekey, identity: EarlierIdentity, own: bytes, now: int
) -> dict[str, str | int]:
    # python-axolotl puts the sign of the identity key there (XEP-0384 0.3)
    signature = bytes((*key.signature[:63], key.signature[63] & ~_SIGN & 0xFF))
    signed = _DJB + xeddsa.priv_to_curve25519_pub(key.private)
    if not xeddsa.ed25519_verify(signature, own, signed):
        # omemo-dr signs as if it always were 0. python-omemo has the sign that
        # belongs to the private key, so it needs another signature
        unsigned = bytes((*own[:31], own[31] & ~_SIGN & 0xFF))
        if not xeddsa.ed25519_verify(signature, unsigned, signed):
            raise EarlierStoreDamaged("a signed prekey of another identity")
        signature = xeddsa.ed25519_priv_sign(identity.private, signed)
    return {
        "version": "1.0.0",
        "priv": _latin(key.private),
        "sig": _latin(signature),
        "timestamp": min(key.made, now),
    }


class Conversion:
    """Writes devices, sessions and decisions; after `write_identity`."""

    def __init__(
        self,
        devices: Devices,
        sessions: Sessions,
        preverified: PreverifiedKeys,
        own_device: Device,
        now: int,
    ) -> None:
        self._devices = devices
        self._sessions = sessions
        self._preverified = preverified
        self._own_device = own_device
        self._now = now
        self._renewed = 0
        self._going_on = 0
        self._skipped = 0

    def write(self, identity: EarlierIdentity) -> Taken:
        """Write everything of an identity but its own keys."""
        for device in identity.devices:
            self._write_device(device)
        self._write_trust(identity)
        return Taken(self._going_on, self._renewed, self._skipped)

    def _write_device(self, earlier: EarlierDevice) -> None:
        device = earlier.device
        if device == self._own_device:
            return
        sessions = [one for one in earlier.sessions if _is_usable(one)]
        if sessions:
            identity = _edwards(sessions[0].identity)
            owner = self._devices.owner_of(identity)
            # SECURITY: one key stands for one account; sessions with another key
            # than the current one would be with somebody else
            sessions = [one for one in sessions if _edwards(one.identity) == identity]
            if owner not in (None, device.jid):
                sessions = []
        if not sessions:
            self._renewed += 1
            if earlier.listed:
                self._list(earlier)
            return
        record = self._list(earlier)
        self._devices.learn_identity(record, identity, sign_known=False)
        ours: list[Session] = [_session(device, one) for one in sessions]
        self._sessions.adopt(device, SessionSet(ours[0], ours[1 : EARLIER_MAX + 1]))
        self._going_on += 1
        record.late = sum(one.skipped for one in earlier.sessions)
        self._devices.save(record)
        self._skipped += record.late

    def _list(self, earlier: EarlierDevice) -> DeviceRecord:
        record = self._devices.add(earlier.device, self._now)
        record.listed[Protocol.LEGACY] = earlier.listed
        self._devices.save(record)
        return record

    def _write_trust(self, identity: EarlierIdentity) -> None:
        for key in identity.keys:
            if not is_usable_curve_key(key.identity):
                continue
            edwards = _edwards(key.identity)
            if self._devices.owner_of(edwards) not in (None, key.jid):
                continue
            records = [
                record
                for record in self._devices.of(key.jid).values()
                if record.identity_key == edwards
            ]
            if records:
                self._devices.set_trust(key.jid, edwards, key.trust)
            elif key.trust in (Trust.VERIFIED, Trust.DISTRUSTED):
                # Its device is told by its bundle
                self._preverified.add_key(
                    key.jid, key.identity.hex(), key.trust, self._now
                )
            for record in records:
                record.last_seen = min(key.last_seen, self._now)
                self._devices.save(record)


def _is_usable(session: EarlierSession) -> bool:
    keys = (
        session.identity,
        session.base_key,
        session.sending.ratchet_key,
        session.receiving.ratchet_key,
    )
    private = session.sending.ratchet_private
    return (
        all(map(is_usable_curve_key, keys))
        and xeddsa.priv_to_curve25519_pub(private) == session.sending.ratchet_key
    )


def _edwards(curve_key: bytes) -> bytes:
    # The sign is not kept by the other program, and is learned from the bundle
    return xeddsa.curve25519_pub_to_ed25519_pub(curve_key, False)


def _session(device: Device, session: EarlierSession) -> oldmemo.oldmemo.SessionImpl:
    pending = session.pending
    number = signed_number = UNKNOWN_PREKEY
    base_key = session.base_key
    if pending is not None:
        number, signed_number = pending.prekey_id, pending.signed_prekey_id
        base_key = pending.base_key
    # Of a session that is pending this side began, and sends its identity key
    initiator = session.identity if pending is None else session.own_identity
    return oldmemo.oldmemo.SessionImpl(
        device.jid,
        device.device_id,
        # The order of the associated data follows from it
        Initiation.ACTIVE,
        oldmemo.oldmemo.KeyExchangeImpl(
            x3dh.Header(_edwards(initiator), base_key, b"", b""), signed_number, number
        ),
        _DJB + session.own_identity + _DJB + session.identity,
        _ratchet(session),
        confirmed=pending is None,
    )


def _ratchet(session: EarlierSession) -> oldmemo.oldmemo.DoubleRatchetImpl:
    impl = oldmemo.oldmemo.DoubleRatchetImpl
    is_pending = session.pending is not None
    chains = {
        "version": "1.0.0",
        "receiving_chain": None if is_pending else _chain(session.receiving),
        "sending_chain": _chain(session.sending),
        "previous_sending_chain_length": (
            None if is_pending else session.previous_counter
        ),
    }
    # Any: the library's type of JSON ends before the chains
    form: Any = {
        "version": "1.0.0",
        "diffie_hellman_ratchet": {
            "version": "1.0.0",
            "own_ratchet_priv": _latin(session.sending.ratchet_private),
            "other_ratchet_pub": _latin(session.receiving.ratchet_key),
            "root_chain": {
                "version": "1.0.0",
                "length": 1 if is_pending else 2,
                "key": _latin(session.root_key),
            },
            "symmetric_key_ratchet": chains,
        },
        "skipped_message_keys": [],
    }
    return impl.from_json(
        form,
        diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet,
        oldmemo.oldmemo.RootChainKDFImpl,
        oldmemo.oldmemo.MessageChainKDFImpl,
        impl.MESSAGE_CHAIN_CONSTANT,
        1000,
        1000,
        oldmemo.oldmemo.AEADImpl,
    )


def _chain(chain: EarlierChain) -> dict[str, str | int]:
    return {
        "version": "1.0.0",
        "length": chain.index,
        "key": _latin(chain.chain_key),
    }


def _latin(data: bytes) -> str:
    # As python-omemo's models write bytes
    return data.decode("latin-1")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
