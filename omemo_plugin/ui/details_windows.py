# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Encryption details", and the windows it leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..device_names import title
from ..engine.values import Device
from .gajim_windows import screen
from .open_windows import WindowKey
from .presenters.comparison import Comparison
from .presenters.details import Details
from .presenters.details_values import Subject
from .presenters.details_values import SubjectKind
from .presenters.history import LastCheck
from .presenters.history import history
from .presenters.history import undoable
from .presenters.settings import ContactSettings
from .presenters.trust_before import undo_kept
from .views.comparison import open_comparison
from .views.details import DetailsView
from .views.details import open_details
from .widgets.toolkit import Window

if TYPE_CHECKING:
    from .presenters.window_service import WindowService


@dataclass(frozen=True)
class DetailsWindows:
    """
    Opens them.

    Attributes:
        find: the service of an account.
        present: shows a window that is there once.
        verify: opens the window that verifies somebody, over another one.
        show_code: opens "My QR code" of an account, over another window.
    """

    find: Callable[[str], WindowService | None]
    present: Callable[[WindowKey, Callable[[], Window | None]], None]
    verify: Callable[[str, str, Window | None, Device | None], None]
    show_code: Callable[[str, Window | None], None]

    def show(
        self,
        account: str,
        jid: str,
        parent: Window | None = None,
        device: Device | None = None,
    ) -> None:
        """
        Open it for a contact, a room or an account.

        Args:
            device: the one that is to be looked at; it comes first.
        """

        def make() -> Window | None:
            view = self.view(account, jid, device)
            if view is None:
                return None
            return open_details(view, view.title, parent or screen.main_window())

        self.present(("details", account, jid), make)

    def view(
        self, account: str, jid: str, device: Device | None = None
    ) -> DetailsView | None:
        """Its content; None if the account has no service."""
        service = self.find(account)
        if service is None:
            return None
        subject = _subject(service, jid)
        details = Details(
            service,
            subject,
            members=lambda: service.rooms.members(jid) or (),
            history=lambda: history(
                service.device_history.of(jid),
                service.devices(jid),
                subject.name,
                lambda one: _device_name(service, one),
            ),
            check=LastCheck(
                lambda: undoable(
                    service.device_history.of(jid), service.trust_undo.of(jid)
                ),
                lambda: undo_kept(service, jid),
            ),
            first=device,
        )
        settings = None
        if subject.kind is SubjectKind.CONTACT:
            settings = ContactSettings(service.settings, jid, subject.name)
        return DetailsView(
            details,
            verify=lambda over, one: self.verify(account, jid, over, one),
            compare=lambda one, over: self._compare(service, one, over),
            show_code=lambda over: self.show_code(account, over),
            settings=settings,
        )

    def _compare(
        self, service: WindowService, device: Device, parent: Window | None
    ) -> None:
        account = service.account
        comparison = Comparison(
            service,
            device,
            screen.name_of(account, device.jid),
            own=device.jid == service.own_jid,
        )
        self.present(
            ("compare", account, device.jid, str(device.device_id)),
            lambda: open_comparison(
                comparison, parent, lambda over: self.show_code(account, over)
            ),
        )


def _subject(service: WindowService, jid: str) -> Subject:
    account = service.account
    if jid == service.own_jid:
        return Subject(SubjectKind.ACCOUNT, jid, jid)
    name = screen.name_of(account, jid)
    kind = SubjectKind.ROOM if screen.is_room(account, jid) else SubjectKind.CONTACT
    return Subject(kind, jid, name)


def _device_name(service: WindowService, device: Device) -> str:
    """The name of a device; '' if it is not known any more."""
    owner = screen.name_of(service.account, device.jid)
    found = (one for one in service.devices(device.jid) if one.device == device)
    return next((title(one, owner) for one in found), "")
