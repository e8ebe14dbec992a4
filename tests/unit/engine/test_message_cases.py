# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security cases (docs/security-cases.md) of messages and key exchanges."""

from __future__ import annotations

import dataclasses
import random
from functools import partial

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from oldmemo.oldmemo_pb2 import OMEMOKeyExchange  # type: ignore[attr-defined]
from oldmemo.oldmemo_pb2 import OMEMOMessage  # type: ignore[attr-defined]

from omemo_plugin.engine.backend.codec import Codec
from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.effects import PublishBundle
from omemo_plugin.engine.effects import SessionBroken
from omemo_plugin.engine.errors import DecryptionFailed
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.errors import MessageKeyGone
from omemo_plugin.engine.errors import NoSession
from omemo_plugin.engine.errors import NotForThisDevice
from omemo_plugin.engine.errors import PayloadDamaged
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.errors import TooManyKeyExchanges
from omemo_plugin.engine.errors import TooManySkipped
from omemo_plugin.engine.errors import UnknownPrekey
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.state.prekeys import KEPT_SECONDS
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import is_key_exchange
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.work import calls_of

from .case_peers import LEGACY
from .case_peers import LEGACY_IV
from .case_peers import OMEMO_2
from .case_peers import both_protocols
from .case_peers import content_of_store
from .case_peers import message_with_key
from .case_peers import pair
from .case_peers import refused
from .case_peers import with_key


