# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that says what a code came to, and asks how it came."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...i18n import _
from ...verify.fingerprint import spoken
from ..presenters.verify import Verify
from ..presenters.verify_values import Result
from ..presenters.verify_values import VerifyAction
from ..presenters.verify_values import Way
from ..widgets.toolkit import Button
from ..widgets.toolkit import widgets
from .fingerprint import fingerprint
from .pages import Pages


class ResultPage:
    """Shown in a window with other pages."""

    def __init__(
        self,
        verify: Verify,
        pages: Pages,
        press: Callable[[VerifyAction], None],
        show_code: Callable[[], None],
    ) -> None:
        """
        Args:
            press: is told which button was pressed.
            show_code: shows the user's own code.
        """
        self._verify = verify
        self._pages = pages
        self._press = press
        self._show_code = show_code

    def show(self, result: Result, *, call: Callable[[], None]) -> None:
        """
        Args:
            call: goes on by calling the contact.
        """
        pages = self._pages
        pages.begin(result.title)
        icon = widgets.icon(result.icon.value, 64, classes=(result.tone.value,))
        text = widgets.announce(widgets.label(result.text), result.spoken)
        pages.add(widgets.centre(icon), text)
        for line in result.lines:
            said = f"{line.text} {spoken(''.join(line.fingerprint))}"
            card = widgets.column(
                widgets.label(line.text),
                fingerprint(line.fingerprint, said),
                classes=("omemo-card",),
            )
            pages.add(widgets.group(card, line.text))
        buttons = {
            button.act: widgets.button(button.label, partial(self._press, button.act))
            for button in result.buttons
        }
        if result.asks_way:
            self._ask_way(buttons[VerifyAction.CONFIRM], call)
        pages.add_buttons(*buttons.values(), pages.close_button())
        if result.ask_back:
            pages.add_question(result.ask_back, self._show_code)

    def _ask_way(self, confirm: Button, call: Callable[[], None]) -> None:
        """
        Ask how a code came, before it counts.

        Args:
            confirm: the button that carries it out.
            call: goes on by calling the contact.
        """
        chosen: list[Way] = []
        said = widgets.label("")
        instead = widgets.button(_("Call instead"), call)
        sure = widgets.check("", lambda _checked: answer())

        def answer() -> None:
            way = chosen[-1] if chosen else None
            given = self._verify.answer(way, sure=widgets.is_checked(sure))
            widgets.set_sensitive(confirm, given.enough)
            widgets.set_visible(sure, bool(given.check))
            widgets.set_label(sure, given.check)
            widgets.set_visible(said, bool(given.text))
            widgets.set_text(said, given.text)
            can_call = bool(given.text) and self._verify.for_voice is not None
            widgets.set_visible(instead, can_call)

        def choose(value: str) -> None:
            chosen.append(Way(value))
            answer()

        ways = [(way.value, text) for way, text in self._verify.ways]
        self._pages.add(widgets.radios(ways, choose), sure, said, instead)
        answer()
