# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's actions on devices: trust, names, sessions, and removal."""

from __future__ import annotations

from ..engine.effects import FetchDeviceList
from ..engine.effects import PublishDeviceList
from ..engine.engine import OmemoEngine
from ..engine.state.diary import DiaryKind
from ..engine.values import Device
from ..engine.values import DeviceList
from ..engine.values import ListedDevice
from ..engine.values import Protocol
from ..engine.values import Trust
from .notices import texts
from .notices.chat_notices import ChatNotices
from .notices.unopened import UnopenedMessages
from .pep.effects import EffectRunner
from .signals import Signal
from .state.device_history import DeviceHistory
from .state.keystore import Keystore


class DeviceManagement:
    """
    The user's changes to the devices that one account knows. Nothing raises.

    Attributes:
        trust_set: emitted after a decision on a device.
    """

    def __init__(
        self,
        keystore: Keystore,
        effects: EffectRunner,
        notices: ChatNotices,
        history: DeviceHistory,
        unopened: UnopenedMessages,
    ) -> None:
        self.trust_set: Signal[[]] = Signal("going on after a decision on a device")
        self._keystore = keystore
        self._effects = effects
        self._notices = notices
        self._history = history
        self._unopened = unopened

    def set_trust(self, device: Device, trust: Trust) -> None:
        """The user's decision on a device. Its consequences for other devices
        follow when the user cannot undo it any more."""
        self._effects.call(
            "setting trust", lambda engine: engine.trust.set_trust(device, trust)
        )
        self._history.note_decision(device, trust)
        self.trust_set.emit()

    def take_checked_key(self, device: Device, checked: str) -> None:
        """
        The user has checked the other key that a device presents: it is the device's
        own from now on, and verified.

        Args:
            checked: the fingerprint that the user has seen.
        """

        def take(engine: OmemoEngine) -> None:
            engine.devices.take_checked_key(device, checked)
            engine.trust.set_trust(device, Trust.VERIFIED)

        self._effects.call("taking a key that was checked", take)
        self._history.note_decision(device, Trust.VERIFIED)
        self.trust_set.emit()

    def undo(self, device: Device, trust: Trust) -> None:
        """The user takes the last decision on a device back."""
        self.put_back(device, trust)
        self._history.note(device, DiaryKind.UNDONE)

    def undo_refusal(self, device: Device) -> None:
        """The user does not refuse a device any more, and has not decided about it."""
        self.put_back(device, Trust.UNDECIDED)
        self._history.note(device, DiaryKind.REFUSAL_UNDONE)

    def accept_key(self, device: Device) -> None:
        """The user accepts the other key that a device presents without having checked
        it: the device is met anew with that key."""
        self.forget(device)
        self._history.note(device, DiaryKind.ACCEPTED)

    def put_back(self, device: Device, trust: Trust) -> None:
        """The user takes a decision back. It is another line of the history that says
        so."""
        self._effects.call(
            "setting trust back", lambda engine: engine.trust.set_trust(device, trust)
        )
        self.trust_set.emit()

    def rename(self, device: Device, name: str) -> None:
        """The user's own name for a device; '' for none."""
        self._effects.call(
            "renaming a device", lambda engine: engine.devices.rename(device, name)
        )

    def forget(self, device: Device) -> None:
        """Delete a device and its sessions. If its owner still lists it, it comes
        back as a new one."""
        self._effects.call(
            "forgetting a device", lambda engine: engine.devices.forget(device)
        )
        self._effects.carry_out(
            [FetchDeviceList(device.jid, protocol) for protocol in Protocol]
        )

    def remove_own(self, device: Device) -> None:
        """Remove another own device from our lists, and forget it."""
        self._effects.call(
            "removing an own device", lambda engine: engine.devices.remove_own(device)
        )

    def replace_session(self, device: Device) -> None:
        """The user wants a new session with a device."""
        self._effects.call(
            "replacing a session", lambda engine: engine.keys.replace_session(device)
        )

    def write_again(self, device: Device) -> None:
        """The user wants to write for a device that has not been heard for long."""
        self._effects.call(
            "writing for a device again",
            lambda engine: engine.devices.write_again(device),
        )
        self._history.note(device, DiaryKind.WRITTEN_AGAIN)
        self.trust_set.emit()

    def keep(self, device: Device) -> None:
        """The user keeps an own device that is not used, and is not asked again."""
        self._effects.call(
            "keeping a device", lambda engine: engine.devices.write_again(device)
        )

    def replace_broken_session(self, device: Device) -> None:
        """Replace a session because the user asked for it in the chat."""
        self.replace_session(device)
        if not self._unopened.repaired(device):
            self._notices.show(device.jid, texts.session_is_replaced(device))

    def show_in_chat(self, jid: str) -> None:
        """Show in a chat which devices it is encrypted for."""
        engine = self._keystore.engine
        own = () if engine is None else (engine.own_jid,)
        for owner in dict.fromkeys((jid, *own)):
            devices = self._keystore.devices(owner)
            self._notices.show(jid, texts.devices_of(owner, devices))

    def clear_own_lists(self) -> None:
        """Remove all devices but this one from our lists on the server."""
        engine = self._keystore.engine
        only = (ListedDevice(0 if engine is None else engine.device_id),)
        self._effects.carry_out(
            [PublishDeviceList(DeviceList(protocol, only)) for protocol in Protocol]
        )
