# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words and digits that people compare on the telephone."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.phrase import VoicePhrase
from omemo_plugin.verify.phrase import Form
from omemo_plugin.verify.phrase import Phrase

from .conftest import FakeAlarms
from .conftest import FakeUndo
from .conftest import make

BOB = "bob@example.org"
DIGITS = tuple(f"{number:05d}" for number in range(12))
WORDS = tuple(f"word{number}" for number in range(18))


class Settings:
    """The choice for new devices of the contact."""

    def __init__(self) -> None:
        self.blind_trust: bool | None = None

    def blind_trust_of(self, _jid: str) -> bool | None:
        return self.blind_trust

    def set_blind_trust_of(self, _jid: str, value: bool | None) -> None:
        self.blind_trust = value


class Decisions:
    """Trust in devices."""

    def __init__(self, known: dict[Device, Trust]) -> None:
        self._known = known

    def set_trust(self, device: Device, trust: Trust) -> None:
        self._known[device] = trust

    def put_back(self, device: Device, trust: Trust) -> None:
        self._known[device] = trust

    def take_checked_key(self, device: Device, checked: str) -> None:
        raise AssertionError((device, checked))


class Service:
    """One account."""

    problem = ""

    def __init__(
        self, phrase: Phrase | None, known: dict[Device, Trust] | None = None
    ) -> None:
        self.alarms = FakeAlarms()
        self.trust_undo = FakeUndo()
        self.now = phrase
        self.matched: list[Phrase] = []
        self.settings = Settings()
        self.known = known or {}
        self.device_management = Decisions(self.known)

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]:
        return tuple(make(jid, one.device_id, self.known[one]) for one in self.known)

    def phrase(self, _jid: str) -> Phrase | None:
        return self.now

    def phrase_matched(self, phrase: Phrase) -> bool:
        if phrase != self.now:
            return False
        self.matched.append(phrase)
        for device in phrase.covers:
            self.known[device] = Trust.VERIFIED
        return True


def phrase(
    *, words: tuple[str, ...] = WORDS, devices: int = 1, own_first: bool = True
) -> Phrase:
    covers = tuple(Device(BOB, number + 1) for number in range(devices))
    forms = [Form("", DIGITS)]
    if words:
        forms.append(Form("en", words))
    return Phrase(BOB, tuple(forms), own_first, covers)


def shown_for(service: Service) -> VoicePhrase:
    return VoicePhrase(service, service, BOB, "Bob")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en_GB")


def test_one_reads_the_first_half_and_the_other_one_the_second() -> None:
    shown = shown_for(Service(phrase()))
    assert shown.title == "You read 1 to 9 aloud. Bob follows."
    assert shown.parts == tuple(enumerate(WORDS[:9], 1))
    assert shown.text.splitlines()[0] == " 1 word0"
    assert shown.spoken.startswith("1: word0. 2: word1.")
    assert shown.same() is None
    assert shown.title == "Bob reads 10 to 18. You follow."
    assert shown.parts == tuple(enumerate(WORDS[9:], 10))


def test_the_user_whose_address_sorts_later_listens_first() -> None:
    shown = shown_for(Service(phrase(own_first=False)))
    assert shown.title == "Bob reads 1 to 9. You follow."
    shown.same()
    assert shown.title == "You read 10 to 18 aloud. Bob follows."


def test_digits_on_demand() -> None:
    shown = shown_for(Service(phrase()))
    shown.same()
    assert shown.form == "en"
    assert dict(shown.forms) == {"": "Digits", "en": "English words"}
    shown.choose_form("")
    assert shown.notice == "Bob must switch too."
    assert shown.title == "You read 1 to 6 aloud. Bob follows."
    assert shown.parts == tuple(enumerate(DIGITS[:6], 1))
    assert shown.spoken.startswith("1: 0 0 0 0 0. 2: 0 0 0 0 1.")


def test_without_a_list_of_words_there_are_digits() -> None:
    shown = shown_for(Service(phrase(words=())))
    assert shown.parts[0] == (1, DIGITS[0])
    assert [value for value, _name in shown.forms] == [""]


