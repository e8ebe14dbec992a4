# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning a message: its recipients, and the keys that have to be fetched first."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ..effects import Effect
from ..keys.directory import Directory
from ..state.core import Core
from ..state.devices import DeviceRecord
from ..values import Device
from ..values import Protocol
from ..values import Trust


class LeftOutReason(Enum):
    """Why a device does not get a message."""

    UNDECIDED = "undecided"
    DISTRUSTED = "distrusted"
    KEY_CHANGED = "key changed"
    NO_BUNDLE = "no bundle"
    BUNDLE_REFUSED = "bundle refused"
    LIST_WITHDRAWN = "list withdrawn"
    PROTOCOL = "protocol"
    SILENT = "silent"


@dataclass(frozen=True)
class LeftOut:
    device: Device
    reason: LeftOutReason


@dataclass(frozen=True)
class SendPlan:
    """
    The recipients of a message that would be sent now.

    Attributes:
        ready: nothing is left to be fetched first.
        waiting: devices whose keys are being fetched.
        effects: what has to be fetched and is not under way yet.
        unreachable: the recipients no device of which may receive it.
    """

    ready: bool
    recipients: tuple[Device, ...]
    left_out: tuple[LeftOut, ...]
    unreachable: tuple[str, ...]
    waiting: tuple[Device, ...]
    effects: tuple[Effect, ...]


class Planner:
    """Finds the devices that may read a message."""

    def __init__(self, core: Core, directory: Directory) -> None:
        self._core = core
        self._directory = directory

    def plan(self, jids: Collection[str]) -> SendPlan:
        """See `MessageEncryptor.plan`."""
        devices: list[Device] = []
        left_out: list[LeftOut] = []
        unreachable: list[str] = []
        waiting: list[Device] = []
        effects: list[Effect] = []
        ready = True
        recipients = dict.fromkeys(jids)
        for jid in self._concerned(recipients):
            lists_ready, wanted = self._directory.want_lists(jid)
            effects += wanted
            found = 0
            for record, reason in self._candidates(jid):
                if reason is not None:
                    left_out.append(LeftOut(record.device, reason))
                    continue
                usable, missing = self._divide(record)
                fetch, pending = self._directory.want_bundles(record.device, missing)
                effects += fetch
                if pending:
                    waiting.append(record.device)
                elif usable:
                    devices.append(record.device)
                    found += 1
                else:
                    left_out.append(self._without_bundle(record, missing))
            ready = ready and lists_ready
            if not found and jid in recipients:
                unreachable.append(jid)
        ready = ready and not waiting
        if ready and unreachable:
            retries = self._directory.retry_for(unreachable)
            if retries:
                effects += retries
                ready = False
        return SendPlan(
            ready,
            tuple(devices),
            tuple(left_out),
            tuple(unreachable) if ready else (),
            tuple(waiting),
            tuple(effects),
        )

    def targets(
        self, jids: Collection[str]
    ) -> tuple[dict[Device, list[Protocol]], list[LeftOut]]:
        """
        The devices that can be encrypted for now, with their protocols, and the
        devices that cannot, with the reason. Nothing is fetched.
        """
        targets: dict[Device, list[Protocol]] = {}
        left_out: list[LeftOut] = []
        for jid in self._concerned(jids):
            for record, reason in self._candidates(jid):
                if reason is not None:
                    left_out.append(LeftOut(record.device, reason))
                    continue
                usable, missing = self._divide(record)
                if usable and not self._directory.is_fetching(record.device, missing):
                    targets[record.device] = usable
                else:
                    left_out.append(self._without_bundle(record, missing))
        return targets, left_out

    def allowed(
        self, jids: Collection[str]
    ) -> dict[Device, tuple[DeviceRecord, LeftOutReason | None]]:
        """The devices that are listed now, with the reason why one may not read."""
        return {
            record.device: (record, reason)
            for jid in self._concerned(jids)
            for record, reason in self._candidates(jid)
        }

    def _concerned(self, jids: Collection[str]) -> list[str]:
        """The recipients, each once, and our own account."""
        return list(dict.fromkeys((*jids, self._core.own_jid)))

    def _candidates(self, jid: str) -> list[tuple[DeviceRecord, LeftOutReason | None]]:
        """The listed devices of an account, with the reason why one gets nothing."""
        own = self._core.own_device
        withdrawn = self._core.is_withdrawn(jid)
        found = [
            (record, self._judge(record, withdrawn))
            for record in self._core.devices.of(jid).values()
            if record.active and record.device != own
        ]
        is_left_out = self._core.silence.is_left_out
        if not any(is_left_out(record) for record, _ in found):
            return found
        return [
            (record, reason or self._silent(record, found)) for record, reason in found
        ]

    def _silent(
        self,
        record: DeviceRecord,
        all_of_them: Iterable[tuple[DeviceRecord, LeftOutReason | None]],
    ) -> LeftOutReason | None:
        """Whether a device is left out because it is not heard: never the last one
        of a contact that may read."""
        if not self._core.silence.is_left_out(record):
            return None
        stands_in = self._core.silence.stands_in
        for other, reason in all_of_them:
            if reason is None and stands_in(other, record) and self._divide(other)[0]:
                return LeftOutReason.SILENT
        return None

    def _judge(self, record: DeviceRecord, withdrawn: bool) -> LeftOutReason | None:
        if record.refused_key:
            # The user may have refused the device altogether
            refused = self._core.devices.trust(record) is Trust.DISTRUSTED
            return LeftOutReason.DISTRUSTED if refused else LeftOutReason.KEY_CHANGED
        if withdrawn:
            return LeftOutReason.LIST_WITHDRAWN
        if record.identity_key is not None:
            trust = self._core.devices.trust(record)
            if trust is Trust.DISTRUSTED:
                return LeftOutReason.DISTRUSTED
            if not trust.may_receive or record.returned:
                return LeftOutReason.UNDECIDED
        if record.speaks_omemo_2 and not record.listed.get(Protocol.OMEMO_2):
            # SECURITY: a server must not be able to force the older protocol by hiding
            # the newer one
            return LeftOutReason.UNDECIDED
        return None

    def _divide(self, record: DeviceRecord) -> tuple[list[Protocol], list[Protocol]]:
        """
        The protocols a message for this device can be encrypted in, and those
        for which there is no bundle. Some clients advertise OMEMO 2 and cannot
        read it, so it gets both until it has been heard in OMEMO 2.
        """
        usable: list[Protocol] = []
        missing: list[Protocol] = []
        only_2 = record.speaks_omemo_2 and record.listed.get(Protocol.OMEMO_2)
        for protocol, listed in record.listed.items():
            if not listed or (only_2 and protocol is not Protocol.OMEMO_2):
                continue
            if self.can_encrypt(record.device, protocol):
                usable.append(protocol)
            else:
                missing.append(protocol)
        return usable, missing

    def _without_bundle(self, record: DeviceRecord, missing: list[Protocol]) -> LeftOut:
        refused = any(
            self._directory.was_refused(record.device, protocol) for protocol in missing
        )
        reason = LeftOutReason.BUNDLE_REFUSED if refused else LeftOutReason.NO_BUNDLE
        return LeftOut(record.device, reason)

    def can_encrypt(self, device: Device, protocol: Protocol) -> bool:
        """Whether there is a session, or a bundle to build one from."""
        record = self._core.devices.get(device)
        if record is None or record.identity_key is None:
            # SECURITY: without a key the device has no trust
            return False
        return (
            self._core.sessions[protocol].has_current(device)
            or self._directory.bundle(device, protocol) is not None
        )
