# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Words or digits that two people see, and read to each other on the telephone: in
two blocks, of which each of them reads one.
"""

from __future__ import annotations

from typing import Protocol

from ...i18n import _
from ...i18n import language as interface_language
from ...i18n import ngettext
from ...verify.phrase import Form
from ...verify.phrase import Phrase
from .badges import Icon
from .badges import Tone
from .check_failed import Outcome
from .check_failed import SharedCheck
from .check_failed import ask_back
from .trust_before import ComparingService
from .trust_before import TrustBefore

_BLOCKS = 2


class PhraseService(Protocol):
    """The part of the bridge that this presenter uses. Nothing raises."""

    @property
    def problem(self) -> str: ...

    def phrase(self, jid: str) -> Phrase | None: ...

    def phrase_matched(self, phrase: Phrase) -> bool: ...


class VoicePhrase(SharedCheck):
    """The content of the page with words."""

    def __init__(
        self, service: PhraseService, devices: ComparingService, jid: str, name: str
    ) -> None:
        """
        Args:
            devices: changes what devices get when something differs.
            name: what the user calls the contact.
        """
        super().__init__(devices, jid, name)
        self._service = service
        self._devices = devices
        self._jid = jid
        self._name = name
        self._phrase = service.phrase(jid)
        self._language: str | None = None
        self._block = 0

    @property
    def problem(self) -> str:
        """Why there is nothing to read; '' if there is."""
        if self._service.problem:
            return f"{_('Encryption does not work.')} {self._service.problem}"
        if self._phrase is None:
            return _(
                "No key of {name} is known yet. Write a message first, or wait for one."
            ).format(name=self._name)
        return ""

    @property
    def title(self) -> str:
        """The heading of the block on screen: who reads it."""
        first, last = self._numbers()
        own_turn = self._phrase is None or self._phrase.own_first is (self._block == 0)
        if own_turn:
            # Translators: {first} and {last} are numbers of words
            text = _("You read {first} to {last} aloud. {name} follows.")
        else:
            # Translators: {first} and {last} are numbers of words
            text = _("{name} reads {first} to {last}. You follow.")
        return text.format(first=first, last=last, name=self._name)

    @property
    def help(self) -> str:
        return _(
            "Call {name}. You should know the voice or see the face. {name} opens "
            "“Verify” as well, and chooses the same."
        ).format(name=self._name)

    def _form(self) -> Form:
        """The language or digits that are shown."""
        assert self._phrase is not None
        forms = {form.language: form for form in self._phrase.forms}
        english = "en" if interface_language() == "en" else ""
        chosen = english if self._language is None else self._language
        return forms.get(chosen, self._phrase.forms[0])

    def _numbers(self) -> tuple[int, int]:
        """The first and the last part of the block, counted from 1."""
        size = 0 if self._phrase is None else len(self._form().parts) // _BLOCKS
        return self._block * size + 1, (self._block + 1) * size

    @property
    def parts(self) -> tuple[tuple[int, str], ...]:
        """The numbered words or groups of digits of the block on screen."""
        if self._phrase is None:
            return ()
        first, last = self._numbers()
        shown = self._form().parts[first - 1 : last]
        return tuple(enumerate(shown, first))

    @property
    def text(self) -> str:
        """The block on screen, one word or group of digits in a line."""
        return "\n".join(f"{number:2} {part}" for number, part in self.parts)

    @property
    def spoken(self) -> str:
        """The block for a screen reader, digits one by one."""
        if self._phrase is None:
            return ""
        digits = not self._form().language
        return " ".join(
            f"{number}: {' '.join(part) if digits else part}."
            for number, part in self.parts
        )

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:
        """The languages that can be read aloud, and digits: values and names."""
        if self._phrase is None:
            return ()
        return tuple(
            (form.language, _form_name(form.language)) for form in self._phrase.forms
        )

    @property
    def form(self) -> str:
        """One of the values of `forms`."""
        return "" if self._phrase is None else self._form().language

    def choose_form(self, language: str) -> None:
        """Show something else, from its beginning."""
        if language != self.form:
            self._language = language
            self._block = 0
            self.notice = _("{name} must switch too.").format(name=self._name)

    @property
    def covers(self) -> str:
        """The number of devices that a comparison verifies, in a sentence."""
        if self._phrase is None:
            return ""
        count = len(self._phrase.covers)
        return ngettext(
            "It stands for {count} device of {name}, and for yours.",
            "It stands for {count} devices of {name}, and for yours.",
            count,
        ).format(count=count, name=self._name)

    def refresh(self) -> bool:
        """
        Look whether the keys have changed.

        Returns:
            Whether they have: reading starts again from the beginning.
        """
        now = self._service.phrase(self._jid)
        if now == self._phrase:
            return False
        self._phrase = now
        self._block = 0
        self.notice = _("The keys have just changed. Start again from number 1.")
        if self.form:
            self.notice = _("The keys have just changed. Start again from word 1.")
        return True

    def restart(self) -> None:
        """Compare again, from the beginning."""
        self._block = 0
        self.notice = ""
        self._phrase = self._service.phrase(self._jid)

    def same(self) -> Outcome | None:
        """
        All words of the block were the same.

        Returns:
            None if there is another block to read.
        """
        self.notice = ""
        if self.refresh() or self._phrase is None:
            return None
        if self._block < _BLOCKS - 1:
            self._block += 1
            return None
        before = TrustBefore(self._devices, self._jid)
        phrase = self._phrase
        if not self._service.phrase_matched(phrase):
            self.refresh()
            return None
        self._before = before
        self._failed.lift()
        before.keep()
        return Outcome(
            _("{name} is verified").format(name=self._name),
            ngettext(
                "{jid}: {count} device is verified.",
                "{jid}: {count} devices are verified.",
                len(phrase.covers),
            ).format(jid=self._jid, count=len(phrase.covers))
            + " "
            + _("New devices get nothing until you decide."),
            Icon.VERIFIED,
            Tone.GOOD,
            ask_back=ask_back(self._name),
        )

    def differ(self) -> Outcome:
        """Something differs: what is not verified gets nothing from now on."""
        return self._failed.all_devices()


def _form_name(language: str) -> str:
    if not language:
        return _("Digits")
    if language == "en":
        return _("English words")
    return _("Words in my language")
