# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Who can read this message"."""

from __future__ import annotations

from ..presenters.help_page import HelpPage
from ..presenters.message import Entry
from ..presenters.message import MessagePage
from ..presenters.message import window_title
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import widgets
from .fingerprint import fingerprint
from .help import help_on_f1


def open_message(page: MessagePage, parent: Window | None) -> Window:
    """Show it."""
    window = widgets.window(window_title(), parent, 480, 420)
    help_on_f1(window, HelpPage.READING)
    summary = widgets.row(
        widgets.top(widgets.icon(page.icon.value, 32, classes=(page.tone.value,))),
        widgets.expand(widgets.label(page.summary)),
        spacing=12,
        classes=("omemo-summary",),
    )
    content = widgets.column(summary, spacing=18, classes=("omemo-page",))
    for part in page.parts:
        entries = [_entry(entry) for entry in part.entries]
        widgets.append(content, widgets.column(widgets.heading(part.heading), *entries))
    widgets.set_content(window, widgets.scrolled(content))
    widgets.present(window)
    return window


def _entry(entry: Entry) -> Widget:
    badge = entry.badge
    head = widgets.row(
        widgets.expand(widgets.label(entry.title)),
        widgets.icon(badge.icon.value, 16, classes=(badge.tone.value,)),
        widgets.label(badge.text),
    )
    parts: list[Widget] = [head]
    if entry.fingerprint:
        parts.append(fingerprint(entry.fingerprint, entry.spoken))
    made = widgets.column(*parts, classes=("omemo-card",))
    return widgets.group(made, f"{entry.title}: {badge.text}")
