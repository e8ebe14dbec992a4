# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a contact's devices: each kind of line, reached as in life. The first
kinds are in `test_diary.py`, what other devices tell in `test_trust_messages.py`, and
devices that are not heard in `test_silent_devices.py`."""

from __future__ import annotations

import pytest

from tests.e2e.conversation import said_in_dock
from tests.e2e.hostile_stage import Stage
from tests.e2e.test_answers import set_up_again
from tests.e2e.test_diary import entries
from tests.e2e.test_diary import open_history
from tests.e2e.test_diary import wait_for_entries
from tests.e2e.test_states import open_codes
from tests.e2e.test_states import paste
from tests.e2e.test_states import picture
from tests.e2e.test_states import press
from tests.e2e.test_states import press_in_window
from tests.e2e.test_states import verify
from tests.e2e.test_states import wait_for_words
from tests.e2e.test_states import wait_until_said
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

# Devices that come so much later than the first are new ones, in seconds
LATER = 120

OUR_PLUGIN = ("Gajim with this plugin", "You read words to each other.")
ANOTHER_APP = (
    "Another app, or I do not know",
    "You compare by hand what a device shows.",
)


def met(stage: Stage) -> tuple[OmemoPeer, str, str]:
    """Somebody who is not verified; the name, and that of the device."""
    stage.alice.call("close_other_windows")
    eve = stage.peer("eve")
    name = eve.name.title()
    stage.open_chat(eve)
    stage.talk(eve, "before it is written down")
    return eve, name, f"“{name}’s first device”"


def begin_to_compare(stage: Stage, eve: OmemoPeer, *app: str) -> None:
    """Open the window at what is read out. The words on the button of an app on the
    other side."""
    alice = stage.alice
    alice.call("activate", name="omemo-verify", value=[alice.account_name, eve.jid])
    press_in_window(stage, "We can call each other", "You read words to each other.")
    press_in_window(stage, *app)


def list_devices(*devices: OmemoPeer) -> None:
    """The account lists these devices, in both protocols."""
    ids = sorted(one.device.device_id for one in devices)
    for protocol in BOTH:
        devices[0].publish_list(protocol, ids)


def undo(stage: Stage, title: str) -> None:
    stage.alice.call("press", window=title, words="Undo")
    wait_for_entries(stage, title, "undone.")
    stage.alice.call("close_window", title=title)


def test_by_voice_and_by_hand(stage: Stage) -> None:
    eve, name, device = met(stage)
    begin_to_compare(stage, eve, *OUR_PLUGIN)
    press_in_window(stage, "All the same")
    wait_for_words(stage, "reads 10 to 18")
    press_in_window(stage, "All the same")
    wait_for_words(stage, f"{name} is verified")
    press_in_window(stage, "Close")
    title = open_history(stage, eve)
    wait_for_entries(stage, title, "verified by voice.")
    undo(stage, title)

    begin_to_compare(stage, eve, *ANOTHER_APP)
    wait_for_words(stage, f"Ask {name} to read out what the device itself shows")
    press_in_window(stage, "All the same")
    wait_for_words(stage, "is verified")
    press_in_window(stage, "Close")
    title = open_history(stage, eve)
    wait_for_entries(stage, title, f"you verified {device} by hand.")
    picture(stage, "history-by-hand")


@pytest.mark.parametrize(
    ("answer", "sure", "written"),
    [
        ("{name} showed it in a video call", "", "in a video call."),
        (
            "From a website",
            "I am sure that this is {name}’s own website",
            "from their website.",
        ),
    ],
    ids=["video-call", "website"],
)
def test_by_a_code(stage: Stage, answer: str, sure: str, written: str) -> None:
    eve, name, _device = met(stage)
    engine = eve.engine
    open_codes(stage, eve.jid, name)
    paste(stage, f"xmpp:{eve.jid}?omemo-sid-{engine.device_id}={engine.fingerprint}")
    wait_for_words(stage, "How did this code reach you?")
    for words in filter(None, (answer, sure)):
        press_in_window(stage, words.format(name=name))
    press_in_window(stage, "Verify")
    wait_for_words(stage, f"{name} is verified")
    press_in_window(stage, "Close")
    title = open_history(stage, eve)
    wait_for_entries(stage, title, f"verified by code, {written}")


def test_a_check_fails_and_the_user_goes_on(stage: Stage) -> None:
    eve, name, device = met(stage)
    begin_to_compare(stage, eve, *OUR_PLUGIN)
    press_in_window(stage, "Something differs")
    wait_for_words(stage, "Stop: you do not see the same")
    press_in_window(stage, "Close")
    wait_until_said(stage, f"The check with {name} failed")
    failed = "the check failed: something differed."
    title = open_history(stage, eve)
    undecided = f"{device} gets nothing until you decide."
    wait_for_entries(stage, title, failed, undecided)
    stage.alice.call("close_window", title=title)
    press(stage, "Go on without checking…")
    press(stage, "Go on")
    wait_until_said(stage, f"Encrypted for {name}.")
    title = open_history(stage, eve)
    went_on = "you went on although something had differed."
    wait_for_entries(stage, title, went_on, failed, undecided)
    picture(stage, "history-went-on")


def test_new_devices(stage: Stage) -> None:
    """One gets messages, one is used without checking, and one goes again."""
    alice = stage.alice
    eve, name, first = met(stage)
    alice.call("let_time_pass", account=alice.account_name, seconds=LATER)
    account = stage.server.accounts[eve.name]
    second = stage.device_of(account)
    list_devices(eve, second)
    wait_until_said(stage, "2 devices can read this.")
    title = open_history(stage, eve)
    new = f"new device “{name}’s second device”."
    wait_for_entries(stage, title, new)
    alice.call("close_window", title=title)

    verify(stage, eve)
    third = stage.device_of(account)
    list_devices(eve, second, third)
    device = f"“{name}’s third device”"
    undecided = f"new device {device}. It gets nothing until you decide."
    wait_until_said(stage, f"{name} has a new device")
    title = open_history(stage, eve)
    verified = f"you verified {first} by hand."
    wait_for_entries(stage, title, undecided, verified, new)
    alice.call("press_in_more", window=title, words="Use without checking…")
    wait_for("it is asked", lambda: alice.call("press_in_question", words="Use it"))
    used = f"you used {device} without checking it."
    wait_for_entries(stage, title, used, undecided)
    alice.call("close_window", title=title)

    fourth = stage.device_of(account)
    list_devices(eve, second, third, fourth)
    device = f"“{name}’s fourth device”"
    wait_until_said(stage, f"{name} has a new device")
    list_devices(eve, second, third)
    wait_for("it is settled", lambda: "new device" not in said_in_dock(alice))
    title = open_history(stage, eve)
    wait_for_entries(
        stage,
        title,
        f"{device} is not in use any more.",
        f"new device {device}. It gets nothing until you decide.",
        used,
    )
    picture(stage, "history-new-devices")


def test_a_list_is_withdrawn_and_comes_again(stage: Stage) -> None:
    eve, name, _device = met(stage)
    for protocol in BOTH:
        eve.publish_list(protocol, [])
    wait_until_said(stage, f"{name}’s app no longer offers encryption")
    withdrawn = "the app offered no encryption any more."
    title = open_history(stage, eve)
    wait_for_entries(stage, title, withdrawn)
    stage.alice.call("close_window", title=title)
    list_devices(eve)
    wait_until_said(stage, f"Encrypted for {name}.")
    title = open_history(stage, eve)
    wait_for_entries(stage, title, "the app offers encryption again.", withdrawn)


def test_another_key_is_accepted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = stage.alice
    eve, name, device = met(stage)
    again = set_up_again(stage, eve, monkeypatch)
    again.say(stage.own, "with the new key")
    wait_until_said(stage, "shows a different key")
    changed = f"{device} showed a different key."
    title = open_history(stage, eve)
    wait_for_entries(stage, title, changed)
    alice.call("press_in_more", window=title, words="Accept without checking…")
    wait_for("it is asked", lambda: alice.call("press_in_question", words="Accept"))
    accepted = f"you accepted the key of {device} without checking it."
    wait_for_entries(stage, title, accepted, changed)
    picture(stage, "history-accepted")
    alice.call("close_window", title=title)
    wait_until_said(stage, f"Encrypted for {name}.")
    stage.tell(again, "to the key that was accepted")
    # The one that was written down is not written again
    title = open_history(stage, eve)
    assert entries(stage, title).count(changed) == 1
