# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The windows "Verify" and "My QR code"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engine.values import Device
from ..verify.judge import Source
from .gajim_windows import screen
from .open_windows import WindowKey
from .presenters.code import Code
from .presenters.verify import Verify
from .presenters.verify_steps import Step
from .verify_ways import VerifyWays
from .views.code import open_code
from .views.verify import Opening
from .views.verify import open_verify
from .widgets.toolkit import Window

if TYPE_CHECKING:
    from .presenters.window_service import WindowService


@dataclass(frozen=True)
class VerifyWindows:
    """
    Opens them.

    Attributes:
        find: the service of an account.
        present: shows a window that is there once.
        show_details: opens "Encryption details" of a JID, over another window.
    """

    find: Callable[[str], WindowService | None]
    present: Callable[[WindowKey, Callable[[], Window | None]], None]
    show_details: Callable[[str, str, Window | None, Device | None], None]

    def show(
        self,
        account: str,
        jid: str,
        parent: Window | None,
        device: Device | None = None,
    ) -> None:
        """
        Open the window that verifies somebody, or another own device.

        Args:
            device: the one that is to be verified, if it is only one.
        """
        step = Step.START
        service = self.find(account)
        for info in () if service is None else service.devices(jid):
            if info.device == device and info.key_changed:
                if info.presented is None:
                    # It is not known what there is to compare
                    self.show_details(account, jid, parent, device)
                    return
                step = Step.AGAIN
        self._present(account, jid, parent, Opening(step, device=device))

    def show_link(self, account: str, text: str, source: Source) -> None:
        """Open it with a link that is about somebody."""
        self._present(account, None, None, Opening(text=text, source=source))

    def show_words(self, account: str, jid: str) -> None:
        """Open it at the words that are read to each other."""
        self._present(account, jid, None, Opening(Step.WORDS))

    def show_code(self, account: str, parent: Window | None = None) -> None:
        """Open "My QR code"."""
        service = self.find(account)
        if service is not None:
            parent = parent or screen.main_window()
            self.present(("code", account), lambda: open_code(Code(service), parent))

    def _present(
        self, account: str, jid: str | None, parent: Window | None, opening: Opening
    ) -> None:
        service = self.find(account)
        if service is None:
            return
        over = parent or screen.main_window()
        ways = VerifyWays(
            service,
            lambda one: screen.name_of(account, one),
            lambda window: self.show_code(account, window),
            lambda one: self.show_details(account, one, over, None),
        )
        verify = Verify(service.verification, service, jid, ways.name_of)
        # Each link and each device is looked at by itself
        about = str(opening.device.device_id) if opening.device else ""
        key = ("verify", account, jid or "", opening.text or about)
        self.present(key, lambda: open_verify(verify, ways, over, opening))
