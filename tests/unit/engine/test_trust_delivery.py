# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The delivery of trust messages: undone decisions, lost messages, absent devices."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.effects import SendTrustMessage
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.trust import trust_messages
from omemo_plugin.engine.trust.user_decisions import UNDO_SECONDS
from omemo_plugin.engine.values import DeviceList
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


def stamps(peer: Peer) -> list[int]:
    """Of the messages that are to be sent now."""
    effects = peer.engine.tick()
    return [one.stamp for one in effects if isinstance(one, SendTrustMessage)]


# By hand, with time to think again


def test_a_decision_by_hand_is_sent_when_it_cannot_be_undone(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    told(a1)
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
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
    a1.engine.trust.set_trust(a2.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS - 5)
    a1.engine.trust.set_trust(a2.device, Trust.BLIND)
    a1.wait(A_DAY)
    assert told(a1) == []
    assert not a1.engine._core.store.get("/gajim/trust_messages/queue")
    assert a1.engine._core.store.keys("/gajim/trust_messages/kept/")


def test_undoing_one_decision_leaves_the_others(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2)
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
    a1.engine.trust.set_trust(a3.device, Trust.DISTRUSTED)
    a1.engine.trust.set_trust(a3.device, Trust.BLIND)
    a1.wait(UNDO_SECONDS)
    assert told(a1) == [
        ((a2.device,), {(key(b1), Trust.VERIFIED)}),
        ((b1.device,), {(key(a2), Trust.VERIFIED)}),
    ]


def test_statements_wait_until_their_sender_is_verified_for_good(
    four: Four,
) -> None:
    a1, a2, _, b1 = four
    verify(a2, a1)
    verify(a2, b1)
    a1.engine.trust.set_trust(a2.device, Trust.VERIFIED)
    assert trust(a1, b1) is Trust.BLIND
    a1.wait(UNDO_SECONDS)
    assert trust(a1, b1) is Trust.VERIFIED


# Failures on the way


def test_an_unsent_message_is_asked_for_again(four: Four) -> None:
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


def test_what_waits_outlives_a_restart_and_later_decisions(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2)
    a1.tells = False
    verify(a1, b1)
    a1.restart()
    a1.engine.trust.set_trust(a3.device, Trust.DISTRUSTED)
    a1.tells = True
    a1.online()
    a1.wait(UNDO_SECONDS)
    assert told(a1) == [
        ((a2.device,), {(key(b1), Trust.VERIFIED)}),
        ((b1.device,), {(key(a2), Trust.VERIFIED)}),
        ((a2.device,), {(key(a3), Trust.DISTRUSTED)}),
        ((b1.device,), {(key(a3), Trust.DISTRUSTED)}),
    ]


@pytest.mark.parametrize("now", [0, 4_100_000_000])
def test_case_48_a_decision_with_a_wrong_clock_can_be_told(
    four: Four, now: float
) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    right = a1.clock.now
    a1.clock.now = now
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS)
    assert len(told(a1)) == 2
    a1.clock.now = now
    a1.engine.trust.set_trust(b1.device, Trust.DISTRUSTED)
    a1.clock.now = min(now, right)
    a1.wait(UNDO_SECONDS)
    assert len(told(a1)) == 1


