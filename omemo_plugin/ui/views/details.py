# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Encryption details", and the same for a page of Gajim's."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from ...engine.values import Device
from ...i18n import _
from ..presenters.details import Details
from ..presenters.details_values import Group
from ..presenters.details_values import Page
from ..presenters.details_values import SubjectKind
from ..presenters.devices import Action
from ..presenters.devices import DeviceAction
from ..presenters.devices import DeviceCard
from ..presenters.help_page import HelpPage
from ..presenters.settings import ContactSettings
from ..widgets.toolkit import Expander
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import desktop
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .fingerprint import fingerprint
from .help import help_on_f1
from .rename import open_rename


class DetailsView:
    """
    The widgets of the window "Encryption details".

    Attributes:
        widget: to be put somewhere.
    """

    def __init__(
        self,
        details: Details,
        *,
        verify: Callable[[Window | None, Device | None], None],
        compare: Callable[[Device, Window | None], None],
        show_code: Callable[[Window | None], None],
        settings: ContactSettings | None = None,
    ) -> None:
        """
        Args:
            verify, compare, show_code: open those windows, over the window given
                to them. Where no device is given, any is verified.
            settings: of the contact it is about.
        """
        self._details = details
        self._verify = verify
        self._compare = compare
        self._show_code = show_code
        self._settings = settings
        # What the user has opened or folded, by what it is
        self._open: dict[str, bool] = {}
        self._expanders: dict[str, Expander] = {}
        self._content = widgets.column(spacing=18, classes=("omemo-page",))
        self._bar = widgets.row(spacing=12)
        below = widgets.column(self._bar, classes=("omemo-bar",))
        self._search = widgets.column(
            embedding.search(_("Search for people or devices"), self._look_for),
            classes=("omemo-bar",),
        )
        self.widget = widgets.column(
            self._search, widgets.scrolled(self._content), below, spacing=0
        )
        self._shown: Page | None = None
        details.changed = self._update
        self._update()

    @property
    def title(self) -> str:
        """The title, where the view has a window of its own."""
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
        for key, expander in self._expanders.items():
            self._open[key] = widgets.is_open(expander)
        self._expanders.clear()
        widgets.clear(self._content)
        widgets.append(self._content, *self._head(page))
        for group in page.groups:
            if group.section:
                title = widgets.heading(group.section, classes=("omemo-title",))
                widgets.append(self._content, title)
            widgets.append(self._content, self._group(group))
        if page.history:
            widgets.append(self._content, self._history(page))
        widgets.set_visible(self._search, page.can_search)
        if self._settings is not None and page.groups:
            widgets.append(self._content, self._choices(self._settings))
        self._show_bar(page)

    def _history(self, page: Page) -> Widget:
        """The history of devices, folded, with a button below the line that can be
        undone."""
        text = "\n".join(page.history)
        copy = widgets.button(
            _("Copy"),
            lambda: desktop.copy(self.widget, text),
            name=_("Copy the history"),
        )
        inside = widgets.column()
        end = 0 if page.undoable is None else page.undoable + 1
        if end:
            line = page.history[end - 1]
            # A screen reader meets the button alone
            undo = widgets.button(
                _("Undo"), self._details.undo_check, name=f"{_('Undo')} {line}"
            )
            widgets.append(inside, _lines(page.history[:end]), widgets.row(undo))
        if page.history[end:]:
            widgets.append(inside, _lines(page.history[end:]))
        widgets.append(inside, widgets.row(copy))
        return self._fold("history", _("History"), inside)

    def _look_for(self, text: str) -> None:
        self._details.search = text
        self._update()

    @staticmethod
    def _choices(settings: ContactSettings) -> Widget:
        return embedding.choice(
            settings.text, settings.choices(), settings.chosen(), settings.choose
        )

    def _head(self, page: Page) -> list[Widget]:
        title = widgets.heading(page.heading, classes=("omemo-title",))
        summary = widgets.row(
            widgets.top(widgets.icon(page.icon.value, 32, classes=(page.tone.value,))),
            widgets.expand(widgets.label(page.summary)),
            spacing=12,
            classes=("omemo-summary",),
        )
        buttons: list[Widget] = []
        if page.verify:
            verify = widgets.button(
                page.verify, self._open_verify, classes=("suggested-action",)
            )
            buttons.append(verify)
        if self._details.subject.kind is not SubjectKind.ROOM:
            buttons.append(widgets.button(_("Show my QR code…"), self._open_code))
        if buttons:
            return [title, summary, embedding.flow(*buttons, in_window=True)]
        return [title, summary]

    def _open_verify(self, device: Device | None = None) -> None:
        self._verify(widgets.root_of(self.widget), device)

    def _open_code(self) -> None:
        self._show_code(widgets.root_of(self.widget))

    # Devices

    def _group(self, group: Group) -> Widget:
        cards = widgets.column(spacing=12)
        for card in group.cards:
            widgets.append(cards, self._card(card))
        if group.inactive:
            old = widgets.column(spacing=12)
            for card in group.inactive:
                widgets.append(old, self._card(card))
            folded = self._fold(f"{group.jid} inactive", group.hidden, old)
            widgets.append(cards, folded)
        if group.folded:
            return self._fold(group.jid, group.heading, cards)
        head = widgets.row(spacing=6)
        if group.icon is not None:
            widgets.append(
                head, widgets.icon(group.icon.value, 16, classes=(group.tone.value,))
            )
        widgets.append(head, widgets.heading(group.heading))
        parts: list[Widget] = [head]
        if group.note:
            parts.append(widgets.label(group.note))
        return widgets.column(*parts, cards, spacing=6)

    def _fold(
        self,
        key: str,
        text: str,
        child: Widget,
        *,
        opened: bool = False,
        name: str = "",
    ) -> Widget:
        """
        Something that can be folded; what the user has done with it stays.

        Args:
            opened: whether it is open at first.
            name: what a screen reader says, where the text is not enough.
        """
        opened = self._open.get(key, opened)
        made = widgets.expander(text, child, opened=opened, name=name)
        self._expanders[key] = made
        return made

    def _card(self, card: DeviceCard) -> Widget:
        badge = widgets.row(
            widgets.icon(card.badge.icon.value, 16, classes=(card.badge.tone.value,)),
            widgets.label(card.badge.text),
        )
        parts: list[Widget] = [
            widgets.heading(card.title),
            badge,
            widgets.label(card.badge.meaning, classes=("omemo-small",)),
        ]
        if card.unheard:
            parts.append(widgets.label(card.unheard))
        buttons = self._buttons(card)
        if buttons:
            parts.append(embedding.flow(*buttons, in_window=True))
        parts.append(self._technical(card))
        made = widgets.column(*parts, spacing=6, classes=("omemo-card",))
        return widgets.group(made, card.summary)

    def _technical(self, card: DeviceCard) -> Widget:
        """What only those look at who compare or report something."""
        small = ("dim-label", "omemo-small")
        inside = widgets.column(
            widgets.label(f"{card.facts} · {card.seen}", classes=small)
        )
        if card.fingerprint:
            widgets.append(inside, fingerprint(card.fingerprint, card.spoken))
        device = card.device
        return self._fold(
            f"{device.jid} {device.device_id}",
            _("Technical details"),
            inside,
            opened=card.is_open,
            name=_("Technical details of {device}").format(device=card.title),
        )

    def _buttons(self, card: DeviceCard) -> list[Widget]:
        """The buttons for answers and comparisons, and a menu with the rest."""
        acts = [action.act for action in card.actions]
        count = len(acts)
        if DeviceAction.RENAME in acts:
            count = acts.index(DeviceAction.RENAME)
        shown, rest = card.actions[:count], card.actions[count:]
        buttons: list[Widget] = [
            widgets.button(action.label, self._caller(action), name=action.name)
            for action in shown
        ]
        if rest:
            entries = [
                (action.label, action.name, self._caller(action)) for action in rest
            ]
            name = _("More for {device}").format(device=card.title)
            buttons.append(widgets.menu_button(_("More"), entries, name=name))
        return buttons

    def _caller(self, action: Action) -> Callable[[], None]:
        def call() -> None:
            question = action.question
            if action.act is DeviceAction.VERIFY:
                self._open_verify(action.device)
            elif action.act is DeviceAction.RENAME:
                self._rename(action.device)
            elif action.act is DeviceAction.COMPARE:
                self._compare(action.device, widgets.root_of(self.widget))
            elif question is None:
                self._details.do(action)
            else:
                desktop.ask(
                    widgets.root_of(self.widget),
                    question.title,
                    question.text,
                    question.yes,
                    question.no,
                    lambda: self._details.do(action),
                )

        return call

    def _rename(self, device: Device) -> None:
        open_rename(
            self._details.name_of(device),
            widgets.root_of(self.widget),
            lambda name: self._details.rename(device, name),
        )

    # The note about the last action

    def _show_bar(self, page: Page) -> None:
        widgets.clear(self._bar)
        text = page.undo or page.notice
        if text:
            said = widgets.announce(widgets.label(text), text)
            parts: list[Widget] = [widgets.expand(said)]
            if page.undo:
                parts.append(widgets.button(_("Undo"), self._details.undo))
            inside = widgets.row(*parts, spacing=12, classes=("omemo-notice",))
            widgets.append(self._bar, widgets.expand(inside))


def _lines(lines: Sequence[str]) -> Widget:
    return widgets.label("\n".join(lines), classes=("omemo-small",), selectable=True)


def open_details(view: DetailsView, title: str, parent: Window | None) -> Window:
    """Put it into a window of its own."""
    window = widgets.window(title, parent, 560, 640)
    help_on_f1(window, HelpPage.READING)
    widgets.set_content(window, view.widget)
    widgets.on_close(window, view.close)
    widgets.present(window)
    return window
