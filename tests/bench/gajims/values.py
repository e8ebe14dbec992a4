# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured in real Gajims."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

# By the name of a row: milliseconds, or MiB
Sample = dict[str, float]


@dataclass
class Table:
    """What was measured in the Gajims of one version.

    :ivar suite: its Debian
    :ivar other: what else does OMEMO there
    :ivar samples: of each kind, a sample for each round
    """

    suite: str
    other: str
    samples: dict[str, list[Sample]] = field(default_factory=dict)
