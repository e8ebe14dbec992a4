# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keyboard alone: from the input to the buttons in rows, and back."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator

import pytest

from tests.e2e.conversation import secret
from tests.e2e.hostile_stage import CONTACTS
from tests.e2e.hostile_stage import Stage
from tests.e2e.test_unopened import met
from tests.e2e.test_unopened import send_damaged
from tests.e2e.test_unopened import unopened
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hostile import MODULE
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

MAIN = "Gajim"
HELP = "Help on encryption"

# More than there are places for the keyboard in a short chat
STEPS = 60


@pytest.fixture(scope="module", params=list(GAJIM_VERSIONS))
def lasting_stage(
    request: pytest.FixtureRequest, new_lasting_scene: Callable[..., Scene]
) -> Iterator[Stage]:
    names = [f"{name}{number}" for name in CONTACTS for number in range(1, 13)]
    scene = new_lasting_scene("alice", "bob", *names, more_modules=[MODULE])
    stage = Stage(scene, request.param, accessible=True)
    try:
        stage.begin()
        yield stage
    finally:
        stage.close()


def go_to(stage: Stage, wanted: str, key: str = "shift+Tab") -> None:
    """Press a key until the keyboard is somewhere."""
    way: list[str] = []
    for _step in range(STEPS):
        way.append(stage.alice.call("focused"))
        if way[-1] == wanted:
            return
        try:
            move(stage, key)
        except TooLate as error:
            raise AssertionError(f"{key} ends before {wanted!r}: {way}") from error
    raise AssertionError(f"{key} does not get to {wanted!r}: {way}")


def move(stage: Stage, key: str) -> None:
    """Press a key that leads somewhere else."""
    before = stage.alice.call("focused_widget")
    stage.alice.accessibility().key(key)
    wait_for(
        "the keyboard goes on",
        lambda: stage.alice.call("focused_widget") != before,
    )


def press(stage: Stage, label: str) -> None:
    """Go to a button and press it."""
    go_to(stage, label)
    stage.alice.accessibility().key("space")


def go_to_input(stage: Stage) -> None:
    """As somebody does who goes on writing."""
    if stage.alice.call("focused") == "line":
        stage.alice.accessibility().key("Escape")
        wait_for("the input", lambda: stage.alice.call("focused") == "input")
    go_to(stage, "input", "Tab")


def write(stage: Stage, about: str) -> str:
    """Type a text; it is not sent."""
    text = secret(about)
    go_to_input(stage)
    stage.alice.accessibility().type(text)
    wait_for("it is typed", lambda: stage.alice.call("typed_text") == text)
    return text


def waiting(stage: Stage) -> list[tuple[str, list[str]]]:
    """The texts that wait, and the words on their buttons."""
    rows = stage.alice.call("waiting_messages")
    return [(row["text"], row["buttons"]) for row in rows]


def test_messages_that_wait(stage: Stage) -> None:
    """Cancel, Edit, Delete, Undo, Send again."""
    alice = stage.alice
    failed = ["Send again", "Edit", "Delete"]
    stage.hostile.hold("bundles")
    try:
        dan = stage.peer("dan")
        stage.open_chat(dan)
        alice.accessibility().focus(MAIN)
        text = write(stage, "waits for keys")
        alice.accessibility().key("Return")
        wait_for("it waits", lambda: waiting(stage) == [(text, ["Cancel"])])
        press(stage, "Cancel")
        wait_for("it is in the input", lambda: alice.call("typed_text") == text)
        go_to_input(stage)
        alice.accessibility().key("Return")
        wait_for("it waits again", lambda: waiting(stage) == [(text, ["Cancel"])])
        other = write(stage, "is typed meanwhile")
        press(stage, "Cancel")
        wait_for("it stays above", lambda: waiting(stage) == [(text, failed)])
        alice.screenshot(f"keyboard-waiting-{stage.suite}")
        press(stage, "Edit")
        draft = (other, ["Edit", "Delete"])
        wait_for("they changed places", lambda: waiting(stage) == [draft])
        assert alice.call("typed_text") == text
        press(stage, "Delete")
        wait_for("it can be undone", lambda: waiting(stage)[0][1] == ["Undo"])
        press(stage, "Undo")
        wait_for("it is there again", lambda: waiting(stage) == [draft])
        press(stage, "Delete")
        go_to_input(stage)
        alice.accessibility().key("Return")
        wait_for("it waits", lambda: (text, ["Cancel"]) in waiting(stage))
        write(stage, "once more")
        press(stage, "Cancel")
        wait_for("it stays", lambda: (text, failed) in waiting(stage))
    finally:
        stage.hostile.hold("")
    press(stage, "Send again")
    dan.wait_for_text(text)
    go_to(stage, "input", "Tab")
    assert not stage.server.leaks(text)


