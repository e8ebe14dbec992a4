# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""After an identity has ended, no encrypted chat goes on in clear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge.state.encrypted_chats import EncryptedChats
from omemo_plugin.bridge.without_identity import WithoutIdentity

BOB = "bob@example.org"


class GajimClient:
    """Sends what passes the gate."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def _send_message(self, message: Any) -> None:
        self.sent.append(message)


class Ended:
    def __init__(self, folder: Path) -> None:
        self.client = GajimClient()
        client: Any = self.client
        self.chats = EncryptedChats(folder / "chats.json")
        self.refused: list[Any] = []
        self.told: list[Any] = []
        self.service = WithoutIdentity(
            client, "me@a", self.chats, self.refused.append, self.told.append
        )


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Ended]:
    ended = Ended(tmp_path)
    yield ended
    ended.service.close()


def message(encryption: str) -> Any:
    contact = SimpleNamespace(jid=BOB, settings={"encryption": encryption})
    return SimpleNamespace(contact=contact)


def test_case_113_what_gajim_takes_for_encrypted_does_not_leave(ended: Ended) -> None:
    """Gajim 2 asks to encrypt it, and sends it on."""
    one = message("")
    ended.service.sender.encrypt_message(one)
    ended.client._send_message(one)
    assert ended.client.sent == []
    assert ended.refused == [one]
    # The next one is not concerned
    two = message("")
    ended.client._send_message(two)
    assert ended.client.sent == [two]


@pytest.mark.parametrize(
    ("encryption", "is_known", "leaves"),
    [
        ("OMEMO", False, False),
        ("OMEMO", True, False),
        # The setting was lost
        ("", True, False),
        ("", False, True),
        ("OpenPGP", True, True),
    ],
)
def test_case_113_an_encrypted_chat_does_not_go_on_in_clear(
    ended: Ended, encryption: str, is_known: bool, leaves: bool
) -> None:
    if is_known:
        ended.chats.add(BOB)
    one = message(encryption)
    ended.client._send_message(one)
    assert (ended.client.sent == [one]) is leaves
    assert (ended.refused == [one]) is not leaves


def test_gajim_is_told_why(ended: Ended) -> None:
    who: Any = object()
    assert not ended.service.preconditions.check(who)
    assert ended.told == [who]
    assert ended.service.devices(BOB) == ()
    # No upload begins
    ended.service.uploads.encrypt(who, lambda _transfer: pytest.fail("it was sent"))


def test_the_gate_goes_with_it(ended: Ended) -> None:
    ended.service.close()
    one = message("OMEMO")
    ended.client._send_message(one)
    assert ended.client.sent == [one]
