# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The notification of the desktop about open alarms."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

from ...engine.values import Alarm
from ...engine.values import Device
from ...i18n import _
from ...i18n import ngettext
from .alarm_banners import alarm_title


@dataclass(frozen=True)
class DesktopWarning:
    """
    A notification.

    Attributes:
        jid: whose chat it leads to.
    """

    title: str
    text: str
    jid: str


def desktop_warning(
    alarms: Sequence[Alarm],
    name_of: Callable[[str], str],
    device_name: Callable[[Device], str],
    *,
    names: bool,
) -> DesktopWarning:
    """
    One notification for all that is open on an account.

    Args:
        alarms: at least one; the newest comes last.
        names: whether notifications may name contacts.
    """
    last = alarms[-1]
    jid = last.device.jid
    if not names:
        return DesktopWarning(
            _("Gajim: a warning about encryption"), _("Open the chat to read it."), jid
        )
    if len({alarm.device.jid for alarm in alarms}) > 1:
        count = len(alarms)
        text = ngettext(
            "{count} warning waits for your answer.",
            "{count} warnings wait for your answer.",
            count,
        ).format(count=count)
        return DesktopWarning(_("Warnings about encryption"), text, jid)
    # Translators: {name} is what the user calls a contact, a room or an account
    title = _("Warning about {name}").format(name=name_of(jid))
    return DesktopWarning(title, alarm_title(last, name_of, device_name), jid)
