# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chat on screen, and the lock beside the message input."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from gajim.common import app
from gi.repository import Gio
from gi.repository import GLib

from ...bridge.gajim.patches import Patches
from ...foreign_text import clean
from ..widgets.toolkit import Grid
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding

if TYPE_CHECKING:
    # In `typing` since Python 3.13
    from typing_extensions import TypeIs

    from ...bridge.gajim.protocols import Contact
    from ...bridge.gajim.protocols import OldContacts
    from .protocols import ChatRow
    from .protocols import ChatView
    from .protocols import MainWindow
    from .protocols import NewInputBox
    from .protocols import OldInputBox


def main_window() -> Window | None:
    """Gajim's window, for a window of ours to be above it."""
    found: Window | None = app.window
    return found


def is_window_visible() -> bool:
    """Whether Gajim's window can be seen: it is neither hidden, such as by the icon
    in the notification area, nor minimised."""
    window = main_window()
    return window is not None and embedding.is_visible(window)


def _window() -> MainWindow | None:
    found: MainWindow | None = app.window
    return found


def _shown_chat() -> ChatView | None:
    window = _window()
    try:
        chat = None if window is None else window.get_control()
    except AttributeError:
        # With no account yet, plugins are on before the window is complete
        return None
    return chat if chat is not None and chat.has_active_chat() else None


def shown_contact() -> Contact | None:
    """The contact or room whose chat is on screen; None if there is none."""
    chat = _shown_chat()
    return None if chat is None else chat.contact


def contact(account: str, jid: str) -> Contact:
    from nbxmpp.protocol import JID

    contacts: OldContacts = app.get_client(account).get_module("Contacts")
    return contacts.get_contact(JID.from_string(jid))


def name_of(account: str, jid: str) -> str:
    """The name of a contact in the user's list, or the nickname that an occupant
    of a room has chosen, as one line without control characters."""
    try:
        return clean(str(contact(account, jid).name)) or jid
    except Exception:
        return jid


def open_chat(account: str, jid: str) -> None:
    """Show Gajim's window, with the chat with a contact or a room; '' for any chat."""
    from nbxmpp.protocol import JID

    if jid:
        address = JID.from_string(jid)
        if is_room(account, jid):
            app.window.add_group_chat(account, address, select=True)
        else:
            app.window.add_chat(account, address, "chat", select=True)
        app.window.select_chat(account, address)
    app.window.present()


def change_password(account: str) -> None:
    """Open Gajim's window for that."""
    try:
        util = importlib.import_module("gajim.gtk.util.window")
    except ImportError:
        # Gajim 1
        util = importlib.import_module("gajim.gtk.util")
    util.open_window("ChangePassword", account=account)


def is_room(account: str, jid: str) -> bool:
    try:
        return bool(contact(account, jid).is_groupchat)
    except Exception:
        return False


def accounts() -> list[str]:
    """The active accounts."""
    return sorted(app.settings.get_active_accounts())


def shown_name(who: Contact) -> str:
    """The user's name for the contact or room of a chat."""
    return str(who.name) or str(who.jid)


def encryption(who: Contact) -> str:
    """The name of the encryption that is switched on; '' for none."""
    return str(who.settings.get("encryption") or "")


def is_encrypted(who: Contact) -> bool:
    return encryption(who) == "OMEMO"


def message_input() -> Widget | None:
    """The text view for new messages."""
    window = _window()
    if window is None:
        return None
    found: object = window.get_chat_stack().get_message_input()
    return embedding.as_widget(found)


def typed_text() -> str:
    """The text in the message input."""
    window = _window()
    return (
        "" if window is None else window.get_chat_stack().get_message_input().get_text()
    )


def show_chat(account: str, jid: str) -> None:
    """Go to a chat that is open, or open it."""
    window = _window()
    if window is None:
        return
    who = contact(account, jid)
    if is_room(account, jid):
        window.add_group_chat(account, who.jid, select=True)
    elif who.is_pm_contact:
        window.add_private_chat(account, who.jid, select=True)
    else:
        window.add_chat(account, who.jid, "chat", select=True)
    window.select_chat(account, who.jid)


def before_sending(
    patches: Patches,
    wrapper: Callable[[Callable[[object], None]], Callable[[object], None]],
) -> None:
    """
    Args:
        wrapper: gets what Gajim does when Enter is pressed in the message input,
            and gives what is done instead.
    """
    stacks = importlib.import_module("gajim.gtk.chat_stack")
    patches.replace(stacks.ChatStack, "_on_send_message", wrapper)


# The lock


def padlock_action() -> Gio.SimpleAction | None:
    """The action behind the menu with the padlock; None before Gajim's window is
    complete."""
    window = _window()
    return None if window is None else window.lookup_action("set-encryption")


def follow_padlock(box: OldInputBox | NewInputBox, who: Contact) -> None:
    """Show at the padlock what is switched on, where that was not done there."""
    action = padlock_action()
    name = encryption(who)
    state = None if action is None else action.get_state()
    if action is None or state is None or state.get_string() == name:
        return
    action.set_state(GLib.Variant("s", name))
    _update_padlock(box, name)


def _is_new(box: OldInputBox | NewInputBox) -> TypeIs[NewInputBox]:
    return hasattr(box, "_is_encryption_available")


def _update_padlock(box: OldInputBox | NewInputBox, name: str) -> None:
    if _is_new(box):
        available = box._is_encryption_available(box.get_current_contact())
        box._update_encryption_button(name, is_available=available)
        box._update_encryption_details_button(name)
    else:
        box._update_encryption_button()
        box._update_encryption_details_button()


def choose_encryption(who: Contact) -> None:
    """Choose OMEMO for the chat on screen, as its menu does."""

    def choose() -> bool:
        shown = shown_contact()
        action = padlock_action()
        if shown is not None and shown == who and action is not None:
            action.change_state(GLib.Variant("s", "OMEMO"))
        return bool(GLib.SOURCE_REMOVE)

    # Not before Gajim has put the chat on screen in whole
    GLib.idle_add(choose)


# The lines in a chat


def shown_rows(account: str) -> list[ChatRow]:
    """The rows of the chat on screen, if it is one of an account."""
    chat = _shown_chat()
    if chat is None or chat.contact.account != account:
        return []
    return list(chat._scrolled_view.iter_rows())


def add_line(account: str, jid: str, text: str) -> Grid | None:
    """
    Add a line to the chat on screen.

    Returns:
        The grid of its row, to put something into; None if the chat is not on
        screen, or its rows are not as they are known.
    """
    chat = _shown_chat()
    if chat is None:
        return None
    who = chat.contact
    if who.account != account or str(who.jid) != jid:
        return None
    view = chat._scrolled_view
    # The rows themselves: of one that Python forgets, the next could have the id
    before = list(view.iter_rows())
    chat.add_info_message(text)
    for one in view.iter_rows():
        if one not in before and getattr(one, "type", "") == "info":
            return one.grid
    return None
