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
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import TemporaryDevice
from tests.support.world import Peer
from tests.support.world import World

ALICE = "alice@example.org"
LABEL = "Temporary device"

Boot = Callable[[], Peer]


@pytest.fixture
def boot(world: World) -> Boot:
    """Start a new temporary device of Alice's, as each boot without storage does."""

    def start() -> Peer:
        peer = world.peer(ALICE, online=False)
        peer.engine.temporary = True
        peer.engine.label = LABEL
        peer.online()
        return peer

    return start


def leave(peer: Peer) -> None:
    """Go in good order."""
    peer.carry_out(peer.engine.withdraw())
    peer.world.temporary[ALICE].pop(peer.engine.device_id)


def unplug(peer: Peer) -> int:
    """End without a word; returns the id."""
    peer.world.peers.remove(peer)
    number = peer.engine.device_id
    peer.engine.close()
    return number


def listed(world: World, protocol: Protocol) -> set[int]:
    found = world.lists.get((ALICE, protocol))
    return set() if found is None else set(found.ids)


def published(world: World, device_id: int) -> bool:
    device = Device(ALICE, device_id)
    return any((device, protocol) in world.bundles for protocol in Protocol)


def test_the_label_is_signed(world: World, boot: Boot) -> None:
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


def test_without_a_record_it_is_listed_all_the_same(world: World) -> None:
    """A server without private nodes; nobody can tidy up then."""
    peer = world.peer(ALICE, online=False)
    peer.engine.temporary = True
    effects = peer.engine.connected()
    wanted = [e for e in effects if not isinstance(e, FetchTemporaryDevices)]
    assert wanted != effects
    peer.carry_out(wanted)
    assert not listed(world, Protocol.LEGACY)
    peer.carry_out(peer.engine.temporary_devices_unavailable())
    for protocol in Protocol:
        assert listed(world, protocol) == {peer.engine.device_id}


def test_leaving_leaves_nothing(world: World, boot: Boot) -> None:
    stays = world.peer(ALICE)
    before = dict(world.lists)
    goes = boot()
    leave(goes)
    for protocol in Protocol:
        assert listed(world, protocol) == {stays.engine.device_id}
    assert not published(world, goes.engine.device_id)
    assert before.keys() == world.lists.keys()


def test_nothing_comes_back_on_the_way_out(world: World, boot: Boot) -> None:
    """The server's own event about our list is not answered any more."""
    goes = boot()
    leave(goes)
    for protocol in Protocol:
        effects = goes.engine.device_list_received(ALICE, world.lists[ALICE, protocol])
        assert effects == []
    assert goes.engine.catch_up_ended() == []
    assert goes.engine.tick() == []


def test_coming_back_after_leaving(world: World, boot: Boot) -> None:
    """The same for a device whose keys are kept."""
    peer = boot()
    leave(peer)
    peer.online()
    assert listed(world, Protocol.LEGACY) == {peer.engine.device_id}
    assert published(world, peer.engine.device_id)


def test_the_next_one_tidies_up(world: World, boot: Boot) -> None:
    stays = world.peer(ALICE)
    lost = unplug(boot())
    here = boot()
    here.carry_out(here.engine.tidy_temporary(()))
    for protocol in Protocol:
        assert listed(world, protocol) == {
            stays.engine.device_id,
            here.engine.device_id,
        }
    assert not published(world, lost)
    assert set(world.temporary[ALICE]) == {here.engine.device_id}


def test_who_is_online_is_left_alone(world: World, boot: Boot) -> None:
    there = boot()
    here = boot()
    here.carry_out(here.engine.tidy_temporary({there.engine.device_id}))
    assert there.engine.device_id in listed(world, Protocol.LEGACY)
    assert published(world, there.engine.device_id)


def test_case_49_other_keys_are_another_device(world: World, boot: Boot) -> None:
    """SECURITY: a record does not help to remove a device that is not its own."""
    stays = world.peer(ALICE)
    number = stays.engine.device_id
    world.temporary[ALICE] = {number: TemporaryDevice(number, "ab" * 32)}
    here = boot()
    here.carry_out(here.engine.tidy_temporary(()))
    for protocol in Protocol:
        assert number in listed(world, protocol)
    assert published(world, number)
    assert number not in world.temporary[ALICE]


def test_a_server_that_does_not_answer_removes_nothing(
    world: World, boot: Boot
) -> None:
    number = unplug(boot())
    here = boot()
    assert here.engine.tidy_temporary(())
    for protocol in Protocol:
        here.carry_out(
            here.engine.bundle_unavailable(
                Device(ALICE, number), protocol, permanent=False
            )
        )
    assert number in listed(world, Protocol.LEGACY)
    assert number in world.temporary[ALICE]


def test_lists_that_are_not_known_are_not_written(world: World, boot: Boot) -> None:
    boot()
    here = world.peer(ALICE, online=False)
    here.engine.connected()
    records = tuple(world.temporary[ALICE].values())
    here.engine.temporary_devices_received(records)
    assert here.engine.tidy_temporary(()) == []


def test_a_device_that_stays_after_all(world: World, boot: Boot) -> None:
    peer = boot()
    peer.engine.temporary = False
    peer.engine.label = None
    peer.carry_out(peer.engine.publish_again())
    assert not world.temporary[ALICE]
    (entry,) = world.lists[ALICE, Protocol.OMEMO_2].devices
    assert entry == ListedDevice(peer.engine.device_id)


def test_three_boots(world: World, boot: Boot) -> None:
    """In good order, with the plug pulled, and in good order again."""
    stays = world.peer(ALICE)
    leave(boot())
    unplug(boot())
    last = boot()
    last.carry_out(last.engine.tidy_temporary(()))
    leave(last)
    for protocol in Protocol:
        assert listed(world, protocol) == {stays.engine.device_id}
    assert {d.device_id for d, _p in world.bundles} == {stays.engine.device_id}
    assert not world.temporary[ALICE]
