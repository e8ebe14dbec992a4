# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts Gajim only when all of its connections go through Tor.

The launcher checks Tor and the profile, repairs the profile, asks the user where there
is something to decide, and then runs Gajim apart from the other programs.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from . import policy
from .base import processes
from .base import tor
from .base.dialog import DialogButton
from .base.dialog import ask
from .base.errors import NotTails
from .base.errors import Refused
from .base.errors import TailsError
from .base.i18n import _
from .base.system import System
from .confinement import run as confinement
from .persistence import startup as persistence_startup
from .pidgin import startup as pidgin_startup
from .settings import audit
from .settings import plugins
from .settings import preseed
from .settings.profile import read

GAJIM = Path(__file__).parent / "bin" / "gajim"
FOLDER_NAME = Path(policy.FOLDER).name

Step = Callable[[System], Mapping[str, str]]
"""A step before Gajim starts. Its result is added to Gajim's environment; it may ask
the user, and may raise `Refused`."""

STEPS: tuple[Step, ...] = (persistence_startup.step, pidgin_startup.step)

Ask = Callable[[str, str, Sequence[DialogButton]], str]


class NotRepaired(Refused):
    """The profile must not be used, and the user did not choose to repair it."""

    was_said = True


class NotUnderstood(Refused):
    """Something is not as anybody would have written it, such as a damaged file."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            _(
                "Something in Gajim’s settings, or in this Tails, is damaged ({error})."
                " To see more, run in a terminal: gajim"
            ).format(error=type(error).__name__)
        )


def start(system: System, arguments: Sequence[str]) -> int:
    """Run Gajim, or show the reason for a refusal in a window.

    Returns:
        Its exit code, or that of the refusal.
    """
    processes.rename_process()
    try:
        environment = prepare(system, ask)
        return confinement.run(system, [str(GAJIM), *arguments], environment)
    except tor.TorNotReady as refusal:
        _offer_tor(system, refusal)
        return refusal.exit_code
    except TailsError as error:
        if not error.was_said:
            ask(error.title, str(error), [DialogButton("close", _("Close"))])
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - there is no other place to say it
        traceback.print_exc()
        broken = NotUnderstood(error)
        ask(broken.title, str(broken), [DialogButton("close", _("Close"))])
        return broken.exit_code


def prepare(system: System, ask: Ask) -> dict[str, str]:
    """Do all that comes before Gajim.

    Returns:
        The environment for Gajim.

    Raises:
        Refused: It must not be started.
        TailsError: Something failed.
    """
    if not system.is_tails():
        raise NotTails
    environment = {**system.environ, **tor.environment()}
    if processes.gajim_processes(system):
        # The new process only tells the running one to show its window
        return environment
    tor.require_ready(system)
    plugins.require_ours(system)
    _require_safe_profile(system, ask)
    for step in STEPS:
        environment.update(step(system))
    preseed.apply(system)
    _require_nothing_left(system)
    environment.update(_make_folders(system))
    return environment


def _make_folders(system: System) -> dict[str, str]:
    """Make the folders that only Gajim uses, and name them in its environment.

    AppArmor denies `/tmp`, where other programs have sockets, and all folders of the
    user's but one.
    """
    (system.home / FOLDER_NAME).mkdir(mode=0o700, exist_ok=True)
    if system.runtime is None:
        return {}
    temporary = system.runtime / "tmp"
    temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {"TMPDIR": str(temporary)}


def _require_safe_profile(system: System, ask: Ask) -> None:
    """Ask before a setting is repaired that the user, or another Gajim, has set."""
    profile = read(system)
    found = [] if profile is None else audit.stops_gajim(profile)
    if not found:
        return
    refusal = NotRepaired(
        "\n".join(
            [
                *(finding.what for finding in found),
                "",
                _(
                    "“Repair and start” uses Tor for everything, and OMEMO of this"
                    " package alone. Your accounts are kept."
                ),
            ]
        )
    )
    answer = ask(
        refusal.title,
        str(refusal),
        [
            DialogButton("repair", _("Repair and start")),
            DialogButton("close", _("Close")),
        ],
    )
    if answer != "repair":
        raise refusal


def _require_nothing_left(system: System) -> None:
    profile = read(system)
    found = [] if profile is None else audit.stops_gajim(profile)
    if found:
        raise Refused("\n".join(finding.what for finding in found))


def _offer_tor(system: System, refusal: Refused) -> None:
    answer = ask(
        refusal.title,
        str(refusal),
        [
            DialogButton("open", _("Open Tor Connection")),
            DialogButton("cancel", _("Cancel")),
        ],
    )
    if answer == "open":
        system.run(["gtk-launch", "tca"])
