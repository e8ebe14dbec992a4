# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Measures the cost of taking the keys of read messages off the disk: the same catch-up
with the journal of the key store emptied as in Gajim, and never.

The two take turns, in one run. Between batches the main loop runs, in which the
journal is emptied; the disk is waited for in a thread.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from gi.repository import GLib

from omemo_plugin.bridge.state.journal_emptier import JournalEmptier
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

from .rival import Row

NAME = "forgetting"
NEVER = "never forgetting"

# As the catch-up commits them
_BATCH = 100
_MESSAGES = 2500
_ROUNDS = 7
_TEXT = b"The meeting is at noon by the old lighthouse."


class _Reader:
    """Somebody who reads many messages of one sender."""

    def __init__(self, peer: Peer, sender: Peer, *, forgets: bool) -> None:
        self._peer = peer
        self._sender = sender
        sender.send(b"first", peer)
        peer.send(b"answer", sender)
        peer.engine.commit()
        self._emptier = JournalEmptier(peer.engine.journal) if forgets else None
        self.times: list[tuple[float, float]] = []
        self.emptied = 0

    def read(self) -> None:
        messages = [
            self._sender.encrypt(_TEXT, self._peer.jid).messages[0]
            for _ in range(_MESSAGES)
        ]
        started, worked = time.perf_counter(), time.thread_time()
        for first in range(0, _MESSAGES, _BATCH):
            self._read(messages[first : first + _BATCH])
        elapsed, work = time.perf_counter() - started, time.thread_time() - worked
        self.times.append((1000 * elapsed, 1000 * work))

    def _read(self, batch: list[EncryptedMessage]) -> None:
        for message in batch:
            self._peer.engine.incoming.decrypt(self._sender.jid, [message])
        self._peer.engine.commit()
        if self._emptier is None:
            return
        self._emptier.note()
        context = GLib.MainContext.default()
        while context.iteration(may_block=False):
            self.emptied += self._peer.engine.journal.is_empty

    def close(self) -> None:
        if self._emptier is not None:
            self._emptier.close()


def rows() -> list[Row]:
    """
    Measure it.

    Returns:
        Elapsed milliseconds for all messages, and those of the processor in the main
        thread. A ratio of 0.95 is a catch-up that takes 5 % longer.
    """
    with tempfile.TemporaryDirectory() as folder:
        network = FakeNetwork(Path(folder))
        legacy = (Protocol.LEGACY,)
        ann, ben, cat = (
            network.peer(f"{name}@test", protocols=legacy)
            for name in ("ann", "ben", "cat")
        )
        forgets = _Reader(ben, ann, forgets=True)
        keeps = _Reader(cat, ann, forgets=False)
        for number in range(_ROUNDS):
            pair = (forgets, keeps) if number % 2 else (keeps, forgets)
            for reader in pair:
                reader.read()
        assert forgets.emptied, "the journal was never emptied"
        forgets.close()
        network.close()
    names = (f"{NAME}-{_MESSAGES}", f"{NAME}-main-loop")
    return [
        _row(
            name,
            [times[which] for times in forgets.times],
            [times[which] for times in keeps.times],
        )
        for which, name in enumerate(names)
    ]


def _row(name: str, with_it: list[float], without: list[float]) -> Row:
    ours, theirs = statistics.median(with_it), statistics.median(without)
    return {
        "name": name,
        "ours_ms": round(ours, 2),
        "peer": NEVER,
        "peer_ms": round(theirs, 2),
        "ratio": round(theirs / ours, 3),
    }
