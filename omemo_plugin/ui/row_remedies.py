# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user can do about a message that was not opened, in its row: one button at
most."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Protocol
from typing import cast

from gi.repository import GLib

from ..bridge.values import Remedy
from ..bridge.values import RemedyKind
from ..i18n import _
from .gajim_windows import screen
from .gajim_windows.rows import Row
from .gajim_windows.rows import is_message_row
from .gajim_windows.rows import message_id_of
from .presenters.row_notes import RowKind
from .widgets.toolkit import Box
from .widgets.toolkit import Button
from .widgets.toolkit import embedding
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from ..bridge.gajim.protocols import Contact
    from .presenters.ports import RemedyService

log = logging.getLogger("gajim.p.omemo_plugin")


class _Helped(Protocol):
    """
    Attributes that the plugin adds to the rows of messages that were not opened.

    Attributes:
        omemo_help: the button that opens the help.
        omemo_remedy: what the row offers, or None.
        omemo_note: the line with that.
        omemo_apart: the row is not put together with others.
    """

    omemo_help: Button
    omemo_remedy: Remedy | None
    omemo_note: Box | None
    omemo_apart: bool


class RowRemedies:
    """Puts the buttons into Gajim's rows."""

    def __init__(
        self,
        service: Callable[[str], RemedyService | None],
        show_details: Callable[[Contact], None],
        changed: Callable[[Row], None],
    ) -> None:
        """
        Args:
            service: gives the service of an account.
            show_details: opens "Encryption details" for a contact.
            changed: called with a row that offers something else than before.
        """
        self._service = service
        self._show_details = show_details
        self._changed = changed
        # Accounts whose rows are to be looked at
        self._waiting: set[str] = set()

    def made(self, row: Row, help_button: Button) -> None:
        """
        The content of a row has been made, or made anew.

        Args:
            help_button: is in it.
        """
        helped = cast(_Helped, row)
        helped.omemo_help = help_button
        helped.omemo_remedy = None
        helped.omemo_apart = False
        self._update(row)

    def look_again(self, account: str) -> None:
        """Some rows of an account may offer something else now. They are looked at once
        for many messages."""
        self._waiting.add(account)
        if len(self._waiting) == 1:
            GLib.idle_add(self._look)

    def _look(self) -> bool:
        waiting, self._waiting = self._waiting, set()
        for account in waiting:
            self._look_at(account)
        return bool(GLib.SOURCE_REMOVE)

    def _look_at(self, account: str) -> None:
        for row in screen.shown_rows(account):
            if not is_message_row(row) or not hasattr(row, "omemo_help"):
                continue
            if getattr(row, "omemo_kind", None) is not RowKind.UNOPENED:
                continue
            try:
                if self._update(row):
                    self._changed(row)
            except Exception as error:
                log.warning("A row offers nothing: %s", type(error).__name__)

    def _update(self, row: Row) -> bool:
        """Returns whether it offers something else than before."""
        helped = cast(_Helped, row)
        remedy = self._remedy(row)
        if remedy == helped.omemo_remedy:
            return False
        before = getattr(row, "omemo_note", None)
        had_focus = before is not None and embedding.holds_focus(before)
        # The keyboard has somewhere to go before the button is gone
        widgets.set_visible(helped.omemo_help, not _has_button(remedy))
        if had_focus and not _has_button(remedy):
            embedding.take_focus(helped.omemo_help)
        if before is not None:
            row.grid.remove(before)
            helped.omemo_note = None
        helped.omemo_remedy = remedy
        helped.omemo_apart = remedy is not None and remedy.device is not None
        if remedy is not None:
            box = self._line(row, remedy)
            embedding.insert_below(row.grid, row._bottom_box, box)
            helped.omemo_note = box
        return True

    def _remedy(self, row: Row) -> Remedy | None:
        who = row._contact
        service = self._service(who.account)
        if service is None:
            return None
        chat = str(who.jid.new_as_bare())
        return service.unopened.remedy(chat, message_id_of(row), row.get_text())

    def _line(self, row: Row, remedy: Remedy) -> Box:
        box = widgets.row()
        if remedy.text:
            label = widgets.label(remedy.text, classes=("omemo-small",))
            widgets.append(box, widgets.expand(label))
        if not _has_button(remedy):
            return box
        repairs = remedy.kind is RemedyKind.REPAIR
        word = _("Repair") if repairs else _("Details…")

        def pressed() -> None:
            if repairs:
                self._repair(row._contact.account, remedy)
            else:
                self._show_details(row._contact)

        button = widgets.button(
            word,
            pressed,
            # A screen reader meets the button alone
            name=f"{word} {remedy.text or row.get_text()}",
            classes=("omemo-offer",),
        )
        widgets.append(box, widgets.top(button))
        return box

    def _repair(self, account: str, remedy: Remedy) -> None:
        service = self._service(account)
        if service is not None and remedy.device is not None:
            service.device_management.replace_broken_session(remedy.device)


def _has_button(remedy: Remedy | None) -> bool:
    return remedy is not None and remedy.kind is not RemedyKind.REPAIRED
