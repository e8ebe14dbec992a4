# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of devices, in sentences."""

from __future__ import annotations

import dataclasses

import pytest

from omemo_plugin.engine.state.diary import DiaryEntry
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.trust.kept_undo import TrustSnapshot
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.details import Details
from omemo_plugin.ui.presenters.details_values import Subject
from omemo_plugin.ui.presenters.details_values import SubjectKind
from omemo_plugin.ui.presenters.history import LastCheck
from omemo_plugin.ui.presenters.history import history
from omemo_plugin.ui.presenters.history import undoable
from omemo_plugin.ui.presenters.trust_before import TrustBefore
from omemo_plugin.ui.presenters.trust_before import undo_kept

from .conftest import BOB
from .conftest import FakeService
from .conftest import make


@pytest.mark.parametrize("kind", list(DiaryKind))
def test_each_event_is_a_sentence_with_its_day(kind: DiaryKind) -> None:
    (line,) = history([DiaryEntry("2026-05-12", kind, 1)], [make(BOB, 1)], "Bob")
    assert line.endswith(".")
    assert "{" not in line
    assert "12" in line
    about_account = kind in (
        DiaryKind.WORDS,
        DiaryKind.CODE,
        DiaryKind.CODE_IN_PERSON,
        DiaryKind.CODE_VIDEO_CALL,
        DiaryKind.CODE_WEBSITE,
        DiaryKind.FAILED,
        DiaryKind.WENT_ON,
        DiaryKind.UNDONE,
        DiaryKind.WITHDRAWN,
        DiaryKind.OFFERED_AGAIN,
        DiaryKind.SWITCHED_OFF,
        DiaryKind.SWITCHED_ON,
    )
    assert ("“Bob’s first device”" in line) is not about_account


def test_a_device_that_is_gone() -> None:
    entry = DiaryEntry("2026-05-12", DiaryKind.REFUSED, 7)
    (line,) = history([entry], [], "Bob")
    assert "“A device that is gone”" in line


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (DiaryKind.TOLD_VERIFIED, "“My phone” verified “Bob’s first device”."),
        (DiaryKind.TOLD_REFUSED, "“My phone” refused “Bob’s first device”."),
    ],
)
def test_the_device_that_said_so_is_named(kind: DiaryKind, words: str) -> None:
    entry = DiaryEntry("2026-05-12", kind, 1, Device("alice@example.org", 7))
    infos = [make(BOB, 1)]
    (line,) = history([entry], infos, "Bob", lambda _device: "My phone")
    assert line.endswith(f": {words}")
    (line,) = history([entry], infos, "Bob")
    assert ": a verified device " in line


def test_the_window_shows_it(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    subject = Subject(SubjectKind.CONTACT, BOB, "Bob")
    shown = Details(service, subject, history=lambda: ("a", "b"))
    assert shown.page().history == ("a", "b")


def test_the_line_that_can_be_undone() -> None:
    """Events that nobody decided do not count."""
    entries = (
        DiaryEntry("2026-05-13", DiaryKind.NEW_DEVICE, 2),
        DiaryEntry("2026-05-12", DiaryKind.WORDS),
        DiaryEntry("2026-05-11", DiaryKind.CODE),
    )
    kept = TrustSnapshot(BOB, {}, None)
    assert undoable(entries, kept) == 1
    assert undoable(entries, None) is None
    assert undoable((), kept) is None


def test_a_check_is_undone_from_the_history(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1), make(BOB, 2, Trust.UNDECIDED)]
    service.alarms.check_failed(BOB)
    TrustBefore(service, BOB).keep()
    for number in (1, 2):
        service.device_management.set_trust(Device(BOB, number), Trust.VERIFIED)
    service.settings.set_blind_trust_of(BOB, True)
    service.alarms.check_lifted(BOB)

    subject = Subject(SubjectKind.CONTACT, BOB, "Bob")
    shown = Details(
        service,
        subject,
        history=lambda: ("a", "b"),
        check=LastCheck(
            lambda: 0 if service.trust_undo.of(BOB) else None,
            lambda: undo_kept(service, BOB),
        ),
    )
    assert shown.page().undoable == 0
    shown.undo_check()
    assert shown.page().notice == "Undone."
    assert service.trust(Device(BOB, 1)) is Trust.BLIND
    assert service.trust(Device(BOB, 2)) is Trust.UNDECIDED
    assert service.settings.blind_trust_of(BOB) is None
    assert service.alarms.failed == [BOB]
    assert service.trust_undo.noted == [DiaryKind.UNDONE]
    # Once
    assert shown.page().undoable is None
    shown.undo_check()
    assert shown.page().notice == ""


def test_a_key_that_came_later_gets_no_trust(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1, Trust.VERIFIED)]
    TrustBefore(service, BOB).keep()
    other = make(BOB, 5, Trust.DISTRUSTED)
    service.known[BOB] = [dataclasses.replace(other, device=Device(BOB, 1))]
    assert undo_kept(service, BOB)
    assert service.trust(Device(BOB, 1)) is Trust.DISTRUSTED
