# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of messages that have not been sent."""

from __future__ import annotations

import pytest

from omemo_plugin.bridge.values import WaitingMessage
from omemo_plugin.bridge.values import WaitingState
from omemo_plugin.ui.presenters.waiting import WaitingRow
from omemo_plugin.ui.presenters.waiting import more
from omemo_plugin.ui.presenters.waiting import rows_of


def row(state: WaitingState, text: str = "hello", reason: str = "") -> WaitingRow:
    (found,) = rows_of([WaitingMessage(7, text, state, reason)], "Bob")
    assert found.number == 7
    return found


@pytest.mark.parametrize(
    ("is_room", "is_blocked", "sentence"),
    [
        (
            True,
            False,
            "Waiting for the keys of the members’ devices. It is sent by itself.",
        ),
        # The line below says why, and it does not go by itself
        (True, True, "Not sent yet."),
        (False, True, "Not sent yet."),
    ],
)
def test_waiting_messages_while_nothing_may_be_sent(
    is_room: bool, is_blocked: bool, sentence: str
) -> None:
    waiting = [
        WaitingMessage(1, "hello", WaitingState.KEYS),
        WaitingMessage(2, "hello", WaitingState.OFFLINE),
    ]
    first, second = rows_of(waiting, "den", is_room=is_room, is_blocked=is_blocked)
    assert first.sentence == sentence
    assert [button.label for button in first.buttons] == ["Cancel"]
    # It waits for that in any case
    assert second.sentence.startswith("Waiting for the connection.")


FAILED_BUTTONS = ["Send again", "Edit", "Delete"]


@pytest.mark.parametrize(
    ("state", "sentence", "buttons"),
    [
        (
            WaitingState.KEYS,
            "Waiting for the keys of Bob’s devices. It is sent by itself.",
            ["Cancel"],
        ),
        (
            WaitingState.OFFLINE,
            "Waiting for the connection. It is sent by itself, encrypted.",
            ["Cancel"],
        ),
        (
            WaitingState.MEMBERS,
            "Asking the server who is in this group chat.",
            ["Cancel"],
        ),
        (WaitingState.BEHIND, "Waiting for the message above.", ["Cancel"]),
        (WaitingState.SENDING, "Sending…", []),
        (WaitingState.FAILED, "Not sent.", FAILED_BUTTONS),
        (
            WaitingState.ENDED,
            "Not sent: Gajim was closed before. Read it once more.",
            FAILED_BUTTONS,
        ),
        (WaitingState.CANCELLED, "Not sent: you cancelled it.", FAILED_BUTTONS),
        (WaitingState.DRAFT, "Draft. Not sent.", ["Edit", "Delete"]),
        (WaitingState.DELETED, "Deleted.", ["Undo"]),
    ],
)
def test_every_state(state: WaitingState, sentence: str, buttons: list[str]) -> None:
    found = row(state)
    assert found.sentence == sentence
    assert [button.label for button in found.buttons] == buttons
    assert found.text == ("" if state is WaitingState.DELETED else "hello")
    assert found.spoken == "Waiting message: “hello”"
    # Said aloud when it fails, and not while it waits
    assert found.has_failed is ("Send again" in buttons)


def test_the_reason_is_said_once() -> None:
    """The line below says what concerns the whole chat."""
    found = row(WaitingState.FAILED, reason="It is too long for your server.")
    assert found.sentence == "Not sent. It is too long for your server."
    assert row(WaitingState.FAILED).sentence == "Not sent."


def test_long_texts_and_many_of_them() -> None:
    assert not row(WaitingState.KEYS).is_long
    assert row(WaitingState.KEYS, "word " * 50).is_long
    assert row(WaitingState.KEYS, "a\nb\nc").is_long
    assert len(row(WaitingState.KEYS, "word " * 50).spoken) < 80
    assert more(1) == "1 more message waits"
    assert more(2) == "2 more messages wait"
