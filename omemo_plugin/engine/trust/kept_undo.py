# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What held for somebody's devices before the user checked them, kept for a day, so that
the outcome can be undone after the window is closed and after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from ..state.core import Core
from ..state.diary import DiaryEntry
from ..state.diary import DiaryKind
from ..values import CodeClaims
from ..values import Device
from ..values import Trust

_UNDO = "/gajim/undo/"

# How long the outcome of a check can be undone
KEPT_SECONDS = 24 * 3600

# Entries of the diary that nobody has decided
_EVENTS = (
    DiaryKind.NEW_DEVICE,
    DiaryKind.NEW_UNDECIDED,
    DiaryKind.KEY_CHANGED,
    DiaryKind.WITHDRAWN,
    DiaryKind.OFFERED_AGAIN,
    DiaryKind.SETTLED,
    # Nothing about devices
    DiaryKind.SWITCHED_OFF,
    DiaryKind.SWITCHED_ON,
)


@dataclass(frozen=True)
class TrustSnapshot:
    """
    What held for the devices of an account at one moment.

    Attributes:
        trust: of each device whose key was known: its fingerprint and its trust.
        blind_trust: the user's choice for new devices; None where there was none.
        check_failed: a check had failed before, and this had not been settled.
        claims: what a code has said since then, which counts for keys that have not
            been met.
    """

    jid: str
    trust: Mapping[Device, tuple[str, Trust]]
    blind_trust: bool | None
    check_failed: bool = False
    claims: CodeClaims = field(default_factory=CodeClaims)


class KeptUndo:
    """The snapshots in one account's store, one for each account at most."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def keep(self, snapshot: TrustSnapshot) -> None:
        """
        Keep what held before a check. It belongs to the newest decision in the diary;
        without one there is no place to undo it, and nothing is kept.

        Raises:
            StoreError: nothing was changed.
        """
        core = self._core
        entry = newest_decision(core.diary.of(snapshot.jid))
        if entry is None:
            return
        core.store.put(
            _UNDO + snapshot.jid,
            {
                "at": core.now(),
                "entry": [entry[1].day, entry[1].kind.value, entry[1].device_id],
                **_encoded(snapshot),
            },
        )
        core.commit()

    def of(self, jid: str) -> TrustSnapshot | None:
        """
        What the newest decision in the diary of an account can be undone to; None if
        it is none that can be undone, or is too old.
        """
        kept = self._core.store.get(_UNDO + jid)
        if kept is None or self._is_over(kept):
            return None
        found = newest_decision(self._core.diary.of(jid))
        if found is None:
            return None
        entry = found[1]
        if kept["entry"] != [entry.day, entry.kind.value, entry.device_id]:
            return None
        return _decoded(jid, kept)

    def forget(self, jid: str) -> None:
        """
        It has been undone.

        Raises:
            StoreError: nothing was changed.
        """
        self._core.store.delete(_UNDO + jid)
        self._core.commit()

    def clear(self) -> None:
        """
        Forget all of it.

        Raises:
            StoreError: nothing was changed.
        """
        for key in self._core.store.keys(_UNDO):
            self._core.store.delete(key)
        self._core.commit()

    def expire(self) -> None:
        """
        Forget what is too old: it says at which time the user decided.

        Raises:
            StoreError: nothing was changed.
        """
        core = self._core
        over = [
            key for key in core.store.keys(_UNDO) if self._is_over(core.store.get(key))
        ]
        for key in over:
            core.store.delete(key)
        if over:
            core.commit()

    def _is_over(self, kept: dict[str, Any]) -> bool:  # Any: decoded JSON
        # A clock that was set back must not make it last for years
        return abs(self._core.now() - int(kept["at"])) >= KEPT_SECONDS


def newest_decision(
    entries: tuple[DiaryEntry, ...],
) -> tuple[int, DiaryEntry] | None:
    """The newest entry that somebody has decided, and its place; None if there is
    none.

    Args:
        entries: newest first.
    """
    for place, entry in enumerate(entries):
        if entry.kind not in _EVENTS:
            return place, entry
    return None


def _encoded(snapshot: TrustSnapshot) -> dict[str, object]:
    claims = snapshot.claims
    return {
        "trust": [
            [device.device_id, fingerprint, trust.value]
            for device, (fingerprint, trust) in snapshot.trust.items()
        ],
        "blind_trust": snapshot.blind_trust,
        "check_failed": snapshot.check_failed,
        "devices": [[number, key] for number, key in claims.devices.items()],
        "trusted": sorted(claims.trusted),
        "distrusted": sorted(claims.distrusted),
    }


def _decoded(jid: str, kept: dict[str, Any]) -> TrustSnapshot:  # Any: decoded JSON
    return TrustSnapshot(
        jid,
        {
            Device(jid, number): (fingerprint, Trust(trust))
            for number, fingerprint, trust in kept["trust"]
        },
        kept["blind_trust"],
        kept["check_failed"],
        CodeClaims(
            dict(kept["devices"]),
            frozenset(kept["trusted"]),
            frozenset(kept["distrusted"]),
        ),
    )
