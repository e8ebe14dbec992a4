# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small service in place of an account's."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from collections.abc import Collection

import pytest

from omemo_plugin.engine.device_info import DeviceInfo
from omemo_plugin.engine.sending import LeftOut
from omemo_plugin.engine.sending import LeftOutReason
from omemo_plugin.engine.sending import SendPlan
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.devices import MadeUpDevice

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
        fingerprint(device_id) if key else None,
    )


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
        self.replaced: list[Device] = []
        self.removed: list[Device] = []
        self.forgotten: list[Device] = []
        self.followers: list[Callable[[], None]] = []

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

    def set_trust(self, device: Device, trust: Trust) -> None:
        self.known[device.jid] = [
            dataclasses.replace(info, trust=trust) if info.device == device else info
            for info in self.known[device.jid]
        ]

    def trust(self, device: Device) -> Trust:
        return next(
            info.trust for info in self.known[device.jid] if info.device == device
        )

    def _drop(self, device: Device) -> None:
        self.known[device.jid] = [
            info for info in self.known[device.jid] if info.device != device
        ]

    def forget_device(self, device: Device) -> None:
        self.forgotten.append(device)
        self._drop(device)

    def remove_own_device(self, device: Device) -> None:
        self.removed.append(device)
        self._drop(device)

    def replace_session(self, device: Device) -> None:
        self.replaced.append(device)

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.followers.append(callback)
        return lambda: self.followers.remove(callback)


@pytest.fixture
def service() -> FakeService:
    return FakeService()
