# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way through the window "Verify"."""

from __future__ import annotations

import pytest

from omemo_plugin.ui.presenters.verify_steps import Step
from omemo_plugin.ui.presenters.verify_steps import VerifySteps


def offered(steps: VerifySteps) -> list[Step]:
    return [choice.step for choice in steps.page().choices]


def test_the_first_page_asks_how_both_can_check() -> None:
    steps = VerifySteps("Bob")
    page = steps.page()
    assert page.heading == "How can you and Bob check together?"
    assert page.note == "Bob has to do the same on their side."
    assert offered(steps) == [Step.PLACE, Step.APP, Step.NEITHER]
    assert not steps.can_go_back


def test_another_app_is_compared_by_hand() -> None:
    steps = VerifySteps("Bob")
    steps.go(Step.APP)
    assert steps.page().heading == "Which app does Bob use?"
    assert offered(steps) == [Step.WORDS, Step.HAND]


def test_neither_leads_to_a_code_that_is_there_already() -> None:
    steps = VerifySteps("Bob")
    steps.go(Step.NEITHER)
    assert "nobody has checked for whom" in steps.page().text
    assert offered(steps) == [Step.CODE]


def test_back_goes_the_way_that_was_come() -> None:
    steps = VerifySteps("Bob")
    for step in (Step.PLACE, Step.APP, Step.APP, Step.WORDS):
        steps.go(step)
    for step in (Step.APP, Step.PLACE, Step.START, Step.START):
        steps.back()
        assert steps.step is step
    assert not steps.can_go_back


def test_an_own_device_is_not_called() -> None:
    steps = VerifySteps("alice@example.org", own=True)
    assert offered(steps) == [Step.PLACE, Step.HAND, Step.CODE]
    assert steps.instead.step is Step.HAND
    assert VerifySteps("Bob").instead.step is Step.APP


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("step", [one for one in Step if one is not Step.WORDS])
def test_each_page_has_a_heading(step: Step, own: bool) -> None:
    page = VerifySteps("Bob", own=own, start=step).page()
    assert page.heading
    assert "{" not in f"{page.heading}{page.text}{page.note}"
    assert "{" not in "".join(choice.label for choice in page.choices)


def test_a_device_with_another_key() -> None:
    steps = VerifySteps("Bob", start=Step.AGAIN)
    page = steps.page()
    assert page.heading == "Did Bob set up the app or the phone again?"
    assert "not in this chat" in page.text
    assert offered(steps) == [Step.HAND, Step.REFUSE]
    steps.go(Step.REFUSE)
    assert steps.page().heading == "Then refuse it"
    assert offered(steps) == []
    steps.back()
    assert steps.step is Step.AGAIN
