# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands above the message input, in states that no other test leads to.

Each is reached as in life: by what a contact's other program, the contact or the
server does. Where nothing may be sent, the wire is searched.
"""

from __future__ import annotations

from omemo_plugin.engine.engine import OmemoEngine
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.e2e.conversation import send_after_all
from tests.e2e.hostile_stage import Stage
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for


def wait_until_said(stage: Stage, *texts: str) -> None:
    """Wait until all of it stands above the input."""

    def is_said() -> bool:
        said = said_in_dock(stage.alice)
        return all(text in said for text in texts)

    try:
        wait_for(f"{texts} above the input", is_said)
    except TooLate as error:
        raise TooLate(f"{error}; there is {said_in_dock(stage.alice)!r}") from None


def buttons(stage: Stage) -> list[str]:
    return list(stage.alice.call("dock")["buttons"])


def press(stage: Stage, label: str) -> None:
    wait_for(f"there is {label!r}", lambda: label in buttons(stage))
    stage.alice.call("press_in_dock", label=label)


def press_in_window(stage: Stage, label: str, *more: str) -> None:
    """In a window of the plugin: the words on a button, and those below them."""
    wait_for(
        f"there is {label!r} in the window",
        lambda: label in " ".join(stage.alice.call("window_texts")),
    )
    stage.alice.call("press", window="Window", words=" ".join((label, *more)))


def wait_for_window(stage: Stage, words: str) -> None:
    """Wait for a window with these words, and close it."""

    def titles() -> list[str]:
        return [one for one in stage.alice.call("window_titles") if words in one]

    wait_for(f"the window {words}", titles)
    picture(stage, words.replace(" ", "-").lower())
    stage.alice.call("close_window", title=words)
    wait_for(f"the end of the window {words}", lambda: not titles())


def enter(stage: Stage, about: str) -> str:
    """Type a text and press Enter."""
    text = secret(about)
    stage.alice.call("clear_input")
    stage.alice.call("type_text", text=text)
    stage.alice.call("press_send")
    return text


def picture(stage: Stage, title: str) -> None:
    stage.alice.screenshot(f"{title}-{stage.suite}")


def verify(stage: Stage, peer: OmemoPeer) -> None:
    """The user has checked the device of a contact."""
    stage.alice.call(
        "set_trust",
        account=stage.alice.account_name,
        jid=peer.jid,
        key=peer.engine.fingerprint,
        trust="VERIFIED",
    )


def sent_to(stage: Stage, peer: OmemoPeer) -> list[str]:
    """What has left this Gajim with a key for a device."""
    needle = f"rid='{peer.device.device_id}'"
    found = stage.server.stanzas_with(needle)
    return [line for line in found if line.startswith(f"< {stage.own}")]


def texts_to(stage: Stage, peer: OmemoPeer) -> list[str]:
    """Those of them that have a text."""
    return [one for one in sent_to(stage, peer) if "<payload" in one]


def test_how_many_devices_are_verified(stage: Stage) -> None:
    """None of two, one of two, both."""
    eve = stage.peer("eve")
    phone = stage.device_of(stage.server.accounts[eve.name])
    both = sorted([eve.device.device_id, phone.device.device_id])
    for protocol in BOTH:
        phone.publish_list(protocol, both)
    stage.open_chat(eve)
    name = eve.name.title()
    said = f"Encrypted for {name}. 2 devices can read this."
    wait_until_said(stage, f"{said} None is verified.")
    assert "Verify…" in buttons(stage)
    stage.tell(eve, "for both")
    verify(stage, eve)
    wait_until_said(stage, f"{said} Not all are verified.")
    picture(stage, "some-verified")
    verify(stage, phone)
    wait_until_said(stage, f"{said} All are verified.")
    assert "Verify…" not in buttons(stage)
    picture(stage, "all-verified")


def test_whether_somebody_can_encrypt_is_not_known_yet(stage: Stage) -> None:
    """What is typed meanwhile waits, and goes by itself."""
    eve = stage.peer("eve")
    stage.hostile.hold("axolotl")
    try:
        stage.open_chat(eve)
        wait_until_said(
            stage,
            f"Checking whether {eve.name.title()} can read encrypted messages. "
            "You can write already.",
        )
        text = enter(stage, "before it is known")
        wait_until_said(stage, "Waiting for the keys of", "It is sent by itself.")
        picture(stage, "looking")
        assert not stage.server.leaks(text)
        assert not sent_to(stage, eve)
    finally:
        stage.hostile.hold("")
    eve.wait_for_text(text)
    wait_until_said(stage, f"Encrypted for {eve.name.title()}.")


def test_keys_that_do_not_come(stage: Stage) -> None:
    """After half a minute the text is the user's again, and can be sent once more."""
    eve = stage.peer("eve")
    stage.hostile.hold("bundle")
    try:
        stage.open_chat(eve)
        text = enter(stage, "without keys")
        wait_until_said(stage, "Waiting for the keys of")

        def failed() -> bool:
            rows = stage.alice.call("waiting_messages")
            return any("Send again" in row["buttons"] for row in rows)

        wait_for("it has failed", failed, 60)
        said = said_in_dock(stage.alice)
        name = eve.name.title()
        assert (
            f"Not sent. The keys of the devices of {name} did not come." in said
            # Where the list has not come either
            or "Not sent. It could not be found out whether the app of" in said
        ), said
        # A server that holds keys back is not answered in clear
        assert f"{name}’s app offers no encryption" not in said
        assert "without encryption" not in " ".join(buttons(stage))
        picture(stage, "no-keys")
        assert not stage.server.leaks(text)
    finally:
        stage.hostile.hold("")
    send_after_all(stage.alice, text)
    eve.wait_for_text(text)


