# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows in a chat: their shields tell the truth, and what the contact did not
certainly write does not look as if the contact had written it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]

MAIN = "Gajim"
HELP = "Help on encryption"
EXPORT = "HistoryExport"
ROOM = "den@rooms.localhost"


def wait_for_mark(gajim: Gajim, kind: str) -> list[str]:
    """Wait for a row that is marked. Returns what is to be seen in it."""

    def marked() -> list[str]:
        rows = gajim.call("marked_rows")
        return next((row["texts"] for row in rows if row["kind"] == kind), [])

    return wait_for(f"a row that is {kind}", marked)


def found(gajim: Gajim, text: str) -> list[str]:
    """Search for a text. Returns what is to be seen of the one message."""
    gajim.call("search", text=text)
    (row,) = wait_for(f"{text!r} is found", lambda: gajim.call("search_results"))
    return list(row)


def exported(gajim: Gajim) -> str:
    """The history in the file that Gajim writes of it."""
    gajim.call("open_export", account=gajim.account_name)
    wait_for(
        "the window for that",
        lambda: "Export" in gajim.call("buttons", window=EXPORT),
    )
    gajim.call("press", window=EXPORT, words="Export")
    wait_for("it is done", lambda: "Close" in gajim.call("buttons", window=EXPORT))
    gajim.call("press", window=EXPORT, words="Close")
    (file,) = gajim.data.rglob("history.txt")
    return file.read_text(encoding="utf-8")


def read_help_in_row(gajim: Gajim, about: str, said: str) -> None:
    """Press "Help" in a row as a screen reader does; go to it with the keyboard."""
    reader = gajim.accessibility()
    name = f"Help {about}"
    reader.press(MAIN, name)
    wait_for(
        f"the help says {said!r}",
        lambda: (
            HELP in reader.windows()
            and any(said in node.said for node in reader.read(HELP))
        ),
    )
    reader.focus(HELP)
    reader.key("Escape")
    wait_for("the end of the help", lambda: HELP not in reader.windows())
    reader.focus(MAIN)
    go_back_to(gajim, name)


def go_back_to(gajim: Gajim, name: str) -> None:
    """Press Shift+Tab until something in the main window has the keyboard."""
    reader = gajim.accessibility()

    def focused() -> list[str]:
        nodes = reader.read(MAIN)
        return [f"{n.role} {n.said}" for n in nodes if "focused" in n.states]

    def step() -> bool:
        """Returns whether the keyboard has gone somewhere else."""
        before = focused()
        reader.key("shift+Tab")
        try:
            wait_for("the keyboard goes on", lambda: focused() != before, 10)
        except TooLate:
            return False
        return True

    way: list[list[str]] = []
    for _step in range(40):
        way.append(focused())
        if any(one.endswith(name) for one in way[-1]):
            return
        if not step():
            break
    raise AssertionError(f"the keyboard does not get to {name!r}: {way}")