def test_messages_that_were_not_opened(stage: Stage) -> None:
    """The rows above are reached and left; the help opens and closes."""
    eve = met(stage)
    alice = stage.alice
    send_damaged(stage, eve, 2)
    stage.talk(eve, "below it")
    alice.accessibility().focus(MAIN)
    go_to_input(stage)
    press(stage, "Show all")
    wait_for("both are shown", lambda: unopened(alice).count("Message not opened") == 2)
    # The button that was pressed says something else now, and the keyboard is on it
    wait_for("the keyboard", lambda: alice.call("focused") == "Show one row")
    alice.screenshot(f"keyboard-rows-{stage.suite}")
    go_to(stage, "Help", "Tab")
    reader = alice.accessibility()
    reader.key("space")
    wait_for("the help", lambda: HELP in reader.windows())
    reader.focus(HELP)
    reader.key("Escape")
    wait_for("the end of the help", lambda: HELP not in reader.windows())
    reader.focus(MAIN)
    go_to(stage, "line", "Tab")
    go_to(stage, "input", "Tab")


def test_keys_that_quote(stage: Stage) -> None:
    """They go past what was not opened, and past what is closed."""
    eve = met(stage)
    alice = stage.alice
    reader = alice.accessibility()
    text = stage.hear(eve, "can be quoted")
    send_damaged(stage, eve, 1)

    def quotes_only_that() -> None:
        reader.focus(MAIN)
        go_to_input(stage)
        alice.call("clear_input")
        reader.key("ctrl+shift+Up")
        if stage.suite == "bookworm":
            # There the keys quote nothing: they bring back what one has sent oneself
            alice.call("ping")
            assert ">" not in alice.call("typed_text")
        else:
            typed = wait_for("a text is there", lambda: alice.call("typed_text"))
            assert typed == f"> {text}\n"

    quotes_only_that()
    refused = hear_as(stage, eve, "DISTRUSTED", "REFUSED")
    stage.open_chat(stage.bob)
    stage.open_chat(eve)
    wait_for(
        "it is closed",
        lambda: refused not in alice.call("marked_rows")[-1]["texts"],
    )
    quotes_only_that()
    alice.call("clear_input")


def hear_as(stage: Stage, eve: OmemoPeer, trust: str, kind: str) -> str:
    """Hear a device with some trust. Its row is of a kind."""
    alice = stage.alice
    about = {"account": alice.account_name, "jid": eve.jid}
    alice.call("set_trust", **about, key=eve.engine.fingerprint, trust=trust)
    text = secret(f"from a device that is {trust}")
    eve.say(stage.own, text)
    wait_for(
        f"a row that is {kind}",
        lambda: any(one["kind"] == kind for one in alice.call("marked_rows")),
    )
    alice.accessibility().focus(MAIN)
    go_to_input(stage)
    return text


def test_devices_that_nobody_has_decided_about(stage: Stage) -> None:
    eve = stage.peer("eve")
    alice = stage.alice
    stage.open_chat(eve)
    stage.talk(eve, "before")
    hear_as(stage, eve, "UNDECIDED", "UNDECIDED")
    press(stage, "Decide…")
    details = f"Encryption details: {eve.name.title()}"
    wait_for("the details", lambda: details in alice.call("window_titles"))
    alice.accessibility().focus(details)
    alice.accessibility().key("Escape")
    wait_for("their end", lambda: details not in alice.call("window_titles"))
    text = hear_as(stage, eve, "DISTRUSTED", "REFUSED")
    press(stage, "Show once")
    wait_for(
        "the text is shown",
        lambda: text in alice.call("marked_rows")[-1]["texts"],
    )
    go_to(stage, "input", "Tab")


