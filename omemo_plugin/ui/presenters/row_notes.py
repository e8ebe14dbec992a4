# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on messages that must not pass for the contact's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from ...engine.values import Trust
from ...i18n import _
from ...i18n import ngettext

# Headings of `help/reading.md`, as links name them
_HELP_UNOPENED = "a-message-was-not-opened"
_HELP_UNCHECKED = "a-message-of-a-device-that-nobody-has-checked"

# Whatever a program may show as the end of a line
_LINE_END = re.compile("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


class RowKind(Enum):
    """
    UNOPENED: it could not be decrypted.
    UNDECIDED: of a device that the user has not decided about.
    REFUSED: of a device that the user refused.
    """

    UNOPENED = "unopened"
    UNDECIDED = "undecided"
    REFUSED = "refused"


@dataclass(frozen=True)
class RowNote:
    """
    Attributes:
        text: stands in place of a name, or above the text.
        help: the heading of the help's page on reading that is about such rows.
        button: what there is to do; '' for nothing.
        shown: in place of `text` when the user wanted to see it.
    """

    text: str
    help: str
    button: str = ""
    shown: str = ""


def kind_of(trust: Trust, key: str | None, *, outgoing: bool) -> RowKind | None:
    """
    The kind of a row; None for an ordinary one.

    Args:
        trust: of the device, when the message came.
        key: its fingerprint, or what Gajim has in its place.
    """
    if trust is Trust.DISTRUSTED and key in (None, "", "Unknown"):
        return RowKind.UNOPENED
    if outgoing:
        return None
    return {
        Trust.DISTRUSTED: RowKind.REFUSED,
        Trust.UNDECIDED: RowKind.UNDECIDED,
    }.get(trust)


def in_list(kind: RowKind) -> str:
    """The text in the list of chats in place of the message."""
    return {
        RowKind.UNOPENED: _("A message was not opened"),
        RowKind.UNDECIDED: _("A message from an unchecked device"),
        RowKind.REFUSED: _("A message from a device you refused"),
    }[kind]


def in_export(kind: RowKind | None, text: str) -> str:
    """
    The text of a message in an export of the history. What was not opened has a text
    that says so itself.

    Args:
        kind: None for a message like any other.
    """
    # SECURITY: a line of its own could pass for a message of somebody else
    text = _LINE_END.sub("\n    ", text)
    if kind is None or kind is RowKind.UNOPENED:
        return text
    return f"[{in_list(kind)}] {text}"


def notification(kind: RowKind, name: str) -> str:
    """
    The text of a notification in place of the message. A refused device has none.

    Args:
        name: what the user calls the contact.
    """
    if kind is RowKind.UNOPENED:
        text = _("A message from {name} could not be opened.")
    else:
        text = _("A message from an unchecked device of {name}")
    return text.format(name=name)


def note_of(kind: RowKind, name: str) -> RowNote:
    """
    The words for a row.

    Args:
        name: what the user calls the contact.
    """
    if kind is RowKind.UNOPENED:
        return RowNote(_("Message not opened"), _HELP_UNOPENED)
    if kind is RowKind.UNDECIDED:
        text = _(
            "From a device of {name} that nobody has checked. Somebody else may have "
            "written this."
        )
        return RowNote(text.format(name=name), _HELP_UNCHECKED, _("Decide…"))
    shown = _("From a device you refused. Somebody else may have written this.")
    text = _("A device you refused sent a message.")
    return RowNote(text, _HELP_UNCHECKED, _("Show once"), shown)


def run_text(count: int, name: str, *, is_open: bool) -> RowNote:
    """
    The words in place of several rows of messages that were not opened.

    Args:
        count: of the messages, two at least.
        name: of their sender; '' for the user's own.
        is_open: the rows are shown as well.
    """
    if name:
        # Translators: in a chat, in place of several rows; there is always more than
        # one. {name} is what the user calls the sender
        text = ngettext(
            "{count} message from {name} was not opened.",
            "{count} messages from {name} were not opened.",
            count,
        )
    else:
        # Translators: the same, where the user has sent them
        text = ngettext(
            "{count} message of yours was not opened.",
            "{count} messages of yours were not opened.",
            count,
        )
    button = _("Show one row") if is_open else _("Show all")
    return RowNote(text.format(count=count, name=name), _HELP_UNOPENED, button)
