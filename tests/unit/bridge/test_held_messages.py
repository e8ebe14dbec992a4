# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted messages wait until it is known which keys are used."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge.incoming import held_messages
from omemo_plugin.bridge.incoming.held_messages import HeldMessages

LEGACY = "eu.siacs.conversations.axolotl"
PROPERTIES: Any = SimpleNamespace(type=SimpleNamespace(is_error=False))
ERROR: Any = SimpleNamespace(type=SimpleNamespace(is_error=True))


def stanza(name: str = "encrypted", namespace: str = LEGACY) -> Any:
    child = SimpleNamespace(getName=lambda: name, getNamespace=lambda: namespace)
    return SimpleNamespace(getChildren=lambda: ["\n", child])


def test_what_is_not_encrypted_does_not_wait() -> None:
    held = HeldMessages()
    assert not held.hold(stanza("body", "jabber:client"), PROPERTIES)
    assert not held.hold(stanza("encrypted", "urn:example"), PROPERTIES)
    assert not held.hold(stanza(), ERROR)
    assert held.take() == []


def test_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_messages, "_HELD_MAX", 2)
    held = HeldMessages()
    assert [held.hold(stanza(), PROPERTIES) for _ in range(3)] == [True, True, False]


def test_case_137_strangers_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = len(str(stanza()))
    monkeypatch.setattr(held_messages, "_SIZE_MAX", 2 * size + size // 2)
    held = HeldMessages()
    for _ in range(2):
        kept = [held.hold(stanza(), PROPERTIES) for _ in range(3)]
        assert kept == [True, True, False]
        assert len(held.take()) == 2
