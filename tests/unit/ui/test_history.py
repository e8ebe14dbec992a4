# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of devices, in sentences."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.state.diary import DiaryEntry
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.ui.presenters.details import Details
from omemo_plugin.ui.presenters.details_values import Subject
from omemo_plugin.ui.presenters.details_values import SubjectKind
from omemo_plugin.ui.presenters.history import history

from .conftest import BOB
from .conftest import FakeService
from .conftest import make


@pytest.mark.parametrize("kind", list(DiaryKind))
def test_each_event_is_a_sentence_with_its_day(kind: DiaryKind) -> None:
    (line,) = history([DiaryEntry("2026-05-12", kind, 1)], [make(BOB, 1)], "Bob")
    assert line.endswith(".")
    assert "{" not in line
    assert "12" in line
    about_account = kind in (DiaryKind.WORDS, DiaryKind.CODE)
    assert ("“Bob’s first device”" in line) is not about_account


def test_a_device_that_is_gone() -> None:
    entry = DiaryEntry("2026-05-12", DiaryKind.REFUSED, 7)
    (line,) = history([entry], [], "Bob")
    assert "“A device that is gone”" in line


def test_the_window_shows_it(service: FakeService) -> None:
    service.known[BOB] = [make(BOB, 1)]
    subject = Subject(SubjectKind.CONTACT, BOB, "Bob")
    shown = Details(service, subject, history=lambda: ("a", "b"))
    assert shown.page().history == ("a", "b")
