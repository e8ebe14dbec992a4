# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Telling the user what the engine has noticed."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Protocol

from ...engine.effects import AlarmRaised
from ...engine.effects import DeviceGone
from ...engine.effects import DeviceHeardAgain
from ...engine.effects import DevicesIgnored
from ...engine.effects import DeviceSilent
from ...engine.effects import KeysHidden
from ...engine.effects import KeysNotTaken
from ...engine.effects import NewDevices
from ...engine.effects import SessionBroken
from ...engine.effects import TrustChanged
from ...engine.keys.device_info import DeviceInfo
from ...engine.state.diary import DiaryKind
from ...engine.takeover.values import OwnKey
from ...engine.values import Alarm
from ...engine.values import Device
from ...engine.values import Trust
from ..signals import Signal
from ..values import Offer
from ..values import OfferKind
from . import texts
from .chat_notices import ChatNotices
from .unopened import UnopenedMessages

# Devices that were met within this time were met together
_FIRST_CONTACT_SECONDS = 60


class EventHistory(Protocol):
    """The history of devices. Nothing raises."""

    def note(
        self, device: Device, kind: DiaryKind, told_by: Device | None = None
    ) -> None: ...

    def note_alarm(self, alarm: Alarm) -> None:
        """Once, although it is raised again at each start."""


