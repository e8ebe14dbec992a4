# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security cases (docs/security-cases.md) of device lists, bundles and recipients."""

from __future__ import annotations

import dataclasses

import pytest

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.effects import DevicesIgnored
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.errors import BundleRefused
from omemo_plugin.engine.errors import IdentityKeyChanged
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.errors import NotForThisDevice
from omemo_plugin.engine.errors import OmemoError
from omemo_plugin.engine.errors import TooManyRecipients
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.values import Alarm
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.work import calls_of

from .case_peers import LEGACY
from .case_peers import both_protocols
from .case_peers import pair


@pytest.mark.parametrize("how", ["emptied", "retracted"])
def test_case_09_device_list_withdrawn(world: FakeNetwork, how: str) -> None:
    ann, ben = pair(world)
    if how == "emptied":
        ann.engine.keys.device_list_received(ben.jid, DeviceList(Protocol.LEGACY))
    else:
        ann.engine.keys.device_list_unavailable(
            ben.jid, Protocol.LEGACY, permanent=True
        )
    for _ in range(2):
        plan = ann.engine.outgoing.plan([ben.jid])
        assert plan.ready
        assert plan.unreachable == (ben.jid,)
        assert [one.reason for one in plan.left_out] == [LeftOutReason.LIST_WITHDRAWN]
        with pytest.raises(NoRecipient):
            ann.engine.outgoing.encrypt([ben.jid], {Protocol.LEGACY: b"x"})
        ann.restart()
        ann.engine.outgoing.plan([ben.jid])
        for protocol in Protocol:
            ann.engine.keys.device_list_unavailable(ben.jid, protocol, permanent=True)
    # The list comes back: all goes on with what was known
    ann.engine.keys.device_list_received(ben.jid, world.lists[ben.jid, Protocol.LEGACY])
    assert ann.send(b"x", ben).plaintext == b"x"


def test_case_11_new_device_of_a_verified_contact_gets_nothing(
    world: FakeNetwork,
) -> None:
    ann, ben = pair(world)
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    ann.news.clear()
    added = world.peer("ben@test", protocols=LEGACY)
    sent = ann.encrypt(b"x", ben.jid)
    assert sent.recipients == (ben.device,)
    assert [(one.device, one.reason) for one in sent.left_out] == [
        (added.device, LeftOutReason.UNDECIDED)
    ]
    alarm = Alarm(AlarmKind.NEW_DEVICE, added.device)
    assert AlarmRaised(alarm) in ann.news
    assert ann.engine.alarms.open(ben.jid) == [alarm]
    with pytest.raises(NotForThisDevice):
        added.decrypt(ann, sent)
    # It can be read, and it is marked
    assert added.send(b"y", ann).trust is Trust.UNDECIDED
    ann.engine.trust.set_trust(added.device, Trust.VERIFIED)
    assert set(ann.encrypt(b"x", ben.jid).recipients) == {ben.device, added.device}
    # The decision has answered it
    assert ann.engine.alarms.open(ben.jid) == []


def test_case_11_also_when_the_verified_device_is_distrusted_later(
    world: FakeNetwork,
) -> None:
    """It was stolen, for example: that is no reason to trust the next one."""
    ann, ben = pair(world)
    second = world.peer("ben@test", protocols=LEGACY)
    ann.encrypt(b"x", ben.jid)
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    ann.engine.trust.set_trust(ben.device, Trust.DISTRUSTED)
    ann.restart()
    ann.online()
    world.peer("ben@test", protocols=LEGACY)
    assert ann.encrypt(b"x", ben.jid).recipients == (second.device,)


def test_case_11_a_verification_that_was_undone_asks_for_nothing(
    world: FakeNetwork,
) -> None:
    ann, ben = pair(world)
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    ann.engine.trust.set_trust(ben.device, Trust.DISTRUSTED)
    ann.engine.trust.set_trust(ben.device, Trust.BLIND)
    added = world.peer("ben@test", protocols=LEGACY)
    assert added.device in ann.encrypt(b"x", ben.jid).recipients


