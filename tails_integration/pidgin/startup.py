# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before Gajim starts: is there something in Pidgin to take over?"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from ..base.dialog import DialogButton
from ..base.dialog import ask as ask_in_a_window
from ..base.errors import TailsError
from ..base.i18n import _
from ..base.system import System
from ..persistence.user import status
from . import importer
from .files import ACCOUNTS
from .files import FOLDER

Ask = Callable[[str, str, Sequence[DialogButton]], str]


def title() -> str:
    """The title of the assistant's window."""
    return _("Take over your accounts from Pidgin?")


def step(system: System, ask: Ask = ask_in_a_window) -> Mapping[str, str]:
    """Offer it, until it is done or not wanted any more. Gajim starts in any case."""
    if not (system.home / FOLDER / ACCOUNTS).exists():
        return {}
    if importer.remembered(system) is not None:
        return {}
    try:
        _offer(system, ask)
    except TailsError as error:
        ask(
            _("Pidgin’s accounts were not taken over"),
            str(error),
            [DialogButton("go-on", _("Start Gajim without them"))],
        )
    return {}


def _offer(system: System, ask: Ask) -> None:
    plan = importer.plan(system)
    if not plan.accounts:
        if not plan.pidgin.unreadable:
            importer.remember(system, "not_needed", plan.pidgin.verified)
        return
    text = importer.describe(plan)
    text += "\n\n" + _(
        "Pidgin keeps everything and goes on working. While both are online, a"
        " message in OTR cannot be read in Gajim, nor one in OMEMO in Pidgin."
    )
    buttons = [DialogButton("take", _("Take over"))]
    if plan.passwords and status(system).kept:
        buttons.append(DialogButton("passwords", _("Take over with passwords")))
    buttons.append(DialogButton("never", _("Do not ask again")))
    buttons.append(DialogButton("later", _("Not now")))
    answer = ask(title(), text, buttons)
    if answer == "never":
        importer.remember(system, "never", plan.pidgin.verified)
    elif answer in ("take", "passwords"):
        importer.carry_out(system, plan, passwords=answer == "passwords")
