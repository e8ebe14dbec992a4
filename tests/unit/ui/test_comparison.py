# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of one device is compared by hand."""

from __future__ import annotations

from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.comparison import Comparison
from omemo_plugin.verify.fingerprint import groups

from .conftest import BOB
from .conftest import FakeService
from .conftest import fingerprint
from .conftest import make

PHONE = Device(BOB, 1)


def compare(service: FakeService) -> Comparison:
    return Comparison(service, PHONE, "Bob")


def test_all_is_the_same(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, label="Phone"), make(BOB, 2)]
    shown = compare(service)
    assert shown.device_name == "Phone"
    assert shown.fingerprint == groups(fingerprint(1))
    assert "Ask Bob to read out" in shown.help
    outcome = shown.same()
    assert outcome is not None
    assert outcome.title == "“Phone” is verified"
    assert service.trust(PHONE) is Trust.VERIFIED
    assert service.trust(Device(BOB, 2)) is Trust.BLIND
    assert service.trust_undo.kept[BOB].trust[PHONE][1] is Trust.BLIND


def test_something_differs(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED), make(BOB, 2)]
    shown = compare(service)
    outcome = shown.differ()
    assert outcome.title == "Stop: you do not see the same"
    assert outcome.tone is Tone.ALARM
    assert outcome.again
    assert service.trust(PHONE) is Trust.DISTRUSTED
    assert service.trust(Device(BOB, 2)) is Trust.BLIND
    shown.undo()
    assert service.trust(PHONE) is Trust.VERIFIED


def test_a_key_that_changes_while_it_is_compared(service: FakeService) -> None:
    """The key that was read out is not the one that would be verified."""
    service.known[BOB] = [make(BOB, 1)]
    shown = compare(service)
    service.known[BOB] = [make(BOB, 1, key_changed=True)]
    assert shown.same() is None
    assert service.trust(PHONE) is Trust.BLIND
    service.known[BOB] = []
    assert shown.same() is None
