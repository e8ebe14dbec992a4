# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Decisions about keys and their consequences: a verified device's statements about
other keys are applied, also those it made before it was verified (XEP-0450,
"Storing Trust Message Information").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..backend.codec import fingerprint
from ..effects import TrustChanged
from ..values import Device
from ..values import Trust
from .devices import DeviceRecord
from .devices import Devices
from .preverified_keys import PreverifiedKeys
from .store import Store

# How many statements of an unverified sender are kept: more than a person has
# devices, and for an own device as many as a lot of contacts have
KEPT_OF_CONTACT_MAX = 200
KEPT_OF_OWN_MAX = 5000
# An attacker can register many accounts and send trust messages from them
_SENDERS_MAX = 1000

_KEPT = "/gajim/trust_messages/kept/"
_DECIDED_AT = "/gajim/decided_at/"
_DECIDED_BY_USER = "/gajim/decided_by_user/"
# The latest time of any decision
_NEWEST_TIME = "/gajim/newest_decision"

# No decision is older than this program (2025-01-01), in seconds since 1970
_RELEASED = 1_735_689_600
_NEVER = 2**62

# A decision stamped further in the future than this was made with a wrong clock,
# and must not override all the decisions that follow it
_CLOCK_SLACK = 24 * 3600


# A kept statement as the store has it: owner, key, trust, stamp
_Kept = tuple[str, str, str, int]


@dataclass(frozen=True)
class Statement:
    """
    A device states that its user decided on a key.

    Attributes:
        key: 64 hex digits, the Curve25519 or the Ed25519 form.
        stamp: the time of the decision, in seconds since 1970.
    """

    owner: str
    key: str
    trust: Trust
    stamp: int


@dataclass(frozen=True)
class Change:
    """The trust of a device has changed."""

    device: Device
    trust: Trust


