# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small files that survive a power cut."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omemo_plugin.bridge.state.private_file import write_private


class Disk:
    """Notes what is flushed, and what stood in the file at that moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self.flushed: list[tuple[str, str]] = []
        fsync = os.fsync

        def noted(descriptor: int) -> None:
            name = Path(f"/proc/self/fd/{descriptor}").readlink().name
            self.flushed.append((name, path.read_text() if path.exists() else ""))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", noted)


def test_the_folder_is_flushed_when_the_file_is_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder" / "file"
    disk = Disk(monkeypatch, path)
    write_private(path, "old")
    write_private(path, "new")
    assert disk.flushed == [
        ("file.new", ""),
        ("folder", "old"),
        ("file.new", "old"),
        ("folder", "new"),
    ]


def test_a_draft_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    disk = Disk(monkeypatch, path)
    write_private(path, "text", durable=False)
    assert disk.flushed == []
    assert path.read_text() == "text"


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, "text")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_refuses_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_private(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_private(path, "new")
    assert path.read_text() == "old"
    # Case 144: nor is what did not get there
    assert list(tmp_path.iterdir()) == [path]
