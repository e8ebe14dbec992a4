# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted messages wait until a program has the key."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from typing import NoReturn

import pytest
from nbxmpp.protocol import NodeProcessed
from nbxmpp.structs import StanzaHandler

from omemo_plugin.bridge.gajim import messages as gajim_messages
from omemo_plugin.bridge.incoming import held_messages
from omemo_plugin.bridge.incoming.held_messages import HeldMessages
from omemo_plugin.bridge.incoming.held_messages import Interception
from omemo_plugin.bridge.incoming.plaintext_guard import NAMESPACES
from omemo_plugin.bridge.incoming.plaintext_guard import PRIORITY

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


class Connection:
    """Notes the handlers that it has."""

    def __init__(self) -> None:
        self.handlers: list[StanzaHandler] = []
        self.register_handler = self.handlers.append
        self.unregister_handler = self.handlers.remove

    def receive(self, message: Any) -> bool:
        """Whether the message is kept from Gajim."""
        for handler in self.handlers:
            if handler.ns == LEGACY:
                try:
                    handler.callback(None, message, PROPERTIES)
                except NodeProcessed:
                    return True
        return False


def test_they_go_on_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails does not keep the others back."""
    went: list[tuple[Any, int]] = []

    def dispatch_again(
        _client: object, message: Any, _properties: object, after: int
    ) -> NoReturn:
        # Nobody intercepts them once more
        assert not connection.handlers
        went.append((message, after))
        if message is broken:
            raise ValueError("broken")
        raise NodeProcessed

    monkeypatch.setattr(gajim_messages, "dispatch_again", dispatch_again)
    connection = Connection()
    client: Any = SimpleNamespace(connection=connection)
    interception = Interception(client)
    assert {one.ns for one in connection.handlers} == NAMESPACES
    assert {one.priority for one in connection.handlers} == {PRIORITY}
    broken, other = stanza(), stanza()
    assert connection.receive(broken)
    assert connection.receive(other)
    assert not connection.receive(stanza("body", "jabber:client"))
    interception.end()
    # Those that have the same priority have not seen them
    assert went == [(broken, PRIORITY - 1), (other, PRIORITY - 1)]
    interception.end()
    assert len(went) == 2


def test_without_a_connection_nothing_comes() -> None:
    client: Any = SimpleNamespace(connection=None)
    Interception(client).end()
