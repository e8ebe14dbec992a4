# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that cannot be encrypted or read: nothing leaks, and the user is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import is_kept
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]


@every_suite
def test_contact_without_omemo(new_scene: MakeScene, suite: str) -> None:
    """The text does not leave, is not lost, and a line says why."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", NO_OMEMO)
    start_all([alice, bob])
    alice.open_chat(bob.account.jid, "OMEMO")
    bob.open_chat(alice.account.jid, "")
    text = secret("for somebody who cannot read it")
    alice.call("type_text", text=text)
    alice.call("press_send")
    wait_for(
        "alice is told why",
        lambda: "Bob’s app offers no encryption" in said_in_dock(alice),
    )
    # The line may have been there before anything was pressed
    wait_for("it is kept", lambda: is_kept(alice, text))
    # A message in clear the other way shows that the line is not just dead.
    bob.send("are you there?")
    alice.wait_for_message("are you there?")
    assert bob.find(text) is None
    assert not scene.server.leaks(text)


@every_suite
def test_lost_store(new_scene: MakeScene, suite: str) -> None:
    """A message for keys that are gone gets a row that says so."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(alice, bob, "with the first keys")
    tell(bob, alice, "with the first keys")
    alice.quit()
    lost = secret("for the first keys")
    bob.send(lost)
    bob.wait_for_message(lost)
    stores = alice.our_stores()
    assert stores, alice.data
    for path in stores:
        path.unlink()
    alice.start()
    open_chats(alice, bob)
    unread = wait_for(
        "a row for the message that cannot be read",
        lambda: [
            row
            for row in alice.messages()
            if not row.outgoing and not row.text.startswith("secret ")
        ],
    )
    assert len(unread) == 1, unread
    assert "not opened]" in unread[0].text, unread
    assert unread[0].trust not in ("BLIND", "VERIFIED"), unread
    # The new keys are learned by both without anybody doing anything.
    tell(alice, bob, "with new keys")
    tell(bob, alice, "with new keys")
    check_scene(scene)


@every_suite
def test_a_text_too_large_for_the_server(new_scene: MakeScene, suite: str) -> None:
    """The server would close the connection, and the text would be gone."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(alice, bob, "before")
    text = f"{secret('too long')} " + "word " * 40_000
    alice.call("type_text", text=text)
    alice.call("press_send")
    wait_for(
        "it says why",
        lambda: "too long for your server" in said_in_dock(alice),
    )
    assert alice.call("typed_text") == ""
    alice.call("press_waiting", text="", label="Edit")
    assert alice.call("typed_text").strip() == text.strip()
    alice.call("clear_input")
    tell(alice, bob, "after")
    check_scene(scene)
