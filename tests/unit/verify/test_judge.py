# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a code means, for everything that may be known of the devices in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omemo_plugin.engine.device_info import DeviceInfo
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.verify.judge import Finding
from omemo_plugin.verify.judge import Judgement
from omemo_plugin.verify.judge import Kind
from omemo_plugin.verify.judge import Source
from omemo_plugin.verify.judge import Verdict
from omemo_plugin.verify.judge import judge
from omemo_plugin.verify.uri import build_fingerprint_uri
from omemo_plugin.verify.uri import build_trust_message_uri
from tests.support.devices import MadeUpDevice

ME = "me@example.org"
ROMEO = "romeo@montague.lit"
A = "a1b2c3d4" * 8
B = "0f" * 32
C = "5e" * 32
OWN = "77" * 32


def info(
    jid: str,
    number: int,
    fingerprint: str | None,
    trust: Trust = Trust.BLIND,
    *,
    active: bool = True,
) -> DeviceInfo:
    key = None if fingerprint is None else bytes.fromhex(fingerprint)[::-1]
    return MadeUpDevice(
        Device(jid, number),
        (Protocol.LEGACY,),
        key,
        trust,
        active,
        None,
        key_changed=False,
        first_seen=0,
        last_seen=0,
        fingerprint=fingerprint,
    )


THIS = info(ME, 1, OWN, Trust.VERIFIED)


def told(
    text: str,
    *known: DeviceInfo,
    expected: str | None = ROMEO,
    source: Source = Source.CAMERA,
) -> Judgement:
    infos = (THIS, *known)
    return judge(
        text,
        source=source,
        expected=expected,
        own_jid=ME,
        own_device_id=1,
        devices=lambda jid: [one for one in infos if one.device.jid == jid],
    )


def kinds(judgement: Judgement) -> list[Kind]:
    return [one.kind for one in judgement.findings]


def code(jid: str = ROMEO, /, **fingerprints: str) -> str:
    return build_fingerprint_uri(
        jid, {int(key[1:]): value for key, value in fingerprints.items()}
    )


def test_a_match() -> None:
    known = info(ROMEO, 5, A)
    judgement = told(code(d5=A), known)
    assert judgement.verdict is Verdict.MATCH
    assert judgement.jid == ROMEO
    assert judgement.findings == (Finding(Kind.VERIFIES, A, Device(ROMEO, 5), known),)
    assert judgement.can_apply
    assert not judgement.needs_confirmation
    assert judgement.unmentioned == ()


@pytest.mark.parametrize("trust", list(Trust))
def test_what_the_trust_was_before_does_not_matter(trust: Trust) -> None:
    judgement = told(code(d5=A), info(ROMEO, 5, A, trust))
    assert judgement.verdict is Verdict.MATCH
    already = trust is Trust.VERIFIED
    assert kinds(judgement) == [Kind.ALREADY_VERIFIED if already else Kind.VERIFIES]
    assert judgement.can_apply is not already


def test_case_13_a_device_that_presented_another_key_can_be_verified() -> None:
    known = replace(info(ROMEO, 5, A, Trust.VERIFIED), key_changed=True)
    judgement = told(code(d5=A), known)
    assert judgement.verdict is Verdict.MATCH
    assert kinds(judgement) == [Kind.VERIFIES]
    assert told(code(d5=B), known).verdict is Verdict.MISMATCH


def test_case_45_a_mismatch_is_an_alarm_whatever_else_matches() -> None:
    stored = info(ROMEO, 6, C, Trust.VERIFIED)
    judgement = told(code(d5=A, d6=B, d7=OWN), info(ROMEO, 5, A), stored)
    assert judgement.verdict is Verdict.MISMATCH
    assert kinds(judgement) == [Kind.VERIFIES, Kind.MISMATCH, Kind.IN_ADVANCE]
    (finding,) = judgement.of(Kind.MISMATCH)
    assert finding.fingerprint == B
    assert finding.info is not None
    assert finding.info.fingerprint == C


@pytest.mark.parametrize("known", [None, info(ROMEO, 5, None)])
def test_case_45_an_unknown_device_is_verified_in_advance(
    known: DeviceInfo | None,
) -> None:
    others = () if known is None else (known,)
    judgement = told(code(d5=A), *others)
    assert judgement.verdict is Verdict.IN_ADVANCE
    assert judgement.findings == (Finding(Kind.IN_ADVANCE, A, Device(ROMEO, 5), known),)
    assert judgement.can_apply


