# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that the user has given to devices. They stay in the store."""

from __future__ import annotations

from ...foreign_text import clean
from ..values import Device
from .store import Store

_NAMES = "/gajim/names/"


class DeviceNames:
    """The user's names for devices, by account. Nothing here commits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, jid: str) -> dict[int, str]:
        """The names of an account's devices, by device id."""
        loaded: dict[str, str] = self._store.get(_NAMES + jid, {})
        return {int(number): name for number, name in loaded.items()}

    def set(self, device: Device, name: str) -> None:
        """
        Give a device a name.

        Args:
            name: '' to take its name away.
        """
        names = self.of(device.jid)
        names.pop(device.device_id, None)
        name = clean(name)
        if name:
            names[device.device_id] = name
        if names:
            values = {str(number): value for number, value in names.items()}
            self._store.put(_NAMES + device.jid, values)
        else:
            self._store.delete(_NAMES + device.jid)
