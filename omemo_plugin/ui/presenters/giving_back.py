# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offer to give an account's key to Gajim's own OMEMO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...i18n import _


class KeyGiver(Protocol):
    """What gives the key of one account back."""

    own_jid: str

    def give(self, done: Callable[[str], None]) -> None:
        """
        Args:
            done: called once, with why it was not possible, in the user's words,
                or ''.
        """


class GivingBackOffer:
    """The offer for one account."""

    def __init__(self, giver: KeyGiver) -> None:
        self._giver = giver
        self.heading = _("Give your key back?")
        self.address = giver.own_jid
        self.button = _("Give my key back")
        # Translators: for screen readers, where several accounts have the button.
        self.spoken_button = _("Give my key back, {address}").format(
            address=giver.own_jid
        )
        self.waiting = _("Waiting for the server.")

    @property
    def sentences(self) -> tuple[str, ...]:
        """What will happen."""
        return (
            _(
                "Gajim’s own OMEMO can go on with your key: your contacts see no new "
                "device, and what is verified stays verified."
            ),
            _(
                "It does not know OMEMO 2: this device leaves it, and chats in OMEMO 2 "
                "go on in OMEMO 0.3 if the other app can."
            ),
            _(
                "The names of devices are deleted; if you switch this plugin on again, "
                "it asks for your key."
            ),
        )

    def give(self, done: Callable[[bool, str], None]) -> None:
        """
        Args:
            done: called once, with whether the key was given, and what to say.
        """

        def ended(problem: str) -> None:
            done(not problem, problem or _("Gajim’s own OMEMO has your key now."))

        self._giver.give(ended)
