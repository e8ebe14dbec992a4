# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs launcher and plugin for one user, without an administration password.

Everything goes below the user's home folder. In Tails that is gone after a restart
unless it is kept in the Persistent Storage, so it is made to be run again from there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ..base.errors import NotTails
from ..base.errors import Refused
from ..base.i18n import _
from ..base.processes import require_closed
from ..base.system import System

OURS = Path(__file__).parents[1]
PLUGIN = "omemo_plugin"
_LIBRARIES = ("omemo", "oldmemo", "twomemo")
_MODULES = Path("/usr/lib/python3/dist-packages")
_DESKTOP = Path("/usr/share/applications/org.gajim.Gajim.desktop")


class NothingToInstallOn(Refused):
    """Gajim, or a library, is not there."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(
            _(
                "These packages are missing: {packages}. Install them with"
                " Additional Software; this needs an administration password once."
            ).format(packages=" ".join(missing))
        )


def cannot_be_locked() -> list[str]:
    """Return, as sentences for the user, what needs an administration password."""
    return [
        _('Any program that can change files in your home folder can change this'
          ' Gajim.'),
        _('“gajim” in a terminal still starts Gajim without any check; the menu does'
          ' not.'),
        _('Gajim is not confined by AppArmor. Of your files it sees its own alone all'
          ' the same.'),
        _('Other programs can switch on Gajim’s remote control.'),
    ]  # fmt: skip


def install(system: System) -> list[Path]:
    """Install launcher and plugin for this user; running it again updates them.

    Returns:
        What was written.

    Raises:
        NotTails: This is another system.
        NothingToInstallOn: Something has to be installed first.
        GajimRuns: Gajim runs.
    """
    if not system.is_tails():
        raise NotTails
    require_closed(system)
    missing = [
        f"python3-{name}"
        for name in _LIBRARIES
        if not system.file(_MODULES / name).is_dir()
    ]
    if not system.file("/usr/bin/gajim").exists():
        missing.insert(0, "gajim")
    if missing:
        raise NothingToInstallOn(missing)
    base = system.data.parent
    written = [_copy(OURS, base / "tails-gajim" / OURS.name)]
    plugin = OURS.parent / PLUGIN
    if plugin.is_dir():
        written.append(_copy(plugin, system.data / "plugins" / PLUGIN))
    written.append(_write_menu_entry(system, base))
    return written


def _copy(source: Path, target: Path) -> Path:
    if source.resolve() == target.resolve():
        return target
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        source, new, ignore=shutil.ignore_patterns("__pycache__", "upstream")
    )
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)
    return target


def _write_menu_entry(system: System, base: Path) -> Path:
    """Write Gajim's menu entry with our launcher; the user's entry takes precedence."""
    launcher = base / "tails-gajim" / OURS.name / "bin" / "launch"
    lines = system.file(_DESKTOP).read_text().splitlines()
    for number, line in enumerate(lines):
        if line.startswith("Exec=gajim"):
            lines[number] = line.replace("gajim", f'"{launcher}"', 1)
    target = base / "applications" / _DESKTOP.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n")
    return target
