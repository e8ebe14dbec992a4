# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Between the values of the wire and the objects of python-omemo's backends, one
class per protocol.

Inside, identity keys are Ed25519 in both protocols, as in python-omemo. The
legacy wire has them as Curve25519, which loses the sign of the point; XEP-0384
0.3 keeps it in the top bit of a bundle's signature, and key exchanges do not
have it at all. Two identity keys that differ only in the sign are the same
key, so compare them with `same_identity`.
"""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from functools import lru_cache
from typing import Any
from typing import ClassVar

import oldmemo.oldmemo
import twomemo.twomemo
import x3dh
import xeddsa
from omemo.session import Initiation
from omemo.session import Session

from .errors import BundleRefused
from .errors import DecryptionFailed
from .values import Bundle
from .values import EncryptedMessage
from .values import Protocol

_SIGN = 0x80


def same_identity(one: bytes, other: bytes) -> bool:
    """Whether two Ed25519 keys are the same up to the sign."""
    return one[:31] == other[:31] and (one[31] ^ other[31]) & ~_SIGN == 0


def curve_form(identity_key: bytes) -> bytes:
    """The Curve25519 form of an Ed25519 key, 32 bytes."""
    return xeddsa.ed25519_pub_to_curve25519_pub(identity_key)


# Of public keys: a room may have a thousand devices, and each is asked for often
@lru_cache(maxsize=4096)
def fingerprint(identity_key: bytes) -> str:
    """The 64 lower-case hex digits that clients show for an identity key:
    its Curve25519 form, for both protocols."""
    return curve_form(identity_key).hex()


class Wire(ABC):
    """One protocol's formats."""

    protocol: ClassVar[Protocol]
    # python-omemo's module of the protocol; both have classes of the same names
    library: ClassVar[Any]

    @abstractmethod
    def identity_of(self, bundle: Bundle) -> bytes:
        """The Ed25519 identity key of a bundle."""

    @abstractmethod
    def own_bundle(self, backend_bundle: Any, without: frozenset[int]) -> Bundle:
        """Our bundle as it is published, without the prekeys of these ids."""

    def backend_bundle(self, jid: str, device_id: int, bundle: Bundle) -> Any:
        """Another device's bundle as the backend takes it.

        Raises:
            BundleRefused: the signature is not by the identity key.
        """
        identity_key = self.identity_of(bundle)
        signature, signed = self._signed(bundle)
        _verify(identity_key, signature, signed)
        return self.library.BundleImpl(
            jid,
            device_id,
            x3dh.Bundle(
                identity_key,
                bundle.signed_prekey,
                signature,
                frozenset(bundle.prekeys.values()),
            ),
            bundle.signed_prekey_id,
            {key: number for number, key in bundle.prekeys.items()},
        )

    @abstractmethod
    def _signed(self, bundle: Bundle) -> tuple[bytes, bytes]:
        """The Ed25519 signature of a bundle, and what it signs."""

    def parse_key(self, data: bytes, jid: str, device_id: int) -> Any:
        """A ratchet message; raises DecryptionFailed where it is none."""
        try:
            return self.library.EncryptedKeyMaterialImpl.parse(data, jid, device_id)
        except Exception as error:
            raise DecryptionFailed("not a ratchet message") from error

    def parse_key_exchange(
        self, data: bytes, jid: str, device_id: int, known_identity: bytes | None
    ) -> tuple[Any, Any]:
        """
        A key exchange and the ratchet message in it; raises DecryptionFailed
        where it is none. The known identity key gives the sign that the legacy
        wire lacks.
        """
        try:
            exchange, message = self._parse_exchange(data, known_identity)
        except Exception as error:
            raise DecryptionFailed("not a key exchange") from error
        return exchange, self.parse_key(message, jid, device_id)

    @abstractmethod
    def _parse_exchange(
        self, data: bytes, known_identity: bytes | None
    ) -> tuple[Any, bytes]:
        """The exchange and the bytes of the ratchet message in it."""

    @abstractmethod
    def serialize_key(self, session: Session, encrypted_key: Any) -> bytes:
        """What goes into the key element: the ratchet message, within its key
        exchange until the other side has answered."""

    @abstractmethod
    def content(self, message: EncryptedMessage) -> Any:
        """The payload as the backend takes it."""

    @abstractmethod
    def seal(self, content: Any) -> tuple[bytes | None, bytes]:
        """IV (legacy only) and payload of the backend's content."""

    @staticmethod
    def key_length_is_valid(key_material: Any, *, empty: bool) -> bool:
        """
        Whether a key that came out of a ratchet has the one legal size, key
        and tag together: the tag of the payload must be protected by the
        ratchet as well. An empty message has no payload and needs no tag.
        """
        key: bytes = key_material.key
        tag: bytes = key_material.auth_tag
        if empty:
            return len(key) == key_material.KEY_LENGTH and len(tag) in (0, 16)
        return len(key) == key_material.KEY_LENGTH and len(tag) == 16

    @staticmethod
    def consumed_prekey(key_exchange: Any) -> tuple[int, int, bytes]:
        """Prekey id, signed prekey id and ephemeral key: together they tell
        one key exchange from all others."""
        return (
            key_exchange.pre_key_id,
            key_exchange.signed_pre_key_id,
            key_exchange.header.ephemeral_key,
        )

    @staticmethod
    def needs_key_exchange(session: Session) -> bool:
        return session.initiation is Initiation.ACTIVE and not session.confirmed

    def delete_marker(self, jid: str, device_id: int, prekey: bytes) -> Session:
        """A session object that names a prekey to `Backend.delete_pre_key`."""
        exchange = self.library.KeyExchangeImpl(
            x3dh.Header(b"", b"", b"", prekey), 0, 0
        )
        session: Session = self.library.SessionImpl(
            jid, device_id, Initiation.PASSIVE, exchange, b"", None
        )
        return session


