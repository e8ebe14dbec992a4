# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before Gajim starts: are its keys kept? If not, that is said once a session."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from ..base.dialog import DialogButton
from ..base.dialog import ask as ask_in_a_window
from ..base.errors import Refused
from ..base.errors import TailsError
from ..base.i18n import _
from ..base.system import System
from . import root_helper
from . import user
from .user import Storage

# Makes the plugin use a temporary device, which removes itself from the account when
# it goes offline (omemo_plugin/bridge/pep/temporary_devices.py)
TEMPORARY = {"OMEMO_TEMPORARY_DEVICE": "1"}

_SAID = "nothing-is-kept"

Ask = Callable[[str, str, Sequence[DialogButton]], str]


class NotStarted(Refused):
    """The user chose not to start."""

    was_said = True

    def __init__(self) -> None:
        super().__init__(_("Gajim was not started."))


def title() -> str:
    """The title of the window that warns."""
    return _("Nothing in Gajim will be kept")


def step(system: System, ask: Ask = ask_in_a_window) -> Mapping[str, str]:
    """Warn, or offer to keep the keys.

    Returns:
        What Gajim's environment has to say.

    Raises:
        Refused: The user does not want to start Gajim like this.
    """
    now = user.status(system)
    if not now.kept and not _was_said(system):
        answer = ask(title(), _text(now.storage), _buttons(now.storage))
        if answer == "quit":
            raise NotStarted
        if answer == "keep":
            now = _keep(system, ask)
        else:
            _note_said(system)
    if now.kept:
        user.link_history(system)
        return {}
    return TEMPORARY


def _keep(system: System, ask: Ask) -> user.Status:
    try:
        user.change(system, root_helper.ENABLE)
    except TailsError as error:
        answer = ask(
            _("Gajim’s keys cannot be kept"),
            str(error),
            [
                DialogButton("start", _("Start without")),
                DialogButton("quit", _("Not now")),
            ],
        )
        if answer == "quit":
            raise NotStarted from error
        _note_said(system)
    return user.status(system)


def _text(storage: Storage) -> str:
    text = _(
        "When you shut down Tails, your accounts, settings and encryption keys in"
        " Gajim are gone.\n\n"
        "• Next time your contacts see a new device, and you have to verify each"
        " other again.\n"
        "• Messages that arrive while Tails is off cannot be read here.\n"
        "• This device takes itself off your account when you go offline. If you"
        " unplug Tails first, the next start does it.\n\n"
    )
    if storage is Storage.NONE:
        return text + _(
            "To keep them, create a Persistent Storage: Apps ▸ Tails ▸ Persistent"
            " Storage."
        )
    if storage is Storage.LOCKED:
        return text + _(
            "To keep them, restart Tails and unlock your Persistent Storage in the"
            " Welcome Screen."
        )
    return text + _(
        "You have a Persistent Storage. “Keep my keys” stores Gajim’s accounts,"
        " settings and keys there; chats and downloads are not stored. It asks for"
        " the administration password."
    )


def _buttons(storage: Storage) -> list[DialogButton]:
    buttons = [
        DialogButton("start", _("Start anyway")),
        DialogButton("quit", _("Not now")),
    ]
    if storage is Storage.UNLOCKED:
        buttons.insert(0, DialogButton("keep", _("Keep my keys")))
    return buttons


def _was_said(system: System) -> bool:
    return system.runtime is not None and (system.runtime / _SAID).exists()


def _note_said(system: System) -> None:
    if system.runtime is not None:
        system.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        (system.runtime / _SAID).touch()
