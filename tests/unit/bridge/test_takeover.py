# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question whether the keys from before are kept, and what waits for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge import takeover
from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.state.earlier_store import EarlierState
from omemo_plugin.bridge.takeover import KeyTakeover
from omemo_plugin.bridge.takeover import TakeoverOffer
from omemo_plugin.engine.errors import EarlierStoreDamaged
from omemo_plugin.engine.errors import EarlierStoreInUse
from omemo_plugin.engine.takeover.values import Taken


class FakeStore:
    """The other program's file."""

    def __init__(self, state: EarlierState | Exception) -> None:
        self._state = state
        self.taken = 0
        self.error: Exception | None = None

    def state(self) -> EarlierState:
        if isinstance(self._state, Exception):
            raise self._state
        return self._state

    def take(self) -> Taken:
        if self.error is not None:
            raise self.error
        self.taken += 1
        return Taken(1, 1, 2)


class Asked:
    """One account at its first start."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, state: EarlierState | Exception
    ) -> None:
        monkeypatch.setattr(
            gajim_constants, "own_jid", lambda _client: "me@example.org"
        )
        # As in Gajim 1.7, also beside another one; Gajim 2 has a test of its own
        monkeypatch.setattr(gajim_constants, "HAS_BUILTIN_OMEMO", False)
        self.store = FakeStore(state)
        self.served: list[str] = []
        self.offers: list[TakeoverOffer] = []
        client: Any = SimpleNamespace(account="account")
        store: Any = self.store
        self.keys = KeyTakeover(client, store, self.served.append)
        self._end = takeover.takeover_asked.connect(self.offers.append)
        self.keys.start()

    def end(self) -> None:
        self._end()


def stanza(name: str, namespace: str) -> Any:
    child = SimpleNamespace(getName=lambda: name, getNamespace=lambda: namespace)
    return SimpleNamespace(getChildren=lambda: ["\n", child])


PROPERTIES: Any = SimpleNamespace(type=SimpleNamespace(is_error=False))
ENCRYPTED = stanza("encrypted", "eu.siacs.conversations.axolotl")


def test_without_keys_from_before_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch, EarlierState.NOTHING)
    assert asked.served == [""]
    assert not asked.offers
    assert not asked.keys.hold(ENCRYPTED, PROPERTIES)
    asked.end()


def test_nothing_begins_before_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, EarlierState.ASK)
    assert asked.served == []
    (offer,) = asked.offers
    assert offer.own_jid == "me@example.org"
    assert asked.keys.hold(ENCRYPTED, PROPERTIES)
    assert not asked.keys.hold(stanza("body", "jabber:client"), PROPERTIES)
    assert asked.store.taken == 0
    assert offer.answer(True) == ""
    assert asked.store.taken == 1
    (line,) = asked.served
    # The user is told which keys could not be kept
    assert "1 device needs" in line
    assert "2 messages" in line
    assert asked.keys.take_held() == [(ENCRYPTED, PROPERTIES)]
    assert asked.keys.take_held() == []
    # A second answer changes nothing
    assert offer.answer(False) == ""
    assert len(asked.served) == 1
    asked.end()


def test_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, EarlierState.ASK)
    assert asked.offers[0].answer(False) == ""
    assert asked.store.taken == 0
    assert asked.served == [""]
    asked.end()


def test_the_user_is_asked_again_if_keys_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch, EarlierState.ASK)
    asked.store.error = EarlierStoreDamaged("damaged")
    assert asked.offers[0].answer(True) != ""
    assert asked.served == []
    asked.store.error = None
    assert asked.offers[0].answer(True) == ""
    assert len(asked.served) == 1
    asked.end()


def test_after_a_crash_it_goes_on_without_a_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch, EarlierState.INTERRUPTED)
    assert not asked.offers
    assert asked.store.taken == 1
    assert asked.served[0].startswith("Your key from before is in use")
    asked.end()


def test_a_file_in_use_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, EarlierStoreInUse("locked"))
    assert len(asked.offers) == 1
    assert asked.served == []
    asked.end()


def test_a_damaged_file_does_not_stand_in_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch, EarlierStoreDamaged("damaged"))
    assert not asked.offers
    assert asked.served == [""]
    asked.end()
