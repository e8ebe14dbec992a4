# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before Gajim starts: is there something in Pidgin to take over?"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from . import pidgin_import
from .dialog import Button
from .dialog import ask as ask_in_a_window
from .errors import TailsError
from .i18n import _
from .persistence import status
from .pidgin_files import ACCOUNTS
from .pidgin_files import FOLDER
from .system import System

Ask = Callable[[str, str, Sequence[Button]], str]


def title() -> str:
    """Of the assistant's window."""
    return _("Take over your accounts from Pidgin?")


def step(system: System, ask: Ask = ask_in_a_window) -> Mapping[str, str]:
    """Offer it, until it is done or not wanted any more. Gajim starts in any case."""
    if not (system.home / FOLDER / ACCOUNTS).exists():
        return {}
    if pidgin_import.remembered(system) is not None:
        return {}
    try:
        _offer(system, ask)
    except TailsError as error:
        ask(
            _("Pidgin’s accounts were not taken over"),
            str(error),
            [Button("go-on", _("Start Gajim without them"))],
        )
    return {}


def _offer(system: System, ask: Ask) -> None:
    plan = pidgin_import.plan(system)
    if not plan.accounts:
        if not plan.pidgin.unreadable:
            pidgin_import.remember(system, "not_needed", plan.pidgin.verified)
        return
    text = pidgin_import.describe(plan)
    text += "\n\n" + _(
        "Pidgin keeps everything and goes on working. While both are online, a"
        " message in OTR cannot be read in Gajim, nor one in OMEMO in Pidgin."
    )
    buttons = [Button("take", _("Take over"))]
    if plan.passwords and status(system).kept:
        buttons.append(Button("passwords", _("Take over with passwords")))
    buttons.append(Button("never", _("Do not ask again")))
    buttons.append(Button("later", _("Not now")))
    answer = ask(title(), text, buttons)
    if answer == "never":
        pidgin_import.remember(system, "never", plan.pidgin.verified)
    elif answer in ("take", "passwords"):
        pidgin_import.carry_out(system, plan, passwords=answer == "passwords")
