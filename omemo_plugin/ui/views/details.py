# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Encryption details", and the same for a page of Gajim's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...bridge.i18n import _
from ..presenters.details import Details
from ..presenters.details import Group
from ..presenters.details import Kind
from ..presenters.details import Page
from ..presenters.devices import Act
from ..presenters.devices import Action
from ..presenters.devices import DeviceCard
from ..presenters.settings import ContactSettings
from ..toolkit import kit
from .fingerprint import fingerprint


class DetailsView:
    """
    What is in the window.

    Attributes:
        widget: to be put somewhere.
    """

    def __init__(
        self,
        details: Details,
        *,
        verify: Callable[[Any], None],
        show_code: Callable[[Any], None],
        settings: ContactSettings | None = None,
    ) -> None:
        """
        Args:
            verify, show_code: open those windows, over the window given to
                them.
            settings: of the contact it is about.
        """
        self._details = details
        self._verify = verify
        self._show_code = show_code
        self._settings = settings
        self._opened: set[str] = set()
        self._expanders: dict[str, Any] = {}
        self._content = kit.column(spacing=18, classes=("omemo-page",))
        self._bar = kit.row(spacing=12)
        below = kit.column(self._bar, classes=("omemo-bar",))
        self.widget = kit.column(kit.scrolled(self._content), below, spacing=0)
        self._shown: Page | None = None
        details.changed = self._update
        self._update()

    @property
    def title(self) -> str:
        """Of a window of its own."""
        return self._details.title

    def close(self) -> None:
        """Nothing is shown any more."""
        self._details.changed = lambda: None
        self._details.close()

    def _update(self) -> None:
        page = self._details.page()
        if page == self._shown:
            return
        self._shown = page
        self._opened = {
            key for key, expander in self._expanders.items() if kit.is_open(expander)
        }
        self._expanders.clear()
        kit.clear(self._content)
        kit.append(self._content, *self._head(page))
        for group in page.groups:
            kit.append(self._content, self._group(group))
        if self._settings is not None and page.groups:
            kit.append(self._content, self._choices(self._settings))
        self._show_bar(page)

    @staticmethod
    def _choices(settings: ContactSettings) -> Any:
        return kit.choice(
            settings.text, settings.choices(), settings.chosen(), settings.choose
        )

    def _head(self, page: Page) -> list[Any]:
        title = kit.heading(page.heading, classes=("omemo-title",))
        summary = kit.row(
            kit.top(kit.icon(page.icon.value, 32, classes=(page.tone.value,))),
            kit.expand(kit.label(page.summary)),
            spacing=12,
            classes=("omemo-summary",),
        )
        buttons = []
        if page.verify:
            verify = kit.button(
                page.verify, self._open_verify, classes=("suggested-action",)
            )
            buttons.append(verify)
        if self._details.subject.kind is not Kind.ROOM:
            buttons.append(kit.button(_("Show my QR code…"), self._open_code))
        return [title, summary, kit.row(*buttons)] if buttons else [title, summary]

    def _open_verify(self) -> None:
        self._verify(kit.root_of(self.widget))

    def _open_code(self) -> None:
        self._show_code(kit.root_of(self.widget))

    # Devices

    def _group(self, group: Group) -> Any:
        cards = kit.column(spacing=12)
        for card in group.cards:
            kit.append(cards, self._card(card))
        if group.inactive:
            old = kit.column(spacing=12)
            for card in group.inactive:
                kit.append(old, self._card(card))
            folded = self._fold(f"{group.jid} inactive", group.hidden, old)
            kit.append(cards, folded)
        if group.folded:
            return self._fold(group.jid, group.heading, cards)
        head = kit.row(spacing=6)
        if group.icon is not None:
            kit.append(
                head, kit.icon(group.icon.value, 16, classes=(group.tone.value,))
            )
        kit.append(head, kit.heading(group.heading))
        parts = [head]
        if group.note:
            parts.append(kit.label(group.note))
        return kit.column(*parts, cards, spacing=6)

    def _fold(self, key: str, text: str, child: Any) -> Any:
        made = kit.expander(text, child, opened=key in self._opened)
        self._expanders[key] = made
        return made

    def _card(self, card: DeviceCard) -> Any:
        badge = kit.row(
            kit.icon(card.badge.icon.value, 16, classes=(card.badge.tone.value,)),
            kit.label(card.badge.text),
        )
        head = kit.row(kit.expand(kit.heading(card.title)), badge, spacing=12)
        small = ("dim-label", "omemo-small")
        parts = [
            head,
            kit.label(f"{card.facts} · {card.seen}", classes=small),
        ]
        if card.fingerprint:
            parts.append(fingerprint(card.fingerprint, card.spoken))
        parts.append(kit.label(card.badge.meaning, classes=("omemo-small",)))
        buttons = self._buttons(card)
        if buttons:
            parts.append(kit.row(*buttons))
        made = kit.column(*parts, spacing=6, classes=("omemo-card",))
        return kit.group(made, card.summary)

    def _buttons(self, card: DeviceCard) -> list[Any]:
        """Three buttons, and the rest in a menu."""
        actions = card.actions
        shown, rest = actions[:3], actions[3:]
        buttons = [
            kit.button(action.label, self._caller(action), name=action.name)
            for action in shown
        ]
        if rest:
            entries = [
                (action.label, action.name, self._caller(action)) for action in rest
            ]
            name = _("More for {device}").format(device=card.title)
            buttons.append(kit.menu_button(_("More"), entries, name=name))
        return buttons

    def _caller(self, action: Action) -> Callable[[], None]:
        def call() -> None:
            question = action.question
            if action.act is Act.VERIFY:
                self._open_verify()
            elif question is None:
                self._details.do(action)
            else:
                kit.ask(
                    kit.root_of(self.widget),
                    question.title,
                    question.text,
                    question.yes,
                    _("Cancel"),
                    lambda: self._details.do(action),
                )

        return call

    # What was done

    def _show_bar(self, page: Page) -> None:
        kit.clear(self._bar)
        text = page.undo or page.notice
        if text:
            said = kit.announce(kit.label(text), text)
            parts = [kit.expand(said)]
            if page.undo:
                parts.append(kit.button(_("Undo"), self._details.undo))
            inside = kit.row(*parts, spacing=12, classes=("omemo-notice",))
            kit.append(self._bar, kit.expand(inside))


def open_details(view: DetailsView, title: str, parent: Any) -> Any:
    """Put it into a window of its own."""
    window = kit.window(title, parent, 560, 640)
    kit.set_content(window, view.widget)
    kit.on_close(window, view.close)
    kit.present(window)
    return window
