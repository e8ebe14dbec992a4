# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the windows ask of the bridge. Its `AccountService` answers; tests put
something smaller in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from typing import Protocol

from ...engine.device_info import DeviceInfo
from ...engine.sending import SendPlan
from ...engine.values import Device
from ...engine.values import Trust


class Service(Protocol):
    """OMEMO on one account. Nothing raises."""

    account: str
    own_jid: str

    @property
    def problem(self) -> str:
        """Why OMEMO does not work, in the user's words; '' if it does."""

    @property
    def device_id(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]: ...

    def plan(self, jids: Collection[str]) -> SendPlan | None:
        """Who would get a message now; None without keys of our own."""

    def set_trust(self, device: Device, trust: Trust) -> None: ...

    def forget_device(self, device: Device) -> None: ...

    def remove_own_device(self, device: Device) -> None: ...

    def replace_session(self, device: Device) -> None: ...

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be told when devices or trust may have changed. Returns what ends
        that."""


class SettingsService(Protocol):
    """What can be chosen. Nothing raises."""

    own_jid: str
    blind_trust: bool
    encrypt_by_default: bool
    plain_receipts: bool
    temporary: bool

    @property
    def must_be_temporary(self) -> bool: ...

    @property
    def problem(self) -> str: ...

    def blind_trust_of(self, jid: str) -> bool | None:
        """None for what holds for the account."""

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None: ...
