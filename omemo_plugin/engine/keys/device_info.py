# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The description of a device that the windows show."""

from __future__ import annotations

from dataclasses import dataclass

from ...foreign_text import clean
from ..backend.codec import fingerprint
from ..state.core import Core
from ..values import Device
from ..values import Protocol
from ..values import Trust
from .labels import LABEL_MAX
from .labels import signed_label


@dataclass(frozen=True)
class DeviceInfo:
    """
    A device as it is shown to the user.

    Attributes:
        protocols: those it is listed for.
        identity_key: Ed25519, 32 bytes; None while it is not known.
        active: it is in a current device list.
        label: the name that the device has given itself, as one line without
            control characters.
        key_changed: another identity key was presented and refused.
        first_seen, last_seen: seconds since 1970, 0 for never.
        name: the user's own name for it; None for none.
        presented_key: the other identity key that was presented, if it is known.
        rank: 1 for the device of the account that was seen first, and so on.
        unused: an own device that has not been heard for long; the user has not said
            yet what becomes of it.
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
    name: str | None = None
    rank: int = 1
    unused: bool = False
    presented_key: bytes | None = None

    @property
    def fingerprint(self) -> str | None:
        """64 hex digits; None while the key is not known. Worked out when it is
        asked for: a room may have a thousand devices."""
        return None if self.identity_key is None else fingerprint(self.identity_key)

    @property
    def presented(self) -> str | None:
        """The fingerprint of the other key that was presented."""
        key = self.presented_key
        return fingerprint(key) if self.key_changed and key is not None else None


def device_infos(core: Core, jid: str) -> tuple[DeviceInfo, ...]:
    """All known devices of an account, sorted."""
    names = core.names.of(jid)
    records = core.devices.of(jid)
    by_age = sorted(records, key=lambda one: (records[one].first_seen, one))
    ranks = {number: rank for rank, number in enumerate(by_age, 1)}
    return tuple(
        DeviceInfo(
            record.device,
            tuple(p for p, listed in record.listed.items() if listed),
            record.identity_key,
            core.devices.trust(record),
            record.active,
            # A device names itself; nothing is left of a label without letters
            clean(signed_label(record), LABEL_MAX) or None,
            record.refused_key,
            record.first_seen,
            record.last_seen,
            names.get(number),
            ranks[number],
            bool(record.silent) and record.active and jid == core.own_jid,
            record.presented_key,
        )
        for number, record in sorted(records.items())
    )
