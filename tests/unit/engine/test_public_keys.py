# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Public keys that no honest device has, in every place of a key exchange and of
both ratchets."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import xeddsa
from oldmemo.oldmemo_pb2 import OMEMOKeyExchange as LegacyKeyExchange  # type: ignore[attr-defined]
from oldmemo.oldmemo_pb2 import OMEMOMessage as LegacyMessage  # type: ignore[attr-defined]
from twomemo.twomemo_pb2 import OMEMOAuthenticatedMessage  # type: ignore[attr-defined]
from twomemo.twomemo_pb2 import OMEMOKeyExchange  # type: ignore[attr-defined]
from twomemo.twomemo_pb2 import OMEMOMessage  # type: ignore[attr-defined]

from omemo_plugin.engine.backend.codec import CODECS
from omemo_plugin.engine.backend.public_keys import is_canonical_edwards_key
from omemo_plugin.engine.backend.public_keys import is_usable_curve_key
from omemo_plugin.engine.errors import BundleRefused
from omemo_plugin.engine.errors import DecryptionFailed
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.unit.engine.case_peers import LEGACY
from tests.unit.engine.case_peers import OMEMO_2
from tests.unit.engine.case_peers import content_of_store
from tests.unit.engine.case_peers import pair
from tests.unit.engine.case_peers import with_key

PRIME = 2**255 - 19
EIGHT = 325606250916557431795983626356110631294008115727848805560023387167927233504
OTHER = 39382357235489614581723060781553021112529911719440698176882885853963445705823

# u-coordinates of low order, those and others that are not canonical, and those with
# the top bit
CURVE = [
    number.to_bytes(32, "little")
    for number in (
        *(0, 1, EIGHT, OTHER, PRIME - 1),
        *(PRIME, PRIME + 1, PRIME + 9, 2**255 - 1),
        *(number + 2**255 for number in (0, 1, EIGHT, OTHER, PRIME - 1, PRIME, 9)),
    )
]

# Points of Ed25519 with order 1, 2, 4, and 8, and what is not canonical
EDWARDS = [
    (number | sign << 255).to_bytes(32, "little")
    for number in (0, 1, PRIME - 1, PRIME, PRIME + 1, PRIME + 3, 2**255 - 1)
    for sign in (0, 1)
] + [
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
]

curve = pytest.mark.parametrize("key", CURVE, ids=lambda key: key.hex()[:8])
protocols_of_both = pytest.mark.parametrize(
    "protocols", [LEGACY, OMEMO_2], ids=["legacy", "omemo2"]
)


def test_keys_of_devices_are_usable() -> None:
    for number in range(50):
        seed = bytes([number]) * 32
        assert is_usable_curve_key(xeddsa.priv_to_curve25519_pub(seed))
        assert is_canonical_edwards_key(xeddsa.seed_to_ed25519_pub(seed))
    assert not any(map(is_usable_curve_key, (b"", bytes(31), bytes(33))))
    assert not any(map(is_canonical_edwards_key, (b"", bytes(31), bytes(33))))


