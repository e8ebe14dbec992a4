# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the window "Verify", and the windows it leads to, for one account."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..engine.values import AlarmKind
from ..engine.values import Device
from .presenters.code import Code
from .presenters.comparison import Comparison
from .presenters.comparison import comparable
from .presenters.phrase import VoicePhrase
from .widgets.toolkit import Window

if TYPE_CHECKING:
    from .presenters.window_service import VerifyingService


class VerifyWays:
    """Makes the pages of the window."""

    def __init__(
        self,
        service: VerifyingService,
        name_of: Callable[[str], str],
        show_code: Callable[[Window], None],
        show_details: Callable[[str], None],
    ) -> None:
        """
        Args:
            name_of: what the user calls somebody.
            show_code: opens "My QR code" over a window.
            show_details: opens "Encryption details" of a JID.
        """
        self._service = service
        self.name_of = name_of
        self.show_code = show_code
        self.show_details = show_details

    def phrase(self, jid: str) -> VoicePhrase:
        """The words to compare with somebody."""
        service = self._service
        return VoicePhrase(service.verification, service, jid, self.name_of(jid))

    def comparable(self, jid: str) -> tuple[tuple[Device, str], ...]:
        """The devices of somebody that can be compared by hand."""
        service = self._service
        return comparable(service.devices(jid), service.fingerprint, self.name_of(jid))

    def comparison(self, device: Device) -> Comparison:
        """Comparing one of them."""
        own = device.jid == self._service.own_jid
        return Comparison(self._service, device, self.name_of(device.jid), own=own)

    def refuse(self, device: Device) -> None:
        """Answer the warning about a device with a different key."""
        for alarm in self._service.alarms.all():
            if alarm.kind is AlarmKind.KEY_CHANGED and alarm.device == device:
                self._service.alarms.answer(alarm, accept=False)

    def code(self) -> Code:
        """The user's own code."""
        return Code(self._service)

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be told when devices or trust may have changed."""
        return self._service.follow(callback)
