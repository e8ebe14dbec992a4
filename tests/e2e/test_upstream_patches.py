# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The patches for other projects apply to the releases that they are for."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.gajim.program import PYTHON_LIBRARIES
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.servers.hosts import debian_root

FOLDER = Path(__file__).parents[2] / "docs" / "upstream"
SUITES = {version: suite for suite, version in GAJIM_VERSIONS.items()}
RELEASES = {
    "gajim-2.1.1": SUITES["2.1.1"],
    "gajim-2.6.0": SUITES["2.6.0"],
    "nbxmpp-7.4.0": SUITES["2.6.0"],
}


def test_each_folder_is_tried() -> None:
    assert {one.name for one in FOLDER.iterdir() if one.is_dir()} == set(RELEASES)


@pytest.mark.parametrize("release", RELEASES)
def test_patches_apply_to_the_release(release: str, tmp_path: Path) -> None:
    root = debian_root(RELEASES[release])
    source = root / PYTHON_LIBRARIES.relative_to("/")
    package = release.partition("-")[0]
    shutil.copytree(source / package, tmp_path / package)
    patches = sorted((FOLDER / release).glob("*.patch"))
    assert patches
    for patch in patches:
        # Debian's package has no tests
        subprocess.run(
            ["git", "apply", f"--include={package}/*", patch], cwd=tmp_path, check=True
        )
    texts = "".join(map(Path.read_text, patches))
    for changed in re.findall(rf"^\+\+\+ b/({package}/\S+)$", texts, re.MULTILINE):
        text = (tmp_path / changed).read_text()
        assert text != (source / changed).read_text()
        compile(text, changed, "exec")
