# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices as they are shown to the user."""

from __future__ import annotations

from dataclasses import dataclass

from .core import Core
from .values import Device
from .values import Protocol
from .values import Trust
from .wire import fingerprint


@dataclass(frozen=True)
class DeviceInfo:
    """
    A device as it is shown to the user.

    Attributes:
        protocols: those it is listed for.
        identity_key: Ed25519, 32 bytes; None while it is not known.
        active: it is in a current device list.
        key_changed: another identity key was presented and refused.
        first_seen, last_seen: seconds since 1970, 0 for never.
    """

    device: Device
    protocols: tuple[Protocol, ...]
    identity_key: bytes | None
    trust: Trust
    active: bool
    label: str | None
    key_changed: bool
    first_seen: int
    last_seen: int

    @property
    def fingerprint(self) -> str | None:
        """64 hex digits; None while the key is not known. Worked out when it is
        asked for: a room may have a thousand devices."""
        return None if self.identity_key is None else fingerprint(self.identity_key)


def devices_of(core: Core, jid: str) -> tuple[DeviceInfo, ...]:
    """All known devices of an account, sorted."""
    return tuple(
        DeviceInfo(
            record.device,
            tuple(p for p, listed in record.listed.items() if listed),
            record.identity_key,
            core.devices.trust(record),
            record.active,
            record.label,
            record.refused_key,
            record.first_seen,
            record.last_seen,
        )
        for _, record in sorted(core.devices.of(jid).items())
    )
