# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporary devices: what they publish, take back, and leave to the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import xeddsa

from omemo_plugin.engine.effects import FetchTemporaryDevices
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.effects import PublishTemporaryDevice
from omemo_plugin.engine.values import AlarmKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import TemporaryDevice
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

ALICE = "alice@example.org"
LABEL = "Temporary device"

Boot = Callable[[], Peer]


@pytest.fixture
def boot(world: FakeNetwork) -> Boot:
    """Start a new temporary device of Alice's, as each boot without storage does."""

    def start() -> Peer:
        peer = world.peer(ALICE, online=False)
        peer.engine.temporary.active = True
        peer.engine.publication.label = LABEL
        peer.online()
        return peer

    return start


def leave(peer: Peer) -> None:
    """Go in good order."""
    peer.carry_out(peer.engine.temporary.withdraw())
    peer.world.temporary[ALICE].pop(peer.engine.device_id)


def unplug(peer: Peer) -> int:
    """End without a word; returns the id."""
    peer.world.peers.remove(peer)
    number = peer.engine.device_id
    peer.engine.close()
    return number


def listed(world: FakeNetwork, protocol: Protocol) -> set[int]:
    found = world.lists.get((ALICE, protocol))
    return set() if found is None else set(found.ids)


def published(world: FakeNetwork, device_id: int) -> bool:
    device = Device(ALICE, device_id)
    return any((device, protocol) in world.bundles for protocol in Protocol)


def test_the_label_is_signed(world: FakeNetwork, boot: Boot) -> None:
    engine = boot().engine
    (entry,) = world.lists[ALICE, Protocol.OMEMO_2].devices
    assert entry.label == LABEL
    assert entry.label_signature is not None
    assert xeddsa.ed25519_verify(
        entry.label_signature, engine.identity_key, LABEL.encode()
    )
    (legacy,) = world.lists[ALICE, Protocol.LEGACY].devices
    assert legacy == ListedDevice(engine.device_id)


def test_the_record_comes_before_the_lists(boot: Boot) -> None:
    log = boot().log
    record = next(i for i, e in enumerate(log) if isinstance(e, PublishTemporaryDevice))
    first = next(i for i, e in enumerate(log) if isinstance(e, PublishDeviceList))
    assert record < first


def test_without_a_record_it_is_listed_all_the_same(world: FakeNetwork) -> None:
    """A server without private nodes; nobody can tidy up then."""
    peer = world.peer(ALICE, online=False)
    peer.engine.temporary.active = True
    effects = peer.engine.connected()
    wanted = [e for e in effects if not isinstance(e, FetchTemporaryDevices)]
    assert wanted != effects
    peer.carry_out(wanted)
    assert not listed(world, Protocol.LEGACY)
    peer.carry_out(peer.engine.temporary.records_unavailable())
    for protocol in Protocol:
        assert listed(world, protocol) == {peer.engine.device_id}


def test_leaving_leaves_nothing(world: FakeNetwork, boot: Boot) -> None:
    stays = world.peer(ALICE)
    before = dict(world.lists)
    goes = boot()
    leave(goes)
    for protocol in Protocol:
        assert listed(world, protocol) == {stays.engine.device_id}
    assert not published(world, goes.engine.device_id)
    assert before.keys() == world.lists.keys()


def test_a_leaving_device_is_not_announced_again(
    world: FakeNetwork, boot: Boot
) -> None:
    """The server's own event about our list is not answered any more."""
    goes = boot()
    leave(goes)
    for protocol in Protocol:
        effects = goes.engine.keys.device_list_received(
            ALICE, world.lists[ALICE, protocol]
        )
        assert effects == []
    assert goes.engine.catch_up_ended() == []
    assert goes.engine.tick() == []


def test_coming_back_after_leaving(world: FakeNetwork, boot: Boot) -> None:
    """A device whose keys are kept is announced again when it comes back."""
    peer = boot()
    leave(peer)
    peer.online()
    assert listed(world, Protocol.LEGACY) == {peer.engine.device_id}
    assert published(world, peer.engine.device_id)


def test_the_next_one_tidies_up(world: FakeNetwork, boot: Boot) -> None:
    stays = world.peer(ALICE)
    lost = unplug(boot())
    here = boot()
    here.carry_out(here.engine.temporary.tidy(()))
    for protocol in Protocol:
        assert listed(world, protocol) == {
            stays.engine.device_id,
            here.engine.device_id,
        }
    assert not published(world, lost)
    assert set(world.temporary[ALICE]) == {here.engine.device_id}


