# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that does not take what this device publishes."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import KeysHidden
from omemo_plugin.engine.effects import KeysNotTaken
from omemo_plugin.engine.effects import PublishBundle
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

Publication = PublishBundle | PublishDeviceList


def refuse(peer: Peer, kind: type[Publication], *, refused: bool = True) -> int:
    """Connect to a server that takes nothing of one kind.

    :param refused: it says so; otherwise there is no answer
    :returns: how often it was asked to
    """
    todo: list[Effect] = peer.engine.connected()
    asked = 0
    while todo:
        effect = todo.pop(0)
        if isinstance(effect, kind):
            asked += 1
            todo += peer.engine.publication.publish_failed(effect, refused=refused)
        else:
            todo += peer._carry_out(effect)
    return asked


@pytest.mark.parametrize("kind", [PublishBundle, PublishDeviceList])
def test_a_server_that_refuses_is_asked_three_times_and_the_user_told(
    world: FakeNetwork, kind: type[Publication]
) -> None:
    ann = world.peer("ann@test")
    world.lists.clear()
    world.bundles.clear()
    # Asked again at the next connection, and not said again
    for _ in range(2):
        assert refuse(ann, kind) == 3 * len(Protocol)
        assert ann.news.count(KeysNotTaken()) == 1


@pytest.mark.parametrize("kind", [PublishBundle, PublishDeviceList])
def test_a_server_that_does_not_answer_has_refused_nothing(
    world: FakeNetwork, kind: type[Publication]
) -> None:
    ann = world.peer("ann@test")
    world.lists.clear()
    world.bundles.clear()
    assert refuse(ann, kind, refused=False) == 3 * len(Protocol)
    assert KeysNotTaken() not in ann.news
    refuse(ann, kind)
    assert ann.news.count(KeysNotTaken()) == 1


def test_that_not_everybody_can_read_the_keys_is_said_once(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    assert ann.engine.publication.stays_closed() == [KeysHidden()]
    assert ann.engine.publication.stays_closed() == []
    ann.restart()
    ann.online()
    assert ann.engine.publication.stays_closed() == [KeysHidden()]


def test_who_publishes_nothing_is_told_of_no_refusal(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    (bundle, *_) = (
        PublishBundle(ann.engine.device_id, prekeys.bundle())
        for prekeys in ann.engine._core.prekeys.values()
    )
    ann.engine.publication.withdraw()
    assert ann.engine.publication.publish_failed(bundle) == []
    assert ann.engine.publication.stays_closed() == []
