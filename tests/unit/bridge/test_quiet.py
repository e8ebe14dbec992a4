# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from gi.repository import GLib
from nbxmpp.protocol import Message

from omemo_plugin.bridge import compat
from omemo_plugin.bridge.keystore import Keystore
from omemo_plugin.bridge.quiet import Quiet
from omemo_plugin.engine.effects import Effect

ALICE = "alice@example.org"
BOB = "bob@example.org"


class NoErrands:
    def carry_out_later(self, effects: list[Effect]) -> None:
        pass


def test_nothing_is_committed_before_gajim_has_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message asks for a receipt and is not in Gajim's archive yet.

    Whoever answered at once would commit that it has been read. If Gajim was
    killed then, no archive would bring it back.
    """
    keystore = Keystore(tmp_path / "store", ALICE, None)
    planned: list[Any] = []
    engine = keystore.engine
    assert engine is not None
    plan = engine.plan

    def noted(jids: list[str]) -> Any:
        planned.append(jids)
        return plan(jids)

    monkeypatch.setattr(engine, "plan", noted)
    monkeypatch.setattr(compat, "is_available", lambda _client: True)
    monkeypatch.setattr(compat, "receipt_for", lambda *_args: Message(to=BOB))
    quiet = Quiet(Mock(), ALICE, keystore, NoErrands())  # type: ignore[arg-type]
    quiet.answer_receipt(BOB, Message(), None)
    assert not planned, "within the handlers of the message"
    while not planned and GLib.MainContext.default().iteration(False):
        pass
    assert planned == [[BOB]]
    keystore.close()
