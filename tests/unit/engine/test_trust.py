# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions about keys: by hand, by a code, and by what other devices tell."""

from __future__ import annotations

import random

import pytest
import xeddsa

from omemo_plugin.engine.deciding import KEPT_OF_CONTACT_MAX
from omemo_plugin.engine.decisions import Decisions
from omemo_plugin.engine.decisions import KeyDecision
from omemo_plugin.engine.effects import IdentityKeyAlarm
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.effects import SendTrustMessage
from omemo_plugin.engine.effects import TrustChanged
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.errors import OmemoError
from omemo_plugin.engine.expected import EXPECTED_MAX
from omemo_plugin.engine.sending import LeftOut
from omemo_plugin.engine.sending import LeftOutReason
from omemo_plugin.engine.trust_messages import QUEUE_MAX
from omemo_plugin.engine.user_decisions import UNDO_SECONDS
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.world import Peer
from tests.support.world import World

ALICE = "alice@example.org"
BOB = "bob@example.com"

A_DAY = 24 * 3600


def meet(*peers: Peer) -> None:
    """All of them fetch each other's keys."""
    jids = {peer.jid for peer in peers}
    for peer in peers:
        others = jids - {peer.jid} or {peer.jid}
        peer.prepare(*others)


def trust(peer: Peer, other: Peer) -> Trust:
    return peer.info(other).trust


def verify(peer: Peer, *others: Peer) -> None:
    """Scan the code of one account with these devices."""
    (jid,) = {other.jid for other in others}
    devices = {other.engine.device_id: other.engine.fingerprint for other in others}
    peer.carry_out(peer.engine.decide(jid, Decisions(devices=devices)))


def distrust(peer: Peer, other: Peer) -> None:
    peer.engine.set_trust(other.device, Trust.DISTRUSTED)
    peer.wait(UNDO_SECONDS)


def told(peer: Peer) -> list[tuple[tuple[Device, ...], set[tuple[str, Trust]]]]:
    """To whom a client told what: devices, and owner and trust of the keys."""
    result = [
        (
            effect.devices,
            {(one.key.hex(), one.trust) for one in effect.decisions},
        )
        for effect in peer.told
    ]
    peer.told.clear()
    return result


def key(peer: Peer) -> str:
    return peer.engine.identity_key.hex()


def some_key(number: int) -> bytes:
    return xeddsa.seed_to_ed25519_pub(number.to_bytes(32, "big"))


# By a code


def test_a_code_verifies_what_agrees_with_it(world: World) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    meet(alice, bob)
    assert trust(alice, bob) is Trust.BLIND
    verify(alice, bob)
    assert trust(alice, bob) is Trust.VERIFIED
    alice.restart()
    assert trust(alice, bob) is Trust.VERIFIED


def test_case_45_a_key_that_is_not_the_one_in_the_code_is_distrusted(
    world: World,
) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    bob2 = world.peer(BOB)
    meet(alice, bob, bob2)
    right = "42" * 32
    devices = {
        bob.engine.device_id: right,
        bob2.engine.device_id: bob2.engine.fingerprint,
    }
    alice.engine.decide(BOB, Decisions(devices=devices))
    assert trust(alice, bob) is Trust.DISTRUSTED
    assert trust(alice, bob2) is Trust.VERIFIED
    plan = alice.engine.plan([BOB])
    assert plan.readers == (bob2.device,)
    assert LeftOut(bob.device, LeftOutReason.DISTRUSTED) in plan.left_out


def test_case_45_a_device_that_is_not_known_is_verified_in_advance(
    world: World,
) -> None:
    alice = world.peer(ALICE)
    bob = world.peer(BOB, online=False)
    verify(alice, bob)
    alice.restart()
    alice.online()
    bob.online()
    meet(alice, bob)
    assert trust(alice, bob) is Trust.VERIFIED
    assert NewDevices(BOB, (bob.device,), Trust.VERIFIED) in alice.news


