# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of one device is compared by hand."""

from __future__ import annotations

import dataclasses

import xeddsa

from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.comparison import Comparison
from omemo_plugin.ui.presenters.comparison import comparable
from omemo_plugin.verify.fingerprint import groups

from .conftest import BOB
from .conftest import FakeService
from .conftest import fingerprint
from .conftest import make

PHONE = Device(BOB, 1)


def key(seed: bytes) -> bytes:
    """An identity key."""
    made: bytes = xeddsa.seed_to_ed25519_pub(seed * 32)
    return made


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


def test_another_key_counts_when_it_was_compared(service: FakeService) -> None:
    """What the device itself shows is the new key, and so is what is compared."""
    changed = dataclasses.replace(
        make(BOB, 1, Trust.VERIFIED, key_changed=True), presented_key=key(b"n")
    )
    service.known[BOB] = [changed, make(BOB, 2)]
    assert changed.presented is not None
    devices = [device for device, _name in comparable(service.known[BOB], "", "Bob")]
    assert devices == [PHONE, Device(BOB, 2)]
    shown = compare(service)
    assert shown.fingerprint == groups(changed.presented)
    outcome = shown.same()
    assert outcome is not None
    assert outcome.tone is Tone.GOOD
    (info, _other) = service.devices(BOB)
    assert (info.fingerprint, info.trust) == (changed.presented, Trust.VERIFIED)
    assert not info.key_changed
    # The old key is gone, so the device gets nothing then
    shown.undo()
    assert service.trust(PHONE) is Trust.UNDECIDED


def test_another_key_that_is_not_known_cannot_be_compared(
    service: FakeService,
) -> None:
    service.known[BOB] = [make(BOB, 1, key_changed=True)]
    assert comparable(service.known[BOB], "", "Bob") == ()
    assert compare(service).fingerprint == ()


def test_another_key_that_comes_while_it_is_compared(service: FakeService) -> None:
    changed = make(BOB, 1, key_changed=True)
    service.known[BOB] = [dataclasses.replace(changed, presented_key=key(b"n"))]
    shown = compare(service)
    service.known[BOB] = [dataclasses.replace(changed, presented_key=key(b"m"))]
    assert shown.same() is None
    assert shown.notice == "The key has just changed, so nothing was done."
    assert service.devices(BOB)[0].key_changed
