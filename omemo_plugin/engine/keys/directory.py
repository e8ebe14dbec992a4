# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Fetching other accounts' device lists and bundles, and asking again for those that did
not come.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass

import omemo.bundle

from ..backend.codec import CODECS
from ..backend.codec import same_identity
from ..effects import Effect
from ..effects import FetchBundle
from ..effects import FetchDeviceList
from ..errors import BundleRefused
from ..state.core import Core
from ..values import Bundle
from ..values import Device
from ..values import DeviceList
from ..values import Protocol

# XEP-0384 sets no limit; a list longer than this is an attack or a mistake
DEVICES_MAX = 200

# A bundle that is missing is asked for again after so many seconds: a client
# may publish its list before its bundle. Old devices without one are common,
# so the interval grows.
_RETRY_FIRST = 10
_RETRY_FACTOR = 6
_RETRY_LAST = 24 * 3600

# A user who presses "send" once more gets another try sooner
_RETRY_BY_HAND = 3


@dataclass
class _Failure:
    """The number of failures of a request, and the time to ask again."""

    count: int
    at: float
    refused: bool = False

    def due(self, now: float) -> bool:
        wait = min(_RETRY_FIRST * _RETRY_FACTOR ** (self.count - 1), _RETRY_LAST)
        # If the clock was set back, the wait would last for years
        return not 0 <= now - self.at < wait


