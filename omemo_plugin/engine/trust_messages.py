# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Automatic Trust Management (XEP-0450) for the keys of OMEMO 2: what the user
decided by hand is told to the devices that are verified, and what verified
devices tell is taken over.

Keys of devices that are listed for the legacy protocol only are told as well:
a device has one identity key, and our other devices have a use for it.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Collection
from collections.abc import Iterable
from typing import Any

from .core import Core
from .deciding import Statement
from .deciding import told
from .decisions import KeyDecision
from .devices import DeviceRecord
from .directory import Directory
from .effects import Effect
from .effects import SendTrustMessage
from .sending import Sender
from .values import Device
from .values import Protocol
from .values import Trust
from .wire import fingerprint

# One message to our other devices and one to each verified contact: enough for
# somebody who verifies a new device of theirs and has many contacts
QUEUE_MAX = 1000

# Whoever does not come within this time is verified anew if need be
_KEPT_SECONDS = 90 * 24 * 3600

# What a stanza can hold; the rest goes in another one
DECISIONS_MAX = 200

_QUEUE = "/gajim/trust_messages/queue"

_Decided = tuple[DeviceRecord, Trust]


class TrustMessages:
    """What is to be told to whom, and what was told to us."""

    def __init__(self, core: Core, directory: Directory, sender: Sender) -> None:
        self._core = core
        self._directory = directory
        self._sender = sender
        self._under_way: set[int] = set()
        self._last = 0

    def connected(self) -> None:
        """What was on its way on the old stream may be lost."""
        self._under_way.clear()

    # What we tell

    def decided(self, decided: Collection[_Decided], due: int) -> None:
        """
        The user decided by hand on devices of one account, and it is done.
        Queue what is to be told (XEP-0450, "Use Cases").

        Args:
            due: not to be told before, in seconds since 1970.
        """
        core = self._core
        told = [(record, trust) for record, trust in decided if record.sign_known]
        if not told:
            return
        jid = told[0][0].device.jid
        own = jid == core.own_jid
        decisions = [_decision(record, trust) for record, trust in told]
        fresh = {record.device for record, trust in told if trust is Trust.VERIFIED}
        entries: list[dict[str, Any]] = []
        # Our other devices hear all, contacts hear of our devices
        audience = [core.own_jid, *(self._verified_contacts() if own else ())]
        for who in audience:
            devices = {record.device for record in self._verified(who)} - fresh
            entries += self._entries(who, devices, decisions, decisions, due)
        if fresh:
            owners = [core.own_jid, *(self._verified_contacts() if own else ())]
            known = [
                _decision(record, Trust.VERIFIED)
                for owner in owners
                for record in self._verified(owner)
                if record.sign_known
                # All of a contact's devices may be told of each other by it
                and (own or record.device not in fresh)
            ]
            entries += self._entries(jid, fresh, known, decisions, due)
        self._add(entries)

    def _entries(
        self,
        jid: str,
        devices: Collection[Device],
        decisions: list[KeyDecision],
        causes: list[KeyDecision],
        due: int,
    ) -> list[dict[str, Any]]:
        able = sorted(
            device.device_id for device in devices if self._may_be_told(device)
        )
        # A single device has no use for being told of itself
        if len(able) == 1:
            only = self._core.devices.get(Device(jid, able[0]))
            assert only is not None
            decisions = [one for one in decisions if one.key != only.identity_key]
        if not able:
            return []
        return [
            {
                "jid": jid,
                "devices": able,
                "decisions": [_encode(one) for one in decisions[at:][:DECISIONS_MAX]],
                "causes": [[one.owner, _base64(one.key)] for one in causes],
                "due": due,
                "made": self._core.now(),
            }
            for at in range(0, len(decisions), DECISIONS_MAX)
        ]

    def _verified(self, jid: str) -> list[DeviceRecord]:
        """The verified devices of an account in use, this one excepted."""
        core = self._core
        return [
            record
            for record in core.devices.of(jid).values()
            if record.device != core.own_device
            and record.active
            and not record.refused_key
            and core.devices.trust(record) is Trust.VERIFIED
        ]

    def _verified_contacts(self) -> list[str]:
        core = self._core
        return [
            jid
            for jid in core.devices.accounts_with(Trust.VERIFIED)
            if jid != core.own_jid and self._verified(jid)
        ]

    def _may_be_told(self, device: Device) -> bool:
        """SECURITY: only verified devices are told, and only in OMEMO 2, whose
        envelope says from whom it is and when it was written."""
        core = self._core
        record = core.devices.get(device)
        return (
            record is not None
            and bool(record.listed.get(Protocol.OMEMO_2))
            and not record.refused_key
            and core.devices.trust(record) is Trust.VERIFIED
        )

    def _load(self) -> dict[str, dict[str, Any]]:
        queue: dict[str, dict[str, Any]] = self._core.store.get(_QUEUE, {})
        return queue

    def _save(self, queue: dict[str, dict[str, Any]]) -> None:
        if queue:
            self._core.store.put(_QUEUE, queue)
        else:
            self._core.store.delete(_QUEUE)

    def _add(self, entries: Iterable[dict[str, Any]]) -> None:
        queue = self._load()
        for entry in entries:
            # A number that is reported late must not mean another message
            self._last = max(self._last, *map(int, queue), 0) + 1
            queue[str(self._last)] = entry
        while len(queue) > QUEUE_MAX:
            del queue[next(iter(queue))]
        self._save(queue)

    def take_back(self, record: DeviceRecord) -> None:
        """A decision was undone: what has not been told is not told."""
        assert record.identity_key is not None
        cause = [record.device.jid, _base64(record.identity_key)]
        queue = self._load()
        kept = {
            number: entry
            for number, entry in queue.items()
            if cause not in entry["causes"]
        }
        if len(kept) != len(queue):
            self._save(kept)

    def due(self) -> list[Effect]:
        """What can be told now, and bundles that are needed for it."""
        core = self._core
        queue = self._load()
        if core.catching_up or not queue:
            return []
        now = core.now()
        effects: list[Effect] = []
        left = dict(queue)
        for number, entry in queue.items():
            # A clock that was put back must not mean waiting for years
            if now < entry["due"] <= now + _KEPT_SECONDS:
                continue
            jid = entry["jid"]
            devices = [
                device
                for device in (Device(jid, one) for one in entry["devices"])
                if self._may_be_told(device)
            ]
            # A decision of the future was made with a clock that was wrong
            entry["made"] = min(entry["made"], now)
            if not devices or now - entry["made"] >= _KEPT_SECONDS:
                del left[number]
                continue
            if int(number) in self._under_way:
                continue
            effects += self._tell(int(number), entry, devices)
        if len(left) != len(queue):
            self._save(left)
            core.commit()
        return effects

    def _tell(
        self, number: int, entry: dict[str, Any], devices: list[Device]
    ) -> list[Effect]:
        effects: list[Effect] = []
        waiting = False
        ready: list[Device] = []
        for device in devices:
            if self._sender.can_encrypt(device, Protocol.OMEMO_2):
                ready.append(device)
                continue
            wanted, pending = self._directory.want_bundles(device, (Protocol.OMEMO_2,))
            effects += wanted
            waiting = waiting or pending
        if ready and not waiting:
            self._under_way.add(number)
            effects.append(
                SendTrustMessage(
                    number,
                    entry["jid"],
                    tuple(ready),
                    tuple(_decode(one) for one in entry["decisions"]),
                    entry["made"],
                )
            )
        return effects

    def sent(self, number: int, devices: Collection[Device]) -> None:
        """These have been told."""
        self._under_way.discard(number)
        queue = self._load()
        entry = queue.get(str(number))
        if entry is None:
            return
        told = {device.device_id for device in devices}
        entry["devices"] = [one for one in entry["devices"] if one not in told]
        if not entry["devices"]:
            del queue[str(number)]
        self._save(queue)

    # What we are told

    def received(
        self, sender: Device, decisions: Iterable[KeyDecision], stamp: int
    ) -> list[Effect]:
        """See `OmemoEngine.trust_message_received`."""
        core = self._core
        record = core.devices.get(sender)
        if record is None or record.identity_key is None or record.refused_key:
            return []
        statements: list[Statement] = []
        for decision in decisions:
            owner = self._judges(sender, decision)
            key = _fingerprint(decision.key)
            if owner is not None and key is not None:
                statements.append(Statement(owner, key, decision.trust, stamp))
        if not statements:
            return []
        trust = core.devices.trust(record)
        now = core.now()
        if trust is Trust.VERIFIED and not core.deciding.is_held(
            sender.jid, record.identity_key, now
        ):
            return [*told(core.deciding.believe(statements, now))]
        if trust is not Trust.DISTRUSTED:
            core.deciding.keep(record, statements)
        return []

    def _judges(self, sender: Device, decision: KeyDecision) -> str | None:
        """
        Whether a device may decide on a key: our own devices on all but the one
        of this device, a contact's on that contact's.

        Returns:
            The owner, as we write the JID; None if it may not.
        """
        core = self._core
        if _fingerprint(decision.key) == fingerprint(core.identity_key):
            return None
        for jid in (core.own_jid, sender.jid):
            if _folded(decision.owner) == _folded(jid):
                owner = jid
                break
        else:
            owner = _folded(decision.owner)
        return owner if sender.jid in (core.own_jid, owner) else None


def _folded(jid: str) -> str:
    return unicodedata.normalize("NFC", jid.lower())


def _fingerprint(key: bytes) -> str | None:
    """In the form that does not depend on the sign; None for what is no key."""
    try:
        return fingerprint(key)
    except Exception:
        return None


def _decision(record: DeviceRecord, trust: Trust) -> KeyDecision:
    assert record.identity_key is not None
    return KeyDecision(record.device.jid, record.identity_key, trust)


def _encode(decision: KeyDecision) -> list[str]:
    return [decision.owner, _base64(decision.key), decision.trust.value]


def _decode(entry: list[str]) -> KeyDecision:
    owner, key, trust = entry
    return KeyDecision(owner, base64.b64decode(key), Trust(trust))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
