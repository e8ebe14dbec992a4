# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the window "Verify" says, and does."""

from __future__ import annotations

import dataclasses

import pytest

from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.badges import Icon
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.verify import Act
from omemo_plugin.ui.presenters.verify import Result
from omemo_plugin.ui.presenters.verify import Verify
from omemo_plugin.verify.fingerprint import groups
from omemo_plugin.verify.judge import Judgement
from omemo_plugin.verify.judge import Kind
from omemo_plugin.verify.judge import Source
from omemo_plugin.verify.judge import judge
from omemo_plugin.verify.uri import build_fingerprint_uri
from tests.unit.ui.conftest import BOB
from tests.unit.ui.conftest import CAROL
from tests.unit.ui.conftest import OWN
from tests.unit.ui.conftest import THIS
from tests.unit.ui.conftest import FakeService
from tests.unit.ui.conftest import fingerprint
from tests.unit.ui.conftest import make

NAMES = {BOB: "Bob", CAROL: "Carol"}


class JudgingService(FakeService):
    """Judges as the bridge does, and changes its devices."""

    def judge(self, text: str, source: Source, expected: str | None) -> Judgement:
        return judge(
            text,
            source=source,
            expected=expected,
            own_jid=OWN,
            own_device_id=THIS,
            devices=self.devices,
        )

    def apply(self, judgement: Judgement, *, confirmed: bool = False) -> Judgement:
        now = self.judge(judgement.text, judgement.source, judgement.expected)
        if not now.says_the_same(judgement):
            return now
        if now.needs_confirmation and not confirmed:
            return now
        for kind, trust in (
            (Kind.VERIFIES, Trust.VERIFIED),
            (Kind.MISMATCH, Trust.DISTRUSTED),
        ):
            for finding in now.of(kind):
                assert finding.device is not None
                self.set_trust(finding.device, trust)
        return dataclasses.replace(now, applied=True)


@pytest.fixture
def service() -> JudgingService:
    service = JudgingService()
    service.known[BOB] = [make(BOB, 1), make(BOB, 2, label="Phone")]
    return service


def verify(service: JudgingService, jid: str | None = BOB) -> Verify:
    return Verify(service, jid, lambda one: NAMES.get(one, one))


def uri(jid: str, *numbers: int) -> str:
    return build_fingerprint_uri(jid, {n: fingerprint(n) for n in numbers})


WRONG = build_fingerprint_uri(BOB, {1: fingerprint(99)})


def acts(result: Result | None) -> list[Act]:
    assert result is not None
    return [button.act for button in result.buttons]


def said(result: Result) -> list[str]:
    return [line.text for line in result.lines]


def test_all_devices(service: JudgingService) -> None:
    result = verify(service).read([uri(BOB, 1, 2)], Source.CAMERA)
    assert result.title == "Bob is verified"
    assert result.tone is Tone.GOOD
    assert result.icon is Icon.VERIFIED
    assert said(result) == ["Device 1: verified", "Phone: verified"]
    assert result.lines[0].fingerprint == groups(fingerprint(1))
    assert service.trust(Device(BOB, 1)) is Trust.VERIFIED


def test_again(service: JudgingService) -> None:
    verify(service).read([uri(BOB, 1, 2)], Source.CAMERA)
    result = verify(service).read([uri(BOB, 1, 2)], Source.CAMERA)
    assert result.title == "Bob is verified"
    assert "before" in result.text
    assert said(result)[0] == "Device 1: was verified before"


def test_case_45_a_device_that_is_trusted_blindly_and_not_in_the_code(
    service: JudgingService,
) -> None:
    """It goes on reading, so nothing may look as if all was well."""
    subject = verify(service)
    result = subject.read([uri(BOB, 1)], Source.CAMERA)
    assert result.tone is Tone.CAUTION
    assert result.icon is not Icon.VERIFIED
    assert "right person" not in result.text
    assert "reading along" in result.text
    assert said(result) == ["Phone: not in this code", "Device 1: verified"]
    assert acts(result) == [Act.DETAILS]
    assert subject.subject == BOB


