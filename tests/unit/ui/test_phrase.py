# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read on the telephone."""

from __future__ import annotations

from omemo_plugin.engine.values import Device
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.phrase import VoicePhrase
from omemo_plugin.verify.phrase import Phrase

BOB = "bob@example.org"
DIGITS = tuple(f"{number:05d}" for number in range(12))
WORDS = tuple(f"word{number}" for number in range(18))


class Service:
    """One account."""

    problem = ""

    def __init__(self, phrase: Phrase | None) -> None:
        self.now = phrase
        self.matched: list[Phrase] = []

    def phrase(self, _jid: str) -> Phrase | None:
        return self.now

    def phrase_matched(self, phrase: Phrase) -> bool:
        if phrase != self.now:
            return False
        self.matched.append(phrase)
        return True


def phrase(*, words: tuple[str, ...] = WORDS, devices: int = 1) -> Phrase:
    covers = tuple(Device(BOB, number + 1) for number in range(devices))
    return Phrase(BOB, DIGITS, words, covers)


def test_words_in_lines_of_three_and_digits_on_demand() -> None:
    shown = VoicePhrase(Service(phrase()), BOB, "Bob")
    assert len(shown.lines) == 6
    assert shown.lines[0] == WORDS[:3]
    assert shown.other_form == "Show digits"
    shown.change_form()
    assert shown.lines == tuple(DIGITS[start : start + 3] for start in (0, 3, 6, 9))
    assert shown.other_form == "Show words"
    assert shown.spoken.startswith("0 0 0 0 0, 0 0 0 0 1")


def test_without_a_list_of_words_there_are_digits() -> None:
    shown = VoicePhrase(Service(phrase(words=())), BOB, "Bob")
    assert shown.lines[0] == DIGITS[:3]
    assert shown.other_form == ""


def test_who_says_the_same_is_verified() -> None:
    service = Service(phrase(devices=2))
    shown = VoicePhrase(service, BOB, "Bob")
    assert "2 devices of Bob" in shown.covers
    outcome = shown.same()
    assert outcome is not None
    assert outcome.title == "Bob is verified"
    assert outcome.tone is Tone.GOOD
    assert service.matched == [service.now]


def test_another_answer_changes_nothing() -> None:
    service = Service(phrase())
    outcome = VoicePhrase(service, BOB, "Bob").differ()
    assert outcome.tone is Tone.CAUTION
    assert "before you have compared QR codes" in outcome.text
    assert service.matched == []


def test_keys_that_change_while_it_is_read() -> None:
    service = Service(phrase())
    shown = VoicePhrase(service, BOB, "Bob")
    service.now = phrase(words=WORDS[::-1])
    assert shown.same() is None
    assert shown.lines[0] == WORDS[:-4:-1]
    assert service.matched == []
    assert shown.same() is not None


def test_without_keys_it_says_what_to_do() -> None:
    shown = VoicePhrase(Service(None), BOB, "Bob")
    assert "Write a message first" in shown.problem
    assert shown.lines == ()
    assert shown.same() is None


def test_without_omemo_it_says_why() -> None:
    service = Service(phrase())
    service.problem = "the keys are in use."
    assert VoicePhrase(service, BOB, "Bob").problem.endswith("the keys are in use.")
