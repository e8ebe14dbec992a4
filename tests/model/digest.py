# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The state of an engine that its future depends on, as bytes: all of its store, and what
it keeps in memory. Two engines with the same bytes do the same from then on.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import Any

from omemo_plugin.engine.backend import speedups
from omemo_plugin.engine.engine import OmemoEngine

# How often the store was written says nothing, but whether it is behind
_LEFT_OUT = ("/gajim/generation",)

# In memory, what the store has as well, and what leads out of the object
_SKIPPED = frozenset(
    (
        "_core",
        "_directory",
        "_publication",
        "_trust_messages",
        "_temporary",
        "_rollback",
        "_receiver",
        "_sender",
        "_store",
        "_devices",
        "_decisions",
        "preverified",
    )
)


def engine_digest(engine: OmemoEngine) -> bytes:
    """The bytes, hashed."""
    core = engine._core
    state = hashlib.blake2b(digest_size=16)
    for key, value in core.store._connection.execute(
        "SELECT key, value FROM kv ORDER BY key"
    ):
        if key not in _LEFT_OUT:
            state.update(f"{key}\n{value}\n".encode())
    seen = core.store._connection.execute("SELECT digest FROM seen ORDER BY digest")
    state.update(b"".join(row[0] for row in seen))
    parts: list[Any] = [
        core.store._pending,
        core.store._pending_seen,
        core.is_behind,
        core.catching_up,
        core.now(),
        engine.incoming,
        engine.incoming._keys,
        engine._directory,
        engine.publication,
        engine.temporary,
        engine.trust_messages,
        engine.alarms,
        engine.keys,
        engine._rollback,
        core.decisions,
    ]
    for sessions in core.sessions.values():
        for device in sorted(sessions._changed):
            current = sessions.of(device).current
            assert current is not None
            parts += [device, current.confirmed, speedups.session_state(current)]
    state.update(plain(parts).encode())
    return state.digest()


def plain(one: Any) -> str:
    """A value in words, the same ones for values that are equal."""
    if one is None or isinstance(one, (str, bytes, int, float, Enum)):
        return repr(one)
    if isinstance(one, dict):
        items = sorted(f"{plain(key)}:{plain(value)}" for key, value in one.items())
        return f"{{{','.join(items)}}}"
    if isinstance(one, (set, frozenset)):
        return f"{{{','.join(sorted(map(plain, one)))}}}"
    if isinstance(one, (list, tuple)):
        return f"[{','.join(map(plain, one))}]"
    inside = getattr(one, "__dict__", None)
    if inside is None:
        raise TypeError(f"what is {type(one)}?")
    items = [
        f"{name}={plain(value)}"
        for name, value in inside.items()
        if name not in _SKIPPED and not callable(value)
    ]
    return f"{type(one).__name__}({','.join(items)})"
