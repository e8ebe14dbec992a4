# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The history of the devices of each account: the user's decisions and the events. Only
days are kept, because times would tell of the user's habits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..values import Device
from .store import Store

_DIARY = "/gajim/diary/"

# Of one account. A contact could make new devices for ever
ENTRIES_MAX = 200


class DiaryKind(Enum):
    """
    The kind of an event or a decision.

    WORDS, CODE: the user verified an account by reading words, or by a code.
    CODE_IN_PERSON, CODE_VIDEO_CALL, CODE_WEBSITE: by a code, and how it came.
    COMPARED: the user verified a device by hand.
    REFUSED, USED, UNDECIDED: the user refused a device, used it without checking
        it, or decided that it gets nothing for now.
    ACCEPTED: the user accepted the other key of a device without checking it.
    REFUSAL_UNDONE: the user does not refuse a device any more.
    NEW_DEVICE, NEW_UNDECIDED: the account has a new device, which gets messages, or
        waits for the user.
    KEY_CHANGED: a device shows a different key.
    TOLD: a verified device has verified or refused another one. Older entries do not
        say which of the two it was.
    TOLD_VERIFIED, TOLD_REFUSED: the same, and it is known what was said.
    FAILED: two people compared, and something differed.
    WENT_ON: the user goes on although something differed.
    UNDONE: the user took the last decision back, or the outcome of a check.
    WITHDRAWN, OFFERED_AGAIN: the account listed no device any more, or does again.
    SETTLED: the device that a warning was about is not in use any more.
    SWITCHED_OFF, SWITCHED_ON: the user chose to write without encryption, or with
        it again.
    SILENT: a device has not been heard for long, and gets no keys any more.
    WRITTEN_AGAIN: it gets keys again.
    """

    WORDS = "words"
    CODE = "code"
    CODE_IN_PERSON = "code in person"
    CODE_VIDEO_CALL = "code in a video call"
    CODE_WEBSITE = "code on a website"
    COMPARED = "compared"
    REFUSED = "refused"
    USED = "used"
    UNDECIDED = "undecided"
    ACCEPTED = "accepted"
    REFUSAL_UNDONE = "refusal undone"
    NEW_DEVICE = "new device"
    NEW_UNDECIDED = "new device, undecided"
    KEY_CHANGED = "key changed"
    TOLD = "told"
    TOLD_VERIFIED = "told to be verified"
    TOLD_REFUSED = "told to be refused"
    FAILED = "failed"
    WENT_ON = "went on"
    UNDONE = "undone"
    WITHDRAWN = "withdrawn"
    OFFERED_AGAIN = "offered again"
    SETTLED = "settled"
    SWITCHED_OFF = "switched off"
    SWITCHED_ON = "switched on"
    SILENT = "silent"
    WRITTEN_AGAIN = "written again"


@dataclass(frozen=True)
class DiaryEntry:
    """
    Attributes:
        day: of the calendar, as ISO 8601 writes it.
        device_id: 0 where it is about the account.
        told_by: the device that said so.
    """

    day: str
    kind: DiaryKind
    device_id: int = 0
    told_by: Device | None = None


class Diary:
    """The diary in one account's store. Nothing here commits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, device: Device, kind: DiaryKind, day: str, told_by: Device | None = None
    ) -> None:
        """
        Add an entry. One that is the same as the last one adds nothing.

        Args:
            device: with the id 0 where it is about the account.
            told_by: the device that said so.
        """
        key = _DIARY + device.jid
        entries: list[list[str | int]] = self._store.get(key, [])
        entry: list[str | int] = [day, kind.value, device.device_id]
        if told_by is not None:
            entry += [told_by.jid, told_by.device_id]
        if entries and entries[-1] == entry:
            return
        self._store.put(key, [*entries, entry][-ENTRIES_MAX:])

    def has(self, device: Device, kind: DiaryKind, day: str) -> bool:
        """Whether there is such an entry."""
        return DiaryEntry(day, kind, device.device_id) in self.of(device.jid)

    def of(self, jid: str) -> tuple[DiaryEntry, ...]:
        """The entries about an account, newest first."""
        # Any: decoded JSON
        entries: list[list[Any]] = self._store.get(_DIARY + jid, [])
        return tuple(
            DiaryEntry(day, DiaryKind(kind), number, Device(*by) if by else None)
            for day, kind, number, *by in reversed(entries)
        )

    def clear(self) -> None:
        """Forget all of it."""
        for key in self._store.keys(_DIARY):
            self._store.delete(key)
