# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The windows that take an identity to another computer, and bring one from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...i18n import _
from ..presenters.help_page import HelpPage
from ..presenters.moving import FILE_TYPE
from ..presenters.moving import ArrivalQuestion
from ..presenters.moving import MoveQuestion
from ..presenters.moving import file_name
from ..widgets.toolkit import Entry
from ..widgets.toolkit import Window
from ..widgets.toolkit import desktop
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .help import help_on_f1
from .pages import Pages


class _MovingPages(Pages):
    """Pages with a line that says what is wrong, or is being done."""

    def __init__(self, title: str, parent: Window | None) -> None:
        super().__init__(title, parent, 520, 640)
        help_on_f1(self.window, HelpPage.FIRST_STEPS, "moving")
        self.is_open = True
        widgets.on_close(self.window, self._closed)

    def _closed(self) -> None:
        self.is_open = False

    def add_said(self) -> Callable[[str], None]:
        """Returns what shows a sentence there."""
        said = widgets.label("")
        widgets.set_visible(said, False)
        self.add(said)

        def say(text: str) -> None:
            widgets.set_text(said, text)
            widgets.set_visible(said, bool(text))
            embedding.say(said, text)

        return say

    def add_place(self, name: str, path: str, choose: Callable[[Entry], None]) -> Entry:
        """Ask for the place of the file. Returns what it is typed in."""
        entry = widgets.entry(name, "", lambda _text: None)
        widgets.set_entry(entry, path)
        button = widgets.button(_("Choose…"), lambda: choose(entry))
        self.add(
            widgets.label(name), widgets.row(widgets.expand(entry), button, spacing=6)
        )
        return entry

    def add_passphrase(self, name: str, activated: Callable[[], None]) -> Entry:
        """Ask for a passphrase. Returns what it is typed in."""
        entry = widgets.entry(name, "", lambda _text: activated())
        widgets.hide_text(entry)
        self.add(widgets.label(name), entry)
        return entry


def open_move(question: MoveQuestion, parent: Window | None) -> Window:
    """Ask, and make the file. Escape changes nothing before that."""
    pages = _MovingPages(question.title, parent)
    if question.file_is_here:
        _ask_where(pages, question, "")
    else:
        _ask_to_move(pages, question)
    widgets.present(pages.window)
    return pages.window


def _ask_to_move(pages: _MovingPages, question: MoveQuestion) -> None:
    pages.begin(question.title)
    pages.add(widgets.label(question.address))
    pages.add(*(widgets.label(one) for one in question.sentences))
    if question.why_not:
        pages.add(widgets.label(question.why_not))
        pages.add_buttons(pages.close_button())
        return
    suggestion = widgets.label(question.suggestion, selectable=True)
    another = widgets.button(
        _("Suggest another"),
        lambda: widgets.set_text(suggestion, question.suggest_another()),
    )
    pages.add(
        widgets.label(_("Write down a passphrase, such as this one:")),
        widgets.row(widgets.expand(suggestion), another, spacing=6),
    )

    def confirm() -> None:
        path = widgets.text_of(place)
        words = widgets.text_of(first)
        reason = question.check(words, widgets.text_of(again), path)
        say(reason or question.working)
        if reason:
            return
        widgets.set_sensitive(make, False)

        def done(problem: str) -> None:
            if not pages.is_open:
                return
            if question.file_is_here:
                _ask_where(pages, question, problem)
            elif question.has_gone:
                _say_gone(pages, question, path, problem)
            else:
                widgets.set_sensitive(make, True)
                say(problem)

        question.confirm(words, path, done)

    first = pages.add_passphrase(_("Passphrase"), confirm)
    again = pages.add_passphrase(_("Passphrase, once more"), confirm)
    place = pages.add_place(
        _("Where the file is saved"),
        str(question.path),
        lambda entry: _choose_place(pages.window, question, entry),
    )
    say = pages.add_said()
    keep = widgets.button(question.keep_label, lambda: widgets.close(pages.window))
    make = widgets.button(question.move_label, confirm, classes=("destructive-action",))
    pages.add_buttons(keep, make)
    widgets.focus(first)


