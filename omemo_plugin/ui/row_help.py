# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The button in a row that opens the help."""

from __future__ import annotations

from ..i18n import _
from .help_window import open_help
from .presenters.help_page import HelpPage
from .presenters.row_notes import RowNote
from .widgets.toolkit import Button
from .widgets.toolkit import widgets


def help_button(note: RowNote) -> Button:
    """Opens the help at what it says of such rows."""

    def pressed() -> None:
        open_help(HelpPage.READING, note.help)

    # A screen reader meets the button alone
    name = f"{_('Help')} {note.text}"
    return widgets.button(_("Help"), pressed, name=name, classes=("omemo-offer",))
