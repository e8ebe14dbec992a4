# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The state that the parts of the engine share: one account's open store and the objects
on top of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from collections.abc import Collection
from pathlib import Path

import xeddsa

from ..backend.codec import fingerprint
from ..backend.codec import same_identity
from ..effects import Effect
from ..effects import NewDevices
from ..errors import BundleRefused
from ..errors import OmemoError
from ..errors import StoreDamaged
from ..errors import StoreError
from ..values import DEVICE_ID_MAX
from ..values import Alarm
from ..values import AlarmKind
from ..values import Device
from ..values import Protocol
from ..values import Trust
from .alarms import Alarms
from .device_names import DeviceNames
from .devices import DeviceRecord
from .devices import Devices
from .diary import Diary
from .identity import load_identity
from .prekeys import Prekeys
from .rollback_marker import RollbackMarker
from .sessions import Sessions
from .silence import Silence
from .store import Store
from .trust_decisions import TrustDecisions
from .trust_decisions import forms
from .trust_decisions import trust_changes

_DEVICE_ID = "/own_device_id"
BLIND_TRUST = "/gajim/blind_trust"
_BLIND_TRUST_OF = "/gajim/blind_trust_of/"
_WITHDRAWN = "/gajim/withdrawn/"

# Our own device lists as they were when they came for the first time
_OWN_LISTS = "/gajim/own_lists"

# More than one for each day of a year, of somebody who has a temporary one each day
UNLISTED_MAX = 400


