# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions that a verification code makes."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.errors import OmemoError
from omemo_plugin.engine.messages.planning import LeftOut
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.state.preverified_keys import PREVERIFIED_MAX
from omemo_plugin.engine.values import Alarm
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import CodeClaims
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.unit.engine.trust_peers import ALICE
from tests.unit.engine.trust_peers import BOB
from tests.unit.engine.trust_peers import key
from tests.unit.engine.trust_peers import meet
from tests.unit.engine.trust_peers import trust
from tests.unit.engine.trust_peers import verify


def test_a_code_verifies_the_devices_that_agree_with_it(world: FakeNetwork) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    meet(alice, bob)
    assert trust(alice, bob) is Trust.BLIND
    verify(alice, bob)
    assert trust(alice, bob) is Trust.VERIFIED
    alice.restart()
    assert trust(alice, bob) is Trust.VERIFIED


def test_case_45_a_key_that_is_not_the_one_in_the_code_is_distrusted(
    world: FakeNetwork,
) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    bob2 = world.peer(BOB)
    meet(alice, bob, bob2)
    right = "42" * 32
    devices = {
        bob.engine.device_id: right,
        bob2.engine.device_id: bob2.engine.fingerprint,
    }
    alice.engine.trust.decide(BOB, CodeClaims(devices=devices))
    assert trust(alice, bob) is Trust.DISTRUSTED
    assert trust(alice, bob2) is Trust.VERIFIED
    plan = alice.engine.outgoing.plan([BOB])
    assert plan.recipients == (bob2.device,)
    assert LeftOut(bob.device, LeftOutReason.DISTRUSTED) in plan.left_out


def test_case_45_a_device_that_is_not_known_is_verified_in_advance(
    world: FakeNetwork,
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
    world: FakeNetwork,
) -> None:
    alice = world.peer(ALICE)
    bob = world.peer(BOB, online=False)
    right = "42" * 32
    number = bob.engine.device_id
    alice.engine.trust.decide(BOB, CodeClaims(devices={number: right}))
    bob.online()
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, bob) is Trust.DISTRUSTED
    alarm = AlarmRaised(Alarm(AlarmKind.NOT_THE_VERIFIED_KEY, bob.device))
    assert alice.news.count(alarm) == 1
    # The wrong one is removed, and comes back: it is as wrong as before
    alice.engine.devices.forget(bob.device)
    alice.carry_out(
        alice.engine.keys.device_list_received(BOB, world.lists[BOB, Protocol.OMEMO_2])
    )
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, bob) is Trust.DISTRUSTED


def test_case_45_the_key_in_the_code_is_verified_when_it_comes(
    world: FakeNetwork,
) -> None:
    """Until then the server has shown another one."""
    alice, bob = world.peer(ALICE), world.peer(BOB)
    right = dict(world.bundles)
    mallory = world.peer("mallory@example.net")
    for protocol in Protocol:
        world.bundles[bob.device, protocol] = world.bundles[mallory.device, protocol]
    alice.prepare(BOB)
    verify(alice, bob)
    assert trust(alice, bob) is Trust.DISTRUSTED
    world.bundles.update(right)
    alice.engine.devices.forget(bob.device)
    listed = world.lists[BOB, Protocol.OMEMO_2]
    alice.carry_out(alice.engine.keys.device_list_received(BOB, listed))
    alice.prepare(BOB)
    assert trust(alice, bob) is Trust.VERIFIED


def test_a_forgotten_device_that_comes_back_is_a_new_one(world: FakeNetwork) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    alice.engine.trust.blind_trust = False
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    # Its bundle was fetched, and must not be used without its key
    directory = alice.engine._directory
    assert directory.bundle(bob.device, Protocol.OMEMO_2) is not None
    alice.engine.devices.forget(bob.device)
    assert directory.bundle(bob.device, Protocol.OMEMO_2) is None
    assert not alice.engine.outgoing.can_encrypt(bob.device, Protocol.OMEMO_2)
    alice.carry_out(
        alice.engine.keys.device_list_received(BOB, world.lists[BOB, Protocol.OMEMO_2])
    )
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, bob) is Trust.UNDECIDED


def test_case_45_the_key_may_have_another_device_id(world: FakeNetwork) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    meet(alice, bob)
    unused = bob.engine.device_id % 1000 + 1
    alice.engine.trust.decide(BOB, CodeClaims(devices={unused: bob.engine.fingerprint}))
    assert trust(alice, bob) is Trust.VERIFIED