def test_a_warning_for_the_ear(stage: Stage) -> None:
    """It has the role that a screen reader speaks of at once, with title and text; the
    keys for it lead to its first button, and Escape answers nothing."""
    eve = stage.peer("eve")
    alice = stage.alice
    name = eve.name.title()
    stage.open_chat(eve)
    stage.talk(eve, "before the new device")
    about = {"account": alice.account_name, "jid": eve.jid}
    key = eve.engine.fingerprint
    alice.call("set_trust", **about, key=key, trust="VERIFIED")
    phone = stage.device_of(stage.server.accounts[eve.name])
    ids = sorted(one.device.device_id for one in (eve, phone))
    for protocol in BOTH:
        phone.publish_list(protocol, ids)
    reader = alice.accessibility()

    def alerts() -> list[str]:
        return [one.name for one in reader.read(MAIN) if one.role == "alert"]

    said = f"{name} has a new device. Nobody has checked it. It gets nothing until"
    wait_for(
        "an alert says it",
        lambda: any(one.startswith(said) for one in alerts()),
    )
    reader.focus(MAIN)
    go_to_input(stage)
    reader.key("ctrl+shift+a")
    wait_for("the first button", lambda: alice.call("focused") == "Check now…")
    reader.key("Escape")
    wait_for("the input", lambda: alice.call("focused") == "input")
    assert any(one.startswith(said) for one in alerts())


def go_in(stage: Stage, title: str, wanted: str) -> None:
    """Press Tab until something in a window has the keyboard."""
    reader = stage.alice.accessibility()

    def focused() -> str:
        nodes = reader.read(title)
        return next((one.said for one in nodes if "focused" in one.states), "")

    def moves_on(before: str) -> None:
        reader.key("Tab")
        wait_for("the keyboard goes on", lambda: focused() != before, 10)

    way: list[str] = []
    for _step in range(STEPS):
        way.append(focused())
        if way[-1] == wanted:
            return
        moves_on(way[-1])
    raise AssertionError(f"Tab does not get to {wanted!r}: {way}")


def take(stage: Stage, title: str, wanted: str) -> None:
    """Go to something in a window and take it."""
    go_in(stage, title, wanted)
    stage.alice.accessibility().key("space")


def says(stage: Stage, words: str) -> None:
    wait_for(
        f"a window says {words!r}",
        lambda: words in " ".join(stage.alice.call("window_texts")),
    )


def open_verify(stage: Stage, title: str) -> None:
    """With its key, from the input. Enter agrees to nothing there."""
    reader = stage.alice.accessibility()
    reader.focus(MAIN)
    go_to_input(stage)
    reader.key("ctrl+shift+k")
    wait_for("the window", lambda: title in reader.windows())
    reader.focus(title)
    reader.key("Return")
    says(stage, "check together?")


def test_verifying(stage: Stage) -> None:
    """By voice, then by a code from the clipboard: from the input to the end, with
    keys alone."""
    eve = stage.peer("eve")
    alice = stage.alice
    name = eve.name.title()
    title = f"Verify {name}"
    stage.open_chat(eve)
    stage.talk(eve, "before the call")
    reader = alice.accessibility()

    def trust() -> set[str]:
        known = alice.call("trust", account=alice.account_name, jid=eve.jid)
        return set(known.values())

    open_verify(stage, title)
    take(stage, title, "We can call each other")
    says(stage, f"Which app does {name} use?")
    take(stage, title, "Gajim with this plugin")
    says(stage, " 1 to 9")
    reader.key("Return")
    assert trust() == {"BLIND"}
    take(stage, title, "All the same")
    says(stage, " 10 to 18")
    reader.key("Return")
    assert trust() == {"BLIND"}
    take(stage, title, "All the same")
    says(stage, f"{name} is verified")
    assert trust() == {"VERIFIED"}
    alice.screenshot(f"keyboard-verified-{stage.suite}")
    take(stage, title, "Undo")
    says(stage, "Undone.")
    assert trust() == {"BLIND"}
    reader.key("Escape")
    wait_for("the end of the window", lambda: title not in reader.windows())

    engine = eve.engine
    link = f"xmpp:{eve.jid}?omemo-sid-{engine.device_id}={engine.fingerprint}"
    alice.call("copy_text", text=link)
    open_verify(stage, title)
    take(stage, title, "Neither")
    says(stage, "nobody has checked for whom")
    take(stage, title, f"I have {name}’s code already")
    take(stage, title, "Paste")
    says(stage, "How did this code reach you?")
    reader.key("Return")
    assert trust() == {"BLIND"}
    take(stage, title, f"{name} gave or showed it to me in person")
    take(stage, title, "Verify")
    says(stage, f"{name} is verified")
    assert trust() == {"VERIFIED"}
    go_in(stage, title, "Close")
    reader.key("Return")
    wait_for("the end of the window", lambda: title not in reader.windows())
