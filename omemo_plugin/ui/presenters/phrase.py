# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The window "Compare by voice": words or digits that both people see, and read to
each other on the telephone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...bridge.i18n import _
from ...bridge.i18n import ngettext
from ...verify.phrase import Phrase
from .badges import Icon
from .badges import Tone

# In each line of the window
COLUMNS = 3


class PhraseService(Protocol):
    """What the window asks of the bridge. Nothing raises."""

    @property
    def problem(self) -> str: ...

    def phrase(self, jid: str) -> Phrase | None: ...

    def phrase_matched(self, phrase: Phrase) -> bool: ...


@dataclass(frozen=True)
class Outcome:
    """What the window says at the end."""

    title: str
    text: str
    icon: Icon
    tone: Tone

    @property
    def spoken(self) -> str:
        return f"{self.title}. {self.text}"


class VoicePhrase:
    """Behind the window."""

    def __init__(self, service: PhraseService, jid: str, name: str) -> None:
        """
        Args:
            name: what the user calls the contact.
        """
        self._service = service
        self._jid = jid
        self._name = name
        self._phrase = service.phrase(jid)
        self.shows_words = self._phrase is not None and self._phrase.is_words

    @property
    def title(self) -> str:
        return _("Compare by voice with {name}").format(name=self._name)

    @property
    def problem(self) -> str:
        """Why there is nothing to read; '' if there is."""
        if self._service.problem:
            return _("OMEMO does not work: {reason}").format(
                reason=self._service.problem
            )
        if self._phrase is None:
            return _(
                "No key of {name} is known yet. Write a message first, or wait for one."
            ).format(name=self._name)
        return ""

    @property
    def help(self) -> str:
        return _(
            "Call {name}; you should know the voice. Both of you open this window, "
            "with the plugin in Gajim. One reads the first lines, the other one the "
            "rest. All has to be the same, in the same order."
        ).format(name=self._name)

    @property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """What to read, line by line."""
        if self._phrase is None:
            return ()
        shown = self._phrase.words if self.shows_words else self._phrase.digits
        return tuple(
            shown[start : start + COLUMNS] for start in range(0, len(shown), COLUMNS)
        )

    @property
    def spoken(self) -> str:
        """The same for a screen reader: digits one by one."""
        parts = [part for line in self.lines for part in line]
        return ", ".join(part if self.shows_words else " ".join(part) for part in parts)

    @property
    def other_form(self) -> str:
        """What is written on the button that changes between words and digits;
        '' where there are digits only."""
        if self._phrase is None or not self._phrase.is_words:
            return ""
        return _("Show digits") if self.shows_words else _("Show words")

    def change_form(self) -> None:
        self.shows_words = not self.shows_words

    @property
    def covers(self) -> str:
        """What is verified by it."""
        if self._phrase is None:
            return ""
        count = len(self._phrase.covers)
        return ngettext(
            "It stands for the device of {name}, and for yours.",
            "It stands for the {number} devices of {name}, and for yours.",
            count,
        ).format(number=count, name=self._name)

    def same(self) -> Outcome | None:
        """
        Both have read the same.

        Returns:
            None if the keys have changed meanwhile: there is another phrase now.
        """
        phrase = self._phrase
        if phrase is None or not self._service.phrase_matched(phrase):
            self._phrase = self._service.phrase(self._jid)
            return None
        return Outcome(
            _("{name} is verified").format(name=self._name),
            _("What you write to {jid} is encrypted for the right person.").format(
                jid=self._jid
            ),
            Icon.VERIFIED,
            Tone.GOOD,
        )

    def differ(self) -> Outcome:
        """Nothing is changed by this: there can be harmless reasons."""
        return Outcome(
            _("Not verified"),
            _(
                "You do not see the same keys. One of you may have a new device that "
                "the other one has not met: both go online, write a message, and "
                "compare again. If it still differs, somebody may be reading along: "
                "write nothing confidential before you have compared QR codes in "
                "person."
            ),
            Icon.UNDECIDED,
            Tone.CAUTION,
        )
