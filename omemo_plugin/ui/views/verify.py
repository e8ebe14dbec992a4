# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "Verify": one window for all ways in which two people can check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ...engine.values import Device
from ...i18n import _
from ...verify.judge import Source
from ..capture import qr_reader
from ..capture.camera import Problem
from ..presenters.code import Code
from ..presenters.comparison import Comparison
from ..presenters.help_page import HelpPage
from ..presenters.phrase import VoicePhrase
from ..presenters.verify import Verify
from ..presenters.verify_steps import Choice
from ..presenters.verify_steps import Step
from ..presenters.verify_steps import VerifySteps
from ..presenters.verify_steps import scan_first
from ..presenters.verify_steps import scan_second
from ..presenters.verify_steps import scanned
from ..presenters.verify_values import Result
from ..presenters.verify_values import VerifyAction
from ..widgets.toolkit import Label
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .camera_picture import CameraPicture
from .camera_picture import camera_problem
from .code import code_area
from .code_finder import CodeFinder
from .comparison import ComparisonPage
from .help import help_on_f1
from .pages import Pages
from .phrase import PhrasePage
from .verify_result import ResultPage

_CODE_SIZE = 200


class Ways(Protocol):
    """The windows that this one leads to, and the parts it is built from."""

    def phrase(self, jid: str) -> VoicePhrase: ...

    def comparable(self, jid: str) -> tuple[tuple[Device, str], ...]: ...

    def comparison(self, device: Device) -> Comparison: ...

    def code(self) -> Code: ...

    def show_code(self, parent: Window) -> None: ...

    def show_details(self, jid: str) -> None: ...

    def refuse(self, device: Device) -> None:
        """Answer the warning about a device with a different key."""

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]: ...


@dataclass(frozen=True)
class Opening:
    """
    The first page of the window.

    Attributes:
        step: the first page.
        text: a code to begin with, in place of a page; None for none.
        source: where that comes from.
        device: the one that is to be verified; None for any.
    """

    step: Step = Step.START
    text: str | None = None
    source: Source = Source.LINK
    device: Device | None = None


