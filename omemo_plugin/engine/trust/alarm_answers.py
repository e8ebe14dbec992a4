# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The consequences of the user's answers to alarms."""

from __future__ import annotations

from ..effects import AlarmRaised
from ..effects import Effect
from ..errors import OmemoError
from ..state.core import Core
from ..values import Alarm
from ..values import AlarmKind
from ..values import Device
from ..values import Trust
from .open_alarms import ended_by_others
from .open_alarms import holds
from .room_members import RoomMembers
from .user_decisions import UserDecisions

# The device that they are about is distrusted unless the user is content
REFUSED_UNLESS_CONTENT = frozenset(
    {
        AlarmKind.DEVICE_RETURNED,
        AlarmKind.KEY_CHANGED,
        AlarmKind.NEW_DEVICE,
        AlarmKind.OWN_DEVICE,
    }
)


class AlarmAnswers:
    """The open alarms, and answering them."""

    def __init__(
        self, core: Core, decisions: UserDecisions, members: RoomMembers
    ) -> None:
        self._core = core
        self._members = members
        self._decisions = decisions
        self._shown = False
        self._settled: list[Alarm] = []

    def connected(self) -> list[Effect]:
        """Show what is open, once in a run."""
        if self._shown:
            return []
        self._shown = True
        return [AlarmRaised(alarm) for alarm in self.open()]

    def open(self, jid: str | None = None) -> list[Alarm]:
        """
        List the open alarms, oldest first.

        Args:
            jid: the bare JID of one account; None for all of them.
        """
        core = self._core
        found = []
        for alarm in core.alarms.open(jid):
            if holds(core, alarm):
                found.append(alarm)
            else:
                # With the next commit
                core.alarms.remove(alarm.kind, alarm.device)
                if ended_by_others(core, alarm):
                    self._settled.append(alarm)
        return found

    def take_settled(self) -> list[Alarm]:
        """The alarms that ended since the last time without the user having done
        anything."""
        settled, self._settled = self._settled, []
        return settled

    def check_failed(self, jid: str) -> list[Effect]:
        """Two people compared, and something differed."""
        effects = self._core.raise_alarm(AlarmKind.CHECK_FAILED, Device(jid, 0))
        self._core.commit()
        return effects

    def check_lifted(self, jid: str) -> None:
        """A later comparison succeeded, or the user took the failed one back."""
        self._core.alarms.remove(AlarmKind.CHECK_FAILED, Device(jid, 0))
        self._core.commit()

    def answer(self, alarm: Alarm, *, accept: bool) -> None:
        """
        The user has answered an alarm, and it is closed.

        Args:
            accept: the user is content with what has happened: a device that
                returned gets messages again, one without OMEMO 2 gets them in
                OMEMO 0.3, a new own device is trusted without having been
                verified, members who were added read along, and after a failed check
                the undecided devices of the contact get messages. Otherwise a device
                is distrusted, one without OMEMO 2 still gets nothing, and nothing
                is written to these members.

        Raises:
            StoreError: nothing was changed.
        """
        core = self._core
        if not core.alarms.remove(alarm.kind, alarm.device):
            return
        if alarm.kind is AlarmKind.MEMBERS_ADDED and not accept:
            self._members.leave_out(alarm.device.jid, alarm.members)
        record = core.devices.get(alarm.device)
        if alarm.kind is AlarmKind.CHECK_FAILED and accept:
            self._go_on(alarm.device.jid)
        elif alarm.kind is AlarmKind.OWN_DEVICE and accept:
            self._set_trust(alarm.device, Trust.BLIND)
        elif record is not None and accept:
            if alarm.kind is AlarmKind.DEVICE_RETURNED:
                record.returned = False
            elif alarm.kind is AlarmKind.OLDER_PROTOCOL:
                record.speaks_omemo_2 = False
            core.devices.save(record)
        elif alarm.kind in REFUSED_UNLESS_CONTENT:
            self._set_trust(alarm.device, Trust.DISTRUSTED)
        core.commit()

    def _go_on(self, jid: str) -> None:
        """A check failed, and the user goes on without another one."""
        core = self._core
        core.set_blind_trust_of(jid, None)
        for record in core.devices.of(jid).values():
            if record.active and core.devices.trust(record) is Trust.UNDECIDED:
                self._set_trust(record.device, Trust.BLIND)

    def _set_trust(self, device: Device, trust: Trust) -> None:
        core = self._core
        record = core.devices.get(device)
        if record is None or record.identity_key is None:
            # Its key is not known; when it comes, the user is asked again
            return
        try:
            self._decisions.set_trust(device, trust)
        except OmemoError:
            core.rollback()
            raise
