# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chat on screen and its message input, in each supported version of Gajim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gajim.common import app

from . import drafts

if TYPE_CHECKING:
    from .protocols import ChatControl
    from .protocols import Contact


def _control(account: str, jid: str) -> ChatControl | None:
    """The chat on screen, if it is with this contact."""
    control = _active_control()
    if control is None:
        return None
    contact = control.contact
    shown = contact.account == account and str(contact.jid) == jid
    return control if shown else None


def _active_control() -> ChatControl | None:
    if app.window is None:
        return None
    control: ChatControl | None = app.window.get_control()
    return control if control is not None and control.has_active_chat() else None


def chat_on_screen(account: str) -> str:
    """The JID of the chat on screen, if it is one of this account's; or ''."""
    control = _active_control()
    if control is None or control.contact.account != account:
        return ""
    return str(control.contact.jid)


def show_info(account: str, jid: str, text: str) -> bool:
    """
    Add a line to the chat on screen.

    Returns:
        False if the chat is not on screen.
    """
    control = _control(account, jid)
    if control is None:
        return False
    control.add_info_message(text)
    return True


def fill_input(account: str, jid: str, text: str) -> bool:
    """
    Put text into the input of the chat on screen.

    Returns:
        False if that is another chat, or there is other text already.
    """
    if _control(account, jid) is None:
        return False
    view = app.window.get_chat_stack().get_message_input()
    if view.has_text:
        return False
    view.insert_text(text)
    return True


def replace_input(account: str, jid: str, text: str) -> str | None:
    """
    Put text into the input of the chat on screen, in place of what is there.

    Returns:
        What was there; None if that is another chat.
    """
    if _control(account, jid) is None:
        return None
    view = app.window.get_chat_stack().get_message_input()
    before = str(view.get_text())
    view.clear()
    view.insert_text(text)
    view.grab_focus()
    return before


def give_back(contact: Contact, text: str, *, join: bool = False) -> bool:
    """
    Put text that was not sent where the user can send it again: into the input
    of the chat on screen, or among the drafts.

    Args:
        join: put it below other text that is there already.

    Returns:
        False if there is other text already, or no place for it.
    """
    account, jid = contact.account, str(contact.jid)
    if _control(account, jid) is not None:
        if fill_input(account, jid, text):
            return True
        if not join:
            return False
        view = app.window.get_chat_stack().get_message_input()
        return replace_input(account, jid, f"{view.get_text()}\n{text}") is not None
    return drafts.give_back(contact, text, join=join)
