# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices that are gone with the session, as in a Tails without storage."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim import Gajim
from tests.support.hosts import GAJIM_VERSIONS
from tests.support.scene import OURS_FROM_SYSTEM
from tests.support.scene import Scene
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]

RECORDS = "urn:x-omemo-plugin:temporary-devices:0"


def listed(scene: Scene) -> dict[str, frozenset[str]]:
    """Alice's device lists as the server has them now."""
    return scene.server.listed_devices(scene.server.accounts["alice"])


def boot(scene: Scene, suite: str, number: int) -> Gajim:
    """Start Tails anew: nothing is there but the account's password."""
    alice = scene.gajim(
        suite,
        "alice",
        OURS_FROM_SYSTEM,
        name=f"boot-{number}",
        environment={"OMEMO_TEMPORARY_DEVICE": "1"},
    )
    alice.start()
    return alice


@every_suite
def test_three_amnesic_boots(new_scene: MakeScene, suite: str) -> None:
    """Quit, unplugged, gone offline: the lists are as they were."""
    scene = new_scene("alice", "bob")
    phone = scene.gajim(suite, "alice", OURS_FROM_SYSTEM, name="phone")
    bob = scene.gajim(suite, "bob", OURS_FROM_SYSTEM)
    start_all([phone, bob])
    before = listed(scene)
    assert all(len(ids) == 1 for ids in before.values()), before

    one = boot(scene, suite, 1)
    assert any(before[node] < listed(scene)[node] for node in before)
    assert scene.server.stanzas_with("label='Temporary device'")
    open_chats(one, bob)
    tell(one, bob, "from a device that will not stay")
    one.quit()
    assert listed(scene) == before

    two = boot(scene, suite, 2)
    two.kill()
    assert listed(scene) != before, "it had no time to go"

    three = boot(scene, suite, 3)
    wait_for(
        "the unplugged one is off the lists",
        lambda: all(len(ids) == 2 for ids in listed(scene).values()),
        timeout=40,
    )
    three.set_online(False)
    assert listed(scene) == before
    assert '["id"]' not in scene.server.kept_in_node(
        scene.server.accounts["alice"], RECORDS
    )
    assert phone.online()
