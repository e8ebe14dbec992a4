# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The way through the window "Verify": how two people can check together, page by
page.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...i18n import _


class Step(Enum):
    """
    The pages of the window.

    START: how both can check together.
    PLACE: both are in one place, and scan each other's codes.
    APP: they call each other; which app does the contact use?
    WORDS: they read words to each other.
    HAND: they compare the fingerprint of one device.
    NEITHER: they cannot check now.
    CODE: the user has the contact's code already.
    AGAIN: a device shows another key; did the contact set it up again?
    REFUSE: the contact did not, or was not asked.
    """

    START = "start"
    PLACE = "place"
    APP = "app"
    WORDS = "words"
    HAND = "hand"
    NEITHER = "neither"
    CODE = "code"
    AGAIN = "again"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Choice:
    """
    A way to go on.

    Attributes:
        hint: what is done there; '' for nothing.
    """

    step: Step
    label: str
    hint: str = ""


@dataclass(frozen=True)
class StepPage:
    """
    The texts of a page.

    Attributes:
        note: below the choices.
    """

    heading: str
    text: str = ""
    choices: tuple[Choice, ...] = ()
    note: str = ""


class VerifySteps:
    """The page where the user is, and the pages before it."""

    def __init__(
        self, name: str, *, own: bool = False, start: Step = Step.START
    ) -> None:
        """
        Args:
            name: what the user calls the contact.
            own: it is another device of the user's own that is verified.
        """
        self.name = name
        self._own = own
        self._path = [start]

    @property
    def step(self) -> Step:
        return self._path[-1]

    @property
    def can_go_back(self) -> bool:
        return len(self._path) > 1

    def set_subject(self, name: str, *, own: bool) -> None:
        """Set the account that is to be verified, once it is known; see `__init__`."""
        self.name = name
        self._own = own

    def go(self, step: Step) -> None:
        """The user has chosen a way."""
        if step is not self.step:
            self._path.append(step)

    def back(self) -> None:
        if self.can_go_back:
            self._path.pop()

    @property
    def instead(self) -> Choice:
        """The way for those without a camera."""
        if self._own:
            return Choice(Step.HAND, _("Compare by hand"))
        return Choice(Step.APP, _("Compare words"))

    def page(self) -> StepPage:
        """The texts of the page where the user is."""
        pages = {
            Step.START: self._start_own if self._own else self._start,
            Step.PLACE: self._place,
            Step.APP: self._app,
            Step.NEITHER: self._neither,
            Step.CODE: self._code,
            Step.HAND: self._hand,
            Step.AGAIN: self._again,
            Step.REFUSE: self._refuse,
        }
        make = pages.get(self.step)
        # The words have a heading of their own
        return StepPage("") if make is None else make()

    def _start(self) -> StepPage:
        return StepPage(
            self._named(_("How can you and {name} check together?")),
            choices=(
                Choice(
                    Step.PLACE,
                    _("We are in the same place"),
                    _("Fastest: scan a code."),
                ),
                Choice(
                    Step.APP,
                    _("We can call each other"),
                    _("You read words to each other."),
                ),
                Choice(Step.NEITHER, _("Neither")),
            ),
            note=self._named(_("{name} has to do the same on their side.")),
        )

    @staticmethod
    def _start_own() -> StepPage:
        return StepPage(
            _("How can you check your other device?"),
            choices=(
                Choice(Step.PLACE, _("Scan a code"), _("It is beside you.")),
                Choice(
                    Step.HAND,
                    _("Compare by hand"),
                    _("Look at it there: does the device show the same?"),
                ),
                Choice(Step.CODE, _("I have its code already")),
            ),
        )

    def _place(self) -> StepPage:
        if self._own:
            return StepPage(
                _("Scan the code of your other device"),
                _(
                    "In Conversations: your own account, Show QR code. In Gajim: "
                    "Encryption details, Show my QR code."
                ),
            )
        return StepPage(
            _("Scan each other’s codes"),
            self._named(
                _(
                    "{name} finds their code in Conversations under their own "
                    "account, Show QR code. In Gajim: Encryption details, Show my QR "
                    "code."
                )
            ),
        )

    def _app(self) -> StepPage:
        return StepPage(
            self._named(_("Which app does {name} use?")),
            self._named(
                _("Call {name}. You should know the voice or see the face."),
            ),
            choices=(
                Choice(
                    Step.WORDS,
                    _("Gajim with this plugin"),
                    _("You read words to each other."),
                ),
                Choice(
                    Step.HAND,
                    _("Another app, or I do not know"),
                    _("You compare by hand what a device shows."),
                ),
            ),
        )

    def _neither(self) -> StepPage:
        return StepPage(
            _("Then you cannot check now"),
            _("Messages stay encrypted, but nobody has checked for whom."),
            choices=(
                Choice(Step.CODE, self._named(_("I have {name}’s code already"))),
            ),
        )

    def _code(self) -> StepPage:
        if self._own:
            heading = _("The code of your other device")
        else:
            heading = self._named(_("The code of {name}"))
        return StepPage(
            heading,
            _("It can be an image, a link, or on the screen. You can drop it here."),
        )

    def _hand(self) -> StepPage:
        if self._own:
            return StepPage(_("Which device is it?"))
        return StepPage(self._named(_("Which device does {name} look at?")))

    def _again(self) -> StepPage:
        if self._own:
            heading = _("Did you set up this device or its app again?")
            text = ""
        else:
            heading = self._named(_("Did {name} set up the app or the phone again?"))
            text = self._named(
                _("Ask {name} face to face or by phone, not in this chat.")
            )
        return StepPage(
            heading,
            text,
            choices=(
                Choice(
                    Step.HAND,
                    _("Yes"),
                    _("Compare the new key. It counts only after that."),
                ),
                Choice(Step.REFUSE, _("No, or not asked yet")),
            ),
        )

    @staticmethod
    def _refuse() -> StepPage:
        return StepPage(_("Then refuse it"), _("You can undo this."))

    def _named(self, text: str) -> str:
        return text.format(name=self.name)


def scan_first(name: str) -> str:
    """Over the user's own code."""
    return _("Step 1 of 2: let {name} scan your code").format(name=name)


def scan_second(name: str) -> str:
    """Over the picture of the camera."""
    return _("Step 2 of 2: now scan {name}’s code").format(name=name)


def scanned(name: str) -> str:
    """Below both."""
    return _("{name} has scanned you? You still have to check {name}.").format(
        name=name
    )


def no_camera(*, own: bool) -> str:
    if own:
        return _("This computer has no camera. Compare by hand instead.")
    return _("This computer has no camera. Compare words instead.")
