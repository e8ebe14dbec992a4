# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust in somebody's devices before the user did something, to put it back."""

from __future__ import annotations

from typing import Protocol

from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Device
from ...engine.values import Trust


class BlindTrustChoice(Protocol):
    """The user's choice for new devices of a contact."""

    def blind_trust_of(self, jid: str) -> bool | None: ...

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None: ...


class CheckAlarms(Protocol):
    """The warnings about checks that failed. Nothing raises."""

    def check_failed(self, jid: str) -> None: ...

    def check_lifted(self, jid: str) -> None: ...


class TrustSetter(Protocol):
    """The user's decisions on devices. Nothing raises."""

    def set_trust(self, device: Device, trust: Trust) -> None: ...


class ComparingService(Protocol):
    """The part of the bridge that comparisons use. Nothing raises."""

    @property
    def alarms(self) -> CheckAlarms: ...

    @property
    def settings(self) -> BlindTrustChoice: ...

    @property
    def device_management(self) -> TrustSetter: ...

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]: ...


class TrustBefore:
    """The trust in one account's devices at the moment this was made."""

    def __init__(self, service: ComparingService, jid: str) -> None:
        self._service = service
        self._jid = jid
        self._trust = {
            info.device: (info.fingerprint, info.trust)
            for info in service.devices(jid)
            if info.fingerprint is not None
        }
        self._blind_trust = service.settings.blind_trust_of(jid)

    def restore(self) -> None:
        """
        Put back exactly what was before.

        SECURITY: a device that has another key by now keeps the trust it has: the
        earlier trust was trust in the earlier key.
        """
        service = self._service
        for info in service.devices(self._jid):
            fingerprint, trust = self._trust.get(info.device, (None, info.trust))
            if info.fingerprint == fingerprint and info.trust is not trust:
                service.device_management.set_trust(info.device, trust)
        self.restore_choice()

    def restore_choice(self) -> None:
        """Put back what happens to new devices, and nothing else."""
        settings = self._service.settings
        if settings.blind_trust_of(self._jid) != self._blind_trust:
            settings.set_blind_trust_of(self._jid, self._blind_trust)
