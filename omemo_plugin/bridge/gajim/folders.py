# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gajim's folders in which the plugin has, or looks for, files."""

from __future__ import annotations

from pathlib import Path

from gajim.common import configpaths


def plugin_data() -> Path:
    """Of this plugin alone. It may be missing."""
    return Path(configpaths.get("PLUGINS_DATA")) / "omemo_plugin"


def plugin_settings() -> Path:
    """Where Gajim keeps the settings of all plugins."""
    return Path(configpaths.get("PLUGINS_CONFIG_DIR"))


def gajim_data() -> Path:
    """Where Gajim itself has its data."""
    return Path(configpaths.get("MY_DATA"))
