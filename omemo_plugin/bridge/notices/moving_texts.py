# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said when an identity goes to another computer, or comes from one."""

from __future__ import annotations

from ...engine.errors import MovingFileDamaged
from ...engine.errors import MovingFileOfAnother
from ...engine.errors import MovingFileTooNew
from ...engine.errors import MovingProgramMissing
from ...engine.errors import StoreTooNew
from ...engine.errors import WrongPassphrase
from ...i18n import _


def identity_has_moved() -> str:
    """Why nothing is encrypted after the identity has gone."""
    return _(
        "The identity of this account moved to another computer. Bring it back, or "
        "start anew, in the preferences of the plugin."
    )


def not_moved() -> str:
    return _(
        "The file could not be made. Nothing has changed, and your key is still here."
    )


def start_again() -> str:
    """It is not known what the disk has."""
    return _("This computer could not write it down. Start Gajim again.")


def file_not_saved() -> str:
    """The old copy has ended, and the file is not where the user wants it."""
    return _(
        "The file could not be saved there. Your key is kept in it on this computer: "
        "save it at another place."
    )


def save_first() -> str:
    """The file of the identity that has gone is still here, and nowhere else."""
    return _("Save the file with your key first.")


def texts_wait() -> str:
    return _("Some messages have not been sent yet. Send or delete them first.")


def nothing_to_move() -> str:
    return _("This account has no key that could be moved.")


def connect_first() -> str:
    return _(
        "Connect this account first. The server is asked whether the key is in use "
        "on another computer."
    )


def not_checked() -> str:
    return _("The server did not answer. Nothing has changed. Try again later.")


def not_arrived() -> str:
    return _("The key could not be written to this computer. The file is still good.")


def not_read(error: Exception) -> str:
    """Why the file cannot be used."""
    if isinstance(error, MovingProgramMissing):
        return program_missing(str(error))
    if isinstance(error, WrongPassphrase):
        return _("This is not the passphrase of the file.")
    if isinstance(error, MovingFileOfAnother):
        return _("The file has the identity of {address}.").format(
            address=error.own_jid
        )
    if isinstance(error, MovingFileTooNew | StoreTooNew):
        return _("A newer version of the plugin made the file. Update the plugin here.")
    if isinstance(error, MovingFileDamaged):
        return _("The file is damaged, or it is another kind of file.")
    return _("The file could not be read.")


def program_missing(package: str) -> str:
    """
    Args:
        package: of Debian.
    """
    # Translators: {package} is the name of a Debian package
    return _(
        "The package {package} is missing. Install it, and start Gajim again."
    ).format(package=package)
