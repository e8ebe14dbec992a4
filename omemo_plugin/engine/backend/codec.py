# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Conversion between the engine's values and the objects of python-omemo's backends, with
one class for each protocol.

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
from typing import ClassVar

import oldmemo.oldmemo
import omemo.bundle
import twomemo.twomemo
import x3dh
import xeddsa
from oldmemo.oldmemo_pb2 import OMEMOKeyExchange as LegacyKeyExchange  # type: ignore[attr-defined]
from omemo.message import Content
from omemo.message import EncryptedKeyMaterial
from omemo.message import KeyExchange
from omemo.message import PlainKeyMaterial
from omemo.session import Initiation
from omemo.session import Session

from ..errors import BundleRefused
from ..errors import DecryptionFailed
from ..values import Bundle
from ..values import EncryptedMessage
from ..values import Protocol
from . import fast_public_keys
from .public_keys import is_canonical_edwards_key
from .public_keys import is_usable_curve_key

_SIGN = 0x80

# Stands in the key exchange of a session that was taken over from a program which
# does not keep the prekeys. The ids of prekeys begin with 1
UNKNOWN_PREKEY = 0


def same_identity(one: bytes, other: bytes) -> bool:
    """Whether two Ed25519 keys are the same up to the sign."""
    return one[:31] == other[:31] and (one[31] ^ other[31]) & ~_SIGN == 0


def curve_form(identity_key: bytes) -> bytes:
    """The Curve25519 form of an Ed25519 key, 32 bytes."""
    return fast_public_keys.curve_form(identity_key)


# Of public keys: a room may have a thousand devices, and each is asked for often
@lru_cache(maxsize=4096)
def fingerprint(identity_key: bytes) -> str:
    """The 64 lower-case hex digits that clients show for an identity key:
    its Curve25519 form, for both protocols."""
    return curve_form(identity_key).hex()


# python-omemo has a class of its own for each protocol
RatchetMessage = (
    oldmemo.oldmemo.EncryptedKeyMaterialImpl | twomemo.twomemo.EncryptedKeyMaterialImpl
)
PlainKey = oldmemo.oldmemo.PlainKeyMaterialImpl | twomemo.twomemo.PlainKeyMaterialImpl
ParsedKeyExchange = oldmemo.oldmemo.KeyExchangeImpl | twomemo.twomemo.KeyExchangeImpl


