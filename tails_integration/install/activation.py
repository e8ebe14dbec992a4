# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Activates locks, confinement and launcher system-wide, and deactivates them.

Only on Tails, and only as root. The package contains the files, but they have no
effect until `activate` runs: on another system they would break the user's Gajim.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from .. import policy
from ..base.errors import NotTails
from ..base.errors import Refused
from ..base.errors import TailsError
from ..base.i18n import _
from ..base.system import System

DATA = Path(__file__).parents[1] / "data"
LAUNCHER = Path(__file__).parents[1] / "bin" / "launch"

# Gajim reads the first; it is a link to the second, which is ours. A file of the
# administrator's in its place is left alone
OVERRIDES = Path("/etc/gajim/app-overrides.json")
GENERATED = Path("/var/lib/tails-gajim/app-overrides.json")
BUS_POLICY = Path("/etc/dbus-1/session.d/tails-gajim.conf")
APPARMOR = Path("/etc/apparmor.d/tails-gajim")
PROGRAM = Path("/usr/bin/gajim")
DIVERTED = Path("/usr/bin/gajim.real")
PACKAGE = "tails-gajim"

_APPARMOR_ENABLED = Path("/sys/module/apparmor/parameters/enabled")

T = TypeVar("T")


class NotRoot(Refused):
    """Only root can change the system."""

    def __init__(self) -> None:
        super().__init__(_("This changes the system. Run it as root, with sudo."))


def overrides_text(system: System) -> str:
    """Return the text of Gajim's own file for overrides."""
    overrides = policy.overrides(system.gajim_version())
    return json.dumps(overrides, indent=2, sort_keys=True) + "\n"


def _files(system: System) -> dict[Path, str]:
    return {
        GENERATED: overrides_text(system),
        BUS_POLICY: (DATA / "dbus-session.conf").read_text(),
        APPARMOR: (DATA / "apparmor").read_text(),
    }


def activate(system: System, *, anywhere: bool = False) -> list[str]:
    """Put everything in place; running it again changes nothing.

    :param anywhere: also where the system does not say that it is Tails, as while
        its image is being built. The kernel that runs is then the builder's, and
        AppArmor's profile is not loaded into it

    Returns:
        What could not be done and is not fatal, in words.

    Raises:
        NotTails: This is another system.
        NotRoot: The user is not root.
        TailsError: A program that is needed failed.
    """
    if not anywhere and not system.is_tails():
        raise NotTails
    if system.uid != 0:
        raise NotRoot
    for path, text in _files(system).items():
        place = system.file(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(0o644)
    warnings = [*_link_overrides(system)]
    if not anywhere:
        warnings += _load_profile(system)
    _divert(system)
    return warnings


def deactivate(system: System) -> None:
    """Remove everything; changes nothing where nothing is in place.

    Raises:
        NotRoot: The user is not root.
        TailsError: A program that is needed failed.
    """
    if system.uid != 0:
        raise NotRoot
    program = system.file(PROGRAM)
    if _is_launcher(program):
        program.unlink()
        _dpkg_divert(system, "--remove")
    if system.file(APPARMOR).exists() and _has_apparmor(system):
        system.run(["apparmor_parser", "--remove", str(system.file(APPARMOR))])
    if _are_ours(system.file(OVERRIDES)):
        system.file(OVERRIDES).unlink()
    for path in (GENERATED, BUS_POLICY, APPARMOR):
        system.file(path).unlink(missing_ok=True)
    # Gajim itself brings no such folder
    for path in (OVERRIDES, GENERATED):
        with contextlib.suppress(OSError):
            system.file(path).parent.rmdir()


def missing(system: System, finding: Callable[[str, str, str], T]) -> Iterator[T]:
    """List the parts that are not in place, for the audit.

    :param finding: makes one, of what it is, the reason and what to do
    """
    not_locked = _(
        "Settings are not locked for a Gajim that is started past the launcher."
    )
    what = {
        GENERATED: not_locked,
        BUS_POLICY: _("Gajim’s remote control is not shut on the session bus."),
        APPARMOR: _("Gajim is not confined by AppArmor."),
    }
    mend = _(
        "Install the package tails-gajim; without administration password it"
        " cannot be done."
    )
    for path, text in _files(system).items():
        place = system.file(path)
        if not place.exists() or place.read_text() != text:
            yield finding(
                what[path],
                _("{path} is missing or was changed.").format(path=path),
                mend,
            )
    if not _are_ours(system.file(OVERRIDES)):
        yield finding(
            not_locked,
            _("{path} is missing or was changed.").format(path=OVERRIDES),
            mend,
        )
    if not _is_launcher(system.file(PROGRAM)):
        yield finding(
            _("The command “gajim” starts Gajim without any check."),
            _("{path} is not the launcher.").format(path=PROGRAM),
            mend,
        )


def _are_ours(overrides: Path) -> bool:
    return overrides.is_symlink() and overrides.readlink() == GENERATED


def _link_overrides(system: System) -> Iterator[str]:
    """Let Gajim find the generated file, unless another one is in its place."""
    overrides = system.file(OVERRIDES)
    if _are_ours(overrides):
        return
    if overrides.is_symlink() or overrides.exists():
        yield _(
            "{path} belongs to somebody else and was left alone. The launcher locks"
            " the settings all the same."
        ).format(path=OVERRIDES)
        return
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.symlink_to(GENERATED)


def _is_launcher(program: Path) -> bool:
    return program.is_symlink() and program.readlink().name == LAUNCHER.name


def _divert(system: System) -> None:
    program = system.file(PROGRAM)
    if _is_launcher(program):
        return
    _dpkg_divert(system, "--add")
    program.symlink_to(LAUNCHER)


def _dpkg_divert(system: System, action: str) -> None:
    answer = system.run([
        'dpkg-divert', '--quiet', '--package', PACKAGE, '--rename',
        '--divert', str(DIVERTED), action, str(PROGRAM),
    ])  # fmt: skip
    if answer.returncode != 0:
        raise TailsError(
            _("dpkg-divert failed: {error}").format(error=answer.stderr.strip())
        )


def _has_apparmor(system: System) -> bool:
    try:
        return system.file(_APPARMOR_ENABLED).read_text().strip() == "Y"
    except OSError:
        return False


def _load_profile(system: System) -> list[str]:
    if not _has_apparmor(system):
        return [_("AppArmor is not enabled, so Gajim is not confined.")]
    profile = str(system.file(APPARMOR))
    answer = system.run(["apparmor_parser", "--replace", "--write-cache", profile])
    if answer.returncode != 0:
        return [
            _("AppArmor did not take the profile: {error}").format(
                error=answer.stderr.strip()
            )
        ]
    return []
