# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The patches for other projects apply to the releases that they are for, and their own
tests pass there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.gajim.program import PYTHON_LIBRARIES
from tests.support.processes import give_away
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.servers.hosts import Host

FOLDER = Path(__file__).parents[2] / "docs" / "upstream"
SUITES = {version: suite for suite, version in GAJIM_VERSIONS.items()}
RELEASES = {
    "gajim-2.1.1": SUITES["2.1.1"],
    "gajim-2.6.0": SUITES["2.6.0"],
    "nbxmpp-7.4.0": SUITES["2.6.0"],
}
# What has to be done before tests of Gajim's
BEGIN = """\
from gajim.main import gi_require_versions
gi_require_versions()
from gajim.common import configpaths
configpaths.init()
"""


def test_each_folder_is_tried() -> None:
    assert {one.name for one in FOLDER.iterdir() if one.is_dir()} == set(RELEASES)


@pytest.mark.parametrize("release", RELEASES)
def test_patches_apply_to_the_release(release: str, tmp_path: Path) -> None:
    host = Host(RELEASES[release], always_root=True)
    assert host.root is not None
    source = host.root / PYTHON_LIBRARIES.relative_to("/")
    package = release.partition("-")[0]
    shutil.copytree(source / package, tmp_path / package)
    patches = sorted((FOLDER / release).glob("*.patch"))
    assert patches
    for patch in patches:
        subprocess.run(["git", "apply", patch], cwd=tmp_path, check=True)
    texts = "".join(map(Path.read_text, patches))
    for changed in re.findall(rf"^\+\+\+ b/({package}/\S+)$", texts, re.MULTILINE):
        text = (tmp_path / changed).read_text()
        assert text != (source / changed).read_text()
        compile(text, changed, "exec")
    run_tests(host, tmp_path, re.findall(r"^\+\+\+ b/(test/\S+)$", texts, re.MULTILINE))


def run_tests(host: Host, sources: Path, paths: list[str]) -> None:
    """Run tests that the patches bring; Debian's package has none."""
    for path in paths:
        for folder in (sources / path).relative_to(sources).parents[:-1]:
            # Python has a package of its own called "test"
            (sources / folder / "__init__.py").touch()
    if (sources / "gajim").is_dir():
        (sources / "test" / "__init__.py").write_text(BEGIN)
    modules = [path.removesuffix(".py").replace("/", ".") for path in paths]
    give_away(sources)
    command = host.command(
        ["/usr/bin/python3", "-m", "unittest", *modules],
        {
            "HOME": "/tmp",  # of the root
            "LANG": "C.UTF-8",
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(sources),
        },
        sources,
        {},
    )
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.search(r"^Ran (\d+) tests", done.stderr, re.MULTILINE)
    assert ran is not None
    assert int(ran[1]) >= len(paths)
