# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The question whether the key that Gajim used before is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...i18n import _


class KeyOffer(Protocol):
    """The question as the bridge asks it."""

    @property
    def account(self) -> str: ...

    @property
    def own_jid(self) -> str: ...

    @property
    def is_built_in(self) -> bool: ...

    @property
    def answer(self) -> Callable[[bool], str]: ...


class EarlierKeyQuestion:
    """The question for one account. Closing the window answers nothing."""

    def __init__(self, offer: KeyOffer) -> None:
        self._offer = offer
        self.title = _("Keep your key?")
        self.address = offer.own_jid
        self.keep_label = _("Keep my key")
        self.renew_label = _("Begin with a new key")

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences that explain the question."""
        if self._offer.is_built_in:
            before = _("Gajim’s own OMEMO has a key for this account already.")
        else:
            before = _("The plugin gajim-omemo has a key for this account already.")
        return (
            before,
            _(
                "Keep it, and your chats go on: your contacts notice nothing, and what "
                "is verified stays verified."
            ),
            _("The other OMEMO then stops using it, and gets a new one."),
        )

    @property
    def consequence(self) -> str:
        """Said beside the other button."""
        return _("With a new key, your contacts meet a new device.")

    def answer(self, keep: bool) -> str:
        """Returns why that was not possible, or ''."""
        return self._offer.answer(keep)
