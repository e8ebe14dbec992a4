# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Notifications of the desktop. Not by Gajim's own way: that drops those of muted chats,
and all while the user is away.
"""

from __future__ import annotations

from gajim.common import app
from gi.repository import Gio

from ..presenters.alarm_notification import DesktopWarning
from .menus import pair

# The action that a click leads to
OPEN = "omemo-warning"


def may_name() -> bool:
    """Whether the user lets notifications show what is in a chat."""
    return bool(app.settings.get("notification_preview_message"))


def send(account: str, warning: DesktopWarning) -> None:
    """Show a notification in place of the account's earlier one."""
    notification = Gio.Notification.new(warning.title)
    notification.set_body(warning.text)
    notification.set_priority(Gio.NotificationPriority.HIGH)
    target = pair(account, warning.jid)
    notification.set_default_action_and_target(f"app.{OPEN}", target)
    application: Gio.Application = app.app
    application.send_notification(_identity(account), notification)


def withdraw(account: str) -> None:
    """Take the account's notification back."""
    application: Gio.Application = app.app
    application.withdraw_notification(_identity(account))


def _identity(account: str) -> str:
    return f"omemo-warnings-{account}"
