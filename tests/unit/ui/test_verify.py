# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts and buttons of the window "Verify"."""

from __future__ import annotations

import dataclasses

import pytest

from omemo_plugin.engine.state.diary import DiaryKind
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.badges import Icon
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.verify import Verify
from omemo_plugin.ui.presenters.verify_values import Result
from omemo_plugin.ui.presenters.verify_values import VerifyAction
from omemo_plugin.ui.presenters.verify_values import Way
from omemo_plugin.verify.fingerprint import groups
from omemo_plugin.verify.judge import FindingKind
from omemo_plugin.verify.judge import Judgement
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

    def __init__(self) -> None:
        super().__init__()
        self.withdrawn: list[Judgement] = []
        self.way: DiaryKind | None = None

    def judge(self, text: str, source: Source, expected: str | None) -> Judgement:
        return judge(
            text,
            source=source,
            expected=expected,
            own_jid=OWN,
            own_device_id=THIS,
            devices=self.devices,
        )

    def withdraw(self, judgement: Judgement) -> None:
        self.withdrawn.append(judgement)

    def apply(
        self,
        judgement: Judgement,
        *,
        confirmed: bool = False,
        way: DiaryKind = DiaryKind.CODE,
    ) -> Judgement:
        self.way = way
        now = self.judge(judgement.text, judgement.source, judgement.expected)
        if not now.says_the_same(judgement):
            return now
        if now.needs_confirmation and not confirmed:
            return now
        for kind, trust in (
            (FindingKind.VERIFIES, Trust.VERIFIED),
            (FindingKind.MISMATCH, Trust.DISTRUSTED),
        ):
            for finding in now.of(kind):
                assert finding.device is not None
                self.device_management.set_trust(finding.device, trust)
        return dataclasses.replace(now, applied=True)


@pytest.fixture
def service() -> JudgingService:
    service = JudgingService()
    service.known[BOB] = [make(BOB, 1), make(BOB, 2, label="Phone")]
    return service


def verify(service: JudgingService, jid: str | None = BOB) -> Verify:
    return Verify(service, service, jid, lambda one: NAMES.get(one, one))


def uri(jid: str, *numbers: int) -> str:
    return build_fingerprint_uri(jid, {n: fingerprint(n) for n in numbers})


WRONG = build_fingerprint_uri(BOB, {1: fingerprint(99)})


def acts(result: Result | None) -> list[VerifyAction]:
    assert result is not None
    return [button.act for button in result.buttons]


def said(result: Result) -> list[str]:
    return [line.text for line in result.lines]


def test_all_devices(service: JudgingService) -> None:
    result = verify(service).read([uri(BOB, 1, 2)], Source.CAMERA)
    assert result.title == "Bob is verified"
    assert result.tone is Tone.GOOD
    assert result.icon is Icon.VERIFIED
    assert said(result) == ["Bob’s first device: verified", "Phone: verified"]
    assert result.lines[0].fingerprint == groups(fingerprint(1))
    assert service.trust(Device(BOB, 1)) is Trust.VERIFIED


def test_again(service: JudgingService) -> None:
    verify(service).read([uri(BOB, 1, 2)], Source.CAMERA)
    result = verify(service).read([uri(BOB, 1, 2)], Source.CAMERA)
    assert result.title == "Bob is verified"
    assert "before" in result.text
    assert said(result)[0] == "Bob’s first device: was verified before"


def test_case_45_a_device_that_is_trusted_blindly_and_not_in_the_code(
    service: JudgingService,
) -> None:
    """It goes on reading, so nothing may look as if all was well."""
    subject = verify(service)
    result = subject.read([uri(BOB, 1)], Source.CAMERA)
    assert result.tone is Tone.CAUTION
    assert result.icon is not Icon.VERIFIED
    assert result.title == "Verified, but not all devices"
    assert "1 more device gets your messages and was not checked" in result.text
    assert said(result) == ["Phone: not in this code", "Bob’s first device: verified"]
    assert acts(result) == [VerifyAction.DETAILS, VerifyAction.UNDO]
    assert subject.subject == BOB