def test_on_its_way(stage: Stage) -> None:
    """It is too late to cancel it while the disk writes."""
    stage.open_chat(stage.bob)
    stage.tell(stage.bob, "before the disk is slow")
    alice = stage.alice
    alice.call("hold_disk", account=alice.account_name)
    try:
        text = enter(stage, "while the disk is slow")
        row = wait_for("it is shown", lambda: alice.call("waiting_messages"))[0]
        assert (row["sentence"], row["buttons"]) == ("Sending…", [])
        picture(stage, "sending")
        assert not sent_to_since(stage, text)
    finally:
        alice.call("release_disk")
    stage.bob.wait_for_text(text)


def sent_to_since(stage: Stage, text: str) -> bool:
    """Whether somebody has read a text, or a server could."""
    return text in stage.bob.read() or bool(stage.server.leaks(text))


def test_somebody_lists_no_device_any_more(stage: Stage) -> None:
    """Nothing is sent, and sending in clear is asked about: the server may lie."""
    eve = stage.peer("eve")
    name = eve.name.title()
    stage.open_chat(eve)
    stage.talk(eve, "with a device")
    for protocol in BOTH:
        eve.publish_list(protocol, [])
    wait_until_said(
        stage,
        f"{name}’s app no longer offers encryption",
        f"{name} may have stopped using it. Or the server hides it.",
        f"Nothing is sent to {name} until you answer the warning above.",
    )
    picture(stage, "list-withdrawn")
    text = enter(stage, "to somebody without a device")
    wait_for("it stays", lambda: stage.alice.call("typed_text") == text)
    # Put aside, it says no more than its title, and the line leads back to it
    press(stage, "Wait")
    wait_for("it is small", lambda: "may have stopped" not in said_in_dock(stage.alice))
    wait_until_said(stage, f"{name}’s app no longer offers encryption")
    press(stage, "Warning…")
    press(stage, f"Send to {name} without encryption…")
    wait_until_said(stage, f"Switch encryption off for {name}?")
    assert buttons(stage)[:2] == ["Keep it on", "Switch it off"]
    picture(stage, "list-withdrawn-asked")
    press(stage, "Keep it on")
    wait_until_said(stage, f"{name}’s app no longer offers encryption")
    assert stage.alice.call("typed_text") == text
    assert not stage.server.leaks(text)
    for protocol in BOTH:
        eve.publish_list(protocol, [eve.device.device_id])
    wait_until_said(stage, f"Encrypted for {name}.")
    assert "no longer offers" not in said_in_dock(stage.alice)
    stage.wait_for_line(f"The warning about {eve.jid} is settled")
    send_after_all(stage.alice, text)
    eve.wait_for_text(text)