def test_case_45_another_key_than_verified_in_advance_is_an_alarm(
    world: World,
) -> None:
    alice = world.peer(ALICE)
    bob = world.peer(BOB, online=False)
    right = "42" * 32
    number = bob.engine.device_id
    alice.engine.decide(BOB, Decisions(devices={number: right}))
    bob.online()
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, bob) is Trust.DISTRUSTED
    alarm = IdentityKeyAlarm(bob.device, right, bob.engine.fingerprint, in_advance=True)
    assert alice.news.count(alarm) == 1
    # The wrong one is removed, and comes back: it is as wrong as before
    alice.engine.forget_device(bob.device)
    alice.carry_out(
        alice.engine.device_list_received(BOB, world.lists[BOB, Protocol.OMEMO_2])
    )
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, bob) is Trust.DISTRUSTED


def test_a_device_that_was_forgotten_is_met_anew(world: World) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    alice.engine.blind_trust = False
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    # Its bundle was fetched, and must not be used without its key
    directory = alice.engine._directory
    assert directory.bundle(bob.device, Protocol.OMEMO_2) is not None
    alice.engine.forget_device(bob.device)
    assert directory.bundle(bob.device, Protocol.OMEMO_2) is None
    assert not alice.engine._sender.can_encrypt(bob.device, Protocol.OMEMO_2)
    alice.carry_out(
        alice.engine.device_list_received(BOB, world.lists[BOB, Protocol.OMEMO_2])
    )
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, bob) is Trust.UNDECIDED


def test_case_45_the_key_may_have_another_device_id(world: World) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    meet(alice, bob)
    unused = bob.engine.device_id % 1000 + 1
    alice.engine.decide(BOB, Decisions(devices={unused: bob.engine.fingerprint}))
    assert trust(alice, bob) is Trust.VERIFIED


def test_case_13_the_key_it_had_was_the_right_one(world: World) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    mallory = world.peer("mallory@example.net")
    meet(alice, bob)
    forged = world.bundles[mallory.device, Protocol.OMEMO_2]
    alice.carry_out(alice.engine.bundle_received(bob.device, forged))
    assert alice.info(bob).key_changed
    assert alice.engine.plan([BOB]).readers == ()
    verify(alice, bob)
    assert not alice.info(bob).key_changed
    assert alice.engine.plan([BOB]).readers == (bob.device,)
    alice.carry_out(alice.engine.bundle_received(bob.device, forged))
    assert alice.info(bob).key_changed


def test_case_45_keys_without_a_device(world: World) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    meet(alice, bob)
    later = world.peer(BOB, online=False)
    bad = world.peer(BOB, online=False)
    alice.engine.decide(
        BOB,
        Decisions(
            # Whether it is the one form or the other is not said
            trusted=frozenset({key(bob), later.engine.fingerprint}),
            distrusted=frozenset({key(bad)}),
        ),
    )
    assert trust(alice, bob) is Trust.VERIFIED
    for peer in (later, bad):
        peer.online()
    meet(alice, later)
    assert trust(alice, later) is Trust.VERIFIED
    assert trust(alice, bad) is Trust.DISTRUSTED


def test_case_11_verified_in_advance_is_verified(world: World) -> None:
    alice = world.peer(ALICE)
    verify(alice, world.peer(BOB, online=False))
    mallory = world.peer(BOB)
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, mallory) is Trust.UNDECIDED


def test_case_12_whoever_verified_an_own_device_once_is_asked(world: World) -> None:
    a1, a2 = world.peer(ALICE), world.peer(ALICE)
    meet(a1, a2)
    assert trust(a1, a2) is Trust.BLIND
    verify(a1, a2)
    a1.engine.forget_device(a2.device)
    a3 = world.peer(ALICE)
    meet(a1, a3)
    assert trust(a1, a3) is Trust.UNDECIDED


def test_this_very_device_cannot_be_decided_on(world: World) -> None:
    alice = world.peer(ALICE)
    for value in (alice.engine.fingerprint, "42" * 32):
        alice.engine.decide(ALICE, Decisions(devices={alice.engine.device_id: value}))
        assert trust(alice, alice) is Trust.VERIFIED
    alice.engine.decide(ALICE, Decisions(distrusted=frozenset({key(alice)})))
    assert trust(alice, alice) is Trust.VERIFIED
    with pytest.raises(OmemoError):
        alice.engine.set_trust(alice.device, Trust.DISTRUSTED)


def test_what_is_expected_is_bounded(world: World) -> None:
    alice = world.peer(ALICE)
    for number in range(1, EXPECTED_MAX + 50):
        alice.engine.decide(BOB, Decisions(devices={number: f"{number:064x}"}))
    expected = alice.engine._core.deciding.expected.devices(BOB)
    assert len(expected) == EXPECTED_MAX
    assert min(expected) == 50


