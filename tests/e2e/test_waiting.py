# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that cannot go at once: each is a row above the message input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.lasting import Lasting
from tests.e2e.lasting import Shared
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hostile import MODULE
from tests.support.servers.hostile import HostileServer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]

KEYS = "Waiting for the keys of Bob’s devices. It is sent by itself."
OFFLINE = "Waiting for the connection. It is sent by itself, encrypted."
MEMBERS = "Asking the server who is in this group chat."
ENDED = "Not sent: Gajim was closed before. Read it once more."
CANCELLED = "Not sent: you cancelled it."
BEHIND = "Waiting for the message above."
FAILED_BUTTONS = ["Send again", "Edit", "Delete"]


def start_alice(scene: Scene, suite: str) -> Gajim:
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    alice.start()
    return alice


@pytest.fixture(scope="module")
def lasting(new_lasting_scene: MakeScene) -> Lasting:
    return Lasting(
        new_lasting_scene, "alice", "bob", start_alice, more_modules=[MODULE]
    )


def enter(gajim: Gajim, text: str) -> None:
    """Type a text and press Enter."""
    gajim.call("type_text", text=text)
    gajim.call("press_send")


def wait_for_rows(gajim: Gajim, *rows: tuple[str, str]) -> list[dict[str, Any]]:
    """Wait until these texts wait, each with its sentence."""
    found: list[dict[str, Any]] = []

    def are_there() -> bool:
        found[:] = gajim.call("waiting_messages")
        return [(row["text"], row["sentence"]) for row in found] == list(rows)

    try:
        wait_for(f"the rows {rows}", are_there)
    except TooLate as error:
        raise TooLate(f"{error}; there are {found}") from error
    return found


def sentences(gajim: Gajim) -> list[str]:
    return [row["sentence"] for row in gajim.call("waiting_messages")]


def lines(gajim: Gajim) -> str:
    return " ".join(row.text for row in gajim.rows() if row.type != "chat")


def check_not_said(gajim: Gajim, *texts: str) -> None:
    """No text is in a line of the chat."""
    for text in texts:
        assert text not in lines(gajim)


@every_suite
def test_they_wait_for_keys_and_for_the_connection(shared: Shared, suite: str) -> None:
    scene, alice = shared.scene, shared.gajim
    bob = shared.lodger()
    bob.start()
    server = HostileServer(scene.server, alice)
    server.hold("bundles")
    alice.open_chat(bob.account.jid, "OMEMO")
    first, second = secret("waits for keys"), secret("waits behind it")
    enter(alice, first)
    enter(alice, second)
    (row, _) = wait_for_rows(alice, (first, KEYS), (second, KEYS))
    assert row["buttons"] == ["Cancel"]
    assert alice.call("typed_text") == ""
    alice.screenshot(f"waiting-keys-{suite}")

    # Into the input; if there is something else, it stays
    alice.call("press_waiting", text=second, label="Cancel")
    wait_for("it is in the input", lambda: alice.call("typed_text") == second)
    wait_for_rows(alice, (first, KEYS))
    alice.call("press_waiting", text=first, label="Cancel")
    (row,) = wait_for_rows(alice, (first, CANCELLED))
    assert row["buttons"] == FAILED_BUTTONS
    alice.screenshot(f"waiting-cancelled-{suite}")
    alice.call("press_waiting", text=first, label="Edit")
    wait_for("they changed places", lambda: alice.call("typed_text") == first)
    (row,) = wait_for_rows(alice, (second, "Draft. Not sent."))
    assert row["buttons"] == ["Edit", "Delete"]
    alice.call("press_waiting", text=second, label="Delete")
    wait_for(
        "it can be undone",
        lambda: alice.call("waiting_messages")[0]["buttons"] == ["Undo"],
    )
    alice.screenshot(f"waiting-deleted-{suite}")
    alice.call("press_waiting", text="", label="Undo")
    wait_for_rows(alice, (second, "Draft. Not sent."))
    alice.call("press_waiting", text=second, label="Delete")
    alice.call("press_send")
    wait_for(
        "it waits again",
        lambda: (
            (first, KEYS)
            in [
                (row["text"], row["sentence"]) for row in alice.call("waiting_messages")
            ]
        ),
    )
    # Ten seconds later it is gone
    wait_for_rows(alice, (first, KEYS))

    scene.server.stop()
    wait_for_rows(alice, (first, OFFLINE))
    # Gajim takes nothing while it is offline, and the line does not say otherwise
    offline = secret("typed while offline")
    enter(alice, offline)
    assert alice.call("typed_text") == offline
    assert "What you write stays here until you are back." in said_in_dock(alice)
    alice.screenshot(f"waiting-offline-{suite}")
    alice.call("clear_input")
    check_not_said(alice, first, second)
    scene.server.start()
    wait_for("alice is online", alice.online, 60)
    bob.wait_until_online()
    bob.open_chat("alice@localhost", "OMEMO")
    for gajim in (alice, bob):
        check_encrypted(gajim, gajim.wait_for_message(first, 60))
    wait_for_rows(alice)
    assert bob.find(second) is None
    check_scene(scene)