def test_a_check_that_failed(stage: Stage) -> None:
    """Something differed: nothing goes until the user checks again, or insists."""
    eve = stage.peer("eve")
    name = eve.name.title()
    stage.open_chat(eve)
    stage.talk(eve, "before the check")
    alice = stage.alice
    alice.call("activate", name="omemo-verify", value=[alice.account_name, eve.jid])
    press_in_window(stage, "We can call each other", "You read words to each other.")
    press_in_window(stage, "Gajim with this plugin", "You read words to each other.")
    press_in_window(stage, "Something differs")
    wait_for(
        "the window says what follows",
        lambda: "Stop: you do not see the same" in alice.call("window_texts"),
    )
    press_in_window(stage, "Close")
    wait_until_said(
        stage,
        f"The check with {name} failed",
        "You said that something differs (today).",
        f"Nothing is sent until you decide about {name}’s devices.",
    )
    picture(stage, "check-failed")
    text = enter(stage, "after the check")
    wait_for("it stays", lambda: alice.call("typed_text") == text)
    before = len(sent_to(stage, eve))
    press(stage, "Not now")
    wait_for("it is small", lambda: "You said that" not in said_in_dock(alice))
    assert "Check again…" in buttons(stage)
    stage.alice.restart()
    stage.open_chat(eve)
    wait_until_said(stage, f"The check with {name} failed", "You said that")
    press(stage, "Go on without checking…")
    wait_until_said(stage, "Go on although something differed?")
    assert buttons(stage)[:2] == ["Do not go on", "Go on"]
    picture(stage, "check-failed-asked")
    press(stage, "Do not go on")
    wait_until_said(stage, f"The check with {name} failed")
    assert len(sent_to(stage, eve)) == before
    press(stage, "Go on without checking…")
    press(stage, "Go on")
    wait_until_said(stage, f"Encrypted for {name}.")
    alice.call("clear_input")
    stage.tell(eve, "after all")


def test_a_check_is_undone_after_a_restart(stage: Stage) -> None:
    """The window is gone; the history in the details has the button for a day."""
    eve = stage.peer("eve")
    name = eve.name.title()
    stage.open_chat(eve)
    stage.talk(eve, "before the check")
    alice = stage.alice
    alice.call("activate", name="omemo-verify", value=[alice.account_name, eve.jid])
    press_in_window(stage, "We can call each other", "You read words to each other.")
    press_in_window(stage, "Gajim with this plugin", "You read words to each other.")
    press_in_window(stage, "Something differs")
    press_in_window(stage, "Close")
    wait_until_said(stage, f"The check with {name} failed")
    before = len(texts_to(stage, eve))
    alice.restart()
    stage.open_chat(eve)
    wait_until_said(stage, f"The check with {name} failed")
    alice.call("activate", name="omemo-details", value=[alice.account_name, eve.jid])
    details = f"Encryption details: {name}"
    wait_for("the details", lambda: details in alice.call("window_titles"))
    alice.call("unfold", window=details, words="History")
    wait_for(
        "the history has what failed, and can undo it",
        lambda: "Undo" in alice.call("buttons", window=details),
    )
    picture(stage, "history-undo")
    history = "\n".join(alice.call("texts_of", window=details))
    assert ": the check failed: something differed." in history
    alice.call("press", window=details, words="Undo")
    wait_for("it is undone", lambda: "Undone." in alice.call("window_texts"))
    picture(stage, "history-undone")
    history = "\n".join(alice.call("texts_of", window=details))
    assert ": undone." in history
    assert "Undo" not in alice.call("buttons", window=details), "once"
    alice.call("close_window", title=details)
    wait_until_said(stage, f"Encrypted for {name}.", "It is not verified.")
    assert f"The check with {name} failed" not in said_in_dock(alice)
    # An answer without a text may have been owed
    assert len(texts_to(stage, eve)) == before
    stage.tell(eve, "after it was undone")


