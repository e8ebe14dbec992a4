# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from omemo_plugin.engine.values import Protocol
from omemo_plugin.verify.jid import same_account
from omemo_plugin.verify.uri import FingerprintUri
from omemo_plugin.verify.uri import InvalidUri
from omemo_plugin.verify.uri import NothingToVerify
from omemo_plugin.verify.uri import TrustMessageUri
from omemo_plugin.verify.uri import build_fingerprint_uri
from omemo_plugin.verify.uri import parse_uri
from tests.support.trust_uri import build_trust_message_uri

A = "a1b2c3d4" * 8
B = "0f" * 32
JID = "romeo@montague.lit"
TRUST = f"xmpp:{JID}?trust-message;encryption=urn:xmpp:omemo:2"

# XEP-0434 0.6.0, "URI Query Types"
FROM_XEP = (
    "xmpp:bob@example.com?trust-message;encryption=urn:xmpp:omemo:2;"
    "trust=623548d3835c6d33ef5cb680f7944ef381cf712bf23a0119dabe5c4f252cd02f;"
    "distrust=b423f5088de9a924d51b31581723d850c7cc67d0a4fe6b267c3d301ff56d2413;"
    "distrust=d9f849b6b828309c5f2c8df4f38fd891887da5aaa24a22c50d52f69b4a80817e"
)


@pytest.mark.parametrize(
    "text",
    [
        f"xmpp:{JID}?omemo-sid-7={A};omemo-sid-2147483647={B}",
        f"xmpp:{JID}?message;omemo-sid-7={A};omemo-sid-2147483647={B}",
        f" xmpp:{JID}?omemo-sid-7={A};omemo-sid-2147483647={B}\n",
        f"xmpp:{JID}?omemo-sid-2147483647={B};omemo-sid-7={A}",
        f"XMPP:ROMEO@MONTAGUE.LIT?OMEMO-SID-7={A.upper()};OMEMO-SID-2147483647={B}",
        f"xmpp:{JID}?omemo-sid-7=05{A};omemo-sid-2147483647=05{B}",
        f"xmpp:romeo%40montague.lit?omemo%2Dsid%2D7={A};omemo-sid-2147483647={B}",
        f"xmpp:{JID}?roster;name=Romeo%20M;omemo-sid-7={A};omemo-sid-2147483647={B}"
        ";otr-fingerprint=811b9618014cdd1e610c63dc33a02560cd0e9215",
    ],
)
def test_fingerprints(text: str) -> None:
    assert parse_uri(text) == FingerprintUri(JID, {7: A, 2147483647: B})


@pytest.mark.parametrize(
    "text",
    [
        # Conversations 2.17 and its forks, XmppUri.toString: own devices first
        pytest.param(f"xmpp:{JID}?omemo-sid-7={A};omemo-sid-9={B}", id="Conversations"),
        # Dino 0.5, account_settings_entry.vala, by GLib.Uri.join; and on GLib before
        # 2.66, where it encodes the path itself
        pytest.param(f"xmpp:{JID}?omemo-sid-7={A}", id="Dino"),
        pytest.param(f"xmpp:romeo%40montague.lit?omemo-sid-7={A}", id="older Dino"),
        # Monal 6, OmemoQrCodeView: HelperTools.signalHexKey drops the byte 05
        pytest.param(f"xmpp:{JID}?omemo-sid-7={A};omemo-sid-9={B}", id="Monal"),
        # Gajim 1.8 to 2.6, compose_trust_uri, by nbxmpp's JID.to_iri
        pytest.param(f"xmpp:{JID}?message;omemo-sid-7={A};omemo-sid-9={B}", id="Gajim"),
        # gajim-omemo in Gajim 1.3
        pytest.param(f"xmpp:{JID}?omemo-sid-7={A}", id="gajim-omemo"),
        # profanity 0.13, omemo_qrcode_str
        pytest.param(f"xmpp:{JID}?omemo-sid-7={A}", id="profanity"),
    ],
)
def test_codes_of_other_programs(text: str) -> None:
    """Byte for byte as they write them."""
    found = parse_uri(text)
    expected = {7: A, 9: B} if "sid-9" in text else {7: A}
    assert found == FingerprintUri(JID, expected)


