# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where a key can be given back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omemo_plugin.bridge.values import KeyReceiver
from omemo_plugin.ui.presenters.giving_back import GivingBackOffer


class Giver:
    own_jid = "me@example.org"

    def __init__(
        self, problem: str, *, receiver: KeyReceiver = KeyReceiver.BUILT_IN
    ) -> None:
        self._problem = problem
        self.receiver = receiver

    def give(self, done: Callable[[str], None]) -> None:
        done(self._problem)

    def start(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("receiver", "name"),
    [
        (KeyReceiver.BUILT_IN, "Gajim’s own OMEMO"),
        (KeyReceiver.PLUGIN, "gajim-omemo"),
        (KeyReceiver.LATER_PLUGIN, "gajim-omemo"),
    ],
)
def test_it_is_said_what_happens(receiver: KeyReceiver, name: str) -> None:
    offer = GivingBackOffer(Giver("", receiver=receiver))
    is_missing = receiver is KeyReceiver.LATER_PLUGIN
    assert ("installed" in offer.sentences[0]) is is_missing
    assert len(offer.sentences) == 3
    assert name in offer.sentences[0]
    assert "OMEMO 2" in offer.sentences[1]
    assert offer.address in offer.spoken_button
    said: list[tuple[bool, str]] = []
    assert not offer.other_is_on
    offer.give(lambda given, text: said.append((given, text)))
    ((given, text),) = said
    assert given
    assert offer.given
    assert offer.other_is_on is (receiver is KeyReceiver.PLUGIN)
    assert name in text


def test_it_is_said_why_it_was_not_possible() -> None:
    offer = GivingBackOffer(Giver("Not now."))
    said: list[tuple[bool, str]] = []
    offer.give(lambda given, text: said.append((given, text)))
    assert said == [(False, "Not now.")]