@curve
@protocols_of_both
@pytest.mark.parametrize("place", ["signed_prekey", "prekeys"])
def test_case_71_in_a_bundle(
    world: FakeNetwork, protocols: tuple[Protocol, ...], key: bytes, place: str
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    ann.carry_out(ann.engine.outgoing.plan([ben.jid]).effects)
    bundle = world.bundles[ben.device, protocols[0]]
    # Of prekeys another one would do
    change: Any = {1: key} if place == "prekeys" else key
    with pytest.raises(BundleRefused):
        ann.engine.keys.bundle_received(
            ben.device, dataclasses.replace(bundle, **{place: change})
        )
    assert ann.engine.outgoing.plan([ben.jid]).recipients == ()


@curve
@protocols_of_both
def test_case_71_a_prekey_beside_good_ones_is_not_used(
    world: FakeNetwork, protocols: tuple[Protocol, ...], key: bytes
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    ann.carry_out(ann.engine.outgoing.plan([ben.jid]).effects)
    bundle = world.bundles[ben.device, protocols[0]]
    number, good = next(iter(bundle.prekeys.items()))
    prekeys = {number: good, 7_000_000: key}
    ann.engine.keys.bundle_received(
        ben.device, dataclasses.replace(bundle, prekeys=prekeys)
    )
    ann.send(b"secret", ben)


@protocols_of_both
def test_a_session_with_a_device_that_counts_from_0(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    """As Converse 14 does; the key exchange names both ids."""
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    ann.carry_out(ann.engine.outgoing.plan([ben.jid]).effects)
    bundle = world.bundles[ben.device, protocols[0]]
    prekey = next(iter(bundle.prekeys.values()))
    ann.engine.keys.bundle_received(
        ben.device,
        dataclasses.replace(bundle, signed_prekey_id=0, prekeys={0: prekey}),
    )
    (key,) = ann.encrypt(b"x", ben.jid).messages[0].keys
    exchange, _message = CODECS[protocols[0]].parse_key_exchange(
        key.data, ann.jid, ann.device.device_id, None
    )
    assert exchange.pre_key_id == exchange.signed_pre_key_id == 0


@pytest.mark.parametrize(
    ("protocols", "key"),
    [(LEGACY, key) for key in CURVE] + [(OMEMO_2, key) for key in EDWARDS],
)
def test_case_71_identity_key_of_a_bundle(
    world: FakeNetwork, protocols: tuple[Protocol, ...], key: bytes
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    ann.carry_out(ann.engine.outgoing.plan([ben.jid]).effects[:2])
    bundle = world.bundles[ben.device, protocols[0]]
    with pytest.raises(BundleRefused):
        ann.engine.keys.bundle_received(
            ben.device, dataclasses.replace(bundle, identity_key=key)
        )


@curve
@protocols_of_both
@pytest.mark.parametrize("first", [True, False], ids=["exchange", "ratchet"])
def test_case_71_ratchet_key(
    world: FakeNetwork,
    protocols: tuple[Protocol, ...],
    key: bytes,
    first: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protocol = protocols[0]
    if first:
        ann = world.peer("ann@test", protocols=protocols)
        ben = world.peer("ben@test", protocols=protocols)
    else:
        ann, ben = pair(world, protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    data = with_ratchet_key(protocol, message.keys[0].data, key, first)
    derived_nothing(monkeypatch, ben.engine._core.sessions[protocol].backend)
    before = content_of_store(ben)
    with pytest.raises(DecryptionFailed):
        ben.engine.incoming.decrypt(ann.jid, [with_key(message, data)])
    assert content_of_store(ben) == before


def with_ratchet_key(
    protocol: Protocol, data: bytes, key: bytes, exchange: bool
) -> bytes:
    if protocol is Protocol.LEGACY:
        outer = LegacyKeyExchange.FromString(data[1:]) if exchange else None
        inner = data if outer is None else outer.message
        message = LegacyMessage.FromString(inner[1:-8])
        message.dh_pub = b"\x05" + key
        changed: bytes = inner[:1] + message.SerializeToString() + inner[-8:]
        if outer is None:
            return changed
        outer.message = changed
        whole: bytes = outer.SerializeToString()
        return data[:1] + whole
    outer_2 = OMEMOKeyExchange.FromString(data) if exchange else None
    authenticated = (
        OMEMOAuthenticatedMessage.FromString(data)
        if outer_2 is None
        else outer_2.message
    )
    message_2 = OMEMOMessage.FromString(authenticated.message)
    message_2.dh_pub = key
    authenticated.message = message_2.SerializeToString()
    result: bytes = (authenticated if outer_2 is None else outer_2).SerializeToString()
    return result


def derived_nothing(monkeypatch: pytest.MonkeyPatch, backend: Any) -> None:
    """Fail if a session is begun with a key, because that derives a secret from it."""

    def fail(*_arguments: Any) -> None:
        raise AssertionError("something was derived")

    monkeypatch.setattr(backend, "decrypt_key_material", fail)
    monkeypatch.setattr(backend, "build_session_passive", fail)


@pytest.mark.parametrize(
    ("protocols", "place", "key"),
    [(LEGACY, place, key) for place in ("ek", "ik") for key in CURVE]
    + [(OMEMO_2, "ek", key) for key in CURVE]
    + [(OMEMO_2, "ik", key) for key in EDWARDS],
)
def test_case_71_in_a_key_exchange(
    world: FakeNetwork,
    protocols: tuple[Protocol, ...],
    place: str,
    key: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protocol = protocols[0]
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    assert isinstance(message, EncryptedMessage)
    data = message.keys[0].data
    if protocol is Protocol.LEGACY:
        legacy = LegacyKeyExchange.FromString(data[1:])
        setattr(legacy, place, b"\x05" + key)
        data = data[:1] + legacy.SerializeToString()
    else:
        exchange = OMEMOKeyExchange.FromString(data)
        setattr(exchange, place, key)
        data = exchange.SerializeToString()
    derived_nothing(monkeypatch, ben.engine._core.sessions[protocol].backend)
    before = content_of_store(ben)
    with pytest.raises(ReceiveError):
        ben.engine.incoming.decrypt(ann.jid, [with_key(message, data)])
    assert content_of_store(ben) == before