class TrustDecisions:
    """Applies decisions about keys, and keeps statements until they count."""

    def __init__(self, store: Store, devices: Devices, own_jid: str) -> None:
        self._store = store
        self._devices = devices
        self._own_jid = own_jid
        self.preverified = PreverifiedKeys(store)
        self._held: dict[tuple[str, str], int] = {}

    # The time of a decision

    def decided_at(self, jid: str, identity_key: bytes, now: int) -> int:
        """The time of the last decision on a key; 0 for none."""
        by_user: int | None = self._store.get(_user_key(jid, identity_key))
        if by_user is not None:
            # SECURITY: whatever the clock says now. A server that withholds a trust
            # message waits for a clock that is back
            return by_user
        stamp: int = self._store.get(_decided_key(jid, identity_key), 0)
        return stamp if stamp <= now + _CLOCK_SLACK else 0

    def _stands(self, jid: str, identity_key: bytes, stamp: int, now: int) -> bool:
        """Whether the last decision on a key stands against one of this time."""
        decided = self.decided_at(jid, identity_key, now)
        if decided == stamp:
            # Of the same second: what the user decided here was seen by the user
            return self._store.get(_user_key(jid, identity_key)) is not None
        return decided > stamp

    def note_decided(self, jid: str, identity_key: bytes, stamp: int) -> None:
        """Another device has decided on a key."""
        self._store.put(_decided_key(jid, identity_key), stamp)
        self._store.delete(_user_key(jid, identity_key))
        self._note_time(stamp)

    def note_user_decided(self, jid: str, identity_key: bytes, now: int) -> None:
        """
        The user has decided on a key, here. If the clock is wrong, it is not known
        which trust messages are from before, and none changes the decision.
        """
        sure = now >= max(_RELEASED, self._store.get(_NEWEST_TIME, 0))
        self._store.put(_decided_key(jid, identity_key), now)
        self._store.put(_user_key(jid, identity_key), now if sure else _NEVER)
        if sure:
            self._note_time(now)

    def is_decided(self, jid: str, identity_key: bytes) -> bool:
        """Whether anybody has decided on a key; otherwise its trust is that of any
        new key."""
        return any(
            self._store.has(key)
            for key in (_decided_key(jid, identity_key), _user_key(jid, identity_key))
        )

    def _note_time(self, stamp: int) -> None:
        if stamp > self._store.get(_NEWEST_TIME, 0):
            self._store.put(_NEWEST_TIME, stamp)

    # Statements of others

    def keep(self, sender: DeviceRecord, statements: Iterable[Statement]) -> None:
        """Keep statements of a device until it is verified. Beyond a limit the
        oldest are dropped."""
        assert sender.identity_key is not None
        jid = sender.device.jid
        key = _kept_key(jid, sender.identity_key)
        kept: list[_Kept] | None = self._store.get(key)
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
            entries[one.owner, one.key] = (
                one.owner,
                one.key,
                one.trust.value,
                one.stamp,
            )
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
        """The user can undo a decision on a key until this time, so it has no
        consequences yet. A restart ends the wait: nobody can undo it then."""
        self._held[jid, fingerprint(identity_key)] = until

    def release(self, jid: str, identity_key: bytes) -> None:
        self._held.pop((jid, fingerprint(identity_key)), None)

    def is_held(self, jid: str, identity_key: bytes, now: int) -> bool:
        return self.held_until(jid, identity_key, now) > now

    def held_until(self, jid: str, identity_key: bytes, now: int) -> int:
        """Until when the user can undo a decision on a key; 0 if not any more."""
        until = self._held.get((jid, fingerprint(identity_key)), 0)
        # After the clock was set back this would wait for years
        return until if now < until <= now + _CLOCK_SLACK else 0

    def apply_kept(self, now: int) -> list[Change]:
        """
        Apply the kept statements of devices that have been verified, and delete
        those of distrusted devices. Decisions that the user can still undo wait.

        Returns:
            The devices whose trust has changed.
        """
        self._held = {key: until for key, until in self._held.items() if until > now}
        changes: list[Change] = []
        for key in self._store.keys(_KEPT):
            jid, _, named = key[len(_KEPT) :].rpartition("/")
            for record in self.devices_with_key(jid, named):
                identity_key = record.identity_key
                assert identity_key is not None
                if self.is_held(jid, identity_key, now):
                    continue
                trust = self._devices.trust(record)
                statements = self.take_statements(jid, identity_key, trust)
                changes += self.apply_statements(statements, now)
        return changes

    def take_statements(
        self, jid: str, identity_key: bytes, trust: Trust
    ) -> list[Statement]:
        """
        A key has got this trust. Take the statements of its device out of the
        store: they count if the key is verified, and never if it is distrusted.

        Returns:
            The statements that count now.
        """
        if trust is Trust.VERIFIED:
            return self._take_kept(jid, identity_key)
        if trust is Trust.DISTRUSTED:
            self._store.delete(_kept_key(jid, identity_key))
        return []

    def apply_statements(
        self, statements: Iterable[Statement], now: int
    ) -> list[Change]:
        """
        Apply statements of verified devices. A device that becomes verified by
        one has its own statements applied in turn. A later decision on the same
        key stays.

        Returns:
            The devices whose trust has changed.
        """
        changes: list[Change] = []
        todo = list(statements)
        while todo:
            one = todo.pop(0)
            # A stamp in the future comes from a wrong clock
            stamp = min(one.stamp, now)
            records = self.devices_with_key(one.owner, one.key)
            if not records:
                self.preverified.add_key(one.owner, one.key, one.trust, stamp)
            for record in records:
                key = record.identity_key
                assert key is not None
                if self._stands(one.owner, key, stamp, now):
                    continue
                self.note_decided(one.owner, key, stamp)
                if self._devices.trust(record) is one.trust:
                    continue
                self._devices.set_trust(one.owner, key, one.trust)
                changes.append(Change(record.device, one.trust))
                todo += self.take_statements(one.owner, key, one.trust)
        return changes

    def devices_with_key(self, jid: str, key: str) -> list[DeviceRecord]:
        """The devices of an account that have a key: 64 hex digits, in either
        form."""
        return [
            record
            for record in self._devices.of(jid).values()
            if record.identity_key is not None and key in forms(record.identity_key)
        ]


def trust_changes(
    changes: Iterable[Change], told_by: Device | None = None
) -> list[TrustChanged]:
    """
    The effects that tell the user about changes, one for each account and trust.

    Args:
        told_by: the device that has just said so.
    """
    found: dict[tuple[str, Trust], list[Device]] = {}
    for change in changes:
        key = (change.device.jid, change.trust)
        found.setdefault(key, []).append(change.device)
    return [
        TrustChanged(jid, tuple(devices), trust, told_by)
        for (jid, trust), devices in found.items()
    ]


def forms(identity_key: bytes) -> tuple[str, str]:
    """The two ways to write an Ed25519 identity key: 64 hex digits each, of the
    Curve25519 and of the Ed25519 form."""
    return fingerprint(identity_key), identity_key.hex()


def _kept_key(jid: str, identity_key: bytes) -> str:
    return f"{_KEPT}{jid}/{fingerprint(identity_key)}"


def _decided_key(jid: str, identity_key: bytes) -> str:
    return f"{_DECIDED_AT}{jid}/{fingerprint(identity_key)}"


def _user_key(jid: str, identity_key: bytes) -> str:
    return f"{_DECIDED_BY_USER}{jid}/{fingerprint(identity_key)}"
