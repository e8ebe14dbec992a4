# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long texts of which the first lines are shown."""

from __future__ import annotations

from gi.repository import Pango

from .toolkit import Label


def fold(label: Label) -> None:
    """Show the first two lines of a text."""
    label.set_lines(2)
    label.set_ellipsize(Pango.EllipsizeMode.END)


def unfold(label: Label) -> None:
    """Show all of it."""
    label.set_lines(-1)
    label.set_ellipsize(Pango.EllipsizeMode.NONE)


def wrap(label: Label) -> None:
    """Show all of a text that had a single line, in as many as it needs."""
    label.set_single_line_mode(False)
    # The name of the function is another one in each toolkit
    label.set_property("wrap", True)
    unfold(label)