@pytest.mark.parametrize("trust", [Trust.UNDECIDED, Trust.DISTRUSTED, Trust.VERIFIED])
def test_a_device_that_is_not_in_the_code_and_does_no_harm(
    service: JudgingService, trust: Trust
) -> None:
    service.device_management.set_trust(Device(BOB, 2), trust)
    result = verify(service).read([uri(BOB, 1)], Source.CAMERA)
    assert result.title == "Bob is verified"
    assert ("gets no messages" in result.text) is (trust is Trust.UNDECIDED)


@pytest.mark.parametrize("source", [one for one in Source if one is not Source.CAMERA])
def test_case_45_69_only_the_camera_counts_unasked(
    service: JudgingService, source: Source
) -> None:
    """Anybody may have written a link, made a picture, or put it on the screen."""
    subject = verify(service, None)
    result = subject.read([uri(BOB, 1, 2)], source)
    assert result.title == "How did this code reach you?"
    assert result.asks_way
    assert result.tone is Tone.CAUTION
    assert said(result) == [
        "Bob’s first device: would be verified",
        "Phone: would be verified",
    ]
    assert service.trust(Device(BOB, 1)) is Trust.BLIND
    # No answer is none
    assert subject.press(VerifyAction.CONFIRM) == result
    assert service.trust(Device(BOB, 1)) is Trust.BLIND
    assert subject.answer(Way.IN_PERSON).enough
    done = subject.press(VerifyAction.CONFIRM)
    assert done is not None
    assert done.title == "Bob is verified"
    assert said(done)[0] == "Bob’s first device: verified"
    assert service.trust(Device(BOB, 1)) is Trust.VERIFIED


@pytest.mark.parametrize("way", list(Way))
def test_case_45_which_answer_is_enough(service: JudgingService, way: Way) -> None:
    subject = verify(service)
    subject.read([uri(BOB, 1)], Source.CLIPBOARD)
    assert [one for one, _text in subject.ways] == list(Way)
    assert not subject.answer(None).enough
    answer = subject.answer(way)
    assert answer.enough is (way in (Way.IN_PERSON, Way.VIDEO_CALL))
    assert bool(answer.check) is (way is Way.WEBSITE)
    assert bool(answer.text) is (way in (Way.MESSAGE, Way.UNKNOWN))
    sure = subject.answer(way, sure=True)
    assert sure.enough is (way not in (Way.MESSAGE, Way.UNKNOWN))
    subject.answer(way)
    subject.press(VerifyAction.CONFIRM)
    verified = service.trust(Device(BOB, 1)) is Trust.VERIFIED
    assert verified is answer.enough


def test_the_answer_is_about_one_code(service: JudgingService) -> None:
    """An answer for another code does not count for this one."""
    service.known[CAROL] = [make(CAROL, 9)]
    subject = verify(service, None)
    subject.read([uri(BOB, 1)], Source.CLIPBOARD)
    subject.answer(Way.IN_PERSON)
    subject.read([uri(CAROL, 9)], Source.CLIPBOARD)
    subject.press(VerifyAction.CONFIRM)
    assert service.trust(Device(CAROL, 9)) is Trust.BLIND


def test_scanning_in_place_of_a_link(service: JudgingService) -> None:
    """The code that is scanned then has to be of the same person."""
    subject = verify(service, None)
    subject.read([uri(BOB, 1)], Source.LINK)
    assert subject.press(VerifyAction.AGAIN) is None
    assert subject.title == "Verify Bob"
    result = subject.read([uri(CAROL, 9)], Source.CAMERA)
    assert result.title == "This is carol@example.org’s code"


def test_case_69_a_link_that_changes_meaning_is_asked_about_again(
    service: JudgingService,
) -> None:
    subject = verify(service, None)
    subject.read([uri(BOB, 1, 2)], Source.LINK)
    subject.answer(Way.IN_PERSON)
    changed = make(BOB, 5)
    service.known[BOB][0] = dataclasses.replace(changed, device=Device(BOB, 1))
    result = subject.press(VerifyAction.CONFIRM)
    assert result is not None
    assert acts(result) == [VerifyAction.CONFIRM, VerifyAction.AGAIN]
    assert "shows a different key" in result.text
    assert service.trust(Device(BOB, 1)) is Trust.BLIND


