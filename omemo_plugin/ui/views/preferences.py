# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugin's preferences: a part for each account."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ...i18n import _
from ..presenters.help_page import HelpPage
from ..presenters.identity import EndedIdentity
from ..presenters.settings import AccountSettings
from ..presenters.settings import Switch
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .help import help_button
from .help import help_on_f1
from .identity import ended_identity
from .rename import open_public_name

OpenOver = Callable[[Window], None]


def _nothing(_window: Window) -> None:
    """An account without an identity has no such window."""


@dataclass(frozen=True)
class AccountPart:
    """
    Attributes:
        account: Gajim's name of it.
        shown: what can be chosen; or that its identity has ended.
        show_devices, show_code: open those windows.
        end, start_anew, move: ask before they do. None where that is not possible.
        bring: asks for an identity from another computer.
        save_file: asks where the file of one that has gone is saved.
    """

    account: str
    shown: AccountSettings | EndedIdentity
    show_devices: OpenOver = _nothing
    show_code: OpenOver = _nothing
    end: OpenOver | None = None
    start_anew: OpenOver | None = None
    move: OpenOver | None = None
    bring: OpenOver | None = None
    save_file: OpenOver = _nothing


def open_preferences(
    parts: Sequence[AccountPart],
    parent: Window | None,
    show_first_page: Callable[[], None],
) -> Window:
    """Show them."""
    window = widgets.window(_("OMEMO encryption"), parent, 520, 480)
    fill_preferences(window, parts, show_first_page)
    help_on_f1(window, HelpPage.FIRST_STEPS, "settings")
    widgets.present(window)
    return window


def fill_preferences(
    window: Window,
    parts: Sequence[AccountPart],
    show_first_page: Callable[[], None],
) -> None:
    """Show them in the place of what the window has shown before."""
    content = widgets.column(spacing=24, classes=("omemo-page",))
    for part in parts:
        shown = part.shown
        if isinstance(shown, EndedIdentity):
            widgets.append(content, _ended(part, shown, window))
        else:
            widgets.append(content, _account(part, shown, window))
    if not parts:
        widgets.append(content, widgets.label(_("No account is enabled.")))
    widgets.append(
        content,
        embedding.flow(
            widgets.button(_("Show the first page again"), show_first_page),
            help_button(HelpPage.FIRST_STEPS, window, "settings"),
            in_window=True,
        ),
    )
    widgets.set_content(window, widgets.scrolled(content))


def _ended(part: AccountPart, shown: EndedIdentity, window: Window) -> Widget:
    bring, save = part.bring or _nothing, part.save_file
    return ended_identity(shown, partial(bring, window), partial(save, window))


def _account(part: AccountPart, settings: AccountSettings, window: Window) -> Widget:
    heading = widgets.heading(settings.heading, classes=("omemo-title",))
    if settings.problem:
        problem = widgets.label(settings.problem)
        return widgets.column(heading, problem, _ends(part, window), spacing=12)
    # Two accounts have the same switches
    said = "{text}, {account}"

    def switch(one: Switch, choose: Callable[[bool], None]) -> Widget:
        return widgets.switch(
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
        for_how_long = widgets.label(f"{temporary.text}: {temporary.description}")
    return widgets.column(
        heading,
        switch(settings.encrypt_by_default(), settings.set_encrypt_by_default),
        switch(settings.blind_trust(), settings.set_blind_trust),
        switch(settings.warn_on_desktop(), settings.set_warn_on_desktop),
        switch(settings.plain_receipts(), settings.set_plain_receipts),
        for_how_long,
        *_public_name(settings, window),
        embedding.flow(
            widgets.button(_("My devices…"), lambda: part.show_devices(window)),
            widgets.button(_("My QR code…"), lambda: part.show_code(window)),
            in_window=True,
        ),
        _ends(part, window),
        spacing=12,
    )


def _public_name(settings: AccountSettings, window: Window) -> list[Widget]:
    """What others see of this device, and the way to change it."""
    if not settings.can_choose_public_name:
        return []
    shown = widgets.label(settings.public_name)

    def choose(name: str) -> None:
        settings.set_public_name(name)
        widgets.set_text(shown, settings.public_name)

    def ask() -> None:
        open_public_name(settings.name_of_device(), window, choose)

    text = _("Name this device…")
    name = f"{text}, {settings.heading}"
    return [shown, widgets.row(widgets.button(text, ask, name=name))]


def _ends(part: AccountPart, window: Window) -> Widget:
    """The ways to move and to end the identity, where that is possible."""
    buttons = []
    for text, ask in (
        (_("Move to another computer…"), part.move),
        (_("Bring your identity here…"), part.bring),
        (_("Start anew…"), part.start_anew),
        (_("Delete all keys of this account…"), part.end),
    ):
        if ask is None:
            continue
        name = f"{text}, {part.shown.heading}"
        buttons.append(widgets.button(text, partial(ask, window), name=name))
    return embedding.flow(*buttons, in_window=True)
