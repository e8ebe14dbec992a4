# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The history of the devices of each account: the user's decisions and the events. Only
days are kept, because times would tell of the user's habits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..values import Device
from .store import Store

_DIARY = "/gajim/diary/"

# Of one account. A contact could make new devices for ever
ENTRIES_MAX = 200


class DiaryKind(Enum):
    """
    The kind of an event or a decision.

    WORDS, CODE: the user verified an account by reading words, or by a code.
    COMPARED: the user verified a device by hand.
    REFUSED, USED, UNDECIDED: the user refused a device, used it without checking
        it, or took a decision back.
    NEW_DEVICE: the account has a new device.
    KEY_CHANGED: a device shows a different key.
    TOLD: a verified device has verified or refused another one.
    FAILED: two people compared, and something differed.
    UNDONE: the user took the outcome of a check back.
    SILENT: a device has not been heard for long, and gets no keys any more.
    WRITTEN_AGAIN: it gets keys again.
    """

    WORDS = "words"
    CODE = "code"
    COMPARED = "compared"
    REFUSED = "refused"
    USED = "used"
    UNDECIDED = "undecided"
    NEW_DEVICE = "new device"
    KEY_CHANGED = "key changed"
    TOLD = "told"
    FAILED = "failed"
    UNDONE = "undone"
    SILENT = "silent"
    WRITTEN_AGAIN = "written again"


@dataclass(frozen=True)
class DiaryEntry:
    """
    Attributes:
        day: of the calendar, as ISO 8601 writes it.
        device_id: 0 where it is about the account.
    """

    day: str
    kind: DiaryKind
    device_id: int = 0


class Diary:
    """The diary in one account's store. Nothing here commits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, device: Device, kind: DiaryKind, day: str) -> None:
        """
        Add an entry. One that is the same as the last one adds nothing.

        Args:
            device: with the id 0 where it is about the account.
        """
        key = _DIARY + device.jid
        entries: list[list[str | int]] = self._store.get(key, [])
        entry: list[str | int] = [day, kind.value, device.device_id]
        if entries and entries[-1] == entry:
            return
        self._store.put(key, [*entries, entry][-ENTRIES_MAX:])

    def of(self, jid: str) -> tuple[DiaryEntry, ...]:
        """The entries about an account, newest first."""
        entries: list[tuple[str, str, int]] = self._store.get(_DIARY + jid, [])
        return tuple(
            DiaryEntry(day, DiaryKind(kind), number)
            for day, kind, number in reversed(entries)
        )

    def clear(self) -> None:
        """Forget all of it."""
        for key in self._store.keys(_DIARY):
            self._store.delete(key)
