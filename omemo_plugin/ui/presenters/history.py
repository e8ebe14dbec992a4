# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of an account's devices, one sentence for each event."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ...engine.keys.device_info import DeviceInfo
from ...engine.state.diary import DiaryEntry
from ...engine.state.diary import DiaryKind
from ...engine.trust.kept_undo import TrustSnapshot
from ...engine.trust.kept_undo import newest_decision
from ...i18n import _
from .devices import title


@dataclass(frozen=True)
class LastCheck:
    """
    The outcome of the last check, which can be undone for a day.

    Attributes:
        place: which line of the history that is; None if it can not be undone.
        undo: undoes it, and returns whether it could be undone.
    """

    place: Callable[[], int | None]
    undo: Callable[[], bool]


def history(
    entries: Sequence[DiaryEntry], infos: Sequence[DeviceInfo], owner: str
) -> tuple[str, ...]:
    """
    The lines, newest first.

    Args:
        infos: the devices that are known now.
        owner: what the user calls their owner.
    """
    names = {info.device.device_id: title(info, owner) for info in infos}
    return tuple(_line(entry, names) for entry in entries)


def undoable(entries: tuple[DiaryEntry, ...], kept: TrustSnapshot | None) -> int | None:
    """
    The place of the line that can be undone; None if none can.

    Args:
        kept: what the newest decision can be undone to.
    """
    found = newest_decision(entries)
    if kept is None or found is None:
        return None
    return found[0]


def _line(entry: DiaryEntry, names: dict[int, str]) -> str:
    texts = {
        DiaryKind.WORDS: _("{day}: verified by reading words."),
        DiaryKind.CODE: _("{day}: verified by a code."),
        DiaryKind.COMPARED: _("{day}: you verified “{device}” by hand."),
        DiaryKind.REFUSED: _("{day}: you refused “{device}”."),
        DiaryKind.USED: _("{day}: you used “{device}” without checking it."),
        DiaryKind.UNDECIDED: _("{day}: “{device}” gets nothing until you decide."),
        DiaryKind.NEW_DEVICE: _("{day}: new device “{device}”."),
        DiaryKind.KEY_CHANGED: _("{day}: “{device}” showed a different key."),
        DiaryKind.TOLD: _("{day}: a verified device decided about “{device}”."),
        DiaryKind.FAILED: _("{day}: the check failed: something differed."),
        DiaryKind.UNDONE: _("{day}: undone."),
        DiaryKind.SILENT: _("{day}: “{device}” was not heard, and gets no keys."),
        DiaryKind.WRITTEN_AGAIN: _("{day}: “{device}” gets keys again."),
    }
    device = names.get(entry.device_id) or _("A device that is gone")
    return texts[entry.kind].format(day=_day(entry.day), device=device)


def _day(text: str) -> str:
    """A day as the user's locale writes it."""
    try:
        return date.fromisoformat(text).strftime("%x")
    except ValueError:
        return text
