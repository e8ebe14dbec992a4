# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Devices that have not been heard for long. Those of contacts get no keys, because
whoever finds one could read along for ever, and a ratchet that nobody answers never
heals. Own ones still get them, and the user is asked once whether to remove them.

SECURITY: a device that only reads must lose nothing. Before one is left out it is
asked: a session is begun anew with it, and programs answer the key exchange as soon as
they read it, without their user. See decision 16.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping

from ..values import Device
from ..values import Protocol
from .devices import DeviceRecord
from .devices import Devices
from .sessions import Sessions

_DAY = 24 * 3600

# A device that was not heard for so long is asked
ASKED_AFTER = 90 * _DAY

# If no answer comes for so long, it is left out
LEFT_OUT_AFTER = 90 * _DAY

# Both need so many messages to the device that nothing answered: twice the number
# after which XEP-0384 wants an answer
MESSAGES_MIN = 106


class Silence:
    """The silent devices of one account's store. Nothing here commits."""

    def __init__(
        self, devices: Devices, sessions: Mapping[Protocol, Sessions], own_jid: str
    ) -> None:
        self._devices = devices
        self._sessions = sessions
        self._own_jid = own_jid
        # Encrypted for since they were last looked at
        self._written: set[Device] = set()
        self._asking: set[Device] = set()
        # When they were last heard. The records have it to the hour
        self._heard: dict[Device, float] = {}

    # Events

    def written(self, devices: Collection[Device]) -> None:
        """A message was encrypted for these devices."""
        self._written.update(devices)

    def heard(self, record: DeviceRecord, now: float) -> bool:
        """
        Something of a device has been decrypted.

        Returns:
            Whether it was left out until now.
        """
        self._asking.discard(record.device)
        self._heard[record.device] = now
        was_left_out = bool(record.silent)
        if record.silent or record.asked:
            record.silent = record.asked = 0
            record.told = False
            self._devices.save(record)
        return was_left_out

    def asked(self, device: Device, now: int) -> None:
        """A new session with a device begins, perhaps because it is asked."""
        record = self._devices.get(device)
        if device in self._asking and record is not None and not record.asked:
            record.asked = now
            self._devices.save(record)

    def write_again(self, record: DeviceRecord, now: int) -> None:
        """The user wants to write for a device, and its time begins anew; or the user
        keeps an own device, and is not asked again."""
        record.silent = record.asked = 0
        record.told = False
        record.kept = now
        self._devices.save(record)

    def untold(self, devices: Collection[Device]) -> list[Device]:
        """Those of some devices that are silent, and whose owner does not know it."""
        records = [self._devices.get(device) for device in devices]
        return [one.device for one in records if one and one.silent and not one.told]

    def note_told(self, devices: Collection[Device]) -> None:
        """The owner of some devices has been told."""
        for device in self.untold(devices):
            record = self._devices.of(device.jid)[device.device_id]
            record.told = True
            self._devices.save(record)

    # The devices that were written to

    def look(self, now: int) -> tuple[list[Device], list[Device]]:
        """
        Look at the devices that were written to since the last time. Everything that
        the server has kept must have been read: an answer may be in it.

        Returns:
            The devices to be asked, and those that count as silent from now on.
        """
        to_ask: list[Device] = []
        silent: list[Device] = []
        written, self._written = self._written, set()
        for device in sorted(written):
            record = self._devices.get(device)
            if record is None or record.silent:
                continue
            if record.asked:
                if self._is_over(record, now):
                    record.silent = now
                    self._devices.save(record)
                    silent.append(device)
                else:
                    # The contact's other devices may be heard without a message to it
                    self._written.add(device)
            elif device not in self._asking and self._is_unheard(record, now):
                self._asking.add(device)
                to_ask.append(device)
        return to_ask, silent

    def is_left_out(self, record: DeviceRecord) -> bool:
        """Whether a device gets no keys, if another one of its owner stands in."""
        return bool(record.silent) and record.device.jid != self._own_jid

    def _is_unheard(self, record: DeviceRecord, now: int) -> bool:
        own = record.device.jid == self._own_jid
        # One that was never heard may be one that answers no strangers
        if record.kept if own else not record.last_seen:
            return False
        since = max(record.first_seen, record.last_seen, record.kept)
        return now - since >= ASKED_AFTER and self._has_many(record.device)

    def _is_over(self, record: DeviceRecord, now: int) -> bool:
        return (
            now - record.asked >= LEFT_OUT_AFTER
            and self._has_many(record.device)
            and (record.device.jid == self._own_jid or self._has_stand_in(record))
        )

    def _has_stand_in(self, record: DeviceRecord) -> bool:
        return any(
            self.stands_in(other, record)
            for other in self._devices.of(record.device.jid).values()
        )

    def _has_many(self, device: Device) -> bool:
        """Whether many messages were encrypted for a device on a session, since
        something last came on it."""
        return any(one >= MESSAGES_MIN for one in self._chains(device).values())

    def _chains(self, device: Device) -> dict[Protocol, int]:
        """How many messages were encrypted for a device on each session, since
        something last came on it."""
        return {
            protocol: session.sending_chain_length
            for protocol, sessions in self._sessions.items()
            if (session := sessions.of(device).current) is not None
        }

    def unanswered(self, device: Device) -> int:
        """How many messages were encrypted for a device, since something last came
        from it."""
        chains = self._chains(device)
        record = self._devices.get(device)
        if record is not None and record.speaks_omemo_2:
            # The other session is one from before that was known
            return chains.get(Protocol.OMEMO_2, 0)
        return max(chains.values(), default=0)

    def last_heard(self, device: Device) -> float:
        """When something of a device was last decrypted: exactly in this run, and to
        the hour from earlier ones; 0 for never."""
        record = self._devices.get(device)
        seen = 0 if record is None else record.last_seen
        return self._heard.get(device, seen)

    def stands_in(self, other: DeviceRecord, silent: DeviceRecord) -> bool:
        """Whether another device of the same contact is in use, so that a silent one
        can be left out: it was heard after that one was asked."""
        return (
            other.device != silent.device
            and other.active
            and not (other.silent or other.refused_key or other.returned)
            and other.last_seen > silent.asked
            and self._devices.trust(other).may_receive
        )
