# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted files, on their way through Tor."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tails_integration.policy import FOLDER
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import open_chats
from tests.e2e.test_downloads import opened
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import Row
from tests.support.processes import give_away
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.root import USER_IDS
from tests.support.waiting import wait_for

SMALL = b"what nobody else shall know\n" * 1000
# In bytes, and in which no two pieces are the same
LARGE = 101 << 20
_PIECE = 1 << 20
# What a process may take more while the large one goes through it
MEMORY = LARGE // 3
# Seconds: half a minute is enough for Tor, but not where a machine is busy
PATIENCE = 400

DOWNLOADS = Path(".local/share/gajim/downloads")


def exchange_files(gajim: TailsGajim, bob: Gajim) -> None:
    """A small file each way."""
    open_chats(gajim, bob)
    inside = Path(FOLDER, "a-list.txt")
    write(in_tails(gajim, inside), SMALL)
    row = send(gajim, bob, inside)
    assert not bob.server.leaks(row.text.partition("#")[2])

    def bobs() -> Path | None:
        # Gajim does not fetch each kind by itself
        bob.call("press_download")
        return _newest(opened(bob), SMALL)

    assert wait_for("Bob has it", bobs, interval=1).read_bytes() == SMALL

    outside = bob.home / "their-list.txt"
    outside.write_bytes(SMALL)
    give_away(outside)
    row = send(bob, gajim, outside)
    assert not bob.server.leaks(row.text.partition("#")[2])
    fetched = fetch(gajim, row, outside.name, len(SMALL))
    assert fetched.read_bytes() == SMALL


def exchange_large_file(gajim: TailsGajim, bob: Gajim) -> None:
    """Gajim 1.7 in the Tails sends it, Gajim 2.1 in the Tails gets it; neither holds it
    in memory. Tor takes its time, so each way is gone once."""
    open_chats(gajim, bob)
    name = "the-whole-archive.bin"
    gajim.call("start_memory_meter")
    if gajim.tails.root.suite == "bookworm":
        inside = Path(FOLDER, name)
        digest = write_noise(in_tails(gajim, inside))
        os.chown(in_tails(gajim, inside), *USER_IDS)
        send(gajim, bob, inside)
        wait_for("Bob can ask for it", lambda: bob.call("press_download"))
        copy = wait_for("Bob has it", lambda: _of_size(opened(bob), LARGE), PATIENCE, 1)
    else:
        outside = bob.home / name
        digest = write_noise(outside)
        give_away(outside)
        copy = fetch(gajim, send(bob, gajim, outside), name, LARGE)
    assert hash_of(copy) == digest
    growth = gajim.call("memory_growth")
    assert growth < MEMORY, f"{gajim.name}: {growth >> 20} MiB"


def in_tails(gajim: TailsGajim, path: Path) -> Path:
    """Where a file of the Tails is from out here."""
    return gajim.tails.machine.files / path.relative_to("/")


def write(path: Path, content: bytes) -> None:
    """Write a file of the user's."""
    path.write_bytes(content)
    os.chown(path, *USER_IDS)


def write_noise(path: Path) -> str:
    """Write the large file; return its hash."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(LARGE // _PIECE):
            piece = os.urandom(_PIECE)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def send(sender: DrivenGajim, reader: DrivenGajim, path: Path) -> Row:
    """Send a file; return how the reader's Gajim shows its link."""
    known = {row.text for row in _links(reader)}
    sender.send_file(reader.account.jid, str(path))

    def new() -> Row | None:
        return next((row for row in _links(reader) if row.text not in known), None)

    row = wait_for(f"{reader.name} has the link", new, PATIENCE)
    check_encrypted(reader, row)
    reader.call("clear_input")
    return row


def fetch(gajim: TailsGajim, row: Row, name: str, size: int) -> Path:
    """Ask for a file as the user does who sees its link, and wait for it."""
    if gajim.tails.root.suite == "bookworm":
        # A blue link, and a question where to
        gajim.call("press_link", text=row.text)
        wait_for(
            "it asks where to",
            lambda: "FileChooserDialog" in gajim.call("window_class_names"),
        )
        gajim.call("save_as", path=f"{FOLDER}/{name}")
        folder = in_tails(gajim, Path(FOLDER))
    else:
        wait_for("it can be asked for", lambda: gajim.call("press_download"))
        folder = gajim.tails.home / DOWNLOADS
        # Gajim 2 puts a hash behind it

    stem = Path(name).stem

    def arrived() -> Path | None:
        found = folder.rglob("*") if folder.is_dir() else ()
        return _of_size([one for one in found if one.name.startswith(stem)], size)

    return wait_for("it has arrived", arrived, PATIENCE, 0.5)


def _newest(paths: list[Path], content: bytes) -> Path | None:
    return _of_size(sorted(paths, key=lambda p: p.stat().st_mtime)[-1:], len(content))


def _of_size(paths: list[Path], size: int) -> Path | None:
    """The file that is complete: until then its name is a hidden one."""
    for path in paths:
        try:
            if not path.name.startswith(".") and path.lstat().st_size == size:
                return path
        except FileNotFoundError:
            continue
    return None


def _links(gajim: DrivenGajim) -> list[Row]:
    return [row for row in gajim.messages() if row.text.startswith("aesgcm://")]
