# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of an account's devices, one sentence for each event."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ...device_names import title
from ...engine.keys.device_info import DeviceInfo
from ...engine.state.diary import DiaryEntry
from ...engine.state.diary import DiaryKind
from ...engine.trust.kept_undo import TrustSnapshot
from ...engine.trust.kept_undo import newest_decision
from ...engine.values import Device
from ...i18n import _


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
    entries: Sequence[DiaryEntry],
    infos: Sequence[DeviceInfo],
    owner: str,
    name_of: Callable[[Device], str] = lambda _device: "",
) -> tuple[str, ...]:
    """
    The lines, newest first.

    Args:
        infos: the devices that are known now.
        owner: what the user calls their owner.
        name_of: the name of any device; '' if it is not known.
    """
    names = {info.device.device_id: title(info, owner) for info in infos}
    return tuple(_line(entry, names, name_of) for entry in entries)


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


def _line(
    entry: DiaryEntry, names: dict[int, str], name_of: Callable[[Device], str]
) -> str:
    device = names.get(entry.device_id) or _("A device that is gone")
    by = name_of(entry.told_by) if entry.told_by is not None else ""
    text = _told_by(entry.kind) if by else _about_device(entry.kind)
    text = text or _about_account(entry.kind)
    return text.format(day=_day(entry.day), device=device, by=by)


def _about_account(kind: DiaryKind) -> str:
    return {
        DiaryKind.WORDS: _("{day}: verified by voice."),
        DiaryKind.CODE: _("{day}: verified by a code."),
        DiaryKind.CODE_IN_PERSON: _("{day}: verified by code, in person."),
        DiaryKind.CODE_VIDEO_CALL: _("{day}: verified by code, in a video call."),
        DiaryKind.CODE_WEBSITE: _("{day}: verified by code, from their website."),
        DiaryKind.FAILED: _("{day}: the check failed: something differed."),
        DiaryKind.WENT_ON: _("{day}: you went on although something had differed."),
        DiaryKind.UNDONE: _("{day}: undone."),
        DiaryKind.WITHDRAWN: _("{day}: the app offered no encryption any more."),
        DiaryKind.OFFERED_AGAIN: _("{day}: the app offers encryption again."),
        DiaryKind.SWITCHED_OFF: _("{day}: encryption switched off by you."),
        DiaryKind.SWITCHED_ON: _("{day}: encryption switched on again."),
    }[kind]


def _about_device(kind: DiaryKind) -> str:
    """The line about a device; '' if it is about the account."""
    return {
        DiaryKind.COMPARED: _("{day}: you verified “{device}” by hand."),
        DiaryKind.REFUSED: _("{day}: you refused “{device}”."),
        DiaryKind.USED: _("{day}: you used “{device}” without checking it."),
        DiaryKind.UNDECIDED: _("{day}: “{device}” gets nothing until you decide."),
        DiaryKind.ACCEPTED: _(
            "{day}: you accepted the key of “{device}” without checking it."
        ),
        DiaryKind.REFUSAL_UNDONE: _(
            "{day}: you no longer refuse “{device}”. It gets nothing until you decide."
        ),
        DiaryKind.NEW_DEVICE: _("{day}: new device “{device}”."),
        DiaryKind.NEW_UNDECIDED: _(
            "{day}: new device “{device}”. It gets nothing until you decide."
        ),
        DiaryKind.KEY_CHANGED: _("{day}: “{device}” showed a different key."),
        DiaryKind.TOLD: _("{day}: a verified device decided about “{device}”."),
        DiaryKind.TOLD_VERIFIED: _("{day}: a verified device verified “{device}”."),
        DiaryKind.TOLD_REFUSED: _("{day}: a verified device refused “{device}”."),
        DiaryKind.SETTLED: _("{day}: “{device}” is not in use any more."),
        DiaryKind.SILENT: _("{day}: “{device}” was not heard, and gets no keys."),
        DiaryKind.WRITTEN_AGAIN: _("{day}: “{device}” gets keys again."),
    }.get(kind, "")


def _told_by(kind: DiaryKind) -> str:
    """The line about a device that another one has told of."""
    # Translators: {by} is the name of the device that said so
    return {
        DiaryKind.TOLD_VERIFIED: _("{day}: “{by}” verified “{device}”."),
        DiaryKind.TOLD_REFUSED: _("{day}: “{by}” refused “{device}”."),
    }.get(kind, "")


def _day(text: str) -> str:
    """A day as the user's locale writes it."""
    try:
        return date.fromisoformat(text).strftime("%x")
    except ValueError:
        return text
