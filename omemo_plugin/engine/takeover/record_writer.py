# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Writing records of libsignal, as python-axolotl and omemo-dr read them.

A session of python-omemo has one receiving chain, and loose keys of messages that have
not arrived. libsignal has such keys inside their chains. Their last step of derivation,
which python-omemo does when the message comes, has been done there already.
"""

from __future__ import annotations

import secrets

import xeddsa
from doubleratchet.recommended import HashFunction
from doubleratchet.recommended.crypto_provider_impl import CryptoProviderImpl

from ..backend import speedups
from .records import DJB
from .records import VERSION
from .records import Record
from .records import new_record
from .values import EarlierChain
from .values import EarlierPrekey
from .values import EarlierSession
from .values import EarlierSignedPrekey
from .values import LateKey

# libsignal keeps so many receiving chains of a session
_CHAINS_MAX = 5

# RFC 5869 with SHA-256: without a salt it is as many zeros as the hash has bytes
_NO_SALT = bytes(32)
_INFO = b"WhisperMessageKeys"
_DERIVED_SIZE = 80


def write_prekey(prekey: EarlierPrekey) -> bytes:
    """The record of a prekey."""
    record = new_record("PreKey")
    record.id = prekey.number
    record.public = _public(prekey.private)
    record.private = prekey.private
    return _bytes(record)


def write_signed_prekey(prekey: EarlierSignedPrekey) -> bytes:
    """The record of a signed prekey."""
    record = new_record("SignedPreKey")
    record.id = prekey.number
    record.public = _public(prekey.private)
    record.private = prekey.private
    record.signature = prekey.signature
    record.timestamp = prekey.made * 1000
    return _bytes(record)


def write_sessions(sessions: tuple[EarlierSession, ...], device_id: int) -> bytes:
    """
    The record of a device.

    Args:
        sessions: the current one first. There has to be one: libsignal would send on
            an empty session, with a key that everybody can derive.
        device_id: the own one, which a key exchange names.
    """
    record = new_record("Record")
    _fill(record.current, sessions[0], device_id)
    for session in sessions[1:]:
        _fill(record.previous.add(), session, device_id)
    return _bytes(record)


def _fill(state: Record, session: EarlierSession, device_id: int) -> None:
    state.version = VERSION
    state.own_identity = DJB + session.own_identity
    state.identity = DJB + session.identity
    state.root_key = session.root_key
    state.previous_counter = session.previous_counter
    state.own_device = device_id
    state.base_key = DJB + session.base_key
    _fill_chain(state.sending, session.sending)
    state.sending.private = session.sending.ratchet_private
    late: dict[bytes, list[LateKey]] = {}
    for key in session.late:
        late.setdefault(key.ratchet_key, []).append(key)
    newest = late.pop(session.receiving.ratchet_key, [])
    for ratchet_key, keys in list(late.items())[1 - _CHAINS_MAX :]:
        # Of a chain that has ended the keys are left, and nothing follows them
        ended = EarlierChain(
            ratchet_key,
            secrets.token_bytes(32),
            max(key.index for key in keys) + 1,
        )
        _fill_receiving(state.receiving.add(), ended, keys)
    _fill_receiving(state.receiving.add(), session.receiving, newest)
    if session.pending is not None:
        state.pending.prekey_id = session.pending.prekey_id
        state.pending.signed_prekey_id = session.pending.signed_prekey_id
        state.pending.base_key = DJB + session.pending.base_key


def _fill_receiving(place: Record, chain: EarlierChain, late: list[LateKey]) -> None:
    _fill_chain(place, chain)
    for key in late:
        derived = _derive(key.message_key)
        place.message_keys.add(
            index=key.index,
            cipher_key=derived[:32],
            mac_key=derived[32:64],
            iv=derived[64:],
        )


def _fill_chain(place: Record, chain: EarlierChain) -> None:
    place.public = DJB + chain.ratchet_key
    place.chain_key.index = chain.index
    place.chain_key.key = chain.chain_key


def _derive(message_key: bytes) -> bytes:
    derived: bytes = speedups.run(
        CryptoProviderImpl.hkdf_derive(
            hash_function=HashFunction.SHA_256,
            length=_DERIVED_SIZE,
            salt=_NO_SALT,
            info=_INFO,
            key_material=message_key,
        )
    )
    return derived


def _public(private: bytes) -> bytes:
    return DJB + xeddsa.priv_to_curve25519_pub(private)


def _bytes(record: Record) -> bytes:
    data: bytes = record.SerializeToString()
    return data
