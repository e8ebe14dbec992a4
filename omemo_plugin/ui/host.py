# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Gajim's windows, as far as something of ours is put into them. All that differs
between its versions there is here. Each change can be taken back, and where a
Gajim is not as it is known, it stays as it is.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any

from gajim.common import app
from gajim.common.const import Trust
from gi.repository import Gio
from gi.repository import GLib

log = logging.getLogger("gajim.p.omemo_plugin")

# Where Gajim 2 asks for the page with its own list of devices: module, name,
# and whether the encryption is the first argument
_TRUST_PAGES = (
    ("gajim.gtk.contact_info", "OMEMOTrustManager"),
    ("gajim.gtk.groupchat_details", "OMEMOTrustManager"),
    ("gajim.gtk.accounts", "OMEMOTrustManager"),
    ("gajim.gtk.contact_info", "CryptoTrustManager"),
    ("gajim.gtk.groupchat_details", "CryptoTrustManager"),
    ("gajim.gtk.preference.account", "CryptoTrustManager"),
)

# Who makes menus of a contact or room, and where their makers are looked up
_CONTACT_MENUS = (
    ("gajim.gtk.message_actions_box", "get_singlechat_menu"),
    ("gajim.gtk.message_actions_box", "get_groupchat_menu"),
    ("gajim.gtk.chat_banner", "get_singlechat_menu"),
    ("gajim.gtk.chat_banner", "get_groupchat_menu"),
)
_ACCOUNT_MENUS = (
    ("gajim.gtk.menus", "get_account_menu"),
    ("gajim.gtk.account_page", "get_account_menu"),
)
_ROSTER_MENUS = (("gajim.gtk.roster", "get_roster_menu"),)


