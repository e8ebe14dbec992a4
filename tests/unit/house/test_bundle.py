# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip that Gajim's plugin manager installs."""

from __future__ import annotations

import hashlib
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


def test_the_bundle_has_the_files_that_gajim_needs(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    for name in ("plugin-manifest.json", "__init__.py", "plugin.py", "COPYING"):
        assert f"omemo_plugin/{name}" in names
    assert "omemo_plugin/omemo_plugin.png" in names


def test_the_bundle_has_no_other_files(archive: zipfile.ZipFile) -> None:
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


def test_the_bundle_is_reproducible(tmp_path: Path) -> None:
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


def test_files_are_deflated(archive: zipfile.ZipFile) -> None:
    """A third of the size; the plugin manager of each Gajim can read it."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    assert {info.compress_type for info in files} == {zipfile.ZIP_DEFLATED}
    size = sum(info.file_size for info in files)
    assert sum(info.compress_size for info in files) < size / 2


def test_zlib_compresses_as_on_other_machines(archive: zipfile.ZipFile) -> None:
    """
    The same bytes from zlib 1.2.13 (Debian 12), 1.3.1 (Debian 13) and 1.3.2.

    Another zlib may write others, which are as good, but not a release that somebody
    else can make again.
    """
    info = archive.getinfo("omemo_plugin/COPYING")
    assert archive.filename is not None
    written = Path(archive.filename).read_bytes()
    # A zip's header of a file: 30 bytes, its name, and no more here
    start = info.header_offset + 30 + len(info.filename)
    compressed = written[start : start + info.compress_size]
    assert hashlib.sha256(compressed).hexdigest() == (
        "8ee33d81f7a43a7b0ff6fc613e6d39752398b0aeb7f572769bfc98e9fd416a4b"
    )


def test_the_bundle_can_be_imported_without_gajim(
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
