# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The server's answers about device lists and bundles: each is given to the part of
the engine that has a use for it.
"""

from __future__ import annotations

from ..effects import DevicesIgnored
from ..effects import Effect
from ..effects import FetchDeviceList
from ..effects import FetchTemporaryDevices
from ..effects import OweEmptyMessage
from ..state.core import Core
from ..trust.trust_messages import TrustMessages
from ..values import Bundle
from ..values import Device
from ..values import DeviceList
from ..values import Protocol
from .directory import Directory
from .list_changes import ListChanges
from .publication import Publication
from .rollback import Rollback
from .temporary_devices import TemporaryDevices


class ServerKeys:
    """Takes what the server reports of the account's own keys and of others'."""

    def __init__(
        self,
        core: Core,
        directory: Directory,
        publication: Publication,
        temporary: TemporaryDevices,
        rollback: Rollback,
        trust_messages: TrustMessages,
    ) -> None:
        self._core = core
        self._directory = directory
        self._publication = publication
        self._temporary = temporary
        self._rollback = rollback
        self._trust_messages = trust_messages
        self._changes = ListChanges(core)
        # Accounts whose list is known to be too long
        self._too_many: set[str] = set()
        # Sessions that the next bundle replaces
        self._replacing: set[tuple[Device, Protocol]] = set()

    # Device lists

    def device_list_received(self, jid: str, device_list: DeviceList) -> list[Effect]:
        """
        A device list came, by an event or as an answer.

        Args:
            jid: the account whose node it is. The caller drops an event in which
                one account reports another one's node.
        """
        core = self._core
        if jid == core.own_jid:
            device_list = self._publication.without_ended(device_list)
        before = set(core.devices.of(jid))
        snapshot = self._changes.snapshot(jid)
        ignored = self._directory.list_received(jid, device_list)
        effects = self._changes.compare(jid, snapshot, device_list.protocol)
        if ignored and jid not in self._too_many:
            self._too_many.add(jid)
            effects.append(DevicesIgnored(jid, ignored))
        if jid != core.own_jid:
            return effects
        core.note_own_list(device_list.protocol, device_list.ids)
        self._temporary.lists_known(device_list.protocol)
        new = tuple(
            Device(jid, device.device_id)
            for device in device_list.devices
            if device.device_id not in before and device.device_id != core.device_id
        )
        effects += self._publication.new_own_devices(new)
        return effects + self._publication.list_received(device_list)

    def device_list_unavailable(
        self, jid: str, protocol: Protocol, permanent: bool
    ) -> list[Effect]:
        """
        The server has not given a device list.

        Args:
            permanent: there is no list, or this account may not see it.
                Otherwise the server or the connection failed, and the engine
                asks again.
        """
        snapshot = self._changes.snapshot(jid)
        self._directory.list_unavailable(jid, protocol, permanent)
        effects = self._changes.compare(jid, snapshot, protocol)
        if jid == self._core.own_jid and permanent:
            self._core.note_own_list(protocol)
            self._temporary.lists_known(protocol)
            effects += self._publication.list_missing(protocol)
        return effects

    def device_list_published(self, device_list: DeviceList) -> list[Effect]:
        """The server took a list of this account."""
        return self._temporary.list_published(device_list)

    # Bundles

    def bundle_received(self, device: Device, bundle: Bundle) -> list[Effect]:
        """
        A bundle came as an answer.

        Raises:
            BundleRefused: it cannot be used. The device gets no messages until
                it publishes another one; others are not affected.
        """
        if device == self._core.own_device:
            return self._own_bundle_received(bundle)
        protocol = bundle.protocol
        if self._temporary.waits_for(device):
            return self._temporary.bundle_came(device, bundle)
        try:
            effects = self._directory.bundle_received(device, bundle)
        finally:
            replacing = (device, protocol) in self._replacing
            self._replacing.discard((device, protocol))
        if replacing and self._directory.bundle(device, protocol) is not None:
            sessions = self._core.sessions[protocol]
            sessions.of(device).retire_current()
            sessions.rearranged(device)
            self._core.silence.asked(device, self._core.now())
            effects.append(OweEmptyMessage(device, protocol))
        if protocol is Protocol.OMEMO_2:
            effects += self._trust_messages.due()
        return effects

    def _own_bundle_received(self, bundle: Bundle) -> list[Effect]:
        effects = self._rollback.own_bundle_received(bundle)
        if effects:
            # The rollback renewed the prekeys of both protocols
            for protocol in Protocol:
                self._publication.prekey_used(protocol)
        return effects + self._publication.own_bundle_received(bundle)

    def bundle_unavailable(
        self, device: Device, protocol: Protocol, permanent: bool
    ) -> list[Effect]:
        """The server has not given a bundle; see `device_list_unavailable`."""
        if device == self._core.own_device:
            if permanent:
                return self._publication.own_bundle_missing(protocol)
            return []
        self._replacing.discard((device, protocol))
        if self._temporary.waits_for(device):
            return self._temporary.bundle_missing(device, protocol, permanent)
        self._directory.bundle_unavailable(device, protocol)
        return self._trust_messages.due() if protocol is Protocol.OMEMO_2 else []

    def bundle_malformed(self, device: Device, protocol: Protocol) -> None:
        """The published bundle does not have the form of one. The device gets no
        messages until it publishes another one."""
        self._replacing.discard((device, protocol))
        if self._temporary.waits_for(device):
            self._temporary.bundle_missing(device, protocol, permanent=False)
        self._directory.bundle_malformed(device, protocol)

    # Asking again

    def publish_again(self) -> list[Effect]:
        """The label of this device has changed while it is connected, or whether
        it is temporary."""
        return [
            FetchTemporaryDevices(),
            *(FetchDeviceList(self._core.own_jid, protocol) for protocol in Protocol),
        ]

    def replace_session(self, device: Device) -> list[Effect]:
        """The user wants a new session with a device, because its messages cannot
        be decrypted. The engine keeps the old session until the new one works."""
        record = self._core.devices.get(device)
        if record is None:
            return []
        effects: list[Effect] = []
        for protocol, listed in record.listed.items():
            if listed:
                self._replacing.add((device, protocol))
                effects.append(self._directory.want_new_bundle(device, protocol))
        return effects
