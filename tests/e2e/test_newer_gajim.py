# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A newer Gajim opens the profile of an older one, as when Tails 6 becomes Tails 7."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS_FROM_SYSTEM
from tests.support.gajim.scene import Scene
from tests.support.processes import copy_tree
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

QUESTION = "Keep your key?"

each_way = pytest.mark.parametrize(
    ("before", "suite"),
    [
        pytest.param(OURS_FROM_SYSTEM, "trixie", id="ours-2.1"),
        pytest.param(OURS_FROM_SYSTEM, "forky", id="ours-2.6"),
        pytest.param(GAJIM_OMEMO, "trixie", id="gajim-omemo-2.1"),
    ],
)


def move(scene: Scene, old: Gajim, suite: str) -> Gajim:
    """Give the profile to another Gajim, which has our plugin."""
    new = scene.gajim(
        suite, "alice", OURS_FROM_SYSTEM, name=f"alice-{suite}", accessible=True
    )
    shutil.rmtree(new.home)
    copy_tree(old.home, new.home)
    # Its device is there, also while the question is not answered
    new._published = True
    return new


def listed(scene: Scene) -> frozenset[str]:
    """The ids in any of Alice's device lists."""
    lists = scene.server.listed_devices(scene.server.accounts["alice"])
    return frozenset().union(*lists.values())


@each_way
def test_the_contact_notices_nothing(
    new_scene: MakeScene, before: str, suite: str
) -> None:
    """The same key and the same sessions. What was sent in between arrives once."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim("bookworm", "alice", before)
    bob = scene.gajim("trixie", "bob", BUILT_IN)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    wait_until_known(scene.server, bob, alice)
    open_chats(alice, bob)
    key = tell(alice, bob, "with the older Gajim")[1].key
    tell(bob, alice, "with the older Gajim")
    assert key is not None
    devices = listed(scene)
    assert len(devices) == 1
    lines = [row.text for row in bob.rows() if row.type not in ("chat", "date")]
    alice.quit()
    meanwhile = secret("in between")
    bob.send(meanwhile)
    alice = move(scene, alice, suite)
    alice.start()
    if before == GAJIM_OMEMO:
        wait_for(
            "the question is asked", lambda: QUESTION in alice.accessibility().windows()
        )
        alice.accessibility().press(QUESTION, "Keep my key")
    alice.open_chat(bob.account.jid, "OMEMO")
    alice.wait_for_message(meanwhile)
    assert tell(alice, bob, "with the newer Gajim")[1].key == key
    tell(bob, alice, "with the newer Gajim")
    alice.screenshot("newer")
    assert [row.text for row in alice.messages()].count(meanwhile) == 1
    assert listed(scene) == devices
    after = [row.text for row in bob.rows() if row.type not in ("chat", "date")]
    assert after == lines
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))
