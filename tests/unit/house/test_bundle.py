# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip that Gajim's plugin manager installs."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


def bundle(repository: Path, folder: Path) -> Path:
    made = subprocess.run(
        [repository / "tools" / "bundle", folder],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Path(made.stdout.strip())


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(bundle(REPOSITORY, tmp_path))


def test_name_has_the_version(tmp_path: Path) -> None:
    manifest = json.loads(
        (REPOSITORY / "omemo_plugin" / "plugin-manifest.json").read_text()
    )
    name = f"omemo_plugin_{manifest['version']}.zip"
    assert bundle(REPOSITORY, tmp_path).name == name


def test_one_folder_with_an_entry_of_its_own(archive: zipfile.ZipFile) -> None:
    """Gajim 1.7.3, 2.1.1 and 2.6.0 fail without the entry (install_from_zip)."""
    names = archive.namelist()
    assert names[0] == "omemo_plugin/"
    assert all(name.startswith("omemo_plugin/") for name in names)
    assert len(names) == len(set(names))


def test_what_gajim_needs_is_there(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    for name in ("plugin-manifest.json", "__init__.py", "plugin.py", "COPYING"):
        assert f"omemo_plugin/{name}" in names
    assert "omemo_plugin/omemo_plugin.png" in names


def test_nothing_else_is(archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        path = Path(name)
        assert not any(part.startswith(".") for part in path.parts)
        assert "__pycache__" not in path.parts
        assert "tests" not in path.parts
        assert path.suffix != ".pyc"


def test_every_module_is_there(archive: zipfile.ZipFile) -> None:
    sources = (REPOSITORY / "omemo_plugin").rglob("*.py")
    names = {path.relative_to(REPOSITORY).as_posix() for path in sources}
    assert names <= set(archive.namelist())


def test_files_can_be_read_by_everybody(archive: zipfile.ZipFile) -> None:
    for info in archive.infolist():
        mode = info.external_attr >> 16
        assert stat.S_IMODE(mode) == (0o755 if info.is_dir() else 0o644)
        assert stat.S_ISDIR(mode) == info.is_dir()


def test_it_is_always_the_same(tmp_path: Path) -> None:
    """In another folder, with other times, modes, order and user's settings."""
    first = bundle(REPOSITORY, tmp_path / "first")
    copy = tmp_path / "copy"
    for name in ("omemo_plugin", "tools", "LICENSES"):
        shutil.copytree(
            REPOSITORY / name,
            copy / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for path in (copy / "omemo_plugin").rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    cache = copy / "omemo_plugin" / "__pycache__"
    cache.mkdir()
    (cache / f"plugin.{sys.implementation.cache_tag}.pyc").write_bytes(b"stale")
    (copy / "omemo_plugin" / ".plugin.py.swp").write_bytes(b"an editor is open")
    second = bundle(copy, tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()


def test_it_can_be_imported_without_gajim(
    archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    """Gajim imports the folder as a module of its own name."""
    archive.extractall(tmp_path)
    code = (
        "import omemo_plugin, sys;"
        'assert dir(omemo_plugin) == ["OmemoPlugin"], dir(omemo_plugin);'
        'assert "gajim" not in sys.modules'
    )
    subprocess.run(
        ["/usr/bin/python3", "-c", code], cwd=tmp_path, env={}, check=True, timeout=60
    )
