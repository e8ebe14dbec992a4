# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the help, whose code is read when it is opened; see `windows.py`."""

from __future__ import annotations

import sys

from .gajim_windows import screen
from .presenters.help_page import HelpPage


def open_help(page: HelpPage, heading: str = "") -> None:
    """
    Show a page of the help.

    Args:
        heading: as links name it; '' for the beginning.
    """
    from .views import help as help_view

    help_view.open_help(page, screen.main_window(), heading)


def close_help() -> None:
    """Close it if it is open."""
    if f"{__package__}.views.help" in sys.modules:
        from .views import help as help_view

        help_view.close_help()
