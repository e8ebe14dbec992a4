# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dock above the message input: one question, the messages that wait, and who
will read what is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...i18n import _
from ..presenters.situation import Banner
from ..presenters.situation import Content
from ..presenters.situation import SituationAction
from ..presenters.situation import Truth
from ..widgets.toolkit import Widget
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .waiting import Press
from .waiting import WaitingRows


class Dock:
    """
    The widgets. They are made again only where something has changed, so the
    keyboard focus stays where it is.

    Attributes:
        widget: to be put above the input.
    """

    def __init__(
        self,
        press: Callable[[SituationAction, Banner | None], None],
        press_waiting: Press,
    ) -> None:
        """
        Args:
            press: is told what a button does, and of the banner that it is in.
            press_waiting: is told what a button of a waiting message does.
        """
        self._press = press
        self._banner = widgets.column(spacing=0)
        self._waiting = WaitingRows(press_waiting)
        self._line = widgets.column(spacing=0)
        self.widget = widgets.column(
            self._banner, self._waiting.widget, self._line, classes=("omemo-dock",)
        )
        self._shown = Content()
        self._spoken: Widget | None = None
        # The first button of the banner
        self._first: Widget | None = None

    def show(self, content: Content) -> None:
        """Show this, and nothing else."""
        before, self._shown = self._shown, content
        if content.banner != before.banner:
            widgets.clear(self._banner)
            if content.banner is not None:
                widgets.append(self._banner, self._make_banner(content.banner))
        self._waiting.show(content.waiting)
        if content.truth != before.truth:
            widgets.clear(self._line)
            if content.truth is not None:
                widgets.append(self._line, self._make_line(content.truth))
                if _state(content.truth) != _state(before.truth):
                    # A number alone is no news for a screen reader
                    self.speak()

    def focus_line(self) -> bool:
        """Let the keyboard be on the line; returns whether there is one."""
        if self._spoken is None or self._shown.truth is None:
            return False
        embedding.take_focus(self._spoken)
        return True

    def focus_banner(self) -> None:
        """Let the keyboard be on the banner's first button, or on the line."""
        if self._first is not None and self._shown.banner is not None:
            embedding.take_focus(self._first)
        else:
            self.focus_line()

    def speak(self) -> None:
        """Say again who will read it, such as when nothing could be sent."""
        if self._shown.truth is not None and self._spoken is not None:
            embedding.say(self._spoken, self._shown.truth.text)

    def _make_banner(self, banner: Banner) -> Widget:
        icon = widgets.icon(banner.icon.value, 32, classes=(banner.tone.value,))
        words: list[Widget] = [widgets.heading(banner.title)]
        if banner.position:
            words.append(widgets.label(banner.position, classes=("dim-label",)))
        if banner.text:
            words.append(widgets.label(banner.text))
        buttons = [
            widgets.button(
                button.label,
                partial(self._press, button.act, banner),
                # Translators: both are whole sentences, spoken at a button
                name=_("{button}. {title}").format(
                    button=button.label, title=banner.title
                ),
                classes=("suggested-action",) if button.suggested else (),
            )
            for button in banner.buttons
        ]
        self._first = buttons[0] if buttons else None
        return embedding.alert(
            widgets.row(
                widgets.top(icon), widgets.expand(widgets.column(*words)), spacing=12
            ),
            embedding.flow(*buttons),
            text=banner.spoken,
            classes=("omemo-banner", banner.tone.value),
        )

    def _make_line(self, truth: Truth) -> Widget:
        icon = widgets.icon(truth.icon.value, 16, classes=(truth.tone.value,))
        text = widgets.label(truth.text, classes=("omemo-small",))
        line = embedding.wide_button(
            widgets.row(icon, widgets.expand(text)),
            partial(self._press, SituationAction.DETAILS, None),
            name=truth.text,
            classes=("omemo-truth", truth.tone.value),
        )
        self._spoken = line
        children = [line]
        if truth.button is not None:
            button = truth.button
            children.append(
                widgets.button(
                    button.label,
                    partial(self._press, button.act, self._shown.banner),
                    # Translators: both are whole sentences, spoken at a button
                    name=_("{button}. {title}").format(
                        button=button.label, title=truth.text
                    ),
                    classes=("omemo-offer",),
                )
            )
        return widgets.row(*children)


def _state(truth: Truth | None) -> tuple[object, ...]:
    if truth is None:
        return ()
    return (truth.icon, truth.tone, truth.blocked, truth.button)
