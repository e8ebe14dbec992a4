# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gajims in the tests share of what Python has compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.gajim.compile_once import offer_in


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    offer_in(folder)
    return folder


def run(folder: Path, shared: Path) -> str:
    """What a program prints that imports `plugin` from a folder."""
    done = subprocess.run(
        [sys.executable, "-c", "import plugin"],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": str(shared), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.stdout + done.stderr


def compiled(shared: Path) -> set[Path]:
    return set(shared.glob(f"{sys.implementation.cache_tag}-*"))


def profile(folder: Path, source: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "plugin.py").write_text(source)
    return folder


def test_a_file_is_compiled_once(tmp_path: Path, shared: Path) -> None:
    source = "def fail():\n    print(__file__)\n    raise ValueError\n\n\nfail()\n"
    first, second = (profile(tmp_path / name, source) for name in ("one", "two"))
    assert str(first / "plugin.py") in run(first, shared)
    (kept,) = compiled(shared)
    before = kept.stat()
    said = run(second, shared)
    # It tells its own place, and so does a traceback
    assert said.startswith(f"{second / 'plugin.py'}\n")
    assert f'File "{second / "plugin.py"}", line 3, in fail' in said
    assert str(first) not in said
    after = kept.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not (second / "__pycache__").exists()


def test_a_changed_file_is_compiled(tmp_path: Path, shared: Path) -> None:
    folder = profile(tmp_path / "one", "print('as it was')\n")
    assert run(folder, shared) == "as it was\n"
    profile(folder, "print('changed')\n")
    assert run(folder, shared) == "changed\n"


def test_what_cannot_be_read_is_compiled(tmp_path: Path, shared: Path) -> None:
    folder = profile(tmp_path / "one", "print('here')\n")
    run(folder, shared)
    (kept,) = compiled(shared)
    for content in (b"", b"x", kept.read_bytes()[:-1]):
        kept.write_bytes(content)
        assert run(folder, shared) == "here\n"


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    folder = profile(tmp_path / "one", "print('here')\n")
    assert run(folder, tmp_path / "nowhere") == "here\n"
