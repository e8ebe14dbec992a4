# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is beside the message input: entries in the menu with the lock, the shield,
which says what is true of a message that is sent now, and above it a line for as
long as a long archive is decrypted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from gi.repository import Gio

from ..bridge.i18n import _
from . import host
from .presenters.recipients import Shield
from .toolkit import kit

log = logging.getLogger("gajim.p.omemo_plugin")


class Composer:
    """Beside the message input of Gajim's main window."""

    def __init__(
        self,
        box: Any,
        *,
        shield: Callable[[Any], Shield],
        progress: Callable[[Any], str],
        show_details: Callable[[Any], None],
        items: list[Any],
    ) -> None:
        """
        Args:
            box: Gajim's `MessageActionsBox`.
            shield: what is true for a contact or a room.
            progress: what is going on with the account of a contact or a room,
                or ''.
            show_details: opens the window for a contact.
            items: of the menu with the lock.
        """
        self._box = box
        self._shield = shield
        self._progress = progress
        self._show_details = show_details
        self._patches = host.Patches()
        # With which Gajim updated its own shield last
        self._arguments: tuple[Any, ...] | None = None
        self._line = self._add_line()
        self._add_menu(items)
        self._patches.replace(
            box, "_update_encryption_details_button", self._after_gajim
        )
        self._take_click()

    def stop(self) -> None:
        """Take all back."""
        self._patches.restore()
        ui = self._box._ui
        kit.clear_classes(ui.encryption_details_image)
        kit.undescribe(ui.encryption_details_button)
        if self._arguments is not None:
            self._box._update_encryption_details_button(*self._arguments)

    def _add_menu(self, items: list[Any]) -> None:
        menu = self._box._ui.encryption_menu_button.get_menu_model()
        section = Gio.Menu()
        for item in items:
            section.append_item(item)
        menu.append_section(None, section)
        position = menu.get_n_items() - 1
        self._patches.add(lambda: menu.remove(position))

    def _add_line(self) -> Any:
        # No screen reader is made to say how the number grows
        line = kit.label("", classes=("dim-label", "omemo-small", "omemo-progress"))
        kit.attach(self._box, line, 0, -1)
        kit.set_visible(line, False)
        self._patches.add(lambda: self._box.remove(line))
        return line

    # The shield

    def _after_gajim(self, theirs: Callable[..., None]) -> Callable[..., None]:
        def update(*args: Any) -> None:
            self._arguments = args
            theirs(*args)
            self.update()

        return update

    def update(self) -> None:
        """Show what is true now."""
        self._update_line()
        try:
            self._update()
        except Exception:
            # Gajim's own claims more than is known
            self._box._ui.encryption_details_button.set_visible(False)
            log.exception("The shield")

    def _update_line(self) -> None:
        try:
            who = host.shown_contact()
            text = "" if who is None else self._progress(who)
            if text != self._line.get_text():
                self._line.set_text(text)
                kit.set_visible(self._line, bool(text))
        except Exception:
            log.exception("The line above the input")

    def _update(self) -> None:
        who = host.shown_contact()
        if who is None or not host.is_encrypted(who):
            return
        shield = self._shield(who)
        ui = self._box._ui
        kit.set_icon(ui.encryption_details_image, shield.icon.value, shield.tone.value)
        text = _("OMEMO: {text}").format(text=shield.text)
        kit.tooltip(ui.encryption_details_button, text)
        name = _("Encryption details. {text}").format(text=shield.text)
        kit.describe(ui.encryption_details_button, name)

    def _take_click(self) -> None:
        """A click opens our window, not the page of Gajim 2."""
        button = self._box._ui.encryption_details_button
        theirs = self._box._on_encryption_details_clicked
        if not kit.block(button, theirs):
            # Gajim 1 connects it by name, and asks the plugin then
            return
        handler = button.connect("clicked", lambda _button: self._clicked())

        def restore() -> None:
            button.disconnect(handler)
            kit.unblock(button, theirs)

        self._patches.add(restore)

    def _clicked(self) -> None:
        who = host.shown_contact()
        if who is None:
            return
        if host.is_encrypted(who):
            self._show_details(who)
        else:
            self._box._on_encryption_details_clicked(None)
