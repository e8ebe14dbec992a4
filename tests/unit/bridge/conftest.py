# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
These tests need Gajim's own modules (apt install gajim), though no running Gajim and
no display.
"""

from __future__ import annotations

import importlib

import gajim
import gi
import pytest

# Gajim says this when it starts; its modules take it for granted
gi.require_version("Gdk", "3.0" if gajim.__version__.startswith("1.") else "4.0")
# And that this one comes first
importlib.import_module("gajim.common.app")


@pytest.fixture(autouse=True)
def _no_real_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    # Gajim has no folders before it starts
    archive = importlib.import_module("omemo_plugin.bridge.gajim.archive")
    monkeypatch.setattr(archive, "archive_file", lambda: home / "logs.db")
