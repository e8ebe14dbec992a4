# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's decisions about keys, made by hand or with a code."""

from __future__ import annotations

from ..backend.codec import fingerprint
from ..effects import Effect
from ..errors import OmemoError
from ..state.core import Core
from ..state.devices import DeviceRecord
from ..state.trust_decisions import Change
from ..state.trust_decisions import trust_changes
from ..values import Alarm
from ..values import AlarmKind
from ..values import CodeClaims
from ..values import Device
from ..values import Trust
from .trust_messages import Decided
from .trust_messages import TrustMessages

# How long the user can undo a decision by hand, in seconds. Then other devices are
# told about it
UNDO_SECONDS = 30


class UserDecisions:
    """Carries out the user's decisions."""

    def __init__(self, core: Core, trust_messages: TrustMessages) -> None:
        self._core = core
        self._trust_messages = trust_messages

    # Blind trust

    @property
    def blind_trust(self) -> bool:
        """Whether new devices of a contact are trusted blindly, as long as the
        user has verified none of that contact's devices."""
        return self._core.blind_trust

    @blind_trust.setter
    def blind_trust(self, value: bool) -> None:
        self._core.blind_trust = value
        self._core.commit()

    def blind_trust_of(self, jid: str) -> bool | None:
        """The user's choice for one account; None where `blind_trust` holds."""
        return self._core.blind_trust_of(jid)

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        """Choose for one account. Known keys keep their trust."""
        self._core.set_blind_trust_of(jid, value)
        self._core.commit()

    # Decisions

    def set_trust(self, device: Device, trust: Trust) -> None:
        """
        The user decides on a device by hand.

        The consequences (other devices are told, and what the device said of
        others counts) follow after `UNDO_SECONDS`, with the engine's `tick`. If
        the trust is set back until then, nothing is left of the decision.

        Raises:
            OmemoError: its key is not known yet, or it is this device.
            StoreError: nothing was changed.
        """
        core = self._core
        record = core.devices.get(device)
        if record is None or record.identity_key is None:
            raise OmemoError("the key of this device is not known")
        if device == core.own_device:
            raise OmemoError("the own device is always trusted")
        if core.devices.trust(record) is trust and not record.returned:
            return
        self._trust_messages.cancel(record)
        self._set_trust(record, trust)
        core.decisions.hold(device.jid, record.identity_key, core.now() + UNDO_SECONDS)
        if trust in (Trust.VERIFIED, Trust.DISTRUSTED):
            due = core.now() + UNDO_SECONDS
            self._trust_messages.queue([(record, trust)], due)
        core.commit()

    def _set_trust(self, record: DeviceRecord, trust: Trust) -> None:
        core = self._core
        assert record.identity_key is not None
        if record.returned:
            record.returned = False
            core.devices.save(record)
        core.alarms.remove(AlarmKind.DEVICE_RETURNED, record.device)
        if trust is Trust.VERIFIED:
            # A later check has succeeded
            core.alarms.remove(AlarmKind.CHECK_FAILED, Device(record.device.jid, 0))
        if record.refused_key and trust is Trust.UNDECIDED:
            # The user takes an answer back, and is asked again
            core.alarms.add(Alarm(AlarmKind.KEY_CHANGED, record.device, core.now()))
        core.devices.set_trust(record.device.jid, record.identity_key, trust)
        core.decisions.note_user_decided(
            record.device.jid, record.identity_key, core.now()
        )

    def decide(self, jid: str, claims: CodeClaims) -> list[Effect]:
        """
        Apply the claims of a code in one transaction: a device whose key agrees
        becomes verified, a device with another key distrusted, and a device that
        is not known yet is verified in advance. The caller has made sure that
        the code can be trusted.

        Args:
            jid: the account whose code it is.

        Returns:
            The consequences.

        Raises:
            StoreError: nothing was changed.
        """
        core = self._core
        decided = self._decided_by(jid, claims)
        changed: list[Decided] = []
        for record, trust in decided.values():
            assert record.identity_key is not None
            core.decisions.release(jid, record.identity_key)
            if core.devices.trust(record) is not trust or record.returned:
                self._trust_messages.cancel(record)
                self._set_trust(record, trust)
                changed.append((record, trust))
        changes: list[Change] = []
        for record, trust in changed:
            assert record.identity_key is not None
            statements = core.decisions.take_statements(jid, record.identity_key, trust)
            changes += core.decisions.apply_statements(statements, core.now())
        self._trust_messages.queue(changed, core.now())
        core.commit()
        return [*trust_changes(changes), *self._trust_messages.due()]

    def withdraw(self, jid: str, claims: CodeClaims) -> None:
        """
        The user takes a code back: forget what it claims of keys that no known
        device has.

        Args:
            jid: the account whose code it was.

        Raises:
            StoreError: nothing was changed.
        """
        preverified = self._core.decisions.preverified
        for number, value in claims.devices.items():
            device = Device(jid, number)
            if preverified.fingerprint_of(device) == value:
                preverified.take_device(device)
        for key in (*claims.trusted, *claims.distrusted):
            preverified.take_key(jid, (key, key))
        self._core.commit()

    def _decided_by(  # noqa: C901 - one case after the other
        self, jid: str, claims: CodeClaims
    ) -> dict[Device, Decided]:
        """
        Compare a code with the known devices of the account, and keep what it
        claims of unknown ones for the time when they are met.

        Returns:
            The decision on each known device that the code is about.
        """
        core = self._core
        preverified = core.decisions.preverified
        decided: dict[Device, Decided] = {}

        def decide(record: DeviceRecord, trust: Trust) -> None:
            if record.device != core.own_device:
                decided[record.device] = (record, trust)

        def decide_on_key(key: str, trust: Trust) -> bool:
            found = core.decisions.devices_with_key(jid, key)
            for record in found:
                decide(record, trust)
            return bool(found)

        for key in claims.trusted:
            if not decide_on_key(key, Trust.VERIFIED):
                preverified.add_key(jid, key, Trust.VERIFIED, core.now())
        for number, value in claims.devices.items():
            device = Device(jid, number)
            known = core.devices.get(device)
            if known is not None and known.identity_key is not None:
                agrees = fingerprint(known.identity_key) == value
                decide(known, Trust.VERIFIED if agrees else Trust.DISTRUSTED)
                if agrees:
                    preverified.take_device(device)
                    # The other key it presented was not its own
                    core.devices.clear_refusal(known)
                if agrees or device == core.own_device:
                    continue
            elif decide_on_key(value, Trust.VERIFIED):
                continue
            preverified.add_device(device, value)
        for key in claims.distrusted:
            if not decide_on_key(key, Trust.DISTRUSTED):
                preverified.add_key(jid, key, Trust.DISTRUSTED, core.now())
        return decided

    def due(self) -> list[Effect]:
        """The consequences of decisions that can no longer be undone."""
        core = self._core
        changes = core.decisions.apply_kept(core.now())
        if changes:
            core.commit()
        return [*trust_changes(changes), *self._trust_messages.due()]
