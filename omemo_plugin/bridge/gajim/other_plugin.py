# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
gajim-omemo, the other plugin for OMEMO that Gajim 1.7 may have. Two of them would both
answer, so one at a time is on. This module needs no library.

Its modules, and with them its file of keys, are there while it is on, and no longer.
"""

from __future__ import annotations

from typing import Protocol
from typing import cast

from gajim.common import app

# Of Debian's gajim-omemo
_SHORT_NAME = "omemo"


class _Manifest(Protocol):
    version: object


class _Plugin(Protocol):
    """A plugin, as Gajim's plugin manager has it."""

    active: bool
    activatable: bool
    manifest: _Manifest


def can_be_used() -> bool:
    """Whether it is installed, and has what it needs."""
    found = _find()
    return found is not None and (found.active or found.activatable)


def version() -> str:
    """Of the one that is there."""
    found = _find()
    return "?" if found is None else str(found.manifest.version)


def is_active() -> bool:
    """Whether it is on, now or in a moment."""
    found = _find()
    if found is None:
        return False
    if found.active:
        return True
    wanted: bool = app.settings.get_plugin_setting(_SHORT_NAME, "active")
    return wanted and found.activatable


def switch_off() -> bool:
    """Returns whether it was on."""
    found = _find()
    if found is None or not found.active:
        return False
    app.plugin_manager.deactivate_plugin(found)
    return True


def switch_on() -> None:
    """On a standing connection it publishes its keys."""
    found = _find()
    if found is not None:
        app.plugin_manager.activate_plugin(found)


def _find() -> _Plugin | None:
    manager = getattr(app, "plugin_manager", None)
    # Gajim has not read all plugins when it makes the first
    return cast("_Plugin | None", manager and manager.get_plugin(_SHORT_NAME))
