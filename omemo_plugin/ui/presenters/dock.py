# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is said directly above the message input."""

from __future__ import annotations

from .banners import banner_of
from .situation import OMEMO
from .situation import Content
from .situation import Situation
from .truth_line import truth_of


def content_of(now: Situation) -> Content:
    """The content of the dock above the input of a conversation."""
    if now.encryption not in ("", OMEMO):
        # Another plugin's; nothing is known of what it does
        return Content()
    return Content(truth_of(now), banner_of(now))