@every_suite
def test_devices_that_are_not_decided_about_or_refused(
    new_scene: MakeScene, suite: str
) -> None:
    scene = new_scene("alice", "bob", "carol")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    key = str(tell(bob, alice, "with its key")[1].key)
    about = {"account": "alice", "jid": "bob@localhost"}
    alice.call("set_trust", **about, key=key, trust="VERIFIED")
    phone = scene.gajim("bookworm", "bob", OURS, name="bob-phone")
    phone.start()
    phone.open_chat("alice@localhost", "OMEMO")
    undecided = secret("from the new phone")
    phone.send(undecided)
    texts = wait_for_mark(alice, "UNDECIDED")
    said = (
        "From a device of Bob that nobody has checked. Somebody else may have written "
        "this."
    )
    assert said in texts
    assert undecided in texts
    alice.screenshot(f"row-undecided-{suite}")
    read_help_in_row(alice, said, "could have added one")

    row = alice.wait_for_message(undecided)
    assert row.shield.startswith("Not decided\n")
    unchecked = "A message from an unchecked device"
    wait_for("the list", lambda: alice.call("list_text", **about) == unchecked)
    alice.call("note_messages")
    alice.open_chat("carol@localhost")
    phone.send(secret("while another chat is open"))
    title = f"{unchecked} of Bob|"
    wait_for("a notification", lambda: alice.call("noted_messages") == [title])
    alice.screenshot(f"list-undecided-{suite}")
    alice.call("set_trust", **about, key=str(row.key), trust="DISTRUSTED")
    refused = secret("from the refused phone")
    phone.send(refused)
    said = "A message from a device you refused"
    wait_for("the list", lambda: alice.call("list_text", **about) == said)
    assert alice.call("noted_messages") == [title]
    # Gajim asks its archive for what a new row of the list says
    alice.restart()
    alice.open_chat("carol@localhost")
    wait_for("the list", lambda: alice.call("list_text", **about) == said)
    alice.open_chat("bob@localhost")
    texts = wait_for_mark(alice, "REFUSED")
    assert "A device you refused sent a message." in texts
    assert refused not in texts
    alice.screenshot(f"row-refused-{suite}")
    alice.call("press_in_marked_row", kind="REFUSED", label="Show once")
    texts = wait_for_mark(alice, "REFUSED")
    assert refused in texts
    assert any(text.startswith("From a device you refused.") for text in texts)
    # The search has neither name nor picture, and of the refused one no text
    result = found(alice, undecided)
    alice.screenshot(f"search-undecided-{suite}")
    assert "Bob" not in result
    assert {unchecked, undecided} <= set(result)
    result = found(alice, refused)
    alice.screenshot(f"search-refused-{suite}")
    assert not {"Bob", refused} & set(result)
    assert "A message from a device you refused" in result
    written = exported(alice)
    assert f": [{unchecked}] {undecided}\n" in written
    assert f": [A message from a device you refused] {refused}\n" in written
    assert ": secret" in written, "what a trusted device wrote is as it was"
    # After a restart it is closed again
    alice.restart()
    alice.open_chat("bob@localhost")
    assert refused not in wait_for_mark(alice, "REFUSED")
    assert undecided in wait_for_mark(alice, "UNDECIDED")


@every_suite
def test_messages_that_were_not_opened(new_scene: MakeScene, suite: str) -> None:
    """It was written before this device was there."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim("bookworm", "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(bob, alice, "before the other device was there")
    laptop = scene.gajim(suite, "alice", OURS, name="alice-laptop", accessible=True)
    laptop.start()
    laptop.open_chat("bob@localhost")
    texts = wait_for_mark(laptop, "UNOPENED")
    assert "Message not opened" in texts
    assert "Bob" not in texts
    said = "[Message from Bob not opened] It was not encrypted for this device."
    assert any(text.startswith(said) for text in texts)
    about = {"account": "alice", "jid": "bob@localhost"}
    assert laptop.call("list_text", **about) == "A message was not opened"
    laptop.screenshot(f"row-unopened-{suite}")
    read_help_in_row(laptop, "Message not opened", "nobody knows who wrote it")
    result = found(laptop, "It was not encrypted for this device.")
    laptop.screenshot(f"search-unopened-{suite}")
    assert "Bob" not in result
    assert "A message was not opened" in result
    assert any(text.startswith(said) for text in result)
    assert f": {said}" in exported(laptop)


@every_suite
def test_the_shields_of_own_rows_in_a_room(new_scene: MakeScene, suite: str) -> None:
    """They say what is true of those who can read it."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    alice.create_room(ROOM)
    alice.set_affiliation(ROOM, "bob@localhost", "member")
    bob.join_room(ROOM)
    for gajim in (alice, bob):
        gajim.open_room(ROOM, "OMEMO")
    key = str(tell(bob, alice, "with its key")[1].key)
    first = tell(alice, bob, "nobody is verified")[0]
    assert first.trust == "BLIND"
    assert first.shield.startswith("Not verified\n")
    about = {"account": "alice", "jid": "bob@localhost"}
    alice.call("set_trust", **about, key=key, trust="VERIFIED")
    second = tell(alice, bob, "everybody is verified")[0]
    assert second.trust == "VERIFIED"
    assert second.shield.startswith("Verified\n")
    alice.screenshot(f"own-rows-{suite}")
    alice.restart()
    alice.open_room(ROOM)
    assert alice.wait_for_message(first.text).shield == first.shield
    assert alice.wait_for_message(second.text).shield == second.shield
