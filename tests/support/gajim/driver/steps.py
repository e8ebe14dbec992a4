# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the keys that our plugin encrypts in one turn of the main loop."""

from __future__ import annotations

from typing import Any

from gajim.common import app
from gi.repository import GLib


class Steps:
    """Watches the messages that an account encrypts from now on."""

    def __init__(self, account: str) -> None:
        """Begin."""
        self._turns = 0
        self._made: dict[int, int] = {}
        self._counting = False
        engine = app.get_client(account).get_module("OmemoPlugin").service.engine
        begin = engine.outgoing.begin_encrypt

        def watched(*arguments: Any) -> Any:
            encryption = begin(*arguments)
            step = encryption.step

            def counted(*more: Any) -> bool:
                before = self._keys(encryption)
                done: bool = step(*more)
                self._note(self._keys(encryption) - before)
                return done

            encryption.step = counted
            return encryption

        engine.outgoing.begin_encrypt = watched

    def result(self) -> list[int]:
        """The numbers of keys made in each turn in which there were any."""
        return list(self._made.values())

    @staticmethod
    def _keys(encryption: Any) -> int:
        return sum(len(part.keys) for part in encryption._parts.values())

    def _note(self, made: int) -> None:
        if not self._counting:
            # This runs last in a turn of the main loop
            self._counting = True
            self._turns += 1
            GLib.idle_add(self._end_of_turn, priority=GLib.PRIORITY_HIGH)
        self._made[self._turns] = self._made.get(self._turns, 0) + made

    def _end_of_turn(self) -> bool:
        self._counting = False
        return bool(GLib.SOURCE_REMOVE)
