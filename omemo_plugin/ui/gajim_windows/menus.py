# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries in Gajim's menus, and the actions that menus and lines refer to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gajim.common import app
from gi.repository import Gio
from gi.repository import GLib

from ...bridge.gajim.patches import Patches
from ..widgets.toolkit import Application

if TYPE_CHECKING:
    from ...bridge.gajim.protocols import Contact

log = logging.getLogger("gajim.p.omemo_plugin")

# What makes the menu of a contact, a room, an account or a roster entry, and what
# makes it wider by ours
ContactMenu = Callable[["Contact"], Gio.Menu]
AccountMenu = Callable[[str], Gio.Menu]
RosterMenu = Callable[..., Gio.Menu]

# The modules in which the makers of menus are looked up, and the makers
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


# Actions


def add_key(patches: Patches, action: str, key: str) -> None:
    """Give an action a key, as GTK writes it."""
    application = _application()
    application.set_accels_for_action(f"app.{action}", [key])
    patches.add(lambda: application.set_accels_for_action(f"app.{action}", []))


def _application() -> Application:
    found: Application = app.app
    return found


def _add_action(
    patches: Patches,
    name: str,
    parameter: str,
    call: Callable[[GLib.Variant | None], None],
) -> None:
    kind = GLib.VariantType(parameter) if parameter else None
    action = Gio.SimpleAction.new(name, kind)

    def activated(_action: Gio.SimpleAction, value: GLib.Variant | None) -> None:
        try:
            call(value)
        except Exception:
            log.exception("Action %s", name)

    action.connect("activate", activated)
    _application().add_action(action)
    patches.add(lambda: _application().remove_action(name))


def add_action(patches: Patches, name: str, call: Callable[[], None]) -> None:
    """Add an action without a parameter."""
    _add_action(patches, name, "", lambda _value: call())


def add_text_action(patches: Patches, name: str, call: Callable[[str], None]) -> None:
    """
    Args:
        call: gets what `text` made a parameter of.
    """

    def called(value: GLib.Variant | None) -> None:
        if value is not None:
            call(value.get_string())

    _add_action(patches, name, "s", called)


def add_texts_action(
    patches: Patches, name: str, call: Callable[[list[str]], None]
) -> None:
    """
    Args:
        call: gets what `texts` made a parameter of.
    """

    def called(value: GLib.Variant | None) -> None:
        if value is not None:
            call(value.get_strv())

    _add_action(patches, name, "as", called)


def pair(account: str, jid: str) -> GLib.Variant:
    """The parameter of an action about somebody."""
    return texts([account, jid])


def text(value: str) -> GLib.Variant:
    """The parameter of an action about an account."""
    return GLib.Variant("s", value)


def texts(values: Sequence[str]) -> GLib.Variant:
    """The parameter of an action about several things."""
    return GLib.Variant("as", values)


# Menus


def menu_item(
    label: str, action: str, value: GLib.Variant | None = None
) -> Gio.MenuItem:
    item = Gio.MenuItem.new(label, None)
    item.set_action_and_target_value(f"app.{action}", value)
    return item


def extend_menu(menu: Gio.Menu, items: Sequence[Gio.MenuItem]) -> Gio.Menu:
    """Add a section to a menu."""
    section = Gio.Menu()
    for item in items:
        section.append_item(item)
    menu.append_section(None, section)
    return menu


def extend_menus(
    patches: Patches,
    for_contact: Callable[[Contact], Sequence[Gio.MenuItem]],
    for_account: Callable[[str], Sequence[Gio.MenuItem]],
    for_jid: Callable[[str, str], Sequence[Gio.MenuItem]],
) -> None:
    """Add entries to the menus of contacts, rooms and accounts."""

    def contact_menu(make: ContactMenu) -> ContactMenu:
        def made(who: Contact) -> Gio.Menu:
            return extended(make(who), lambda: for_contact(who))

        return made

    def account_menu(make: AccountMenu) -> AccountMenu:
        def made(account: str) -> Gio.Menu:
            return extended(make(account), lambda: for_account(account))

        return made

    def roster_menu(make: RosterMenu) -> RosterMenu:
        def made(
            account: str, jid: object, *args: object, **options: object
        ) -> Gio.Menu:
            menu = make(account, jid, *args, **options)
            return extended(menu, lambda: for_jid(account, str(jid)))

        return made

    for module, name in _CONTACT_MENUS:
        patches.replace_in(module, name, contact_menu)
    for module, name in _ACCOUNT_MENUS:
        patches.replace_in(module, name, account_menu)
    for module, name in _ROSTER_MENUS:
        patches.replace_in(module, name, roster_menu)
    _rebuild_accounts_menu()
    patches.add(_rebuild_accounts_menu)


def extended(menu: Gio.Menu, items: Callable[[], Sequence[Gio.MenuItem]]) -> Gio.Menu:
    """A menu with entries of ours, or as it was where they cannot be made."""
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
    if build is not None and _application().get_menubar() is not None:
        build()
