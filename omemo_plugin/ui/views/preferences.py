# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugin's preferences: a part for each account."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from ...bridge.i18n import _
from ..presenters.settings import AccountSettings
from ..presenters.settings import Switch
from ..toolkit import kit


def open_preferences(
    accounts: Sequence[tuple[str, AccountSettings]],
    parent: Any,
    *,
    show_devices: Callable[[str, Any], None],
    show_code: Callable[[str, Any], None],
) -> Any:
    """
    Args:
        accounts: Gajim's names, and what can be chosen.
        show_devices, show_code: open those windows for an account.
    """
    window = kit.window(_("OMEMO preferences"), parent, 520, 480)
    content = kit.column(spacing=24, classes=("omemo-page",))
    for account, settings in accounts:
        part = _account(account, settings, window, show_devices, show_code)
        kit.append(content, part)
    if not accounts:
        kit.append(content, kit.label(_("No account is enabled.")))
    kit.set_content(window, kit.scrolled(content))
    kit.present(window)
    return window


def _account(
    account: str,
    settings: AccountSettings,
    window: Any,
    show_devices: Callable[[str, Any], None],
    show_code: Callable[[str, Any], None],
) -> Any:
    heading = kit.heading(settings.heading, classes=("omemo-title",))
    if settings.problem:
        return kit.column(heading, kit.label(settings.problem))
    # Two accounts have the same switches
    said = "{text}, {account}"

    def switch(one: Switch, choose: Callable[[bool], None]) -> Any:
        return kit.switch(
            one.text,
            one.active,
            choose,
            description=one.description,
            name=said.format(text=one.text, account=settings.heading),
        )

    temporary = settings.temporary()
    if settings.can_choose_temporary:
        for_how_long = switch(temporary, settings.set_temporary)
    else:
        for_how_long = kit.label(f"{temporary.text}: {temporary.description}")
    return kit.column(
        heading,
        switch(settings.encrypt_by_default(), settings.set_encrypt_by_default),
        switch(settings.blind_trust(), settings.set_blind_trust),
        switch(settings.plain_receipts(), settings.set_plain_receipts),
        for_how_long,
        kit.row(
            kit.button(_("My devices…"), lambda: show_devices(account, window)),
            kit.button(_("My QR code…"), lambda: show_code(account, window)),
        ),
        spacing=12,
    )
