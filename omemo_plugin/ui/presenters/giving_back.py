# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The offer to give an account's key to the other OMEMO of this Gajim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...bridge.values import KeyReceiver
from ...i18n import _


class KeyGiver(Protocol):
    """What gives the key of one account back."""

    own_jid: str
    receiver: KeyReceiver

    def give(self, done: Callable[[str], None]) -> None:
        """
        Args:
            done: called once, with why it was not possible, in the user's words,
                or ''.
        """

    def close(self) -> None:
        """It is not asked any more."""


class GivingBackOffer:
    """
    The offer for one account.

    Attributes:
        given: the other OMEMO has the key.
    """

    def __init__(self, giver: KeyGiver) -> None:
        self.given = False
        self._giver = giver
        self._receiver = giver.receiver
        self.heading = _("Give your key back?")
        self.address = giver.own_jid
        self.button = _("Give my key back")
        # Translators: for screen readers, where several accounts have the button.
        self.spoken_button = _("Give my key back, {address}").format(
            address=giver.own_jid
        )
        self.waiting = _("Waiting for the server.")

    @property
    def other_is_on(self) -> bool:
        """Whether another plugin does OMEMO now, for all accounts."""
        return self.given and self._receiver is KeyReceiver.PLUGIN

    @property
    def sentences(self) -> tuple[str, ...]:
        """What will happen."""
        if self._receiver is KeyReceiver.BUILT_IN:
            goes_on = _(
                "Gajim’s own OMEMO can go on with your key: your contacts see no new "
                "device, and what is verified stays verified."
            )
        elif self._receiver is KeyReceiver.PLUGIN:
            goes_on = _(
                "The plugin gajim-omemo can go on with your key, and is switched on: "
                "your contacts see no new device, and what is verified stays verified."
            )
        else:
            goes_on = _(
                "The plugin gajim-omemo can go on with your key when you have "
                "installed it: your contacts see no new device, and what is verified "
                "stays verified."
            )
        return (
            goes_on,
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
        if self._receiver is KeyReceiver.BUILT_IN:
            given = _("Gajim’s own OMEMO has your key now.")
        elif self._receiver is KeyReceiver.PLUGIN:
            given = _("The plugin gajim-omemo has your key now, and is on.")
        else:
            given = _("The plugin gajim-omemo has your key when it is installed.")

        def ended(problem: str) -> None:
            self.given = not problem
            done(not problem, problem or given)

        self._giver.give(ended)