def test_several_warnings_take_turns(stage: Stage) -> None:
    """Two new devices of a verified contact; one is refused, one put aside."""
    eve = stage.peer("eve")
    name = eve.name.title()
    stage.open_chat(eve)
    stage.talk(eve, "with one device")
    verify(stage, eve)
    account = stage.server.accounts[eve.name]
    others = [stage.device_of(account) for _ in range(2)]
    ids = [one.device.device_id for one in (eve, *others)]
    for protocol in BOTH:
        eve.publish_list(protocol, sorted(ids))
    wait_until_said(stage, f"{name} has a new device", "1 of 2")
    assert {"Check now…", "Refuse it", "Not now", "Next"} <= set(buttons(stage))
    picture(stage, "two-warnings")
    press(stage, "Next")
    wait_until_said(stage, f"{name} has a new device", "2 of 2")
    press(stage, "Next")
    wait_until_said(stage, "1 of 2")
    press(stage, "Refuse it")
    wait_for("one is left", lambda: "of 2" not in said_in_dock(stage.alice))
    wait_until_said(stage, f"{name} has a new device", "Nobody has checked it.")
    press(stage, "Not now")
    wait_for("it is small", lambda: "Nobody has" not in said_in_dock(stage.alice))
    wait_until_said(stage, f"{name} has a new device")
    wait_until_said(stage, "1 device gets nothing until you decide.")
    stage.tell(eve, "for the first one alone")
    for other in others:
        assert not sent_to(stage, other)


def test_a_device_in_the_own_account(stage: Stage) -> None:
    """It is said in every chat; whose it is, is asked, and removing is asked twice."""
    stage.open_chat(stage.bob)
    stage.tell(stage.bob, "with one own device")
    stranger = stage.device_of(stage.server.accounts["alice"])
    question = "Is this device yours?"
    wait_until_said(stage, question, "appeared in your account (today).")
    picture(stage, "own-device")
    press(stage, "It is mine…")
    wait_for_window(stage, "Encryption details")
    wait_until_said(stage, question)
    press(stage, "It is not mine…")
    wait_until_said(stage, "Remove this device?", "Somebody may know your password")
    picture(stage, "own-device-removed")
    press(stage, "Cancel")
    wait_until_said(stage, question)
    press(stage, "It is not mine…")
    press(stage, "Remove and change the password…")
    wait_for("it is answered", lambda: question not in said_in_dock(stage.alice))
    wait_for_window(stage, "Change Password")
    before = len(sent_to(stage, stranger))
    stage.tell(stage.bob, "without the stranger")
    assert len(sent_to(stage, stranger)) == before


def test_a_damaged_key_store(stage: Stage) -> None:
    """Encryption does not work, and so nothing is sent. Put right, all goes on."""
    alice = stage.alice
    alice.quit()
    name = f"{alice.account.jid}.db"
    (store,) = [path for path in alice.our_stores() if path.name == name]
    kept = store.read_bytes()
    store.write_bytes(b"no database" * 1000)
    alice.launch()
    alice.wait_until_running()
    wait_for("alice is online", alice.online, 60)
    alice.open_chat(stage.bob.jid)
    wait_until_said(stage, "Encryption does not work, so nothing is sent.")
    picture(stage, "broken")
    text = enter(stage, "with damaged keys")
    wait_for("it stays", lambda: alice.call("typed_text") == text)
    assert not stage.server.leaks(text)
    alice.call("clear_input")
    alice.quit()
    store.write_bytes(kept)
    alice.start()
    stage.open_chat(stage.bob)
    stage.tell(stage.bob, "with the keys as before")


