# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from omemo_plugin.bridge.outgoing.gate import Gate
from omemo_plugin.bridge.outgoing.gate import GateMissing
from omemo_plugin.bridge.outgoing.gate import send_past_gate


class GajimClient:
    """Gajim's client, as far as it is used."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_message(self, message: str) -> None:
        self._send_message(message)

    def _send_message(self, message: str) -> None:
        self.sent.append(message)


def new_client() -> Any:
    """A client; Any, because its messages are texts."""
    return GajimClient()


def test_only_admitted_messages_pass() -> None:
    client = new_client()
    Gate(client, lambda message: str(message) != "secret")
    client.send_message("hello")
    client.send_message("secret")
    assert client.sent == ["hello"]


def test_an_error_of_ours_lets_nothing_pass() -> None:
    def admit(_message: object) -> bool:
        raise ValueError("a mistake of ours")

    client = new_client()
    Gate(client, admit)
    with pytest.raises(ValueError, match="mistake"):
        client.send_message("secret")
    assert client.sent == []


def test_an_encrypted_message_goes_past_the_gate() -> None:
    client = new_client()
    Gate(client, lambda message: False)
    message: Any = "encrypted"
    send_past_gate(client, message)
    assert client.sent == ["encrypted"]


def test_it_can_be_taken_away_again() -> None:
    client = new_client()
    gate = Gate(client, lambda message: False)
    gate.remove()
    gate.remove()
    client.send_message("hello")
    assert client.sent == ["hello"]
    assert "_send_message" not in vars(client)


def test_a_later_gate_is_not_taken_away_by_an_earlier_one() -> None:
    client = new_client()
    first = Gate(client, lambda message: True)
    Gate(client, lambda message: False)
    first.remove()
    client.send_message("secret")
    assert client.sent == []


def test_a_gajim_without_that_place_is_noticed() -> None:
    client: Any = object()
    with pytest.raises(GateMissing):
        Gate(client, lambda message: True)
