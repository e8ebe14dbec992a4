# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trust messages: which devices get them, and which decisions count."""

from __future__ import annotations

import random

import pytest

from omemo_plugin.engine.effects import TrustChanged
from omemo_plugin.engine.state.trust_decisions import KEPT_OF_CONTACT_MAX
from omemo_plugin.engine.trust.user_decisions import UNDO_SECONDS
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.unit.engine.trust_peers import A_DAY
from tests.unit.engine.trust_peers import ALICE
from tests.unit.engine.trust_peers import BOB
from tests.unit.engine.trust_peers import Four
from tests.unit.engine.trust_peers import distrust
from tests.unit.engine.trust_peers import four as four  # noqa: PLC0414
from tests.unit.engine.trust_peers import key
from tests.unit.engine.trust_peers import meet
from tests.unit.engine.trust_peers import some_key
from tests.unit.engine.trust_peers import told
from tests.unit.engine.trust_peers import trust
from tests.unit.engine.trust_peers import verify


def test_verifying_a_contact_tells_own_devices_and_the_contact(four: Four) -> None:
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


def test_verifying_an_own_device_tells_all_verified_devices(four: Four) -> None:
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


def test_distrusting_an_own_device_tells_all_others(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2, a3)
    verify(a1, b1)
    told(a1)
    distrust(a1, a3)
    assert told(a1) == [
        ((a2.device,), {(key(a3), Trust.DISTRUSTED)}),
        ((b1.device,), {(key(a3), Trust.DISTRUSTED)}),
    ]


def test_distrusting_a_contact_tells_own_devices_only(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    verify(a1, b1)
    told(a1)
    distrust(a1, b1)
    assert told(a1) == [((a2.device,), {(key(b1), Trust.DISTRUSTED)})]


def test_a_newly_verified_contact_is_told_of_distrusted_own_keys(four: Four) -> None:
    """As QXmpp does it. A3 has been on our lists, and the contact may trust it."""
    a1, a2, a3, b1 = four
    verify(a1, a2)
    distrust(a1, a3)
    told(a1)
    verify(a1, b1)
    assert told(a1) == [
        ((a2.device,), {(key(b1), Trust.VERIFIED)}),
        ((b1.device,), {(key(a2), Trust.VERIFIED), (key(a3), Trust.DISTRUSTED)}),
    ]
    assert trust(b1, a3) is Trust.BLIND
    verify(b1, a1)
    assert trust(b1, a2) is Trust.VERIFIED
    assert trust(b1, a3) is Trust.DISTRUSTED


def test_a_newly_verified_own_device_is_told_of_all_distrusted_keys(four: Four) -> None:
    a1, a2, a3, b1 = four
    distrust(a1, a3)
    distrust(a1, b1)
    told(a1)
    verify(a1, a2)
    assert told(a1) == [
        ((a2.device,), {(key(a3), Trust.DISTRUSTED), (key(b1), Trust.DISTRUSTED)})
    ]


def test_a_contact_is_not_told_of_other_contacts(
    four: Four, world: FakeNetwork
) -> None:
    a1, _, _, b1 = four
    eve = world.peer("eve@example.net")
    meet(a1, eve)
    distrust(a1, eve)
    told(a1)
    verify(a1, b1)
    assert told(a1) == []


@pytest.mark.parametrize("decision", [Trust.VERIFIED, Trust.DISTRUSTED])
def test_what_is_undone_is_not_told_to_a_newly_verified_contact(
    four: Four, decision: Trust
) -> None:
    a1, a2, _, b1 = four
    a1.engine.trust.set_trust(a2.device, decision)
    verify(a1, b1)
    a1.engine.trust.set_trust(a2.device, Trust.BLIND)
    a1.wait(UNDO_SECONDS)
    assert [devices for devices, _decisions in told(a1) if b1.device in devices] == []


@pytest.mark.parametrize("decision", [Trust.VERIFIED, Trust.DISTRUSTED])
def test_what_is_not_undone_is_told_when_it_cannot_be_any_more(
    four: Four, decision: Trust
) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a3)
    a1.engine.trust.set_trust(a2.device, decision)
    verify(a1, b1)
    own = (a2, a3) if decision is Trust.VERIFIED else (a3,)
    assert told(a1) == [
        (tuple(sorted(one.device for one in own)), {(key(b1), Trust.VERIFIED)}),
        ((b1.device,), {(key(a3), Trust.VERIFIED)}),
    ]
    a1.wait(UNDO_SECONDS)
    assert ((b1.device,), {(key(a2), decision)}) in told(a1)


