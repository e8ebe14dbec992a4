# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines in a chat that say what happens to its encryption."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..gajim import chat_window
from ..log import guard
from ..values import Offer
from . import texts

# The most that are kept for a chat that the user does not open
_KEPT = 20

# Account, JID of the chat, line, offer: whether it was shown
ShowOffer = Callable[[str, str, str, Offer], bool]


class ChatNotices:
    """The lines of one account."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._show_offer: ShowOffer | None = None
        self._kept: dict[str, deque[tuple[str, Offer | None]]] = {}

    def show_offers_with(self, show_offer: ShowOffer | None) -> None:
        """
        Args:
            show_offer: shows a line with a button in the chat on screen. While
                there is none, or when it fails, the line says where to click.
        """
        self._show_offer = show_offer

    @property
    def has_windows(self) -> bool:
        """Whether more can be shown than lines."""
        return self._show_offer is not None

    def show(self, jid: str, line: str, offer: Offer | None = None) -> None:
        """
        Show a line in a chat, at once or when the chat is opened.

        Args:
            jid: of the chat; '' for whichever chat of the account is on screen.
            offer: what there is to do about it.
        """
        with guard("showing a line"):
            if not self._show(jid, line, offer):
                kept = self._kept.setdefault(jid, deque(maxlen=_KEPT))
                kept.append((line, offer))

    def show_now(self, jid: str, line: str) -> bool:
        """Show a line in a chat if that is on screen; whether it was shown."""
        with guard("showing a line"):
            return self._show(jid, line, None)
        return False

    def _show(self, jid: str, line: str, offer: Offer | None) -> bool:
        shown = jid or chat_window.chat_on_screen(self._account)
        if not shown:
            return False
        if offer is None:
            return chat_window.show_info(self._account, shown, line)
        if self._show_offer is not None:
            with guard("showing an offer"):
                if self._show_offer(self._account, shown, line, offer):
                    return True
        hint = texts.where_to_click(offer)
        return chat_window.show_info(self._account, shown, f"{line} {hint}")

    def chat_opened(self, jid: str) -> None:
        """The chat is on screen now."""
        for key in ("", jid):
            for line, offer in self._kept.pop(key, ()):
                self.show(key, line, offer)
