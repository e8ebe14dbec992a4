# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a contact's devices: it says what happened, and nothing else."""

from __future__ import annotations

import re

from tests.e2e.hostile_stage import Stage
from tests.e2e.test_states import open_codes
from tests.e2e.test_states import paste
from tests.e2e.test_states import picture
from tests.e2e.test_states import press
from tests.e2e.test_states import press_in_window
from tests.e2e.test_states import wait_for_words
from tests.e2e.test_states import wait_until_said
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

# A day, as the locale of the tests writes it, and what was then
LINE = re.compile(r"^\d\d/\d\d/\d\d: (.+)$", re.MULTILINE)


def open_history(stage: Stage, eve: OmemoPeer) -> str:
    """Open the details at the history. Returns the title of the window."""
    alice = stage.alice
    title = f"Encryption details: {eve.name.title()}"
    alice.call("activate", name="omemo-details", value=[alice.account_name, eve.jid])
    wait_for("the details", lambda: title in alice.call("window_titles"))
    alice.call("unfold", window=title, words="History")
    return title


def entries(stage: Stage, title: str) -> list[str]:
    """The lines of the history without their days, newest first."""
    texts = "\n".join(stage.alice.call("texts_of", window=title))
    return LINE.findall(texts)


def wait_for_entries(stage: Stage, title: str, *expected: str) -> None:
    found: list[str] = []

    def are_there() -> bool:
        found[:] = entries(stage, title)[: len(expected)]
        return found == list(expected)

    try:
        wait_for("the history", are_there)
    except TooLate as error:
        raise TooLate(f"{error}; it says {found}") from None


def test_what_the_user_does(stage: Stage) -> None:
    eve = stage.peer("eve")
    name = eve.name.title()
    device = f"“{name}’s first device”"
    alice = stage.alice
    stage.open_chat(eve)
    stage.talk(eve, "before the check")
    engine = eve.engine
    alice.call("close_other_windows")
    open_codes(stage, eve.jid, name)
    link = f"xmpp:{eve.jid}?omemo-sid-{engine.device_id}={engine.fingerprint}"
    paste(stage, link)
    wait_for_words(stage, "How did this code reach you?")
    press_in_window(stage, f"{name} gave or showed it to me in person")
    press_in_window(stage, "Verify")
    wait_for_words(stage, f"{name} is verified")
    press_in_window(stage, "Close")

    title = open_history(stage, eve)
    verified = "verified by code, in person."
    wait_for_entries(stage, title, verified)
    alice.call("press", window=title, words="Refuse")
    refused = f"you refused {device}."
    wait_for_entries(stage, title, refused, verified)
    alice.call("press", window=title, words="Undo refusal")
    undone = f"you no longer refuse {device}. It gets nothing until you decide."
    wait_for_entries(stage, title, undone, refused, verified)
    picture(stage, "history-refusal-undone")
    # The bar below says what was done, and takes it back
    alice.call("press", window=title, words="Undo")
    wait_for_entries(stage, title, "undone.", undone)
    alice.call("press", window=title, words="Undo refusal")
    alice.call("press", window=title, words="Undo")
    alice.call("press", window=title, words="Undo refusal")
    alice.call("close_window", title=title)
    wait_until_said(stage, "Nothing is sent until you decide")


def test_what_happens_and_is_answered(stage: Stage) -> None:
    """A new device of a verified contact, encryption off and on, and a restart."""
    eve = stage.peer("eve")
    name = eve.name.title()
    alice = stage.alice
    stage.open_chat(eve)
    stage.talk(eve, "before the new device")
    about = {"account": alice.account_name, "jid": eve.jid}
    key = eve.engine.fingerprint
    alice.call("set_trust", **about, key=key, trust="VERIFIED")
    # Of two devices that came in one second, chance says which is the second
    alice.call("let_time_pass", account=alice.account_name, seconds=2)
    phone = stage.device_of(stage.server.accounts[eve.name])
    ids = sorted(one.device.device_id for one in (eve, phone))
    for protocol in BOTH:
        phone.publish_list(protocol, ids)
    wait_until_said(stage, f"{name} has a new device")
    device = f"“{name}’s second device”"
    new = f"new device {device}. It gets nothing until you decide."
    title = open_history(stage, eve)
    wait_for_entries(stage, title, new)
    alice.call("close_window", title=title)
    # The warning is raised again, and not written again
    alice.restart()
    stage.open_chat(eve)
    wait_until_said(stage, f"{name} has a new device")
    press(stage, "Refuse it")
    refused = f"you refused {device}."
    title = open_history(stage, eve)
    wait_for_entries(stage, title, refused, new)
    assert entries(stage, title).count(new) == 1
    alice.call("close_window", title=title)

    alice.call("set_encryption", name="")
    press(stage, "Switch it off")
    wait_until_said(stage, f"Not encrypted: you switched it off for {name}.")
    press(stage, "Switch on")
    wait_until_said(stage, f"Encrypted for {name}.")
    title = open_history(stage, eve)
    wait_for_entries(
        stage,
        title,
        "encryption switched on again.",
        "encryption switched off by you.",
        refused,
        new,
    )
    picture(stage, "history")
    alice.call("close_window", title=title)
    stage.tell(eve, "to the device that is verified")
