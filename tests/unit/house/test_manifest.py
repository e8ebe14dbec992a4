# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One version and one description, in all the places that want one."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def manifest() -> dict[str, Any]:
    path = REPOSITORY / "omemo_plugin" / "plugin-manifest.json"
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def test_json_is_made_from_ini() -> None:
    command = [str(REPOSITORY / "tools" / "manifest"), "--check"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_manifest_has_the_keys_that_gajim_requires(
    manifest: dict[str, Any],
) -> None:
    """Gajim ignores a plugin silently when one of these is missing or of the
    wrong type (gajim/plugins/manifest.py)."""
    types = {
        "authors": list,
        "config_dialog": bool,
        "description": str,
        "homepage": str,
        "name": str,
        "platforms": list,
        "requirements": list,
        "short_name": str,
        "version": str,
    }
    assert {key: type(value) for key, value in manifest.items()} == types


def test_names_and_versions_of_gajim(manifest: dict[str, Any]) -> None:
    # "omemo" is a name that Gajim 2 does not load; the folder has the same name
    assert manifest["short_name"] == "omemo_plugin"
    assert manifest["name"] == "OMEMO encryption"
    assert "gajim>=1.7.0" in manifest["requirements"]
    assert {"others", "linux"} <= set(manifest["platforms"])


def test_setup_cfg_agrees(manifest: dict[str, Any]) -> None:
    setup = configparser.ConfigParser()
    setup.read_string((REPOSITORY / "setup.cfg").read_text())
    assert setup["metadata"]["version"] == manifest["version"]
    assert setup["metadata"]["description"] == manifest["description"]


def test_debian_and_changes_agree(manifest: dict[str, Any]) -> None:
    version = re.escape(manifest["version"])
    debian = (REPOSITORY / "debian" / "changelog").read_text()
    assert re.match(rf"gajim-omemo-plugin \({version}[-~)]", debian)
    metainfo = (
        REPOSITORY / "debian" / "org.gajim.Gajim.Plugin.omemo_plugin.metainfo.xml"
    )
    assert re.search(rf'<release version="{version}"', metainfo.read_text())
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[?{version}\]?", changes, re.MULTILINE)
