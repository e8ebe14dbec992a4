# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gajims without our plugin: a failure here is the harness's or the machine's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import IN_ROOT
from tests.support.servers.hosts import debian_root
from tests.support.waiting import wait_for


@pytest.mark.parametrize(
    ("suite", "omemo"), [("bookworm", GAJIM_OMEMO), ("trixie", BUILT_IN)]
)
def test_two_gajims_talk(
    new_scene: Callable[..., Scene], suite: str, omemo: str
) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", omemo)
    bob = scene.gajim(suite, "bob", omemo)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(alice, bob, "to bob")
    tell(bob, alice, "to alice")
    check_scene(scene)


def test_a_leak_is_found(new_scene: Callable[..., Scene]) -> None:
    """Without encryption the search for a plaintext finds it at the server."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim("bookworm", "alice", NO_OMEMO)
    bob = scene.gajim("bookworm", "bob", NO_OMEMO)
    start_all([alice, bob])
    alice.open_chat(bob.account.jid, "")
    bob.open_chat(alice.account.jid, "")
    text = secret("in clear")
    alice.send(text)
    row = bob.wait_for_message(text)
    assert row.encryption is None
    files = {leak.partition(":")[0] for leak in scene.server.leaks(text)}
    assert "wire.log" in files
    # Both histories and both archives have it, as they should.
    wait_for(
        "the message is in the history",
        lambda: [m["text"] for m in alice.history(bob.account.jid)] == [text],
    )
    assert any(name.endswith(".list") for name in files), files
    with pytest.raises(AssertionError):
        check_scene(scene)


def test_a_root_knows_whom_it_is_entered_as() -> None:
    """dbus-daemon refuses the user's programs if no account has the number."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    user = ["--user=54321:54321", str(debian_root("trixie")), "--", "id", "-un"]
    named = subprocess.run(
        [*sudo, IN_ROOT, *user], check=False, capture_output=True, text=True
    )
    assert (named.stdout.strip(), named.stderr) == ("user54321", "")
