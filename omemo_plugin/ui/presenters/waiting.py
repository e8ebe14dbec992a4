# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows above the message input: messages that have not been sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ...bridge.values import WaitingMessage
from ...bridge.values import WaitingState
from ...foreign_text import quoted
from ...i18n import _
from ...i18n import ngettext
from .badges import Icon
from .badges import Tone

# So many rows at most, unless the user wants all of them
SHOWN_ROWS = 3

# Of the first words that a screen reader says, in characters
_FIRST_WORDS = 40

# A text that may need more than two lines
_LONG = 100

# Their texts go by themselves, or are about to be deleted
_BY_THEMSELVES = frozenset(
    {
        WaitingState.KEYS,
        WaitingState.OFFLINE,
        WaitingState.MEMBERS,
        WaitingState.BEHIND,
        WaitingState.SENDING,
        WaitingState.DELETED,
    }
)


class WaitingAction(Enum):
    """The action of a button of a row."""

    CANCEL = "cancel"
    SEND_AGAIN = "send again"
    EDIT = "edit"
    DELETE = "delete"
    UNDO = "undo"


@dataclass(frozen=True)
class WaitingButton:
    act: WaitingAction
    label: str
    suggested: bool = False


@dataclass(frozen=True)
class WaitingRow:
    """
    One message.

    Attributes:
        text: what the user wrote; '' once it is deleted.
        sentence: what becomes of it.
        spoken: what a screen reader says of the row as a whole.
        has_failed: it does not go by itself; that is said aloud.
    """

    number: int
    icon: Icon
    tone: Tone
    text: str
    sentence: str
    spoken: str
    buttons: tuple[WaitingButton, ...]
    has_failed: bool = False

    @property
    def is_long(self) -> bool:
        """Whether the text may need more than two lines."""
        return len(self.text) > _LONG or self.text.count("\n") > 1


def rows_of(
    messages: Sequence[WaitingMessage],
    name: str,
    *,
    is_room: bool = False,
    is_blocked: bool = False,
) -> tuple[WaitingRow, ...]:
    """
    Args:
        name: what the user calls the contact or the room.
        is_blocked: the line below says why nothing is sent.
    """
    keys = _keys(name, is_room=is_room, is_blocked=is_blocked)
    return tuple(_row(message, keys) for message in messages)


def more(count: int) -> str:
    """
    The text of the button that shows all rows.

    Args:
        count: how many are not to be seen.
    """
    return ngettext(
        "{count} more message waits", "{count} more messages wait", count
    ).format(count=count)


def _row(message: WaitingMessage, keys: str) -> WaitingRow:
    state = message.state
    text = "" if state is WaitingState.DELETED else message.text
    # Translators: {text} is the beginning of the message, in quotation marks
    spoken = _("Waiting message: {text}").format(
        text=quoted(message.text, _FIRST_WORDS)
    )
    by_itself = state in _BY_THEMSELVES
    return WaitingRow(
        message.number,
        Icon.WAITING,
        Tone.PLAIN if by_itself else Tone.CAUTION,
        text,
        _sentence(message, keys),
        spoken,
        _buttons(state),
        has_failed=not by_itself and state is not WaitingState.DRAFT,
    )


def _keys(name: str, *, is_room: bool, is_blocked: bool) -> str:
    """The sentence about a message whose keys are not there."""
    if is_blocked:
        # It goes by itself only if the reason does
        return _("Not sent yet.")
    if is_room:
        return _("Waiting for the keys of the members’ devices. It is sent by itself.")
    return _("Waiting for the keys of {name}’s devices. It is sent by itself.").format(
        name=name
    )


def _sentence(message: WaitingMessage, keys: str) -> str:
    state = message.state
    if state is WaitingState.KEYS:
        return keys
    if state is WaitingState.FAILED:
        if not message.reason:
            return _("Not sent.")
        return f"{_('Not sent.')} {message.reason}"
    return {
        WaitingState.OFFLINE: _(
            "Waiting for the connection. It is sent by itself, encrypted."
        ),
        WaitingState.MEMBERS: _("Asking the server who is in this group chat."),
        WaitingState.SENDING: _("Sending…"),
        WaitingState.BEHIND: _("Waiting for the message above."),
        WaitingState.ENDED: _("Not sent: Gajim was closed before. Read it once more."),
        WaitingState.CANCELLED: _("Not sent: you cancelled it."),
        WaitingState.DRAFT: _("Draft. Not sent."),
        WaitingState.DELETED: _("Deleted."),
    }[state]


def _buttons(state: WaitingState) -> tuple[WaitingButton, ...]:
    if state is WaitingState.SENDING:
        # It is too late
        return ()
    if state is WaitingState.DELETED:
        return (WaitingButton(WaitingAction.UNDO, _("Undo")),)
    if state in _BY_THEMSELVES:
        return (WaitingButton(WaitingAction.CANCEL, _("Cancel")),)
    again = WaitingButton(WaitingAction.SEND_AGAIN, _("Send again"), suggested=True)
    rest = (
        WaitingButton(WaitingAction.EDIT, _("Edit")),
        WaitingButton(WaitingAction.DELETE, _("Delete")),
    )
    return rest if state is WaitingState.DRAFT else (again, *rest)
