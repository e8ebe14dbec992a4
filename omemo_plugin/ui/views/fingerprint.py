# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fingerprint: eight coloured groups in two lines, spoken digit by digit."""

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
        return f"{' '.join(coloured[:4])}\n{' '.join(coloured[4:])}"

    return widgets.markup(make, name=spoken, classes=("omemo-fingerprint",))