def test_a_code_of_kaidan() -> None:
    """QXmppUri writes the form of XEP-0434 (QXmpp 1.10, QXmppUri.cpp)."""
    assert parse_uri(f"{TRUST};trust={A};trust={B}") == TrustMessageUri(
        JID, Protocol.OMEMO_2, frozenset([A, B])
    )


def test_what_we_write_is_what_the_others_write() -> None:
    """The form that all of them read: no action, no encoding that is not needed, and
    semicolons."""
    assert (
        build_fingerprint_uri(JID, {7: A, 9: B})
        == f"xmpp:{JID}?omemo-sid-7={A};omemo-sid-9={B}"
    )


def test_trust_message() -> None:
    assert parse_uri(FROM_XEP) == TrustMessageUri(
        "bob@example.com",
        Protocol.OMEMO_2,
        frozenset(["623548d3835c6d33ef5cb680f7944ef381cf712bf23a0119dabe5c4f252cd02f"]),
        frozenset(
            [
                "b423f5088de9a924d51b31581723d850c7cc67d0a4fe6b267c3d301ff56d2413",
                "d9f849b6b828309c5f2c8df4f38fd891887da5aaa24a22c50d52f69b4a80817e",
            ]
        ),
    )


def test_trust_message_encoded_and_in_upper_case() -> None:
    text = f"xmpp:{JID}?trust-message;encryption=urn%3Axmpp%3Aomemo%3A2"
    assert parse_uri(f"{text};trust={A.upper()}") == TrustMessageUri(
        JID, Protocol.OMEMO_2, frozenset([A])
    )


@pytest.mark.parametrize(
    ("written", "jid"),
    [
        ("romeo@montague.lit", "romeo@montague.lit"),
        ("Romeo@Montague.LIT", "romeo@montague.lit"),
        ("romeo@montague.lit.", "romeo@montague.lit"),
        ("ana@bücher.example", "ana@bücher.example"),
        ("ana@B%C3%BCcher.example", "ana@bücher.example"),
        ("ana@xn--bcher-kva.example", "ana@bücher.example"),
        ("j%C3%BCrgen@example.org", "jürgen@example.org"),
        ("ju%CC%88rgen@example.org", "jürgen@example.org"),
        ("ＪＡＮ@example.org", "jan@example.org"),
        ("d%5C27artagnan@musketeers.lit", "d\\27artagnan@musketeers.lit"),
        ("sam@localhost", "sam@localhost"),
        ("sam@under_score.lan", "sam@under_score.lan"),
        ("sam@192.0.2.1", "sam@192.0.2.1"),
    ],
)
def test_case_45_addresses_have_one_form(written: str, jid: str) -> None:
    assert parse_uri(f"xmpp:{written}?omemo-sid-1={A}").jid == jid


def test_case_45_another_account() -> None:
    assert same_account("romeo@montague.lit", "Romeo@MONTAGUE.lit")
    assert same_account("ana@xn--bcher-kva.example", "ana@bücher.example")
    for other in (
        "romeo@montague.lit.example",
        "rome0@montague.lit",
        "rоmeo@montague.lit",  # a Cyrillic letter
        "romeo@mоntague.lit",  # and another one
        "montague.lit",
        "",
    ):
        assert not same_account("romeo@montague.lit", other)
    assert not same_account("", "")


