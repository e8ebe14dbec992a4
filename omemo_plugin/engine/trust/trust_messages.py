# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Automatic Trust Management (XEP-0450) for OMEMO 2: this device tells verified devices
what the user has decided by hand, and applies what verified devices tell.

Decisions about devices that are listed only for the legacy protocol are sent as
well: a device has one identity key, and our other devices have a use for it.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from collections.abc import Iterable
from typing import TypedDict

from ...verify.jid import ascii_form
from ...verify.jid import canonical_jid
from ...verify.jid import same_account
from ..backend.codec import fingerprint
from ..effects import Effect
from ..effects import SendTrustMessage
from ..keys.directory import Directory
from ..messages.encrypting import MessageEncryptor
from ..messages.encrypting import SentMessage
from ..state.core import Core
from ..state.devices import DeviceRecord
from ..state.trust_decisions import Statement
from ..state.trust_decisions import trust_changes
from ..values import Device
from ..values import KeyDecision
from ..values import Protocol
from ..values import Trust

# One message to our other devices and one to each verified contact: enough for a user
# with many contacts who verifies a new own device
QUEUE_MAX = 1000

# A device that does not come online within this time is not told any more
_KEPT_SECONDS = 90 * 24 * 3600

# A stanza holds this many; the others go into further stanzas
DECISIONS_MAX = 200

_QUEUE = "/gajim/trust_messages/queue"

# A device and the trust the user gave it
Decided = tuple[DeviceRecord, Trust]


class _Entry(TypedDict):
    """
    A trust message in the queue, as the store has it.

    Attributes:
        jid: the account it is for, and the ids of the devices of it.
        decisions: owner, base64 of the key, and trust.
        causes: owner and base64 of each key the user decided on.
        due: not to be sent before; and when it was queued; in seconds since 1970.
    """

    jid: str
    devices: list[int]
    decisions: list[list[str]]
    causes: list[list[str]]
    due: int
    made: int


