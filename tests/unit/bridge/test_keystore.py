# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from gi.repository import GLib

from omemo_plugin.bridge.state import journal_emptier
from omemo_plugin.bridge.state.keystore import Keystore
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.state.journal import Journal
from omemo_plugin.engine.values import Device


def run_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the main loop run, and look in every round of it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        GLib.MainContext.default().iteration(False)
        time.sleep(0.001)


@pytest.fixture
def keystore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keystore]:
    monkeypatch.setattr(journal_emptier, "IDLE_AFTER", 0.05)
    monkeypatch.setattr(journal_emptier, "LATEST_AFTER", 0.5)
    keystore = Keystore(tmp_path / "keys.db", "ann@test", None, lambda: None)
    run_until(lambda: size_of_journal(tmp_path) == 0)
    run_until(lambda: not busy(keystore))
    yield keystore
    keystore.close()


def size_of_journal(folder: Path) -> int:
    return (folder / "keys.db-wal").stat().st_size


def write(keystore: Keystore, number: int = 1) -> None:
    engine = keystore.get()
    engine._core.store.put(f"/test/{number}", number)
    engine.commit()
    keystore._note_commit()


def test_case_51_the_journal_is_emptied_when_idle(
    keystore: Keystore, tmp_path: Path
) -> None:
    write(keystore)
    assert size_of_journal(tmp_path) > 0
    run_until(lambda: size_of_journal(tmp_path) == 0)
    run_until(lambda: not busy(keystore))
    write(keystore)
    run_until(lambda: size_of_journal(tmp_path) == 0)


def test_case_51_the_journal_is_emptied_though_never_idle(
    keystore: Keystore, tmp_path: Path
) -> None:
    started = time.monotonic()
    number = 0

    def emptied() -> bool:
        nonlocal number
        number += 1
        write(keystore, number)
        size = size_of_journal(tmp_path)
        return number > 0 and size < 3 * 4120 and time.monotonic() > started + 0.3

    # Each look writes, so that there is never a quiet moment
    run_until(emptied)


def test_case_51_the_journal_is_emptied_after_many_messages(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_emptier, "IDLE_AFTER", 3600.0)
    monkeypatch.setattr(journal_emptier, "LATEST_AFTER", 3600.0)
    store = keystore.get()._core.store
    for number in range(journal_emptier.MESSAGES_MAX):
        assert not busy(keystore)
        store.mark_seen(b"%d" % number)
        keystore.commit() if number % 100 else write(keystore, number)
    write(keystore)
    run_until(lambda: size_of_journal(tmp_path) == 0)


def busy(keystore: Keystore) -> bool:
    emptier = keystore._emptier
    assert emptier is not None
    return emptier.is_busy


def test_a_slow_disk_does_not_hold_up_the_window(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copying does not end; the main loop goes on, and so does the store."""
    copying = threading.Event()
    copied = threading.Event()
    go_on = threading.Event()
    copy = Journal.copy

    def slow(journal: Journal) -> None:
        assert threading.current_thread() is not threading.main_thread()
        copying.set()
        assert go_on.wait(30)
        copied.set()
        copy(journal)

    monkeypatch.setattr(Journal, "copy", slow)
    write(keystore)
    run_until(copying.is_set)
    for number in range(50):
        write(keystore, number)
        GLib.MainContext.default().iteration(False)
    assert not copied.is_set()
    go_on.set()
    run_until(lambda: size_of_journal(tmp_path) == 0)


def test_received_messages_are_committed_when_the_journal_is_empty(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that can wait does not make the journal be copied again, but a
    disk that hangs does not put it off for ever."""
    monkeypatch.setattr(
        "omemo_plugin.bridge.state.keystore._COMMIT_AFTER_SECONDS", 0.02
    )
    go_on = threading.Event()
    copies: list[int] = []
    copy = Journal.copy

    def slow(journal: Journal) -> None:
        copies.append(1)
        assert go_on.wait(30)
        copy(journal)

    monkeypatch.setattr(Journal, "copy", slow)
    write(keystore)
    run_until(lambda: bool(copies))
    engine = keystore.get()
    engine._core.store.put("/test/received", 1)
    keystore.schedule_commit()
    run_until(lambda: keystore._deferred == 2)
    assert engine.uncommitted
    run_until(lambda: not engine.uncommitted)
    go_on.set()
    run_until(lambda: size_of_journal(tmp_path) == 0)


def test_case_51_locking_leaves_no_journal(keystore: Keystore, tmp_path: Path) -> None:
    write(keystore)
    keystore.empty_journal()
    assert size_of_journal(tmp_path) == 0


def test_case_51_locking_while_the_journal_is_copied(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the thread is doing, and was to do next."""
    copies: list[int] = []
    copy = Journal.copy

    def slow(journal: Journal) -> None:
        copies.append(1)
        if len(copies) == 1:
            time.sleep(0.2)
        copy(journal)

    monkeypatch.setattr(Journal, "copy", slow)
    write(keystore)
    run_until(lambda: bool(copies))
    write(keystore, 2)
    keystore.empty_journal()
    assert size_of_journal(tmp_path) == 0
    write(keystore, 3)
    run_until(lambda: size_of_journal(tmp_path) == 0)
    run_until(lambda: not busy(keystore))
    assert keystore.get()._core.store.get("/test/3") == 3


def test_case_51_closing_leaves_no_journal(keystore: Keystore, tmp_path: Path) -> None:
    write(keystore)
    keystore.close()
    assert not (tmp_path / "keys.db-wal").exists()
    engine = OmemoEngine.open(tmp_path / "keys.db", "ann@test")
    assert engine._core.store.get("/test/1") == 1
    assert engine.devices.of("ann@test")[0].device == Device(
        "ann@test", engine.device_id
    )
    engine.close()


def test_case_51_a_journal_of_an_earlier_run_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program was killed: its journal goes soon after the next start."""
    monkeypatch.setattr(journal_emptier, "IDLE_AFTER", 0.05)
    folder = tmp_path / "copy"
    folder.mkdir()
    engine = OmemoEngine.open(tmp_path / "keys.db", "ann@test")
    for name in ("keys.db", "keys.db-wal"):
        (folder / name).write_bytes((tmp_path / name).read_bytes())
    engine.close()
    assert size_of_journal(folder) > 0
    keystore = Keystore(folder / "keys.db", "ann@test", None, lambda: None)
    run_until(lambda: size_of_journal(folder) == 0)
    keystore.close()


def test_a_disk_that_refuses_does_no_harm(
    keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[int] = []
    monkeypatch.setattr(journal_emptier, "_RETRY_AFTER", 0.05)
    copy = Journal.copy

    def refuse(journal: Journal) -> None:
        failed.append(1)
        if len(failed) < 3:
            raise OSError(5, "Input/output error")
        copy(journal)

    monkeypatch.setattr(Journal, "copy", refuse)
    write(keystore)
    run_until(lambda: size_of_journal(tmp_path) == 0)
    assert len(failed) >= 3


def test_a_damaged_file_is_told_from_one_in_use(
    keystore: Keystore, tmp_path: Path
) -> None:
    assert not keystore.is_damaged
    (store,) = tmp_path.glob("*.db")
    beside = Keystore(store, "me@example.org", None, lambda: None)
    assert beside.engine is None
    assert not beside.is_damaged
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database " * 1000)
    other = Keystore(damaged, "me@example.org", None, lambda: None)
    assert other.engine is None
    assert other.is_damaged
    other.close()
    beside.close()
