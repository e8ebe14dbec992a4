# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A newcomer's first days with the plugin, task by task, with the keyboard and the
buttons alone. What others do, and what is Gajim's own, the test does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from collections.abc import Iterator

import pytest

from tests.e2e.hostile_stage import CONTACTS
from tests.e2e.hostile_stage import Stage
from tests.e2e.walk import COMPARE
from tests.e2e.walk import DETAILS
from tests.e2e.walk import FIRST_PAGE
from tests.e2e.walk import MAIN
from tests.e2e.walk import Walk
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hostile import MODULE
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

# How many decisions each may take: a button, a text that is sent, a key that does
# something. "Verify by a call" includes opening and closing the window.
TASKS = {
    "read what is new": 1,
    "write to somebody": 1,
    "answer somebody": 1,
    "see who can read it": 2,
    "see who can read it, with keys": 2,
    "begin to verify and stop": 2,
    "verify by a call": 8,
    "take the verification back": 8,
    "verify with another app": 8,
    "refuse a new device": 1,
    "undo the refusal": 3,
    "put a warning aside": 1,
    "check a new device": 7,
    "refuse a changed key": 1,
    "find out about a changed key": 3,
    "keep a text from an app that cannot encrypt": 1,
    "write to an app that cannot encrypt": 3,
    "write encrypted when the app can": 1,
    "write in a group chat": 1,
    "accept a member who was added": 1,
    "leave a stranger out": 1,
    "write without somebody who cannot read": 2,
    "see who can read a group chat": 2,
    "see that a public group chat is not encrypted": 0,
    "take back a text that waits": 1,
    "send a text again": 1,
    "write after having been offline": 1,
    "use a device of mine": 6,
    "take a lost device of mine away": 6,
    "remove a device that is not mine": 6,
}

ROOM = "den@rooms.localhost"


@pytest.fixture(scope="module", params=list(GAJIM_VERSIONS))
def lasting_walk(
    request: pytest.FixtureRequest, new_lasting_scene: Callable[..., Scene]
) -> Iterator[Walk]:
    """One newcomer; the tasks build on each other."""
    names = [f"{name}{number}" for name in CONTACTS for number in range(1, 8)]
    scene = new_lasting_scene("alice", "bob", *names, more_modules=[MODULE])
    stage = Stage(scene, request.param, accessible=True, first_page=True)
    try:
        stage.begin_alone()
        yield Walk(stage, TASKS)
    finally:
        stage.close()


@pytest.fixture
def walk(lasting_walk: Walk) -> Walk:
    return lasting_walk


def picture(walk: Walk, title: str) -> None:
    walk.stage.alice.screenshot(f"walk-{title}-{walk.stage.suite}")


def keys_for(walk: Walk, peer: OmemoPeer) -> int:
    """How many messages have left with a key for a device."""
    found = walk.stage.server.stanzas_with(f"rid='{peer.device.device_id}'")
    return sum(line.startswith(f"< {walk.stage.own}") for line in found)


def list_devices(peer: OmemoPeer, *others: OmemoPeer) -> None:
    """As the programs of one account do."""
    ids = sorted(one.device.device_id for one in (peer, *others))
    for protocol in BOTH:
        peer.publish_list(protocol, ids)


def test_the_first_messages(walk: Walk) -> None:
    stage = walk.stage
    picture(walk, "first")
    with walk.task("read what is new"):
        walk.press("Start", FIRST_PAGE)
        walk.is_gone(FIRST_PAGE)
    stage.alice.open_chat(stage.bob.jid)
    walk.sees("Encrypted for Bob.")
    with walk.task("write to somebody"):
        stage.bob.wait_for_text(walk.write("the first one"))
    stage.hear(stage.bob, "from bob")
    with walk.task("answer somebody"):
        stage.bob.wait_for_text(walk.write("an answer"))
    with walk.task("see who can read it"):
        walk.press("Encrypted for Bob. 1 device")
        walk.reads("bob@localhost")
        walk.close(DETAILS)
    with walk.task("see who can read it, with keys"):
        walk.reader.focus(MAIN)
        walk.keys("ctrl+shift+d")
        walk.reads("bob@localhost")
        walk.close(DETAILS)


