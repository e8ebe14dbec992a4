# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judgement of a code, for everything that may be known of the devices in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.values import CodeClaims
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.verify.judge import Finding
from omemo_plugin.verify.judge import FindingKind
from omemo_plugin.verify.judge import Judgement
from omemo_plugin.verify.judge import Source
from omemo_plugin.verify.judge import Verdict
from omemo_plugin.verify.judge import judge
from omemo_plugin.verify.uri import build_fingerprint_uri
from tests.support.engine.devices import MadeUpDevice
from tests.support.trust_uri import build_trust_message_uri

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


def kinds(judgement: Judgement) -> list[FindingKind]:
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
    assert judgement.findings == (
        Finding(FindingKind.VERIFIES, A, Device(ROMEO, 5), known),
    )
    assert judgement.can_apply
    assert not judgement.needs_confirmation
    assert judgement.unmentioned == ()


@pytest.mark.parametrize("trust", list(Trust))
def test_the_earlier_trust_does_not_matter(trust: Trust) -> None:
    judgement = told(code(d5=A), info(ROMEO, 5, A, trust))
    assert judgement.verdict is Verdict.MATCH
    already = trust is Trust.VERIFIED
    assert kinds(judgement) == [
        FindingKind.ALREADY_VERIFIED if already else FindingKind.VERIFIES
    ]
    assert judgement.can_apply is not already


def test_case_13_a_device_that_presented_another_key_can_be_verified() -> None:
    known = replace(info(ROMEO, 5, A, Trust.VERIFIED), key_changed=True)
    judgement = told(code(d5=A), known)
    assert judgement.verdict is Verdict.MATCH
    assert kinds(judgement) == [FindingKind.VERIFIES]
    assert told(code(d5=B), known).verdict is Verdict.MISMATCH


def test_case_45_a_mismatch_is_an_alarm_whatever_else_matches() -> None:
    stored = info(ROMEO, 6, C, Trust.VERIFIED)
    judgement = told(code(d5=A, d6=B, d7=OWN), info(ROMEO, 5, A), stored)
    assert judgement.verdict is Verdict.MISMATCH
    assert kinds(judgement) == [
        FindingKind.VERIFIES,
        FindingKind.MISMATCH,
        FindingKind.IN_ADVANCE,
    ]
    (finding,) = judgement.of(FindingKind.MISMATCH)
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
    assert judgement.findings == (
        Finding(FindingKind.IN_ADVANCE, A, Device(ROMEO, 5), known),
    )
    assert judgement.can_apply


