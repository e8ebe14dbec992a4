# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undoing the outcome of a check, for a day and after restarts."""

from __future__ import annotations

from ..engine.engine import OmemoEngine
from ..engine.state.diary import DiaryKind
from ..engine.trust.kept_undo import TrustSnapshot
from .log import guard
from .pep.effects import EffectRunner
from .state.device_history import DeviceHistory
from .state.keystore import Keystore


class TrustUndo:
    """What one account's checks can be undone to. Nothing raises."""

    def __init__(
        self, keystore: Keystore, effects: EffectRunner, history: DeviceHistory
    ) -> None:
        self._keystore = keystore
        self._effects = effects
        self._history = history

    def keep(self, before: TrustSnapshot, kind: DiaryKind | None) -> None:
        """
        Keep what held before a check, where Gajim keeps a history.

        Args:
            kind: what is written down first; None if that has been done.
        """
        if kind is not None:
            self._history.note_account(before.jid, kind)
        if self._history.keeps:
            self._effects.call(
                "keeping what a check can be undone to",
                lambda engine: engine.kept_undo.keep(before),
            )

    def of(self, jid: str) -> TrustSnapshot | None:
        """What the last decision about an account can be undone to."""
        engine = self._keystore.engine
        if engine is None:
            return None
        with guard("looking for what can be undone"):
            return engine.kept_undo.of(jid)
        return None

    def undone(self, before: TrustSnapshot) -> None:
        """The trust has been put back: neither the code counts any more, for keys
        that have not been met, nor can it be undone again."""

        def forget(engine: OmemoEngine) -> None:
            engine.trust.withdraw(before.jid, before.claims)
            engine.kept_undo.forget(before.jid)

        self._effects.call("undoing a check", forget)
        self._history.note_account(before.jid, DiaryKind.UNDONE)
