# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where a key can be given back."""

from __future__ import annotations

from collections.abc import Callable

from omemo_plugin.ui.presenters.giving_back import GivingBackOffer


class Giver:
    own_jid = "me@example.org"

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def give(self, done: Callable[[str], None]) -> None:
        done(self._problem)


def test_it_is_said_what_happens() -> None:
    name = "Gajim’s own OMEMO"
    offer = GivingBackOffer(Giver(""))
    assert len(offer.sentences) == 3
    assert name in offer.sentences[0]
    assert "OMEMO 2" in offer.sentences[1]
    assert offer.address in offer.spoken_button
    said: list[tuple[bool, str]] = []
    offer.give(lambda given, text: said.append((given, text)))
    ((given, text),) = said
    assert given
    assert name in text


def test_it_is_said_why_it_was_not_possible() -> None:
    offer = GivingBackOffer(Giver("Not now."))
    said: list[tuple[bool, str]] = []
    offer.give(lambda given, text: said.append((given, text)))
    assert said == [(False, "Not now.")]
