# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugin's preferences, and what is asked from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .gajim_windows import screen
from .presenters.identity import EndedIdentity
from .presenters.identity import EndQuestion
from .presenters.moving import ArrivalQuestion
from .presenters.moving import MoveQuestion
from .presenters.moving import MovingService
from .presenters.settings import AccountSettings
from .views.identity import open_end_question
from .views.moving import open_arrival
from .views.moving import open_move
from .views.preferences import AccountPart
from .views.preferences import OpenOver
from .views.preferences import fill_preferences
from .views.preferences import open_preferences
from .widgets.toolkit import Window
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from .presenters.window_service import WindowService

OpenOne = Callable[[str, Window | None], None]
Key = tuple[str, ...]


class PreferenceWindows:
    """Opens the preferences, and shows them again when an identity has ended."""

    def __init__(
        self,
        find: Callable[[str], WindowService | None],
        identity: Callable[[str], MovingService | None],
        present: Callable[[Key, Callable[[], Window | None]], None],
        *,
        show_devices: OpenOne,
        show_code: OpenOne,
        show_first_page: Callable[[], None],
    ) -> None:
        """
        Args:
            find: the service of an account.
            identity: the beginning and end of its identity, and its ways.
            present: shows a window that is there once.
            show_devices, show_code: open those windows for an account.
            show_first_page: opens the window of the first start again.
        """
        self._find = find
        self._identity = identity
        self._present = present
        self._show_devices = show_devices
        self._show_code = show_code
        self._show_first_page = show_first_page
        self._window: Window | None = None

    def show(self, parent: Window | None) -> None:
        """Open the preferences."""
        self._present(("preferences",), lambda: self._open(parent))

    def bring_identity(self) -> None:
        """Ask for the file of an identity from another computer. Where there are
        several accounts, the preferences have a button for each."""
        parent = screen.main_window()
        parts = [part for part in self._parts() if part.bring is not None]
        if len(parts) == 1 and parts[0].bring is not None and parent is not None:
            parts[0].bring(parent)
        else:
            self.show(parent)

    def refresh(self) -> None:
        """Show them again if they are open: an account has another identity."""
        if self._window is not None:
            fill_preferences(self._window, self._parts(), self._show_first_page)

    def _open(self, parent: Window | None) -> Window:
        window = open_preferences(self._parts(), parent, self._show_first_page)
        self._window = window
        widgets.on_close(window, self._closed)
        return window

    def _parts(self) -> list[AccountPart]:
        return [
            part
            for account in screen.accounts()
            if (part := self._part(account)) is not None
        ]

    def _closed(self) -> None:
        self._window = None

    def _part(self, account: str) -> AccountPart | None:
        service, identity = self._find(account), self._identity(account)
        if service is None:
            if identity is None or not (identity.is_ended or identity.is_beginning):
                return None
            return AccountPart(
                account,
                EndedIdentity(identity),
                bring=self._bring(account, identity),
                save_file=self._move(account, identity),
            )

        def ask(anew: bool) -> OpenOver | None:
            if identity is None or not identity.can_end:
                return None
            question = EndQuestion(identity, anew=anew)
            return lambda over: self._present(
                ("end", account, str(anew)), lambda: open_end_question(question, over)
            )

        return AccountPart(
            account,
            AccountSettings(service.settings),
            show_devices=lambda over: self._show_devices(account, over),
            show_code=lambda over: self._show_code(account, over),
            end=ask(False),
            start_anew=ask(True),
            move=(
                self._move(account, identity)
                if identity is not None and identity.can_move
                else None
            ),
            bring=(
                self._bring(account, identity)
                if identity is not None and identity.can_end
                else None
            ),
        )

    def _move(self, account: str, identity: MovingService) -> OpenOver:
        return lambda over: self._present(
            ("end", account, "move"), lambda: open_move(MoveQuestion(identity), over)
        )

    def _bring(self, account: str, identity: MovingService) -> OpenOver:
        return lambda over: self._present(
            ("end", account, "bring"),
            lambda: open_arrival(ArrivalQuestion(identity), over),
        )
