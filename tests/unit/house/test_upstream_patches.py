# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The patches for other projects are complete, and the README names them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "docs" / "upstream"
TAILS = REPOSITORY / "tails_integration"
PATCHES = sorted(FOLDER.glob("*/*.patch"))
# Gajim's CONTRIBUTING.md
SUBJECT = re.compile(
    r"^Subject: \[PATCH[^]]*\] (?:feat|fix|perf|imprv|new): [A-Z]", re.M
)
CHANGED = re.compile(r"^\+\+\+ b/(.+)$", re.M)


def name(patch: Path) -> str:
    return str(patch.relative_to(FOLDER))


@pytest.mark.parametrize("patch", PATCHES, ids=name)
def test_patch_changes_something_and_has_a_test(patch: Path) -> None:
    text = patch.read_text()
    paths = CHANGED.findall(text)
    assert any(path.startswith("test/") for path in paths)
    assert any(not path.startswith("test/") for path in paths)
    assert SUBJECT.search(text)


def test_readme_names_each_patch() -> None:
    readme = (FOLDER / "README.md").read_text()
    linked = re.findall(r"\(([^()\s]+\.patch)\)", readme)
    assert sorted(linked) == [name(patch) for patch in PATCHES]


def test_each_divergence_from_gajim_is_in_the_table() -> None:
    """What replaces something in Gajim's process, and what would make it needless."""
    readme = (FOLDER / "README.md").read_text()
    _before, _title, table = readme.partition("\n## Instead of `gajim_patches`\n")
    listed = set(re.findall(r"^\| `(\w+)` \|", table, re.M))
    modules = {
        path.stem
        for path in (TAILS / "gajim_patches").glob("*.py")
        if re.search(r"^def install\(", path.read_text(), re.M)
    }
    assert listed == modules
    request = (TAILS / "upstream" / "MERGE-REQUEST.md").read_text()
    assert "Nine patches inside Gajim's process" in request
    assert len(modules) == 9
