# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Gajim's keys are kept, and changing that, as the user of the desktop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..base.errors import NotTails
from ..base.errors import Refused
from ..base.errors import TailsError
from ..base.i18n import _
from ..base.processes import require_closed
from ..base.system import NOT_FOUND
from ..base.system import System
from . import root_helper
from .bindings import HISTORY
from .bindings import HISTORY_NAME
from .bindings import KEPT

PKEXEC = "/usr/bin/pkexec"
HELPER = "/usr/share/tails-gajim/tails_integration/bin/persistence-helper"

# pkexec(1), "RETURN VALUE"
_DISMISSED = 126
_NOT_AUTHORISED = 127


class Storage(Enum):
    """The Persistent Storage itself."""

    NONE = "none"
    LOCKED = "locked"
    UNLOCKED = "unlocked"


@dataclass(frozen=True)
class Status:
    """The features that the Persistent Storage keeps now."""

    storage: Storage
    kept: bool
    """Settings, keys and certificates."""
    history: bool


class NoStorage(Refused):
    """There is no Persistent Storage."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "You have no Persistent Storage. Create one in Apps ▸ Tails ▸"
                " Persistent Storage, then try again."
            )
        )


class Locked(Refused):
    """It was not unlocked at the start."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your Persistent Storage is locked. Restart Tails, unlock it in the"
                " Welcome Screen, then try again."
            )
        )


class NoPassword(Refused):
    """The user set no administration password for this session."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This needs an administration password, and you have set none."
                " Restart Tails, set one in the Welcome Screen under “Additional"
                " Settings”, then try again."
            )
        )


def status(system: System) -> Status:
    """Return what is kept. Changes nothing, and needs no password."""
    storage = Storage.UNLOCKED
    if not _says_yes(system, "is-unlocked"):
        storage = Storage.LOCKED if _says_yes(system, "is-created") else Storage.NONE
    unlocked = storage is Storage.UNLOCKED
    return Status(
        storage,
        unlocked and all(root_helper.is_bound(system, b) for b in KEPT),
        unlocked and root_helper.is_bound(system, HISTORY),
    )


def change(system: System, word: str) -> bool:
    """Let the helper do something; the user is asked for the password.

    :param word: one of `root_helper.WORDS`

    Returns:
        False if it takes effect when Tails starts the next time.

    Raises:
        Refused: A condition is not met.
        TailsError: It failed.
    """
    if not system.is_tails():
        raise NotTails
    storage = status(system).storage
    if storage is Storage.NONE:
        raise NoStorage
    if storage is Storage.LOCKED:
        raise Locked
    _require_password(system)
    require_closed(system)
    if not system.file(HELPER).exists():
        raise Refused(
            _(
                "The package tails-gajim is not installed for the whole system. Add"
                " it as Additional Software, or add the lines by hand as the"
                " documentation says."
            )
        )
    answer = system.run([PKEXEC, "--disable-internal-agent", HELPER, word])
    if answer.returncode == _DISMISSED:
        raise Refused(_("Nothing was changed, because no password was given."))
    if answer.returncode == _NOT_AUTHORISED:
        raise Refused(
            _(
                "Nothing was changed, because the administration password was not"
                " accepted. Try again; it is the one that you have set in the"
                " Welcome Screen."
            )
        )
    if answer.returncode == Refused.exit_code:
        raise Refused(answer.stderr.strip())
    if answer.returncode != 0:
        raise TailsError(answer.stderr.strip() or _("The helper failed."))
    return answer.stdout.strip() == "now"


def link_history(system: System) -> None:
    """Let Gajim's history lie in the folder that is kept, while one is kept; and
    nowhere near it otherwise. Called before each start.

    Raises:
        TailsError: There is a history at both places.
    """
    database = system.data / HISTORY_NAME
    kept = root_helper.is_bound(system, HISTORY)
    target = system.data / "history" / HISTORY_NAME
    if not kept:
        if database.is_symlink():
            database.unlink()
        return
    if database.is_symlink():
        return
    if database.exists():
        if target.exists():
            raise TailsError(
                _(
                    "There is a history in {one} and another one in {two}. Move one"
                    " of them away, then start Gajim again."
                ).format(one=database, two=target)
            )
        for suffix in ("", "-wal", "-shm", "-journal"):
            part = database.with_name(HISTORY_NAME + suffix)
            if part.exists():
                _move(system, part.name)
    database.symlink_to(target)


def _move(system: System, name: str) -> None:
    import shutil

    shutil.move(system.data / name, system.data / "history" / name)


def _says_yes(system: System, word: str) -> bool:
    return system.run([root_helper.TPSCLI, word]).returncode == 0


def _require_password(system: System) -> None:
    """Tails locks the user's password when none was set in the Welcome Screen."""
    answer = system.run(["/usr/bin/passwd", "--status"])
    words = answer.stdout.split()
    if answer.returncode not in (0, NOT_FOUND):
        return  # pkexec will say
    if len(words) > 1 and words[1] != "P":
        raise NoPassword