def test_case_45_a_code_decides_on_all_that_it_names(world: FakeNetwork) -> None:
    alice = world.peer(ALICE)
    moved, named, good, bad = peers = [world.peer(BOB) for _ in range(4)]
    meet(alice, *peers)
    alice.engine.trust.decide(
        BOB,
        CodeClaims(
            devices={
                moved.engine.device_id % 1000 + 1: moved.engine.fingerprint,
                named.engine.device_id: named.engine.fingerprint,
            },
            trusted=frozenset({good.engine.fingerprint}),
            distrusted=frozenset({bad.engine.fingerprint}),
        ),
    )
    found = [trust(alice, peer) for peer in peers]
    assert found == [Trust.VERIFIED, Trust.VERIFIED, Trust.VERIFIED, Trust.DISTRUSTED]


@pytest.mark.parametrize("how", ["its id", "another id", "no id"])
def test_case_11_a_code_that_was_undone_asks_for_nothing(
    world: FakeNetwork, how: str
) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    meet(alice, bob)
    value = bob.engine.fingerprint
    claims = {
        "its id": CodeClaims(devices={bob.engine.device_id: value}),
        "another id": CodeClaims(devices={bob.engine.device_id % 1000 + 1: value}),
        "no id": CodeClaims(trusted=frozenset({value})),
    }[how]
    alice.engine.trust.decide(BOB, claims)
    assert trust(alice, bob) is Trust.VERIFIED
    alice.engine.trust.set_trust(bob.device, Trust.BLIND)
    added = world.peer(BOB)
    assert added.device in alice.encrypt(b"x", BOB).recipients


def test_case_13_a_code_confirms_the_key_that_a_device_had(world: FakeNetwork) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    mallory = world.peer("mallory@example.net")
    meet(alice, bob)
    forged = world.bundles[mallory.device, Protocol.OMEMO_2]
    alice.carry_out(alice.engine.keys.bundle_received(bob.device, forged))
    assert alice.info(bob).key_changed
    assert alice.engine.outgoing.plan([BOB]).recipients == ()
    verify(alice, bob)
    assert not alice.info(bob).key_changed
    assert alice.engine.outgoing.plan([BOB]).recipients == (bob.device,)
    alice.carry_out(alice.engine.keys.bundle_received(bob.device, forged))
    assert alice.info(bob).key_changed


def test_case_45_keys_without_a_device(world: FakeNetwork) -> None:
    alice, bob = world.peer(ALICE), world.peer(BOB)
    meet(alice, bob)
    later = world.peer(BOB, online=False)
    bad = world.peer(BOB, online=False)
    alice.engine.trust.decide(
        BOB,
        CodeClaims(
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


def test_case_11_verified_in_advance_is_verified(world: FakeNetwork) -> None:
    alice = world.peer(ALICE)
    verify(alice, world.peer(BOB, online=False))
    mallory = world.peer(BOB)
    with pytest.raises(NoRecipient):
        alice.encrypt(b"hi", BOB)
    assert trust(alice, mallory) is Trust.UNDECIDED


def test_case_12_after_verifying_an_own_device_new_ones_are_undecided(
    world: FakeNetwork,
) -> None:
    a1, a2 = world.peer(ALICE), world.peer(ALICE)
    meet(a1, a2)
    assert trust(a1, a2) is Trust.BLIND
    verify(a1, a2)
    a1.engine.devices.forget(a2.device)
    a3 = world.peer(ALICE)
    meet(a1, a3)
    assert trust(a1, a3) is Trust.UNDECIDED


def test_this_very_device_cannot_be_decided_on(world: FakeNetwork) -> None:
    alice = world.peer(ALICE)
    for value in (alice.engine.fingerprint, "42" * 32):
        alice.engine.trust.decide(
            ALICE, CodeClaims(devices={alice.engine.device_id: value})
        )
        assert trust(alice, alice) is Trust.VERIFIED
    alice.engine.trust.decide(ALICE, CodeClaims(distrusted=frozenset({key(alice)})))
    assert trust(alice, alice) is Trust.VERIFIED
    with pytest.raises(OmemoError):
        alice.engine.trust.set_trust(alice.device, Trust.DISTRUSTED)


def test_the_preverified_keys_are_bounded(world: FakeNetwork) -> None:
    alice = world.peer(ALICE)
    for number in range(1, PREVERIFIED_MAX + 50):
        alice.engine.trust.decide(BOB, CodeClaims(devices={number: f"{number:064x}"}))
    expected = alice.engine._core.decisions.preverified.devices(BOB)
    assert len(expected) == PREVERIFIED_MAX
    assert min(expected) == 50