@every_suite
def test_a_message_that_fails_holds_up_the_next(shared: Shared, suite: str) -> None:
    scene, alice = shared.scene, shared.gajim
    bob = shared.lodger()
    bob.start()
    open_chats(alice, bob)
    tell(alice, bob, "before")
    text = f"{secret('too long')} " + "word " * 40_000
    long = text.strip()
    enter(alice, text)
    reason = (
        "Not sent. It is too long for your server, which takes 256 KiB. Send it in "
        "parts."
    )
    wait_for(
        "it says why",
        lambda: sentences(alice) == [reason],
    )
    after = [secret(f"after it {number}") for number in range(4)]
    for one in after:
        enter(alice, one)
    wait_for(
        "the others wait",
        lambda: (
            [row["sentence"] for row in alice.call("waiting_messages")][1:]
            == [BEHIND, BEHIND]
        ),
    )
    wait_for(
        "the rest is folded",
        lambda: "2 more messages wait" in alice.call("dock")["buttons"],
    )
    alice.screenshot(f"waiting-failed-{suite}")
    alice.call("press_in_dock", label="2 more messages wait")
    wait_for("all of them", lambda: len(alice.call("waiting_messages")) == 5)
    alice.screenshot(f"waiting-all-{suite}")
    check_not_said(alice, secret("too long"), *after)
    alice.call("press_waiting", text="", label="Edit")
    wait_for("to be edited", lambda: alice.call("typed_text").strip() == long)
    alice.call("clear_input")
    for one in after:
        check_encrypted(bob, bob.wait_for_message(one))
    order = [row.text for row in bob.messages() if row.text in after]
    assert order == after
    wait_for_rows(alice)
    check_scene(scene)


@every_suite
def test_after_a_kill_and_in_several_chats(new_scene: MakeScene, suite: str) -> None:
    """The user was told that they go by themselves, so they are not lost; but the
    user may not want to say them any more."""
    scene = new_scene("alice", "bob", "carol", more_modules=[MODULE])
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    carol = scene.gajim("bookworm", "carol", OURS)
    start_all([alice, bob, carol])
    server = HostileServer(scene.server, alice)
    server.hold("bundles")
    to_bob = [secret("to bob"), secret("to bob too")]
    alice.open_chat("bob@localhost", "OMEMO")
    for text in to_bob:
        enter(alice, text)
    wait_for_rows(alice, *((text, KEYS) for text in to_bob))
    alice.open_chat("carol@localhost", "OMEMO")
    wait_for_rows(alice)
    to_carol = secret("to carol")
    enter(alice, to_carol)
    wait_for("it waits", lambda: len(alice.call("waiting_messages")) == 1)
    alice.kill()
    server.hold("")
    alice.start()
    alice.open_chat("carol@localhost")
    wait_for_rows(alice, (to_carol, ENDED))
    said = "2 messages were not sent before Gajim was closed."
    wait_for("the others are told of", lambda: said in lines(alice))
    alice.screenshot(f"waiting-ended-{suite}")
    check_not_said(alice, *to_bob, to_carol)
    assert alice.call("typed_text") == ""
    alice.call("press_offer", label="Show")
    wait_for("bob’s chat", lambda: alice.call("shown_chat") == "bob@localhost")
    wait_for_rows(alice, *((text, ENDED) for text in to_bob))
    for text in (*to_bob, to_carol):
        assert not scene.server.leaks(text)
    bob.open_chat("alice@localhost", "OMEMO")
    tell(alice, bob, "a new one is not held up")
    # And once more, ended as it should be
    alice.restart()
    alice.open_chat("bob@localhost")
    wait_for_rows(alice, *((text, ENDED) for text in to_bob))
    alice.call("press_waiting", text=to_bob[1], label="Send again")
    for gajim in (alice, bob):
        check_encrypted(gajim, gajim.wait_for_message(to_bob[1]))
    alice.call("press_waiting", text=to_bob[0], label="Delete")
    alice.quit()
    alice.start()
    alice.open_chat("bob@localhost")
    wait_for_rows(alice)
    check_scene(scene)


@every_suite
def test_in_a_room_and_without_keys(shared: Shared, suite: str) -> None:
    scene, alice = shared.scene, shared.gajim
    bob = shared.lodger()
    bob.start()
    room = f"den-of-{bob.account.name}@rooms.localhost"
    alice.create_room(room)
    alice.set_affiliation(room, bob.account.jid, "member")
    bob.join_room(room)
    bob.open_room(room, "OMEMO")
    alice.quit()
    # She enters the room by herself when she is back
    server = HostileServer(scene.server, alice)
    server.hold("muc#admin")
    alice.start()
    alice.join_room(room)
    alice.open_room(room, "OMEMO")
    text = secret("to the room")
    before = scene.server.stanzas_with("<encrypted")
    enter(alice, text)
    wait_for_rows(alice, (text, MEMBERS))
    alice.screenshot(f"waiting-members-{suite}")
    assert scene.server.stanzas_with("<encrypted") == before
    server.hold("")
    for gajim in (alice, bob):
        check_encrypted(gajim, gajim.wait_for_message(text))
    wait_for_rows(alice)
    check_scene(scene)


@every_suite
def test_the_keyboard_goes_into_the_dock(shared: Shared, suite: str) -> None:
    scene, alice = shared.scene, shared.gajim
    alice.open_chat(scene.server.accounts[shared.contact].jid)
    wait_for("a banner", lambda: "Do not send" in alice.call("dock")["buttons"])
    wait_for(
        "the lock says what was chosen",
        lambda: alice.call("padlock_tooltip") == "Encryption for this chat: on",
    )
    text = secret("stays in the input")
    alice.call("type_text", text=text)
    keyboard = alice.accessibility()
    keyboard.focus("Gajim")

    def press(keys: str, place: str) -> None:
        keyboard.key(keys)
        wait_for(f"{keys} goes there", lambda: alice.call("focused") == place)

    press("Return", "input")
    press("shift+Tab", "line")
    press("ctrl+shift+a", "Do not send")
    # Answers nothing
    press("Escape", "input")
    assert "Do not send" in alice.call("dock")["buttons"]
    press("shift+Tab", "line")
    press("Escape", "input")
    assert alice.call("typed_text") == text
    assert alice.call("waiting_messages") == []
    assert not scene.server.leaks(text)
