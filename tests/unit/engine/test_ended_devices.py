# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device whose identity has ended, and that the server still lists."""

from __future__ import annotations

from omemo_plugin.engine.effects import AlarmRaised
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

ALICE = "alice@example.org"
BOB = "bob@example.org"


def start_anew(world: FakeNetwork) -> tuple[Peer, int]:
    """A new identity, while the server still has the old device."""
    old = world.peer(ALICE)
    number = old.engine.device_id
    world.peers.remove(old)
    old.engine.close()
    new = world.peer(ALICE, online=False)
    new.engine.publication.ended = frozenset({number})
    new.online()
    return new, number


def test_it_is_neither_listed_again_nor_said(world: FakeNetwork) -> None:
    new, number = start_anew(world)
    for protocol in Protocol:
        assert world.lists[ALICE, protocol].ids == {new.engine.device_id}
    assert [info.device.device_id for info in new.engine.devices.of(ALICE)] == [
        new.engine.device_id
    ]
    assert not [one for one in new.news if isinstance(one, NewDevices | AlarmRaised)]
    assert number != new.engine.device_id


def test_case_114_nothing_is_encrypted_for_it(world: FakeNetwork) -> None:
    """The server may have put other keys there."""
    new, number = start_anew(world)
    bob = world.peer(BOB)
    bob.send(b"hello", new)
    sent = new.encrypt(b"to all", BOB)
    ids = {key.device_id for message in sent.messages for key in message.keys}
    assert number not in ids
    assert bob.engine.device_id in ids


def test_another_device_stays(world: FakeNetwork) -> None:
    phone = world.peer(ALICE)
    new, number = start_anew(world)
    for protocol in Protocol:
        ids = world.lists[ALICE, protocol].ids
        assert ids == {phone.engine.device_id, new.engine.device_id}
        assert number not in ids
