# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The plugin's widgets around the message input: entries in the menu with the padlock, the
shield, the dock above the input, and above that a line for as long as a long archive is
decrypted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from gi.repository import Gio
from gi.repository import GLib

from ..bridge.gajim.patches import Patches
from ..i18n import _
from .conversations import Conversations
from .gajim_windows import screen
from .presenters.situation import Banner
from .presenters.situation import Content
from .presenters.situation import SituationAction
from .presenters.waiting import WaitingAction
from .views.dock import Dock
from .widgets.handlers import block
from .widgets.handlers import on_signals
from .widgets.handlers import unblock
from .widgets.toolkit import Label
from .widgets.toolkit import Widget
from .widgets.toolkit import embedding
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from ..bridge.gajim.protocols import Contact
    from .gajim_windows.protocols import NewInputBox
    from .gajim_windows.protocols import OldInputBox

log = logging.getLogger("gajim.p.omemo_plugin")


class Composer:
    """Beside the message input of Gajim's main window."""

    def __init__(
        self,
        box: OldInputBox | NewInputBox,
        *,
        progress: Callable[[Contact], str],
        conversations: Conversations,
        items: Sequence[Gio.MenuItem],
    ) -> None:
        """
        Args:
            box: Gajim's `MessageActionsBox`.
            progress: what is going on with the account of a contact or a room,
                or ''.
            conversations: what is said in the dock, and done about it.
            items: of the menu with the lock.
        """
        self._box = box
        self._grid = embedding.as_grid(box)
        self._progress = progress
        self._conversations = conversations
        self._patches = Patches()
        # How Gajim updated its own shield last
        self._gajims_update: Callable[[], None] | None = None
        self._line = self._add_line()
        self._dock = Dock(self._pressed, self._waiting_pressed)
        embedding.attach_wide(self._grid, self._dock.widget, -1)
        self._patches.add(lambda: self._grid.remove(self._dock.widget))
        self._asks_first = False
        self._has_keys = False
        self._add_menu(items)
        self._patches.replace(
            box, "_update_encryption_details_button", self._after_gajim
        )
        self._take_click()
        # The user has not seen lines that were added while the window was hidden
        window = screen.main_window()
        if window is not None:
            self._patches.add(
                on_signals(window, embedding.VISIBILITY_SIGNALS, self._update_dock)
            )
        padlock = self._box._ui.encryption_menu_button
        before = padlock.get_tooltip_text() or ""
        self._patches.add(lambda: padlock.set_tooltip_text(before or None))
        self._patches.add(embedding.name_menu_entries(padlock))
        screen.before_sending(self._patches, self._hold_back)

    def stop(self) -> None:
        """Take all back."""
        self._patches.restore()
        ui = self._box._ui
        embedding.clear_classes(ui.encryption_details_image)
        widgets.undescribe(ui.encryption_details_button)
        if self._gajims_update is not None:
            self._gajims_update()

    def _add_menu(self, items: Sequence[Gio.MenuItem]) -> None:
        menu = self._box._ui.encryption_menu_button.get_menu_model()
        if not isinstance(menu, Gio.Menu):
            return
        section = Gio.Menu()
        for item in items:
            section.append_item(item)
        menu.append_section(None, section)
        position = menu.get_n_items() - 1
        self._patches.add(lambda: menu.remove(position))

    def _add_line(self) -> Label:
        # No screen reader is made to say how the number grows
        line = widgets.label("", classes=("dim-label", "omemo-small", "omemo-progress"))
        embedding.attach(self._grid, line, 0, -2)
        widgets.set_visible(line, False)
        self._patches.add(lambda: self._grid.remove(line))
        return line

    # The shield

    def _after_gajim(self, theirs: Callable[..., None]) -> Callable[..., None]:
        def update(*args: object) -> None:
            self._gajims_update = partial(theirs, *args)
            theirs(*args)
            self.update()

        return update

    def update(self) -> None:
        """Show what is true now."""
        self._update_line()
        self._update_dock()
        try:
            self._update()
        except Exception:
            # Gajim's own claims more than is known
            self._box._ui.encryption_details_button.set_visible(False)
            log.exception("The shield")

    def _update_line(self) -> None:
        try:
            who = screen.shown_contact()
            text = "" if who is None else self._progress(who)
            if text != self._line.get_text():
                self._line.set_text(text)
                widgets.set_visible(self._line, bool(text))
        except Exception:
            log.exception("The line above the input")

    def _update_dock(self) -> None:
        held = embedding.holds_focus(self._dock.widget)
        self._draw_dock()
        if held and not embedding.holds_focus(self._dock.widget):
            # What had the keyboard is gone. Enter does no harm on the line
            self._dock.focus_line()

    def _draw_dock(self) -> None:
        try:
            who = screen.shown_contact()
            if who is None:
                self._dock.show(Content())
            else:
                self._update_padlock(who)
                if not self._has_keys:
                    self._take_keys()
                if not self._asks_first:
                    self._ask_before_switching_off()
                screen.follow_padlock(self._box, who)
                content = self._conversations.content(who)
                self._dock.show(content)
                self._conversations.shown(who, content)
        except Exception:
            log.exception("The dock")

    def _pressed(self, act: SituationAction, banner: Banner | None) -> None:
        """A button of the dock was pressed."""
        who = screen.shown_contact()
        if who is not None:
            button = embedding.focused_in(self._dock.widget)
            self._conversations.press(who, act, banner)
            self.update()
            self._go_on(button)

    def _go_on(self, button: Widget | None) -> None:
        """
        A button of the dock was pressed with the keyboard. If it is gone, the keyboard
        is in the input: one goes on writing.
        """
        view = screen.message_input()
        if (
            button is not None
            and view is not None
            and not embedding.is_in(button, self._dock.widget)
        ):
            embedding.take_focus(view)

    # The keyboard

    def _take_keys(self) -> None:
        """Shift+Tab goes from the input into the dock, and Escape back."""
        view = screen.message_input()
        if view is None:
            return
        self._has_keys = True

        def into_dock() -> bool:
            who = screen.shown_contact()
            if who is not None and who.is_groupchat and self._has_text():
                # There it goes back among the nicknames
                return False
            return self._dock.focus_line()

        def out_of_dock() -> bool:
            if not embedding.holds_focus(self._dock.widget):
                return False
            embedding.take_focus(view)
            return True

        self._patches.add(embedding.on_key(view, ("ISO_Left_Tab",), into_dock))
        window = screen.main_window()
        if window is not None:
            # Gajim has a use for that key, and gets it before what is in the window
            self._patches.add(embedding.on_key(window, ("Escape",), out_of_dock))

    @staticmethod
    def _has_text() -> bool:
        return bool(screen.typed_text())

    def focus_banner(self) -> None:
        """Go to the first button above the input."""
        self._dock.focus_banner()

    def _update_padlock(self, who: Contact) -> None:
        """Say what is chosen, not what is true of each message."""
        if screen.is_encrypted(who):
            text = _("Encryption for this chat: on")
        elif self._conversations.is_public(who):
            text = _("Encryption for this chat: not possible, anyone can join")
        elif not screen.encryption(who):
            text = _("Encryption for this chat: off")
        else:
            # Another plugin's
            return
        widgets.tooltip(self._box._ui.encryption_menu_button, text)

    def _waiting_pressed(self, act: WaitingAction, number: int) -> None:
        """A button of a waiting message was pressed."""
        who = screen.shown_contact()
        if who is not None:
            button = embedding.focused_in(self._dock.widget)
            self._conversations.press_waiting(who, act, number)
            self.update()
            self._go_on(button)

    def _hold_back(self, theirs: Callable[[object], None]) -> Callable[[object], None]:
        """
        Enter was pressed. Where nothing can be sent the text stays in the input.

        SECURITY: this is for comfort: the gate and the sender decide.
        """

        def send(stack: object) -> None:
            if not self._holds_back():
                theirs(stack)

        return send

    def _holds_back(self) -> bool:
        try:
            who = screen.shown_contact()
            if who is None or not self._conversations.is_blocked(who):
                return False
            self.update()
            self._dock.speak()
        except Exception:
            log.exception("Before sending")
            return False
        return True

    def _ask_before_switching_off(self) -> None:
        """SECURITY: "Disabled" is one click beside "OMEMO"."""
        action = screen.padlock_action()
        theirs = self._box._change_encryption
        # While Gajim starts there is no such action yet, or it is not connected
        if action is None or not block(action, theirs):
            return
        self._asks_first = True

        def chosen(one: Gio.SimpleAction, value: GLib.Variant) -> None:
            who = screen.shown_contact()
            if (
                who is not None
                and not value.get_string()
                and self._conversations.must_ask_to_switch_off(who)
            ):
                self.update()
                return
            theirs(one, value)

        handler = action.connect("change-state", chosen)

        def restore() -> None:
            action.disconnect(handler)
            unblock(action, theirs)

        self._patches.add(restore)

    def _update(self) -> None:
        who = screen.shown_contact()
        if who is None or not screen.is_encrypted(who):
            return
        shield = self._conversations.shield(who)
        ui = self._box._ui
        embedding.set_icon(
            ui.encryption_details_image, shield.icon.value, shield.tone.value
        )
        # Translators: {text} is one or more whole sentences
        text = _("OMEMO: {text}").format(text=shield.text)
        widgets.tooltip(ui.encryption_details_button, text)
        # Translators: {text} is one or more whole sentences
        name = _("Encryption details. {text}").format(text=shield.text)
        widgets.describe(ui.encryption_details_button, name)

    def _take_click(self) -> None:
        """A click opens our window, not the page of Gajim 2."""
        button = self._box._ui.encryption_details_button
        theirs = self._box._on_encryption_details_clicked
        if not block(button, theirs):
            # Gajim 1 connects it by name, and asks the plugin then
            return
        handler = button.connect("clicked", lambda _button: self._clicked())

        def restore() -> None:
            button.disconnect(handler)
            unblock(button, theirs)

        self._patches.add(restore)

    def _clicked(self) -> None:
        who = screen.shown_contact()
        if who is None:
            return
        if screen.is_encrypted(who):
            self._conversations.press(who, SituationAction.DETAILS)
        else:
            self._box._on_encryption_details_clicked(None)
