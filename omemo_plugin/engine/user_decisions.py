# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user decides about keys, by hand or with a code."""

from __future__ import annotations

from .core import Core
from .deciding import Change
from .deciding import told
from .decisions import Decisions
from .devices import DeviceRecord
from .effects import Effect
from .errors import OmemoError
from .trust_messages import TrustMessages
from .values import Device
from .values import Trust
from .wire import fingerprint

# A decision by hand can be undone for so long, in seconds; then it is told to
# other devices
UNDO_SECONDS = 30


class UserDecisions:
    """Carries out the user's decisions. See `OmemoEngine` for what is raised."""

    def __init__(self, core: Core, trust_messages: TrustMessages) -> None:
        self._core = core
        self._trust_messages = trust_messages

    def set_trust(self, device: Device, trust: Trust) -> None:
        """A decision on one device by hand."""
        core = self._core
        record = core.devices.get(device)
        if record is None or record.identity_key is None:
            raise OmemoError("the key of this device is not known")
        if device == core.own_device:
            raise OmemoError("the own device is always trusted")
        if core.devices.trust(record) is trust:
            return
        self._trust_messages.take_back(record)
        self._set_trust(record, trust)
        core.deciding.hold(device.jid, record.identity_key, core.now() + UNDO_SECONDS)
        if trust in (Trust.VERIFIED, Trust.DISTRUSTED):
            due = core.now() + UNDO_SECONDS
            self._trust_messages.decided([(record, trust)], due)
        core.commit()

    def _set_trust(self, record: DeviceRecord, trust: Trust) -> None:
        core = self._core
        assert record.identity_key is not None
        core.devices.set_trust(record.device.jid, record.identity_key, trust)
        core.deciding.note_decided(record.device.jid, record.identity_key, core.now())

    def decide(self, jid: str, decisions: Decisions) -> list[Effect]:
        """What a code says."""
        core = self._core
        decided: dict[Device, tuple[DeviceRecord, Trust]] = {}

        def take(record: DeviceRecord, trust: Trust) -> None:
            if record.device != core.own_device:
                decided[record.device] = (record, trust)

        def take_key(key: str, trust: Trust) -> bool:
            found = core.deciding.having(jid, key)
            for record in found:
                take(record, trust)
            return bool(found)

        for key in decisions.trusted:
            if not take_key(key, Trust.VERIFIED):
                core.deciding.expected.expect_key(jid, key, Trust.VERIFIED, core.now())
        for number, value in decisions.devices.items():
            device = Device(jid, number)
            known = core.devices.get(device)
            if known is not None and known.identity_key is not None:
                agrees = fingerprint(known.identity_key) == value
                take(known, Trust.VERIFIED if agrees else Trust.DISTRUSTED)
                if agrees:
                    core.deciding.expected.take_device(device)
                    # The other key it presented was not its own
                    core.devices.clear_refusal(known)
                if agrees or device == core.own_device:
                    continue
            elif take_key(value, Trust.VERIFIED):
                continue
            core.deciding.expected.expect_device(device, value)
        for key in decisions.distrusted:
            if not take_key(key, Trust.DISTRUSTED):
                core.deciding.expected.expect_key(
                    jid, key, Trust.DISTRUSTED, core.now()
                )
        changes: list[Change] = []
        news: list[tuple[DeviceRecord, Trust]] = []
        for record, trust in decided.values():
            assert record.identity_key is not None
            core.deciding.release(jid, record.identity_key)
            if core.devices.trust(record) is not trust:
                self._trust_messages.take_back(record)
                self._set_trust(record, trust)
                news.append((record, trust))
        for record, trust in news:
            assert record.identity_key is not None
            follow = core.deciding.settled(jid, record.identity_key, trust)
            changes += core.deciding.believe(follow, core.now())
        self._trust_messages.decided(news, core.now())
        core.commit()
        return [*told(changes), *self._trust_messages.due()]