def test_who_trusts_authenticated_keys_alone_gets_the_others_from_us(
    four: Four,
) -> None:
    """TOAKAFA: the contact verifies one device of ours, and from then on trusts no
    other that it has not verified. What we tell it when we verify it brings the
    others back, but not those that we have not verified ourselves."""
    a1, a2, a3, b1 = four
    verify(b1, a1)
    for other in (a2, a3):
        b1.engine.trust.set_trust(other.device, Trust.UNDECIDED)
    for peer in four:
        peer.wait(A_DAY)
    assert can_read(b1, a1, a2, a3) == [True, False, False]
    verify(a1, a2)
    verify(a1, b1)
    assert can_read(b1, a1, a2, a3) == [True, True, False]
    # Also what is verified later
    verify(a1, a3)
    assert can_read(b1, a1, a2, a3) == [True, True, True]


def can_read(sender: Peer, *readers: Peer) -> list[bool]:
    """Who of an account's devices a message would be encrypted for."""
    (jid,) = {reader.jid for reader in readers}
    planned = set(sender.engine.outgoing.plan([jid]).recipients)
    return [reader.device in planned for reader in readers]


def test_every_device_verifies_every_other_in_the_end(four: Four) -> None:
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
    world: FakeNetwork, seed: int
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
                for info in peer.engine.devices.of(other.jid)
            )
        }
        by_hand = {other for one, other in edges if one == number}
        assert by_hand <= verified <= may_be_verified(number)


def test_a_decision_of_another_device_is_not_forwarded(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    verify(a2, a1)
    told(a2)
    verify(a1, b1)
    assert trust(a2, b1) is Trust.VERIFIED
    a2.wait(A_DAY)
    assert told(a2) == []
    changed = TrustChanged(BOB, (b1.device,), Trust.VERIFIED, told_by=a1.device)
    assert changed in a2.news


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


def test_case_46_the_latest_kept_statement_counts(four: Four) -> None:
    a1, a2, _, b1 = four
    now = int(a1.clock.now)
    bad = KeyDecision(BOB, b1.engine.identity_key, Trust.DISTRUSTED)
    good = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [bad], now - 10)
    a1.engine.trust_messages.received(a2.device, [good], now - 20)
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


def test_case_46_statements_of_a_distrusted_device_are_deleted(
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
    b1.engine.trust_messages.received(a1.device, decisions, int(b1.clock.now))
    assert trust(b1, carol) is Trust.BLIND
    assert trust(b1, b1) is Trust.VERIFIED
    assert trust(b1, a2) is Trust.DISTRUSTED
    assert trust(b1, a3) is Trust.VERIFIED


IDN = "carol@bücher.example"
IDN_ASCII = "carol@xn--bcher-kva.example"


@pytest.mark.parametrize("known", [IDN, IDN_ASCII])
@pytest.mark.parametrize(
    "written",
    [IDN, IDN_ASCII, IDN.upper(), IDN_ASCII.upper(), "carol@bu\u0308cher.example"],
)
def test_case_46_the_owner_of_a_key_is_found_in_any_form_of_its_jid(
    four: Four, known: str, written: str
) -> None:
    a1, a2, _, _ = four
    carol = a1.world.peer(known)
    meet(a1, carol)
    verify(a1, a2)
    decision = KeyDecision(written, carol.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, carol) is Trust.VERIFIED


def test_case_46_the_canonical_form_of_a_jid_counts_where_both_are_known(
    four: Four,
) -> None:
    a1, a2, _, _ = four
    carol, other = a1.world.peer(IDN), a1.world.peer(IDN_ASCII)
    meet(a1, carol)
    meet(a1, other)
    verify(a1, a2)
    decision = KeyDecision(IDN_ASCII, carol.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, carol) is Trust.VERIFIED


def test_case_46_a_contact_writes_its_own_jid_in_another_form(four: Four) -> None:
    a1 = four[0]
    first, second = a1.world.peer(IDN_ASCII), a1.world.peer(IDN_ASCII)
    meet(a1, first)
    meet(a1, second)
    verify(a1, first)
    decision = KeyDecision(IDN.upper(), second.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(first.device, [decision], int(a1.clock.now))
    assert trust(a1, second) is Trust.VERIFIED


@pytest.mark.parametrize(
    "written",
    [
        "carol@example.net/phone",
        "carol@example.net.evil",
        "carol@еxample.net",  # a Cyrillic letter
        "carol",
        "",
    ],
)
def test_case_46_a_decision_on_another_jid_does_not_count(
    four: Four, written: str
) -> None:
    a1, a2, _, _ = four
    carol = a1.world.peer("carol@example.net")
    meet(a1, carol)
    verify(a1, a2)
    decision = KeyDecision(written, carol.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, carol) is Trust.BLIND


def test_case_46_no_device_decides_on_this_one(four: Four) -> None:
    a1, a2, _, _ = four
    verify(a1, a2)
    decision = KeyDecision(ALICE, a1.engine.identity_key, Trust.DISTRUSTED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, a1) is Trust.VERIFIED


def test_case_46_an_older_decision_does_not_undo_a_later_one(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.wait(A_DAY)
    a1.engine.trust.set_trust(b1.device, Trust.DISTRUSTED)
    stamp = int(a1.clock.now)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)

    a1.engine.trust_messages.received(a2.device, [decision], stamp - 3600)
    assert trust(a1, b1) is Trust.DISTRUSTED
    # Received again, by mischief, or a device whose clock is in 2099
    a1.wait(2 * A_DAY)
    a1.engine.trust_messages.received(a2.device, [decision], stamp + A_DAY)
    assert trust(a1, b1) is Trust.VERIFIED
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.DISTRUSTED)
    a1.engine.trust_messages.received(a2.device, [decision], 4_100_000_000)
    assert trust(a1, b1) is Trust.DISTRUSTED
    a1.wait(A_DAY)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, b1) is Trust.VERIFIED


