# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fingerprint: eight coloured groups in two lines or four, spoken digit by digit."""

from __future__ import annotations

from collections.abc import Sequence

from ...verify.fingerprint import colour
from ..widgets.toolkit import Label
from ..widgets.toolkit import widgets


def fingerprint(groups: Sequence[str], spoken: str) -> Label:
    """
    Args:
        groups: eight of them.
        spoken: what a screen reader says.
    """

    def make(dark: bool) -> str:
        coloured = [
            f'<span foreground="{colour(group, dark=dark)}">{group}</span>'
            for group in groups
        ]
        # Where there is no room for four, there are two in a line
        pairs = [
            f'<span allow_breaks="false">{" ".join(coloured[n : n + 2])}</span>'
            for n in range(0, len(coloured), 2)
        ]
        return f"{' '.join(pairs[:2])}\n{' '.join(pairs[2:])}"

    return widgets.markup(make, name=spoken, classes=("omemo-fingerprint",))
