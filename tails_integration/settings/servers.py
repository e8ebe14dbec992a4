# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a public resolver may be asked for servers; the user opts in."""

from __future__ import annotations

from ..base.system import System

_FILE = "ask-resolver"


def may_ask(system: System) -> bool:
    """Whether the user has opted in."""
    return (system.state / _FILE).exists()


def set_may_ask(system: System, allowed: bool) -> None:
    """Opt in or out, from the next start of Gajim on."""
    path = system.state / _FILE
    if allowed:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch()
    else:
        path.unlink(missing_ok=True)
