# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile and broken input, by the numbers of docs/security-cases.md."""

from __future__ import annotations

import dataclasses
import random
import time
from pathlib import Path
from typing import Any

import pytest
from oldmemo import oldmemo
from oldmemo.oldmemo_pb2 import OMEMOKeyExchange
from oldmemo.oldmemo_pb2 import OMEMOMessage
from twomemo import twomemo

from omemo_plugin.engine import fast
from omemo_plugin.engine.effects import DevicesIgnored
from omemo_plugin.engine.effects import IdentityKeyAlarm
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.effects import PublishBundle
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.effects import SessionBroken
from omemo_plugin.engine.engine import LeftOutReason
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import BundleRefused
from omemo_plugin.engine.errors import DecryptionFailed
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.errors import IdentityKeyChanged
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.errors import NoSession
from omemo_plugin.engine.errors import NotForThisDevice
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.errors import StoreLocked
from omemo_plugin.engine.errors import TooManyKeyExchanges
from omemo_plugin.engine.errors import TooManyRecipients
from omemo_plugin.engine.errors import TooManySkipped
from omemo_plugin.engine.errors import UnknownPrekey
from omemo_plugin.engine.prekeys import KEPT_SECONDS
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.engine.values import is_key_exchange
from tests.support.world import Peer
from tests.support.world import World

LEGACY = (Protocol.LEGACY,)
OMEMO_2 = (Protocol.OMEMO_2,)

both_protocols = pytest.mark.parametrize(
    "protocols", [LEGACY, OMEMO_2], ids=["legacy", "omemo2"]
)


def pair(world: World, protocols: tuple[Protocol, ...] = LEGACY) -> tuple[Peer, Peer]:
    """Two peers with a confirmed session both ways."""
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    ann.send(b"hello", ben)
    ben.send(b"hello", ann)
    # Nobody else is to be offered the prekeys these two have used
    for peer in (ann, ben):
        peer.clock.now += 60
        peer.carry_out(peer.engine.tick())
        peer.engine.commit()
    return ann, ben


def content_of_store(peer: Peer) -> dict[str, Any]:
    """Everything the engine would have on disk after a commit now."""
    core = peer.engine._core
    for sessions in core.sessions.values():
        sessions.write()
    return {key: core.store.get(key) for key in core.store.keys("/")}


def with_key(message: EncryptedMessage, data: bytes) -> EncryptedMessage:
    key = dataclasses.replace(message.keys[0], data=data)
    return dataclasses.replace(message, keys=(key,))


def refused(
    peer: Peer, sender: str, message: EncryptedMessage, kind: type[ReceiveError]
) -> ReceiveError:
    """The message is refused for that reason, and nothing has changed."""
    before = content_of_store(peer)
    with pytest.raises(kind) as caught:
        peer.engine.decrypt(sender, [message])
    assert content_of_store(peer) == before
    return caught.value


