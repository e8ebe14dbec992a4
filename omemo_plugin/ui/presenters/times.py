# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Days, in words. More would tell more of a contact's habits than is needed."""

from __future__ import annotations

from datetime import datetime

from ...i18n import _


def day(seconds: float, now: float) -> str:
    """
    The day of a moment, in the time zone of this machine.

    Args:
        seconds, now: since 1970; 0 for never.
    """
    if seconds <= 0:
        return _("never")
    date = datetime.fromtimestamp(seconds).astimezone().date()
    today = datetime.fromtimestamp(now).astimezone().date()
    ago = (today - date).days
    if ago == 0:
        return _("today")
    if ago == 1:
        return _("yesterday")
    return date.isoformat()
