# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounds within which everything is looked at."""

from __future__ import annotations

from .bounds import Bounds
from .bounds import Kind

# With every run of the tests
SMALL = (
    Bounds(2, 0),
    Bounds(6, 0, pending=0, senders=2),
    Bounds(1, 1),
    Bounds(2, 0, 2, pending=0, senders=1),
)

# For `tools/model --full`: the largest bounds that come to an end within minutes. With
# a second fault, or more messages on the way, the states cannot be counted any more
FULL = (
    *SMALL,
    Bounds(2, 0, answers_wait=True),
    Bounds(6, 0, pending=0),
    Bounds(2, 1, pending=0, senders=1),
    Bounds(1, 1, answers_wait=True),
)


def only(*kinds: Kind) -> frozenset[Kind]:
    """These faults, and what is none."""
    return frozenset(kind for kind in Kind if kind.cost == 0 or kind in kinds)


# The smallest bounds within which each planted mistake has to be found
FINDS = {
    "seen messages are forgotten": Bounds(1, 1, kinds=only(Kind.REPEAT)),
    "the other element is left": Bounds(1, 1, kinds=only(Kind.REPEAT)),
    "a ratchet step is not committed": Bounds(
        2, 1, pending=0, senders=1, kinds=only(Kind.KILL)
    ),
    "an old store is not noticed": Bounds(
        2, 1, pending=0, senders=1, kinds=only(Kind.RESTORE)
    ),
    "an old session is answered on": Bounds(
        2, 1, pending=0, senders=2, kinds=only(Kind.RESTORE)
    ),
    "everybody may read": Bounds(2, 0, 1, pending=0, senders=1),
    "OMEMO 0.3 for everybody": Bounds(2, 0, pending=0, senders=2),
    "what is decided changes": Bounds(1, 0, 1, pending=0, senders=1),
}