class Patches:
    """What was put in the place of something of Gajim's."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> bool:
        """
        Args:
            make: gets what is there, and gives what is to be there.

        Returns:
            False if there is no such thing.
        """
        try:
            before = getattr(owner, name)
        except AttributeError:
            return False
        own = name in vars(owner)
        ours = make(before)
        setattr(owner, name, ours)

        def restore() -> None:
            # Somebody else may have changed it since
            if getattr(owner, name, None) is not ours:
                return
            if own:
                setattr(owner, name, before)
            else:
                delattr(owner, name)

        self._undo.append(restore)
        return True

    def replace_in(self, module: str, name: str, make: Callable[[Any], Any]) -> bool:
        """The same, with the name of a module."""
        try:
            owner = importlib.import_module(module)
        except ImportError:
            return False
        return self.replace(owner, name, make)

    def add(self, undo: Callable[[], None]) -> None:
        """Something else to be taken back."""
        self._undo.append(undo)

    def restore(self) -> None:
        """Take all back, the newest first."""
        while self._undo:
            undo = self._undo.pop()
            try:
                undo()
            except Exception as error:
                log.warning("Not taken back: %s", type(error).__name__)


# What is on screen


def main_window() -> Any:
    return app.window


def shown_contact() -> Any:
    """The contact or room whose chat is on screen; None if there is none."""
    try:
        control = None if app.window is None else app.window.get_control()
    except AttributeError:
        # With no account yet, plugins are on before the window is complete
        return None
    if control is None or not control.has_active_chat():
        return None
    return control.contact


def contact(account: str, jid: str) -> Any:
    from nbxmpp.protocol import JID

    contacts = app.get_client(account).get_module("Contacts")
    return contacts.get_contact(JID.from_string(jid))


def name_of(account: str, jid: str) -> str:
    """What the user calls somebody."""
    try:
        return str(contact(account, jid).name) or jid
    except Exception:
        return jid


def is_nickname(who: Any) -> bool:
    """Whether it is somebody in a room."""
    return bool(getattr(who, "is_pm_contact", False))


def is_room(account: str, jid: str) -> bool:
    try:
        return bool(contact(account, jid).is_groupchat)
    except Exception:
        return False


def accounts() -> list[str]:
    """The active accounts."""
    return sorted(app.settings.get_active_accounts())


def is_encrypted(who: Any) -> bool:
    return bool(who.settings.get("encryption") == "OMEMO")


def choose_encryption(who: Any) -> None:
    """Choose OMEMO for the chat on screen, as its menu does."""

    def choose() -> bool:
        shown = shown_contact()
        if shown is not None and shown == who:
            action = app.window.lookup_action("set-encryption")
            action.change_state(GLib.Variant("s", "OMEMO"))
        return bool(GLib.SOURCE_REMOVE)

    # Not before Gajim has put the chat on screen in whole
    GLib.idle_add(choose)


# Actions: what menus and lines refer to


def add_action(
    patches: Patches, name: str, parameter: str, call: Callable[[Any], None]
) -> None:
    """
    Args:
        parameter: a GLib type; '' for none.
        call: gets the parameter's value.
    """
    kind = GLib.VariantType(parameter) if parameter else None
    action = Gio.SimpleAction.new(name, kind)

    def activated(_action: Any, value: Any) -> None:
        try:
            call(None if value is None else value.unpack())
        except Exception:
            log.exception("Action %s", name)

    action.connect("activate", activated)
    app.app.add_action(action)
    patches.add(lambda: app.app.remove_action(name))


def pair(account: str, jid: str) -> Any:
    """The parameter of an action about somebody."""
    return texts([account, jid])


def text(value: str) -> Any:
    """The parameter of an action about an account."""
    return GLib.Variant("s", value)


def texts(values: list[str]) -> Any:
    """The parameter of an action about several things."""
    return GLib.Variant("as", values)


def menu_item(label: str, action: str, value: Any = None) -> Any:
    item = Gio.MenuItem.new(label, None)
    item.set_action_and_target_value(f"app.{action}", value)
    return item


def extend_menu(menu: Any, items: list[Any]) -> Any:
    """Add a section to a menu."""
    section = Gio.Menu()
    for item in items:
        section.append_item(item)
    menu.append_section(None, section)
    return menu


def extend_menus(
    patches: Patches,
    for_contact: Callable[[Any], list[Any]],
    for_account: Callable[[str], list[Any]],
    for_jid: Callable[[str, str], list[Any]],
) -> None:
    """Add entries to the menus of contacts, rooms and accounts."""

    def contact_menu(make: Any) -> Any:
        def made(who: Any) -> Any:
            return _extended(make(who), lambda: for_contact(who))

        return made

    def account_menu(make: Any) -> Any:
        def made(account: str) -> Any:
            return _extended(make(account), lambda: for_account(account))

        return made

    def roster_menu(make: Any) -> Any:
        def made(account: str, jid: str, *args: Any, **options: Any) -> Any:
            menu = make(account, jid, *args, **options)
            return _extended(menu, lambda: for_jid(account, str(jid)))

        return made

    for module, name in _CONTACT_MENUS:
        patches.replace_in(module, name, contact_menu)
    for module, name in _ACCOUNT_MENUS:
        patches.replace_in(module, name, account_menu)
    for module, name in _ROSTER_MENUS:
        patches.replace_in(module, name, roster_menu)
    _rebuild_accounts_menu()
    patches.add(_rebuild_accounts_menu)


def _extended(menu: Any, items: Callable[[], list[Any]]) -> Any:
    try:
        found = items()
        return extend_menu(menu, found) if found else menu
    except Exception as error:
        log.warning("A menu stays as it is: %s", type(error).__name__)
        return menu


def _rebuild_accounts_menu() -> None:
    """The one in the menu bar is made once; since 2.6 there is none."""
    from gajim.gtk import menus

    build = getattr(menus, "build_accounts_menu", None)
    if build is not None and app.app.get_menubar() is not None:
        build()


# The rows of messages


def extend_row_menus(
    patches: Patches, items: Callable[[Any, list[str]], list[Any]]
) -> None:
    """
    Add entries to the menu of each message.

    Args:
        items: gets the contact, and what `row_values` says of the row.
    """
    rows = importlib.import_module("gajim.gtk.conversation.rows.message")
    if hasattr(rows.MessageRow, "get_chat_row_menu"):
        _extend_row_menus_2(patches, rows, items)
    else:
        _extend_row_menus_1(patches, rows, items)


def _extend_row_menus_2(
    patches: Patches, rows: Any, items: Callable[[Any, list[str]], list[Any]]
) -> None:
    def method(theirs: Any) -> Any:
        def made(row: Any) -> Any:
            return _extended(
                theirs(row), lambda: items(row._contact, _row_values_2(row))
            )

        return made

    patches.replace(rows.MessageRow, "get_chat_row_menu", method)


def _row_values_2(row: Any) -> list[str]:
    outgoing = row.direction.name == "OUTGOING"
    number = row._original_message.id
    found = row.encryption
    if found is None:
        return _values(number, outgoing, False, "", None)
    return _values(number, outgoing, True, found.key, found.trust)


def _extend_row_menus_1(
    patches: Patches, rows: Any, items: Callable[[Any, list[str]], list[Any]]
) -> None:
    # The menu is made by a function that is not told of the row
    clicked: list[Any] = []

    def method(theirs: Any) -> Any:
        def remember(row: Any, button: Any) -> None:
            clicked.append(row)
            try:
                theirs(row, button)
            finally:
                clicked.clear()

        return remember

    def function(theirs: Any) -> Any:
        def made(*args: Any) -> Any:
            menu = theirs(*args)
            if not clicked:
                return menu
            row = clicked[-1]
            return _extended(menu, lambda: items(row._contact, _row_values_1(row)))

        return made

    patches.replace(rows.MessageRow, "_on_more_menu_button_clicked", method)
    patches.replace(rows, "get_chat_row_menu", function)


def _row_values_1(row: Any) -> list[str]:
    outgoing = row.kind == "outgoing"
    data = row.additional_data
    details = None if data is None else row._get_encryption_details(data)
    if details is None:
        return _values(row.message_id, outgoing, False, "", None)
    _name, fingerprint, trust = details
    return _values(row.message_id, outgoing, True, fingerprint, trust)


def _values(
    number: str | None, outgoing: bool, encrypted: bool, key: str | None, trust: Any
) -> list[str]:
    """As an action can carry it; `message_of` reads it again."""
    name = "" if trust is None else Trust(trust).name
    return [
        number or "",
        "outgoing" if outgoing else "",
        "encrypted" if encrypted else "",
        key or "",
        name,
    ]


# The page of Gajim 2 with its own list of devices


def replace_trust_pages(patches: Patches, make: Callable[[str, Any], Any]) -> None:
    """
    Args:
        make: gets the account, and the contact or None for the account itself;
            gives the widget.
    """

    def own(theirs: Any) -> Any:
        def page(*args: Any) -> Any:
            values = list(args)
            # Since 2.6 the first says which encryption it is about
            if values and values[0] == "OpenPGP":
                return theirs(*args)
            if values and values[0] == "OMEMO":
                values.pop(0)
            account, who = (*values, None)[:2]
            widget = make(account, who)
            return theirs(*args) if widget is None else widget

        return page

    for module, name in _TRUST_PAGES:
        patches.replace_in(module, name, own)


# The lines in a chat


def add_line(account: str, jid: str, text: str) -> Any:
    """
    Add a line to the chat on screen.

    Returns:
        The grid of its row, to put something into; None if the chat is not on
        screen, or its rows are not as they are known.
    """
    who = shown_contact()
    if who is None or who.account != account or str(who.jid) != jid:
        return None
    control = app.window.get_control()
    view = control._scrolled_view
    # The rows themselves: of one that Python forgets, the next could have the id
    before = list(view.iter_rows())
    control.add_info_message(text)
    for one in view.iter_rows():
        if one not in before and getattr(one, "type", "") == "info":
            return one.grid
    return None
