# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Keys that were verified before their devices are known: a code names a device that
is not listed yet, or a trust message names a key that has not been fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from ..values import Device
from ..values import Trust
from .store import Store

# A code or a trust message may name any number of keys and must not fill the store.
# No account has as many devices as this
PREVERIFIED_MAX = 200

# The key in stores that exist
_PREVERIFIED = "/gajim/expected/"


class _Entries(TypedDict):
    """
    The preverified keys of one account, as the store has them.

    Attributes:
        devices: device id to fingerprint.
        keys: key, in either form, to trust and the time of the decision.
    """

    devices: dict[str, str]
    keys: dict[str, tuple[str, int]]


class PreverifiedKeys:
    """The keys of one store that are verified in advance, by account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _load(self, jid: str) -> _Entries:
        loaded: _Entries = self._store.get(_PREVERIFIED + jid, {})
        return {
            "devices": loaded.get("devices", {}),
            "keys": loaded.get("keys", {}),
        }

    def _save(self, jid: str, entries: _Entries) -> None:
        devices, keys = entries["devices"], entries["keys"]
        # JSON objects keep their order: the oldest go first
        while len(devices) > PREVERIFIED_MAX:
            del devices[next(iter(devices))]
        while len(keys) > PREVERIFIED_MAX:
            del keys[next(iter(keys))]
        if devices or keys:
            self._store.put(_PREVERIFIED + jid, entries)
        else:
            self._store.delete(_PREVERIFIED + jid)

    def add_device(self, device: Device, fingerprint: str) -> None:
        """
        A device is verified in advance: it has to present this key.

        Args:
            fingerprint: 64 hex digits, the Curve25519 form.
        """
        entries = self._load(device.jid)
        entries["devices"].pop(str(device.device_id), None)
        entries["devices"][str(device.device_id)] = fingerprint
        self._save(device.jid, entries)

    def add_key(self, jid: str, key: str, trust: Trust, stamp: int) -> None:
        """
        A key is decided on in advance: it gets this trust when a device of the
        account presents it.

        Args:
            key: 64 hex digits, in either form.
            stamp: when that was decided; a later decision that is known counts.
        """
        entries = self._load(jid)
        known = entries["keys"].pop(key, None)
        if known is not None and known[1] > stamp:
            trust, stamp = Trust(known[0]), known[1]
        entries["keys"][key] = (trust.value, stamp)
        self._save(jid, entries)

    def fingerprint_of(self, device: Device) -> str | None:
        """The fingerprint that a device has to present; None if the device was
        not verified in advance."""
        found: str | None = self._load(device.jid)["devices"].get(str(device.device_id))
        return found

    def devices(self, jid: str) -> dict[int, str]:
        """The devices of an account that were verified in advance and have not
        presented their keys."""
        return {int(key): value for key, value in self._load(jid)["devices"].items()}

    def take_device(self, device: Device) -> None:
        """The device has presented its key: remove its entry."""
        entries = self._load(device.jid)
        if entries["devices"].pop(str(device.device_id), None) is not None:
            self._save(device.jid, entries)

    def take_key(self, jid: str, forms: tuple[str, str]) -> tuple[Trust, int] | None:
        """
        A device has presented a key: remove the entry for it.

        Returns:
            The trust and the time of the decision; None if there was none.

        Args:
            forms: the key in its Curve25519 and in its Ed25519 form.
        """
        entries = self._load(jid)
        found = [entries["keys"].pop(form, None) for form in forms]
        decided = [entry for entry in found if entry is not None]
        if not decided:
            return None
        self._save(jid, entries)
        # The two forms may have different entries: the later decision counts
        trust, stamp = max(decided, key=lambda entry: int(entry[1]))
        return Trust(trust), int(stamp)

    def any_verified(self, jid: str) -> bool:
        """Whether any key of an account was verified in advance."""
        entries = self._load(jid)
        return bool(entries["devices"]) or any(
            trust == Trust.VERIFIED.value for trust, _ in entries["keys"].values()
        )

    def everywhere(self) -> Iterator[tuple[str, bytes, Trust]]:
        """All keys of all accounts, each in the form in which it was named."""
        for key in self._store.keys(_PREVERIFIED):
            jid = key[len(_PREVERIFIED) :]
            entries = self._load(jid)
            for fingerprint in entries["devices"].values():
                yield jid, bytes.fromhex(fingerprint), Trust.VERIFIED
            for text, (trust, _) in entries["keys"].items():
                yield jid, bytes.fromhex(text), Trust(trust)