def test_verifying(walk: Walk) -> None:
    stage = walk.stage
    window = "Verify Bob"
    stage.open_chat(stage.bob)
    with walk.task("begin to verify and stop"):
        walk.press("Verify…")
        walk.reads("How can you and Bob check together?")
        walk.close(window)
    walk.sees("It is not verified.")
    with walk.task("verify with another app"):
        walk.press("Verify…")
        walk.press("We can call each other", window)
        walk.press("Another app", window)
        walk.press("All the same", window)
        walk.reads("is verified")
        walk.press("Close", window)
    walk.sees("It is verified.")
    dan = stage.peer("dan")
    name = dan.name.title()
    stage.open_chat(dan)
    stage.hear(dan, "before the call")
    for task, end in (
        ("take the verification back", "Undo"),
        ("verify by a call", "Close"),
    ):
        with walk.task(task):
            walk.press("Verify…")
            walk.press("We can call each other", f"Verify {name}")
            walk.press("Gajim with this plugin", f"Verify {name}")
            walk.press("All the same", f"Verify {name}")
            walk.reads("10 to 18")
            walk.press("All the same", f"Verify {name}")
            walk.reads(f"{name} is verified")
            picture(walk, "verified")
            walk.press(end, f"Verify {name}")
            if end == "Undo":
                walk.reads("Undone.")
                walk.close(f"Verify {name}")
                walk.sees("It is not verified.")
    walk.sees("It is verified.")


def test_new_devices_and_another_key(walk: Walk) -> None:
    stage = walk.stage
    bob = stage.bob
    stage.open_chat(bob)
    phone = stage.device_of(stage.server.accounts["bob"])
    list_devices(bob, phone)
    walk.sees("Bob has a new device")
    picture(walk, "new-device")
    with walk.task("refuse a new device"):
        walk.press("Refuse it")
        walk.sees_no("Bob has a new device")
    stage.tell(bob, "not for the phone")
    assert not keys_for(walk, phone)
    with walk.task("undo the refusal"):
        walk.press("Encrypted for Bob.")
        walk.press("Undo the refusal", DETAILS)
        walk.close(DETAILS)
    tablet = stage.device_of(stage.server.accounts["bob"])
    list_devices(bob, phone, tablet)
    walk.sees("Bob has a new device")
    with walk.task("put a warning aside"):
        walk.press("Not now")
        walk.sees_no("Nobody has checked it.")
    with walk.task("check a new device"):
        walk.press("Check now…")
        walk.press("We can call each other", "Verify Bob")
        walk.press("Another app", "Verify Bob")
        # The one that the warning is about
        walk.reads("Bob’s third device")
        walk.press("All the same", "Verify Bob")
        walk.reads("is verified")
        walk.press("Close", "Verify Bob")


def show_another_key(walk: Walk, peer: OmemoPeer) -> None:
    """Somebody pretends to be a device of a contact."""
    stage = walk.stage
    # With keys that nobody has met
    other = stage.peer("cat")
    forged = [
        dataclasses.replace(message, sender_device_id=peer.device.device_id)
        for message in other.encrypt("with another key", stage.own)
    ]
    peer.client.send(peer.stanza(stage.own, other.encrypted(forged)))


def test_a_changed_key(walk: Walk) -> None:
    stage = walk.stage
    eve = stage.peer("eve")
    stage.open_chat(eve)
    stage.talk(eve, "with the first key")
    show_another_key(walk, eve)
    walk.sees("shows a different key", "until you answer the warning above")
    picture(walk, "changed-key")
    with walk.task("find out about a changed key"):
        walk.press("Check now…")
        walk.reads("set up the app or the phone again?")
        walk.close(f"Verify {eve.name.title()}")
    with walk.task("refuse a changed key"):
        walk.press("Refuse it")
        walk.sees_no("shows a different key")
    text = walk.write("to nobody")
    walk.sees("Nothing is sent")
    assert stage.alice.call("typed_text") == text
    assert text not in eve.read()
    assert not stage.server.leaks(text)
    stage.alice.call("clear_input")


def test_somebody_without_encryption(walk: Walk) -> None:
    stage = walk.stage
    name = stage.nobody("cat")
    stage.alice.open_chat(f"{name}@localhost")
    walk.sees(f"{name.title()}’s app offers no encryption")
    with walk.task("keep a text from an app that cannot encrypt"):
        walk.press("Do not send")
        walk.sees_no("The servers between you")
    with walk.task("write to an app that cannot encrypt"):
        walk.press("Choose…")
        walk.press(f"Send to {name.title()} without encryption")
        text = walk.write("in clear by choice")
        wait_for("it is sent", lambda: stage.server.leaks(text))
    walk.sees("The servers can read this.")
    cat = stage.device_of(stage.server.accounts[name])
    walk.sees(f"Encrypted for {name.title()}.")
    with walk.task("write encrypted when the app can"):
        text = walk.write("encrypted from now on")
        cat.wait_for_text(text)
    assert not stage.server.leaks(text)


def add_by_server(walk: Walk, jid: str) -> None:
    """The room's server makes somebody a member, whom nobody has invited."""
    walk.stage.hostile.from_server(
        ROOM,
        "<x xmlns='http://jabber.org/protocol/muc#user'>"
        f"<item jid='{jid}' affiliation='member' role='none'/></x>",
    )


