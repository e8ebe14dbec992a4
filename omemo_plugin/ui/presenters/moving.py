# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking an identity to another computer, and bringing one from there."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ...i18n import _
from ...i18n import language as interface_language
from ...verify.phrase import load_word_lists
from .identity import IdentityService

# Six words of a list of 2048 are 66 bits, sixteen letters of 32 are 80
_WORDS = 6
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS = 4
_LENGTH_MIN = 12

# Where Gajim in Tails may write; the first one is kept when Tails ends
_FOLDERS = ("Persistent/Gajim", "Gajim")

FILE_TYPE = "application/x-keepass2"


class MovingService(IdentityService, Protocol):
    """The identity of one account, and its ways. Nothing raises."""

    @property
    def can_move(self) -> bool:
        """Whether there is an identity that can go."""

    def why_not_move(self) -> str:
        """Why it cannot go now, in the user's words, or ''."""

    def move(self, passphrase: str, path: Path, done: Callable[[str], None]) -> None:
        """Calls `done` with why it was not done or not to its end, or ''."""

    def save(self, path: Path) -> str: ...

    def read_file(
        self, path: Path, passphrase: str, checked: Callable[[bool, str], None]
    ) -> None:
        """Calls `checked` with whether the key may be in use elsewhere, or why that is
        not known."""

    def arrive(self, *, used: bool) -> str: ...

    def leave_file(self) -> None: ...


def file_name(address: str) -> str:
    """What the file of an account is called."""
    return f"gajim-identity-{re.sub('[^A-Za-z0-9@._-]', '_', address)}.kdbx"


def folder_for_files() -> Path:
    """Where files are looked for, and put, until the user chooses."""
    home = Path.home()
    folders = (home / one for one in _FOLDERS)
    return next((one for one in folders if one.is_dir()), home)


def suggest() -> str:
    """A passphrase that nobody guesses: words, where there is a list of them."""
    lists = load_word_lists(interface_language())
    if lists:
        words = next(iter(lists.values()))
        return " ".join(secrets.choice(words) for _number in range(_WORDS))
    return " ".join(
        "".join(secrets.choice(_LETTERS) for _letter in range(4))
        for _group in range(_GROUPS)
    )


class MoveQuestion:
    """What is asked before an identity goes. Closing the window changes nothing."""

    def __init__(self, service: MovingService) -> None:
        self._service = service
        self.title = _("Move to another computer?")
        self.address = service.own_jid
        self.path = folder_for_files() / file_name(service.own_jid)
        self.suggestion = suggest()
        self.keep_label = _("Keep my key here")
        self.move_label = _("Make the file")
        self.working = _("The file is being made. This takes some seconds.")

    @property
    def sentences(self) -> tuple[str, ...]:
        """What will happen."""
        return (
            _(
                "A file takes your key to the other computer, with all that you "
                "verified and named. Your contacts notice nothing."
            ),
            _(
                "When the file is made, your key on this computer is deleted. Nothing "
                "is encrypted here any more."
            ),
            _(
                "The file works once, and only with its passphrase. Without both your "
                "key is lost. What Gajim’s history shows stays here."
            ),
            _(
                "Be online on the other computer first. What is sent to you before the "
                "file is used may not be opened otherwise."
            ),
        )

    @property
    def why_not(self) -> str:
        """Why nothing can be moved now, or ''."""
        return self._service.why_not_move()

    def suggest_another(self) -> str:
        """Another passphrase."""
        self.suggestion = suggest()
        return self.suggestion

    def check(self, passphrase: str, again: str, path: str) -> str:
        """Why the answers are not good, or ''."""
        if len(passphrase) < _LENGTH_MIN:
            return _("The passphrase needs at least 12 characters.")
        if passphrase != again:
            return _("The two passphrases are different.")
        return _why_not_there(path)

    def confirm(self, passphrase: str, path: str, done: Callable[[str], None]) -> None:
        """
        Args:
            done: gets why it was not done or not to its end, or ''.
        """
        self._service.move(passphrase, Path(path).expanduser(), done)

    @property
    def has_gone(self) -> bool:
        """Whether the identity is not here any more."""
        return self._service.is_moved

    @property
    def file_is_here(self) -> bool:
        """Whether its file still has to be saved."""
        return self._service.file_is_here

    def save(self, path: str) -> str:
        """Save the file of an identity that has gone. Returns why not, or ''."""
        return _why_not_there(path) or self._service.save(Path(path).expanduser())

    def gone(self, path: str) -> tuple[str, ...]:
        """What is said at the end."""
        return (
            # Translators: {path} is a path, such as /home/alice/x.kdbx
            _("Your key is in the file {path}.").format(path=path),
            _(
                "Take it to the other computer. There, choose “From "
                "another computer” when the plugin begins, or “Bring your identity "
                "here” in its preferences."
            ),
            _("Delete the file when your chats work there."),
        )