@both_protocols
def test_case_01_the_same_message_twice(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    sent = ann.encrypt(b"once", ben.jid)
    ben.decrypt(ann, sent)
    ann.send(b"then", ben)
    for _ in range(2):
        error = refused(ben, ann.jid, sent.messages[0], DuplicateMessage)
        assert error.effects == ()
    ben.restart()
    refused(ben, ann.jid, sent.messages[0], DuplicateMessage)


@both_protocols
def test_case_01_the_same_key_exchange_twice(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    sent = ann.encrypt(b"once", ben.jid)
    ben.decrypt(ann, sent)
    refused(ben, ann.jid, sent.messages[0], DuplicateMessage)
    ben.restart()
    refused(ben, ann.jid, sent.messages[0], DuplicateMessage)
    assert ann.send(b"on", ben).plaintext == b"on"


@both_protocols
def test_case_02_reordered(world: World, protocols: tuple[Protocol, ...]) -> None:
    ann, ben = pair(world, protocols)
    sent = [ann.encrypt(b"%d" % number, ben.jid) for number in range(6)]
    for number in (5, 3, 4, 0, 2, 1):
        assert ben.decrypt(ann, sent[number]).plaintext == b"%d" % number


def test_case_03_counter_1001_ahead(world: World) -> None:
    ann, ben = pair(world)
    sent = [ann.encrypt(b"%d" % number, ben.jid) for number in range(1002)]
    started = time.monotonic()
    refused(ben, ann.jid, sent[1001].messages[0], TooManySkipped)
    assert time.monotonic() - started < 1
    assert ben.decrypt(ann, sent[1000]).plaintext == b"1000"
    assert ben.decrypt(ann, sent[0]).plaintext == b"0"


@pytest.mark.parametrize("counter", [2**31, 2**32 - 1])
def test_case_03_absurd_counter(world: World, counter: int) -> None:
    ann, ben = pair(world)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    data = message.keys[0].data
    ratchet = OMEMOMessage.FromString(data[1:-8])
    ratchet.n = counter
    forged = with_key(message, data[:1] + ratchet.SerializeToString() + data[-8:])
    started = time.monotonic()
    refused(ben, ann.jid, forged, TooManySkipped)
    assert time.monotonic() - started < 1
    assert ben.engine.decrypt(ann.jid, [message]).plaintext == b"x"


def test_case_04_skipped_keys_are_bounded_oldest_first(world: World) -> None:
    ann, ben = pair(world)
    lost = []
    for _ in range(4):
        for _ in range(400):
            lost.append(ann.encrypt(b"%d" % len(lost), ben.jid))
        ann.send(b"arrives", ben)
    state = content_of_store(ben)
    ratchet = state[
        f"/{Protocol.LEGACY.namespace}/ann@test/{ann.engine.device_id}/double_ratchet"
    ]
    assert len(ratchet["skipped_message_keys"]) == 1000
    assert ben.decrypt(ann, lost[-1000]).plaintext == b"600"
    with pytest.raises(DecryptionFailed):
        ben.decrypt(ann, lost[-1001])


@pytest.mark.parametrize("how", ["emptied", "retracted"])
def test_case_09_device_list_withdrawn(world: World, how: str) -> None:
    ann, ben = pair(world)
    if how == "emptied":
        ann.engine.device_list_received(ben.jid, DeviceList(Protocol.LEGACY))
    else:
        ann.engine.device_list_unavailable(ben.jid, Protocol.LEGACY, permanent=True)
    for _ in range(2):
        plan = ann.engine.plan([ben.jid])
        assert plan.ready
        assert plan.unreachable == (ben.jid,)
        assert [one.reason for one in plan.left_out] == [LeftOutReason.LIST_WITHDRAWN]
        with pytest.raises(NoRecipient):
            ann.engine.encrypt([ben.jid], {Protocol.LEGACY: b"x"})
        ann.restart()
        ann.engine.plan([ben.jid])
        for protocol in Protocol:
            ann.engine.device_list_unavailable(ben.jid, protocol, permanent=True)
    # The list comes back: all goes on with what was known
    ann.engine.device_list_received(ben.jid, world.lists[ben.jid, Protocol.LEGACY])
    assert ann.send(b"x", ben).plaintext == b"x"


def test_case_11_new_device_of_a_verified_contact_gets_nothing(world: World) -> None:
    ann, ben = pair(world)
    ann.engine.set_trust(ben.device, Trust.VERIFIED)
    ann.news.clear()
    added = world.peer("ben@test", protocols=LEGACY)
    sent = ann.encrypt(b"x", ben.jid)
    assert sent.readers == (ben.device,)
    assert [(one.device, one.reason) for one in sent.left_out] == [
        (added.device, LeftOutReason.UNDECIDED)
    ]
    assert NewDevices(ben.jid, (added.device,), Trust.UNDECIDED) in ann.news
    with pytest.raises(NotForThisDevice):
        added.decrypt(ann, sent)
    # It can be read, and it is marked
    assert added.send(b"y", ann).trust is Trust.UNDECIDED
    ann.engine.set_trust(added.device, Trust.VERIFIED)
    assert set(ann.encrypt(b"x", ben.jid).readers) == {ben.device, added.device}


def test_case_11_without_verification_new_devices_are_trusted_blindly(
    world: World,
) -> None:
    ann, ben = pair(world)
    added = world.peer("ben@test", protocols=LEGACY)
    assert set(ann.encrypt(b"x", ben.jid).readers) == {ben.device, added.device}
    ann.engine.blind_trust = False
    third = world.peer("ben@test", protocols=LEGACY)
    assert third.device not in ann.encrypt(b"x", ben.jid).readers


@pytest.mark.parametrize("for_all", [True, False])
@pytest.mark.parametrize("for_one", [True, False, None])
def test_case_11_one_contact_may_be_treated_otherwise(
    world: World, for_all: bool, for_one: bool | None
) -> None:
    ann, ben = pair(world)
    ann.engine.blind_trust = for_all
    ann.engine.set_blind_trust_of(ben.jid, for_one)
    assert ann.engine.blind_trust_of(ben.jid) is for_one
    added = world.peer("ben@test", protocols=LEGACY)
    readers = ann.encrypt(b"x", ben.jid).readers
    assert (added.device in readers) is (for_all if for_one is None else for_one)


def test_case_12_new_own_device(world: World) -> None:
    ann, ben = pair(world)
    laptop = world.peer("ann@test", protocols=LEGACY)
    assert any(
        isinstance(effect, NewDevices) and effect.devices == (laptop.device,)
        for effect in ann.news
    )
    assert laptop.device in ann.encrypt(b"x", ben.jid).readers
    ann.engine.set_trust(laptop.device, Trust.VERIFIED)
    stranger = world.peer("ann@test", protocols=LEGACY)
    assert any(
        isinstance(effect, NewDevices) and effect.devices == (stranger.device,)
        for effect in ann.news
    )
    assert stranger.device not in ann.encrypt(b"x", ben.jid).readers


@both_protocols
def test_case_13_other_identity_key_in_a_bundle(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    eve = world.peer("eve@test", protocols=protocols)
    protocol = protocols[0]
    presented = world.bundles[eve.device, protocol]
    effects = ann.engine.bundle_received(ben.device, presented)
    assert effects == [
        IdentityKeyAlarm(ben.device, ben.engine.fingerprint, eve.engine.fingerprint)
    ]
    assert ann.engine.bundle_received(ben.device, presented) == []
    plan = ann.engine.plan([ben.jid])
    assert plan.unreachable == (ben.jid,)
    assert [one.reason for one in plan.left_out] == [LeftOutReason.KEY_CHANGED]


@both_protocols
def test_case_13_other_identity_key_in_a_key_exchange(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    eve = world.peer("eve@test", protocols=protocols)
    message = eve.encrypt(b"I am Ann", ben.jid).messages[0]
    forged = dataclasses.replace(message, sender_device_id=ann.engine.device_id)
    with pytest.raises(IdentityKeyChanged) as caught:
        ben.engine.decrypt(ann.jid, [forged])
    assert [type(effect) for effect in caught.value.effects] == [IdentityKeyAlarm]
    # The session we have goes on to be readable; nothing is sent until the
    # user has looked
    assert ben.decrypt(ann, ann.encrypt(b"x", ben.jid)).plaintext == b"x"
    assert ben.engine.plan([ann.jid]).unreachable == (ann.jid,)


def test_case_14_own_id_missing_is_announced_again_three_times(world: World) -> None:
    ann = world.peer("ann@test")
    stripped = DeviceList(Protocol.LEGACY, (ListedDevice(4711),))
    seen = []
    for _ in range(10):
        effects = ann.engine.device_list_received(ann.jid, stripped)
        seen += [one for one in effects if isinstance(one, PublishDeviceList)]
    assert len(seen) == 3
    assert seen[0].device_list.ids == {4711, ann.engine.device_id}
    ann.carry_out(ann.engine.connected())
    assert any(
        isinstance(one, PublishDeviceList)
        for one in ann.engine.device_list_received(ann.jid, stripped)
    )


def test_case_14_a_list_with_and_without_us_in_turn(world: World) -> None:
    ann = world.peer("ann@test")
    stripped = DeviceList(Protocol.LEGACY, (ListedDevice(4711),))
    published = 0
    for _ in range(10):
        for one in ann.engine.device_list_received(ann.jid, stripped):
            if isinstance(one, PublishDeviceList):
                published += 1
                ann.engine.device_list_received(ann.jid, one.device_list)
    assert published == 3


@both_protocols
def test_case_20_another_jid_with_that_device_id(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    refused(ben, "eve@test", message, NoSession)
    assert ben.engine.decrypt(ann.jid, [message]).plaintext == b"x"


@both_protocols
def test_case_24_key_exchange_is_told_by_its_content(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    first = ann.encrypt(b"x", ben.jid).messages[0]
    assert is_key_exchange(protocols[0], first.keys[0].data)
    ben.engine.decrypt(ann.jid, [first])
    ben.send(b"y", ann)
    later = ann.encrypt(b"z", ben.jid).messages[0]
    assert not is_key_exchange(protocols[0], later.keys[0].data)
    assert ben.engine.decrypt(ann.jid, [later]).plaintext == b"z"


def message_with_key(
    sender: Peer, to: Peer, protocol: Protocol, key: bytes, tag: bytes
) -> EncryptedMessage:
    """A message whose authenticated key is what a test wants."""
    core = sender.engine._core
    sessions = core.sessions[protocol]
    session = sessions.of(to.device).current
    assert session is not None
    material: Any = (
        oldmemo.PlainKeyMaterialImpl(key, tag)
        if protocol is Protocol.LEGACY
        else twomemo.PlainKeyMaterialImpl(key, tag)
    )
    encrypted: Any = fast.run(sessions.backend.encrypt_key_material(session, material))
    sessions.stepped(to.device)
    jid = None if protocol is Protocol.LEGACY else to.jid
    iv = b"i" * 12 if protocol is Protocol.LEGACY else None
    keys = (EncryptedKey(to.engine.device_id, encrypted.serialize(), jid),)
    return EncryptedMessage(protocol, sender.engine.device_id, keys, iv, b"p" * 16)


@pytest.mark.parametrize("size", [0, 15, 16, 17, 31, 33, 48])
def test_case_25_legacy_keys_of_other_sizes(world: World, size: int) -> None:
    ann, ben = pair(world)
    forged = message_with_key(
        ann, ben, Protocol.LEGACY, bytes(min(size, 16)), bytes(max(0, size - 16))
    )
    refused(ben, ann.jid, forged, DecryptionFailed)
    assert ann.send(b"on", ben).plaintext == b"on"


@pytest.mark.parametrize("size", [0, 32, 47, 49, 64])
def test_case_23_omemo_2_keys_of_other_sizes(world: World, size: int) -> None:
    ann, ben = pair(world, OMEMO_2)
    forged = message_with_key(
        ann, ben, Protocol.OMEMO_2, bytes(min(size, 32)), bytes(max(0, size - 32))
    )
    refused(ben, ann.jid, forged, DecryptionFailed)
    assert ann.send(b"on", ben).plaintext == b"on"


@both_protocols
def test_payload_changed_on_the_way(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    """The session stays where it was, so the true message can still be read."""
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"true", ben.jid).messages[0]
    assert message.payload is not None
    payload = bytes([message.payload[0] ^ 1]) + message.payload[1:]
    forged = dataclasses.replace(message, payload=payload)
    refused(ben, ann.jid, forged, DecryptionFailed)
    assert ben.engine.decrypt(ann.jid, [message]).plaintext == b"true"


@both_protocols
def test_case_27_empty_message(world: World, protocols: tuple[Protocol, ...]) -> None:
    ann, ben = pair(world, protocols)
    eve = world.peer("eve@test")
    message = ann.engine.encrypt_empty(ben.device, protocols[0])
    assert message is not None
    assert message.payload is None
    refused(eve, ann.jid, message, NotForThisDevice)
    assert ben.engine.decrypt(ann.jid, [message]).plaintext is None
    assert ann.send(b"on", ben).plaintext == b"on"


@both_protocols
def test_case_28_each_key_for_our_id_is_tried(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    junk = dataclasses.replace(message.keys[0], data=b"\x33\x0a\x01\x02")
    doubled = dataclasses.replace(message, keys=(junk, *message.keys, junk))
    assert ben.engine.decrypt(ann.jid, [doubled]).plaintext == b"x"


@pytest.mark.filterwarnings("ignore:Unexpected end-group tag")
@both_protocols
def test_case_31_no_ratchet_message(
    world: World, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    good = message.keys[0].data
    source = random.Random(1)
    broken = [
        b"",
        good[:1],
        good[:-9],
        good[: len(good) // 2],
        b"\x22" + good[1:],
        b"\x44" + good[1:],
        source.randbytes(1024 * 1024),
        good + bytes(1024 * 1024),
    ]
    started = time.monotonic()
    for data in broken:
        refused(ben, ann.jid, with_key(message, data), ReceiveError)
    assert time.monotonic() - started < 5
    assert ben.engine.decrypt(ann.jid, [message]).plaintext == b"x"


@pytest.mark.parametrize(
    "ratchet_key",
    [bytes(32), b"\x01" + bytes(31), b"k" * 31, b""],
    ids=["zero", "low order", "short", "none"],
)
def test_case_31_bad_ratchet_key(world: World, ratchet_key: bytes) -> None:
    ann, ben = pair(world)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    data = message.keys[0].data
    ratchet = OMEMOMessage.FromString(data[1:-8])
    ratchet.dh_pub = b"\x05" + ratchet_key
    forged = with_key(message, data[:1] + ratchet.SerializeToString() + data[-8:])
    refused(ben, ann.jid, forged, DecryptionFailed)


@pytest.mark.parametrize("number", [0, 99_999, "used"])
def test_case_32_prekeys_that_are_not_there(world: World, number: int | str) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    ann.auto_answer = ben.auto_answer = False
    message = ann.encrypt(b"x", ben.jid).messages[0]
    exchange = OMEMOKeyExchange.FromString(message.keys[0].data[1:])
    if number == "used":
        # Prekeys are chosen at random, and this one is still wanted
        bundle = world.bundles[ben.device, Protocol.LEGACY]
        others = {n: key for n, key in bundle.prekeys.items() if n != exchange.pk_id}
        world.bundles[ben.device, Protocol.LEGACY] = dataclasses.replace(
            bundle, prekeys=others
        )
        eve = world.peer("ben2@test", protocols=LEGACY)
        first = eve.encrypt(b"x", ben.jid).messages[0]
        number = OMEMOKeyExchange.FromString(first.keys[0].data[1:]).pk_id
        ben.engine.decrypt(eve.jid, [first])
        ben.clock.now += KEPT_SECONDS
        ben.carry_out(ben.engine.tick())
        # The library tidies its table of ids at the next look
        ben.engine._core.prekeys[Protocol.LEGACY].bundle()
    assert isinstance(number, int)
    exchange.pk_id = number
    forged = with_key(message, b"\x33" + exchange.SerializeToString())
    refused(ben, ann.jid, forged, UnknownPrekey)
    # The prekey of the true message is still there
    assert ben.engine.decrypt(ann.jid, [message]).plaintext == b"x"


def test_case_32_key_exchange_without_a_prekey_field(world: World) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    exchange = OMEMOKeyExchange.FromString(message.keys[0].data[1:])
    exchange.ClearField("pk_id")
    data = b"\x33" + exchange.SerializePartialToString()
    assert is_key_exchange(Protocol.LEGACY, data)
    refused(ben, ann.jid, with_key(message, data), ReceiveError)


def test_case_33_flood_of_key_exchanges(world: World) -> None:
    ben = world.peer("ben@test", protocols=LEGACY)
    eve = world.peer("eve@test", protocols=LEGACY)
    ben.log.clear()
    accepted = 0
    eve.prepare(ben.jid)
    for _ in range(200):
        eve.engine.replace_session(ben.device)
        bundle = world.bundles[ben.device, Protocol.LEGACY]
        eve.engine.bundle_received(ben.device, bundle)
        message = eve.engine.encrypt_empty(ben.device, Protocol.LEGACY)
        assert message is not None
        try:
            ben.engine.decrypt(eve.jid, [message])
        except (TooManyKeyExchanges, UnknownPrekey):
            continue
        accepted += 1
    assert accepted >= 50
    bundle = ben.engine._core.prekeys[Protocol.LEGACY].bundle()
    assert len(bundle.prekeys) >= 25
    ben.clock.now += 11
    ben.carry_out(ben.engine.tick())
    ben.carry_out(ben.engine.tick())
    published = [one for one in ben.log if isinstance(one, PublishBundle)]
    assert len(published) == 1
    assert len(published[0].bundle.prekeys) == 100


def test_case_34_many_undecryptable_messages_one_question(world: World) -> None:
    ann, ben = pair(world)
    ben.engine.forget_device(ann.device)
    offers = []
    ben.carry_out(ben.engine.connected())
    for number in range(500):
        message = ann.encrypt(b"%d" % number, ben.jid).messages[0]
        with pytest.raises(NoSession) as caught:
            ben.engine.decrypt(ann.jid, [message])
        offers += [
            one
            for one in caught.value.effects
            if isinstance(one, SessionBroken | OweEmptyMessage)
        ]
    assert not offers
    effects = ben.engine.catch_up_ended()
    assert [one for one in effects if isinstance(one, SessionBroken)] == [
        SessionBroken(ann.device, Protocol.LEGACY)
    ]
    assert not [one for one in effects if isinstance(one, OweEmptyMessage)]
    message = ann.encrypt(b"x", ben.jid).messages[0]
    with pytest.raises(NoSession) as caught:
        ben.engine.decrypt(ann.jid, [message])
    assert not [e for e in caught.value.effects if isinstance(e, SessionBroken)]


def changed(bundle: Bundle, what: str, world: World) -> Bundle:
    if what == "signature":
        signature = bytes([bundle.signature[0] ^ 1]) + bundle.signature[1:]
        return dataclasses.replace(bundle, signature=signature)
    if what == "signed prekey":
        return dataclasses.replace(bundle, signed_prekey=bytes(32))
    if what == "no prekeys":
        return dataclasses.replace(bundle, prekeys={})
    if what == "low order prekeys":
        return dataclasses.replace(bundle, prekeys={1: bytes(32)})
    assert what == "borrowed"
    other = next(p for p in world.peers if p.jid == "ben@test")
    return world.bundles[other.device, bundle.protocol]


@both_protocols
@pytest.mark.parametrize(
    "what",
    ["signature", "signed prekey", "no prekeys", "low order prekeys", "borrowed"],
)
def test_case_35_unusable_bundle(
    world: World, protocols: tuple[Protocol, ...], what: str
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    bad = world.peer("ben@test", protocols=protocols)
    ann.send(b"x", ben)
    ann.engine.forget_device(bad.device)
    protocol = protocols[0]
    good = world.bundles[bad.device, protocol]
    world.bundles[bad.device, protocol] = changed(good, what, world)
    ann.carry_out(
        ann.engine.device_list_received(ben.jid, world.lists[ben.jid, protocol])
    )
    sent = ann.encrypt(b"y", ben.jid)
    assert sent.readers == (ben.device,)
    assert [(one.device, one.reason) for one in sent.left_out] == [
        (bad.device, LeftOutReason.BUNDLE_REFUSED)
    ]
    assert ben.decrypt(ann, sent).plaintext == b"y"
    # A new, good bundle mends it
    world.bundles[bad.device, protocol] = good
    ann.clock.now += 3600
    assert bad.device in ann.encrypt(b"z", ben.jid).readers


def test_case_35_malformed_bundle(world: World) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    bad = world.peer("ben@test", protocols=LEGACY)
    fetches = ann.engine.plan([ben.jid]).effects
    ann.carry_out(fetches)
    wanted = ann.engine.plan([ben.jid]).effects
    ann.carry_out([one for one in wanted if getattr(one, "device", 0) != bad.device])
    ann.engine.bundle_malformed(bad.device, Protocol.LEGACY)
    plan = ann.engine.plan([ben.jid])
    assert plan.ready
    assert plan.readers == (ben.device,)
    assert [(one.device, one.reason) for one in plan.left_out] == [
        (bad.device, LeftOutReason.BUNDLE_REFUSED)
    ]


def test_case_35_bundle_of_a_device_nobody_listed(world: World) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    bundle = world.bundles[ben.device, Protocol.LEGACY]
    with pytest.raises(BundleRefused):
        ann.engine.bundle_received(Device("eve@test", 5), bundle)


def test_case_36_too_many_devices(world: World) -> None:
    ann = world.peer("ann@test")
    many = tuple(ListedDevice(number) for number in range(1, 20_001))
    started = time.monotonic()
    too_long = DeviceList(Protocol.LEGACY, many)
    effects = ann.engine.device_list_received("eve@test", too_long)
    assert effects == [DevicesIgnored("eve@test", 19_800)]
    assert ann.engine.device_list_received("eve@test", too_long) == []
    assert len(ann.engine.devices("eve@test")) == 200
    assert time.monotonic() - started < 1


def test_case_36_changing_lists_do_not_fill_the_store(world: World) -> None:
    ann = world.peer("ann@test")
    for start in range(1, 2000, 100):
        devices = tuple(ListedDevice(n) for n in range(start, start + 100))
        ann.engine.device_list_received(
            "eve@test", DeviceList(Protocol.LEGACY, devices)
        )
    assert len(ann.engine.devices("eve@test")) == 100


def test_case_36_too_many_recipients(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Four devices stand for the thousand that would take a minute to make
    monkeypatch.setattr("omemo_plugin.engine.encrypting.RECIPIENTS_MAX", 3)
    ann = world.peer("ann@test")
    for number in range(4):
        world.peer(f"ben{number}@test")
    everybody = [f"ben{number}@test" for number in range(4)]
    ann.prepare(*everybody)
    with pytest.raises(TooManyRecipients):
        ann.engine.encrypt(everybody, {Protocol.LEGACY: b"x"})
    sent = ann.engine.encrypt(everybody[:3], {Protocol.LEGACY: b"x"})
    assert len(sent.readers) == 3


def test_case_38_own_devices_alone_are_nobody(world: World) -> None:
    ann, ben = pair(world)
    world.peer("ann@test", protocols=LEGACY)
    ann.engine.set_trust(ben.device, Trust.DISTRUSTED)
    ann.prepare(ben.jid)
    plan = ann.engine.plan([ben.jid])
    assert plan.unreachable == (ben.jid,)
    with pytest.raises(NoRecipient) as caught:
        ann.engine.encrypt([ben.jid], {Protocol.LEGACY: b"x"})
    assert caught.value.jids == (ben.jid,)


def test_case_47_two_engines_on_one_store(world: World) -> None:
    ann = world.peer("ann@test")
    with pytest.raises(StoreLocked):
        OmemoEngine.open(ann.path, ann.jid)
    assert ann.engine.plan([]).ready in (True, False)


def test_case_47_killed_before_commit_reuses_no_key(
    world: World, tmp_path: Path
) -> None:
    """What reached the network is in the store, or it did not reach it."""
    ann, ben = pair(world)
    keys = set()
    for _ in range(5):
        sent = ann.encrypt(b"x", ben.jid)
        ann.restart(commit=False)
        data = sent.messages[0].keys[0].data
        ratchet = OMEMOMessage.FromString(data[1:-8])
        keys.add((ratchet.dh_pub, ratchet.n))
    assert len(keys) == 5


@pytest.mark.parametrize("wrong", [0, 4_070_908_800], ids=["1970", "2099"])
def test_case_48_wrong_clock(world: World, wrong: float) -> None:
    ann, ben = pair(world, LEGACY)
    right = ben.clock.now
    first = ben.engine._core.prekeys[Protocol.LEGACY].bundle()
    message = world.peer("cat@test", protocols=LEGACY)
    early = message.encrypt(b"early", ben.jid).messages[0]
    for now in (wrong, right, wrong, right):
        ben.restart()
        ben.clock.now = now
        ben.carry_out(ben.engine.connected())
        if now == right:
            break
        ben.carry_out(ben.engine.catch_up_ended())
    # Somebody who took the bundle before is still understood
    assert ben.engine.decrypt("cat@test", [early]).plaintext == b"early"
    ben.carry_out(ben.engine.catch_up_ended())
    after = ben.engine._core.prekeys[Protocol.LEGACY].bundle()
    assert len(after.prekeys) == 100
    common = set(first.prekeys.items()) & set(after.prekeys.items())
    assert len(common) >= 98
    assert ann.send(b"on", ben).plaintext == b"on"


@both_protocols
@pytest.mark.parametrize("wrong", [0, 4_070_908_800], ids=["1970", "2099"])
def test_case_48_clock_that_is_wrong_at_each_start(
    world: World, protocols: tuple[Protocol, ...], wrong: float
) -> None:
    """As in Tails, where it is set from the network a while after the start."""
    ann, ben = pair(world, protocols)
    right = ben.clock.now
    cat = world.peer("cat@test", protocols=protocols)
    early = cat.encrypt(b"early", ben.jid).messages
    signed = world.bundles[ben.device, protocols[0]].signed_prekey
    for _ in range(4):
        ben.restart()
        ben.clock.now = wrong
        ben.online()
        ben.clock.now = right
        ben.carry_out(ben.engine.tick())
        ben.restart()
        ben.online()
    assert world.bundles[ben.device, protocols[0]].signed_prekey == signed
    assert ben.engine.decrypt(cat.jid, early).plaintext == b"early"
    assert ann.send(b"on", ben).plaintext == b"on"
    # And it still changes when it should
    ben.clock.now = right
    ben.wait(8 * 24 * 3600)
    assert world.bundles[ben.device, protocols[0]].signed_prekey != signed


@both_protocols
def test_case_48_away_for_long(world: World, protocols: tuple[Protocol, ...]) -> None:
    """First messages of the first day are read after five weeks, and keys are
    changed only when the archive has been read."""
    ben = world.peer("ben@test", protocols=protocols)
    cats = [world.peer(f"cat{n}@test", protocols=protocols) for n in range(3)]
    early = [cat.encrypt(b"early", ben.jid).messages for cat in cats]
    ben.restart()
    ben.clock.now += 5 * 7 * 24 * 3600
    signed = world.bundles[ben.device, protocols[0]].signed_prekey
    ben.carry_out(ben.engine.connected())
    for cat, messages in zip(cats, early, strict=True):
        ben.carry_out(ben.engine.tick())
        assert ben.engine.decrypt(cat.jid, messages).plaintext == b"early"
    assert world.bundles[ben.device, protocols[0]].signed_prekey == signed
    ben.carry_out(ben.engine.catch_up_ended())
    assert world.bundles[ben.device, protocols[0]].signed_prekey != signed


def test_signed_prekey_rotates_weekly_and_the_old_one_lives_on(world: World) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    early = ann.encrypt(b"early", ben.jid).messages[0]
    ids = [world.bundles[ben.device, Protocol.LEGACY].signed_prekey_id]
    for _ in range(1):
        ben.clock.now += 7 * 24 * 3600 + 1
        ben.carry_out(ben.engine.tick())
        ids.append(world.bundles[ben.device, Protocol.LEGACY].signed_prekey_id)
    assert ids == [1, 2]
    assert ben.engine.decrypt(ann.jid, [early]).plaintext == b"early"