class Directory:
    """The lists and bundles of others that were fetched in this run."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._checked: set[tuple[str, Protocol]] = set()
        self._fetching_lists: set[tuple[str, Protocol]] = set()
        self._fetching: set[tuple[Device, Protocol]] = set()
        self._bundles: dict[tuple[Device, Protocol], omemo.bundle.Bundle] = {}
        self._failures: dict[tuple[Device, Protocol], _Failure] = {}
        self._list_failures: dict[tuple[str, Protocol], _Failure] = {}
        core.after_rollback.append(self._rolled_back)
        core.after_forgetting.append(self.forget)

    def connected(self) -> None:
        """Requests on the old stream will not be answered."""
        self._checked.clear()
        self._fetching.clear()
        self._list_failures.clear()
        # Our own lists are asked for at every connection
        self._fetching_lists = {(self._core.own_jid, p) for p in Protocol}

    def _rolled_back(self) -> None:
        """
        Lists and identity keys that were not committed are not known any more,
        and are asked for again.

        SECURITY: a bundle whose identity key has been forgotten is not to be
        encrypted with.
        """
        self._checked.clear()
        self._bundles.clear()

    # Device lists

    def want_lists(self, jid: str) -> tuple[bool, list[Effect]]:
        """
        Make sure the lists of an account are known.

        Returns:
            Whether a message can be sent without waiting for them, and what to
            fetch. Lists in the store are good enough to go on with: changes
            come by themselves where there is a subscription.
        """
        wanted: list[Effect] = []
        for protocol in Protocol:
            key = (jid, protocol)
            if key in self._checked or key in self._fetching_lists:
                continue
            failure = self._list_failures.get(key)
            if failure is not None and not failure.due(self._core.now()):
                continue
            self._fetching_lists.add(key)
            wanted.append(FetchDeviceList(jid, protocol))
        pending = any((jid, p) in self._fetching_lists for p in Protocol)
        known = any(
            record.active and record.device != self._core.own_device
            for record in self._core.devices.of(jid).values()
        )
        ready = not pending or known or jid == self._core.own_jid
        return ready, wanted

    def list_received(self, jid: str, device_list: DeviceList) -> int:
        """
        Returns:
            The number of devices that are left out because there are too many.
        """
        core = self._core
        protocol = device_list.protocol
        self._fetching_lists.discard((jid, protocol))
        self._checked.add((jid, protocol))
        self._list_failures.pop((jid, protocol), None)
        ignored = max(0, len(device_list.devices) - DEVICES_MAX)
        if ignored:
            device_list = DeviceList(protocol, device_list.devices[:DEVICES_MAX])
        if not device_list.devices and jid != core.own_jid:
            self._withdraw(jid, protocol)
            return 0
        core.devices.apply_list(jid, device_list, core.now())
        core.forget_oldest(jid)
        core.set_withdrawn(jid, False)
        for entry in device_list.devices:
            # The device may have published its bundle by now
            failure = self._failures.get((Device(jid, entry.device_id), protocol))
            if failure is not None and failure.count <= 3:
                failure.at = core.now() - _RETRY_LAST
        return ignored

    def list_unavailable(self, jid: str, protocol: Protocol, permanent: bool) -> None:
        self._fetching_lists.discard((jid, protocol))
        if permanent:
            self._checked.add((jid, protocol))
            self._withdraw(jid, protocol)
            return
        failure = self._list_failures.get((jid, protocol))
        count = 1 if failure is None else failure.count + 1
        self._list_failures[jid, protocol] = _Failure(count, self._core.now())

    def _withdraw(self, jid: str, protocol: Protocol) -> None:
        """
        An account that had devices has no list any more. Its server could do
        this to make us fall back to plain text, so the devices stay known and
        the user is told, until there is a list again in either protocol.
        """
        core = self._core
        others = [
            record
            for record in core.devices.of(jid).values()
            if record.device != core.own_device
        ]
        elsewhere = any(
            listed
            for record in others
            for other, listed in record.listed.items()
            if other is not protocol
        )
        if elsewhere:
            core.devices.apply_list(jid, DeviceList(protocol), core.now())
        elif any(record.listed.get(protocol) for record in others):
            core.set_withdrawn(jid, True)

    # Bundles

    def want_bundles(
        self, device: Device, protocols: Iterable[Protocol]
    ) -> tuple[list[Effect], bool]:
        """
        Ask for the bundles that are missing.

        Returns:
            What to fetch, and whether any answer is still to come.
        """
        wanted: list[Effect] = []
        pending = False
        for protocol in protocols:
            key = (device, protocol)
            if key in self._fetching:
                pending = True
                continue
            failure = self._failures.get(key)
            if failure is not None and not failure.due(self._core.now()):
                continue
            self._fetching.add(key)
            wanted.append(FetchBundle(device, protocol))
            pending = True
        return wanted, pending

    def is_fetching(self, device: Device, protocols: Iterable[Protocol]) -> bool:
        """Whether any of these bundles has been requested and has not come yet."""
        return any((device, protocol) in self._fetching for protocol in protocols)

    def want_new_bundle(self, device: Device, protocol: Protocol) -> FetchBundle:
        """Ask in any case, to replace a session."""
        self._fetching.add((device, protocol))
        self._bundles.pop((device, protocol), None)
        return FetchBundle(device, protocol)

    def retry_for(self, jids: Collection[str]) -> list[Effect]:
        """
        The user wants to write to accounts none of whose devices has a bundle: ask
        again soon, even if the interval is not over.
        """
        now = self._core.now()
        wanted: list[Effect] = []
        for (device, protocol), failure in self._failures.items():
            if (
                device.jid in jids
                and (device, protocol) not in self._fetching
                and not 0 <= now - failure.at < _RETRY_BY_HAND
                and self._is_listed(device, protocol)
            ):
                self._fetching.add((device, protocol))
                wanted.append(FetchBundle(device, protocol))
        return wanted

    def _is_listed(self, device: Device, protocol: Protocol) -> bool:
        record = self._core.devices.get(device)
        return record is not None and bool(record.listed.get(protocol))

    def bundle(self, device: Device, protocol: Protocol) -> omemo.bundle.Bundle | None:
        """The bundle a session can be built from, as the backend takes it, or
        None."""
        return self._bundles.get((device, protocol))

    def bundle_used(self, device: Device, protocol: Protocol) -> None:
        self._bundles.pop((device, protocol), None)

    def bundle_received(self, device: Device, bundle: Bundle) -> list[Effect]:
        """
        Raises:
            BundleRefused: it cannot be used; the device gets nothing until
                it publishes another one.
        """
        core = self._core
        protocol = bundle.protocol
        self._fetching.discard((device, protocol))
        record = core.devices.get(device)
        if record is None:
            raise BundleRefused("a bundle of an unknown device")
        try:
            usable = CODECS[protocol].backend_bundle(
                device.jid, device.device_id, bundle
            )
            identity_key = CODECS[protocol].identity_of(bundle)
            self._refuse_borrowed(device, identity_key)
            alarm = core.refuse_borrowed(device, identity_key)
        except BundleRefused:
            self.refuse_bundle(device, protocol)
            raise
        except Exception as error:
            self.refuse_bundle(device, protocol)
            raise BundleRefused("unusable keys") from error
        if alarm:
            self.refuse_bundle(device, protocol)
            return alarm
        accepted, effects = core.meet(record, identity_key, sign_known=True)
        if accepted:
            self._failures.pop((device, protocol), None)
            self._bundles[device, protocol] = usable
        return effects

    def _refuse_borrowed(self, device: Device, identity_key: bytes) -> None:
        """A device that shows another device's identity key would get messages
        under that one's trust."""
        core = self._core
        others = [core.identity_key] if device != core.own_device else []
        others += [
            record.identity_key
            for record in core.devices.of(device.jid).values()
            if record.identity_key is not None and record.device != device
        ]
        if any(same_identity(identity_key, other) for other in others):
            raise BundleRefused("the identity key of another device")

    def forget(self, device: Device) -> None:
        """SECURITY: a bundle whose identity key has been forgotten is not to be
        encrypted with: the key has to be presented, and judged, again."""
        for protocol in Protocol:
            self._bundles.pop((device, protocol), None)
            self._failures.pop((device, protocol), None)

    def refuse_bundle(self, device: Device, protocol: Protocol) -> None:
        self._bundles.pop((device, protocol), None)
        self._fail(device, protocol, refused=True)

    def bundle_malformed(self, device: Device, protocol: Protocol) -> None:
        self._fetching.discard((device, protocol))
        self.refuse_bundle(device, protocol)

    def bundle_unavailable(self, device: Device, protocol: Protocol) -> None:
        self._fetching.discard((device, protocol))
        self._fail(device, protocol, refused=False)

    def _fail(self, device: Device, protocol: Protocol, *, refused: bool) -> None:
        failure = self._failures.get((device, protocol))
        count = 1 if failure is None else failure.count + 1
        self._failures[device, protocol] = _Failure(count, self._core.now(), refused)

    def was_refused(self, device: Device, protocol: Protocol) -> bool:
        failure = self._failures.get((device, protocol))
        return failure is not None and failure.refused