def test_a_match_with_an_unknown_device_is_a_match() -> None:
    judgement = told(code(d5=A, d6=B), info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.MATCH
    assert kinds(judgement) == [FindingKind.VERIFIES, FindingKind.IN_ADVANCE]


def test_the_key_counts_and_not_the_device_id() -> None:
    judgement = told(code(d9=A), info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.MATCH
    assert judgement.findings[0].device == Device(ROMEO, 5)


def test_case_45_exchanged_keys_are_a_mismatch() -> None:
    judgement = told(code(d5=B, d6=A), info(ROMEO, 5, A), info(ROMEO, 6, B))
    assert kinds(judgement) == [FindingKind.MISMATCH, FindingKind.MISMATCH]


def test_devices_that_the_code_does_not_name() -> None:
    forgotten = info(ROMEO, 8, B)
    judgement = told(
        code(d5=A),
        info(ROMEO, 5, A),
        info(ROMEO, 6, None),
        info(ROMEO, 7, C, active=False),
        forgotten,
    )
    assert judgement.unmentioned == (forgotten,)


# The owner of a code


def test_case_45_the_code_of_another_contact_says_whose_it_is() -> None:
    judgement = told(code("juliet@capulet.lit", d5=A), info(ROMEO, 5, A))
    assert judgement.verdict is Verdict.OTHER_CONTACT
    assert judgement.jid == "juliet@capulet.lit"
    assert judgement.findings == ()
    assert not judgement.can_apply


@pytest.mark.parametrize(
    "other",
    ["romeo@montague.lit.example", "rоmeo@montague.lit", "romeo@mоntague.lit"],
    ids=["another domain", "a Cyrillic letter", "one in the domain"],
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
    assert kinds(judgement) == [FindingKind.THIS_DEVICE, FindingKind.VERIFIES]
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
        assert kinds(judgement) == [FindingKind.THIS_DEVICE_DIFFERS]
        assert not judgement.can_apply


def test_case_45_a_code_that_is_wrong_about_this_device_verifies_nothing() -> None:
    for text in (
        code(ME, d1=B, d2=A),
        code(ME, d1=A, d2=B),
        build_trust_message_uri(ME, Protocol.OMEMO_2, [A], [OWN]),
    ):
        judgement = told(text, info(ME, 2, A), expected=ME)
        assert judgement.verdict is Verdict.MISMATCH
        assert FindingKind.THIS_DEVICE_DIFFERS in kinds(judgement)
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
    assert [one.device for one in judgement.of(FindingKind.DISTRUSTS)] == [
        None,
        Device(ROMEO, 5),
    ]
    assert judgement.can_apply


def test_a_trust_message_uri_of_a_key_nobody_knows() -> None:
    text = build_trust_message_uri(ROMEO, Protocol.OMEMO_2, [A])
    judgement = told(text)
    assert judgement.verdict is Verdict.IN_ADVANCE
    assert judgement.findings == (Finding(FindingKind.IN_ADVANCE, A),)


# Texts that are no codes


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
def test_case_45_69_a_link_needs_confirmation(source: Source) -> None:
    judgement = told(code(d5=A), info(ROMEO, 5, A), source=source)
    from_others = source is not Source.CAMERA
    assert judgement.needs_confirmation is from_others


def test_nothing_to_do_needs_no_confirmation() -> None:
    judgement = told(code(d5=A), info(ROMEO, 5, A, Trust.VERIFIED), source=Source.LINK)
    assert not judgement.needs_confirmation


def test_a_judgement_that_has_changed_is_recognised() -> None:
    shown = told(code(d5=A), info(ROMEO, 5, A))
    assert shown.says_the_same(told(code(d5=A), info(ROMEO, 5, A, Trust.UNDECIDED)))
    assert shown.says_the_same(replace(shown, applied=True))
    assert not shown.says_the_same(told(code(d5=A), info(ROMEO, 5, B)))
    assert not shown.says_the_same(told(code(d5=A)))
    assert not shown.says_the_same(told(code(d5=A, d6=B), info(ROMEO, 5, A)))


def test_the_text_is_not_in_what_might_be_logged() -> None:
    assert A not in repr(replace(told(code(d5=A)), findings=()))


def test_a_trust_message_uri_verifies_or_distrusts_each_key() -> None:
    known, other = info(ROMEO, 5, A), info(ROMEO, 6, B)
    judgement = told(
        build_trust_message_uri(ROMEO, Protocol.OMEMO_2, [A], [B, C]), known, other
    )
    assert judgement.findings == (
        Finding(FindingKind.VERIFIES, A, known.device, known),
        # In the order of the keys
        Finding(FindingKind.DISTRUSTS, B, other.device, other),
        Finding(FindingKind.DISTRUSTS, C),
    )


def test_a_trust_message_uri_against_this_device() -> None:
    judgement = told(
        build_trust_message_uri(ME, Protocol.OMEMO_2, [], [OWN]), expected=ME
    )
    assert judgement.findings == (
        Finding(FindingKind.THIS_DEVICE_DIFFERS, OWN, THIS.device, THIS),
    )


def test_a_device_without_a_fingerprint_is_not_found_by_its_key() -> None:
    """Its identity key is not a point of the curve: it has no Curve25519 form."""
    broken = replace(info(ROMEO, 5, None), identity_key=bytes.fromhex(A))
    judgement = told(build_trust_message_uri(ROMEO, Protocol.OMEMO_2, [A]), broken)
    assert judgement.findings == (Finding(FindingKind.IN_ADVANCE, A),)


def test_a_key_that_has_another_device_id_now() -> None:
    known = info(ROMEO, 6, A)
    judgement = told(code(d5=A), known)
    assert judgement.findings == (
        Finding(FindingKind.VERIFIES, A, known.device, known),
    )
    judgement = told(code(ME, d9=OWN), expected=ME)
    assert judgement.findings == (
        Finding(FindingKind.THIS_DEVICE, OWN, THIS.device, THIS),
    )


def test_another_key_for_a_known_device() -> None:
    known = info(ROMEO, 5, A)
    judgement = told(code(d5=B), known)
    assert judgement.findings == (
        Finding(FindingKind.MISMATCH, B, known.device, known),
    )
    judgement = told(code(ME, d1=A), expected=ME)
    assert judgement.findings == (
        Finding(FindingKind.THIS_DEVICE_DIFFERS, A, THIS.device, THIS),
    )


def test_a_judgement_has_the_claims_of_its_code() -> None:
    text = code(d5=A, d6=B)
    judgement = told(text, info(ROMEO, 5, A), source=Source.LINK)
    assert judgement.source is Source.LINK
    assert judgement.text == text
    assert judgement.expected == ROMEO
    assert judgement.claims == CodeClaims(devices={5: A, 6: B})


def test_a_judgement_has_the_claims_of_a_trust_message_uri() -> None:
    text = build_trust_message_uri(ROMEO, Protocol.OMEMO_2, [A, B], [C])
    claims = told(text, info(ROMEO, 5, A)).claims
    assert (claims.trusted, claims.distrusted) == (frozenset({A, B}), frozenset({C}))
    assert not claims.devices


def test_a_judgement_of_an_unreadable_text_keeps_the_text() -> None:
    judgement = told("nonsense", source=Source.FILE)
    assert judgement.verdict is Verdict.UNREADABLE
    assert judgement.source is Source.FILE
    assert judgement.text == "nonsense"
    assert judgement.expected == ROMEO
    assert judgement.claims == CodeClaims()


def test_a_code_of_the_account_need_not_name_this_device() -> None:
    judgement = told(code(ME, d2=A), info(ME, 2, A), expected=ME)
    assert judgement.verdict is Verdict.MATCH
    assert judgement.unmentioned == ()


def test_an_address_that_is_known_in_both_forms_stays_as_it_is_written() -> None:
    jid, other = "ana@bücher.example", "ana@xn--bcher-kva.example"
    judgement = told(code(jid, d5=A), info(jid, 5, A), info(other, 6, B), expected=None)
    assert judgement.jid == jid
    assert judgement.verdict is Verdict.MATCH
