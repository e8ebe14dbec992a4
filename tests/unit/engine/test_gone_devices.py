# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A contact's device is taken off the lists; what it was written may not be read."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.effects import DeviceGone
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Unanswered
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.unit.engine.trust_peers import meet

BEN = "ben@test"
ANOTHER = 99

Pair = tuple[Peer, Peer]


@pytest.fixture(params=[(Protocol.LEGACY,), (Protocol.OMEMO_2,), tuple(Protocol)])
def pair(world: FakeNetwork, request: pytest.FixtureRequest) -> Pair:
    """Ann and Ben, who have written to each other."""
    ann = world.peer("ann@test", protocols=request.param)
    ben = world.peer(BEN, protocols=request.param)
    meet(ann, ben)
    for _ in range(2):
        ben.decrypt(ann, ann.encrypt(b"x", BEN))
        ben.send(b"x", ann)
    return ann, ben


def take_off(peer: Peer, jid: str, protocol: Protocol) -> list[Device]:
    """The account lists another device alone; the devices that are said to be gone."""
    another = DeviceList(protocol, (ListedDevice(ANOTHER),))
    effects = peer.engine.keys.device_list_received(jid, another)
    return [one.device for one in effects if isinstance(one, DeviceGone)]


def test_it_is_said_once_when_it_is_off_all_lists(pair: Pair) -> None:
    ann, ben = pair
    gone = [take_off(ann, BEN, protocol) for protocol in ann.protocols]
    assert gone[-1] == [ben.device]
    assert not any(gone[:-1])
    assert not any(take_off(ann, BEN, protocol) for protocol in ann.protocols)


def test_an_own_device_is_none_of_them(world: FakeNetwork, pair: Pair) -> None:
    ann, _ben = pair
    other = world.peer("ann@test", protocols=ann.protocols)
    meet(ann, other)
    for protocol in ann.protocols:
        assert take_off(ann, "ann@test", protocol) == []


def test_what_was_not_answered_is_counted(pair: Pair) -> None:
    ann, ben = pair
    began = ann.clock.now
    assert ann.engine.devices.unanswered(ben.device) == Unanswered(0, began)
    ann.clock.now += 100
    for count in (1, 2):
        text = ann.encrypt(b"x", BEN)
        assert ann.engine.devices.unanswered(ben.device).count == count
    ben.decrypt(ann, text)
    ben.send(b"x", ann)
    assert ann.engine.devices.unanswered(ben.device) == Unanswered(0, began + 100)


def test_it_is_known_after_a_restart(pair: Pair) -> None:
    """When it was heard, to the hour."""
    ann, ben = pair
    began = ann.clock.now
    ann.clock.now += 100
    ben.decrypt(ann, ann.encrypt(b"x", BEN))
    ben.send(b"x", ann)
    ann.encrypt(b"x", BEN)
    ann.engine.commit()
    ann.restart()
    assert ann.engine.devices.unanswered(ben.device) == Unanswered(1, began)


def test_a_device_that_is_not_known(pair: Pair) -> None:
    ann, _ben = pair
    assert ann.engine.devices.unanswered(Device(BEN, ANOTHER)) == Unanswered(0, 0)