# Trust messages: XEP-0450, "Use Cases", with its devices A1, A2, A3 and B1


@pytest.fixture
def four(world: World) -> tuple[Peer, Peer, Peer, Peer]:
    a1, a2, a3 = (world.peer(ALICE) for _ in range(3))
    b1 = world.peer(BOB)
    meet(a1, a2, a3, b1)
    return a1, a2, a3, b1


Four = tuple[Peer, Peer, Peer, Peer]


def test_a_contact_is_told_to_own_devices_and_they_to_the_contact(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2)
    assert told(a1) == []
    verify(a1, b1)
    assert told(a1) == [
        ((a2.device,), {(key(b1), Trust.VERIFIED)}),
        ((b1.device,), {(key(a2), Trust.VERIFIED)}),
    ]
    assert trust(a2, b1) is Trust.BLIND
    assert trust(b1, a2) is Trust.BLIND
    assert trust(a3, b1) is Trust.BLIND


def test_an_own_device_is_told_to_all_and_all_to_it(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a2, a1)
    verify(a2, b1)
    told(a2)
    verify(a2, a3)
    assert told(a2) == [
        ((a1.device,), {(key(a3), Trust.VERIFIED)}),
        ((b1.device,), {(key(a3), Trust.VERIFIED)}),
        (
            (a3.device,),
            {(key(a1), Trust.VERIFIED), (key(b1), Trust.VERIFIED)},
        ),
    ]


def test_distrusting_an_own_device_is_told_to_all_others(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2, a3)
    verify(a1, b1)
    told(a1)
    distrust(a1, a3)
    assert told(a1) == [
        ((a2.device,), {(key(a3), Trust.DISTRUSTED)}),
        ((b1.device,), {(key(a3), Trust.DISTRUSTED)}),
    ]


