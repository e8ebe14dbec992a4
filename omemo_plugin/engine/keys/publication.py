# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Publishing this device's bundles, and its entry in the account's device lists.

The bundle is published first: a client that sees our id in a list fetches the bundle at
once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..effects import Effect
from ..effects import FetchBundle
from ..effects import FetchDeviceList
from ..effects import KeysHidden
from ..effects import KeysNotTaken
from ..effects import PublishBundle
from ..effects import PublishDeviceList
from ..state.core import Core
from ..values import Bundle
from ..values import Device
from ..values import DeviceList
from ..values import ListedDevice
from ..values import Protocol
from .labels import choose_label
from .labels import chosen_label

# SECURITY: a server may drop our id again and again; the engine stops after so many
# tries, until the next connection
_ANNOUNCE_MAX = 3

# A bundle changes with every session that another device starts. One publication in so
# many seconds is enough
_BUNDLE_INTERVAL = 10

# Set while the user has not said that this device is to be used
_WAITS = "/gajim/publication_waits"


class Publication:
    """Our device list and bundle for each protocol."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._label: str | None = None
        self._label_signature: bytes | None = None
        # Ids of own devices whose identity has ended: our lists are read, and
        # published, without them. Set before `OmemoEngine.connected`
        self.ended: frozenset[int] = frozenset()
        # While this is set, our device is not put into lists
        self.held = False
        self._withdrawn = False
        self._announcements = dict.fromkeys(Protocol, 0)
        self._removals_mended = dict.fromkeys(Protocol, 0)
        self._bundle_tries = dict.fromkeys(Protocol, 0)
        self._bundle_on_server = dict.fromkeys(Protocol, False)
        # The public prekeys in the bundles that the server is known to have
        self._offered: dict[Protocol, frozenset[bytes]] = {}
        self._list_wanted: dict[Protocol, DeviceList | None] = {}
        self._dirty: set[Protocol] = set()
        self._published_at = dict.fromkeys(Protocol, 0)
        # What the user was told of in this run
        self._said: set[Effect] = set()

    @property
    def label(self) -> str | None:
        """The name of this device in the OMEMO 2 list; set before
        `OmemoEngine.connected`."""
        return self._label

    @label.setter
    def label(self, label: str | None) -> None:
        self._label = label
        self._label_signature = None if label is None else self._core.sign(label)

    @property
    def chosen_label(self) -> str | None:
        """The name of this device that the user wants others to see; None for
        none."""
        return chosen_label(self._core.store)

    def choose_label(self, text: str) -> None:
        """Keep a name for others to see, and use it from now on; '' for none."""
        choose_label(self._core.store, text)
        self.label = self.chosen_label
        self._core.commit()

    def _own_entry(self, protocol: Protocol) -> ListedDevice:
        if protocol is Protocol.LEGACY:
            return ListedDevice(self._core.device_id)
        return ListedDevice(self._core.device_id, self._label, self._label_signature)

    @property
    def waits(self) -> bool:
        """Whether nothing of this device is published before `begin`."""
        return bool(self._core.store.get(_WAITS, False))

    def wait(self) -> None:
        """Publish nothing of a new device before `begin`, also after a restart."""
        self._core.store.put(_WAITS, True)
        self._core.commit()

    def begin(self) -> list[Effect]:
        """Publish what has waited."""
        if not self.waits:
            return []
        self._core.store.delete(_WAITS)
        self._core.commit()
        effects: list[Effect] = []
        for protocol in sorted(self._dirty, key=list(Protocol).index):
            effects += self._publish(protocol)
        return effects

    def release(self) -> list[Effect]:
        """Put our device into the lists that wait for it."""
        self.held = False
        effects: list[Effect] = []
        for protocol, wanted in list(self._list_wanted.items()):
            if wanted is not None and self._bundle_on_server[protocol]:
                del self._list_wanted[protocol]
                effects += self._announce(wanted)
        return effects

    def withdraw(self) -> None:
        """Publish nothing any more on this connection."""
        self.held = True
        self._withdrawn = True
        self._list_wanted.clear()
        self._bundle_tries = dict.fromkeys(Protocol, _ANNOUNCE_MAX)

    def connected(self) -> list[Effect]:
        """Ask what the server has of ours."""
        for protocol in Protocol:
            self._announcements[protocol] = 0
            self._removals_mended[protocol] = 0
            self._bundle_tries[protocol] = 0
            self._bundle_on_server[protocol] = False
        self._list_wanted.clear()
        self.held = False
        self._withdrawn = False
        core = self._core
        return [
            *(FetchBundle(core.own_device, protocol) for protocol in Protocol),
            *(FetchDeviceList(core.own_jid, protocol) for protocol in Protocol),
        ]

    # The device list

    def without_ended(self, device_list: DeviceList) -> DeviceList:
        """
        A list of ours as it will be once the server has taken the ended devices off.

        SECURITY: nothing is encrypted for such an id, whatever keys the server has
        for it by now.
        """
        if not self.ended & device_list.ids:
            return device_list
        left = (d for d in device_list.devices if d.device_id not in self.ended)
        return replace(device_list, devices=tuple(left))

    def list_received(self, device_list: DeviceList) -> list[Effect]:
        """After the directory has taken our account's list over."""
        core = self._core
        protocol = device_list.protocol
        record = core.devices.add(core.own_device, core.now())
        if not record.listed.get(protocol) and not self.waits:
            record.listed[protocol] = True
            core.devices.save(record)
        own = [d for d in device_list.devices if d.device_id == core.device_id]
        entry = self._own_entry(protocol)
        if own and own[0].label == entry.label:
            self._announcements[protocol] = 0
            return []
        # SECURITY: a server could show our list with and without us in turn, and
        # would have us publish for ever
        if not own and self._removals_mended[protocol] >= _ANNOUNCE_MAX:
            return []
        others = [d for d in device_list.devices if d.device_id != core.device_id]
        effects = self._announce(DeviceList(protocol, (*others, entry)))
        if effects and not own:
            self._removals_mended[protocol] += 1
        return effects

    def list_missing(self, protocol: Protocol) -> list[Effect]:
        """Our account has no list at all."""
        return self._announce(DeviceList(protocol, (self._own_entry(protocol),)))

    def _announce(self, device_list: DeviceList) -> list[Effect]:
        protocol = device_list.protocol
        if self.waits or self.held or not self._bundle_on_server[protocol]:
            self._list_wanted[protocol] = device_list
            return []
        if self._announcements[protocol] >= _ANNOUNCE_MAX:
            return []
        self._announcements[protocol] += 1
        return [PublishDeviceList(device_list)]

    def lists_without(
        self, device: Device, protocols: Iterable[Protocol] = Protocol
    ) -> list[Effect]:
        """Our lists without one of our devices, where it is listed."""
        records = self._core.devices.of(self._core.own_jid)
        known = records.get(device.device_id)
        listed = {} if known is None else known.listed
        return [
            PublishDeviceList(
                DeviceList(
                    protocol,
                    tuple(
                        ListedDevice(number, record.label, record.label_signature)
                        if protocol is Protocol.OMEMO_2
                        else ListedDevice(number)
                        for number, record in sorted(records.items())
                        if record.listed.get(protocol) and record.device != device
                    ),
                )
            )
            for protocol in protocols
            if listed.get(protocol)
        ]

    # The bundle

    def own_bundle_received(self, bundle: Bundle) -> list[Effect]:
        """The server has sent its copy of our bundle."""
        protocol = bundle.protocol
        self._offered[protocol] = frozenset(bundle.prekeys.values())
        if bundle == self._core.prekeys[protocol].bundle():
            return self._bundle_is_there(protocol)
        if self._core.catching_up and self._is_from_before(bundle):
            # More may be used in a moment, so it is published when the catch-up ends
            self._dirty.add(protocol)
            return self._bundle_is_there(protocol)
        return self._publish(protocol)

    def _is_from_before(self, bundle: Bundle) -> bool:
        """Whether a bundle of ours differs from the present one in nothing but
        prekeys that have been used since."""
        prekeys = self._core.prekeys[bundle.protocol]
        present = prekeys.bundle()
        return replace(bundle, prekeys=present.prekeys) == present and all(
            present.prekeys.get(number) == prekey or prekeys.is_used(prekey)
            for number, prekey in bundle.prekeys.items()
        )

    def own_bundle_missing(self, protocol: Protocol) -> list[Effect]:
        return self._publish(protocol)

    def bundle_published(self, bundle: Bundle) -> list[Effect]:
        """The server took a bundle of this device."""
        self._offered[bundle.protocol] = frozenset(bundle.prekeys.values())
        self._bundle_tries[bundle.protocol] = 0
        return self._bundle_is_there(bundle.protocol)

    def _bundle_is_there(self, protocol: Protocol) -> list[Effect]:
        self._bundle_on_server[protocol] = True
        wanted = self._list_wanted.pop(protocol, None)
        return [] if wanted is None else self._announce(wanted)

    def _publish(self, protocol: Protocol) -> list[Effect]:
        core = self._core
        if self.waits:
            self._dirty.add(protocol)
            return []
        if self._bundle_tries[protocol] >= _ANNOUNCE_MAX:
            return []
        self._bundle_tries[protocol] += 1
        self._dirty.discard(protocol)
        self._published_at[protocol] = core.now()
        core.prekeys[protocol].refill()
        bundle = core.prekeys[protocol].bundle()
        # Prekeys have to be in the store before anybody can use them
        core.commit()
        return [PublishBundle(core.device_id, bundle)]

    def publish_failed(self, effect: Effect, *, refused: bool = True) -> list[Effect]:
        """
        A publication has failed, after the caller has tried to set the node's
        options. At most three tries a connection.

        Args:
            refused: the server has answered with an error.
        """
        if isinstance(effect, PublishBundle):
            again = self._publish(effect.bundle.protocol)
            tries = self._bundle_tries[effect.bundle.protocol]
        elif isinstance(effect, PublishDeviceList):
            again = self._announce(effect.device_list)
            tries = self._announcements[effect.device_list.protocol]
        else:
            return []
        if refused and not again and tries >= _ANNOUNCE_MAX:
            return self._say_once(KeysNotTaken())
        return again

    def stays_closed(self) -> list[Effect]:
        """The server has our keys, and does not let everybody read them."""
        return self._say_once(KeysHidden())

    def _say_once(self, effect: Effect) -> list[Effect]:
        if self._withdrawn or effect in self._said:
            return []
        self._said.add(effect)
        return [effect]

    def prekey_used(self, protocol: Protocol) -> None:
        self._dirty.add(protocol)

    def maintain(self) -> list[Effect]:
        """Refill, rotate, and publish what changed. Not during a catch-up."""
        core = self._core
        now = core.now()
        effects: list[Effect] = []
        for protocol, prekeys in core.prekeys.items():
            prekeys.delete_used(now)
            if prekeys.rotate_if_due(now):
                self._dirty.add(protocol)
            recent = 0 <= now - self._published_at[protocol] < _BUNDLE_INTERVAL
            if protocol not in self._dirty or recent or self._withdrawn:
                continue
            self._bundle_tries[protocol] = 0
            effects += self._publish(protocol)
        return effects

    def forget_used(self) -> None:
        """
        Delete the used prekeys that the server does not offer any more: they open the
        first messages of a session. For when the user locks or quits; otherwise they
        are kept for a while, see `Prekeys`.

        During a catch-up nothing is deleted, because the archive may have messages for
        them. Nor is anything before the server is known to have another bundle.
        """
        if self._core.catching_up:
            return
        for protocol, offered in self._offered.items():
            self._core.prekeys[protocol].delete_withdrawn(offered)

    def catch_up_ended(self) -> list[Effect]:
        for protocol, prekeys in self._core.prekeys.items():
            if prekeys.refill() or prekeys.some_used:
                self._dirty.add(protocol)
        return self.maintain()

    def new_own_devices(self, devices: tuple[Device, ...]) -> list[Effect]:
        """Our account has devices we have not seen before: the user is told,
        also where their keys are not known yet."""
        core = self._core
        trust = core.initial_trust(core.own_jid)
        found = [core.devices.get(device) for device in devices]
        return [
            effect
            for record in found
            if record is not None
            for effect in core.announce(record, trust)
        ]
