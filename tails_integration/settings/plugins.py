# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugins that Gajim finds, and which of them the policy lets it use.

A plugin can read and send everything. Gajim loads each plugin in its folders, and
activates a plugin of the system at the first start without a question; Debian's
gajim-omemo is one, and would be active beside ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import policy
from ..base.errors import Refused
from ..base.i18n import _
from ..base.system import System
from .profile import Profile

# Where Debian puts plugins, and where Gajim looks for them (a link in Debian)
SYSTEM_FOLDERS = (
    Path("/usr/share/gajim/plugins"),
    Path("/usr/lib/python3/dist-packages/gajim/data/plugins"),
)
_MANIFEST = "plugin-manifest.json"


class PluginMissing(Refused):
    """Gajim would start without encryption."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The plugin for OMEMO is not installed, and without it messages would"
                " not be encrypted. Install the package gajim-omemo-plugin."
            )
        )


@dataclass(frozen=True)
class InstalledPlugin:
    """A plugin that is installed."""

    name: str
    """Its short name, which Gajim uses in its settings."""
    folder: Path
    is_users: bool
    """Whether it is in the user's folder."""


def installed(system: System) -> Iterator[InstalledPlugin]:
    """All plugins that Gajim finds, those of the system first."""
    seen: set[Path] = set()
    places = [(system.file(folder), False) for folder in SYSTEM_FOLDERS]
    for place, is_users in (*places, (system.data / "plugins", True)):
        if not place.is_dir() or place.resolve() in seen:
            continue
        seen.add(place.resolve())
        for folder in sorted(place.iterdir()):
            if folder.is_dir() and not folder.name.startswith((".", "__")):
                yield InstalledPlugin(_short_name(folder), folder, is_users)


def require_ours(system: System) -> None:
    """Refuse to start when a plugin of the policy is not installed.

    Raises:
        PluginMissing: One is not there.
    """
    found = {plugin.name for plugin in installed(system)}
    if not found >= set(policy.PLUGINS):
        raise PluginMissing


def foreign_active(profile: Profile) -> list[str]:
    """The plugins that the profile activates and the policy does not name."""
    return sorted(
        name
        for name, settings in profile.plugins.items()
        if settings.get("active") and name not in policy.PLUGINS
    )


def ours_inactive(profile: Profile) -> list[str]:
    """The plugins of the policy that the profile deactivates."""
    return sorted(
        name
        for name in policy.PLUGINS
        if profile.plugins.get(name, {}).get("active") is False
    )


def set_active(system: System, profile: Profile) -> None:
    """Activate the plugins of the policy in the profile, and deactivate all others."""
    names = {plugin.name for plugin in installed(system)}
    for name in {*names, *profile.plugins, *policy.PLUGINS}:
        profile.plugins.setdefault(name, {})["active"] = name in policy.PLUGINS


def _short_name(folder: Path) -> str:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return str(manifest["short_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder.name
