# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""No reader is added in silence, and none disappears in silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.errors import BundleRefused
from omemo_plugin.engine.errors import IdentityKeyChanged
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.state.alarms import ALARMS_MAX
from omemo_plugin.engine.values import Alarm
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.unit.engine.trust_peers import meet
from tests.unit.engine.trust_peers import verify

LEGACY = (Protocol.LEGACY,)
OMEMO_2 = (Protocol.OMEMO_2,)


def kinds(peer: Peer) -> list[AlarmKind]:
    return [alarm.kind for alarm in peer.engine.alarms.open()]


def raised(peer: Peer) -> list[Alarm]:
    found = [one.alarm for one in peer.news if isinstance(one, AlarmRaised)]
    peer.news = [one for one in peer.news if not isinstance(one, AlarmRaised)]
    return found


def show_list(
    peer: Peer,
    jid: str,
    *devices: Device,
    protocols: Iterable[Protocol] = tuple(Protocol),
) -> None:
    for protocol in protocols:
        listed = tuple(ListedDevice(one.device_id) for one in devices)
        effects = peer.engine.keys.device_list_received(
            jid, DeviceList(protocol, listed)
        )
        peer.carry_out(effects)


def readers(peer: Peer, jid: str) -> set[Device]:
    peer.prepare(jid)
    found = peer.engine.outgoing.plan([jid]).recipients
    return {device for device in found if device.jid == jid}


@pytest.mark.parametrize("verified", [True, False])
def test_case_63_a_removed_device_returns(world: FakeNetwork, verified: bool) -> None:
    ann = world.peer("ann@test")
    phone, laptop = world.peer("ben@test"), world.peer("ben@test")
    meet(ann, phone, laptop)
    if verified:
        verify(ann, phone, laptop)
    assert readers(ann, "ben@test") == {phone.device, laptop.device}
    show_list(ann, "ben@test", phone.device)
    gone = [AlarmKind.VERIFIED_DEVICE_GONE] if verified else []
    assert [alarm.kind for alarm in raised(ann)] == gone
    show_list(ann, "ben@test", phone.device, laptop.device)
    (alarm,) = raised(ann)
    assert alarm == Alarm(AlarmKind.DEVICE_RETURNED, laptop.device)
    # Blind trust is for new devices as well: it is said, and no more
    assert (laptop.device in readers(ann, "ben@test")) != verified
    # It stays said, and is not said twice
    show_list(ann, "ben@test", phone.device, laptop.device)
    assert raised(ann) == []
    ann.restart()
    assert kinds(ann) == [AlarmKind.DEVICE_RETURNED]
    ann.online()
    assert raised(ann) == [alarm]
    ann.online()
    assert raised(ann) == []
    assert (laptop.device in readers(ann, "ben@test")) != verified


@pytest.mark.parametrize("accept", [True, False])
def test_case_63_the_user_answers(world: FakeNetwork, accept: bool) -> None:
    ann = world.peer("ann@test")
    phone, laptop = world.peer("ben@test"), world.peer("ben@test")
    meet(ann, phone, laptop)
    verify(ann, phone, laptop)
    show_list(ann, "ben@test", phone.device)
    show_list(ann, "ben@test", phone.device, laptop.device)
    (alarm,) = ann.engine.alarms.open("ben@test")
    assert ann.engine.alarms.open("cat@test") == []
    ann.engine.alarms.answer(alarm, accept=accept)
    ann.restart()
    assert kinds(ann) == []
    ann.online()
    assert (laptop.device in readers(ann, "ben@test")) == accept
    expected = Trust.VERIFIED if accept else Trust.DISTRUSTED
    assert ann.info(laptop).trust is expected