@both_protocols
def test_case_01_the_same_message_twice(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
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
    world: FakeNetwork, protocols: tuple[Protocol, ...]
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
def test_case_02_reordered(world: FakeNetwork, protocols: tuple[Protocol, ...]) -> None:
    ann, ben = pair(world, protocols)
    sent = [ann.encrypt(b"%d" % number, ben.jid) for number in range(6)]
    for number in (5, 3, 4, 0, 2, 1):
        assert ben.decrypt(ann, sent[number]).plaintext == b"%d" % number


def test_case_03_counter_1001_ahead(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    sent = [ann.encrypt(b"%d" % number, ben.jid) for number in range(1002)]
    far = sent[1001].messages[0]
    assert calls_of(lambda: refused(ben, ann.jid, far, TooManySkipped)) < 5000
    assert ben.decrypt(ann, sent[1000]).plaintext == b"1000"
    assert ben.decrypt(ann, sent[0]).plaintext == b"0"


@pytest.mark.parametrize("counter", [2**31, 2**32 - 1])
def test_case_03_absurd_counter(world: FakeNetwork, counter: int) -> None:
    ann, ben = pair(world)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    data = message.keys[0].data
    ratchet = OMEMOMessage.FromString(data[1:-8])
    ratchet.n = counter
    forged = with_key(message, data[:1] + ratchet.SerializeToString() + data[-8:])
    assert calls_of(lambda: refused(ben, ann.jid, forged, TooManySkipped)) < 5000
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


def test_case_04_skipped_keys_are_bounded_oldest_first(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    lost: list[SentMessage] = []
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


@both_protocols
def test_case_20_another_jid_with_that_device_id(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    refused(ben, "eve@test", message, NoSession)
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


@both_protocols
def test_case_24_key_exchange_is_told_by_its_content(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    first = ann.encrypt(b"x", ben.jid).messages[0]
    assert is_key_exchange(protocols[0], first.keys[0].data)
    ben.engine.incoming.decrypt(ann.jid, [first])
    ben.send(b"y", ann)
    later = ann.encrypt(b"z", ben.jid).messages[0]
    assert not is_key_exchange(protocols[0], later.keys[0].data)
    assert ben.engine.incoming.decrypt(ann.jid, [later]).plaintext == b"z"


def old_message(sender: Peer, to: Peer, size: int) -> EncryptedMessage:
    """
    A legacy message as OMEMO had it before the tag moved into the ratchet, and all
    the forms between: a true ciphertext with its true tag, of which the ratchet
    protects only what exceeds the 16 bytes of the key.
    """
    key = b"k" * 16
    sealed = AESGCM(key).encrypt(LEGACY_IV, b"in the old form, and long enough", None)
    cut = len(sealed) - (size - len(key))
    message = message_with_key(sender, to, Protocol.LEGACY, key, sealed[cut:])
    return dataclasses.replace(message, payload=sealed[:cut])


@pytest.mark.parametrize("size", [16, 17, 31, 33, 48])
def test_case_25_legacy_keys_of_other_sizes(world: FakeNetwork, size: int) -> None:
    ann, ben = pair(world)
    refused(ben, ann.jid, old_message(ann, ben, size), DecryptionFailed)
    assert ann.send(b"on", ben).plaintext == b"on"


@pytest.mark.parametrize("size", [16, 17, 31, 32, 33, 48])
def test_case_25_the_size_alone_refuses_them(
    world: FakeNetwork, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are authentic: without the check the text would be shown."""
    ann, ben = pair(world)
    message = old_message(ann, ben, size)
    if size != 32:
        monkeypatch.setattr(
            Codec, "key_length_is_valid", staticmethod(lambda *_, **__: True)
        )
    received = ben.engine.incoming.decrypt(ann.jid, [message])
    assert received.plaintext == b"in the old form, and long enough"


@pytest.mark.parametrize("size", [0, 15])
def test_case_25_legacy_keys_that_are_too_short(world: FakeNetwork, size: int) -> None:
    ann, ben = pair(world)
    forged = message_with_key(ann, ben, Protocol.LEGACY, bytes(size), b"")
    refused(ben, ann.jid, forged, DecryptionFailed)
    assert ann.send(b"on", ben).plaintext == b"on"


@pytest.mark.parametrize("size", [0, 32, 47, 49, 64])
def test_case_23_omemo_2_keys_of_other_sizes(world: FakeNetwork, size: int) -> None:
    ann, ben = pair(world, OMEMO_2)
    forged = message_with_key(
        ann, ben, Protocol.OMEMO_2, bytes(min(size, 32)), bytes(max(0, size - 32))
    )
    refused(ben, ann.jid, forged, DecryptionFailed)
    assert ann.send(b"on", ben).plaintext == b"on"


@both_protocols
def test_payload_changed_on_the_way(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    """The session stays where it was, so the true message can still be read."""
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"true", ben.jid).messages[0]
    assert message.payload is not None
    payload = bytes([message.payload[0] ^ 1]) + message.payload[1:]
    forged = dataclasses.replace(message, payload=payload)
    refused(ben, ann.jid, forged, DecryptionFailed)
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"true"


@both_protocols
def test_case_27_empty_message(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    eve = world.peer("eve@test")
    message = ann.engine.outgoing.encrypt_empty(ben.device, protocols[0])
    assert message is not None
    assert message.payload is None
    refused(eve, ann.jid, message, NotForThisDevice)
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext is None
    assert ann.send(b"on", ben).plaintext == b"on"


@both_protocols
def test_case_28_each_key_for_our_id_is_tried(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    junk = dataclasses.replace(message.keys[0], data=b"\x33\x0a\x01\x02")
    doubled = dataclasses.replace(message, keys=(junk, *message.keys, junk))
    assert ben.engine.incoming.decrypt(ann.jid, [doubled]).plaintext == b"x"


@pytest.mark.filterwarnings("ignore:Unexpected end-group tag")
@both_protocols
def test_case_31_no_ratchet_message(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
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
    for data in broken:
        refuse = partial(refused, ben, ann.jid, with_key(message, data), ReceiveError)
        assert calls_of(refuse) < 5000
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


@pytest.mark.parametrize(
    "ratchet_key",
    [bytes(32), b"\x01" + bytes(31), b"k" * 31, b""],
    ids=["zero", "low order", "short", "none"],
)
def test_case_31_bad_ratchet_key(world: FakeNetwork, ratchet_key: bytes) -> None:
    ann, ben = pair(world)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    data = message.keys[0].data
    ratchet = OMEMOMessage.FromString(data[1:-8])
    ratchet.dh_pub = b"\x05" + ratchet_key
    forged = with_key(message, data[:1] + ratchet.SerializeToString() + data[-8:])
    refused(ben, ann.jid, forged, DecryptionFailed)


@pytest.mark.parametrize("number", [0, 99_999, "used"])
def test_case_32_prekeys_that_are_not_there(
    world: FakeNetwork, number: int | str
) -> None:
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
        ben.engine.incoming.decrypt(eve.jid, [first])
        ben.clock.now += KEPT_SECONDS
        ben.carry_out(ben.engine.tick())
        # The library tidies its table of ids at the next look
        ben.engine._core.prekeys[Protocol.LEGACY].bundle()
    assert isinstance(number, int)
    exchange.pk_id = number
    forged = with_key(message, b"\x33" + exchange.SerializeToString())
    refused(ben, ann.jid, forged, UnknownPrekey)
    # The prekey of the true message is still there
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


def test_case_32_key_exchange_without_a_prekey_field(world: FakeNetwork) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    exchange = OMEMOKeyExchange.FromString(message.keys[0].data[1:])
    exchange.ClearField("pk_id")
    data = b"\x33" + exchange.SerializePartialToString()
    assert is_key_exchange(Protocol.LEGACY, data)
    refused(ben, ann.jid, with_key(message, data), ReceiveError)


def test_case_33_flood_of_key_exchanges(world: FakeNetwork) -> None:
    ben = world.peer("ben@test", protocols=LEGACY)
    eve = world.peer("eve@test", protocols=LEGACY)
    ben.log.clear()
    accepted = 0
    eve.prepare(ben.jid)
    for _ in range(200):
        eve.engine.keys.replace_session(ben.device)
        bundle = world.bundles[ben.device, Protocol.LEGACY]
        eve.engine.keys.bundle_received(ben.device, bundle)
        message = eve.engine.outgoing.encrypt_empty(ben.device, Protocol.LEGACY)
        assert message is not None
        try:
            ben.engine.incoming.decrypt(eve.jid, [message])
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


def test_a_damaged_payload_is_no_lost_session(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    assert message.payload is not None
    flipped = bytes([message.payload[0] ^ 1]) + message.payload[1:]
    with pytest.raises(PayloadDamaged) as caught:
        ben.engine.incoming.decrypt(
            ann.jid, [dataclasses.replace(message, payload=flipped)]
        )
    assert caught.value.device == ann.device
    assert not [e for e in caught.value.effects if isinstance(e, SessionBroken)]
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"


def test_case_34_many_undecryptable_messages_one_question(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    ben.engine.devices.forget(ann.device)
    offers = []
    ben.carry_out(ben.engine.connected())
    for number in range(500):
        message = ann.encrypt(b"%d" % number, ben.jid).messages[0]
        with pytest.raises(NoSession) as caught:
            ben.engine.incoming.decrypt(ann.jid, [message])
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
        ben.engine.incoming.decrypt(ann.jid, [message])
    assert not [e for e in caught.value.effects if isinstance(e, SessionBroken)]


@both_protocols
def test_a_device_that_is_on_no_list_is_looked_for(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ben = world.peer("ben@test", protocols=protocols)
    dan = world.peer("dan@test", protocols=protocols, online=False)
    for number in range(2):
        sent = dan.encrypt(b"x", ben.jid)
        effects = ben.engine.incoming.decrypt(dan.jid, sent.messages).effects
        found = [one for one in effects if isinstance(one, FetchDeviceList)]
        once = FetchDeviceList(dan.jid, protocols[0], unasked=True)
        assert found == ([] if number else [once])


def test_a_session_that_works_again_is_not_broken(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    ben.carry_out(ben.engine.connected())
    message = ann.encrypt(b"x", ben.jid).messages[0]
    data = message.keys[0].data
    with pytest.raises(DecryptionFailed):
        ben.engine.incoming.decrypt(
            ann.jid, [with_key(message, data[:-1] + bytes([data[-1] ^ 1]))]
        )
    assert ben.engine.incoming.decrypt(ann.jid, [message]).plaintext == b"x"
    effects = ben.engine.catch_up_ended()
    assert not [one for one in effects if isinstance(one, SessionBroken)]


@both_protocols
def test_messages_that_were_late_for_another_program_break_nothing(
    world: FakeNetwork,
    protocols: tuple[Protocol, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It had skipped some, whose keys could not be taken over. More are strange."""
    ann, ben = pair(world, protocols)
    cat = world.peer("cat@test", protocols=protocols)
    sent = {}
    for peer, late in ((ann, 2), (cat, 1)):
        peer.send(b"hello", ben)
        ben.send(b"hello", peer)
        sent[peer.jid] = [peer.encrypt(b"%d" % number, ben.jid) for number in range(3)]
        for one in sent[peer.jid]:
            ben.decrypt(peer, one)
        record = ben.engine._core.devices.get(peer.device)
        assert record is not None
        record.late = late
    # The other program has read them
    monkeypatch.setattr(ben.engine._core.store, "was_seen", lambda _digest: False)

    def effects(peer: Peer, number: int) -> tuple[Effect, ...]:
        with pytest.raises(MessageKeyGone) as caught:
            ben.engine.incoming.decrypt(peer.jid, sent[peer.jid][number].messages)
        assert caught.value.device == peer.device
        return caught.value.effects

    found = [effects(ann, number) for number in (0, 1, 0, 2, 2)]
    assert found == [(), (), (), (SessionBroken(ann.device, protocols[0]),), ()]
    found = [effects(cat, number) for number in (0, 1)]
    assert found == [(), (SessionBroken(cat.device, protocols[0]),)]


def test_a_message_that_was_never_late_breaks_its_session(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    message = ann.encrypt(b"x", ben.jid).messages[0]
    record = ben.engine._core.devices.get(ann.device)
    assert record is not None
    record.late = 2
    data = message.keys[0].data
    with pytest.raises(DecryptionFailed) as caught:
        ben.engine.incoming.decrypt(
            ann.jid, [with_key(message, data[:-1] + bytes([data[-1] ^ 1]))]
        )
    assert caught.value.effects == (SessionBroken(ann.device, Protocol.LEGACY),)
