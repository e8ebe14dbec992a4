# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices the engine knows: listing them for the user, and forgetting them."""

from __future__ import annotations

from collections.abc import Collection

from ..backend.codec import fingerprint
from ..effects import Effect
from ..errors import OmemoError
from ..state.core import Core
from ..state.diary import DiaryEntry
from ..state.diary import DiaryKind
from ..values import AlarmKind
from ..values import Device
from ..values import Unanswered
from .device_info import DeviceInfo
from .device_info import device_infos
from .directory import Directory
from .publication import Publication


class KnownDevices:
    """All devices of all accounts that the engine has met."""

    def __init__(
        self, core: Core, directory: Directory, publication: Publication
    ) -> None:
        self._core = core
        self._directory = directory
        self._publication = publication

    def of(self, jid: str) -> tuple[DeviceInfo, ...]:
        """All known devices of an account, sorted; this device included."""
        return device_infos(self._core, jid)

    def speaks_omemo_2(self, jid: str) -> bool:
        """
        Whether an OMEMO 2 message of a device of an account has been decrypted; of
        another device, if it is the own account. SECURITY: the device need not be
        listed now: a server can shorten a list.
        """
        return any(
            record.speaks_omemo_2
            for record in self._core.devices.of(jid).values()
            if record.device != self._core.own_device
        )

    def look_up(self, devices: Collection[Device]) -> list[DeviceInfo]:
        """The devices among these that are known, sorted."""
        wanted = frozenset(devices)
        return [
            info
            for jid in sorted({device.jid for device in wanted})
            for info in self.of(jid)
            if info.device in wanted
        ]

    def unanswered(self, device: Device) -> Unanswered:
        """What was encrypted for a device since it was last heard."""
        silence = self._core.silence
        return Unanswered(silence.unanswered(device), silence.last_heard(device))

    def rename(self, device: Device, name: str) -> None:
        """
        The user gives a device a name of their own. It stays in the store.

        Args:
            name: '' for the name that the device gives itself.

        Raises:
            StoreError: nothing was changed.
        """
        self._core.names.set(device, name)
        self._core.commit()

    def note(
        self, device: Device, kind: DiaryKind, day: str, told_by: Device | None = None
    ) -> None:
        """
        Write down what has happened to a device. It is committed with what comes
        next: a message that is being received must not be committed yet.

        Args:
            device: with the id 0 where it is about the account.
            day: as ISO 8601 writes it.
            told_by: the device that said so.
        """
        self._core.diary.add(device, kind, day, told_by)

    def note_once(self, device: Device, kind: DiaryKind, day: str) -> None:
        """The same, of what is said again at each start."""
        if not self._core.diary.has(device, kind, day):
            self._core.diary.add(device, kind, day)

    def history(self, jid: str) -> tuple[DiaryEntry, ...]:
        """The history of an account's devices, newest first."""
        return self._core.diary.of(jid)

    def forget_history(self) -> None:
        """
        Forget what has happened to the devices of all accounts.

        Raises:
            StoreError: nothing was changed.
        """
        self._core.diary.clear()
        self._core.commit()

    def write_again(self, device: Device) -> None:
        """
        The user wants to write for a device that has not been heard for long; or keeps
        an own one, and is not asked about it again.

        Raises:
            StoreError: nothing was changed.
        """
        record = self._core.devices.get(device)
        if record is not None:
            self._core.silence.write_again(record, self._core.now())
            self._core.commit()

    def untold(self, devices: Collection[Device]) -> list[Device]:
        """Those of some devices that are left out because they were not heard, and
        whose owner has not been told."""
        return self._core.silence.untold(devices)

    def note_told(self, devices: Collection[Device]) -> None:
        """
        The owner of some devices has been told, in a message that leaves now.

        Raises:
            StoreError: nothing was changed; they are told again.
        """
        self._core.silence.note_told(devices)
        self._core.commit()

    def forget(self, device: Device) -> None:
        """
        Delete a device with its sessions. If it comes back, it is a new device
        with a key that is known: the decisions about the key stay.

        Raises:
            OmemoError: it is this device.
            StoreError: nothing was changed.
        """
        if device == self._core.own_device:
            raise OmemoError("the own device cannot be forgotten")
        for sessions in self._core.sessions.values():
            sessions.forget(device)
        self._directory.forget(device)
        self._core.names.set(device, "")
        self._core.devices.remove(device)
        self._core.commit()

    def take_checked_key(self, device: Device, checked: str) -> None:
        """
        The user has checked the other key that a device presents: it becomes the key
        of the device, with new sessions. The decision about it is another call.

        Args:
            checked: the fingerprint that the user has seen.

        Raises:
            OmemoError: it is not the key that the device presents now.
            StoreError: nothing was changed.
        """
        record = self._core.devices.get(device)
        presented = None if record is None else record.presented_key
        if record is None or presented is None or fingerprint(presented) != checked:
            raise OmemoError("not the key that was checked")
        if self._core.devices.owner_of(presented) is not None:
            raise OmemoError("the key of another device")
        for sessions in self._core.sessions.values():
            sessions.forget(device)
        self._directory.forget(device)
        self._core.devices.take_presented(record)
        self._core.alarms.remove(AlarmKind.KEY_CHANGED, device)
        self._core.commit()

    def remove_own(self, device: Device) -> list[Effect]:
        """
        The user gives up another device of this account: forget it.

        Returns:
            Effects that publish the account's lists without it.

        Raises:
            OmemoError: it is this device, or a device of another account.
            StoreError: nothing was changed.
        """
        if device.jid != self._core.own_jid or device == self._core.own_device:
            raise OmemoError("not another own device")
        effects = self._publication.lists_without(device)
        self.forget(device)
        return effects
