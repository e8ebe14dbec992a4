# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's choices for an account, in a file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from omemo_plugin.bridge.state.settings_file import SettingsFile


def test_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    assert not SettingsFile(path).get("one")
    SettingsFile(path).set("one", True)
    assert SettingsFile(path).get("one")
    assert not SettingsFile(path).get("other")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    SettingsFile(path).set("one", False)
    assert not SettingsFile(path).get("one")


@pytest.mark.parametrize("text", ["", "null", "{}", '{"on": 3}', "\x00", "[" * 10_000])
def test_a_damaged_file_is_read_as_new(tmp_path: Path, text: str) -> None:
    path = tmp_path / "preferences.json"
    path.write_text(text)
    preferences = SettingsFile(path)
    assert not preferences.get("one")
    preferences.set("one", True)
    assert SettingsFile(path).get("one")


def test_a_setting_that_cannot_be_written_still_holds(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    preferences = SettingsFile(tmp_path / "file" / "preferences.json")
    with pytest.raises(OSError, match="file"):
        preferences.set("one", True)
    assert preferences.get("one")