class LegacyWire(Wire):
    protocol = Protocol.LEGACY
    library: ClassVar[Any] = oldmemo.oldmemo

    def identity_of(self, bundle: Bundle) -> bytes:
        sign = bool(bundle.signature[63] & _SIGN)
        return xeddsa.curve25519_pub_to_ed25519_pub(bundle.identity_key, sign)

    def own_bundle(
        self, backend_bundle: oldmemo.oldmemo.BundleImpl, without: frozenset[int]
    ) -> Bundle:
        keys = backend_bundle.bundle
        signature = bytearray(keys.signed_pre_key_sig)
        signature[63] |= keys.identity_key[31] & _SIGN
        return Bundle(
            self.protocol,
            curve_form(keys.identity_key),
            backend_bundle.signed_pre_key_id,
            keys.signed_pre_key,
            bytes(signature),
            _visible(backend_bundle.pre_key_ids, without),
        )

    def _signed(self, bundle: Bundle) -> tuple[bytes, bytes]:
        signature = bytearray(bundle.signature)
        signature[63] &= ~_SIGN & 0xFF
        return bytes(signature), b"\x05" + bundle.signed_prekey

    def _parse_exchange(
        self, data: bytes, known_identity: bytes | None
    ) -> tuple[Any, bytes]:
        sign = bool(known_identity is not None and known_identity[31] & _SIGN)
        return oldmemo.oldmemo.KeyExchangeImpl.parse(data, sign)

    def serialize_key(self, session: Session, encrypted_key: Any) -> bytes:
        message: bytes = encrypted_key.serialize()
        if not self.needs_key_exchange(session):
            return message
        exchange = session.key_exchange
        assert isinstance(exchange, oldmemo.oldmemo.KeyExchangeImpl)
        return exchange.serialize(message)[0]

    def content(self, message: EncryptedMessage) -> oldmemo.oldmemo.ContentImpl:
        return oldmemo.oldmemo.ContentImpl(message.payload or b"", message.iv or b"")

    def seal(self, content: Any) -> tuple[bytes | None, bytes]:
        return content.initialization_vector, content.ciphertext


class Omemo2Wire(Wire):
    protocol = Protocol.OMEMO_2
    library: ClassVar[Any] = twomemo.twomemo

    def identity_of(self, bundle: Bundle) -> bytes:
        return bundle.identity_key

    def own_bundle(
        self, backend_bundle: twomemo.twomemo.BundleImpl, without: frozenset[int]
    ) -> Bundle:
        keys = backend_bundle.bundle
        return Bundle(
            self.protocol,
            keys.identity_key,
            backend_bundle.signed_pre_key_id,
            keys.signed_pre_key,
            keys.signed_pre_key_sig,
            _visible(backend_bundle.pre_key_ids, without),
        )

    def _signed(self, bundle: Bundle) -> tuple[bytes, bytes]:
        return bundle.signature, bundle.signed_prekey

    def _parse_exchange(
        self, data: bytes, known_identity: bytes | None
    ) -> tuple[Any, bytes]:
        return twomemo.twomemo.KeyExchangeImpl.parse(data)

    def serialize_key(self, session: Session, encrypted_key: Any) -> bytes:
        message: bytes = encrypted_key.serialize()
        if not self.needs_key_exchange(session):
            return message
        exchange = session.key_exchange
        assert isinstance(exchange, twomemo.twomemo.KeyExchangeImpl)
        return exchange.serialize(message)

    def content(self, message: EncryptedMessage) -> twomemo.twomemo.ContentImpl:
        return twomemo.twomemo.ContentImpl(message.payload or b"")

    def seal(self, content: Any) -> tuple[bytes | None, bytes]:
        return None, content.ciphertext


def _visible(ids: dict[bytes, int], without: frozenset[int]) -> dict[int, bytes]:
    return {
        number: key
        for key, number in sorted(ids.items(), key=lambda item: item[1])
        if number not in without
    }


def _verify(identity_key: bytes, signature: bytes, signed: bytes) -> None:
    try:
        valid = xeddsa.ed25519_verify(signature, identity_key, signed)
    except Exception as error:
        raise BundleRefused("unusable keys") from error
    if not valid:
        raise BundleRefused("bad signature")


WIRES: dict[Protocol, Wire] = {
    Protocol.LEGACY: LegacyWire(),
    Protocol.OMEMO_2: Omemo2Wire(),
}

__all__ = ["WIRES", "Wire", "curve_form", "fingerprint", "same_identity"]
