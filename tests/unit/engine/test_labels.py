# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import unicodedata

import pytest

from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.unit.engine.trust_peers import meet


@pytest.fixture
def pair(world: FakeNetwork) -> tuple[Peer, Peer]:
    ann, ben = world.peer("ann@test"), world.peer("ben@test")
    meet(ann, ben)
    return ann, ben


def shown(ann: Peer, ben: Peer, label: str, signature: bytes | None) -> str | None:
    entry = ListedDevice(ben.engine.device_id, label, signature)
    ann.engine.keys.device_list_received(
        ben.jid, DeviceList(Protocol.OMEMO_2, (entry,))
    )
    return ann.info(ben).label


def test_case_64_a_signed_label_is_shown(pair: tuple[Peer, Peer]) -> None:
    ann, ben = pair
    label = "Ben’s phone 📱"
    assert shown(ann, ben, label, ben.engine._core.sign(label)) == label


def test_case_64_others_are_not(pair: tuple[Peer, Peer]) -> None:
    ann, ben = pair
    good = ben.engine._core.sign("phone")
    for signature in (
        None,
        b"",
        bytes(64),
        good[:63],
        good[:-1] + bytes([good[-1] ^ 1]),
        ann.engine._core.sign("phone"),
        ben.engine._core.sign("laptop"),
    ):
        assert shown(ann, ben, "phone", signature) is None


@pytest.mark.parametrize(
    "label",
    ["a\u202eb\u2066c\u200fd", "one\nline\r\x00\x1b[31m", "x" * 10_000, "a\ufeff"],
)
def test_case_64_controls_and_length(pair: tuple[Peer, Peer], label: str) -> None:
    ann, ben = pair
    found = shown(ann, ben, label, ben.engine._core.sign(label))
    assert found
    assert len(found) <= 53
    assert all(unicodedata.category(one)[0] != "C" for one in found)


def test_case_64_nothing_is_left(pair: tuple[Peer, Peer]) -> None:
    ann, ben = pair
    for label in ("", "\u202e\n"):
        assert shown(ann, ben, label, ben.engine._core.sign(label)) is None


def published(peer: Peer) -> ListedDevice:
    """The peer's own entry in its OMEMO 2 list."""
    devices = peer.world.lists[peer.jid, Protocol.OMEMO_2].devices
    return next(one for one in devices if one.device_id == peer.engine.device_id)


def name_it(peer: Peer, text: str) -> None:
    peer.engine.publication.choose_label(text)
    peer.carry_out(peer.engine.keys.publish_again())


def test_the_own_label_is_signed_and_read(pair: tuple[Peer, Peer]) -> None:
    ann, ben = pair
    assert published(ben).label is None
    name_it(ben, "Ben’s desk 🖥")
    entry = published(ben)
    assert entry.label == "Ben’s desk 🖥"
    assert shown(ann, ben, entry.label, entry.label_signature) == entry.label
    # OMEMO 0.3 has no place for it
    legacy = ben.world.lists[ben.jid, Protocol.LEGACY].devices
    assert ListedDevice(ben.engine.device_id) in legacy
    # It goes as it came
    name_it(ben, "")
    assert published(ben) == ListedDevice(ben.engine.device_id)


def test_the_own_label_is_kept(pair: tuple[Peer, Peer]) -> None:
    _ann, ben = pair
    name_it(ben, "desk")
    ben.restart()
    assert ben.engine.publication.chosen_label == "desk"
    # As the settings do at each start
    ben.engine.publication.label = ben.engine.publication.chosen_label
    ben.online()
    assert published(ben).label == "desk"


@pytest.mark.parametrize("text", ["a\u202eb\nc" + "d" * 100, "x" * 5000])
def test_the_own_label_is_one_that_others_can_show(
    pair: tuple[Peer, Peer], text: str
) -> None:
    _ann, ben = pair
    name_it(ben, text)
    label = published(ben).label
    assert label is not None
    assert len(label) <= 53
    assert all(unicodedata.category(one)[0] != "C" for one in label)


def test_a_label_of_nothing_is_none(pair: tuple[Peer, Peer]) -> None:
    _ann, ben = pair
    name_it(ben, " \u202e\n")
    assert published(ben).label is None
