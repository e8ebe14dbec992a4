# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of messages: their menus, and what Gajim has kept of each."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import NamedTuple
from typing import TypeAlias

from gajim.common import app
from gajim.common.const import Trust as GajimTrust
from gi.repository import Gio

from ...bridge.gajim.patches import Patches
from ...engine.values import Trust
from ..presenters.row_notes import RowKind
from ..presenters.row_notes import kind_of
from .menus import extended

if TYPE_CHECKING:
    # In `typing` since Python 3.13
    from typing_extensions import TypeIs

    from ...bridge.gajim.protocols import Contact
    from .protocols import AdditionalData
    from .protocols import NewMessageRow
    from .protocols import OldMessageRow
    from .protocols import RowModule
    from .protocols import StoredEncryption

# A row of any version
Row: TypeAlias = "OldMessageRow | NewMessageRow"

log = logging.getLogger("gajim.p.omemo_plugin")

# In Gajim's archive: the direction of a message in 2, and the kinds of those that
# were sent in 1.7
_OUTGOING = 2
_KINDS_SENT = (5, 6)

LEVELS = {
    GajimTrust.UNTRUSTED: Trust.DISTRUSTED,
    GajimTrust.UNDECIDED: Trust.UNDECIDED,
    GajimTrust.BLIND: Trust.BLIND,
    GajimTrust.VERIFIED: Trust.VERIFIED,
}


class RowEncryption(NamedTuple):
    """
    The encryption of a message, as Gajim's archive has it.

    Attributes:
        trust: how far the device was trusted then.
    """

    trust: Trust
    key: str | None


def row_module() -> RowModule:
    """The module with the class of the rows."""
    found: RowModule = importlib.import_module("gajim.gtk.conversation.rows.message")
    return found


def _is_new(row: Row) -> TypeIs[NewMessageRow]:
    return hasattr(row, "_original_message")


def encryption_of(row: Row) -> RowEncryption | None:
    """The kept encryption of the message in a row; None for a message in clear."""
    if _is_new(row):
        found = row.encryption
        if found is None:
            return None
        return RowEncryption(LEVELS[GajimTrust(found.trust)], found.key)
    details = None
    if row.additional_data is not None:
        details = row._get_encryption_details(row.additional_data)
    if details is None or details[2] is None:
        return None
    return RowEncryption(LEVELS[GajimTrust(details[2])], details[1])


def _kept_encryption(message: object) -> RowEncryption | None:
    """The kept encryption of a message from the archive, or of the event that announces
    the message."""
    found: StoredEncryption | None = getattr(message, "encryption", None)
    if found is not None:
        return RowEncryption(LEVELS[GajimTrust(found.trust)], found.key)
    data: AdditionalData | None = getattr(message, "additional_data", None)
    if data is None:
        # A correction in 1.7 brings what was decrypted
        properties = getattr(message, "properties", None)
        data = getattr(getattr(properties, "encrypted", None), "additional_data", None)
        if not isinstance(data, dict):
            return None
        key, trust = data.get("fingerprint"), data.get("trust")
    else:
        key = data.get_value("encrypted", "fingerprint")
        trust = data.get_value("encrypted", "trust")
    if trust is None:
        return None
    return RowEncryption(LEVELS[GajimTrust(trust)], None if key is None else str(key))


def kind_of_kept(message: object) -> RowKind | None:
    """The kind of a message that Gajim has just got, or has in its archive."""
    try:
        try:
            found = _kept_encryption(message)
        except Exception:
            # For its list of chats 2.6 reads only a part of it
            number = getattr(message, "pk", None)
            message = _with_encryption(number)
            found = _kept_encryption(message)
    except Exception as error:
        log.warning("The text of a message stays: %s", type(error).__name__)
        return None
    if found is None:
        return None
    sent = getattr(message, "direction", None) == _OUTGOING
    sent = sent or getattr(message, "kind", None) in _KINDS_SENT
    return kind_of(found.trust, found.key, outgoing=sent)


def _with_encryption(number: int | None) -> object:
    """A message from the archive of Gajim 2.6, and nothing else that belongs to it but
    its encryption: to load all of that takes longer than to encrypt an answer."""
    from gajim.common.storage.archive.models import Message
    from sqlalchemy.orm import joinedload

    return app.storage.archive.get_message_with_pk(
        number, [joinedload(Message.encryption)], default_options=False
    )


