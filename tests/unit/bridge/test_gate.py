# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from omemo_plugin.bridge.gate import Gate
from omemo_plugin.bridge.gate import GateMissing


class Client:
    """What Gajim's client looks like from here."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_message(self, message: str) -> None:
        self._send_message(message)

    def _send_message(self, message: str) -> None:
        self.sent.append(message)


def test_only_what_is_admitted_passes() -> None:
    client = Client()
    Gate(client, lambda message: message != "secret")
    client.send_message("hello")
    client.send_message("secret")
    assert client.sent == ["hello"]


def test_an_error_of_ours_lets_nothing_pass() -> None:
    def admit(message: str) -> bool:
        raise ValueError("a mistake of ours")

    client = Client()
    Gate(client, admit)
    with pytest.raises(ValueError, match="mistake"):
        client.send_message("secret")
    assert client.sent == []


def test_what_was_encrypted_goes_past_the_question() -> None:
    client = Client()
    gate = Gate(client, lambda message: False)
    gate.send("encrypted")
    assert client.sent == ["encrypted"]


def test_it_can_be_taken_away_again() -> None:
    client = Client()
    gate = Gate(client, lambda message: False)
    gate.remove()
    gate.remove()
    client.send_message("hello")
    assert client.sent == ["hello"]
    assert "_send_message" not in vars(client)


def test_a_later_gate_is_not_taken_away_by_an_earlier_one() -> None:
    client = Client()
    first = Gate(client, lambda message: True)
    Gate(client, lambda message: False)
    first.remove()
    client.send_message("secret")
    assert client.sent == []


def test_a_gajim_without_that_place_is_noticed() -> None:
    with pytest.raises(GateMissing):
        Gate(object(), lambda message: True)
