# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked before an identity ends, and what is said afterwards."""

from __future__ import annotations

import pytest

from omemo_plugin.ui.presenters.identity import EndedIdentity
from omemo_plugin.ui.presenters.identity import EndQuestion

from .conftest import OWN


class FakeIdentity:
    own_jid = OWN
    can_end = True
    is_ended = False
    is_beginning = False
    is_leaving = False
    is_moved = False
    file_is_here = False

    def __init__(self) -> None:
        self.calls: list[str] = []

    def end(self, *, anew: bool) -> str:
        self.calls.append(f"end {anew}")
        return "why not"

    def start_anew(self) -> str:
        self.calls.append("anew")
        return ""


@pytest.mark.parametrize("anew", [True, False])
def test_it_is_said_what_will_happen(anew: bool) -> None:
    service = FakeIdentity()
    question = EndQuestion(service, anew=anew)
    assert question.address == OWN
    assert len(question.sentences) == 3
    assert ("new device" in question.sentences[1]) is anew
    assert question.confirm() == "why not"
    assert service.calls == [f"end {anew}"]


def test_an_ended_identity_can_begin_anew() -> None:
    service = FakeIdentity()
    service.is_ended = True
    ended = EndedIdentity(service)
    assert ended.can_begin
    assert "still list" not in " ".join(ended.sentences)
    service.is_leaving = True
    assert "still list" in " ".join(ended.sentences)
    assert ended.begin() == ""
    assert service.calls == ["anew"]


def test_one_that_begins_by_itself_has_no_button() -> None:
    service = FakeIdentity()
    service.is_beginning = True
    ended = EndedIdentity(service)
    assert not ended.can_begin
    assert len(ended.sentences) == 1


def test_one_that_has_moved_says_so() -> None:
    service = FakeIdentity()
    service.is_ended = service.is_moved = True
    ended = EndedIdentity(service)
    assert ended.can_begin
    assert [ended.can_save] == [False]
    assert "moved" in ended.sentences[0]
    service.file_is_here = True
    assert [ended.can_save] == [True]
    assert "not been saved" in ended.sentences[-1]