def test_case_11_without_verification_new_devices_are_trusted_blindly(
    world: FakeNetwork,
) -> None:
    ann, ben = pair(world)
    added = world.peer("ben@test", protocols=LEGACY)
    assert set(ann.encrypt(b"x", ben.jid).recipients) == {ben.device, added.device}
    ann.engine.trust.blind_trust = False
    third = world.peer("ben@test", protocols=LEGACY)
    assert third.device not in ann.encrypt(b"x", ben.jid).recipients


@pytest.mark.parametrize("for_all", [True, False])
@pytest.mark.parametrize("for_one", [True, False, None])
def test_case_11_one_contact_may_be_treated_otherwise(
    world: FakeNetwork, for_all: bool, for_one: bool | None
) -> None:
    ann, ben = pair(world)
    ann.engine.trust.blind_trust = for_all
    ann.engine.trust.set_blind_trust_of(ben.jid, for_one)
    assert ann.engine.trust.blind_trust_of(ben.jid) is for_one
    added = world.peer("ben@test", protocols=LEGACY)
    readers = ann.encrypt(b"x", ben.jid).recipients
    assert (added.device in readers) is (for_all if for_one is None else for_one)


def test_case_12_new_own_device(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    laptop = world.peer("ann@test", protocols=LEGACY)
    assert ann.news.count(AlarmRaised(Alarm(AlarmKind.OWN_DEVICE, laptop.device))) == 1
    # Said, and it reads on until the user has answered
    assert laptop.device in ann.encrypt(b"x", ben.jid).recipients
    ann.engine.trust.set_trust(laptop.device, Trust.VERIFIED)
    stranger = world.peer("ann@test", protocols=LEGACY)
    alarm = Alarm(AlarmKind.OWN_DEVICE, stranger.device)
    assert ann.news.count(AlarmRaised(alarm)) == 1
    ann.restart()
    assert ann.engine.alarms.open() == [alarm]
    ann.online()
    ann.prepare(ben.jid)
    ann.engine.alarms.answer(alarm, accept=False)
    assert ann.info(stranger).trust is Trust.DISTRUSTED
    assert ann.engine.alarms.open() == []
    assert stranger.device not in ann.encrypt(b"x", ben.jid).recipients


def test_case_12_own_devices_that_were_there_before(world: FakeNetwork) -> None:
    phone = world.peer("ann@test", protocols=LEGACY)
    ann = world.peer("ann@test", protocols=LEGACY)
    ann.prepare("ann@test")
    assert ann.engine.alarms.open() == []
    assert NewDevices("ann@test", (phone.device,), Trust.BLIND) in ann.news
    # To the other one this one is new
    assert [one.device for one in phone.engine.alarms.open()] == [ann.device]
    third = world.peer("ann@test", protocols=LEGACY)
    alarm = Alarm(AlarmKind.OWN_DEVICE, third.device)
    assert ann.engine.alarms.open() == [alarm]
    ann.engine.alarms.answer(alarm, accept=True)
    assert ann.engine.alarms.open() == []


def test_case_12_an_accepted_own_device_is_trusted_blindly(world: FakeNetwork) -> None:
    phone = world.peer("ann@test", protocols=LEGACY)
    ann = world.peer("ann@test", protocols=LEGACY)
    ann.prepare("ann@test")
    ann.engine.trust.set_trust(phone.device, Trust.VERIFIED)
    third = world.peer("ann@test", protocols=LEGACY)
    ann.prepare("ann@test")
    assert ann.info(third).trust is Trust.UNDECIDED
    (alarm,) = ann.engine.alarms.open()
    ann.engine.alarms.answer(alarm, accept=True)
    assert ann.info(third).trust is Trust.BLIND


@both_protocols
def test_case_13_other_identity_key_in_a_bundle(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    eve = world.peer("eve@test", protocols=protocols)
    protocol = protocols[0]
    presented = world.bundles[eve.device, protocol]
    effects = ann.engine.keys.bundle_received(ben.device, presented)
    alarm = Alarm(AlarmKind.KEY_CHANGED, ben.device)
    assert effects == [AlarmRaised(alarm)]
    assert ann.engine.keys.bundle_received(ben.device, presented) == []
    plan = ann.engine.outgoing.plan([ben.jid])
    assert plan.unreachable == (ben.jid,)
    assert [one.reason for one in plan.left_out] == [LeftOutReason.KEY_CHANGED]
    ann.restart()
    assert ann.engine.alarms.open(ben.jid) == [alarm]
    ann.engine.alarms.answer(alarm, accept=False)
    assert ann.info(ben).trust is Trust.DISTRUSTED
    ann.engine.keys.bundle_received(ben.device, presented)
    assert ann.engine.alarms.open(ben.jid) == []


@both_protocols
def test_case_13_other_identity_key_in_a_key_exchange(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    eve = world.peer("eve@test", protocols=protocols)
    message = eve.encrypt(b"I am Ann", ben.jid).messages[0]
    forged = dataclasses.replace(message, sender_device_id=ann.engine.device_id)
    with pytest.raises(IdentityKeyChanged) as caught:
        ben.engine.incoming.decrypt(ann.jid, [forged])
    alarm = Alarm(AlarmKind.KEY_CHANGED, ann.device)
    assert caught.value.effects == (AlarmRaised(alarm),)
    # The session we have goes on to be readable; nothing is sent until the
    # user has looked
    assert ben.decrypt(ann, ann.encrypt(b"x", ben.jid)).plaintext == b"x"
    assert ben.engine.outgoing.plan([ann.jid]).unreachable == (ann.jid,)


@both_protocols
def test_case_13_another_key_counts_after_it_was_checked(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    ann, ben = pair(world, protocols)
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    eve = world.peer("eve@test", protocols=protocols)
    protocol = protocols[0]
    presented = world.bundles[eve.device, protocol]
    ann.engine.keys.bundle_received(ben.device, presented)
    ann.restart()
    info = ann.info(ben)
    assert info.fingerprint == ben.engine.fingerprint
    assert info.presented == eve.engine.fingerprint
    # Not the key that was looked at
    with pytest.raises(OmemoError):
        ann.engine.devices.take_checked_key(ben.device, ben.engine.fingerprint)
    assert ann.info(ben) == info
    ann.engine.devices.take_checked_key(ben.device, eve.engine.fingerprint)
    info = ann.info(ben)
    assert info.fingerprint == eve.engine.fingerprint
    assert info.presented is None
    assert not info.key_changed
    # Its own decision: the trust was in the other key
    assert info.trust is Trust.UNDECIDED
    assert ann.engine.alarms.open(ben.jid) == []
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    ann.restart()
    assert ann.info(ben).trust is Trust.VERIFIED
    assert ann.info(ben).fingerprint == eve.engine.fingerprint
    # The earlier one is another key now
    earlier = world.bundles[ben.device, protocol]
    effects = ann.engine.keys.bundle_received(ben.device, earlier)
    assert effects == [AlarmRaised(Alarm(AlarmKind.KEY_CHANGED, ben.device))]


def test_case_13_forged_messages_do_not_replace_what_is_compared(
    world: FakeNetwork,
) -> None:
    """Anybody could keep the user from comparing otherwise."""
    ann, ben = pair(world)
    first, second, real = (world.peer(f"{one}@test") for one in ("eve", "dan", "cat"))
    for forger in (first, second):
        message = forger.encrypt(b"I am Ann", ben.jid).messages[0]
        forged = dataclasses.replace(message, sender_device_id=ann.engine.device_id)
        with pytest.raises(IdentityKeyChanged):
            ben.engine.incoming.decrypt(ann.jid, [forged])
        assert ben.info(ann).presented == first.engine.fingerprint
    # What the server has counts more
    bundle = world.bundles[real.device, Protocol.LEGACY]
    ben.engine.keys.bundle_received(ann.device, bundle)
    assert ben.info(ann).presented == real.engine.fingerprint


def test_case_13_the_key_of_another_device_is_not_compared(
    world: FakeNetwork,
) -> None:
    ann, ben = pair(world)
    eve = world.peer("eve@test", protocols=LEGACY)
    ben.prepare(eve.jid)
    assert ben.info(eve).fingerprint == eve.engine.fingerprint
    message = eve.encrypt(b"I am Ann", ben.jid).messages[0]
    forged = dataclasses.replace(message, sender_device_id=ann.engine.device_id)
    with pytest.raises(IdentityKeyChanged):
        ben.engine.incoming.decrypt(ann.jid, [forged])
    assert ben.info(ann).key_changed
    assert ben.info(ann).presented is None


def test_case_13_a_refusal_that_is_undone_asks_again(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    eve = world.peer("eve@test", protocols=LEGACY)
    presented = world.bundles[eve.device, Protocol.LEGACY]
    ann.engine.keys.bundle_received(ben.device, presented)
    (alarm,) = ann.engine.alarms.open(ben.jid)
    ann.engine.alarms.answer(alarm, accept=False)
    assert ann.engine.alarms.open(ben.jid) == []
    ann.clock.now += 60
    ann.engine.trust.set_trust(ben.device, Trust.UNDECIDED)
    (again,) = ann.engine.alarms.open(ben.jid)
    assert (again, again.since) == (alarm, int(ann.clock.now))
    assert ann.engine.outgoing.plan([ben.jid]).unreachable == (ben.jid,)


def test_case_14_own_id_missing_is_announced_again_three_times(
    world: FakeNetwork,
) -> None:
    ann = world.peer("ann@test")
    stripped = DeviceList(Protocol.LEGACY, (ListedDevice(4711),))
    seen = []
    for _ in range(10):
        effects = ann.engine.keys.device_list_received(ann.jid, stripped)
        seen += [one for one in effects if isinstance(one, PublishDeviceList)]
    assert len(seen) == 3
    assert seen[0].device_list.ids == {4711, ann.engine.device_id}
    ann.carry_out(ann.engine.connected())
    assert any(
        isinstance(one, PublishDeviceList)
        for one in ann.engine.keys.device_list_received(ann.jid, stripped)
    )


def test_case_14_a_list_with_and_without_us_in_turn(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    stripped = DeviceList(Protocol.LEGACY, (ListedDevice(4711),))
    published = 0
    for _ in range(10):
        for one in ann.engine.keys.device_list_received(ann.jid, stripped):
            if isinstance(one, PublishDeviceList):
                published += 1
                ann.engine.keys.device_list_received(ann.jid, one.device_list)
    assert published == 3


def changed(bundle: Bundle, what: str, world: FakeNetwork) -> Bundle:
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
    world: FakeNetwork, protocols: tuple[Protocol, ...], what: str
) -> None:
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    bad = world.peer("ben@test", protocols=protocols)
    ann.send(b"x", ben)
    ann.engine.devices.forget(bad.device)
    protocol = protocols[0]
    good = world.bundles[bad.device, protocol]
    world.bundles[bad.device, protocol] = changed(good, what, world)
    ann.carry_out(
        ann.engine.keys.device_list_received(ben.jid, world.lists[ben.jid, protocol])
    )
    sent = ann.encrypt(b"y", ben.jid)
    assert sent.recipients == (ben.device,)
    assert [(one.device, one.reason) for one in sent.left_out] == [
        (bad.device, LeftOutReason.BUNDLE_REFUSED)
    ]
    assert ben.decrypt(ann, sent).plaintext == b"y"
    # A new, good bundle mends it
    world.bundles[bad.device, protocol] = good
    ann.clock.now += 3600
    assert bad.device in ann.encrypt(b"z", ben.jid).recipients


def test_case_35_malformed_bundle(world: FakeNetwork) -> None:
    ann = world.peer("ann@test", protocols=LEGACY)
    ben = world.peer("ben@test", protocols=LEGACY)
    bad = world.peer("ben@test", protocols=LEGACY)
    fetches = ann.engine.outgoing.plan([ben.jid]).effects
    ann.carry_out(fetches)
    wanted = ann.engine.outgoing.plan([ben.jid]).effects
    ann.carry_out([one for one in wanted if getattr(one, "device", 0) != bad.device])
    ann.engine.keys.bundle_malformed(bad.device, Protocol.LEGACY)
    plan = ann.engine.outgoing.plan([ben.jid])
    assert plan.ready
    assert plan.recipients == (ben.device,)
    assert [(one.device, one.reason) for one in plan.left_out] == [
        (bad.device, LeftOutReason.BUNDLE_REFUSED)
    ]


def test_case_35_bundle_of_a_device_nobody_listed(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    ben = world.peer("ben@test")
    bundle = world.bundles[ben.device, Protocol.LEGACY]
    with pytest.raises(BundleRefused):
        ann.engine.keys.bundle_received(Device("eve@test", 5), bundle)


def test_case_36_too_many_devices(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    many = tuple(ListedDevice(number) for number in range(1, 20_001))
    too_long = DeviceList(Protocol.LEGACY, many)

    def receive() -> None:
        effects = ann.engine.keys.device_list_received("eve@test", too_long)
        assert effects == [DevicesIgnored("eve@test", 19_800)]
        assert ann.engine.keys.device_list_received("eve@test", too_long) == []

    assert calls_of(receive) < 100_000
    assert len(ann.engine.devices.of("eve@test")) == 200


def test_case_36_changing_lists_do_not_fill_the_store(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    for start in range(1, 2000, 100):
        devices = tuple(ListedDevice(n) for n in range(start, start + 100))
        ann.engine.keys.device_list_received(
            "eve@test", DeviceList(Protocol.LEGACY, devices)
        )
    assert len(ann.engine.devices.of("eve@test")) == 100


def test_case_36_too_many_recipients(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Four devices stand for the thousand that would take a minute to make
    monkeypatch.setattr("omemo_plugin.engine.messages.encrypting.RECIPIENTS_MAX", 3)
    ann = world.peer("ann@test")
    for number in range(4):
        world.peer(f"ben{number}@test")
    everybody = [f"ben{number}@test" for number in range(4)]
    ann.prepare(*everybody)
    with pytest.raises(TooManyRecipients):
        ann.engine.outgoing.encrypt(everybody, {Protocol.LEGACY: b"x"})
    sent = ann.engine.outgoing.encrypt(everybody[:3], {Protocol.LEGACY: b"x"})
    assert len(sent.recipients) == 3


def test_case_38_own_devices_alone_are_nobody(world: FakeNetwork) -> None:
    ann, ben = pair(world)
    world.peer("ann@test", protocols=LEGACY)
    ann.engine.trust.set_trust(ben.device, Trust.DISTRUSTED)
    ann.prepare(ben.jid)
    plan = ann.engine.outgoing.plan([ben.jid])
    assert plan.unreachable == (ben.jid,)
    with pytest.raises(NoRecipient) as caught:
        ann.engine.outgoing.encrypt([ben.jid], {Protocol.LEGACY: b"x"})
    assert caught.value.jids == (ben.jid,)


def strangers(world: FakeNetwork, ann: Peer, count: int) -> list[Peer]:
    """Devices that no list names write for the first time, in their order."""
    made = []
    for _ in range(count):
        eve = world.peer("eve@test", protocols=(Protocol.OMEMO_2,), online=False)
        world.peers.remove(eve)
        sent = eve.encrypt(b"x", ann.jid)
        ann.clock.now += 1
        ann.engine.incoming.decrypt(eve.jid, sent.messages)
        made.append(eve)
    return made


def test_case_134_devices_without_end(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an account has made is forgotten, beyond a limit, the oldest first; what
    the user has decided stays."""
    monkeypatch.setattr("omemo_plugin.engine.state.core.UNLISTED_MAX", 4)
    ann, ben = pair(world, (Protocol.OMEMO_2,))
    core = ann.engine._core
    kept = strangers(world, ann, 2)
    for peer, trust in zip(kept, (Trust.DISTRUSTED, Trust.VERIFIED), strict=True):
        ann.engine.trust.set_trust(peer.device, trust)
    size = 0
    eves: list[Peer] = []
    for count in (10, 10):
        eves += strangers(world, ann, count)
        # What is not true any more goes
        ann.engine.alarms.open()
        ann.engine.commit()
        keys = [key for key in core.store.keys("/") if "eve@test" in key]
        assert not size or len(keys) == size
        size = len(keys)
    # One more is there until the next one comes
    newest = [peer.device for peer in eves[-5:]]
    assert {info.device for info in ann.engine.devices.of("eve@test")} == {
        *newest,
        *(peer.device for peer in kept),
    }
    for session in core.sessions.values():
        assert session.of(eves[0].device).current is None
    # One that was forgotten is as good as new, and nobody else has lost anything
    assert ann.send(b"x", ben).plaintext == b"x"
    sent = eves[0].engine.outgoing.encrypt([ann.jid], {Protocol.OMEMO_2: b"y"})
    again = ann.engine.incoming.decrypt("eve@test", sent.messages)
    assert again.plaintext == b"y"
    for peer in (*kept, *eves):
        peer.engine.close()


def test_case_134_a_list_that_changes_without_end(
    world: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omemo_plugin.engine.state.core.UNLISTED_MAX", 4)
    ann, ben = pair(world, (Protocol.OMEMO_2,))
    for _ in range(8):
        peer = world.peer(ben.jid, protocols=(Protocol.OMEMO_2,))
        entries = (
            ListedDevice(ben.engine.device_id),
            ListedDevice(peer.engine.device_id),
        )
        world.publish_list(ben.jid, DeviceList(Protocol.OMEMO_2, entries))
        ann.clock.now += 1
        ann.encrypt(b"x", ben.jid)
        world.peers.remove(peer)
        peer.engine.close()
    # The last one is listed
    assert len(ann.engine.devices.of(ben.jid)) == 1 + 4 + 1
    assert ann.send(b"x", ben).plaintext == b"x"


@both_protocols
def test_case_139_a_bundle_that_somebody_has_copied(
    world: FakeNetwork, protocols: tuple[Protocol, ...]
) -> None:
    """Whoever shows it first is taken for its owner, until the user refuses that
    one."""
    ann, ben, eve = (
        world.peer(f"{name}@test", protocols=protocols)
        for name in ("ann", "ben", "eve")
    )
    (protocol,) = protocols
    world.bundles[eve.device, protocol] = world.bundles[ben.device, protocol]
    ann.encrypt(b"x", eve.jid)
    alarm = Alarm(AlarmKind.BORROWED_KEY, ben.device, ann.engine._core.now(), eve.jid)
    with pytest.raises(NoRecipient):
        ann.encrypt(b"x", ben.jid)
    assert ann.engine.alarms.open() == [alarm]
    with pytest.raises(IdentityKeyChanged):
        ben.send(b"x", ann)
    ann.engine.trust.set_trust(eve.device, Trust.DISTRUSTED)
    ann.engine.alarms.answer(alarm, accept=True)
    ann.clock.now += 60
    assert ben.send(b"y", ann).plaintext == b"y"
    assert ann.send(b"z", ben).plaintext == b"z"
    # Now it is the other one that shows a key which is not its own
    with pytest.raises(NoRecipient):
        ann.encrypt(b"x", eve.jid)
    ann.engine.keys.bundle_received(eve.device, world.bundles[eve.device, protocol])
    (alarm,) = ann.engine.alarms.open()
    assert (alarm.kind, alarm.device, alarm.owner) == (
        AlarmKind.BORROWED_KEY,
        eve.device,
        ben.jid,
    )