def test_group_chats(walk: Walk) -> None:
    stage = walk.stage
    alice = stage.alice
    alice.create_room(ROOM)
    alice.set_affiliation(ROOM, stage.bob.jid, "member")
    alice.open_room(ROOM)
    walk.sees("Encrypted for 1 person.")
    before = keys_for(walk, stage.bob)
    with walk.task("write in a group chat"):
        text = walk.write("in the group chat")
        alice.wait_for_message(text)
    assert keys_for(walk, stage.bob) > before
    assert not stage.server.leaks(text)
    friend, stranger = stage.peer("dan"), stage.peer("eve")
    add_by_server(walk, friend.jid)
    walk.sees(f"{friend.name.title()} can read this group chat from now on")
    with walk.task("accept a member who was added"):
        walk.press("That is right")
        walk.sees_no("from now on")
    add_by_server(walk, stranger.jid)
    walk.sees(f"{stranger.name.title()} can read this group chat from now on")
    picture(walk, "stranger")
    with walk.task("leave a stranger out"):
        walk.press(f"Send without {stranger.name.title()}")
        walk.sees(f"{stranger.name.title()} cannot read this.")
    alice.wait_for_message(walk.write("without the stranger"))
    assert keys_for(walk, friend)
    assert not keys_for(walk, stranger)
    nobody = stage.nobody("cat")
    alice.set_affiliation(ROOM, f"{nobody}@localhost", "member")
    walk.sees(f"{nobody.title()} cannot read this group chat")
    picture(walk, "cannot-read")
    with walk.task("write without somebody who cannot read"):
        walk.press("Send without them")
        walk.sees("cannot read this.")
        alice.wait_for_message(walk.write("without who cannot read"))
    with walk.task("see who can read a group chat"):
        walk.press("Who…")
        walk.reads(f"{nobody}@localhost")
        walk.close(DETAILS)
    alice.create_room("agora@rooms.localhost", private=False)
    alice.open_room("agora@rooms.localhost")
    with walk.task("see that a public group chat is not encrypted"):
        walk.sees("Not encrypted: anyone can join this group chat and read it.")


def test_texts_that_wait(walk: Walk) -> None:
    stage = walk.stage
    alice = stage.alice
    dan = stage.peer("dan")
    stage.hostile.hold("bundle")
    try:
        stage.open_chat(dan)
        text = walk.write("not yet")
        walk.sees("Waiting for the keys of")
        with walk.task("take back a text that waits"):
            walk.press("Cancel")
            wait_for("it is back", lambda: alice.call("typed_text") == text)
        with walk.task("send a text again"):
            walk.reader.focus(MAIN)
            stage.hostile.hold("")
            walk.sees(f"Encrypted for {dan.name.title()}.")
            walk.keys("Return")
            dan.wait_for_text(text)
    finally:
        stage.hostile.hold("")


def test_offline(walk: Walk) -> None:
    stage = walk.stage
    alice = stage.alice
    stage.open_chat(stage.bob)
    alice.set_online(False)
    walk.sees("You are offline.")
    picture(walk, "offline")
    alice.set_online(True)
    walk.sees("Encrypted for Bob.")
    # In Gajim 1 the input has lost the keyboard meanwhile
    alice.open_chat(stage.peer("dan").jid)
    stage.open_chat(stage.bob)
    with walk.task("write after having been offline"):
        text = walk.write("back again")
        stage.bob.wait_for_text(text)
    assert not stage.server.leaks(text)


def take_away(walk: Walk) -> None:
    """In the window with the own devices, to which the padlock leads."""
    walk.press("Encryption for this chat")
    walk.press("My devices and QR code…")
    walk.reads("Your other devices")
    walk.press("More for", DETAILS)
    walk.press("Remove", DETAILS)
    walk.answer("Remove")
    walk.reads("has been removed.")
    walk.close(DETAILS)


def test_own_devices(walk: Walk) -> None:
    stage = walk.stage
    account = stage.server.accounts["alice"]
    stage.open_chat(stage.bob)
    mine = stage.device_of(account)
    walk.sees("Is this device yours?")
    with walk.task("use a device of mine"):
        walk.press("It is mine…")
        walk.reads("Your other devices")
        picture(walk, "own-devices")
        walk.press("Compare the fingerprint", DETAILS)
        walk.press("All the same", COMPARE)
        walk.reads("” is verified")
        walk.close(COMPARE)
        walk.close(DETAILS)
    walk.sees_no("Is this device yours?")
    stage.tell(stage.bob, "with two devices")
    assert keys_for(walk, mine)
    with walk.task("take a lost device of mine away"):
        take_away(walk)
    before = keys_for(walk, mine)
    stage.tell(stage.bob, "without the lost device")
    assert keys_for(walk, mine) == before
    stranger = stage.device_of(account)
    walk.sees("Is this device yours?")
    with walk.task("remove a device that is not mine"):
        take_away(walk)
        walk.sees_no("Is this device yours?")
    stage.tell(stage.bob, "without the stranger")
    assert not keys_for(walk, stranger)


def test_all_tasks_are_done(walk: Walk) -> None:
    assert set(walk.done) == set(TASKS)