def test_a_link_with_another_key_warns(service: JudgingService) -> None:
    result = verify(service, None).read([WRONG], Source.LINK)
    assert "shows a different key" in result.text
    assert service.trust(Device(BOB, 1)) is Trust.BLIND


def test_another_key_is_an_alarm(service: JudgingService) -> None:
    result = verify(service).read([WRONG], Source.CAMERA)
    assert result.tone is Tone.ALARM
    assert result.icon is Icon.DISTRUSTED
    assert "Ask Bob face to face or by phone" in result.text
    assert said(result) == [
        "Bob’s first device: the code shows this key",
        "Bob’s first device: the key so far",
    ]
    shown = [line.fingerprint for line in result.lines]
    assert shown == [groups(fingerprint(99)), groups(fingerprint(1))]
    assert service.trust(Device(BOB, 1)) is Trust.DISTRUSTED
    assert acts(result) == [
        VerifyAction.CALL,
        VerifyAction.DETAILS,
        VerifyAction.UNDO,
    ]


def test_another_key_of_an_own_device(service: JudgingService) -> None:
    service.known[OWN].append(make(OWN, 5))
    code = build_fingerprint_uri(OWN, {5: fingerprint(99)})
    result = verify(service, OWN).read([code], Source.CAMERA)
    assert result.tone is Tone.ALARM
    assert "password" in result.text
    assert "face to face" not in result.text
    assert VerifyAction.CALL not in acts(result)


def test_another_key_of_this_very_device(service: JudgingService) -> None:
    code = build_fingerprint_uri(OWN, {THIS: fingerprint(99)})
    result = verify(service, OWN).read([code], Source.CAMERA)
    assert result.tone is Tone.ALARM
    # Nothing was changed, and nothing is said to have been
    assert "gets nothing" not in result.text
    assert VerifyAction.UNDO not in acts(result)
    assert service.trust(Device(OWN, THIS)) is Trust.VERIFIED


def test_somebody_else(service: JudgingService) -> None:
    service.known[CAROL] = [make(CAROL, 9)]
    subject = verify(service)
    result = subject.read([uri(CAROL, 9)], Source.CAMERA)
    assert CAROL in result.title
    assert BOB in result.text
    assert service.trust(Device(CAROL, 9)) is Trust.BLIND
    there = subject.press(VerifyAction.GO_THERE)
    assert there is not None
    assert there.title == "Carol is verified"
    assert subject.title == "Verify Carol"
    assert service.trust(Device(CAROL, 9)) is Trust.VERIFIED


def test_case_69_somebody_else_by_a_link_is_asked_about(
    service: JudgingService,
) -> None:
    service.known[CAROL] = [make(CAROL, 9)]
    subject = verify(service)
    subject.read([uri(CAROL, 9)], Source.LINK)
    there = subject.press(VerifyAction.GO_THERE)
    assert VerifyAction.CONFIRM in acts(there)
    assert service.trust(Device(CAROL, 9)) is Trust.BLIND


def test_in_advance(service: JudgingService) -> None:
    service.known[BOB] = []
    result = verify(service).read([uri(BOB, 7)], Source.CAMERA)
    assert result.title == "Remembered"
    assert result.tone is Tone.GOOD
    assert said(result) == ["A device: not met yet"]


def test_case_45_in_advance_beside_devices_that_read(service: JudgingService) -> None:
    """None of those who get the messages is in the code."""
    result = verify(service).read([uri(BOB, 7)], Source.CAMERA)
    assert result.tone is Tone.CAUTION
    assert "2 more devices get your messages" in result.text
    assert "with exactly this key" in result.text
    assert said(result)[:2] == [
        "Bob’s first device: not in this code",
        "Phone: not in this code",
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"xmpp:{BOB}", "No keys in this code"),
        ("https://example.org/", "Not a code for verifying"),
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
    assert "alice@example.org’s device number 6: not in this code" in said(result)


