# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said once, when the plugin has been switched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...i18n import _
from .settings import Switch

if TYPE_CHECKING:
    from .ports import FirstPageSettings


@dataclass(frozen=True)
class FirstPageAccount:
    """
    A switch on the page.

    Attributes:
        address: of the account.
        switch: whether its chats are encrypted by themselves.
        note: what else is true of the account; '' for nothing.
        name: of this device, which others can see; '' for none. None where it has
            another one by itself.
    """

    address: str
    switch: Switch
    note: str
    name: str | None


class FirstPage:
    """Behind the window. Whatever ends it keeps the switches as they stand."""

    def __init__(self, accounts: Sequence[FirstPageSettings]) -> None:
        """
        Args:
            accounts: those that it has a switch for.
        """
        self._accounts = accounts
        # Switches that were moved; the preferences may change the others meanwhile
        self._chosen: dict[int, bool] = {}
        self._names: dict[int, str] = {}

    @property
    def title(self) -> str:
        return _("Encryption is on")

    @property
    def first_sentences(self) -> str:
        """What a screen reader says when the window opens, after the title."""
        return _(
            "From now on your chats can be private. Only you and the people you write "
            "to can read them. The servers in between cannot."
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What follows."""
        return (
            _(
                "This works with everybody whose app can use OMEMO, such as "
                "Conversations, Dino, Monal and Gajim."
            ),
            _("It does not hide whom you write to, or when."),
        )

    def accounts(self) -> list[FirstPageAccount]:
        return [
            FirstPageAccount(
                one.own_jid,
                self._switch(self._chosen.get(number, one.encrypt_by_default)),
                _note(one),
                None if one.must_be_temporary else one.public_name,
            )
            for number, one in enumerate(self._accounts)
        ]

    @staticmethod
    def _switch(active: bool) -> Switch:
        return Switch(
            _("Encrypt all chats (recommended)"),
            _(
                "If somebody’s app cannot do it, you are asked before anything is "
                "sent. What you chose for a chat before stays."
            ),
            active,
        )

    @property
    def name_label(self) -> str:
        """What is asked for in the line below the switch."""
        return _("Name of this device")

    @property
    def name_explanation(self) -> str:
        """What to think of before one is given."""
        return _(
            "Your contacts and the servers can see it. Do not use your real name. "
            "Leave it empty to have no name."
        )

    def choose(self, number: int, value: bool) -> None:
        """A switch was moved. It holds when the page is answered."""
        self._chosen[number] = value

    def choose_name(self, number: int, text: str) -> None:
        """A name was typed. It holds when the page is answered."""
        self._names[number] = text

    def answer(self) -> None:
        """The user has read it. What was chosen holds from now on."""
        for number, one in enumerate(self._accounts):
            one.introduced = True
            if number in self._chosen:
                one.encrypt_by_default = self._chosen[number]
            name = self._names.get(number, one.public_name).strip()
            if name != one.public_name:
                one.public_name = name


def _note(account: FirstPageSettings) -> str:
    if not account.must_be_temporary:
        return ""
    return _("This device is temporary. Its keys are gone when you shut down.")
