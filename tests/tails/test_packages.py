# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our packages in a Tails, by dpkg: what they put in place there, and that they take it
back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tails_integration.install.activation import DIVERTED
from tails_integration.install.activation import GENERATED
from tails_integration.install.activation import OVERRIDES
from tails_integration.install.activation import PROGRAM
from tests.support.tails.machine import Machine
from tests.support.tails.root import TailsRoot

NAMES = ("tails-gajim", "gajim-omemo-plugin")
OWN = '{"global_proxy": "mine"}'

# Where activation writes, and what may change there: a cache, and Debian's own plugin,
# which is replaced
FOLDERS = ("etc", "usr/bin", "var/lib/tails-gajim", "var/lib/dpkg/diversions")
NOT_OURS = ("ld.so.cache", "gajim-omemo")


@pytest.fixture
def root(namespaces: None, suite: str) -> Iterator[TailsRoot]:
    """A Tails in which there is nothing of ours."""
    one = TailsRoot(suite)
    yield one
    one.close()


def dpkg(root: TailsRoot, folder: Path, *words: str) -> None:
    machine = Machine("installer", root.path, folder)
    try:
        machine.run(["dpkg", *words], environment={"DEBIAN_FRONTEND": "noninteractive"})
    finally:
        machine.stop()


def install(root: TailsRoot, folder: Path, packages: list[Path]) -> None:
    for package in packages:
        (root.path / "root" / package.name).write_bytes(package.read_bytes())
    dpkg(root, folder, "--install", *(f"/root/{p.name}" for p in packages))


def place(root: TailsRoot, path: Path) -> Path:
    return root.path / path.relative_to("/")


def contents(root: TailsRoot) -> dict[str, object]:
    """What is in these folders: links, and files with what is in them."""
    found: dict[str, object] = {}
    for name in FOLDERS:
        start = root.path / name
        for path in (start, *start.rglob("*")):
            if any(word in path.name for word in NOT_OURS):
                continue
            if path.is_symlink():
                found[str(path)] = path.readlink()
            elif path.is_file():
                found[str(path)] = path.read_bytes()
    return found


def test_a_purge_leaves_nothing(
    root: TailsRoot, packages: list[Path], tmp_path: Path
) -> None:
    before = contents(root)
    install(root, tmp_path, packages)
    assert place(root, OVERRIDES).readlink() == GENERATED
    assert place(root, GENERATED).exists()
    assert place(root, DIVERTED).exists()
    dpkg(root, tmp_path, "--purge", *NAMES)
    after = contents(root)
    assert sorted(after.keys() ^ before.keys()) == []
    assert [path for path in before if before[path] != after[path]] == []


def test_what_the_administrator_wrote_stays(
    root: TailsRoot, packages: list[Path], tmp_path: Path
) -> None:
    """Gajim reads it; our package neither overwrites nor removes it."""
    overrides = place(root, OVERRIDES)
    overrides.parent.mkdir(exist_ok=True)
    overrides.write_text(OWN)
    install(root, tmp_path, packages)
    assert overrides.read_text() == OWN
    assert place(root, PROGRAM).resolve() != place(root, DIVERTED).resolve()
    dpkg(root, tmp_path, "--purge", *NAMES)
    assert overrides.read_text() == OWN
