# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that can be put into the engine, to see that the model notices them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

from omemo_plugin.engine.messages.encrypting import Encryption
from omemo_plugin.engine.messages.planning import Planner
from omemo_plugin.engine.messages.receiving import MessageDecryptor
from omemo_plugin.engine.state.core import Core
from omemo_plugin.engine.state.sessions import Sessions
from omemo_plugin.engine.state.store import Store
from omemo_plugin.engine.trust.user_decisions import UserDecisions
from omemo_plugin.engine.values import Trust

_STEP = Encryption.step
_DIVIDE = Planner._divide
_DECIDE = UserDecisions.set_trust


def _no(*_arguments: Any) -> bool:
    return False


def _allow(*_arguments: Any) -> None:
    pass


def _consume_nothing(*_arguments: Any) -> tuple[int, list[Any]]:
    return 0, []


def _step_without_commit(self: Encryption, limit: int | None = None) -> bool:
    with mock.patch.object(Core, "commit"):
        return _STEP(self, limit)


def _both_protocols(self: Planner, record: Any) -> Any:
    with mock.patch.object(record, "speaks_omemo_2", new=False):
        return _DIVIDE(self, record)


def _verify(self: UserDecisions, device: Any, _trust: Trust) -> None:
    _DECIDE(self, device, Trust.VERIFIED)


# What is replaced, and by what
PLANTED: dict[str, tuple[Any, str, Any]] = {
    "seen messages are forgotten": (Store, "was_seen", _no),
    "the other element is left": (MessageDecryptor, "_consume", _consume_nothing),
    "a ratchet step is not committed": (Encryption, "step", _step_without_commit),
    "an old store is not noticed": (Core, "is_behind", False),
    "an old session is answered on": (Sessions, "started_before", _no),
    "everybody may read": (Planner, "_judge", _allow),
    "OMEMO 0.3 for everybody": (Planner, "_divide", _both_protocols),
    "what is decided changes": (UserDecisions, "set_trust", _verify),
}


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """Put a mistake into the engine; none for an empty name."""
    if not name:
        yield
        return
    with mock.patch.object(*PLANTED[name]):
        yield