def test_case_46_a_clock_that_is_fast_does_not_outlast_later_decisions(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    now = int(a1.clock.now)
    good = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    bad = KeyDecision(BOB, b1.engine.identity_key, Trust.DISTRUSTED)
    a1.engine.trust_messages.received(a2.device, [good], now + A_DAY // 2)
    a1.wait(3600)
    a1.engine.trust_messages.received(a2.device, [bad], now + 3600)
    assert trust(a1, b1) is Trust.DISTRUSTED


def test_case_46_a_key_that_is_not_known_yet(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    b2 = a1.world.peer(BOB, online=False)
    decision = KeyDecision(BOB, b2.engine.identity_key, Trust.VERIFIED)
    for _ in range(2):
        a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    b2.online()
    meet(a1, b1)
    assert trust(a1, b2) is Trust.VERIFIED
    assert trust(a1, b1) is Trust.BLIND


def test_case_46_kept_statements_of_strangers_are_bounded(four: Four) -> None:
    a1, _, _, b1 = four
    for number in range(0, 2 * KEPT_OF_CONTACT_MAX, 100):
        decisions = [
            KeyDecision(BOB, some_key(number + one), Trust.VERIFIED)
            for one in range(100)
        ]
        a1.engine.trust_messages.received(b1.device, decisions, int(a1.clock.now))
    store = a1.engine._core.store
    (kept,) = store.keys("/gajim/trust_messages/kept/")
    assert len(store.get(kept)) == KEPT_OF_CONTACT_MAX


def test_case_46_a_verification_that_can_be_undone_is_not_believed_yet(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    a1.engine.trust.set_trust(a2.device, Trust.VERIFIED)
    verify(a2, b1)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, b1) is Trust.BLIND
    a1.wait(UNDO_SECONDS)
    assert trust(a1, b1) is Trust.VERIFIED


def test_case_46_a_device_that_shows_another_key_is_not_believed(
    four: Four, world: FakeNetwork
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    other = world.bundles[world.peer("eve@test").device, Protocol.OMEMO_2]
    a1.engine.keys.bundle_received(a2.device, other)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, b1) is Trust.BLIND


def test_case_46_from_a_device_that_is_not_known_nothing_is_kept(
    four: Four,
) -> None:
    a1, a2, _, _ = four
    decision = KeyDecision(BOB, a2.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(Device(BOB, 1), [decision], int(a1.clock.now))
    assert not a1.engine._core.store.keys("/gajim/trust_messages/")


def test_a_rollback_undoes_a_decision_with_its_message(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    decision = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [decision], int(a1.clock.now))
    assert trust(a1, b1) is Trust.VERIFIED
    a1.restart(commit=False)
    assert trust(a1, b1) is Trust.BLIND
