# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buttons under lines in a chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..bridge.values import Offer
from ..bridge.values import OfferKind
from ..i18n import _
from .gajim_windows import screen
from .widgets.toolkit import Button
from .widgets.toolkit import embedding
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from .presenters.ports import OfferService


class Offers:
    """Puts the buttons into the chat on screen."""

    def __init__(
        self,
        service: Callable[[str], OfferService | None],
        show_details: Callable[[str, str], None],
        verify: Callable[[str, str], None],
    ) -> None:
        """
        Args:
            service: gives the service of an account.
            show_details, verify: open those windows for an account and a JID.
        """
        self._service = service
        self._show_details = show_details
        self._verify = verify

    def show(self, account: str, jid: str, line: str, offer: Offer) -> bool:
        """Show a line with buttons. Returns whether it was shown."""
        grid = screen.add_line(account, jid, line)
        if grid is None:
            return False
        buttons = [
            # A screen reader meets the button alone
            widgets.button(
                label, call, name=f"{label} {line}", classes=("omemo-offer",)
            )
            for label, call in self._buttons(account, offer)
        ]
        if offer.kind is OfferKind.REPLACE_SESSION:
            _press_once(*buttons)
        embedding.attach(grid, widgets.row(*buttons), 2, 1)
        return True

    def _buttons(
        self, account: str, offer: Offer
    ) -> list[tuple[str, Callable[[], None]]]:
        jid = offer.jid
        details = (
            _("Encryption details…"),
            lambda: self._show_details(account, jid),
        )
        if offer.kind is OfferKind.VERIFY:
            return [(_("Verify…"), lambda: self._verify(account, jid)), details]
        if offer.kind is OfferKind.LEAVE_OUT:
            without = _("Send without them"), lambda: self._leave_out(account, offer)
            return [without, details]
        if offer.kind is OfferKind.REPLACE_SESSION:
            return [(_("Repair"), lambda: self._repair(account, offer)), details]
        if offer.kind is OfferKind.OWN_DEVICES:
            return [(_("Show my devices…"), details[1])]
        if offer.kind is OfferKind.SHOW_CHAT:
            return [(_("Show"), lambda: screen.show_chat(account, jid))]
        return [details]

    def _repair(self, account: str, offer: Offer) -> None:
        service = self._service(account)
        if service is not None and offer.device is not None:
            service.device_management.replace_broken_session(offer.device)

    def _leave_out(self, account: str, offer: Offer) -> None:
        service = self._service(account)
        if service is not None:
            service.leave_out(offer.jid, offer.members)


def _press_once(button: Button, other: Button) -> None:
    """Take a button away when it is pressed, and leave the keyboard on the other."""

    def pressed(_button: Button) -> None:
        if embedding.holds_focus(button):
            embedding.take_focus(other)
        widgets.set_visible(button, False)

    button.connect("clicked", pressed)
