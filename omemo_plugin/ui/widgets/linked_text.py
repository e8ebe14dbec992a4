# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts with links in them, with either GTK."""

from __future__ import annotations

from collections.abc import Callable

from .toolkit import Label
from .toolkit import widgets


def linked_text(markup: str, followed: Callable[[str], None]) -> Label:
    """
    A text in Pango's markup.

    Args:
        followed: gets the address of a link that was clicked, or taken with the
            keyboard. Nothing else is opened.
    """
    made = widgets.label("")
    made.set_markup(markup)

    def clicked(_label: Label, address: str) -> bool:
        followed(address)
        return True

    made.connect("activate-link", clicked)
    return made
