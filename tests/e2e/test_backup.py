# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key store of a real Gajim is put back from a backup."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_47_a_backup_is_put_back(new_scene: MakeScene, suite: str) -> None:
    """New sessions: both sides read on, and the key stays."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    open_chats(alice, bob)
    before = tell(alice, bob, "before")[1]
    tell(bob, alice, "before")
    alice.quit()
    saved = {path: path.read_bytes() for path in alice.our_stores()}
    assert saved
    alice.start()
    open_chats(alice, bob)
    tell(alice, bob, "after the backup")
    tell(bob, alice, "after the backup")
    alice.quit()
    for path, content in saved.items():
        path.write_bytes(content)
    alice.start()
    open_chats(alice, bob)
    wait_for(
        "the user is told",
        lambda: "The keys on this computer are old" in alice.call("dock")["texts"],
    )
    alice.screenshot(f"old-keys-{suite}")
    alice.call("press_in_dock", label="I understand")
    assert "The keys on this computer are old" not in alice.call("dock")["texts"]
    after = tell(alice, bob, "from the backup")[1]
    tell(bob, alice, "to the backup")
    assert after.key == before.key
    check_scene(scene)
