# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting Gajim: only when every way it could take goes through Tor.

It looks, mends, asks where there is something to decide, and then becomes Gajim in
the same process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from . import audit
from . import persistence_step
from . import pidgin_step
from . import preseed
from . import running
from . import tor
from .dialog import Button
from .dialog import ask
from .errors import NotTails
from .errors import Refused
from .errors import TailsError
from .i18n import _
from .profile import read
from .system import System

GAJIM = Path(__file__).parent / "bin" / "gajim"

Step = Callable[[System], Mapping[str, str]]
"""Something to do before Gajim starts. What it returns goes into Gajim's environment;
it may ask, and may raise `Refused`."""

STEPS: tuple[Step, ...] = (persistence_step.step, pidgin_step.step)

Ask = Callable[[str, str, Sequence[Button]], str]


class NotOnTor(Refused):
    """The profile says to go past Tor, and nobody wanted it mended."""

    was_said = True


def start(system: System, arguments: Sequence[str]) -> int:
    """Become Gajim, or say in a window why not.

    Returns:
        The exit code of a refusal; otherwise it does not return.
    """
    running.rename_process()
    try:
        environment = prepare(system, ask)
    except tor.TorNotReady as refusal:
        _offer_tor(system, refusal)
        return refusal.exit_code
    except TailsError as error:
        if not error.was_said:
            ask(error.title, str(error), [Button("close", _("Close"))])
        return error.exit_code
    return os.execve(GAJIM, [str(GAJIM), *arguments], environment)  # noqa: S606


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
    if running.gajim_processes(system):
        # What follows only tells the one that runs to come forward
        return environment
    tor.require_ready(system)
    _require_tor_in_profile(system, ask)
    for step in STEPS:
        environment.update(step(system))
    preseed.apply(system)
    _require_nothing_left(system)
    return environment


def _require_tor_in_profile(system: System, ask: Ask) -> None:
    """What somebody set against Tor is not mended without asking."""
    profile = read(system)
    found = [] if profile is None else list(audit.direct_connections(profile))
    if not found:
        return
    refusal = NotOnTor(
        "\n".join(
            [
                *(finding.what for finding in found),
                "",
                _("“Repair and start” sets it to Tor. Your accounts are kept."),
            ]
        )
    )
    answer = ask(
        refusal.title,
        str(refusal),
        [Button("repair", _("Repair and start")), Button("close", _("Close"))],
    )
    if answer != "repair":
        raise refusal


def _require_nothing_left(system: System) -> None:
    profile = read(system)
    found = [] if profile is None else list(audit.direct_connections(profile))
    if found:
        raise Refused("\n".join(finding.what for finding in found))


def _offer_tor(system: System, refusal: Refused) -> None:
    answer = ask(
        refusal.title,
        str(refusal),
        [
            Button("open", _("Open Tor Connection")),
            Button("cancel", _("Cancel")),
        ],
    )
    if answer == "open":
        system.run(["gtk-launch", "tca"])
