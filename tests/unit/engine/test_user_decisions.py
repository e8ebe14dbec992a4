# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions that the user takes back or cannot take, and trust messages that reach
some of their devices only."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import FetchBundle
from omemo_plugin.engine.effects import SendTrustMessage
from omemo_plugin.engine.errors import OmemoError
from omemo_plugin.engine.values import Alarm
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import CodeClaims
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

from .trust_peers import ALICE
from .trust_peers import BOB
from .trust_peers import Four
from .trust_peers import four as four  # noqa: PLC0414
from .trust_peers import meet
from .trust_peers import trust
from .trust_peers import verify

FINGERPRINT = "a1" * 32
OTHER = "b2" * 32
TRUSTED = "c3" * 32
DISTRUSTED = "d4" * 32
CLAIMS = CodeClaims(
    devices={7: FINGERPRINT},
    trusted=frozenset({TRUSTED}),
    distrusted=frozenset({DISTRUSTED}),
)


def test_a_code_that_is_taken_back_claims_nothing(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ann.engine.trust.decide(BOB, CLAIMS)
    preverified = ann.engine._core.decisions.preverified
    assert preverified.fingerprint_of(Device(BOB, 7)) == FINGERPRINT
    ann.engine.trust.withdraw(BOB, CLAIMS)
    ann.restart(commit=False)
    preverified = ann.engine._core.decisions.preverified
    assert preverified.fingerprint_of(Device(BOB, 7)) is None
    assert not preverified.any_verified(BOB)
    assert preverified.take_key(BOB, (TRUSTED, TRUSTED)) is None
    assert preverified.take_key(BOB, (DISTRUSTED, DISTRUSTED)) is None


@pytest.mark.parametrize("jid", [BOB, ALICE])
def test_another_code_that_is_taken_back_leaves_the_claims(
    world: FakeNetwork, jid: str
) -> None:
    ann = world.peer("ann@test")
    ann.engine.trust.decide(BOB, CLAIMS)
    other = CLAIMS if jid == ALICE else CodeClaims(devices={7: OTHER, 8: FINGERPRINT})
    ann.engine.trust.withdraw(jid, other)
    preverified = ann.engine._core.decisions.preverified
    assert preverified.fingerprint_of(Device(BOB, 7)) == FINGERPRINT
    assert preverified.take_key(BOB, (TRUSTED, TRUSTED)) is not None
    assert preverified.take_key(BOB, (DISTRUSTED, DISTRUSTED)) is not None


def test_a_device_without_a_key_cannot_be_decided_on(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    unknown = Device(BOB, 5)
    for _ in range(2):
        with pytest.raises(OmemoError, match="not known"):
            ann.engine.trust.set_trust(unknown, Trust.VERIFIED)
        listed = DeviceList(Protocol.OMEMO_2, (ListedDevice(5),))
        ann.engine.keys.device_list_received(BOB, listed)


def test_the_own_device_cannot_be_decided_on(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    with pytest.raises(OmemoError, match="own device"):
        ann.engine.trust.set_trust(ann.device, Trust.DISTRUSTED)
    assert trust(ann, ann) is Trust.VERIFIED


@pytest.mark.parametrize(
    "kind", [AlarmKind.OLDER_PROTOCOL, AlarmKind.VERIFIED_DEVICE_GONE]
)
def test_only_a_device_that_returned_is_distrusted_by_an_answer(
    world: FakeNetwork, kind: AlarmKind
) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    meet(ann, ben)
    verify(ann, ben)
    alarm = Alarm(kind, ben.device)
    ann.engine._core.alarms.add(alarm)
    ann.engine.alarms.answer(alarm, accept=False)
    assert ann.engine.alarms.open() == []
    assert trust(ann, ben) is Trust.VERIFIED


def test_an_answer_about_a_forgotten_device(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    alarm = Alarm(AlarmKind.DEVICE_RETURNED, Device(BOB, 5))
    ann.engine._core.alarms.add(alarm)
    ann.engine.alarms.answer(alarm, accept=False)
    ann.restart(commit=False)
    assert ann.engine.alarms.open() == []


def for_alice(effects: list[Effect]) -> list[SendTrustMessage]:
    return [
        one for one in effects if isinstance(one, SendTrustMessage) and one.jid == ALICE
    ]


def test_a_trust_message_is_sent_again_to_the_devices_it_did_not_reach(
    four: Four,
) -> None:
    a1, a2, a3, b1 = four
    verify(a1, a2, a3)
    engine = a1.engine
    claims = CodeClaims(devices={b1.engine.device_id: b1.engine.fingerprint})
    (message,) = for_alice(engine.trust.decide(BOB, claims))
    assert set(message.devices) == {a2.device, a3.device}
    # It is on its way
    assert for_alice(engine.trust_messages.due()) == []
    engine.trust_messages.sent(message.number, [a3.device])
    (again,) = for_alice(engine.trust_messages.due())
    assert (again.number, again.devices) == (message.number, (a2.device,))
    assert again.decisions == message.decisions
    engine.trust_messages.sent(message.number, [a2.device])
    assert for_alice(engine.trust_messages.due()) == []
    # A late report of it changes nothing
    engine.trust_messages.sent(message.number, [a2.device])
    a1.restart(commit=False)
    assert for_alice(a1.engine.trust_messages.due()) == []


def test_a_trust_message_waits_for_the_bundles_of_all_devices(
    world: FakeNetwork, four: Four
) -> None:
    a1, a2, a3, b1 = four
    own = {a2.device, a3.device}

    def claims(*peers: Peer) -> CodeClaims:
        found = {one.engine.device_id: one.engine.fingerprint for one in peers}
        return CodeClaims(devices=found)

    def about_bob(effects: list[Effect]) -> list[SendTrustMessage]:
        found = for_alice(effects)
        return [one for one in found if one.decisions[0].owner == BOB]

    # The messages that follow are not sent, so there are no sessions, and bundles
    # are not kept over a restart
    a1.engine.trust.decide(ALICE, claims(a2, a3))
    a1.restart()
    engine = a1.engine
    effects = engine.trust.decide(BOB, claims(b1))
    assert {one.device for one in effects if isinstance(one, FetchBundle)} >= own
    assert about_bob(effects) == []
    for device in (a3.device, a2.device):
        assert about_bob(engine.trust_messages.due()) == []
        bundle = world.bundles[device, Protocol.OMEMO_2]
        effects = engine.keys.bundle_received(device, bundle)
    (message,) = about_bob(effects)
    assert set(message.devices) == own
