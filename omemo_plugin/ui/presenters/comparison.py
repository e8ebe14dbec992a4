# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing by hand: the fingerprint of one device."""

from __future__ import annotations

from collections.abc import Iterable

from ...device_names import title
from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Device
from ...engine.values import Trust
from ...i18n import _
from ...verify.fingerprint import groups
from ...verify.fingerprint import spoken
from .badges import Icon
from .badges import Tone
from .check_failed import Outcome
from .check_failed import SharedCheck
from .check_failed import ask_back
from .trust_before import ComparingService
from .trust_before import TrustBefore


def comparable(
    infos: Iterable[DeviceInfo], this: str, owner: str
) -> tuple[tuple[Device, str], ...]:
    """
    The devices that can be compared by hand, and their names.

    Args:
        infos: the devices of one account.
        this: the fingerprint of this device.
        owner: what the user calls the account's owner.
    """
    return tuple(
        (info.device, title(info, owner))
        for info in infos
        if info.active and _shown(info) and info.fingerprint != this
    )


class Comparison(SharedCheck):
    """
    The content of the page on which fingerprints are compared.

    Attributes:
        device_name: what the device is called.
    """

    def __init__(
        self,
        service: ComparingService,
        device: Device,
        name: str,
        *,
        own: bool = False,
    ) -> None:
        """
        Args:
            name: what the user calls the contact.
            own: it is one of the user's own devices.
        """
        super().__init__(service, device.jid, name)
        self._service = service
        self._device = device
        self._name = name
        self._own = own
        # The fingerprint on screen, whichever key comes meanwhile
        info = self._info()
        self._fingerprint = _shown(info)
        self.device_name = "" if info is None else title(info, name)

    @property
    def title(self) -> str:
        return _("Compare by hand")

    @property
    def help(self) -> str:
        """How to compare."""
        if self._own:
            return _("Look at it there: does the device show the same?")
        return _(
            "Ask {name} to read out what the device itself shows, face to face or by "
            "phone. In Conversations: your own account, OMEMO fingerprint."
        ).format(name=self._name)

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """Eight groups; none if there is nothing to compare."""
        return groups(self._fingerprint) if self._fingerprint else ()

    @property
    def spoken(self) -> str:
        """The fingerprint for a screen reader, digit by digit."""
        return _("Fingerprint: {digits}").format(digits=spoken(self._fingerprint))

    def same(self) -> Outcome | None:
        """
        Both fingerprints are the same: the device is verified.

        Returns:
            None if its key has changed meanwhile: nothing was done.
        """
        info = self._info()
        if info is None or _shown(info) != self._fingerprint:
            self.restart()
            self.notice = _("The key has just changed, so nothing was done.")
            return None
        self._before = TrustBefore(self._service, self._device.jid)
        management = self._service.device_management
        if info.key_changed:
            management.take_checked_key(self._device, self._fingerprint)
        else:
            management.set_trust(self._device, Trust.VERIFIED)
        self._before.keep()
        return Outcome(
            _("“{device}” is verified").format(device=self.device_name),
            _("You have checked that this device is the right one."),
            Icon.VERIFIED,
            Tone.GOOD,
            ask_back="" if self._own else ask_back(self._name),
        )

    def differ(self) -> Outcome:
        """Something differs: the device is refused."""
        return self._failed.one_device(self._device)

    def restart(self) -> None:
        """Compare again, with the key that the device has now."""
        info = self._info()
        self._fingerprint = _shown(info)
        self.notice = ""

    def _info(self) -> DeviceInfo | None:
        for info in self._service.devices(self._device.jid):
            if info.device == self._device:
                return info
        return None


def _shown(info: DeviceInfo | None) -> str:
    """The fingerprint that is compared: of a device that shows another key than before
    that one, because the device itself shows it, too. '' if it is not known."""
    if info is None:
        return ""
    return (info.presented if info.key_changed else info.fingerprint) or ""
