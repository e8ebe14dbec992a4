# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from gi.repository import GLib
from nbxmpp.protocol import Message

from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.gajim import messages as gajim_messages
from omemo_plugin.bridge.outgoing.ephemeral import EphemeralSender
from omemo_plugin.bridge.state.keystore import Keystore
from omemo_plugin.engine.effects import Effect

ALICE = "alice@example.org"
BOB = "bob@example.org"


class NoEffects:
    def carry_out_later(self, effects: list[Effect]) -> None:
        pass


def test_nothing_is_committed_before_gajim_has_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message asks for a receipt and is not in Gajim's archive yet.

    An answer at once would commit that the message has been read. If Gajim was
    killed then, no archive would bring the message back.
    """
    keystore = Keystore(tmp_path / "store", ALICE, None, lambda: None)
    planned: list[Any] = []
    engine = keystore.engine
    assert engine is not None
    plan = engine.outgoing.plan

    def noted(jids: list[str]) -> Any:
        planned.append(jids)
        return plan(jids)

    monkeypatch.setattr(engine.outgoing, "plan", noted)
    monkeypatch.setattr(gajim_constants, "is_available", lambda _client: True)
    monkeypatch.setattr(gajim_messages, "receipt_for", lambda *_args: Message(to=BOB))
    ephemeral = EphemeralSender(Mock(), ALICE, keystore, NoEffects())  # type: ignore[arg-type]
    properties: Any = None
    ephemeral.answer_receipt(BOB, Message(), properties)
    assert not planned, "within the handlers of the message"
    while not planned and GLib.MainContext.default().iteration(False):
        pass
    assert planned == [[BOB]]
    keystore.close()