class Codec(ABC):
    """One protocol's formats."""

    protocol: ClassVar[Protocol]
    # python-omemo's classes of the protocol
    bundle_class: ClassVar[
        type[oldmemo.oldmemo.BundleImpl | twomemo.twomemo.BundleImpl]
    ]
    key_class: ClassVar[type[RatchetMessage]]
    exchange_class: ClassVar[type[ParsedKeyExchange]]
    session_class: ClassVar[
        type[oldmemo.oldmemo.SessionImpl | twomemo.twomemo.SessionImpl]
    ]

    @abstractmethod
    def identity_of(self, bundle: Bundle) -> bytes:
        """The Ed25519 identity key of a bundle."""

    @abstractmethod
    def own_bundle(
        self, backend_bundle: omemo.bundle.Bundle, without: frozenset[int]
    ) -> Bundle:
        """Our bundle as it is published, without the prekeys of these ids."""

    def backend_bundle(
        self, jid: str, device_id: int, bundle: Bundle
    ) -> omemo.bundle.Bundle:
        """Another device's bundle as the backend takes it.

        A prekey that no device can have is left out: one of the others will do.

        Raises:
            BundleRefused: the identity key has not made the signature, or a key is not
                usable, or no prekey is.
        """
        self._check_identity(bundle.identity_key)
        prekeys = {
            key: number
            for number, key in bundle.prekeys.items()
            if is_usable_curve_key(key)
        }
        if not prekeys:
            raise BundleRefused("prekeys that no device has")
        if not is_usable_curve_key(bundle.signed_prekey):
            raise BundleRefused("a signed prekey that no device has")
        identity_key = self.identity_of(bundle)
        signature, signed = self._signed(bundle)
        _verify(identity_key, signature, signed)
        return self.bundle_class(
            jid,
            device_id,
            x3dh.Bundle(
                identity_key,
                bundle.signed_prekey,
                signature,
                frozenset(prekeys),
            ),
            bundle.signed_prekey_id,
            prekeys,
        )

    @abstractmethod
    def _signed(self, bundle: Bundle) -> tuple[bytes, bytes]:
        """The Ed25519 signature of a bundle, and what it signs."""

    def parse_key(self, data: bytes, jid: str, device_id: int) -> RatchetMessage:
        """A ratchet message; raises DecryptionFailed where it is none."""
        try:
            found = self.key_class.parse(data, jid, device_id)
            ratchet_key = found.encrypted_message.header.ratchet_pub
        except Exception as error:
            raise DecryptionFailed("not a ratchet message") from error
        if not is_usable_curve_key(ratchet_key):
            raise DecryptionFailed("a ratchet key that no device has")
        return found

    def parse_key_exchange(
        self, data: bytes, jid: str, device_id: int, known_identity: bytes | None
    ) -> tuple[ParsedKeyExchange, RatchetMessage]:
        """
        A key exchange and the ratchet message in it; raises DecryptionFailed
        where it is none. The known identity key gives the sign that the legacy
        wire lacks.
        """
        try:
            exchange, message = self._parse_exchange(data, known_identity)
        except Exception as error:
            raise DecryptionFailed("not a key exchange") from error
        if not is_usable_curve_key(exchange.header.ephemeral_key):
            raise DecryptionFailed("an ephemeral key that no device has")
        return exchange, self.parse_key(message, jid, device_id)

    @abstractmethod
    def _check_identity(self, identity_key: bytes) -> None:
        """Raise BundleRefused for a key, as it is on the wire, that no device has."""

    @abstractmethod
    def _parse_exchange(
        self, data: bytes, known_identity: bytes | None
    ) -> tuple[ParsedKeyExchange, bytes]:
        """The exchange and the bytes of the ratchet message in it. Any error, for an
        identity key that no device has as well."""

    @abstractmethod
    def serialize_key(
        self, session: Session, encrypted_key: EncryptedKeyMaterial
    ) -> bytes:
        """The content of the key element: the ratchet message, inside its key
        exchange until the other side has answered."""

    @abstractmethod
    def content(self, message: EncryptedMessage) -> Content:
        """The payload as the backend takes it."""

    @abstractmethod
    def seal(self, content: Content) -> tuple[bytes | None, bytes]:
        """IV (legacy only) and payload of the backend's content."""

    @staticmethod
    def key_length_is_valid(key_material: PlainKeyMaterial, *, empty: bool) -> bool:
        """
        Whether a key that came out of a ratchet has the one legal size, key
        and tag together: the tag of the payload must be protected by the
        ratchet as well. An empty message has no payload and needs no tag.
        """
        assert isinstance(key_material, PlainKey)
        key, tag = key_material.key, key_material.auth_tag
        if empty:
            return len(key) == key_material.KEY_LENGTH and len(tag) in (0, 16)
        return len(key) == key_material.KEY_LENGTH and len(tag) == 16

    @staticmethod
    def is_same_exchange(known: KeyExchange, received: KeyExchange) -> bool:
        """Whether a key exchange that came in is the one of a session."""
        assert isinstance(known, ParsedKeyExchange)
        assert isinstance(received, ParsedKeyExchange)
        if known.header.ephemeral_key != received.header.ephemeral_key:
            return False
        if known.pre_key_id == UNKNOWN_PREKEY:
            return True
        return (known.pre_key_id, known.signed_pre_key_id) == (
            received.pre_key_id,
            received.signed_pre_key_id,
        )

    @staticmethod
    def needs_key_exchange(session: Session) -> bool:
        return session.initiation is Initiation.ACTIVE and not session.confirmed

    def delete_marker(self, jid: str, device_id: int, prekey: bytes) -> Session:
        """A session object that names a prekey to `Backend.delete_pre_key`."""
        exchange = self.exchange_class(x3dh.Header(b"", b"", b"", prekey), 0, 0)
        # The library reads only the key exchange of this session
        session: Session = self.session_class(
            jid,
            device_id,
            Initiation.PASSIVE,
            exchange,  # type: ignore[arg-type]
            b"",
            None,  # type: ignore[arg-type]
        )
        return session