@pytest.mark.parametrize("trust", [Trust.UNDECIDED, Trust.DISTRUSTED, Trust.VERIFIED])
def test_a_device_that_is_not_in_the_code_and_does_no_harm(
    service: JudgingService, trust: Trust
) -> None:
    service.set_trust(Device(BOB, 2), trust)
    result = verify(service).read([uri(BOB, 1)], Source.CAMERA)
    assert result.title == "Bob is verified"
    assert ("gets no messages" in result.text) is (trust is Trust.UNDECIDED)


@pytest.mark.parametrize("source", [Source.LINK, Source.DESKTOP])
def test_case_45_a_link_asks_first(service: JudgingService, source: Source) -> None:
    subject = verify(service, None)
    result = subject.read([uri(BOB, 1, 2)], source)
    assert result.title == "Does this really come from Bob?"
    assert result.tone is Tone.CAUTION
    assert said(result) == ["Device 1: would be verified", "Phone: would be verified"]
    assert service.trust(Device(BOB, 1)) is Trust.BLIND
    done = subject.press(Act.CONFIRM)
    assert done is not None
    assert done.title == "Bob is verified"
    assert said(done)[0] == "Device 1: verified"
    assert service.trust(Device(BOB, 1)) is Trust.VERIFIED


def test_scanning_in_place_of_a_link(service: JudgingService) -> None:
    """The code that is scanned then has to be of the same person."""
    subject = verify(service, None)
    subject.read([uri(BOB, 1)], Source.LINK)
    assert subject.press(Act.AGAIN) is None
    assert subject.title == "Verify Bob"
    result = subject.read([uri(CAROL, 9)], Source.CAMERA)
    assert result.title == "This is the code of somebody else"


def test_a_link_that_changes_meaning_is_asked_about_again(
    service: JudgingService,
) -> None:
    subject = verify(service, None)
    subject.read([uri(BOB, 1, 2)], Source.LINK)
    changed = make(BOB, 1)
    service.known[BOB][0] = dataclasses.replace(changed, fingerprint=fingerprint(5))
    result = subject.press(Act.CONFIRM)
    assert result is not None
    assert acts(result) == [Act.CONFIRM, Act.AGAIN]
    assert "names another key" in result.text
    assert service.trust(Device(BOB, 1)) is Trust.BLIND


def test_a_link_with_another_key_warns(service: JudgingService) -> None:
    result = verify(service, None).read([WRONG], Source.LINK)
    assert "names another key" in result.text
    assert service.trust(Device(BOB, 1)) is Trust.BLIND


def test_another_key_is_an_alarm(service: JudgingService) -> None:
    result = verify(service).read([WRONG], Source.CAMERA)
    assert result.tone is Tone.ALARM
    assert result.icon is Icon.DISTRUSTED
    assert "ask" in result.text
    assert "Bob" in result.text
    assert said(result) == [
        "Device 1: the code shows this key",
        "Device 1: Gajim was given this key",
    ]
    shown = [line.fingerprint for line in result.lines]
    assert shown == [groups(fingerprint(99)), groups(fingerprint(1))]
    assert service.trust(Device(BOB, 1)) is Trust.DISTRUSTED
    assert acts(result) == [Act.DETAILS]


def test_another_key_of_an_own_device(service: JudgingService) -> None:
    service.known[OWN].append(make(OWN, 5))
    code = build_fingerprint_uri(OWN, {5: fingerprint(99)})
    result = verify(service, OWN).read([code], Source.CAMERA)
    assert result.tone is Tone.ALARM
    assert "password" in result.text
    assert "in person" not in result.text


def test_another_key_of_this_very_device(service: JudgingService) -> None:
    code = build_fingerprint_uri(OWN, {THIS: fingerprint(99)})
    result = verify(service, OWN).read([code], Source.CAMERA)
    assert result.tone is Tone.ALARM
    # Nothing was changed, and nothing is said to have been
    assert "no messages" not in result.text
    assert service.trust(Device(OWN, THIS)) is Trust.VERIFIED


