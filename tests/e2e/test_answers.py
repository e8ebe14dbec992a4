# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the answers to warnings: of a device with a different key, and of
a member whom only the server knows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from omemo_plugin.engine.state import core
from omemo_plugin.verify.fingerprint import groups
from tests.e2e.conversation import said_in_dock
from tests.e2e.hostile_stage import Stage
from tests.e2e.test_states import enter
from tests.e2e.test_states import picture
from tests.e2e.test_states import press
from tests.e2e.test_states import sent_to
from tests.e2e.test_states import verify
from tests.e2e.test_states import wait_until_said
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

ROOM = "loft@rooms.localhost"


def press_in(stage: Stage, window: str, words: str) -> None:
    """Press a button of a window, as soon as it is there."""
    alice = stage.alice
    wait_for(
        f"there is {words!r} in {window}",
        lambda: (
            window in alice.call("window_titles")
            and words in alice.call("buttons", window=window)
        ),
    )
    alice.call("press", window=window, words=words)


def reads(stage: Stage, text: str) -> None:
    wait_for(
        f"a window says {text!r}", lambda: text in stage.alice.call("window_texts")
    )


def set_up_again(
    stage: Stage, peer: OmemoPeer, monkeypatch: pytest.MonkeyPatch
) -> OmemoPeer:
    """The same device with new keys: its app was set up anew and has kept its id."""
    number = peer.device.device_id
    stage.leave(peer)
    with monkeypatch.context() as patched:
        chosen = SimpleNamespace(randbelow=lambda _limit: number - 1)
        patched.setattr(core, "secrets", chosen)
        again = stage.device_of(stage.server.accounts[peer.name])
    assert again.device == peer.device
    assert again.engine.fingerprint != peer.engine.fingerprint
    return again


def test_a_device_that_was_set_up_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused at first, because nobody was asked; then its new key is compared."""
    alice = stage.alice
    eve = stage.peer("eve")
    name = eve.name.title()
    stage.open_chat(eve)
    stage.talk(eve, "with the first key")
    again = set_up_again(stage, eve, monkeypatch)
    again.say(stage.own, "with the new key")
    wait_until_said(
        stage, "shows a different key", "until you answer the warning above"
    )
    before = len(sent_to(stage, again))
    text = enter(stage, "to be read by whom?")
    wait_for("it stays", lambda: alice.call("typed_text") == text)

    window = f"Verify {name}"
    press(stage, "Check now…")
    reads(stage, f"Did {name} set up the app or the phone again?")
    picture(stage, "set-up-again")
    press_in(stage, window, "No, or not asked yet")
    reads(stage, "Then refuse it")
    reads(stage, "You can undo this.")
    picture(stage, "then-refuse-it")
    press_in(stage, window, "Refuse it")
    wait_until_said(stage, f"you refused all devices of {name}")
    assert "shows a different key" not in said_in_dock(alice)

    alice.call("activate", name="omemo-details", value=[alice.account_name, eve.jid])
    details = f"Encryption details: {name}"
    press_in(stage, details, "Undo refusal")
    wait_until_said(stage, "shows a different key")
    alice.call("close_window", title=details)

    press(stage, "Check now…")
    yes = "Yes Compare the new key. It counts only after that."
    press_in(stage, window, yes)
    parts = groups(again.engine.fingerprint)
    wait_for(
        "the new key is on the screen",
        lambda: any(
            all(part in text for part in parts) for text in alice.call("window_texts")
        ),
    )
    picture(stage, "new-key")
    assert len(sent_to(stage, again)) == before, "nothing before it was compared"
    press_in(stage, window, "All the same")
    wait_for(
        "the window says what follows",
        lambda: any("” is verified" in one for one in alice.call("window_texts")),
    )
    press_in(stage, window, "Close")
    wait_until_said(stage, f"Encrypted for {name}.", "It is verified.")
    assert not stage.server.leaks(text)
    alice.call("clear_input")
    stage.tell(again, "to the new key")
    stage.hear(again, "from the new key")


def test_a_member_is_added_where_all_are_verified(stage: Stage) -> None:
    """Nothing is sent before the user has said that it is right."""
    alice = stage.alice
    dan, eve = stage.peer("dan"), stage.peer("eve")
    names = [one.name.title() for one in (dan, eve)]
    alice.create_room(ROOM)
    alice.set_affiliation(ROOM, dan.jid, "member")
    alice.open_room(ROOM)
    wait_until_said(stage, "Encrypted for 1 person.")
    alice.wait_for_message(enter(stage, "to one"))
    verify(stage, dan)
    wait_until_said(stage, "Encrypted for 1 person.", "It is verified.")
    stage.hostile.from_server(
        ROOM,
        "<x xmlns='http://jabber.org/protocol/muc#user'>"
        f"<item jid='{eve.jid}' affiliation='member' role='none'/></x>",
    )
    wait_until_said(
        stage,
        f"{names[1]} can read this group chat from now on",
        "Nothing is sent until you answer the warning above.",
    )
    picture(stage, "added-where-all-are-verified")
    before = len(sent_to(stage, dan))
    text = enter(stage, "to be read by whom?")
    wait_for("it stays", lambda: alice.call("typed_text") == text)
    # Others can be written to meanwhile, and by then it would have gone
    stage.open_chat(stage.bob)
    stage.talk(stage.bob, "while it waits")
    alice.open_room(ROOM)
    wait_until_said(stage, "Nothing is sent until you answer the warning above.")
    assert len(sent_to(stage, dan)) == before
    assert not sent_to(stage, eve)
    assert alice.call("typed_text") == text

    press(stage, "That is right")
    wait_until_said(stage, "Encrypted for 2 people.", "Not all are verified.")
    assert "from now on" not in said_in_dock(alice)
    alice.call("press_send")
    alice.wait_for_message(text)
    assert len(sent_to(stage, dan)) > before
    assert sent_to(stage, eve)
    assert not stage.server.leaks(text)