class VerifyWindow:
    """
    The window.

    Attributes:
        pages: what is shown in it.
    """

    def __init__(
        self, verify: Verify, ways: Ways, parent: Window | None, opening: Opening
    ) -> None:
        self._verify = verify
        self._ways = ways
        self._device = opening.device
        self._steps = VerifySteps(verify.name, own=verify.is_own, start=opening.step)
        self.pages = Pages(verify.title, parent, 520, 640)
        help_on_f1(self.pages.window, HelpPage.VERIFYING)
        self._finder = CodeFinder(
            self.pages.window, verify.texts, self._read, self._say
        )
        self._camera: CameraPicture | None = None
        self._phrase: PhrasePage | None = None
        self._said: Label | None = None
        # A code has been dealt with: what else comes is too late
        self._done = False
        self._unfollow = ways.follow(self._refresh)
        widgets.on_close(self.pages.window, self._closed)
        if verify.problem:
            self.pages.begin(verify.title)
            self.pages.add(widgets.label(verify.problem))
        elif opening.text is None:
            self._show()
        else:
            self._read(opening.source, (opening.text,))

    # The pages

    def _show(self) -> None:
        self._leave()
        widgets.set_title(self.pages.window, self._verify.title)
        show = {
            Step.PLACE: self._show_place,
            Step.WORDS: self._show_words,
            Step.HAND: self._show_hand,
            Step.CODE: self._show_code_page,
        }.get(self._steps.step, self._show_choices)
        show()

    def _leave(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.stop()
        self._phrase = None
        self._said = None
        self._done = False

    def _go(self, step: Step) -> None:
        self._steps.go(step)
        self._show()

    def _back(self) -> None:
        self._steps.back()
        self._show()

    @property
    def _way_back(self) -> Callable[[], None] | None:
        return self._back if self._steps.can_go_back else None

    def _begin(self) -> None:
        page = self._steps.page()
        self.pages.begin(page.heading, self._way_back)
        if page.text:
            self.pages.add(widgets.label(page.text))

    def _show_choices(self) -> None:
        page = self._steps.page()
        self._begin()
        for choice in page.choices:
            self.pages.add(self._choice(choice))
        if page.note:
            self.pages.add(widgets.label(page.note, classes=("omemo-small",)))
        if self._steps.step is Step.NEITHER:
            self.pages.add_buttons(self.pages.close_button())
        if self._steps.step is Step.REFUSE:
            refuse = widgets.button(_("Refuse it"), self._refuse)
            self.pages.add_buttons(refuse, self.pages.close_button())

    def _refuse(self) -> None:
        if self._device is not None:
            self._ways.refuse(self._device)
        widgets.close(self.pages.window)

    def _choice(self, choice: Choice) -> Widget:
        words = widgets.column(widgets.label(choice.label), spacing=2)
        if choice.hint:
            small = ("dim-label", "omemo-small")
            widgets.append(words, widgets.label(choice.hint, classes=small))
        button = embedding.wide_button(
            words,
            partial(self._go, choice.step),
            name=choice.label,
            classes=("omemo-card",),
        )
        return widgets.describe(button, description=choice.hint)

    def _show_place(self) -> None:
        name = self._verify.name
        own = self._verify.is_own
        self._begin()
        if not own:
            self.pages.add(
                widgets.heading(scan_first(name)),
                code_area(self._ways.code(), _CODE_SIZE),
                widgets.heading(scan_second(name)),
            )
        missing = qr_reader.missing_package()
        state = widgets.label("", centred=True)
        self._said = widgets.label("", centred=True)
        if not missing:
            self._camera = CameraPicture(
                partial(self._read, Source.CAMERA),
                lambda: widgets.set_text(state, _("Hold the code into the picture.")),
                partial(self._no_camera, state),
            )
            self.pages.add(widgets.centre(self._camera.area))
        else:
            # Translators: {package} is the name of a Debian package
            text = _("To read QR codes, install “{package}” and start Gajim again.")
            widgets.set_text(state, text.format(package=missing))
        self.pages.add(state, self._said)
        instead = self._steps.instead
        self.pages.add_buttons(
            widgets.button(instead.label, partial(self._go, instead.step)),
            widgets.button(_("Other ways…"), partial(self._go, Step.CODE)),
        )
        if not own:
            self.pages.add(widgets.label(scanned(name), classes=("omemo-small",)))
        if self._camera is not None:
            self._camera.start()

    def _no_camera(self, state: Label, problem: Problem) -> None:
        widgets.set_text(state, camera_problem(problem, own=self._verify.is_own))

    def _show_words(self) -> None:
        phrase = self._ways.phrase(self._verify.subject)
        self._phrase = PhrasePage(
            phrase, self.pages, self._way_back, self._show_own_code
        )
        self._phrase.show()

    def _show_hand(self) -> None:
        devices = self._ways.comparable(self._verify.subject)
        named = [device for device, _name in devices if device == self._device]
        if named or len(devices) == 1:
            self._compare(named[0] if named else devices[0][0], self._way_back)
            return
        self._begin()
        if not devices:
            self.pages.add(widgets.label(_("No key is known yet.")))
        for device, name in devices:
            compare = partial(self._compare, device, self._show)
            button = embedding.wide_button(
                widgets.label(name), compare, name=name, classes=("omemo-card",)
            )
            self.pages.add(button)

    def _compare(self, device: Device, back: Callable[[], None] | None) -> None:
        comparison = self._ways.comparison(device)
        ComparisonPage(comparison, self.pages, back, self._show_own_code).show()

    def _show_code_page(self) -> None:
        self._begin()
        missing = qr_reader.missing_package()
        finder = self._finder
        buttons = [widgets.button(_("Paste"), finder.paste)]
        if missing:
            # Translators: {package} is the name of a Debian package
            text = _(
                "To read QR codes, install “{package}” and start Gajim again. Links "
                "can be used without it."
            )
            self.pages.add(widgets.label(text.format(package=missing)))
        else:
            buttons = [
                widgets.button(_("Open image…"), finder.open_image),
                *buttons,
                widgets.button(_("From the screen"), finder.look_at_screen),
            ]
        self.pages.add_buttons(*buttons)
        link = widgets.entry(
            _("Link with keys"),
            _("Or a link that begins with xmpp:"),
            partial(finder.read_text, Source.TYPED),
        )
        check = widgets.button(
            _("Check link"),
            lambda: finder.read_text(Source.TYPED, widgets.text_of(link)),
        )
        self._said = widgets.label("", centred=True)
        self.pages.add(widgets.row(widgets.expand(link), check), self._said)

    # Codes that come in

    def _read(self, source: Source, texts: tuple[str, ...]) -> None:
        if not self._done:
            self._say(self._verify.read(texts, source))

    def _say(self, result: Result) -> None:
        """Say what a code came to."""
        if self._done:
            return
        if result.ends:
            self._end(result)
            return
        if self._said is None:
            # It was dropped on another page, or was opened from a chat
            self._go(Step.CODE)
        if self._said is not None:
            widgets.set_text(self._said, result.spoken)

    def _end(self, result: Result) -> None:
        self._leave()
        self._done = True
        widgets.set_title(self.pages.window, self._verify.title)
        page = ResultPage(self._verify, self.pages, self._press, self._show_own_code)
        page.show(result, call=self._call)

    def _press(self, act: VerifyAction) -> None:
        if act is VerifyAction.DETAILS:
            self._ways.show_details(self._verify.subject)
            widgets.close(self.pages.window)
            return
        if act is VerifyAction.CALL:
            self._call()
            return
        result = self._verify.press(act)
        if result is not None and result.ends:
            self._end(result)
            return
        self._learn()
        if self._steps.step is Step.START:
            self._steps.go(Step.PLACE)
        self._show()
        if result is not None:
            self._say(result)

    def _learn(self) -> None:
        """Note the owner of a code, who may be known only now."""
        verify = self._verify
        self._steps.set_subject(verify.name, own=verify.is_own)

    def _call(self) -> None:
        self._learn()
        self._go(Step.APP)

    def _show_own_code(self) -> None:
        self._ways.show_code(self.pages.window)

    def _refresh(self) -> None:
        if self._phrase is not None:
            self._phrase.refresh()

    def _closed(self) -> None:
        self._leave()
        self._done = True
        self._unfollow()


def open_verify(
    verify: Verify, ways: Ways, parent: Window | None, opening: Opening
) -> Window:
    """Open the window."""
    shown = VerifyWindow(verify, ways, parent, opening)
    widgets.present(shown.pages.window)
    return shown.pages.window