def _why_not_there(path: str) -> str:
    place = Path(path).expanduser()
    if not path or not place.is_absolute() or not place.parent.is_dir():
        return _("There is no such folder. Choose where to save the file.")
    if place.is_dir():
        return _("This is a folder. Choose a name for the file.")
    return ""


class ArrivalQuestion:
    """What is asked before an identity comes. Closing the window changes nothing."""

    def __init__(self, service: MovingService) -> None:
        self._service = service
        self.title = _("Bring your identity here?")
        self.address = service.own_jid
        self.path = self._likely_path()
        self.bring_label = _("Bring it here")
        self.working = _("The file is being opened. This takes some seconds.")

    def _likely_path(self) -> str:
        path = folder_for_files() / file_name(self.address)
        return str(path) if path.exists() else ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What will happen."""
        lines = [
            _(
                "On the other computer, choose “Move to another computer” in the "
                "preferences of the plugin. Bring the file here."
            )
        ]
        if self._service.can_end:
            lines.append(
                _(
                    "The key that this computer has now is deleted, with all that you "
                    "verified and named here. Its device leaves your account."
                )
            )
        return tuple(lines)

    def check(self, path: str, passphrase: str) -> str:
        """Why the answers are not good, or ''."""
        if not path or not Path(path).expanduser().is_file():
            return _("There is no such file.")
        if not passphrase:
            return _("Type the passphrase of the file.")
        return ""

    def read(
        self, path: str, passphrase: str, checked: Callable[[bool, str], None]
    ) -> None:
        """
        Args:
            checked: gets whether the key may be in use elsewhere, or why that is not
                known.
        """
        self._service.read_file(Path(path).expanduser(), passphrase, checked)

    def arrive(self, *, used: bool) -> str:
        """Use it. Returns why that was not possible, or ''."""
        return self._service.arrive(used=used)

    def leave(self) -> None:
        """Nothing of the file is used."""
        self._service.leave_file()

    # It may be in use elsewhere

    @property
    def used_title(self) -> str:
        return _("This key may be in use elsewhere")

    @property
    def used_sentences(self) -> tuple[str, ...]:
        return (
            _("The file was used before, or the key went on without it."),
            _(
                "Two computers with one key disturb each other. Messages get lost, and "
                "nobody sees why."
            ),
            _(
                "If the key is used nowhere else any more, you can go on with it. What "
                "you verified since the file was made has to be verified again."
            ),
        )

    @property
    def decline_label(self) -> str:
        if self._service.can_end:
            return _("Keep the key here")
        return _("Begin with a new key")

    @property
    def go_on_label(self) -> str:
        return _("Use it all the same")

    def decline(self) -> str:
        """Nothing of the file is used, and the account has a key of its own. Returns
        why that was not possible, or ''."""
        self.leave()
        return self._service.start_anew()

    @property
    def arrived(self) -> tuple[str, ...]:
        """What is said at the end."""
        return (
            _("Your identity is here. What was verified stays verified."),
            _("Delete the file. It has done its work."),
        )
