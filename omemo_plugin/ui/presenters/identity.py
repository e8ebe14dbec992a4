# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ending an account's identity, with or without a new one after it."""

from __future__ import annotations

from typing import Protocol

from ...i18n import _


class IdentityService(Protocol):
    """The identity of one account. Nothing raises."""

    own_jid: str

    @property
    def can_end(self) -> bool:
        """Whether there is one, and nothing else uses it."""

    @property
    def is_ended(self) -> bool: ...

    @property
    def is_moved(self) -> bool:
        """Whether that is because it went to another computer."""

    @property
    def file_is_here(self) -> bool:
        """Whether it went, and its file was not saved."""

    @property
    def is_beginning(self) -> bool:
        """Whether a new one follows by itself."""

    @property
    def is_leaving(self) -> bool:
        """Whether the server may still have something of an ended one."""

    def end(self, *, anew: bool) -> str:
        """Returns why it was not done, in the user's words, or ''."""

    def start_anew(self) -> str: ...


class EndQuestion:
    """What is asked before an identity ends. Closing the window answers nothing."""

    def __init__(self, service: IdentityService, *, anew: bool) -> None:
        """
        Args:
            anew: a new identity follows.
        """
        self._service = service
        self._anew = anew
        self.title = _("Start anew?") if anew else _("Delete all keys of this account?")
        self.address = service.own_jid
        self.keep_label = _("Keep my key") if anew else _("Keep")
        self.end_label = _("Start anew") if anew else _("Delete")

    @property
    def sentences(self) -> tuple[str, ...]:
        """What will happen."""
        if self._anew:
            outcome = _(
                "Your contacts see a new device in its place, and whoever has verified "
                "you checks it again."
            )
        else:
            outcome = _(
                "This device is taken off your account, at the latest when you are "
                "online again. Old messages that have not arrived yet cannot be read."
            )
        return (
            _(
                "The key of this computer is deleted, with all that you verified and "
                "named here."
            ),
            outcome,
            _("What Gajim’s history shows stays. This cannot be undone."),
        )

    def confirm(self) -> str:
        """Returns why it was not done, or ''."""
        return self._service.end(anew=self._anew)


class EndedIdentity:
    """Said in the preferences instead of the settings of an account."""

    def __init__(self, service: IdentityService) -> None:
        self._service = service
        self.heading = service.own_jid
        self.begin_label = _("Start anew")

    @property
    def can_begin(self) -> bool:
        """Whether a new identity is up to the user, and does not come by itself."""
        return self._service.is_ended

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the user has done, and what is still to come."""
        if not self.can_begin:
            return (_("You get a new key as soon as the old device has left."),)
        if self._service.is_moved:
            lines = [
                _(
                    "Your key moved to another computer. Nothing is encrypted for this "
                    "account here."
                )
            ]
        else:
            lines = [_("You deleted the keys of this account. Nothing is encrypted.")]
        if self._service.file_is_here:
            lines.append(_("The file with your key has not been saved yet."))
        if self._service.is_leaving:
            lines.append(
                _(
                    "Your account may still list the device. It is taken off when you "
                    "are online."
                )
            )
        return tuple(lines)

    @property
    def can_save(self) -> bool:
        """Whether the file of an identity that has gone still has to be saved."""
        return self._service.file_is_here

    def begin(self) -> str:
        """Returns why that was not possible, or ''."""
        return self._service.start_anew()
