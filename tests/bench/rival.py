# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other implementations of OMEMO as the benchmarks use them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from typing import TypedDict

from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedMessage
from tests.support.engine.fake_network import FakeNetwork


class Client(Protocol):
    """One client with another implementation. Its messages are of a type of its own."""

    jid: str

    @property
    def device(self) -> Device: ...

    def make_bundle(self) -> None: ...

    def publish(self, network: FakeNetwork) -> None: ...

    def meet(self, network: FakeNetwork, device: Device) -> None: ...

    def decrypt(self, message: object, jid: str) -> None: ...

    def encrypt(self, jid: str, text: str) -> int: ...

    def to_theirs(self, message: EncryptedMessage) -> object: ...

    def empty_message(self, device: Device) -> EncryptedMessage: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Rival:
    """
    Another implementation.

    Attributes:
        why_missing: says what has to be installed; an empty text if it is there.
        load: imports it.
        client: makes a client of a bare JID with its store at a path.
    """

    name: str
    why_missing: Callable[[], str]
    load: Callable[[], None]
    client: Callable[[str, Path], Client]


class Row(TypedDict):
    """One line of the results; `ratio` says how much longer the rival takes."""

    name: str
    ours_ms: float
    peer: str
    peer_ms: float
    ratio: float
