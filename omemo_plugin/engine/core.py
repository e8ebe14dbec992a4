# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the parts of the engine share: one account's open store and the objects
on top of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import xeddsa
from omemo.identity_key_pair import IdentityKeyPair

from . import fast
from .deciding import Deciding
from .deciding import forms
from .deciding import told
from .devices import DeviceRecord
from .devices import Devices
from .effects import Effect
from .effects import IdentityKeyAlarm
from .effects import NewDevices
from .errors import OmemoError
from .errors import StoreDamaged
from .errors import StoreError
from .prekeys import Prekeys
from .sessions import Sessions
from .storage import KeyStorage
from .store import Store
from .values import DEVICE_ID_MAX
from .values import Device
from .values import Protocol
from .values import Trust
from .wire import fingerprint
from .witness import Witness

_DEVICE_ID = "/own_device_id"
_BLIND_TRUST = "/gajim/blind_trust"
_BLIND_TRUST_OF = "/gajim/blind_trust_of/"


class Core:
    """The state of one account's engine."""

    def __init__(
        self,
        path: Path,
        own_jid: str,
        clock: Callable[[], float],
        witness_path: Path | None = None,
    ) -> None:
        self.own_jid = own_jid
        self._clock = clock
        # How often what was not committed has been forgotten
        self.rollbacks = 0
        # Called then by those who remember what may not hold any more
        self.after_rollback: list[Callable[[], None]] = []
        self.witness = Witness(witness_path)
        self.store = Store(path)
        try:
            self._prepare()
        except BaseException as error:
            self.store.rollback()
            self.store.close()
            if isinstance(error, OmemoError) or not isinstance(error, Exception):
                raise
            # What a library says of values that were not its own
            raise StoreDamaged("the key store makes no sense") from error

    def _prepare(self) -> None:
        self.devices = Devices(self.store)
        self.deciding = Deciding(self.store, self.devices, self.own_jid)
        self.sessions = {p: Sessions(self.store, p) for p in Protocol}
        fresh = self.store.get(_DEVICE_ID) is None
        if fresh:
            self.store.put(_DEVICE_ID, secrets.randbelow(DEVICE_ID_MAX) + 1)
        self.device_id: int = self.store.get(_DEVICE_ID)
        self.own_device = Device(self.own_jid, self.device_id)
        identity = fast.run(IdentityKeyPair.get(KeyStorage(self.store)))
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
        else:
            # Better found damaged now than with the first message
            for prekeys in self.prekeys.values():
                prekeys.bundle()
        self.catching_up = False

    def _make_own_record(self) -> None:
        record = self.devices.add(self.own_device, self.now())
        record.listed = dict.fromkeys(Protocol, True)
        self.devices.learn_identity(record, self.identity_key, sign_known=True)
        self.devices.set_trust(self.own_jid, self.identity_key, Trust.VERIFIED)

    def sign(self, text: str) -> bytes:
        """With our identity key (XEP-0384 0.9.1, "Devices": `labelsig`)."""
        identity = fast.run(IdentityKeyPair.get(KeyStorage(self.store)))
        signature: bytes = xeddsa.ed25519_priv_sign(
            identity.as_priv().priv, text.encode()
        )
        return signature

    def now(self) -> int:
        return int(self._clock())

    # Durability

    @property
    def uncommitted(self) -> bool:
        return self.store.uncommitted or any(
            sessions.uncommitted for sessions in self.sessions.values()
        )

    def commit(self) -> None:
        """
        Raises:
            StoreError: nothing was written, and the engine is back at what the
                store has: nothing that depends on the lost state may be sent.
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
        self.witness.write(self.device_id, generation)

    @property
    def is_behind(self) -> bool:
        """Whether the store is older than it was when something was sent."""
        return self.store.generation < self.witness.generation(self.device_id)

    def rollback(self) -> None:
        self.rollbacks += 1
        self.store.rollback()
        self.devices.forget_cache()
        for sessions in self.sessions.values():
            sessions.forget_cache()
        for forget in self.after_rollback:
            forget()

    # Trust

    @property
    def blind_trust(self) -> bool:
        """Whether keys of contacts nobody verified are trusted blindly."""
        value: bool = self.store.get(_BLIND_TRUST, True)
        return value

    @blind_trust.setter
    def blind_trust(self, value: bool) -> None:
        self.store.put(_BLIND_TRUST, value)

    def blind_trust_of(self, jid: str) -> bool | None:
        """What was chosen for one account; None for what holds for all."""
        value: bool | None = self.store.get(_BLIND_TRUST_OF + jid)
        return value

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        if value is None:
            self.store.delete(_BLIND_TRUST_OF + jid)
        else:
            self.store.put(_BLIND_TRUST_OF + jid, value)

    def initial_trust(self, jid: str) -> Trust:
        """Blind trust before verification, and nothing of the kind after. Our
        own key does not count as one the user verified."""
        chosen = self.blind_trust_of(jid)
        if not (self.blind_trust if chosen is None else chosen):
            return Trust.UNDECIDED
        own_key = self.identity_key if jid == self.own_jid else None
        verified = self.devices.any_verified(jid, but=own_key)
        verified = verified or self.deciding.expected.any_verified(jid)
        return Trust.UNDECIDED if verified else Trust.BLIND

    def meet(
        self, record: DeviceRecord, identity_key: bytes, *, sign_known: bool
    ) -> tuple[bool, list[Effect]]:
        """
        A device presents its identity key, in a bundle or in a key exchange.

        Returns:
            Whether it is to be accepted, and what the user has to know.
        """
        known = record.identity_key
        if not self.devices.learn_identity(record, identity_key, sign_known=sign_known):
            assert known is not None
            alarm: list[Effect] = []
            if not record.refused_key:
                record.refused_key = True
                self.devices.save(record)
                alarm.append(
                    IdentityKeyAlarm(
                        record.device, fingerprint(known), fingerprint(identity_key)
                    )
                )
            return False, alarm
        if known is not None:
            return True, []
        return True, self._meet_first(record)

    def _meet_first(self, record: DeviceRecord) -> list[Effect]:
        """The key of a device is known now, and was not before."""
        identity_key = record.identity_key
        assert identity_key is not None
        jid = record.device.jid
        expected = self.deciding.expected
        awaited = expected.fingerprint_of(record.device)
        said = expected.take_key(jid, forms(identity_key))
        decided = self.devices.is_decided(jid, identity_key)
        presented = fingerprint(identity_key)
        if awaited is not None and awaited != presented:
            # SECURITY: the user has seen the right key. What was awaited stays
            # awaited, for when this one has been removed
            self.devices.set_trust(jid, identity_key, Trust.DISTRUSTED)
            self.deciding.settled(jid, identity_key, Trust.DISTRUSTED)
            return [
                IdentityKeyAlarm(record.device, awaited, presented, in_advance=True)
            ]
        if awaited is not None:
            expected.take_device(record.device)
            trust = Trust.VERIFIED
        elif said is not None and (
            not decided
            or said[1] >= self.deciding.decided_at(jid, identity_key, self.now())
        ):
            trust = said[0]
            self.deciding.note_decided(jid, identity_key, said[1])
        elif decided:
            return []
        else:
            trust = self.initial_trust(jid)
        self.devices.set_trust(jid, identity_key, trust)
        effects: list[Effect] = [NewDevices(jid, (record.device,), trust)]
        follow = self.deciding.settled(jid, identity_key, trust)
        effects += told(self.deciding.believe(follow, self.now()))
        return effects
