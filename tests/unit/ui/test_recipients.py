# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shield at the message input tells the truth."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.messages.planning import LeftOut
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.messages.planning import SendPlan
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.left_out import reasons
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.recipients import Safety
from omemo_plugin.ui.presenters.recipients import Shield
from omemo_plugin.ui.presenters.recipients import shield
from omemo_plugin.ui.presenters.recipients import why_left_out

from .conftest import BOB
from .conftest import CAROL
from .conftest import OWN
from .conftest import FakeService
from .conftest import make


def shown(service: FakeService, *jids: str) -> Shield:
    trust = {i.device: i.trust for known in service.known.values() for i in known}
    return shield(service.plan(jids), trust, jids)


@pytest.mark.parametrize(
    ("infos", "safety"),
    [
        ([make(BOB, 1, Trust.VERIFIED)], Safety.ALL_VERIFIED),
        ([make(BOB, 1, Trust.VERIFIED), make(BOB, 2)], Safety.NOT_VERIFIED),
        (
            [make(BOB, 1, Trust.VERIFIED), make(BOB, 2, Trust.UNDECIDED)],
            Safety.SOME_LEFT_OUT,
        ),
        (
            [make(BOB, 1, Trust.VERIFIED), make(BOB, 2, key_changed=True)],
            Safety.SOME_LEFT_OUT,
        ),
        # A decision of the user's is no news
        (
            [make(BOB, 1, Trust.VERIFIED), make(BOB, 2, Trust.DISTRUSTED)],
            Safety.ALL_VERIFIED,
        ),
        ([make(BOB, 1, Trust.UNDECIDED)], Safety.NOBODY),
        ([], Safety.NOBODY),
    ],
)
def test_for_a_contact(
    service: FakeService, infos: list[DeviceInfo], safety: Safety
) -> None:
    service.known[BOB] = infos
    assert shown(service, BOB).safety is safety


def test_own_devices_count(service: FakeService) -> None:
    """A device of ours that nobody verified reads everything as well."""
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    service.known[OWN].append(make(OWN, 2, Trust.BLIND))
    found = shown(service, BOB)
    assert found.safety is Safety.NOT_VERIFIED
    assert found.text == "2 devices can read this. Not all are verified."


def test_own_devices_alone_are_nobody(service: FakeService) -> None:
    service.known[OWN].append(make(OWN, 2, Trust.VERIFIED))
    found = shown(service, BOB)
    assert found.safety is Safety.NOBODY
    assert found.tone is Tone.ALARM
    assert found.readers == 0


def test_a_member_without_a_device_is_named(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    found = shown(service, BOB, CAROL)
    assert found.safety is Safety.SOME_LEFT_OUT
    assert f"{CAROL} cannot read this." in found.text


def test_while_keys_are_fetched() -> None:
    plan = SendPlan(False, (), (), (), (Device(BOB, 1),), ())
    assert shield(plan, {}, [BOB]).safety is Safety.WAITING
    assert why_left_out(BOB, plan) == ""


def test_without_keys_of_our_own() -> None:
    assert shield(None, {}, [BOB]).safety is Safety.NOBODY


def test_each_look_differs() -> None:
    """No state is told by its colour alone."""
    plans = {
        Safety.ALL_VERIFIED: Trust.VERIFIED,
        Safety.NOT_VERIFIED: Trust.BLIND,
    }
    icons = {
        shield(
            SendPlan(True, (Device(BOB, 1),), (), (), (), ()),
            {Device(BOB, 1): trust},
            [BOB],
        ).icon
        for trust in plans.values()
    }
    icons.add(shield(None, {}, [BOB]).icon)
    assert len(icons) == 3


@pytest.mark.parametrize("reason", list(LeftOutReason))
def test_every_reason_has_words(reason: LeftOutReason) -> None:
    one = reasons([LeftOut(Device(BOB, 1), reason)])
    many = reasons([LeftOut(Device(BOB, n), reason) for n in range(1, 4)])
    assert one[0].startswith("1 device gets nothing")
    assert many[0].startswith("3 devices get nothing")


def test_a_device_that_cannot_be_reached_is_no_news(service: FakeService) -> None:
    """Lists are full of devices long gone; their owner can still read it."""
    plan = SendPlan(
        True,
        (Device(BOB, 1),),
        (LeftOut(Device(BOB, 2), LeftOutReason.NO_BUNDLE),),
        (),
        (),
        (),
    )
    found = shield(plan, {Device(BOB, 1): Trust.VERIFIED}, [BOB])
    assert found.safety is Safety.ALL_VERIFIED
