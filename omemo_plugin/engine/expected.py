# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Keys that were verified before the devices that have them were seen: a code
names a device that is not listed yet, or a trust message a key that has not
been fetched.
"""

from __future__ import annotations

from typing import Any

from .store import Store
from .values import Device
from .values import Trust

# A code or a trust message may name anything, and the store is not to be filled
# with it. Nobody has as many devices as this.
EXPECTED_MAX = 200

_EXPECTED = "/gajim/expected/"


class Expected:
    """What is known in advance, by account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _load(self, jid: str) -> dict[str, dict[str, Any]]:
        loaded: dict[str, dict[str, Any]] = self._store.get(_EXPECTED + jid, {})
        return {
            "devices": loaded.get("devices", {}),
            "keys": loaded.get("keys", {}),
        }

    def _save(self, jid: str, entries: dict[str, dict[str, Any]]) -> None:
        for kind in entries.values():
            # JSON objects keep their order: the oldest go first
            while len(kind) > EXPECTED_MAX:
                del kind[next(iter(kind))]
        if any(entries.values()):
            self._store.put(_EXPECTED + jid, entries)
        else:
            self._store.delete(_EXPECTED + jid)

    def expect_device(self, device: Device, fingerprint: str) -> None:
        """A device has this key, whenever it comes: 64 hex digits, the
        Curve25519 form."""
        entries = self._load(device.jid)
        entries["devices"].pop(str(device.device_id), None)
        entries["devices"][str(device.device_id)] = fingerprint
        self._save(device.jid, entries)

    def expect_key(self, jid: str, key: str, trust: Trust, stamp: int) -> None:
        """
        A key of an account is to get this trust when it comes.

        Args:
            key: 64 hex digits, in either form.
            stamp: when that was decided; a later decision that is known counts.
        """
        entries = self._load(jid)
        known = entries["keys"].pop(key, None)
        if known is not None and known[1] > stamp:
            trust, stamp = Trust(known[0]), known[1]
        entries["keys"][key] = [trust.value, stamp]
        self._save(jid, entries)

    def fingerprint_of(self, device: Device) -> str | None:
        """The key a device has to have, if it was verified in advance."""
        found: str | None = self._load(device.jid)["devices"].get(str(device.device_id))
        return found

    def devices(self, jid: str) -> dict[int, str]:
        """All devices of an account that were verified in advance and have not
        come."""
        return {int(key): value for key, value in self._load(jid)["devices"].items()}

    def take_device(self, device: Device) -> None:
        """The device has come with its key."""
        entries = self._load(device.jid)
        if entries["devices"].pop(str(device.device_id), None) is not None:
            self._save(device.jid, entries)

    def take_key(self, jid: str, forms: tuple[str, str]) -> tuple[Trust, int] | None:
        """
        What was decided about a key that has come; it is not expected any more.

        Args:
            forms: the key in its Curve25519 and in its Ed25519 form.
        """
        entries = self._load(jid)
        found = [entries["keys"].pop(form, None) for form in forms]
        decided = [entry for entry in found if entry is not None]
        if not decided:
            return None
        self._save(jid, entries)
        # Of two that say different things the later one counts
        trust, stamp = max(decided, key=lambda entry: int(entry[1]))
        return Trust(trust), int(stamp)

    def any_verified(self, jid: str) -> bool:
        entries = self._load(jid)
        return bool(entries["devices"]) or any(
            trust == Trust.VERIFIED.value for trust, _ in entries["keys"].values()
        )
