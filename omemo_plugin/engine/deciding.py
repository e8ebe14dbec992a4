# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Decisions about keys, and what follows from them: what a device said before it
was verified counts from then on (XEP-0450, "Storing Trust Message Information").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .devices import DeviceRecord
from .devices import Devices
from .effects import TrustChanged
from .expected import Expected
from .store import Store
from .values import Device
from .values import Trust
from .wire import fingerprint

# What is kept of senders nobody has verified. More than a person has devices,
# and for our own devices as many as that for a lot of contacts.
KEPT_OF_CONTACT_MAX = 200
KEPT_OF_OWN_MAX = 5000
# Anybody can make accounts and send trust messages from them
_SENDERS_MAX = 1000

_KEPT = "/gajim/trust_messages/kept/"
_DECIDED_AT = "/gajim/decided_at/"

# A decision that claims to be from later than this was made with a clock that
# was wrong, and must not outlast everything that is decided after it
_CLOCK_SLACK = 24 * 3600


@dataclass(frozen=True)
class Statement:
    """
    Somebody decided on a key.

    Attributes:
        key: 64 hex digits, the Curve25519 or the Ed25519 form.
        stamp: when, in seconds since 1970.
    """

    owner: str
    key: str
    trust: Trust
    stamp: int


@dataclass(frozen=True)
class Change:
    """A device has another trust than before."""

    device: Device
    trust: Trust


class Deciding:
    """Takes decisions about keys."""

    def __init__(self, store: Store, devices: Devices, own_jid: str) -> None:
        self._store = store
        self._devices = devices
        self._own_jid = own_jid
        self.expected = Expected(store)
        self._held: dict[tuple[str, str], int] = {}

    # When a key was decided on

    def decided_at(self, jid: str, identity_key: bytes, now: int) -> int:
        """When a key was last decided on; 0 for never."""
        stamp: int = self._store.get(_decided_key(jid, identity_key), 0)
        return stamp if stamp <= now + _CLOCK_SLACK else 0

    def note_decided(self, jid: str, identity_key: bytes, stamp: int) -> None:
        self._store.put(_decided_key(jid, identity_key), stamp)

    # Statements of others

    def keep(self, sender: DeviceRecord, statements: Iterable[Statement]) -> None:
        """Keep what a device says until it is verified. Beyond a limit the
        oldest is forgotten."""
        assert sender.identity_key is not None
        jid = sender.device.jid
        key = _kept_key(jid, sender.identity_key)
        kept: list[list[Any]] | None = self._store.get(key)
        if kept is None:
            if jid != self._own_jid and (len(self._store.keys(_KEPT)) >= _SENDERS_MAX):
                return
            kept = []
        entries = {(old[0], old[1]): old for old in kept}
        for one in statements:
            before = entries.pop((one.owner, one.key), None)
            if before is not None and before[3] > one.stamp:
                entries[one.owner, one.key] = before
                continue
            entries[one.owner, one.key] = [
                one.owner,
                one.key,
                one.trust.value,
                one.stamp,
            ]
        most = KEPT_OF_OWN_MAX if jid == self._own_jid else KEPT_OF_CONTACT_MAX
        self._store.put(key, list(entries.values())[-most:])

    def _take_kept(self, jid: str, identity_key: bytes) -> list[Statement]:
        key = _kept_key(jid, identity_key)
        kept = self._store.get(key)
        if kept is None:
            return []
        self._store.delete(key)
        return [
            Statement(owner, named, Trust(trust), stamp)
            for owner, named, trust, stamp in kept
        ]

    def hold(self, jid: str, identity_key: bytes, until: int) -> None:
        """A decision on a key can be undone until then, so nothing is to follow
        from it yet. Not longer than this run: then nobody undoes it."""
        self._held[jid, fingerprint(identity_key)] = until

    def release(self, jid: str, identity_key: bytes) -> None:
        self._held.pop((jid, fingerprint(identity_key)), None)

    def is_held(self, jid: str, identity_key: bytes, now: int) -> bool:
        until = self._held.get((jid, fingerprint(identity_key)), 0)
        # A clock that was put back must not mean waiting for years
        return now < until <= now + _CLOCK_SLACK

    def finish(self, now: int) -> list[Change]:
        """
        Let count what was said by devices that have been verified by now, and
        forget what those said that are distrusted, unless that can be undone.
        """
        self._held = {key: until for key, until in self._held.items() if until > now}
        changes: list[Change] = []
        for key in self._store.keys(_KEPT):
            jid, _, named = key[len(_KEPT) :].rpartition("/")
            for record in self.having(jid, named):
                identity_key = record.identity_key
                assert identity_key is not None
                if self.is_held(jid, identity_key, now):
                    continue
                trust = self._devices.trust(record)
                follow = self.settled(jid, identity_key, trust)
                changes += self.believe(follow, now)
        return changes

    def settled(self, jid: str, identity_key: bytes, trust: Trust) -> list[Statement]:
        """
        A key has been decided on. What its device said counts if it is
        verified, and never if it is distrusted.

        Returns:
            The statements that count now.
        """
        if trust is Trust.VERIFIED:
            return self._take_kept(jid, identity_key)
        if trust is Trust.DISTRUSTED:
            self._store.delete(_kept_key(jid, identity_key))
        return []

    def believe(self, statements: Iterable[Statement], now: int) -> list[Change]:
        """
        Carry out statements of verified devices, and those that count because
        of them. A later decision on the same key stays.

        Returns:
            The devices whose trust is another one now.
        """
        changes: list[Change] = []
        todo = list(statements)
        while todo:
            one = todo.pop(0)
            # Nothing is decided in the future
            stamp = min(one.stamp, now)
            records = self.having(one.owner, one.key)
            if not records:
                self.expected.expect_key(one.owner, one.key, one.trust, stamp)
            for record in records:
                key = record.identity_key
                assert key is not None
                if self.decided_at(one.owner, key, now) > stamp:
                    continue
                self.note_decided(one.owner, key, stamp)
                if self._devices.trust(record) is one.trust:
                    continue
                self._devices.set_trust(one.owner, key, one.trust)
                changes.append(Change(record.device, one.trust))
                todo += self.settled(one.owner, key, one.trust)
        return changes

    def having(self, jid: str, key: str) -> list[DeviceRecord]:
        """The devices of an account with a key: 64 hex digits, in either
        form."""
        return [
            record
            for record in self._devices.of(jid).values()
            if record.identity_key is not None and key in forms(record.identity_key)
        ]


def told(changes: Iterable[Change]) -> list[TrustChanged]:
    """What the user may be told of changes: one effect for each account."""
    found: dict[tuple[str, Trust], list[Device]] = {}
    for change in changes:
        key = (change.device.jid, change.trust)
        found.setdefault(key, []).append(change.device)
    return [
        TrustChanged(jid, tuple(devices), trust)
        for (jid, trust), devices in found.items()
    ]


def forms(identity_key: bytes) -> tuple[str, str]:
    """An Ed25519 identity key as it may be written: 64 hex digits each, of the
    Curve25519 and of the Ed25519 form."""
    return fingerprint(identity_key), identity_key.hex()


def _kept_key(jid: str, identity_key: bytes) -> str:
    return f"{_KEPT}{jid}/{fingerprint(identity_key)}"


def _decided_key(jid: str, identity_key: bytes) -> str:
    return f"{_DECIDED_AT}{jid}/{fingerprint(identity_key)}"