def test_distrusting_a_contact_is_told_to_own_devices_only(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    verify(a1, b1)
    told(a1)
    distrust(a1, b1)
    assert told(a1) == [((a2.device,), {(key(b1), Trust.DISTRUSTED)})]


def test_the_graph_becomes_complete(four: Four) -> None:
    """ "Details": n - 1 verifications by hand are enough, in both directions."""
    a1, a2, a3, b1 = four
    for one, other in ((a1, a2), (a1, b1), (a2, a3)):
        verify(one, other)
        verify(other, one)
    for peer in four:
        for other in four:
            assert trust(peer, other) is Trust.VERIFIED, (peer.jid, other.jid)


@pytest.mark.parametrize("seed", range(6))
def test_case_46_nothing_is_verified_but_by_a_chain_of_people(
    world: World, seed: int
) -> None:
    """
    Whatever is verified by hand, in whatever order, with messages that are lost
    until the next connection: a device is verified only where a chain of
    verifications by hand leads to it, in which contacts vouch for their own.
    """
    draw = random.Random(seed)
    peers = [world.peer(jid) for jid in (ALICE, ALICE, ALICE, BOB, BOB, "c@d.lit")]
    meet(*peers)
    edges: set[tuple[int, int]] = set()
    for _ in range(8):
        one, other = draw.sample(range(len(peers)), 2)
        peers[one].tells = draw.random() < 0.7
        verify(peers[one], peers[other])
        edges.add((one, other))
    for peer in peers:
        peer.tells = True
        peer.online()

    def may_be_verified(start: int) -> set[int]:
        reached = {other for one, other in edges if one == start}
        while True:
            more = {
                other
                for one, other in edges
                if one in reached
                and peers[one].jid in (peers[start].jid, peers[other].jid)
            } - reached
            if not more:
                return reached - {start}
            reached |= more

    for number, peer in enumerate(peers):
        verified = {
            at
            for at, other in enumerate(peers)
            if at != number
            and any(
                info.device == other.device and info.trust is Trust.VERIFIED
                for info in peer.engine.devices(other.jid)
            )
        }
        by_hand = {other for one, other in edges if one == number}
        assert by_hand <= verified <= may_be_verified(number)


def test_taking_over_is_not_told_on(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    verify(a2, a1)
    told(a2)
    verify(a1, b1)
    assert trust(a2, b1) is Trust.VERIFIED
    a2.wait(A_DAY)
    assert told(a2) == []
    assert TrustChanged(BOB, (b1.device,), Trust.VERIFIED) in a2.news


def test_verifying_again_is_not_told_again(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    verify(a1, b1)
    told(a1)
    verify(a1, b1)
    a1.wait(A_DAY)
    assert told(a1) == []


def test_case_46_an_unverified_device_is_not_believed_until_it_is_verified(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    verify(a1, b1)
    assert trust(a2, b1) is Trust.BLIND
    assert trust(b1, a2) is Trust.BLIND
    a2.restart()
    verify(a2, a1)
    assert trust(a2, b1) is Trust.VERIFIED
    verify(b1, a1)
    assert trust(b1, a2) is Trust.VERIFIED


def test_case_46_what_is_kept_is_the_latest(four: Four) -> None:
    a1, a2, _, b1 = four
    now = int(a1.clock.now)
    bad = KeyDecision(BOB, b1.engine.identity_key, Trust.DISTRUSTED)
    good = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_message_received(a2.device, [bad], now - 10)
    a1.engine.trust_message_received(a2.device, [good], now - 20)
    verify(a1, a2)
    assert trust(a1, b1) is Trust.DISTRUSTED


def test_case_46_a_chain_of_unverified_devices(four: Four) -> None:
    a1, a2, a3, b1 = four
    # A3 hears of B1 from A2, and of A2 from A1, and believes nobody yet
    verify(a2, a3)
    verify(a2, b1)
    verify(a1, a3)
    verify(a1, a2)
    assert trust(a3, b1) is Trust.BLIND
    verify(a3, a1)
    assert trust(a3, a2) is Trust.VERIFIED
    assert trust(a3, b1) is Trust.VERIFIED


def test_case_46_a_distrusted_device_is_not_believed_later_either(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    distrust(a2, a1)
    verify(a1, a2)
    verify(a1, b1)
    verify(a2, a1)
    assert trust(a2, b1) is Trust.BLIND


def test_case_46_what_a_device_said_is_forgotten_when_it_is_distrusted(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    verify(a1, b1)
    distrust(a2, a1)
    verify(a2, a1)
    assert trust(a2, b1) is Trust.BLIND


def test_case_46_a_contact_decides_on_its_own_devices_only(four: Four) -> None:
    a1, a2, a3, b1 = four
    carol = a1.world.peer("carol@example.net")
    meet(b1, carol)
    verify(b1, a1)
    decisions = [
        KeyDecision("carol@example.net", carol.engine.identity_key, Trust.VERIFIED),
        KeyDecision(BOB, b1.engine.identity_key, Trust.DISTRUSTED),
        KeyDecision(ALICE.upper(), a2.engine.identity_key, Trust.DISTRUSTED),
        KeyDecision(ALICE, a3.engine.identity_key, Trust.VERIFIED),
    ]
    b1.engine.trust_message_received(a1.device, decisions, int(b1.clock.now))
    assert trust(b1, carol) is Trust.BLIND
    assert trust(b1, b1) is Trust.VERIFIED
    assert trust(b1, a2) is Trust.DISTRUSTED
    assert trust(b1, a3) is Trust.VERIFIED


def test_case_46_nobody_decides_on_this_device(four: Four) -> None:
    a1, a2, _, _ = four
    verify(a1, a2)
    decision = KeyDecision(ALICE, a1.engine.identity_key, Trust.DISTRUSTED)
    a1.engine.trust_message_received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, a1) is Trust.VERIFIED


def test_case_46_an_older_decision_does_not_undo_a_later_one(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.wait(A_DAY)
    a1.engine.set_trust(b1.device, Trust.DISTRUSTED)
    stamp = int(a1.clock.now)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)

    a1.engine.trust_message_received(a2.device, [decision], stamp - 3600)
    assert trust(a1, b1) is Trust.DISTRUSTED
    # Received again, by mischief, or a device whose clock is in 2099
    a1.wait(2 * A_DAY)
    a1.engine.trust_message_received(a2.device, [decision], stamp + A_DAY)
    assert trust(a1, b1) is Trust.VERIFIED
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.DISTRUSTED)
    a1.engine.trust_message_received(a2.device, [decision], 4_100_000_000)
    assert trust(a1, b1) is Trust.DISTRUSTED
    a1.wait(A_DAY)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_message_received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, b1) is Trust.VERIFIED


def test_case_46_a_clock_that_is_fast_does_not_outlast_later_decisions(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    now = int(a1.clock.now)
    good = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    bad = KeyDecision(BOB, b1.engine.identity_key, Trust.DISTRUSTED)
    a1.engine.trust_message_received(a2.device, [good], now + A_DAY // 2)
    a1.wait(3600)
    a1.engine.trust_message_received(a2.device, [bad], now + 3600)
    assert trust(a1, b1) is Trust.DISTRUSTED


def test_case_46_a_key_that_is_not_known_yet(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    b2 = a1.world.peer(BOB, online=False)
    decision = KeyDecision(BOB, b2.engine.identity_key, Trust.VERIFIED)
    for _ in range(2):
        a1.engine.trust_message_received(a2.device, [decision], int(a1.clock.now))
    b2.online()
    meet(a1, b1)
    assert trust(a1, b2) is Trust.VERIFIED
    assert trust(a1, b1) is Trust.BLIND


def test_case_46_what_strangers_say_is_bounded(four: Four) -> None:
    a1, _, _, b1 = four
    for number in range(0, 2 * KEPT_OF_CONTACT_MAX, 100):
        decisions = [
            KeyDecision(BOB, some_key(number + one), Trust.VERIFIED)
            for one in range(100)
        ]
        a1.engine.trust_message_received(b1.device, decisions, int(a1.clock.now))
    store = a1.engine._core.store
    (kept,) = store.keys("/gajim/trust_messages/kept/")
    assert len(store.get(kept)) == KEPT_OF_CONTACT_MAX


def test_case_46_from_a_device_that_is_not_known_nothing_is_kept(
    four: Four,
) -> None:
    a1, a2, _, _ = four
    decision = KeyDecision(BOB, a2.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_message_received(Device(BOB, 1), [decision], int(a1.clock.now))
    assert not a1.engine._core.store.keys("/gajim/trust_messages/")


def test_a_message_in_which_it_came_that_is_lost_takes_it_along(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_message_received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, b1) is Trust.VERIFIED
    a1.restart(commit=False)
    assert trust(a1, b1) is Trust.BLIND


# By hand, with time to think again


def test_a_decision_by_hand_is_told_when_it_cannot_be_undone(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    told(a1)
    a1.engine.set_trust(b1.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS - 1)
    assert told(a1) == []
    a1.restart()
    a1.online()
    a1.wait(1)
    assert len(told(a1)) == 2


def test_a_decision_that_is_undone_leaves_nothing(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a2, a1)
    verify(a2, b1)
    verify(a1, b1)
    told(a1)
    a1.engine.set_trust(a2.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS - 5)
    a1.engine.set_trust(a2.device, Trust.BLIND)
    a1.wait(A_DAY)
    assert told(a1) == []
    assert not a1.engine._core.store.get("/gajim/trust_messages/queue")
    assert a1.engine._core.store.keys("/gajim/trust_messages/kept/")


def test_what_a_device_said_waits_until_its_verification_is_final(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    verify(a2, a1)
    verify(a2, b1)
    a1.engine.set_trust(a2.device, Trust.VERIFIED)
    assert trust(a1, b1) is Trust.BLIND
    a1.wait(UNDO_SECONDS)
    assert trust(a1, b1) is Trust.VERIFIED


# What can go wrong on the way


def test_what_was_not_sent_is_asked_for_again(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.tells = False
    verify(a1, b1)
    assert told(a1) == []
    a1.restart()
    a1.tells = True
    a1.online()
    assert len(told(a1)) == 2
    a1.online()
    assert told(a1) == []


@pytest.mark.parametrize("now", [0, 4_100_000_000])
def test_case_48_a_decision_with_a_wrong_clock_can_be_told(
    four: Four, now: float
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    right = a1.clock.now
    a1.clock.now = now
    a1.engine.set_trust(b1.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS)
    assert len(told(a1)) == 2
    a1.clock.now = now
    a1.engine.set_trust(b1.device, Trust.DISTRUSTED)
    a1.clock.now = min(now, right)
    a1.wait(UNDO_SECONDS)
    assert len(told(a1)) == 1


def test_nothing_is_told_during_the_catch_up(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.carry_out(a1.engine.connected())
    verify(a1, b1)
    assert told(a1) == []
    a1.carry_out(a1.engine.catch_up_ended())
    assert len(told(a1)) == 2


def test_a_device_that_is_not_verified_any_more_is_not_told(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.tells = False
    verify(a1, b1)
    a1.engine.set_trust(a2.device, Trust.UNDECIDED)
    a1.restart()
    a1.tells = True
    a1.online()
    assert [devices for devices, _ in told(a1)] == [(b1.device,)]
    with pytest.raises(NoRecipient):
        a1.engine.encrypt_trust_message([a2.device], b"x")


def test_only_verified_devices_are_encrypted_for(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2)
    a1.tells = False
    verify(a1, b1)
    a1.engine.set_trust(a2.device, Trust.BLIND)
    a1.engine._trust_messages.connected()
    (effect,) = a1.engine.tick()
    assert isinstance(effect, SendTrustMessage)
    assert effect.devices == (b1.device,)
    everybody = [a2.device, a3.device, b1.device]
    assert all(
        a1.engine._sender.can_encrypt(device, Protocol.OMEMO_2) for device in everybody
    )
    sent = a1.engine.encrypt_trust_message(everybody, b"x")
    assert sent.readers == (b1.device,)


def test_a_device_of_the_old_protocol_is_told_of_and_not_told(world: World) -> None:
    a1, a2 = world.peer(ALICE), world.peer(ALICE)
    old = world.peer(BOB, protocols=(Protocol.LEGACY,))
    meet(a1, a2, old)
    verify(a1, a2)
    verify(a1, old)
    assert told(a1) == [((a2.device,), {(key(old), Trust.VERIFIED)})]
    verify(a2, a1)
    assert trust(a2, old) is Trust.VERIFIED


def test_a_bundle_that_is_wanted_is_fetched_first(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.restart()
    assert not a1.engine._sender.can_encrypt(a2.device, Protocol.OMEMO_2)
    a1.online()
    a1.engine.set_trust(b1.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS)
    assert {devices for devices, _ in told(a1)} == {(a2.device,), (b1.device,)}


def test_a_device_that_is_gone_is_not_waited_for(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.restart()
    bundle = a1.world.bundles.pop((a2.device, Protocol.OMEMO_2))
    a1.online()
    a1.tells = True
    a1.engine.set_trust(b1.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS)
    assert [devices for devices, _ in told(a1)] == [(b1.device,)]
    a1.world.bundles[a2.device, Protocol.OMEMO_2] = bundle
    a1.wait(A_DAY)
    assert [devices for devices, _ in told(a1)] == [(a2.device,)]
    a1.tells = False
    distrust(a1, b1)
    a1.wait(100 * A_DAY)
    assert not a1.engine._core.store.get("/gajim/trust_messages/queue")


def test_the_queue_is_bounded(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.tells = False
    store = a1.engine._core.store
    queue = a1.engine._trust_messages
    record = a1.engine._core.devices.get(b1.device)
    assert record is not None
    for _ in range(QUEUE_MAX + 5):
        queue.decided([(record, Trust.DISTRUSTED)], 0)
    numbers = [int(number) for number in store.get("/gajim/trust_messages/queue")]
    assert numbers == list(range(6, QUEUE_MAX + 6))


def test_own_devices_are_named_no_more_than_needed(four: Four) -> None:
    """A message to one device alone does not name that device."""
    a1, a2, a3, _ = four
    verify(a1, a2, a3)
    ((devices, decisions),) = told(a1)
    assert set(devices) == {a2.device, a3.device}
    assert decisions == {(key(a2), Trust.VERIFIED), (key(a3), Trust.VERIFIED)}


def test_a_device_list_without_it_does_not_undo_a_verification(four: Four) -> None:
    a1, _, _, b1 = four
    verify(a1, b1)
    for protocol in Protocol:
        a1.engine.device_list_received(BOB, DeviceList(protocol))
    assert trust(a1, b1) is Trust.VERIFIED


def test_the_effect_says_when_it_was_decided(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.engine.set_trust(b1.device, Trust.VERIFIED)
    decided = int(a1.clock.now)
    a1.clock.now += A_DAY
    effects = [
        effect for effect in a1.engine.tick() if isinstance(effect, SendTrustMessage)
    ]
    assert [effect.stamp for effect in effects] == [decided, decided]