@pytest.mark.parametrize(
    "jid",
    [
        "",
        "montague.lit",
        "@montague.lit",
        "romeo@",
        "romeo@@montague.lit",
        "romeo@a@b",
        "romeo@montague..lit",
        "romeo@.",
        "romeo@-.lit,",
        "romeo@montague.lit/orchard",
        "romeo%2Fx@montague.lit",
        "romeo@montague.lit%2Forchard",
        "//romeo@montague.lit",
        "//me@here.lit/romeo@montague.lit",
        "ro meo@montague.lit",
        "ro%20meo@montague.lit",
        "ro%00meo@montague.lit",
        "ro%E2%80%8Bmeo@montague.lit",
        "ro%E2%80%AEmeo@montague.lit",
        "ro\u200dmeo@montague.lit",
        "romeo@xn--montague-.lit",
        "romeo@xn--a.lit",
        "romeo@mont%FFague.lit",
        "romeo@mont%agua.lit",
        "romeo@mont%2",
        "romeo@mont%2@x.lit",
        "romeo@[::1",
        "romeo@[1.2.3.4]",
        f"{'r' * 1100}@montague.lit",
        f"romeo@{'m' * 64}.lit",
        f"romeo@{'.'.join(['m' * 60] * 5)}",
        '"romeo"@montague.lit',
        "ro&meo@montague.lit",
        "ro%3Ameo@montague.lit",
    ],
    ids=lambda jid: ascii(jid)[:30].replace("\\", "%"),
)
def test_case_45_invalid_addresses(jid: str) -> None:
    with pytest.raises(InvalidUri) as caught:
        parse_uri(f"xmpp:{jid}?omemo-sid-1={A}")
    assert not isinstance(caught.value, NothingToVerify)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "xmpp",
        f"{JID}?omemo-sid-1={A}",
        f"https://montague.lit/?omemo-sid-1={A}",
        f"xxmpp:{JID}?omemo-sid-1={A}",
        f"xmpp:{JID}?omemo-sid-1={A}#{B}",
        f"xmpp:{JID}?omemo-sid-1={A}?omemo-sid-2={B}",
        f"xmpp:{JID}?omemo-sid-1={A};omemo-sid-1={A}",
        f"xmpp:{JID}?omemo-sid-1={A};omemo-sid-1={B}",
        f"xmpp:{JID}?omemo-sid-1={A};OMEMO-SID-1={B}",
        f"xmpp:{JID}?omemo-sid-1={A};omemo%2Dsid-1={B}",
        f"xmpp:{JID}?omemo-sid-1={A};omemo-sid-2={A}",
        f"xmpp:{JID}?omemo-sid-1={A};omemo-sid-2=05{A}",
        f"xmpp:{JID}?omemo-sid-1={A}&omemo-sid-2={B}",
        f"xmpp:{JID}?omemo-sid-1={A}\nxmpp:{JID}?omemo-sid-1={B}",
        f"xmpp:{JID}?omemo-sid-1",
        f"xmpp:{JID}?omemo-sid-1=",
        f"xmpp:{JID}?omemo-sid-1={A[:-1]}",
        f"xmpp:{JID}?omemo-sid-1={A}0",
        f"xmpp:{JID}?omemo-sid-1={A}00",
        f"xmpp:{JID}?omemo-sid-1=06{A}",
        f"xmpp:{JID}?omemo-sid-1={A[:-1]}g",
        f"xmpp:{JID}?omemo-sid-1={A};omemo-sid-2=x",
        f"xmpp:{JID}?omemo-sid-1={A};trust={B}",
        f"xmpp:{JID}?omemo-sid-1={A};distrust={B}",
        # Spaces that no program puts around a URI
        f"xmpp:{JID}?omemo-sid-1={A}\u2003",
        f"\x0bxmpp:{JID}?omemo-sid-1={A}",
        f"xmpp:{JID}?omemo-sid-1={A};trust-message;encryption=urn:xmpp:omemo:2",
        f"xmpp:{JID}?omemo-sid-1={A}" + ";x" * 10_000,
        f"{TRUST};omemo-sid-1={A}",
        f"{TRUST};trust={A};trust={A}",
        f"{TRUST};trust={A};trust={A.upper()}",
        f"{TRUST};trust={A};distrust={A}",
        f"{TRUST};trust=05{A}",
        f"{TRUST};trust={A[:-1]}",
        f"{TRUST};trust",
        f"{TRUST};trust=kEMGWP9lFfDFssePN9Thyl2qK8eRzxLvzbgv/rBYDng=",
        f"{TRUST};name=x;trust={A}",
        f"{TRUST};encryption=urn:xmpp:omemo:2;trust={A}",
        f"xmpp:{JID}?trust-message",
        f"xmpp:{JID}?trust-message=x;encryption=urn:xmpp:omemo:2;trust={A}",
        f"xmpp:{JID}?trust-message;trust={A};encryption=urn:xmpp:omemo:2",
        f"xmpp:{JID}?trust-message;encryption=urn:xmpp:openpgp:0;trust={A}",
        f"xmpp:{JID}?trust-message;encryption;trust={A}",
    ],
    ids=lambda text: ascii(text)[-30:].replace("\\", "%"),
)
def test_case_45_invalid_or_ambiguous_uris(text: str) -> None:
    with pytest.raises(InvalidUri) as caught:
        parse_uri(text)
    assert not isinstance(caught.value, NothingToVerify)


