# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens links with keys, and links to encrypted files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..i18n import _
from ..verify.judge import Source
from .gajim_windows import screen
from .widgets.toolkit import desktop

if TYPE_CHECKING:
    from .presenters.window_service import WindowService


class OpenedLinks:
    """Finds the account for a link, and does what the link is for."""

    def __init__(
        self,
        service: Callable[[str], WindowService | None],
        verify: Callable[[str, str, Source], None],
    ) -> None:
        """
        Args:
            service: gives the service of an account; None if it has none.
            verify: opens "Verify" on an account with a link and its source.
        """
        self._service = service
        self._verify = verify

    def open_keys(self, text: str, source: Source, account: str | None) -> None:
        """
        A link with keys was opened.

        Args:
            account: None where it is not known.
        """
        chosen = account or self._account_for(text)
        if chosen is not None:
            self._verify(chosen, text, source)

    def save_file(self, link: str, account: str | None) -> None:
        """
        A link to an encrypted file was opened: ask where to save it.

        Args:
            account: None where it is not known.
        """
        chosen = account or next(iter(self._services()), None)
        service = None if chosen is None else self._service(chosen)
        if service is None:
            return
        files = service.files
        name = files.name_of(link)

        def save(path: Path) -> None:
            files.save(link, path)

        if name:
            window = screen.main_window()
            desktop.save(window, _("Save encrypted file"), name, save)
        else:
            # It says why not
            files.save(link, Path())

    def _services(self) -> dict[str, WindowService]:
        return {
            account: service
            for account in screen.accounts()
            if (service := self._service(account)) is not None
        }

    def _account_for(self, text: str) -> str | None:
        """The account that knows whom a link is about, or any."""
        services = self._services()
        for account, service in services.items():
            judgement = service.verification.judge(text, Source.DESKTOP, None)
            if judgement.jid and service.devices(judgement.jid):
                return account
        return next(iter(services), None)
