# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings on the desktop while alarms are open."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from gi.repository import GLib

from ..device_names import title
from ..engine.values import Alarm
from ..engine.values import Device
from .gajim_windows import notifications
from .gajim_windows import screen
from .presenters.alarm_notification import desktop_warning

if TYPE_CHECKING:
    from .presenters.window_service import WindowService

log = logging.getLogger("gajim.p.omemo_plugin")


class AlarmNotifications:
    """The notifications about alarms of all accounts: one for each alarm."""

    def __init__(self) -> None:
        # The texts of the notifications, by account
        self._said: dict[str, frozenset[Alarm]] = {}

    def update(self, service: WindowService) -> None:
        """Say what is new, and take back what has been answered."""
        if screen.main_window() is None:
            # Gajim is starting. A room that is looked up before Gajim has its rooms
            # would be taken for a person, and Gajim 1.7 would not start
            GLib.timeout_add(500, self._update_later, service)
            return
        try:
            self._update(service)
        except Exception:
            log.exception("A warning on the desktop")

    def _update_later(self, service: WindowService) -> None:
        self.update(service)

    def _update(self, service: WindowService) -> None:
        account = service.account
        alarms = service.alarms.all() if service.settings.warn_on_desktop else ()
        before = self._said.get(account, frozenset())
        self._said[account] = frozenset(alarms)
        if not alarms:
            if before:
                notifications.withdraw(account)
        elif not before.issuperset(alarms):
            warning = desktop_warning(
                alarms,
                lambda jid: screen.name_of(account, jid),
                lambda device: _device_name(service, device),
                names=notifications.may_name(),
            )
            if warning.jid == service.own_jid:
                # It is in every chat
                warning = replace(warning, jid="")
            notifications.send(account, warning)

    def stop(self) -> None:
        """Take all back."""
        for account, alarms in self._said.items():
            if alarms:
                notifications.withdraw(account)
        self._said.clear()


def _device_name(service: WindowService, device: Device) -> str:
    for info in service.devices(device.jid):
        if info.device == device:
            return title(info)
    return str(device.device_id)