def test_case_48_a_decision_of_the_future_was_made_now(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    right = int(a1.clock.now)
    a1.clock.now = 4_100_000_000
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
    a1.clock.now = right
    assert stamps(a1) == [right, right]


NINETY_DAYS = 90 * A_DAY


@pytest.mark.parametrize(("later", "count"), [(0, 2), (1, 0)])
def test_a_message_is_kept_for_ninety_days(four: Four, later: int, count: int) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.tells = False
    verify(a1, b1)
    a1.engine.trust_messages.connected()
    a1.clock.now += NINETY_DAYS - 1 + later
    assert len(stamps(a1)) == count


@pytest.mark.parametrize(("later", "count"), [(0, 2), (1, 0)])
def test_case_48_a_message_waits_for_its_time_for_ninety_days(
    four: Four, later: int, count: int
) -> None:
    """It waits for less if the clock was right, and forever if it was not."""
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
    a1.clock.now += UNDO_SECONDS - NINETY_DAYS - 1 + later
    assert len(stamps(a1)) == count


def test_a_message_that_waits_holds_up_no_other(four: Four) -> None:
    a1, a2, _, b1 = four
    carol = a1.world.peer("carol@example.net")
    meet(a1, carol)
    verify(a1, a2)
    a1.engine.trust.set_trust(b1.device, Trust.DISTRUSTED)
    verify(a1, carol)
    assert told(a1) == [
        ((a2.device,), {(key(carol), Trust.VERIFIED)}),
        ((carol.device,), {(key(a2), Trust.VERIFIED)}),
    ]


def test_nothing_is_sent_during_the_catch_up(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.carry_out(a1.engine.connected())
    verify(a1, b1)
    assert told(a1) == []
    a1.carry_out(a1.engine.catch_up_ended())
    assert len(told(a1)) == 2


def test_a_device_that_is_not_verified_any_more_gets_no_message(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.tells = False
    verify(a1, b1)
    a1.engine.trust.set_trust(a2.device, Trust.UNDECIDED)
    for tells in (False, True):
        a1.restart()
        a1.tells = tells
        a1.log.clear()
        a1.online()
        asked = [one.devices for one in a1.log if isinstance(one, SendTrustMessage)]
        assert asked == [(b1.device,)]
    assert [devices for devices, _ in told(a1)] == [(b1.device,)]
    assert not a1.engine._core.store.get("/gajim/trust_messages/queue")
    with pytest.raises(NoRecipient):
        a1.engine.trust_messages.encrypt([a2.device], b"x")


def test_only_verified_devices_are_encrypted_for(four: Four) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2)
    a1.tells = False
    verify(a1, b1)
    a1.engine.trust.set_trust(a2.device, Trust.BLIND)
    a1.engine.trust_messages.connected()
    (effect,) = a1.engine.tick()
    assert isinstance(effect, SendTrustMessage)
    assert effect.devices == (b1.device,)
    everybody = [a2.device, a3.device, b1.device]
    assert all(
        a1.engine.outgoing.can_encrypt(device, Protocol.OMEMO_2) for device in everybody
    )
    sent = a1.engine.trust_messages.encrypt(everybody, b"x")
    assert sent.recipients == (b1.device,)


def test_a_legacy_device_is_named_in_messages_and_gets_none(
    world: FakeNetwork,
) -> None:
    a1, a2 = world.peer(ALICE), world.peer(ALICE)
    old = world.peer(BOB, protocols=(Protocol.LEGACY,))
    meet(a1, a2, old)
    verify(a1, a2)
    verify(a1, old)
    assert told(a1) == [((a2.device,), {(key(old), Trust.VERIFIED)})]
    verify(a2, a1)
    assert trust(a2, old) is Trust.VERIFIED


def test_a_missing_bundle_is_fetched_first(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.restart()
    assert not a1.engine.outgoing.can_encrypt(a2.device, Protocol.OMEMO_2)
    a1.online()
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS)
    assert {devices for devices, _ in told(a1)} == {(a2.device,), (b1.device,)}


def test_a_device_that_is_gone_is_not_waited_for(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.restart()
    bundle = a1.world.bundles.pop((a2.device, Protocol.OMEMO_2))
    a1.online()
    a1.tells = True
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
    a1.wait(UNDO_SECONDS)
    assert [devices for devices, _ in told(a1)] == [(b1.device,)]
    a1.world.bundles[a2.device, Protocol.OMEMO_2] = bundle
    a1.wait(A_DAY)
    assert [devices for devices, _ in told(a1)] == [(a2.device,)]
    a1.tells = False
    distrust(a1, b1)
    a1.wait(100 * A_DAY)
    assert not a1.engine._core.store.get("/gajim/trust_messages/queue")


def test_the_queue_is_bounded(four: Four, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trust_messages.QUEUE_MAX == 1000
    # A smaller one is as good, and filled sooner
    monkeypatch.setattr(trust_messages, "QUEUE_MAX", 20)
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.tells = False
    store = a1.engine._core.store
    messages = a1.engine.trust_messages
    record = a1.engine._core.devices.get(b1.device)
    assert record is not None
    for _ in range(25):
        messages.queue([(record, Trust.DISTRUSTED)], 0)
    numbers = [int(number) for number in store.get("/gajim/trust_messages/queue")]
    assert numbers == list(range(6, 26))


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
        a1.engine.keys.device_list_received(BOB, DeviceList(protocol))
    assert trust(a1, b1) is Trust.VERIFIED


def test_the_effect_says_when_it_was_decided(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.engine.trust.set_trust(b1.device, Trust.VERIFIED)
    decided = int(a1.clock.now)
    a1.clock.now += A_DAY
    assert stamps(a1) == [decided, decided]


@pytest.mark.parametrize(
    ("at_decision", "at_delivery"),
    [
        (0, -A_DAY),
        (0, -2 * A_DAY),
        (0, -1_800_000_000),
        (0, 2_200_000_000),
        (-1_800_000_000, 0),
        (-1_800_000_000, -1_800_000_000),
        (2_200_000_000, 0),
    ],
)
@pytest.mark.parametrize("choice", [Trust.DISTRUSTED, Trust.VERIFIED])
def test_case_58_a_withheld_trust_message_undoes_no_decision(
    four: Four, at_decision: int, at_delivery: int, choice: Trust
) -> None:
    """The server keeps a trust message until the clock is wrong. What the user
    decided after it was written stands, whatever the clock says, then and now."""
    a1, a2, _, b1 = four
    verify(a1, a2)
    right = int(a1.clock.now)
    other = Trust.VERIFIED if choice is Trust.DISTRUSTED else Trust.DISTRUSTED
    withheld = KeyDecision(BOB, b1.engine.identity_key, other)
    a1.clock.now = right + A_DAY + at_decision
    a1.engine.trust.set_trust(b1.device, choice)
    a1.wait(UNDO_SECONDS + 1)
    a1.clock.now = max(0, right + A_DAY + 3600 + at_delivery)
    a1.engine.trust_messages.received(a2.device, [withheld], right + 3600)
    assert trust(a1, b1) is choice
    a1.restart()
    a1.engine.trust_messages.received(a2.device, [withheld], right + 3600)
    assert trust(a1, b1) is choice


def test_case_58_a_trust_message_of_the_same_second_undoes_no_decision(
    four: Four,
) -> None:
    """Times in trust messages have seconds, and the user may be quick."""
    a1, a2, _, b1 = four
    verify(a1, a2)
    a1.wait(UNDO_SECONDS + 1)
    now = int(a1.clock.now)
    good = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust.set_trust(b1.device, Trust.DISTRUSTED)
    assert a1.engine.trust_messages.received(a2.device, [good], now) == []
    assert trust(a1, b1) is Trust.DISTRUSTED
    a1.engine.trust_messages.received(a2.device, [good], now + 1)
    a1.wait(1)
    a1.engine.trust_messages.received(a2.device, [good], now + 1)
    assert trust(a1, b1) is Trust.VERIFIED


def test_a_later_decision_elsewhere_counts(four: Four) -> None:
    a1, a2, _, b1 = four
    verify(a1, a2)
    now = int(a1.clock.now)
    distrust(a1, b1)
    a1.wait(A_DAY)
    good = KeyDecision(BOB, b1.engine.identity_key, Trust.VERIFIED)
    a1.engine.trust_messages.received(a2.device, [good], now + A_DAY // 2)
    assert trust(a1, b1) is Trust.VERIFIED


def test_case_72_a_contact_decides_on_own_keys_only(four: Four) -> None:
    """XEP-0450: a verified contact's word on a third person, or on us, counts for
    nothing, neither now nor when the key is met later."""
    a1, a2, _, b1 = four
    verify(a1, b1)
    carol = a1.world.peer("carol@example.net")
    meet(a1, carol)
    unknown = KeyDecision("dave@example.net", some_key(9), Trust.VERIFIED)
    claims = [
        KeyDecision(carol.jid, carol.engine.identity_key, one)
        for one in (Trust.VERIFIED, Trust.DISTRUSTED)
    ]
    claims += [KeyDecision(ALICE, a2.engine.identity_key, Trust.VERIFIED), unknown]
    before = trust(a1, carol), trust(a1, a2)
    effects = a1.engine.trust_messages.received(
        b1.device, claims, int(a1.clock.now) + 5
    )
    assert effects == []
    assert (trust(a1, carol), trust(a1, a2)) == before
    preverified = a1.engine._core.decisions.preverified
    assert not preverified.any_verified("dave@example.net")