class TrustMessages:
    """Queues trust messages for other devices, and takes those they send."""

    def __init__(
        self, core: Core, directory: Directory, sender: MessageEncryptor
    ) -> None:
        self._core = core
        self._directory = directory
        self._sender = sender
        self._under_way: set[int] = set()
        self._last = 0

    def connected(self) -> None:
        """Messages that were given to the old stream may be lost."""
        self._under_way.clear()

    # Messages to other devices

    def queue(self, decided: Collection[Decided], due: int) -> None:
        """
        Queue the messages about decisions that the user made on devices of one
        account (XEP-0450, "Use Cases").

        Args:
            due: no message is sent before this time, in seconds since 1970.
        """
        core = self._core
        sendable = [(record, trust) for record, trust in decided if record.sign_known]
        if not sendable:
            return
        jid = sendable[0][0].device.jid
        own = jid == core.own_jid
        decisions = [_decision(record, trust) for record, trust in sendable]
        fresh = {record.device for record, trust in sendable if trust is Trust.VERIFIED}
        entries: list[_Entry] = []
        settled: list[KeyDecision] = []
        # Our other devices are told everything, contacts about our devices
        audience = [core.own_jid, *(self._verified_contacts() if own else ())]
        for owner in audience:
            devices = {record.device for record in self._verified(owner)} - fresh
            entries += self._entries(owner, devices, decisions, decisions, due)
        for one, until in self._known(own, fresh) if fresh else []:
            if until <= core.now():
                settled.append(one)
            else:
                # It goes when it cannot be undone any more, and not if it is undone
                causes = [*decisions, one]
                entries += self._entries(jid, fresh, [one], causes, max(due, until))
        entries += self._entries(jid, fresh, settled, decisions, due)
        self._add(entries)

    def _known(
        self, own: bool, fresh: Collection[Device]
    ) -> list[tuple[KeyDecision, int]]:
        """
        What newly verified devices are told of earlier decisions, and until when
        the user can undo each. A contact's devices are told about our own devices,
        and another own device about all.
        """
        core = self._core
        known = [
            (record, Trust.VERIFIED)
            for owner in (core.own_jid, *(self._verified_contacts() if own else ()))
            for record in self._verified(owner)
            # The contact's other devices are told about its new ones anyway
            if own or record.device not in fresh
        ]
        distrusting = core.devices.accounts_with(Trust.DISTRUSTED)
        # Also of devices that are on no list: the key is what is not trusted
        known += [
            (record, Trust.DISTRUSTED)
            for owner in distrusting
            if own or owner == core.own_jid
            for record in core.devices.of(owner).values()
            if core.devices.trust(record) is Trust.DISTRUSTED
        ]
        return [
            (_decision(record, trust), self._undoable_until(record))
            for record, trust in known
            if record.sign_known
        ]

    def _undoable_until(self, record: DeviceRecord) -> int:
        assert record.identity_key is not None
        return self._core.decisions.held_until(
            record.device.jid, record.identity_key, self._core.now()
        )

    def _entries(
        self,
        jid: str,
        devices: Collection[Device],
        decisions: list[KeyDecision],
        causes: list[KeyDecision],
        due: int,
    ) -> list[_Entry]:
        able = sorted(
            device.device_id for device in devices if self._may_receive(device)
        )
        # A message to a single device is not about that device
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

    def _may_receive(self, device: Device) -> bool:
        """SECURITY: trust messages go to verified devices only, and only in OMEMO
        2: its envelope authenticates the sender and the time."""
        core = self._core
        record = core.devices.get(device)
        return (
            record is not None
            and bool(record.listed.get(Protocol.OMEMO_2))
            and not record.refused_key
            and not core.silence.is_left_out(record)
            and core.devices.trust(record) is Trust.VERIFIED
        )

    def _load(self) -> dict[str, _Entry]:
        queue: dict[str, _Entry] = self._core.store.get(_QUEUE, {})
        return queue

    def _save(self, queue: dict[str, _Entry]) -> None:
        if queue:
            self._core.store.put(_QUEUE, queue)
        else:
            self._core.store.delete(_QUEUE)

    def _add(self, entries: Iterable[_Entry]) -> None:
        queue = self._load()
        for entry in entries:
            # `sent` may report a number late: no other message may have it
            self._last = max(self._last, *map(int, queue), 0) + 1
            queue[str(self._last)] = entry
        while len(queue) > QUEUE_MAX:
            del queue[next(iter(queue))]
        self._save(queue)

    def cancel(self, record: DeviceRecord) -> None:
        """The user has undone a decision: drop the messages it has caused."""
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
        """Effects that send the messages which are due, and that fetch the bundles
        needed for them."""
        core = self._core
        queue = self._load()
        if core.catching_up or not queue:
            return []
        now = core.now()
        effects: list[Effect] = []
        left = dict(queue)
        for number, entry in queue.items():
            # After the clock was set back this would wait for years
            if now < entry["due"] <= now + _KEPT_SECONDS:
                continue
            jid = entry["jid"]
            devices = [
                device
                for device in (Device(jid, one) for one in entry["devices"])
                if self._may_receive(device)
            ]
            # A decision in the future was made with a wrong clock
            entry["made"] = min(entry["made"], now)
            if not devices or now - entry["made"] >= _KEPT_SECONDS:
                del left[number]
                continue
            if int(number) in self._under_way:
                continue
            effects += self._send(int(number), entry, devices)
        if len(left) != len(queue):
            self._save(left)
            core.commit()
        return effects

    def _send(self, number: int, entry: _Entry, devices: list[Device]) -> list[Effect]:
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

    def encrypt(self, devices: Collection[Device], envelope: bytes) -> SentMessage:
        """
        Encrypt the envelope that `SendTrustMessage` asks for, for those of the
        devices that are still verified, and commit it. The caller calls `flush`
        before it leaves.

        Raises:
            NoRecipient: none of them can be encrypted for.
            StoreError: it is not committed and must not be sent.
        """
        return self._sender.encrypt_trust_message(devices, envelope)

    def sent(self, number: int, devices: Collection[Device]) -> None:
        """
        The caller has given a trust message for these devices to the network.

        Raises:
            StoreError: nothing was changed; the devices may get the message again.
        """
        self._under_way.discard(number)
        queue = self._load()
        entry = queue.get(str(number))
        if entry is None:
            return
        reached = {device.device_id for device in devices}
        entry["devices"] = [one for one in entry["devices"] if one not in reached]
        if not entry["devices"]:
            del queue[str(number)]
        self._save(queue)
        self._core.commit()

    # Messages from other devices

    def received(
        self, sender: Device, decisions: Iterable[KeyDecision], stamp: int
    ) -> list[Effect]:
        """
        A decrypted envelope had a trust message (XEP-0434) for XEP-0450 in it. It
        counts at once if the sender is verified, and otherwise from when it is.
        Nothing is committed, just as with the message it came in.

        Args:
            sender: the device that encrypted the envelope.
            stamp: the time of the envelope, in seconds since 1970.
        """
        core = self._core
        record = core.devices.get(sender)
        if record is None or record.identity_key is None or record.refused_key:
            return []
        statements: list[Statement] = []
        for decision in decisions:
            owner = self._owner_if_allowed(sender, decision)
            key = _fingerprint(decision.key)
            if owner is not None and key is not None:
                statements.append(Statement(owner, key, decision.trust, stamp))
        if not statements:
            return []
        trust = core.devices.trust(record)
        now = core.now()
        if trust is Trust.VERIFIED and not core.decisions.is_held(
            sender.jid, record.identity_key, now
        ):
            changes = core.decisions.apply_statements(statements, now)
            return [*trust_changes(changes, sender)]
        if trust is not Trust.DISTRUSTED:
            core.decisions.keep(record, statements)
        return []

    def _owner_if_allowed(self, sender: Device, decision: KeyDecision) -> str | None:
        """
        The owner of a key, if the sender may decide on it. Our own devices may
        decide on all keys except this device's, a contact's device on that
        contact's keys.

        Returns:
            The JID of the owner as the engine knows it; None if the sender may
            not decide.
        """
        core = self._core
        if _fingerprint(decision.key) == fingerprint(core.identity_key):
            return None
        for jid in (core.own_jid, sender.jid):
            if same_account(decision.owner, jid):
                return jid if sender.jid in (core.own_jid, jid) else None
        return self._contact(decision.owner) if sender.jid == core.own_jid else None

    def _contact(self, owner: str) -> str | None:
        """The JID of a contact as the engine knows it; None if it is not a JID."""
        jid = canonical_jid(owner)
        devices = self._core.devices
        if jid is not None and not devices.of(jid) and devices.of(ascii_form(jid)):
            return ascii_form(jid)
        return jid


def _fingerprint(key: bytes) -> str | None:
    """The fingerprint of a key from a trust message; None if it is not a key."""
    try:
        return fingerprint(key)
    except Exception:  # noqa: BLE001 - of whatever kind: it is no key
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
