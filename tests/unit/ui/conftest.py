# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small service in place of an account's."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from collections.abc import Collection
from typing import cast

import pytest

from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.messages.planning import LeftOut
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.messages.planning import SendPlan
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.trust.kept_undo import TrustSnapshot
from omemo_plugin.engine.values import CodeClaims
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.devices import MadeUpDevice

OWN = "alice@example.org"
BOB = "bob@example.org"
CAROL = "carol@example.org"

DAY = 86400
NOW = 1_800_000_000

THIS = 1000


def fingerprint(device_id: int) -> str:
    return hashlib.sha256(str(device_id).encode()).hexdigest()


def make(
    jid: str,
    device_id: int,
    trust: Trust = Trust.BLIND,
    *,
    label: str | None = None,
    active: bool = True,
    key: bool = True,
    key_changed: bool = False,
    protocols: tuple[Protocol, ...] = (Protocol.LEGACY,),
    last_seen: int = NOW,
) -> DeviceInfo:
    return MadeUpDevice(
        Device(jid, device_id),
        protocols if active else (),
        b"k" * 32 if key else None,
        trust,
        active,
        label,
        key_changed,
        NOW - 40 * DAY,
        last_seen,
        rank=device_id,
        fingerprint=fingerprint(device_id) if key else None,
    )


class FakeChoices:
    """The choices for new devices of contacts."""

    def __init__(self) -> None:
        self.chosen: dict[str, bool | None] = {}

    def blind_trust_of(self, jid: str) -> bool | None:
        return self.chosen.get(jid)

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        self.chosen[jid] = value


class FakeAlarms:
    """Contacts with whom a check has failed."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def has_failed_check(self, jid: str) -> bool:
        return jid in self.failed

    def check_failed(self, jid: str) -> None:
        self.failed.append(jid)

    def check_lifted(self, jid: str) -> None:
        self.failed = [one for one in self.failed if one != jid]


class FakeUndo:
    """
    What checks can be undone to.

    Attributes:
        kept: by account.
        noted: what was written into the history.
        withdrawn: what was said of keys that have not been met, and is not true.
    """

    def __init__(self) -> None:
        self.kept: dict[str, TrustSnapshot] = {}
        self.noted: list[DiaryKind] = []
        self.withdrawn: list[CodeClaims] = []

    def keep(self, before: TrustSnapshot, kind: DiaryKind | None) -> None:
        self.kept[before.jid] = before
        if kind is not None:
            self.noted.append(kind)

    def of(self, jid: str) -> TrustSnapshot | None:
        return self.kept.get(jid)

    def undone(self, before: TrustSnapshot) -> None:
        self.kept.pop(before.jid, None)
        self.noted.append(DiaryKind.UNDONE)
        self.withdrawn.append(before.claims)


class FakeDeviceManagement:
    """
    Changes the devices that a service keeps.

    Attributes:
        replaced: devices with which a new session was asked for.
        written_again: silent devices that were to get keys again.
        kept: own devices that are not used, and stay.
        removed: own devices that were removed.
        forgotten: devices that were deleted.
        undone: devices about which a decision was taken back.
        accepted: devices whose other key was accepted.
    """

    def __init__(self, known: dict[str, list[DeviceInfo]]) -> None:
        self._known = known
        self.replaced: list[Device] = []
        self.written_again: list[Device] = []
        self.kept: list[Device] = []
        self.removed: list[Device] = []
        self.forgotten: list[Device] = []
        self.undone: list[Device] = []
        self.accepted: list[Device] = []

    def set_trust(self, device: Device, trust: Trust) -> None:
        self._known[device.jid] = [
            dataclasses.replace(info, trust=trust) if info.device == device else info
            for info in self._known[device.jid]
        ]

    def put_back(self, device: Device, trust: Trust) -> None:
        self.set_trust(device, trust)

    def undo(self, device: Device, trust: Trust) -> None:
        self.undone.append(device)
        self.put_back(device, trust)

    def undo_refusal(self, device: Device) -> None:
        self.put_back(device, Trust.UNDECIDED)

    def accept_key(self, device: Device) -> None:
        self.accepted.append(device)
        self._drop(device)

    def take_checked_key(self, device: Device, checked: str) -> None:
        self._known[device.jid] = [
            dataclasses.replace(
                cast("MadeUpDevice", info),
                trust=Trust.VERIFIED,
                key_changed=False,
                presented_key=None,
                fingerprint=checked,
            )
            if info.device == device
            else info
            for info in self._known[device.jid]
        ]

    def rename(self, device: Device, name: str) -> None:
        self._known[device.jid] = [
            dataclasses.replace(info, name=name or None)
            if info.device == device
            else info
            for info in self._known[device.jid]
        ]

    def forget(self, device: Device) -> None:
        self.forgotten.append(device)
        self._drop(device)

    def remove_own(self, device: Device) -> None:
        self.removed.append(device)
        self._drop(device)

    def replace_session(self, device: Device) -> None:
        self.replaced.append(device)

    def write_again(self, device: Device) -> None:
        self.written_again.append(device)

    def keep(self, device: Device) -> None:
        self.kept.append(device)
        self._known[device.jid] = [
            dataclasses.replace(info, unused=False) if info.device == device else info
            for info in self._known[device.jid]
        ]

    def _drop(self, device: Device) -> None:
        self._known[device.jid] = [
            info for info in self._known[device.jid] if info.device != device
        ]


class FakeService:
    """Keeps devices, and plans as the engine does."""

    account = "account"
    own_jid = OWN
    device_id = THIS
    fingerprint = fingerprint(THIS)
    problem = ""

    def __init__(self) -> None:
        self.known: dict[str, list[DeviceInfo]] = {
            OWN: [make(OWN, THIS, Trust.VERIFIED, label="Gajim")]
        }
        self.device_management = FakeDeviceManagement(self.known)
        self.settings = FakeChoices()
        self.alarms = FakeAlarms()
        self.trust_undo = FakeUndo()
        # The id of the device that another OMEMO of this Gajim has left
        self.earlier_id = 0
        self.followers: list[Callable[[], None]] = []
        # Devices that were not heard for long
        self.silent: set[Device] = set()

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]:
        return tuple(self.known.get(jid, ()))

    def plan(self, jids: Collection[str]) -> SendPlan | None:
        readers: list[Device] = []
        left_out: list[LeftOut] = []
        unreachable = []
        for jid in (*jids, OWN):
            found = 0
            for info in self.devices(jid):
                if not info.active or info.device == Device(OWN, THIS):
                    continue
                if info.key_changed:
                    left_out.append(LeftOut(info.device, LeftOutReason.KEY_CHANGED))
                elif info.device in self.silent:
                    left_out.append(LeftOut(info.device, LeftOutReason.SILENT))
                elif info.trust.may_receive:
                    readers.append(info.device)
                    found += 1
                else:
                    reason = {
                        Trust.UNDECIDED: LeftOutReason.UNDECIDED,
                        Trust.DISTRUSTED: LeftOutReason.DISTRUSTED,
                    }[info.trust]
                    left_out.append(LeftOut(info.device, reason))
            if not found and jid in jids:
                unreachable.append(jid)
        return SendPlan(
            True, tuple(readers), tuple(left_out), tuple(unreachable), (), ()
        )

    def trust(self, device: Device) -> Trust:
        return next(
            info.trust for info in self.known[device.jid] if info.device == device
        )

    def is_earlier(self, info: DeviceInfo) -> bool:
        return info.device.device_id == self.earlier_id

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.followers.append(callback)
        return lambda: self.followers.remove(callback)


@pytest.fixture
def service() -> FakeService:
    return FakeService()