def test_the_worst_of_several_codes_is_told(service: JudgingService) -> None:
    texts = ["https://example.org/", uri(BOB, 2), WRONG]
    assert verify(service).read(texts, Source.CAMERA).tone is Tone.ALARM
    texts = ["https://example.org/", uri(BOB, 1, 2)]
    assert verify(service).read(texts, Source.CAMERA).title == "Bob is verified"


def test_nothing_found(service: JudgingService) -> None:
    for source in (Source.FILE, Source.SCREEN):
        result = verify(service).read([], source)
        assert result.title == "No QR code was found"
        assert not result.ends


def test_the_spoken_result_has_all_words(service: JudgingService) -> None:
    result = verify(service).read([WRONG], Source.CAMERA)
    assert result.title in result.spoken
    assert result.text in result.spoken


def test_a_problem_is_told(service: JudgingService) -> None:
    assert verify(service).problem == ""
    service.problem = "the key store is locked"
    assert "the key store is locked" in verify(service).problem


@pytest.mark.parametrize("code", [uri(BOB, 1, 2), WRONG], ids=["right", "wrong"])
def test_undo_restores_the_earlier_trust(service: JudgingService, code: str) -> None:
    service.device_management.set_trust(Device(BOB, 2), Trust.DISTRUSTED)
    before = dict(service.known)
    subject = verify(service)
    result = subject.read([code], Source.CAMERA)
    assert service.known != before
    assert VerifyAction.UNDO in acts(result)
    # After a restart it is known, too, what is to be withdrawn
    claims = service.judge(code, Source.CAMERA, None).claims
    assert service.trust_undo.kept[BOB].claims == claims
    undone = subject.press(VerifyAction.UNDO)
    assert undone is not None
    assert undone.title == "Undone"
    assert undone.ends
    assert service.known == before
    # The decisions on keys that were not met are forgotten as well
    assert [one.text for one in service.withdrawn] == [code]


def test_undo_gives_no_trust_to_a_key_that_came_later(service: JudgingService) -> None:
    subject = verify(service)
    subject.read([WRONG], Source.CAMERA)
    changed = make(BOB, 5, Trust.DISTRUSTED)
    service.known[BOB][0] = dataclasses.replace(changed, device=Device(BOB, 1))
    subject.press(VerifyAction.UNDO)
    assert service.trust(Device(BOB, 1)) is Trust.DISTRUSTED


def test_it_asks_whether_the_other_one_has_done_the_same(
    service: JudgingService,
) -> None:
    result = verify(service).read([uri(BOB, 1, 2)], Source.CAMERA)
    assert result.ask_back == "Has Bob checked you too?"
    service.known[OWN].append(make(OWN, 5))
    result = verify(service, OWN).read([uri(OWN, 5)], Source.CAMERA)
    assert result.ask_back == ""
    assert verify(service).read([WRONG], Source.CAMERA).ask_back == ""


@pytest.mark.parametrize(
    ("source", "answer", "written"),
    [
        (Source.CAMERA, None, DiaryKind.CODE_IN_PERSON),
        (Source.FILE, Way.IN_PERSON, DiaryKind.CODE_IN_PERSON),
        (Source.CLIPBOARD, Way.VIDEO_CALL, DiaryKind.CODE_VIDEO_CALL),
        (Source.LINK, Way.WEBSITE, DiaryKind.CODE_WEBSITE),
    ],
)
def test_how_the_code_came_is_written_down(
    service: JudgingService, source: Source, answer: Way | None, written: DiaryKind
) -> None:
    window = verify(service)
    window.read([uri(BOB, 1, 2)], source)
    if answer is not None:
        # The last answer counts
        window.answer(Way.MESSAGE)
        window.answer(answer, sure=True)
        window.press(VerifyAction.CONFIRM)
    assert service.trust(Device(BOB, 1)) is Trust.VERIFIED
    assert service.way is written
