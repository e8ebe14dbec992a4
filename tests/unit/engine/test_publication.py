# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new device is published when the user has said that it is to be used."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.effects import PublishBundle
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

ALICE = "alice@example.org"
BOB = "bob@example.org"


def published(peer: Peer) -> list[object]:
    return [
        one for one in peer.log if isinstance(one, PublishBundle | PublishDeviceList)
    ]


@pytest.fixture(params=[False, True], ids=["first-device", "second-device"])
def waiting(world: FakeNetwork, request: pytest.FixtureRequest) -> Peer:
    """A new device that is online, and waits."""
    if request.param:
        world.peer(ALICE)
    peer = world.peer(ALICE, online=False)
    peer.engine.publication.wait()
    peer.online()
    return peer


def test_nothing_is_published_before(world: FakeNetwork, waiting: Peer) -> None:
    others = {
        protocol: world.lists[ALICE, protocol].ids
        for protocol in Protocol
        if (ALICE, protocol) in world.lists
    }
    waiting.engine.tick()
    waiting.restart()
    assert waiting.engine.publication.waits
    waiting.online()
    waiting.carry_out(waiting.engine.keys.publish_again())
    assert published(waiting) == []
    for protocol, ids in others.items():
        assert world.lists[ALICE, protocol].ids == ids
        assert waiting.engine.device_id not in ids


def test_the_bundles_come_first(world: FakeNetwork, waiting: Peer) -> None:
    waiting.carry_out(waiting.engine.publication.begin())
    kinds = [type(one) for one in published(waiting)]
    assert kinds == [PublishBundle, PublishBundle, PublishDeviceList, PublishDeviceList]
    for protocol in Protocol:
        assert waiting.engine.device_id in world.lists[ALICE, protocol].ids
    # Once
    assert waiting.engine.publication.begin() == []
    waiting.restart()
    waiting.online()
    assert len(published(waiting)) == 4
    bob = world.peer(BOB)
    bob.send(b"hello", waiting)


def test_a_list_without_another_device_does_not_have_it(world: FakeNetwork) -> None:
    """As when the unused device of another program is taken off."""
    other = world.peer(ALICE)
    world.peers.remove(other)
    other.engine.close()
    new = world.peer(ALICE, online=False)
    new.engine.publication.wait()
    new.online()
    new.carry_out(new.engine.devices.remove_own(other.device))
    for protocol in Protocol:
        assert world.lists[ALICE, protocol].ids == set()
