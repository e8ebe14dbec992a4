# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The types of Gajim's windows, as far as ours use them: Gajim 1.7.3, 2.1.1 and 2.6.0.

Where the versions differ, there is a type for each of them. A test in each real
Gajim compares the types with its objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Protocol

from gi.repository import Gio
from gi.repository import GLib

from ...bridge.gajim.protocols import ChatControl
from ...bridge.gajim.protocols import Contact
from ..presenters.row_notes import RowKind
from ..widgets.toolkit import Box
from ..widgets.toolkit import Button
from ..widgets.toolkit import Grid
from ..widgets.toolkit import Image
from ..widgets.toolkit import MenuButton
from ..widgets.toolkit import Widget


class ChatRow(Protocol):
    """A row of a chat: a message, or a line of information."""

    grid: Grid


class ChatRows(Protocol):
    """The list of rows."""

    _list_box: Widget

    def iter_rows(self) -> Iterable[ChatRow]: ...


class ChatView(ChatControl, Protocol):
    """The part of the window that shows a chat, with its rows."""

    _scrolled_view: ChatRows


class MessageInput(Protocol):
    """The text view for new messages."""

    def get_text(self) -> str: ...


class ChatStack(Protocol):
    """The part of the window with the chat and its input."""

    def get_message_input(self) -> MessageInput: ...


class MainWindow(Protocol):
    """Gajim's window."""

    def get_chat_stack(self) -> ChatStack: ...

    def get_control(self) -> ChatView | None: ...
    def lookup_action(self, action_name: str) -> Gio.SimpleAction | None: ...
    def select_chat(self, account: str, jid: object) -> None: ...
    def add_chat(
        self, account: str, jid: object, type_: str, select: bool = False
    ) -> None: ...
    def add_group_chat(
        self, account: str, jid: object, select: bool = False
    ) -> None: ...
    def add_private_chat(
        self, account: str, jid: object, select: bool = False
    ) -> None: ...


# The message input


class InputWidgets(Protocol):
    """The widgets around the message input."""

    encryption_details_button: Button
    encryption_details_image: Image
    encryption_menu_button: MenuButton


class InputBox(Protocol):
    """The box with the message input; Gajim's `MessageActionsBox`, a grid."""

    _ui: InputWidgets

    def _change_encryption(
        self, action: Gio.SimpleAction, param: GLib.Variant
    ) -> None: ...
    def _on_encryption_details_clicked(self, button: Button | None) -> None: ...


class OldInputBox(InputBox, Protocol):
    """The widgets of the input box in Gajim 1.7."""

    def _update_encryption_button(self) -> None: ...
    def _update_encryption_details_button(self) -> None: ...


class NewInputBox(InputBox, Protocol):
    """The widgets of the input box since Gajim 2."""

    def get_current_contact(self) -> Contact: ...
    def _is_encryption_available(self, contact: Contact) -> bool: ...
    def _update_encryption_button(
        self, encryption: str, *, is_available: bool
    ) -> None: ...
    def _update_encryption_details_button(self, encryption: str) -> None: ...


# Rows with messages


class RowModule(Protocol):
    """The module with the class of the rows."""

    MessageRow: type


class MessageRow(ChatRow, Protocol):
    """A row with a message."""

    name: str
    _contact: Contact
    _avatar_box: Widget
    _bottom_box: Widget
    _message_widget: Widget
    _meta_box: Box

    def get_text(self) -> str: ...


class OldMessageRow(MessageRow, Protocol):
    """The row of a message in Gajim 1.7."""

    kind: str
    message_id: str | None
    additional_data: Mapping[str, object] | None

    def _get_encryption_details(
        self, additional_data: Mapping[str, object]
    ) -> tuple[str, str | None, int | None] | None: ...


class Direction(Protocol):
    """Whether a message was received or sent; an enumeration of Gajim's."""

    @property
    def name(self) -> str: ...


class StoredEncryption(Protocol):
    """The encryption of a message, in Gajim's archive."""

    protocol: str
    key: str
    trust: int


class AdditionalData(Protocol):
    """The data that Gajim 1.7 keeps with a message."""

    def get_value(self, namespace: str, key: str) -> object: ...


class StoredMessage(Protocol):
    """A message in Gajim's archive."""

    id: str | None


class NewMessageRow(MessageRow, Protocol):
    """The row of a message since Gajim 2."""

    direction: Direction
    encryption: StoredEncryption | None
    _original_message: StoredMessage


class RowMark(Protocol):
    """Attributes that the plugin adds to a row that it has looked at."""

    omemo_kind: RowKind | None
    omemo_note: Box | None
    omemo_apart: bool