def is_message_row(row: object) -> TypeIs[Row]:
    """Whether a row of a chat is that of a message."""
    return isinstance(row, row_module().MessageRow)


def message_id_of(row: Row) -> str | None:
    """The id of the stanza that brought the message in a row."""
    return row._original_message.id if _is_new(row) else row.message_id


def is_outgoing(row: Row) -> bool:
    """Whether the user wrote the message in a row."""
    if _is_new(row):
        return row.direction.name == "OUTGOING"
    return bool(row.kind == "outgoing")


# The menus

# Entries that answer a message, or change it
_ANSWERS = ("win.quote", "win.reply", "win.correct-message")

RowItems = Callable[["Contact", list[str]], Sequence[Gio.MenuItem]]
_NewMenu = Callable[["NewMessageRow"], Gio.Menu]
_Clicked = Callable[["OldMessageRow", object], None]


def extend_row_menus(patches: Patches, items: RowItems) -> None:
    """
    Add entries to the menu of each message.

    Args:
        items: gets the contact, and what `message_of` reads of the row.
    """
    rows = row_module()
    if hasattr(rows.MessageRow, "get_chat_row_menu"):
        _extend_new_menus(patches, rows, items)
    else:
        _extend_old_menus(patches, rows, items)


def _extend_new_menus(patches: Patches, rows: RowModule, items: RowItems) -> None:
    def method(theirs: _NewMenu) -> _NewMenu:
        def made(row: NewMessageRow) -> Gio.Menu:
            menu = _without_answers(theirs(row), row)
            return extended(menu, lambda: items(row._contact, _new_values(row)))

        return made

    patches.replace(rows.MessageRow, "get_chat_row_menu", method)


def _new_values(row: NewMessageRow) -> list[str]:
    number = message_id_of(row)
    found = row.encryption
    if found is None:
        return _values(number, row, None, None)
    return _values(number, row, found.key or "", found.trust)


def _extend_old_menus(patches: Patches, rows: RowModule, items: RowItems) -> None:
    # The menu is made by a function that is not told of the row
    clicked: list[OldMessageRow] = []

    def method(theirs: _Clicked) -> _Clicked:
        def remember(row: OldMessageRow, button: object) -> None:
            clicked.append(row)
            try:
                theirs(row, button)
            finally:
                clicked.clear()

        return remember

    def function(theirs: Callable[..., Gio.Menu]) -> Callable[..., Gio.Menu]:
        def made(*args: object) -> Gio.Menu:
            menu = theirs(*args)
            if not clicked:
                return menu
            row = clicked[-1]
            menu = _without_answers(menu, row)
            return extended(menu, lambda: items(row._contact, _old_values(row)))

        return made

    patches.replace(rows.MessageRow, "_on_more_menu_button_clicked", method)
    patches.replace(rows, "get_chat_row_menu", function)


def _without_answers(menu: Gio.Menu, row: Row) -> Gio.Menu:
    """The menu of a row; of a message that was not opened without what would answer
    it."""
    if getattr(row, "omemo_kind", None) is RowKind.UNOPENED:
        for position in reversed(range(menu.get_n_items())):
            action = menu.get_item_attribute_value(position, "action", None)
            if action is not None and action.get_string() in _ANSWERS:
                menu.remove(position)
    return menu


def _old_values(row: OldMessageRow) -> list[str]:
    data = row.additional_data
    details = None if data is None else row._get_encryption_details(data)
    if details is None:
        return _values(row.message_id, row, None, None)
    _name, fingerprint, trust = details
    return _values(row.message_id, row, fingerprint or "", trust)


def _values(
    number: str | None, row: Row, key: str | None, trust: int | None
) -> list[str]:
    """
    The values of a message in the form that an action carries; `message_of` reads it.

    Args:
        key: None for a message in clear.
    """
    return [
        number or "",
        "outgoing" if is_outgoing(row) else "",
        "" if key is None else "encrypted",
        key or "",
        "" if trust is None else GajimTrust(trust).name,
    ]