class Core:
    """The state of one account's engine."""

    def __init__(
        self,
        path: Path,
        own_jid: str,
        clock: Callable[[], float],
        rollback_marker_path: Path | None = None,
    ) -> None:
        self.own_jid = own_jid
        self._clock = clock
        self._is_fresh = False
        # The number of rollbacks
        self.rollbacks = 0
        # Called after a rollback: caches drop values that were not committed
        self.after_rollback: list[Callable[[], None]] = []
        # Called with a device that is forgotten
        self.after_forgetting: list[Callable[[Device], None]] = []
        self.rollback_marker = RollbackMarker(rollback_marker_path)
        self.store = Store(path)
        try:
            self._prepare()
        except BaseException as error:
            self.store.rollback()
            self.store.close()
            if isinstance(error, OmemoError) or not isinstance(error, Exception):
                raise
            # A library cannot read what the store has
            raise StoreDamaged("the key store makes no sense") from error

    def _prepare(self) -> None:
        self.alarms = Alarms(self.store)
        self.names = DeviceNames(self.store)
        self.diary = Diary(self.store)
        self.devices = Devices(self.store)
        self.decisions = TrustDecisions(self.store, self.devices, self.own_jid)
        self.sessions = {p: Sessions(self.store, p) for p in Protocol}
        self.silence = Silence(self.devices, self.sessions, self.own_jid)
        self._is_fresh = fresh = self.store.get(_DEVICE_ID) is None
        if fresh:
            self.store.put(_DEVICE_ID, secrets.randbelow(DEVICE_ID_MAX) + 1)
        self.device_id: int = self.store.get(_DEVICE_ID)
        self.own_device = Device(self.own_jid, self.device_id)
        identity = load_identity(self.store)
        self.identity_key: bytes = identity.identity_key
        self.prekeys = {
            p: Prekeys(
                self.store,
                self.sessions[p].backend,
                p,
                self.own_jid,
                self.device_id,
            )
            for p in Protocol
        }
        if fresh:
            self._make_own_record()
            for prekeys in self.prekeys.values():
                prekeys.create(self.now())
            self.commit()
            self.rollback_marker.adopt(self.device_id)
        else:
            # A damaged store is detected now, and not by the first message
            for prekeys in self.prekeys.values():
                prekeys.bundle()
        self.catching_up = False

    def _make_own_record(self) -> None:
        record = self.devices.add(self.own_device, self.now())
        record.listed = dict.fromkeys(Protocol, True)
        self.devices.learn_identity(record, self.identity_key, sign_known=True)
        self.devices.set_trust(self.own_jid, self.identity_key, Trust.VERIFIED)

    def sign(self, text: str) -> bytes:
        """Sign with our identity key (XEP-0384 0.9.1, "Devices": `labelsig`)."""
        identity = load_identity(self.store)
        signature: bytes = xeddsa.ed25519_priv_sign(
            identity.as_priv().priv, text.encode()
        )
        return signature

    def now(self) -> int:
        return int(self._clock())

    def exactly_now(self) -> float:
        return self._clock()

    # Durability

    @property
    def uncommitted(self) -> bool:
        return self.store.uncommitted or any(
            sessions.uncommitted for sessions in self.sessions.values()
        )

    def commit(self) -> None:
        """
        Raises:
            StoreError: nothing was written, and the engine is back at the last commit.
                Nothing that depends on the lost state may be sent.
        """
        try:
            for sessions in self.sessions.values():
                sessions.write()
            self.store.commit()
        except StoreError:
            self.rollback()
            raise

    def flush(self) -> None:
        """
        Wait until everything committed is on the disk. From any thread.

        Raises:
            StoreError: the disk refused; nothing may be sent.
        """
        generation = self.store.generation
        self.store.flush()
        self.rollback_marker.write(self.device_id, generation)

    @property
    def is_behind(self) -> bool:
        """Whether the store is older than it was when something was sent, or than
        the one of another device that has been used here since."""
        ahead = self.rollback_marker.is_ahead(self.device_id, self.store.generation)
        return ahead and not self._is_fresh

    def rollback(self) -> None:
        self.rollbacks += 1
        self.store.rollback()
        self.devices.forget_cache()
        for sessions in self.sessions.values():
            sessions.forget_cache()
        for forget in self.after_rollback:
            forget()

    # Devices that have left

    def forget_oldest(self, jid: str) -> None:
        """
        Forget the devices of an account that are in no list, beyond a limit: those
        that were not met for longest, and that nobody has decided on.

        SECURITY: anybody can make devices without end, in lists or with a key
        exchange each, and the window that shows them would take minutes.
        """
        left = [
            record
            for record in self.devices.of(jid).values()
            if not record.active and record.device != self.own_device
        ]
        if len(left) <= UNLISTED_MAX:
            return
        left.sort(key=lambda one: (one.refused_key, max(one.first_seen, one.last_seen)))
        for record in left[: len(left) - UNLISTED_MAX]:
            key = record.identity_key
            if key is not None and (
                self.decisions.is_decided(jid, key)
                or self.devices.trust(record) in (Trust.VERIFIED, Trust.DISTRUSTED)
            ):
                continue
            for sessions in self.sessions.values():
                sessions.forget(record.device)
            for forget in self.after_forgetting:
                forget(record.device)
            self.names.set(record.device, "")
            self.devices.remove(record.device)
            if key is not None:
                self.devices.forget_trust(jid, key)

    # Trust

    @property
    def blind_trust(self) -> bool:
        """Whether keys of a contact are trusted blindly before the user has
        verified one of them."""
        value: bool = self.store.get(BLIND_TRUST, True)
        return value

    @blind_trust.setter
    def blind_trust(self, value: bool) -> None:
        self.store.put(BLIND_TRUST, value)

    def blind_trust_of(self, jid: str) -> bool | None:
        """The user's choice for one account; None where the general one holds."""
        value: bool | None = self.store.get(_BLIND_TRUST_OF + jid)
        return value

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        if value is None:
            self.store.delete(_BLIND_TRUST_OF + jid)
        else:
            self.store.put(_BLIND_TRUST_OF + jid, value)

    def initial_trust(self, jid: str) -> Trust:
        """The trust of a new key: blind before the user has verified a key of the
        account, undecided after that. Our own key does not count as verified."""
        chosen = self.blind_trust_of(jid)
        if not (self.blind_trust if chosen is None else chosen):
            return Trust.UNDECIDED
        own_key = self.identity_key if jid == self.own_jid else None
        verified = self.devices.any_verified(jid, but=own_key)
        verified = verified or self.decisions.preverified.any_verified(jid)
        return Trust.UNDECIDED if verified else Trust.BLIND

    def raise_alarm(self, kind: AlarmKind, device: Device) -> list[Effect]:
        """Keep an alarm; none is raised for one that is open."""
        return self.alarms.add(Alarm(kind, device, self.now()))

    def announce(self, record: DeviceRecord, trust: Trust) -> list[Effect]:
        """Tell the user of a new device: an alarm where the user has to answer for
        it."""
        device = record.device
        if device.jid == self.own_jid:
            if self._was_there_before(device):
                return [NewDevices(device.jid, (device,), trust)]
            if trust is not Trust.VERIFIED:
                return self.raise_alarm(AlarmKind.OWN_DEVICE, device)
        elif trust is Trust.UNDECIDED and (
            self.devices.any_verified(device.jid)
            or self.decisions.preverified.any_verified(device.jid)
        ):
            return self.raise_alarm(AlarmKind.NEW_DEVICE, device)
        return [NewDevices(device.jid, (device,), trust)]

    def note_own_list(self, protocol: Protocol, ids: Collection[int] = ()) -> None:
        """The server has answered with our own device list. What the first one
        names was there before this device."""
        lists: dict[str, list[int]] = self.store.get(_OWN_LISTS, {})
        if protocol.namespace not in lists:
            lists[protocol.namespace] = sorted(ids)
            self.store.put(_OWN_LISTS, lists)

    def _was_there_before(self, device: Device) -> bool:
        lists: dict[str, list[int]] = self.store.get(_OWN_LISTS, {})
        return any(device.device_id in ids for ids in lists.values())

    def is_withdrawn(self, jid: str) -> bool:
        """Whether a contact that had devices lists none any more."""
        value: bool = self.store.get(_WITHDRAWN + jid, False)
        return value and jid != self.own_jid

    def set_withdrawn(self, jid: str, value: bool) -> None:
        """Note it; nothing is raised."""
        if self.is_withdrawn(jid) == value:
            return
        if value:
            self.store.put(_WITHDRAWN + jid, True)
        else:
            self.store.delete(_WITHDRAWN + jid)

    def refuse_borrowed(self, device: Device, identity_key: bytes) -> list[Effect]:
        """
        A device shows an identity key that is not its own. What is encrypted for it
        could be read by somebody else, under another name.

        Raises:
            BundleRefused: it is the key of another account, and the user has been
                told. Otherwise the effects say so; none if the key is its own.
        """
        owner = self.devices.owner_of(identity_key)
        if owner is None or owner == device.jid:
            return []
        if self._is_given_up(owner, identity_key):
            return []
        alarm = Alarm(AlarmKind.BORROWED_KEY, device, self.now(), owner)
        effects = self.alarms.add(alarm)
        if not effects:
            raise BundleRefused("the identity key of another account")
        return effects

    def _is_given_up(self, owner: str, identity_key: bytes) -> bool:
        """Whether a key is refused under the account that showed it first: anybody
        can copy a bundle of somebody whom the user has not met yet."""
        records = [
            record
            for record in self.devices.of(owner).values()
            if record.identity_key is not None
            and same_identity(record.identity_key, identity_key)
        ]
        return bool(records) and all(
            self.devices.trust(record) is Trust.DISTRUSTED for record in records
        )

    def meet(
        self, record: DeviceRecord, identity_key: bytes, *, sign_known: bool
    ) -> tuple[bool, list[Effect]]:
        """
        A device presents its identity key, in a bundle or in a key exchange.

        Returns:
            Whether the key is accepted, and effects that tell the user.
        """
        known = record.identity_key
        if not self.devices.learn_identity(record, identity_key, sign_known=sign_known):
            noted = self.devices.note_presented(
                record, identity_key, from_server=sign_known
            )
            if record.refused_key:
                if noted:
                    self.devices.save(record)
                return False, []
            record.refused_key = True
            self.devices.save(record)
            return False, self.raise_alarm(AlarmKind.KEY_CHANGED, record.device)
        if known is not None:
            return True, []
        return True, self._meet_first(record)

    def _meet_first(self, record: DeviceRecord) -> list[Effect]:
        """A device has presented its first identity key: give the key its trust."""
        identity_key = record.identity_key
        assert identity_key is not None
        jid = record.device.jid
        preverified = self.decisions.preverified
        required = preverified.fingerprint_of(record.device)
        stated = preverified.take_key(jid, forms(identity_key))
        decided = self.devices.is_decided(jid, identity_key)
        presented = fingerprint(identity_key)
        if required is not None and required != presented:
            # SECURITY: the user has seen the right key. Its entry stays, for the
            # time when this device has been removed
            self.devices.set_trust(jid, identity_key, Trust.DISTRUSTED)
            self.decisions.take_statements(jid, identity_key, Trust.DISTRUSTED)
            return self.raise_alarm(AlarmKind.NOT_THE_VERIFIED_KEY, record.device)
        if required is not None:
            preverified.take_device(record.device)
            trust = Trust.VERIFIED
        elif stated is not None and (
            not decided
            or stated[1] >= self.decisions.decided_at(jid, identity_key, self.now())
        ):
            trust = stated[0]
            self.decisions.note_decided(jid, identity_key, stated[1])
        elif decided:
            return []
        else:
            trust = self.initial_trust(jid)
        self.devices.set_trust(jid, identity_key, trust)
        effects = self.announce(record, trust)
        statements = self.decisions.take_statements(jid, identity_key, trust)
        changes = self.decisions.apply_statements(statements, self.now())
        effects += trust_changes(changes)
        return effects
