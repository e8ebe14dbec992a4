# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from omemo_plugin.engine.errors import StoreDamaged
from omemo_plugin.engine.errors import StoreError
from omemo_plugin.engine.errors import StoreLocked
from omemo_plugin.engine.errors import StoreTooNew
from omemo_plugin.engine.state.store import SEEN_MAX
from omemo_plugin.engine.state.store import Store


def test_values_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = Store(path)
    store.put("/a", {"n": [1, None, "ü"]})
    store.put("/b", 1)
    store.delete("/b")
    store.mark_seen(b"digest")
    store.close()
    store = Store(path)
    assert store.get("/a") == {"n": [1, None, "ü"]}
    assert store.get("/b", "none") == "none"
    assert store.was_seen(b"digest")
    assert not store.was_seen(b"other")
    store.close()


def test_uncommitted_values_are_seen_but_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = Store(path)
    store.put("/x/kept", 1)
    store.commit()
    store.put("/x/lost", 2)
    store.delete("/x/kept")
    assert store.keys("/x/") == ["/x/lost"]
    store.rollback()
    assert store.keys("/x/") == ["/x/kept"]
    assert not store.uncommitted
    store.close()


def test_file_is_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.db"
    store = Store(path)
    store.put("/a", 1)
    store.commit()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for sibling in path.parent.iterdir():
        assert stat.S_IMODE(sibling.stat().st_mode) == 0o600
    store.close()


def test_settings_of_the_database(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = Store(path)
    pragma = store._connection.execute
    assert pragma("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert pragma("PRAGMA secure_delete").fetchone()[0] == 1
    assert pragma("PRAGMA user_version").fetchone()[0] == 1
    store.close()


def test_only_one_process(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = Store(path)
    with pytest.raises(StoreLocked):
        Store(path)
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from omemo_plugin.engine.errors import StoreLocked\n"
        "from omemo_plugin.engine.state.store import Store\n"
        "try: Store(Path(sys.argv[1]))\n"
        'except StoreLocked: print("locked")\n'
    )
    root = str(Path(__file__).parents[3])
    arguments = [sys.executable, "-c", script, str(path), root]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == "locked\n"
    store.flush()
    # Flushing must not have given up the lock
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == "locked\n"
    store.close()
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_newer_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew):
        Store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"x"])
def test_damaged_store_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        Store(path)
    assert path.read_bytes() == content


def test_other_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged):
        Store(path)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        Store(tmp_path / "file" / "keys.db")


def test_failed_commit_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    store = Store(path)
    store.put("/a", 1)
    store.commit()
    store._connection.execute("PRAGMA query_only = ON")
    store.put("/a", 2)
    store.put("/b", 2)
    with pytest.raises(StoreError):
        store.commit()
    store._connection.execute("PRAGMA query_only = OFF")
    store.rollback()
    assert store.get("/a") == 1
    assert store.get("/b") is None
    store.close()


def test_flush_from_another_thread_reaches_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "keys.db")
    store.put("/a", 1)
    store.commit()
    synced = []
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    thread = threading.Thread(target=store.flush)
    thread.start()
    thread.join()
    assert synced == [(tmp_path / "keys.db-wal").stat().st_ino]
    store.close()


def test_a_disk_that_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "keys.db")
    store.put("/a", 1)
    store.commit()

    def fdatasync(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with pytest.raises(StoreError):
        store.flush()
    store.close()


def test_seen_messages_are_bounded_oldest_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "keys.db")
    for start in range(0, SEEN_MAX + 3000, 500):
        for number in range(start, start + 500):
            store.mark_seen(b"%16d" % number)
        store.commit()
    count = store._connection.execute("SELECT count(*) FROM seen").fetchone()[0]
    assert SEEN_MAX <= count <= SEEN_MAX + 1500
    assert not store.was_seen(b"%16d" % 0)
    assert store.was_seen(b"%16d" % (SEEN_MAX + 2999))
    store.close()
