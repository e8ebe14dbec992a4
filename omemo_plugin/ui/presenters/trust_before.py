# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust in somebody's devices before the user did something, to put it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from ...engine.keys.device_info import DeviceInfo
from ...engine.state.diary import DiaryKind
from ...engine.trust.kept_undo import TrustSnapshot
from ...engine.values import CodeClaims
from ...engine.values import Device
from ...engine.values import Trust


class BlindTrustChoice(Protocol):
    """The user's choice for new devices of a contact."""

    def blind_trust_of(self, jid: str) -> bool | None: ...

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None: ...


class CheckAlarms(Protocol):
    """The warnings about checks that failed. Nothing raises."""

    def has_failed_check(self, jid: str) -> bool: ...

    def check_failed(self, jid: str) -> None: ...

    def check_lifted(self, jid: str) -> None: ...


class TrustSetter(Protocol):
    """The user's decisions on devices. Nothing raises."""

    def set_trust(self, device: Device, trust: Trust) -> None: ...

    def put_back(self, device: Device, trust: Trust) -> None:
        """The user takes a decision back."""

    def take_checked_key(self, device: Device, checked: str) -> None:
        """The other key that a device presents is its own, and verified.

        Args:
            checked: the fingerprint that the user has seen.
        """


class UndoKeeper(Protocol):
    """What checks can be undone to, also after a restart. Nothing raises."""

    def keep(self, before: TrustSnapshot, kind: DiaryKind | None) -> None:
        """
        Args:
            kind: what is written into the history first; None for nothing.
        """

    def of(self, jid: str) -> TrustSnapshot | None: ...

    def undone(self, before: TrustSnapshot) -> None:
        """The trust has been put back."""


class ComparingService(Protocol):
    """The part of the bridge that comparisons use. Nothing raises."""

    @property
    def alarms(self) -> CheckAlarms: ...

    @property
    def settings(self) -> BlindTrustChoice: ...

    @property
    def device_management(self) -> TrustSetter: ...

    @property
    def trust_undo(self) -> UndoKeeper: ...

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]: ...


class TrustBefore:
    """The trust in one account's devices at the moment this was made, or at the one
    that was kept."""

    def __init__(
        self, service: ComparingService, jid: str, kept: TrustSnapshot | None = None
    ) -> None:
        """
        Args:
            kept: what held when it was made earlier.
        """
        self._service = service
        self._jid = jid
        self._snapshot = kept or TrustSnapshot(
            jid,
            {
                info.device: before
                for info in service.devices(jid)
                if (before := _before(info)) is not None
            },
            service.settings.blind_trust_of(jid),
            service.alarms.has_failed_check(jid),
        )

    def keep(
        self, kind: DiaryKind | None = None, claims: CodeClaims | None = None
    ) -> None:
        """
        It can be put back from the history, too, and after a restart.

        Args:
            kind: what is written into the history first; None for nothing.
            claims: what a code has said.
        """
        if claims is not None:
            self._snapshot = replace(self._snapshot, claims=claims)
        self._service.trust_undo.keep(self._snapshot, kind)

    def restore(self) -> None:
        """
        Put back exactly what was before.

        SECURITY: a device that has another key by now keeps the trust it has: the
        earlier trust was trust in the earlier key.
        """
        service, snapshot = self._service, self._snapshot
        for info in service.devices(self._jid):
            fingerprint, trust = snapshot.trust.get(info.device, (None, info.trust))
            if info.fingerprint == fingerprint and info.trust is not trust:
                service.device_management.put_back(info.device, trust)
        self.restore_choice()
        if snapshot.check_failed:
            service.alarms.check_failed(self._jid)
        else:
            service.alarms.check_lifted(self._jid)
        service.trust_undo.undone(snapshot)

    def restore_choice(self) -> None:
        """Put back what happens to new devices, and nothing else."""
        settings = self._service.settings
        chosen = self._snapshot.blind_trust
        if settings.blind_trust_of(self._jid) != chosen:
            settings.set_blind_trust_of(self._jid, chosen)


def _before(info: DeviceInfo) -> tuple[str, Trust] | None:
    """What a device has, if it is known: a fingerprint and the trust in it."""
    if info.presented is not None:
        # The old key does not come back
        return info.presented, Trust.UNDECIDED
    return None if info.fingerprint is None else (info.fingerprint, info.trust)


def undo_kept(service: ComparingService, jid: str) -> bool:
    """
    Undo the outcome of the last check.

    Returns:
        False, and nothing is done, if it cannot be undone any more.
    """
    kept = service.trust_undo.of(jid)
    if kept is None:
        return False
    TrustBefore(service, jid, kept).restore()
    return True
