# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines in a chat that say what happens to its encryption."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from . import compat
from . import messages
from .failures import report
from .presenters import Offer

# What a chat nobody opens may pile up
_KEPT = 20

# Account, JID of the chat, line, offer: whether it was shown
ShowOffer = Callable[[str, str, str, Offer], bool]


class Lines:
    """
    The lines of one account.

    Attributes:
        show_offer: shows a line with a button in the chat on screen. Without
            it, or when it fails, the line says where to click.
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self.show_offer: ShowOffer | None = None
        self._kept: dict[str, deque[tuple[str, Offer | None]]] = {}

    def tell(self, jid: str, line: str, offer: Offer | None = None) -> None:
        """
        Show a line in a chat, at once or when the chat is opened.

        Args:
            jid: of the chat; '' for whatever chat of the account is on screen.
            offer: what there is to do about it.
        """
        try:
            if not self._show(jid, line, offer):
                kept = self._kept.setdefault(jid, deque(maxlen=_KEPT))
                kept.append((line, offer))
        except Exception as error:
            report("showing a line", error)

    def _show(self, jid: str, line: str, offer: Offer | None) -> bool:
        shown = jid or compat.chat_on_screen(self._account)
        if not shown:
            return False
        if offer is None:
            return compat.show_info(self._account, shown, line)
        if self.show_offer is not None:
            try:
                if self.show_offer(self._account, shown, line, offer):
                    return True
            except Exception as error:
                report("showing an offer", error)
        hint = messages.where_to_click(offer)
        return compat.show_info(self._account, shown, f"{line} {hint}")

    def chat_opened(self, jid: str) -> None:
        """The chat is on screen now."""
        for key in ("", jid):
            for line, offer in self._kept.pop(key, ()):
                self.tell(key, line, offer)