def test_a_match_with_an_unknown_device_is_a_match() -> None:
    judgement = told(code(d5=A, d6=B), info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.MATCH
    assert kinds(judgement) == [Kind.VERIFIES, Kind.IN_ADVANCE]


def test_the_key_counts_and_not_the_device_id() -> None:
    judgement = told(code(d9=A), info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.MATCH
    assert judgement.findings[0].device == Device(ROMEO, 5)


def test_case_45_exchanged_keys_are_a_mismatch() -> None:
    judgement = told(code(d5=B, d6=A), info(ROMEO, 5, A), info(ROMEO, 6, B))
    assert kinds(judgement) == [Kind.MISMATCH, Kind.MISMATCH]


def test_what_the_code_does_not_name() -> None:
    forgotten = info(ROMEO, 8, B)
    judgement = told(
        code(d5=A),
        info(ROMEO, 5, A),
        info(ROMEO, 6, None),
        info(ROMEO, 7, C, active=False),
        forgotten,
    )
    assert judgement.unmentioned == (forgotten,)


# Whose it is


def test_case_45_the_code_of_another_contact_says_whose_it_is() -> None:
    judgement = told(code("juliet@capulet.lit", d5=A), info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.OTHER_CONTACT
    assert judgement.jid == "juliet@capulet.lit"
    assert judgement.findings == ()
    assert not judgement.can_apply


@pytest.mark.parametrize(
    "other",
    ["romeo@montague.lit.example", "rоmeo@montague.lit", "romeo@mоntague.lit"],
    ids=ascii,
)
def test_case_45_an_address_that_looks_the_same(other: str) -> None:
    judgement = told(code(other, d5=A), info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.OTHER_CONTACT


def test_case_45_the_own_code_in_place_of_a_contacts() -> None:
    judgement = told(code(ME, d1=OWN))
    assert judgement.verdict is Verdict.OWN_CODE
    assert not judgement.can_apply


@pytest.mark.parametrize(
    ("written", "roster"),
    [
        ("Romeo@Montague.LIT", ROMEO),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("j%C3%BCrgen@example.org", "jürgen@example.org"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_case_45_the_same_address_in_another_form(
    written: str, roster: str, named: bool
) -> None:
    expected = roster if named else None
    text = f"xmpp:{written}?omemo-sid-5={A}"
    judgement = told(text, info(roster, 5, A), expected=expected)
    assert judgement.verdict is Verdict.MATCH
    assert judgement.jid == roster


# Our own account


def test_another_own_device() -> None:
    judgement = told(code(ME, d1=OWN, d2=A), info(ME, 2, A), expected=ME)
    assert judgement.verdict is Verdict.MATCH
    assert kinds(judgement) == [Kind.THIS_DEVICE, Kind.VERIFIES]
    assert judgement.unmentioned == ()


def test_nothing_but_this_device() -> None:
    for text in (
        code(ME, d1=OWN),
        build_trust_message_uri(ME, Protocol.OMEMO_2, [OWN]),
    ):
        judgement = told(text, info(ME, 2, A), expected=ME)
        assert judgement.verdict is Verdict.ONLY_THIS_DEVICE
        assert not judgement.can_apply


def test_case_45_another_key_for_this_very_device() -> None:
    for text in (
        code(ME, d1=A),
        build_trust_message_uri(ME, Protocol.OMEMO_2, [], [OWN]),
    ):
        judgement = told(text, expected=ME)
        assert judgement.verdict is Verdict.MISMATCH
        assert kinds(judgement) == [Kind.THIS_DEVICE_DIFFERS]
        assert not judgement.can_apply


def test_case_45_who_is_wrong_about_this_device_is_believed_nothing_else() -> None:
    for text in (
        code(ME, d1=B, d2=A),
        code(ME, d1=A, d2=B),
        build_trust_message_uri(ME, Protocol.OMEMO_2, [A], [OWN]),
    ):
        judgement = told(text, info(ME, 2, A), expected=ME)
        assert judgement.verdict is Verdict.MISMATCH
        assert Kind.THIS_DEVICE_DIFFERS in kinds(judgement)
        assert not judgement.can_apply


# Keys without devices


def test_a_trust_message_uri_in_either_form_of_the_key() -> None:
    known = info(ROMEO, 5, A)
    assert known.identity_key is not None
    for key in (A, known.identity_key.hex()):
        text = build_trust_message_uri(ROMEO, Protocol.OMEMO_2, [key])
        judgement = told(text, known)
        assert judgement.verdict is Verdict.MATCH
        assert judgement.findings[0].device == known.device


def test_a_trust_message_uri_that_only_distrusts() -> None:
    text = build_trust_message_uri(ROMEO, Protocol.OMEMO_2, [], [A, B])
    judgement = told(text, info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.DISTRUST
    assert [one.device for one in judgement.of(Kind.DISTRUSTS)] == [
        None,
        Device(ROMEO, 5),
    ]
    assert judgement.can_apply


def test_a_trust_message_uri_of_a_key_nobody_knows() -> None:
    text = build_trust_message_uri(ROMEO, Protocol.OMEMO_2, [A])
    judgement = told(text)
    assert judgement.verdict is Verdict.IN_ADVANCE
    assert judgement.findings == (Finding(Kind.IN_ADVANCE, A),)


# What is none


def test_no_keys_and_no_code() -> None:
    judgement = told(f"xmpp:{ROMEO}")
    assert judgement.verdict is Verdict.NO_KEYS
    assert judgement.jid == ROMEO
    for text in ("", "https://example.org", f"xmpp:{ROMEO}?omemo-sid-5={A[:-2]}"):
        judgement = told(text)
        assert judgement.verdict is Verdict.UNREADABLE
        assert judgement.jid == ""
        assert not judgement.can_apply


# Where it came from


@pytest.mark.parametrize("source", list(Source))
def test_case_45_a_link_needs_confirmation(source: Source) -> None:
    judgement = told(code(d5=A), info(ROMEO, 5, A), source=source)
    from_others = source in (Source.LINK, Source.DESKTOP)
    assert judgement.needs_confirmation is from_others


def test_nothing_to_do_needs_no_confirmation() -> None:
    judgement = told(code(d5=A), info(ROMEO, 5, A, Trust.VERIFIED), source=Source.LINK)
    assert not judgement.needs_confirmation


def test_whether_it_is_still_what_was_shown() -> None:
    shown = told(code(d5=A), info(ROMEO, 5, A))
    assert shown.says_the_same(told(code(d5=A), info(ROMEO, 5, A, Trust.UNDECIDED)))
    assert shown.says_the_same(replace(shown, applied=True))
    assert not shown.says_the_same(told(code(d5=A), info(ROMEO, 5, B)))
    assert not shown.says_the_same(told(code(d5=A)))
    assert not shown.says_the_same(told(code(d5=A, d6=B), info(ROMEO, 5, A)))


def test_the_text_is_not_in_what_might_be_logged() -> None:
    assert A not in repr(replace(told(code(d5=A)), findings=()))