def test_somebody_else(service: JudgingService) -> None:
    service.known[CAROL] = [make(CAROL, 9)]
    subject = verify(service)
    result = subject.read([uri(CAROL, 9)], Source.CAMERA)
    assert CAROL in result.text
    assert BOB in result.text
    assert service.trust(Device(CAROL, 9)) is Trust.BLIND
    there = subject.press(Act.GO_THERE)
    assert there is not None
    assert there.title == "Carol is verified"
    assert subject.title == "Verify Carol"
    assert service.trust(Device(CAROL, 9)) is Trust.VERIFIED


def test_somebody_else_by_a_link_is_asked_about(service: JudgingService) -> None:
    service.known[CAROL] = [make(CAROL, 9)]
    subject = verify(service)
    subject.read([uri(CAROL, 9)], Source.LINK)
    there = subject.press(Act.GO_THERE)
    assert Act.CONFIRM in acts(there)
    assert service.trust(Device(CAROL, 9)) is Trust.BLIND


def test_in_advance(service: JudgingService) -> None:
    service.known[BOB] = []
    result = verify(service).read([uri(BOB, 7)], Source.CAMERA)
    assert result.title == "Remembered"
    assert result.tone is Tone.GOOD
    assert said(result) == ["Device 7: not met yet"]


def test_case_45_in_advance_beside_devices_that_read(service: JudgingService) -> None:
    """None of those who get the messages is in the code."""
    result = verify(service).read([uri(BOB, 7)], Source.CAMERA)
    assert result.tone is Tone.CAUTION
    assert "reading along" in result.text
    assert "with exactly this key" in result.text
    assert said(result)[:2] == ["Device 1: not in this code", "Phone: not in this code"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"xmpp:{BOB}", "There are no keys in this code"),
        ("https://example.org/", "This is not an OMEMO code"),
        (uri(OWN, THIS), "This is your own code"),
    ],
)
def test_looking_goes_on(service: JudgingService, text: str, title: str) -> None:
    result = verify(service).read([text], Source.CAMERA)
    assert result.title == title
    assert not result.ends
    assert result.tone is not Tone.GOOD


def test_this_very_device(service: JudgingService) -> None:
    result = verify(service, OWN).read([uri(OWN, THIS)], Source.CAMERA)
    assert result.title == "This is the code of this very device"
    assert not result.ends


def test_an_own_device(service: JudgingService) -> None:
    service.known[OWN].append(make(OWN, 5))
    subject = verify(service, OWN)
    assert subject.title == "Verify another device of yours"
    result = subject.read([uri(OWN, THIS, 5)], Source.CAMERA)
    assert result.tone is Tone.GOOD
    assert service.trust(Device(OWN, 5)) is Trust.VERIFIED


def test_an_own_device_beside_a_strange_one(service: JudgingService) -> None:
    service.known[OWN] += [make(OWN, 5), make(OWN, 6)]
    result = verify(service, OWN).read([uri(OWN, 5)], Source.CAMERA)
    assert result.tone is Tone.CAUTION
    assert "Device 6: not in this code" in said(result)


def test_the_worst_of_several_codes_is_told(service: JudgingService) -> None:
    texts = ["https://example.org/", uri(BOB, 2), WRONG]
    assert verify(service).read(texts, Source.FILE).tone is Tone.ALARM
    texts = ["https://example.org/", uri(BOB, 1, 2)]
    assert verify(service).read(texts, Source.FILE).title == "Bob is verified"


def test_nothing_found(service: JudgingService) -> None:
    for source in (Source.FILE, Source.SCREEN):
        result = verify(service).read([], source)
        assert result.title == "No QR code was found"
        assert not result.ends


def test_what_is_spoken_has_all_words(service: JudgingService) -> None:
    result = verify(service).read([WRONG], Source.CAMERA)
    assert result.title in result.spoken
    assert result.text in result.spoken


def test_a_problem_is_told(service: JudgingService) -> None:
    assert verify(service).problem == ""
    service.problem = "the key store is locked"
    assert "the key store is locked" in verify(service).problem