class EngineNotices:
    """
    The notices that one account's engine asks for.

    Attributes:
        alarm_raised: emitted with an alarm that has come, and with those that are
            open when the account first connects.
        device_gone: emitted with a device that a contact does not list any more.
        unused_device_listed: emitted with an own device that another OMEMO of this
            Gajim has listed, and that nobody has met.
    """

    def __init__(
        self,
        own_jid: str,
        notices: ChatNotices,
        devices: Callable[[str], Sequence[DeviceInfo]],
        is_known: Callable[[str], bool],
        history: EventHistory,
        unopened: UnopenedMessages,
        earlier: OwnKey | None = None,
    ) -> None:
        """
        Args:
            devices: gives all known devices of an account.
            is_known: whether the user knows an account: as a contact, or from
                an encrypted chat.
            history: gets what has happened to devices.
            unopened: the rows of messages that were not opened.
            earlier: the own device that another OMEMO of this Gajim has.
        """
        self._unopened = unopened
        self.alarm_raised: Signal[[Alarm]] = Signal("showing an alarm")
        self.device_gone: Signal[[Device]] = Signal("looking what was not read")
        self.unused_device_listed: Signal[[Device]] = Signal("removing a device")
        self._earlier = earlier
        self._own_jid = own_jid
        self._notices = notices
        self._devices = devices
        self._is_known = is_known
        self._history = history
        # Own devices that were announced in this run
        self._announced: set[Device] = set()
        # Accounts whose device list is too long to be read
        self._endless: set[str] = set()

    def new_devices(self, effect: NewDevices) -> None:
        """An account has new devices. The devices of the first contact are no
        news, and an own device is announced once."""
        own = effect.jid == self._own_jid
        if not own and effect.trust is Trust.BLIND and self._is_first_contact(effect):
            return
        if own:
            # The engine meets them twice: in the list, and when their key comes
            new = tuple(
                one
                for one in effect.devices
                if one not in self._announced and not self._is_earlier(one)
            )
            self._announced.update(new)
            if not new:
                return
            effect = NewDevices(effect.jid, new, effect.trust)
        waits = effect.trust is Trust.UNDECIDED
        kind = DiaryKind.NEW_UNDECIDED if waits else DiaryKind.NEW_DEVICE
        self._write_down(effect.devices, kind)
        line = texts.new_devices(effect, self._own_jid)
        needs_no_decision = effect.trust in (Trust.BLIND, Trust.VERIFIED)
        if not own and needs_no_decision:
            self._notices.show(effect.jid, line)
        else:
            self._show(effect.jid, line, OfferKind.VERIFY)

    def _is_earlier(self, device: Device) -> bool:
        """Whether an own device is the one that another OMEMO of this Gajim has left.
        The user is told so once its key has come. SECURITY: its number is known to
        all, and a server could list another device with it."""
        earlier = self._earlier
        if earlier is None or device.device_id != earlier.device_id:
            return False
        known = [
            one.fingerprint
            for one in self._devices(self._own_jid)
            if one.device == device
        ]
        has_no_key = not known or known == [None]
        if earlier.is_unused and (has_no_key or known == [earlier.fingerprint]):
            # Others would write to it for ever, and nobody would read that
            self.unused_device_listed.emit(device)
            return True
        if known == [earlier.fingerprint]:
            if device not in self._announced:
                self._announced.add(device)
                self._show(self._own_jid, texts.earlier_device_is_listed())
            return True
        return has_no_key

    def _is_first_contact(self, effect: NewDevices) -> bool:
        infos = self._devices(effect.jid)
        met = min(
            (one.first_seen for one in infos if one.device in effect.devices),
            default=0,
        )
        return not any(
            one.identity_key is not None
            and one.first_seen < met - _FIRST_CONTACT_SECONDS
            for one in infos
        )

    def alarm(self, effect: AlarmRaised) -> None:
        """Something has happened that a server could have done. The windows show
        it until it is answered."""
        if self._counts(effect.alarm.device.jid):
            self._history.note_alarm(effect.alarm)
        self.alarm_raised.emit(effect.alarm)

    def session_broken(self, effect: SessionBroken) -> None:
        """
        Offer a new session. SECURITY: the user decides on it, because otherwise
        anybody could make this device answer by sending nonsense; and it is not
        offered for an account that the user does not know.
        """
        device = effect.device
        if self._notices.has_windows and self._unopened.offer(device):
            return
        # There is no row: the message had nothing that is shown
        known = self._is_known(device.jid)
        line = texts.session_broken(effect, can_replace=known)
        if device.jid != self._own_jid and known:
            offer = Offer(OfferKind.REPLACE_SESSION, device.jid, device=device)
            self._notices.show(device.jid, line, offer)
        else:
            self._show(device.jid, line)

    def device_silent(self, effect: DeviceSilent) -> None:
        """A device has not been heard for long. The windows offer to remove an own
        one; one of a contact gets no keys from now on."""
        device = effect.device
        if device.jid == self._own_jid:
            return
        self._write_down((device,), DiaryKind.SILENT)
        infos = [one for one in self._devices(device.jid) if one.device == device]
        verified = any(one.trust is Trust.VERIFIED for one in infos)
        line = texts.device_silent(device.jid, verified=verified)
        self._show(device.jid, line)

    def device_heard_again(self, effect: DeviceHeardAgain) -> None:
        """Such a device has been heard."""
        device = effect.device
        if device.jid == self._own_jid:
            return
        self._write_down((device,), DiaryKind.WRITTEN_AGAIN)
        self._notices.show(device.jid, texts.device_heard_again(device.jid))

    def gone(self, effect: DeviceGone) -> None:
        """A device is not listed any more."""
        self.device_gone.emit(effect.device)

    def devices_ignored(self, effect: DevicesIgnored) -> None:
        """An account has more devices than the engine keeps."""
        self._notices.show(effect.jid, texts.devices_ignored(effect))

    def trust_changed(self, effect: TrustChanged) -> None:
        """Another own device, or a code, changed the trust in devices."""
        is_good = effect.trust is Trust.VERIFIED
        kind = DiaryKind.TOLD_VERIFIED if is_good else DiaryKind.TOLD_REFUSED
        self._write_down(effect.devices, kind, effect.told_by)
        self._show(effect.jid, texts.trust_changed(effect, self._own_jid))

    def keys_not_taken(self, _effect: KeysNotTaken) -> None:
        """The server refuses the keys of this device."""
        self._show(self._own_jid, texts.keys_not_taken())

    def keys_hidden(self, _effect: KeysHidden) -> None:
        """The server has them, and not everybody can read them."""
        self._show(self._own_jid, texts.keys_hidden())

    def device_list_too_long(self, jid: str) -> None:
        """A device list was so long that it was not read. The user is told once."""
        if jid not in self._endless:
            self._endless.add(jid)
            self._show(jid, texts.device_list_too_long(jid))

    def _write_down(
        self,
        devices: Sequence[Device],
        kind: DiaryKind,
        told_by: Device | None = None,
    ) -> None:
        for device in devices:
            if self._counts(device.jid):
                self._history.note(device, kind, told_by)

    def _counts(self, jid: str) -> bool:
        """Servers could make up accounts: only those that the user knows count."""
        return jid == self._own_jid or self._is_known(jid)

    def _show(self, jid: str, line: str, kind: OfferKind = OfferKind.DETAILS) -> None:
        """Show a line about an account's devices, with what there is to do."""
        if jid == self._own_jid:
            # Few people have a chat with themselves
            self._notices.show("", line, Offer(OfferKind.OWN_DEVICES, jid))
        else:
            self._notices.show(jid, line, Offer(kind, jid))