def _choose_place(window: Window, question: MoveQuestion, entry: Entry) -> None:
    desktop.save(
        window,
        _("Save the file"),
        file_name(question.address),
        lambda path: widgets.set_entry(entry, str(path)),
    )


def _ask_where(pages: _MovingPages, question: MoveQuestion, problem: str) -> None:
    """The key has gone, and its file is not where the user wants it."""
    pages.begin(_("Save the file"), notice=problem)
    pages.add(widgets.label(question.address))
    place = pages.add_place(
        _("Where the file is saved"),
        str(question.path),
        lambda entry: _choose_place(pages.window, question, entry),
    )
    say = pages.add_said()

    def save() -> None:
        path = widgets.text_of(place)
        reason = question.save(path)
        if reason:
            say(reason)
        else:
            _say_gone(pages, question, path, "")

    pages.add_buttons(
        pages.close_button(),
        widgets.button(_("Save it"), save, classes=("suggested-action",)),
    )
    widgets.focus(place)


def _say_gone(
    pages: _MovingPages, question: MoveQuestion, path: str, problem: str
) -> None:
    pages.begin(_("Your key is ready to move"), notice=problem)
    pages.add(*(widgets.label(one) for one in question.gone(path)))
    pages.add_buttons(pages.close_button())


def open_arrival(question: ArrivalQuestion, parent: Window | None) -> Window:
    """Ask, and bring the identity here. Escape changes nothing before that."""
    pages = _MovingPages(question.title, parent)
    widgets.on_close(pages.window, question.leave)
    _ask_for_file(pages, question)
    widgets.present(pages.window)
    return pages.window


def _ask_for_file(pages: _MovingPages, question: ArrivalQuestion) -> None:
    pages.begin(question.title)
    pages.add(widgets.label(question.address))
    pages.add(*(widgets.label(one) for one in question.sentences))

    def bring() -> None:
        path, words = widgets.text_of(place), widgets.text_of(passphrase)
        reason = question.check(path, words)
        say(reason or question.working)
        if reason:
            return
        widgets.set_sensitive(button, False)

        def checked(used: bool, problem: str) -> None:
            if not pages.is_open:
                return
            if used:
                _ask_about_used(pages, question)
                return
            problem = problem or question.arrive(used=False)
            if problem:
                widgets.set_sensitive(button, True)
                say(problem)
            else:
                _say_arrived(pages, question)

        question.read(path, words, checked)

    place = pages.add_place(
        _("The file"),
        question.path,
        lambda entry: _choose_file(pages.window, entry),
    )
    passphrase = pages.add_passphrase(_("Passphrase"), bring)
    say = pages.add_said()
    button = widgets.button(question.bring_label, bring, classes=("suggested-action",))
    cancel = widgets.button(_("Cancel"), lambda: widgets.close(pages.window))
    pages.add_buttons(cancel, button)
    widgets.focus(place)


def _choose_file(window: Window, entry: Entry) -> None:
    def chosen(path: Path) -> None:
        widgets.set_entry(entry, str(path))

    desktop.open_file(
        window, _("Open the file"), _("KeePass files"), (FILE_TYPE,), chosen
    )


def _ask_about_used(pages: _MovingPages, question: ArrivalQuestion) -> None:
    pages.begin(question.used_title)
    pages.add(*(widgets.label(one) for one in question.used_sentences))
    say = pages.add_said()

    def decline() -> None:
        reason = question.decline()
        if reason:
            say(reason)
        else:
            widgets.close(pages.window)

    def go_on() -> None:
        reason = question.arrive(used=True)
        if reason:
            say(reason)
        else:
            _say_arrived(pages, question)

    pages.add_buttons(
        widgets.button(question.decline_label, decline),
        widgets.button(question.go_on_label, go_on, classes=("destructive-action",)),
    )


def _say_arrived(pages: _MovingPages, question: ArrivalQuestion) -> None:
    pages.begin(question.title)
    pages.add(*(widgets.label(one) for one in question.arrived))
    pages.add_buttons(pages.close_button())