def test_a_private_message_in_a_room(stage: Stage) -> None:
    """The line says whose nickname it is."""
    eve = stage.peer("eve")
    alice = stage.alice
    room = "corner@rooms.localhost"
    alice.create_room(room)
    alice.set_affiliation(room, eve.jid, "member")
    eve.client.send(
        f"<presence to='{room}/owl'><x xmlns='http://jabber.org/protocol/muc'/>"
        "</presence>"
    )
    wait_for(
        "the owl is there",
        lambda: "owl" in alice.call("nicknames", account=alice.account_name, room=room),
    )
    alice.open_chat(f"{room}/owl", "OMEMO")
    said = f"Encrypted for {eve.jid}, here “owl”. 1 device can read this."
    wait_until_said(stage, f"{said} It is not verified.")
    picture(stage, "private-message")
    before = len(sent_to(stage, eve))
    text = secret("for the owl alone")
    alice.send(text)
    alice.wait_for_message(text)
    wait_for("a key for the owl", lambda: len(sent_to(stage, eve)) > before)
    assert not stage.server.leaks(text)
    verify(stage, eve)
    wait_until_said(stage, f"{said} It is verified.")


def open_codes(stage: Stage, jid: str, name: str) -> None:
    """Open the window "Verify" as somebody does who has a code already."""
    alice = stage.alice
    alice.call("activate", name="omemo-verify", value=[alice.account_name, jid])
    press_in_window(stage, "Neither")
    press_in_window(stage, f"I have {name}’s code already")


def paste(stage: Stage, text: str) -> None:
    stage.alice.call("copy_text", text=text)
    press_in_window(stage, "Paste")


def wait_for_words(stage: Stage, words: str) -> None:
    wait_for(
        f"a window says {words!r}",
        lambda: words in " ".join(stage.alice.call("window_texts")),
    )


def test_a_code_of_a_device_that_nobody_has_met(stage: Stage) -> None:
    """It is remembered, and verified as soon as it is there."""
    account = stage.server.accounts[stage.nobody("dan")]
    name = account.jid.partition("@")[0].title()
    folder = stage.scene.folder / f"not-met-{stage.suite}"
    folder.mkdir()
    engine = OmemoEngine.open(folder / "keys.db", account.jid)
    link = f"xmpp:{account.jid}?omemo-sid-{engine.device_id}={engine.fingerprint}"
    engine.close()
    open_codes(stage, account.jid, name)
    paste(stage, link)
    wait_for_words(stage, "How did this code reach you?")
    press_in_window(stage, f"{name} gave or showed it to me in person")
    press_in_window(stage, "Verify")
    wait_for_words(stage, "Remembered")
    wait_for_words(stage, "As soon as this device appears with exactly this key")
    picture(stage, "remembered")
    press_in_window(stage, "Close")
    dan = stage.device_of(account, folder=folder)
    stage.open_chat(dan)
    wait_until_said(
        stage, f"Encrypted for {name}. 1 device can read this. It is verified."
    )
    stage.tell(dan, "to a verified device")


def test_the_own_code(stage: Stage) -> None:
    """It says nothing of the contact, and changes nothing."""
    eve = stage.peer("eve")
    name = eve.name.title()
    alice = stage.alice
    stage.open_chat(eve)
    open_codes(stage, eve.jid, name)
    paste(stage, alice.call("own_code", account=alice.account_name))
    wait_for_words(stage, "This is your own code")
    wait_for_words(stage, f"Scan the one that {name} shows.")
    picture(stage, "own-code")
    alice.call("close_window", title=f"Verify {name}")
    wait_until_said(stage, f"Encrypted for {name}.", "It is not verified.")
