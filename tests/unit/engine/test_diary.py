# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of devices in the store, and its limits."""

from __future__ import annotations

from pathlib import Path

from omemo_plugin.engine.state.diary import ENTRIES_MAX
from omemo_plugin.engine.state.diary import Diary
from omemo_plugin.engine.state.diary import DiaryEntry
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.state.store import Store
from omemo_plugin.engine.values import Device

BOB = "bob@example.org"
PHONE = Device(BOB, 1)


def test_newest_first_and_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    diary = Diary(store)
    diary.add(PHONE, DiaryKind.NEW_DEVICE, "2026-05-12")
    diary.add(Device(BOB, 0), DiaryKind.WORDS, "2026-05-13")
    # The same once more says nothing new
    diary.add(Device(BOB, 0), DiaryKind.WORDS, "2026-05-13")
    store.commit()
    store.close()
    assert Diary(Store(tmp_path / "store")).of(BOB) == (
        DiaryEntry("2026-05-13", DiaryKind.WORDS),
        DiaryEntry("2026-05-12", DiaryKind.NEW_DEVICE, 1),
    )


def test_the_oldest_entries_go(tmp_path: Path) -> None:
    diary = Diary(Store(tmp_path / "store"))
    for number in range(ENTRIES_MAX + 50):
        diary.add(Device(BOB, number + 1), DiaryKind.NEW_DEVICE, "2026-05-12")
    entries = diary.of(BOB)
    assert len(entries) == ENTRIES_MAX
    assert entries[0].device_id == ENTRIES_MAX + 50


def test_all_of_it_can_be_forgotten(tmp_path: Path) -> None:
    diary = Diary(Store(tmp_path / "store"))
    for jid in (BOB, "carol@example.org"):
        diary.add(Device(jid, 1), DiaryKind.REFUSED, "2026-05-12")
    diary.clear()
    assert diary.of(BOB) == diary.of("carol@example.org") == ()


def test_which_device_said_so(tmp_path: Path) -> None:
    diary = Diary(Store(tmp_path / "store"))
    laptop = Device("alice@example.org", 7)
    diary.add(PHONE, DiaryKind.TOLD_VERIFIED, "2026-05-12", laptop)
    diary.add(PHONE, DiaryKind.TOLD_VERIFIED, "2026-05-12")
    plain, told = diary.of(BOB)
    assert told.told_by == laptop
    assert plain.told_by is None
    assert diary.has(PHONE, DiaryKind.TOLD_VERIFIED, "2026-05-12")
    assert not diary.has(PHONE, DiaryKind.TOLD_VERIFIED, "2026-05-13")
