# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down an unexpected error without what it was about."""

from __future__ import annotations

import logging
import traceback

log = logging.getLogger("gajim.p.omemo_plugin")


def report(doing: str, error: BaseException) -> None:
    """
    Log where an error came from.

    SECURITY: neither its text nor the values in its frames: they may be what
    somebody wrote, or a key.
    """
    places = [
        f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    log.error(
        "Unexpected %s while %s: %s",
        type(error).__name__,
        doing,
        " > ".join(places),
    )
