# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that must not pass for the contact's words, and the notes beside them."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.help_page import HelpPage
from omemo_plugin.ui.presenters.help_pages import PieceKind
from omemo_plugin.ui.presenters.help_pages import anchor
from omemo_plugin.ui.presenters.help_pages import read
from omemo_plugin.ui.presenters.row_notes import RowKind
from omemo_plugin.ui.presenters.row_notes import in_export
from omemo_plugin.ui.presenters.row_notes import in_list
from omemo_plugin.ui.presenters.row_notes import kind_of
from omemo_plugin.ui.presenters.row_notes import note_of
from omemo_plugin.ui.presenters.row_notes import notification
from omemo_plugin.ui.presenters.row_notes import run_text

KEY = "ab" * 32


@pytest.mark.parametrize("no_key", [None, "", "Unknown"])
@pytest.mark.parametrize("outgoing", [True, False])
def test_a_row_of_a_message_that_could_not_be_opened(
    no_key: str | None, outgoing: bool
) -> None:
    kind = kind_of(Trust.DISTRUSTED, no_key, outgoing=outgoing)
    assert kind is RowKind.UNOPENED


@pytest.mark.parametrize(
    ("trust", "kind"),
    [
        (Trust.DISTRUSTED, RowKind.REFUSED),
        (Trust.UNDECIDED, RowKind.UNDECIDED),
        (Trust.BLIND, None),
        (Trust.VERIFIED, None),
    ],
)
def test_the_trust_in_a_device_decides_the_kind_of_a_row(
    trust: Trust, kind: RowKind | None
) -> None:
    assert kind_of(trust, KEY, outgoing=False) is kind
    # The user's own words are the user's
    assert kind_of(trust, KEY, outgoing=True) is None


def test_the_words() -> None:
    assert note_of(RowKind.UNOPENED, "Bob").text == "Message not opened"
    note = note_of(RowKind.UNDECIDED, "Bob")
    assert note.text.startswith("From a device of Bob that nobody has checked.")
    note = note_of(RowKind.REFUSED, "Bob")
    assert note.button == "Show once"
    assert "Somebody else may have written this." in note.shown
    assert "written" not in note.text


def test_several_rows_in_one_line() -> None:
    note = run_text(3, "Bob", is_open=False)
    assert note.text == "3 messages from Bob were not opened."
    assert note.button == "Show all"
    note = run_text(2, "", is_open=True)
    assert note.text == "2 messages of yours were not opened."
    assert note.button == "Show one row"
    assert note.help == note_of(RowKind.UNOPENED, "Bob").help


def test_the_list_and_notifications_have_no_text() -> None:
    assert in_list(RowKind.UNOPENED) == "A message was not opened"
    assert in_list(RowKind.UNDECIDED) == "A message from an unchecked device"
    assert in_list(RowKind.REFUSED) == "A message from a device you refused"
    said = notification(RowKind.UNDECIDED, "Bob")
    assert said == "A message from an unchecked device of Bob"
    said = notification(RowKind.UNOPENED, "Bob")
    assert said == "A message from Bob could not be opened."


@pytest.mark.parametrize("kind", RowKind)
def test_the_help_speaks_of_each_kind(kind: RowKind) -> None:
    pieces = read(HelpPage.READING)
    headings = [one.text for one in pieces if one.kind is PieceKind.HEADING]
    assert note_of(kind, "Bob").help in map(anchor, headings)


def test_an_export_says_what_a_message_is() -> None:
    said = in_export(RowKind.UNDECIDED, "hello")
    assert said == "[A message from an unchecked device] hello"
    said = in_export(RowKind.REFUSED, "hello")
    assert said == "[A message from a device you refused] hello"
    stored = "[Message from Bob not opened] It was damaged."
    assert in_export(RowKind.UNOPENED, stored) == stored


@pytest.mark.parametrize("kind", [None, *RowKind])
def test_case_149_a_message_cannot_pass_for_another_line_of_an_export(
    kind: RowKind | None,
) -> None:
    forged = "2026-01-01 10:00:00 You: b"
    for end in ("\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"):
        lines = in_export(kind, f"a{end}{forged}").splitlines()
        assert lines[1:] == [f"    {forged}"]


def test_an_ordinary_message_is_exported_as_it_is() -> None:
    assert in_export(None, "hello\tyou") == "hello\tyou"
