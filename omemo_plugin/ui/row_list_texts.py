# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The list of chats and Gajim's notifications: of a message that must not pass for
the contact's words they do not show the text.
"""

from __future__ import annotations

import dataclasses
import html
import importlib
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from gajim.common import app

from ..bridge.gajim.patches import Patches
from .gajim_windows import screen
from .gajim_windows.rows import kind_of_kept
from .presenters.row_notes import RowKind
from .presenters.row_notes import in_list
from .presenters.row_notes import notification
from .widgets.toolkit import Label


class _ListWidgets(Protocol):
    message_label: Label


class ListRow(Protocol):
    """A row of Gajim's list of chats."""

    _ui: _ListWidgets

    def set_nick(self, nickname: str) -> None: ...


_SetText = Callable[..., None]
_Handler = Callable[..., None]


class ListTexts:
    """Replaces the texts."""

    def __init__(self) -> None:
        # Of the message that Gajim is about to show
        self._kind: RowKind | None = None
        # A row is being made
        self._makes_row = False

    def install(self, patches: Patches) -> None:
        """Change what is shown from now on."""
        rows = importlib.import_module("gajim.gtk.chat_list_row").ChatListRow
        lists = importlib.import_module("gajim.gtk.chat_list").ChatList
        stack = importlib.import_module("gajim.gtk.chat_stack").ChatStack
        patches.replace(rows, "set_message_text", self._set_text)
        # Since 2.1 the row does not know the message; in 1.7 it does
        patches.replace(rows, "_display_last_conversation_row", self._row_made)
        patches.replace(rows, "_display_last_conversation_line", self._row_made)
        for name in ("get_last_conversation_row", "get_last_conversation_line"):
            patches.replace(app.storage.archive, name, self._looked_up)
        for name in (
            "_on_message_received",
            "_on_message_updated",
            "_on_message_corrected",
        ):
            patches.replace(lists, name, self._event)
        patches.replace(stack, "_issue_notification", self._notify)

    @contextmanager
    def _about(self, message: object) -> Iterator[RowKind | None]:
        """Gajim is about to show a message."""
        before = self._kind
        self._kind = None if message is None else kind_of_kept(message)
        try:
            yield self._kind
        finally:
            self._kind = before

    # The list of chats

    def _row_made(self, theirs: _Handler) -> _Handler:
        def made(row: ListRow) -> None:
            self._makes_row = True
            try:
                with self._about(None):
                    theirs(row)
            finally:
                self._makes_row = False

        return made

    def _looked_up(self, theirs: Callable[..., object]) -> Callable[..., object]:
        def look_up(*args: object, **options: object) -> object:
            found = theirs(*args, **options)
            if self._makes_row and found is not None:
                self._kind = kind_of_kept(found)
            return found

        return look_up

    def _event(self, theirs: _Handler) -> _Handler:
        def received(chats: object, event: object) -> None:
            with self._about(getattr(event, "message", event)):
                theirs(chats, event)

        return received

    def _set_text(self, theirs: _SetText) -> _SetText:
        def set_text(row: ListRow, text: str, *args: object, **options: object) -> None:
            kind = self._kind
            if kind is None:
                theirs(row, _in_one_piece(text), *args, **options)
                return
            shown = in_list(kind)
            row.set_nick("")
            theirs(row, shown)
            label = row._ui.message_label
            if label.get_text() == shown:
                # And not what the user is typing there
                label.set_markup(f"<i>{html.escape(shown)}</i>")

        return set_text

    # Notifications

    def _notify(self, theirs: _Handler) -> _Handler:
        def notify(stack: object, *args: object) -> None:
            message = args[-1]
            with self._about(message) as kind:
                if kind is None:
                    theirs(stack, *args)
                elif kind is not RowKind.REFUSED:
                    with _said_instead(kind):
                        theirs(stack, *args)

        return notify


def _in_one_piece(text: str) -> str:
    """
    SECURITY: of an action in several lines Gajim shows the last one, with the end of
    the markup around all of them. GTK cannot read that, and logs it with the text.
    """
    return text.replace("\n", " ") if text.startswith("/me") else text


@contextmanager
def _said_instead(kind: RowKind) -> Iterator[None]:
    """Gajim's notification says what the message is, in place of its text."""
    patches = Patches()

    def raising(theirs: Callable[[object], object]) -> Callable[[object], object]:
        def raise_event(event: object) -> object:
            if getattr(event, "name", "") != "notification":
                return theirs(event)
            # "New message from Bob", in the user's language
            title = notification(kind, _name_in(event))
            changed: object = dataclasses.replace(
                event,  # type: ignore[type-var]
                title=title,
                text="",
            )
            return theirs(changed)

        return raise_event

    patches.replace(app.ged, "raise_event", raising)
    try:
        yield
    finally:
        patches.restore()


def _name_in(event: object) -> str:
    """The name of the contact or room that a notification is about."""
    account, jid = getattr(event, "account", ""), getattr(event, "jid", None)
    return screen.name_of(account, str(jid))