def test_digits_come_first_where_the_interface_is_not_english(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other one may not have the words of that language."""
    monkeypatch.setenv("LANGUAGE", "de")
    shown = shown_for(Service(phrase()))
    assert shown.form == ""
    shown.choose_form("en")
    assert shown.parts[0] == (1, WORDS[0])


def test_two_equal_blocks_verify_the_contact() -> None:
    service = Service(phrase(devices=2))
    shown = shown_for(service)
    assert "2 devices of Bob" in shown.covers
    assert shown.same() is None
    assert service.matched == []
    outcome = shown.same()
    assert outcome is not None
    assert outcome.title == "Bob is verified"
    assert outcome.tone is Tone.GOOD
    assert outcome.ask_back == "Has Bob checked you too?"
    assert service.matched == [service.now]


def test_a_success_can_be_undone() -> None:
    known = {Device(BOB, 1): Trust.BLIND, Device(BOB, 2): Trust.UNDECIDED}
    service = Service(phrase(), known)
    shown = shown_for(service)
    shown.same()
    assert shown.same() is not None
    assert service.known[Device(BOB, 1)] is Trust.VERIFIED
    assert service.trust_undo.kept[BOB].trust[Device(BOB, 1)][1] is Trust.BLIND
    shown.undo()
    assert not service.trust_undo.kept
    assert service.known == {
        Device(BOB, 1): Trust.BLIND,
        Device(BOB, 2): Trust.UNDECIDED,
    }
    assert shown.title.startswith("You read 1 ")


def test_when_words_differ_nothing_goes_to_unverified_devices() -> None:
    old = {
        Device(BOB, 1): Trust.BLIND,
        Device(BOB, 2): Trust.VERIFIED,
        Device(BOB, 3): Trust.DISTRUSTED,
    }
    service = Service(phrase(), dict(old))
    shown = shown_for(service)
    outcome = shown.differ()
    assert outcome.title == "Stop: you do not see the same"
    assert outcome.tone is Tone.ALARM
    assert outcome.again
    assert outcome.ask_back == ""
    assert service.matched == []
    assert service.known == {**old, Device(BOB, 1): Trust.UNDECIDED}
    # Nor to those that come
    assert service.settings.blind_trust is False
    # Undo puts back what was before the first time it differed
    shown.restart()
    shown.differ()
    assert set(service.trust_undo.noted) == {DiaryKind.FAILED}
    kept = service.trust_undo.kept[BOB]
    assert kept.trust[Device(BOB, 1)][1] is Trust.BLIND
    assert kept.blind_trust is None
    assert not kept.check_failed
    shown.undo()
    assert service.known == old
    assert service.alarms.failed == []
    assert service.settings.blind_trust is None


def test_a_later_success_lifts_it() -> None:
    service = Service(phrase(), {Device(BOB, 1): Trust.BLIND})
    shown = shown_for(service)
    shown.differ()
    shown.restart()
    shown.same()
    assert shown.same() is not None
    assert service.settings.blind_trust is None
    assert service.known == {Device(BOB, 1): Trust.VERIFIED}


@pytest.mark.parametrize("form", ["", "en"])
def test_keys_that_change_while_it_is_read(form: str) -> None:
    service = Service(phrase())
    shown = shown_for(service)
    shown.choose_form(form)
    assert not shown.refresh()
    shown.same()
    service.now = phrase(words=WORDS[::-1])
    assert shown.same() is None
    # From the beginning
    said = "Start again from word 1." if form else "Start again from number 1."
    assert shown.notice == f"The keys have just changed. {said}"
    assert shown.parts[0] == (1, WORDS[-1] if form else DIGITS[0])
    assert service.matched == []
    assert shown.same() is None
    assert shown.same() is not None


def test_without_keys_it_says_what_to_do() -> None:
    shown = shown_for(Service(None))
    assert "Write a message first" in shown.problem
    assert shown.parts == ()
    assert shown.same() is None


def test_without_omemo_it_says_why() -> None:
    service = Service(phrase())
    service.problem = "the keys are in use."
    assert shown_for(service).problem.endswith("the keys are in use.")
