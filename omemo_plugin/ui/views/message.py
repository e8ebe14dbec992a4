# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Who can read this message"."""

from __future__ import annotations

from typing import Any

from ..presenters.message import Entry
from ..presenters.message import MessagePage
from ..presenters.message import window_title
from ..toolkit import kit
from .fingerprint import fingerprint


def open_message(page: MessagePage, parent: Any) -> Any:
    """Show it."""
    window = kit.window(window_title(), parent, 480, 420)
    summary = kit.row(
        kit.top(kit.icon(page.icon.value, 32, classes=(page.tone.value,))),
        kit.expand(kit.label(page.summary)),
        spacing=12,
        classes=("omemo-summary",),
    )
    content = kit.column(summary, spacing=18, classes=("omemo-page",))
    for part in page.parts:
        entries = [_entry(entry) for entry in part.entries]
        kit.append(content, kit.column(kit.heading(part.heading), *entries))
    kit.set_content(window, kit.scrolled(content))
    kit.present(window)
    return window


def _entry(entry: Entry) -> Any:
    badge = entry.badge
    head = kit.row(
        kit.expand(kit.label(entry.title)),
        kit.icon(badge.icon.value, 16, classes=(badge.tone.value,)),
        kit.label(badge.text),
    )
    parts = [head]
    if entry.fingerprint:
        parts.append(fingerprint(entry.fingerprint, entry.spoken))
    made = kit.column(*parts, classes=("omemo-card",))
    return kit.group(made, f"{entry.title}: {badge.text}")