def test_an_online_temporary_device_is_left_alone(
    world: FakeNetwork, boot: Boot
) -> None:
    there = boot()
    here = boot()
    here.carry_out(here.engine.temporary.tidy({there.engine.device_id}))
    assert there.engine.device_id in listed(world, Protocol.LEGACY)
    assert published(world, there.engine.device_id)


def test_case_49_other_keys_are_another_device(world: FakeNetwork, boot: Boot) -> None:
    """SECURITY: a record does not help to remove a device that is not its own."""
    stays = world.peer(ALICE)
    number = stays.engine.device_id
    world.temporary[ALICE] = {number: TemporaryDevice(number, "ab" * 32)}
    here = boot()
    here.carry_out(here.engine.temporary.tidy(()))
    for protocol in Protocol:
        assert number in listed(world, protocol)
    assert published(world, number)
    assert number not in world.temporary[ALICE]


@pytest.mark.parametrize("trust", Trust)
def test_case_133_no_verified_device_goes_in_silence(
    world: FakeNetwork, trust: Trust
) -> None:
    """SECURITY: the server can write a record with the fingerprint of any device."""
    stays, here = world.peer(ALICE), world.peer(ALICE)
    here.prepare(ALICE)
    here.engine.trust.set_trust(stays.device, trust)
    # Away, as the server says
    world.peers.remove(stays)
    world.temporary[ALICE] = {stays.engine.device_id: stays.engine.temporary.own_record}
    here.online()
    here.carry_out(here.engine.temporary.tidy(()))
    here.online()
    gone = [
        alarm.device
        for alarm in here.engine.alarms.open(ALICE)
        if alarm.kind is AlarmKind.VERIFIED_DEVICE_GONE
    ]
    assert gone == ([stays.device] if trust is Trust.VERIFIED else [])
    assert stays.engine.device_id not in listed(world, Protocol.OMEMO_2)
    stays.engine.close()


def test_a_server_that_does_not_answer_removes_nothing(
    world: FakeNetwork, boot: Boot
) -> None:
    number = unplug(boot())
    here = boot()
    assert here.engine.temporary.tidy(())
    for protocol in Protocol:
        here.carry_out(
            here.engine.keys.bundle_unavailable(
                Device(ALICE, number), protocol, permanent=False
            )
        )
    assert number in listed(world, Protocol.LEGACY)
    assert number in world.temporary[ALICE]


def test_lists_that_are_not_known_are_not_written(
    world: FakeNetwork, boot: Boot
) -> None:
    boot()
    here = world.peer(ALICE, online=False)
    here.engine.connected()
    records = tuple(world.temporary[ALICE].values())
    here.engine.temporary.records_received(records)
    assert here.engine.temporary.tidy(()) == []


def test_a_device_that_stays_after_all(world: FakeNetwork, boot: Boot) -> None:
    peer = boot()
    peer.engine.temporary.active = False
    peer.engine.publication.label = None
    peer.carry_out(peer.engine.keys.publish_again())
    assert not world.temporary[ALICE]
    (entry,) = world.lists[ALICE, Protocol.OMEMO_2].devices
    assert entry == ListedDevice(peer.engine.device_id)


def test_three_boots(world: FakeNetwork, boot: Boot) -> None:
    """In good order, with the plug pulled, and in good order again."""
    stays = world.peer(ALICE)
    leave(boot())
    unplug(boot())
    last = boot()
    last.carry_out(last.engine.temporary.tidy(()))
    leave(last)
    for protocol in Protocol:
        assert listed(world, protocol) == {stays.engine.device_id}
    assert {d.device_id for d, _p in world.bundles} == {stays.engine.device_id}
    assert not world.temporary[ALICE]


@pytest.mark.parametrize("answered", [False, True])
def test_leaving_while_an_earlier_device_is_being_removed(
    world: FakeNetwork, boot: Boot, answered: bool
) -> None:
    """The answers about the earlier device come when this one has gone."""
    stays = world.peer(ALICE)
    lost = unplug(boot())
    here = boot()
    effects = here.engine.temporary.tidy(()) if answered else []
    leave(here)
    here.carry_out(effects or here.engine.temporary.tidy(()))
    for protocol in Protocol:
        assert listed(world, protocol) == {stays.engine.device_id, lost}
    assert not published(world, here.engine.device_id)
    assert set(world.temporary[ALICE]) == {lost}

    last = boot()
    last.carry_out(last.engine.temporary.tidy(()))
    leave(last)
    for protocol in Protocol:
        assert listed(world, protocol) == {stays.engine.device_id}
    assert not world.temporary[ALICE]
