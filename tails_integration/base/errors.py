# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors whose text is written for the user."""

from __future__ import annotations

from .i18n import _

EXIT_DONE = 0
EXIT_VIOLATIONS = 1
EXIT_USAGE = 2


class TailsError(Exception):
    """A failure; the text is for the user."""

    exit_code = 4
    was_said = False
    """Whether the user has seen it in a window already."""

    @property
    def title(self) -> str:
        """A few words, for the top of a window."""
        return _("Something went wrong")


class Refused(TailsError):
    """A condition is not met. The text says which, and what the user can do."""

    exit_code = 3

    @property
    def title(self) -> str:
        """A few words, for the top of a window."""
        return _("Gajim was not started")


class GajimRuns(Refused):
    """The profile cannot be changed while Gajim has it open."""

    def __init__(self) -> None:
        super().__init__(_("Gajim is running. Quit it first, then try again."))


class NotTails(Refused):
    """This system is not Tails."""

    def __init__(self) -> None:
        super().__init__(
            _("This system is not Tails, so nothing was changed or started.")
        )
