# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that takes an identity to another computer is one that KeePassXC opens."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from omemo_plugin.engine.moving.moving_file import MovedIdentity
from omemo_plugin.engine.moving.moving_file import Sealer
from omemo_plugin.engine.moving.moving_file import unseal

PASSPHRASE = "zuerst vier Wörter"
WRONG = "danach fünf Wörter"
TITLE = "OMEMO identity for Gajim"

pytestmark = pytest.mark.skipif(
    shutil.which("keepassxc-cli") is None, reason="apt install keepassxc"
)


@pytest.fixture(scope="module")
def content() -> bytes:
    pytest.importorskip("pykeepass", reason="apt install python3-pykeepass")
    return Sealer(PASSPHRASE).seal(identity())


@pytest.fixture
def file(content: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "identity.kdbx"
    path.write_bytes(content)
    return path


def identity() -> MovedIdentity:
    return MovedIdentity("me@example.org", 5, 77, bytes(range(256)) * 400, "{}")


def keepassxc(
    command: str, file: Path, *arguments: str, passphrase: str = PASSPHRASE
) -> subprocess.CompletedProcess[str]:
    """It asks for the passphrase, and must not find the settings of anybody."""
    folder = str(file.parent)
    return subprocess.run(
        ["keepassxc-cli", command, "--quiet", str(file), *arguments],
        env={**os.environ, "HOME": folder, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        input=f"{passphrase}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_person_is_told_what_it_is(file: Path) -> None:
    shown = keepassxc("show", file, TITLE, "-a", "UserName", "-a", "Notes")
    assert shown.returncode == 0, shown.stderr
    address, note = shown.stdout.splitlines()
    assert address == "me@example.org"
    assert note.startswith("This is not a backup.")
    assert keepassxc("ls", file).stdout.splitlines() == [TITLE]


def test_the_key_store_can_be_saved(file: Path) -> None:
    saved = file.with_name("store.db")
    made = keepassxc("attachment-export", file, TITLE, "store.db", str(saved))
    assert made.returncode == 0, made.stderr
    assert saved.read_bytes() == identity().store


def test_a_wrong_passphrase_opens_nothing(file: Path) -> None:
    refused = keepassxc("ls", file, passphrase=WRONG)
    assert refused.returncode != 0
    assert TITLE not in refused.stdout


def test_a_file_that_it_has_written_is_read(file: Path) -> None:
    """Such as one that somebody has merely looked at, and that it saved again."""
    edited = keepassxc("edit", file, TITLE, "--url", "https://example.org")
    assert edited.returncode == 0, edited.stderr
    assert unseal(file.read_bytes(), PASSPHRASE) == identity()