class LegacyCodec(Codec):
    protocol = Protocol.LEGACY
    bundle_class = oldmemo.oldmemo.BundleImpl
    key_class = oldmemo.oldmemo.EncryptedKeyMaterialImpl
    exchange_class = oldmemo.oldmemo.KeyExchangeImpl
    session_class = oldmemo.oldmemo.SessionImpl

    def identity_of(self, bundle: Bundle) -> bytes:
        sign = bool(bundle.signature[63] & _SIGN)
        return xeddsa.curve25519_pub_to_ed25519_pub(bundle.identity_key, sign)

    def own_bundle(
        self, backend_bundle: omemo.bundle.Bundle, without: frozenset[int]
    ) -> Bundle:
        assert isinstance(backend_bundle, oldmemo.oldmemo.BundleImpl)
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
    ) -> tuple[ParsedKeyExchange, bytes]:
        # The library returns the identity key in another form
        self._check_identity(LegacyKeyExchange.FromString(data[1:]).ik[1:])
        sign = bool(known_identity is not None and known_identity[31] & _SIGN)
        return oldmemo.oldmemo.KeyExchangeImpl.parse(data, sign)

    def _check_identity(self, identity_key: bytes) -> None:
        if not is_usable_curve_key(identity_key):
            raise BundleRefused("an identity key that no device has")

    def serialize_key(
        self, session: Session, encrypted_key: EncryptedKeyMaterial
    ) -> bytes:
        assert isinstance(encrypted_key, oldmemo.oldmemo.EncryptedKeyMaterialImpl)
        message = encrypted_key.serialize()
        if not self.needs_key_exchange(session):
            return message
        exchange = session.key_exchange
        assert isinstance(exchange, oldmemo.oldmemo.KeyExchangeImpl)
        return exchange.serialize(message)[0]

    def content(self, message: EncryptedMessage) -> oldmemo.oldmemo.ContentImpl:
        return oldmemo.oldmemo.ContentImpl(message.payload or b"", message.iv or b"")

    def seal(self, content: Content) -> tuple[bytes | None, bytes]:
        assert isinstance(content, oldmemo.oldmemo.ContentImpl)
        return content.initialization_vector, content.ciphertext


class Omemo2Codec(Codec):
    protocol = Protocol.OMEMO_2
    bundle_class = twomemo.twomemo.BundleImpl
    key_class = twomemo.twomemo.EncryptedKeyMaterialImpl
    exchange_class = twomemo.twomemo.KeyExchangeImpl
    session_class = twomemo.twomemo.SessionImpl

    def identity_of(self, bundle: Bundle) -> bytes:
        return bundle.identity_key

    def own_bundle(
        self, backend_bundle: omemo.bundle.Bundle, without: frozenset[int]
    ) -> Bundle:
        assert isinstance(backend_bundle, twomemo.twomemo.BundleImpl)
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
    ) -> tuple[ParsedKeyExchange, bytes]:
        exchange, message = twomemo.twomemo.KeyExchangeImpl.parse(data)
        self._check_identity(exchange.identity_key)
        return exchange, message

    def _check_identity(self, identity_key: bytes) -> None:
        if not is_canonical_edwards_key(identity_key) or not is_usable_curve_key(
            curve_form(identity_key)
        ):
            raise BundleRefused("an identity key that no device has")

    def serialize_key(
        self, session: Session, encrypted_key: EncryptedKeyMaterial
    ) -> bytes:
        assert isinstance(encrypted_key, twomemo.twomemo.EncryptedKeyMaterialImpl)
        message = encrypted_key.serialize()
        if not self.needs_key_exchange(session):
            return message
        exchange = session.key_exchange
        assert isinstance(exchange, twomemo.twomemo.KeyExchangeImpl)
        return exchange.serialize(message)

    def content(self, message: EncryptedMessage) -> twomemo.twomemo.ContentImpl:
        return twomemo.twomemo.ContentImpl(message.payload or b"")

    def seal(self, content: Content) -> tuple[bytes | None, bytes]:
        assert isinstance(content, twomemo.twomemo.ContentImpl)
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


CODECS: dict[Protocol, Codec] = {
    Protocol.LEGACY: LegacyCodec(),
    Protocol.OMEMO_2: Omemo2Codec(),
}

__all__ = ["CODECS", "Codec", "curve_form", "fingerprint", "same_identity"]