def test_case_63_a_decision_by_hand_answers(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    phone, laptop = world.peer("ben@test"), world.peer("ben@test")
    meet(ann, phone, laptop)
    verify(ann, phone, laptop)
    show_list(ann, "ben@test", phone.device)
    show_list(ann, "ben@test", phone.device, laptop.device)
    ann.engine.trust.set_trust(laptop.device, Trust.VERIFIED)
    assert kinds(ann) == []
    assert laptop.device in readers(ann, "ben@test")


def heard_in_omemo_2(world: FakeNetwork) -> tuple[Peer, Peer]:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    ann.send(b"hello", ben)
    assert ben.send(b"hello", ann).protocol is Protocol.OMEMO_2
    return ann, ben


@pytest.mark.parametrize("how", ["empty", "missing"])
def test_case_54_the_better_list_is_gone(world: FakeNetwork, how: str) -> None:
    """Nothing is written in 0.3 to a device that was heard in OMEMO 2, until the
    user agrees."""
    ann, ben = heard_in_omemo_2(world)
    if how == "empty":
        show_list(ann, ben.jid, protocols=OMEMO_2)
    else:
        ann.carry_out(
            ann.engine.keys.device_list_unavailable(
                ben.jid, Protocol.OMEMO_2, permanent=True
            )
        )
    (alarm,) = raised(ann)
    assert alarm == Alarm(AlarmKind.OLDER_PROTOCOL, ben.device)
    ann.carry_out(ann.engine.outgoing.plan([ben.jid]).effects)
    assert readers(ann, ben.jid) == set()
    with pytest.raises(NoRecipient):
        ann.engine.outgoing.encrypt([ben.jid], dict.fromkeys(Protocol, b"x"))
    ann.engine.alarms.answer(alarm, accept=True)
    ann.prepare(ben.jid)
    sent = ann.engine.outgoing.encrypt([ben.jid], dict.fromkeys(Protocol, b"x"))
    assert [one.protocol for one in sent.messages] == [Protocol.LEGACY]


def test_case_54_the_list_comes_back(world: FakeNetwork) -> None:
    ann, ben = heard_in_omemo_2(world)
    show_list(ann, ben.jid, protocols=OMEMO_2)
    show_list(ann, ben.jid, ben.device, protocols=OMEMO_2)
    assert kinds(ann) == []
    assert ann.send(b"on", ben).protocol is Protocol.OMEMO_2


def test_case_62_the_key_of_another_account(world: FakeNetwork) -> None:
    """Mallory's server publishes ben's bundle as mallory's."""
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    mallory = world.peer("mallory@evil.test")
    meet(ann, ben)
    ann.prepare(ben.jid)
    for protocol in Protocol:
        world.bundles[mallory.device, protocol] = world.bundles[ben.device, protocol]
    plan = ann.engine.outgoing.plan([mallory.jid])
    while not plan.ready:
        ann.carry_out(plan.effects)
        plan = ann.engine.outgoing.plan([mallory.jid])
    (alarm,) = raised(ann)
    assert alarm == Alarm(AlarmKind.BORROWED_KEY, mallory.device)
    assert alarm.owner == ben.jid
    assert readers(ann, mallory.jid) == set()
    assert readers(ann, ben.jid) == {ben.device}
    with pytest.raises(BundleRefused):
        ann.engine.keys.bundle_received(
            mallory.device, world.bundles[ben.device, Protocol.LEGACY]
        )


@pytest.mark.parametrize("protocols", [LEGACY, OMEMO_2], ids=["legacy", "omemo2"])
def test_case_62_a_first_message_under_another_name(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    meet(ann, ben)
    message = ben.encrypt(b"x", ann.jid).messages[0]
    moved = dataclasses.replace(message, sender_device_id=5)
    with pytest.raises(IdentityKeyChanged) as caught:
        ann.engine.incoming.decrypt("mallory@evil.test", [moved])
    (effect,) = [one for one in caught.value.effects if isinstance(one, AlarmRaised)]
    assert effect.alarm.owner == ben.jid
    result = ann.engine.incoming.decrypt(ben.jid, [message])
    assert result.plaintext == b"x"


def test_case_62_in_a_store_of_an_earlier_version(world: FakeNetwork) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    meet(ann, ben)
    store = ann.engine._core.store
    for key in store.keys("/gajim/identity_owners"):
        store.delete(key)
    store.commit()
    ann.restart()
    assert ann.engine._core.devices.owner_of(ben.engine.identity_key) == ben.jid
    assert ann.engine._core.devices.owner_of(ann.engine.identity_key) == ann.jid
    ann.engine.devices.forget(ben.device)
    assert ann.engine._core.devices.owner_of(ben.engine.identity_key) is None


@pytest.mark.parametrize("how", ["go on", "verified", "lifted"])
def test_a_check_that_failed(world: FakeNetwork, how: str) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    meet(ann, ben)
    alarms = ann.engine.alarms
    effects = alarms.check_failed(ben.jid)
    ann.engine.trust.set_trust(ben.device, Trust.UNDECIDED)
    ann.engine.trust.set_blind_trust_of(ben.jid, False)
    alarm = Alarm(AlarmKind.CHECK_FAILED, Device(ben.jid, 0))
    assert effects == [AlarmRaised(alarm)]
    assert alarms.check_failed(ben.jid) == []
    ann.restart()
    alarms = ann.engine.alarms
    assert alarms.open(ben.jid) == [alarm]
    if how == "go on":
        alarms.answer(alarm, accept=True)
        assert ann.info(ben).trust is Trust.BLIND
        assert ann.engine.trust.blind_trust_of(ben.jid) is None
    elif how == "verified":
        ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    else:
        alarms.check_lifted(ben.jid)
    assert alarms.open(ben.jid) == []


def test_going_on_after_a_failed_check_is_about_undecided_devices(
    world: FakeNetwork,
) -> None:
    ann = world.peer("ann@test")
    phone, laptop, tablet, gone = (world.peer("ben@test") for _ in range(4))
    meet(ann, phone, laptop, tablet, gone)
    before = [
        (phone, Trust.UNDECIDED),
        (laptop, Trust.VERIFIED),
        (tablet, Trust.DISTRUSTED),
        (gone, Trust.UNDECIDED),
    ]
    for peer, trust in before:
        ann.engine.trust.set_trust(peer.device, trust)
    show_list(ann, phone.jid, phone.device, laptop.device, tablet.device)
    ann.engine.alarms.check_failed(phone.jid)
    alarm = Alarm(AlarmKind.CHECK_FAILED, Device(phone.jid, 0))
    ann.engine.alarms.answer(alarm, accept=True)
    assert ann.info(phone).trust is Trust.BLIND
    for peer, trust in before[1:]:
        assert ann.info(peer).trust is trust


def test_an_alarm_about_a_key_ends_with_the_key(world: FakeNetwork) -> None:
    """The user has checked the known key: nobody else has ended it."""
    ann, ben, eve = (world.peer(f"{name}@test") for name in ("ann", "ben", "eve"))
    meet(ann, ben)
    forged = world.bundles[eve.device, Protocol.OMEMO_2]
    ann.engine.keys.bundle_received(ben.device, forged)
    alarm = Alarm(AlarmKind.KEY_CHANGED, ben.device)
    assert ann.engine.alarms.open(ben.jid) == [alarm]
    verify(ann, ben)
    assert ann.engine.alarms.open(ben.jid) == []
    assert ann.engine.alarms.take_settled() == []


def test_a_contact_without_devices(world: FakeNetwork) -> None:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    meet(ann, ben)
    show_list(ann, ben.jid)
    (alarm,) = raised(ann)
    assert alarm == Alarm(AlarmKind.LIST_WITHDRAWN, Device(ben.jid, 0))
    show_list(ann, ben.jid)
    assert raised(ann) == []
    ann.restart()
    assert ann.engine.alarms.open(ben.jid) == [alarm]
    # It answers itself, which is said once
    assert ann.engine.alarms.take_settled() == []
    show_list(ann, ben.jid, ben.device)
    assert ann.engine.alarms.open(ben.jid) == []
    assert ann.engine.alarms.take_settled() == [alarm]
    assert ann.engine.alarms.open(ben.jid) == []
    assert ann.engine.alarms.take_settled() == []


@pytest.mark.parametrize("how", ["gone", "refused", "verified", "answered"])
def test_only_what_others_have_ended_is_said(world: FakeNetwork, how: str) -> None:
    """The user knows of the own decisions."""
    ann = world.peer("ann@test")
    phone = world.peer("ben@test")
    meet(ann, phone)
    verify(ann, phone)
    laptop = world.peer("ben@test")
    meet(ann, laptop)
    (alarm,) = ann.engine.alarms.open(phone.jid)
    assert alarm == Alarm(AlarmKind.NEW_DEVICE, laptop.device, alarm.since)
    if how == "gone":
        show_list(ann, phone.jid, phone.device)
    elif how == "answered":
        ann.engine.alarms.answer(alarm, accept=False)
    else:
        trust = {"refused": Trust.DISTRUSTED, "verified": Trust.VERIFIED}[how]
        ann.engine.trust.set_trust(laptop.device, trust)
    assert ann.engine.alarms.open(phone.jid) == []
    settled = ann.engine.alarms.take_settled()
    assert settled == ([alarm] if how == "gone" else [])


def test_alarms_are_bounded(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    alarms = ann.engine._core.alarms
    for number in range(1, ALARMS_MAX + 10):
        alarms.add(Alarm(AlarmKind.DEVICE_RETURNED, Device("ben@test", number)))
    assert len(alarms.open()) == ALARMS_MAX


def test_case_136_many_alarms_keep_no_other_one_away(world: FakeNetwork) -> None:
    """Whoever makes devices without end hides nothing that happens elsewhere."""
    ann = world.peer("ann@test")
    alarms = ann.engine._core.alarms
    for account in range(12):
        for number in range(1, ALARMS_MAX + 10):
            device = Device(f"eve{account}@test", number)
            alarms.add(Alarm(AlarmKind.DEVICE_RETURNED, device))
    for alarm in (
        Alarm(AlarmKind.OWN_DEVICE, Device("ann@test", 1)),
        Alarm(AlarmKind.KEY_CHANGED, Device("eve1@test", 1)),
        Alarm(AlarmKind.DEVICE_RETURNED, Device("ben@test", 1)),
    ):
        assert alarms.add(alarm) == [AlarmRaised(alarm)]
        assert alarm in alarms.open()