@pytest.mark.parametrize(("length", "valid"), [(8192, True), (8193, False)])
def test_case_45_the_longest_uri(length: int, valid: bool) -> None:
    text = f"xmpp:{JID}?omemo-sid-1={A};name="
    text += "x" * (length - len(text))
    if valid:
        assert isinstance(parse_uri(text), FingerprintUri)
    else:
        with pytest.raises(InvalidUri):
            parse_uri(text)


@pytest.mark.parametrize(
    "number",
    ["", "0", "-1", "+1", "01", "1_0", " 1", "%201", "１", "2147483648", "9" * 5000],
)
def test_case_45_device_ids(number: str) -> None:
    with pytest.raises(InvalidUri):
        parse_uri(f"xmpp:{JID}?omemo-sid-{number}={A}")


@pytest.mark.parametrize(
    "text", [f"xmpp:{JID}", f"xmpp:{JID}?", f"xmpp:{JID}?message;body=Hi", TRUST]
)
def test_case_45_an_address_without_keys_says_whose_it_is(text: str) -> None:
    with pytest.raises(NothingToVerify) as caught:
        parse_uri(text)
    assert caught.value.jid == JID


def test_case_45_the_fingerprints_cannot_be_changed() -> None:
    found = parse_uri(f"xmpp:{JID}?omemo-sid-1={A}")
    assert isinstance(found, FingerprintUri)
    with pytest.raises(TypeError):
        found.fingerprints[1] = B  # type: ignore[index]


def test_built_uri_is_the_one_of_conversations() -> None:
    assert build_fingerprint_uri(JID, {123: A, 4: B}) == (
        f"xmpp:{JID}?omemo-sid-123={A};omemo-sid-4={B}"
    )
    text = build_fingerprint_uri("ü@x%2&!$()*+,='~.lit", {1: A})
    assert text == f"xmpp:%C3%BC@x%252%26!$()*+,='~.lit?omemo-sid-1={A}"


@pytest.mark.parametrize(
    "jid", [JID, "jürgen@bücher.example", "a+b@x.lit", "q?;=#%@x.lit", "a\\27b@x.lit"]
)
def test_round_trip(jid: str) -> None:
    text = build_fingerprint_uri(jid, {123: A, 4: B})
    assert text.isascii()
    assert parse_uri(text) == FingerprintUri(jid, {123: A, 4: B})
    text = build_trust_message_uri(jid, Protocol.OMEMO_2, [A], [B])
    assert parse_uri(text) == TrustMessageUri(
        jid, Protocol.OMEMO_2, frozenset([A]), frozenset([B])
    )


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_arbitrary_text(text: str) -> None:
    for whole in (
        text,
        f"xmpp:{text}",
        f"xmpp:{JID}?{text}",
        f"xmpp:{text}?omemo-sid-1={A}",
    ):
        with suppress(InvalidUri):
            parse_uri(whole)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([FROM_XEP, f"xmpp:{JID}?message;omemo-sid-1={A};omemo-sid-2={B}"]),
    st.lists(
        st.tuples(
            st.integers(0, 300),
            st.integers(0, 9),
            st.text("0aAgG%;=?@/:#&.xmpomesid-2ü\u202e ", max_size=6),
        ),
        max_size=4,
    ),
)
def test_mutated_uris(text: str, changes: list[tuple[int, int, str]]) -> None:
    for start, length, new in changes:
        text = text[:start] + new + text[start + length :]
    with suppress(InvalidUri):
        found = parse_uri(text)
        again = (
            build_fingerprint_uri(found.jid, found.fingerprints)
            if isinstance(found, FingerprintUri)
            else build_trust_message_uri(
                found.jid, found.protocol, found.trusted, found.distrusted
            )
        )
        assert parse_uri(again) == found


def test_the_account_of_a_uri_without_keys() -> None:
    with pytest.raises(NothingToVerify, match="a URI without keys") as caught:
        parse_uri(f"xmpp:{JID.upper()}")
    assert caught.value.jid == JID
