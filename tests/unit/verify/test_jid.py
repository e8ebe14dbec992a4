# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison of JIDs, which stanzas, trust messages and codes share."""

from __future__ import annotations

import pytest

from omemo_plugin.verify.jid import ascii_form
from omemo_plugin.verify.jid import canonical_jid
from omemo_plugin.verify.jid import prepare_bare_jid
from omemo_plugin.verify.jid import same_account


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@example.org", "ana@example.org"),
        ("ana@example.org", "ANA@Example.ORG"),
        ("ana@example.org", "ana@example.org."),
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@BÜCHER.example", "ana@xn--BCHER-kva.example"),
        ("ana@bücher.example", "ana@bu\u0308cher.example"),
        ("jürgen@example.org", "ju\u0308rgen@example.org"),
        ("jan@example.org", "ＪＡＮ@example.org"),
        ("sam@[2001:db8::1]", "sam@[2001:db8:0::1]"),
        ("sam@under_score.lan", "sam@UNDER_score.lan"),
        # A server and a component
        ("example.org", "Example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        # An old server may allow a local part that PRECIS does not
        ("a b@example.org", "a b@example.org"),
    ],
)
def test_two_forms_of_one_account(one: str, other: str) -> None:
    assert same_account(one, other)
    assert same_account(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@example.org", "ana@example.com"),
        ("ana@example.org", "anna@example.org"),
        ("ana@example.org", "example.org"),
        ("ana@example.org", "ana@example.org/phone"),
        ("ana@example.org/phone", "ana@example.org/phone"),
        ("ana@example.org", "ana@eхample.org"),  # a Cyrillic letter
        ("ana@example.org", "аna@example.org"),  # and another one
        ("ana@bücher.example", "ana@bucher.example"),
        ("ana@xn--bcher-kva.example", "ana@bucher.example"),
        # Not the ASCII form of anything
        ("ana@xn--a.example", "ana@XN--A.example"),
        ("a b@example.org", "A B@example.org"),
        ("@example.org", "@Example.org"),
        ("ana@", "ANA@"),
        ("ana@example.org", ""),
        ("", ""),
    ],
)
def test_two_accounts(one: str, other: str) -> None:
    assert not same_account(one, other)
    assert not same_account(other, one)


@pytest.mark.parametrize("size", [2048, 100_000])
def test_a_text_longer_than_any_jid_is_compared_as_it_is(size: int) -> None:
    text = "a" * size + "@example.org"
    assert canonical_jid(text) is None
    assert same_account(text, text)
    assert not same_account(text, text.upper())


@pytest.mark.parametrize(
    ("jid", "expected"),
    [
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("ana@example.org", "ana@example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("ana@b\u200bücher.example", "ana@b\u200bücher.example"),
    ],
)
def test_the_domain_in_ascii(jid: str, expected: str) -> None:
    assert ascii_form(jid) == expected


@pytest.mark.parametrize(
    ("local", "domain", "valid"),
    [
        ("a" * 1023, "example.org", True),
        ("a" * 1024, "example.org", False),
        # Two bytes each
        ("ü" * 511, "example.org", True),
        ("ü" * 512, "example.org", False),
        ("a", "a" * 63, True),
        ("a", "a" * 64, False),
        ("a", ".".join(["a" * 62] * 4), True),
        ("a", ".".join(["a" * 63] * 3 + ["a" * 61]), True),
        ("a", ".".join(["a" * 63] * 3 + ["a" * 62]), False),
        ("a", ".".join(["a" * 63] * 4), False),
        ("a", "a..b", False),
        ("a", "", False),
        ("", "example.org", False),
        ("a:b", "example.org", False),
        ("a", "[::1]", True),
        ("a", "[::1", False),
        ("a", "[::1%eth0]", False),
        ("a", "[::1%b@c]", False),
        ("a", "::1]", False),
        ("a", "[example.org]", False),
        ("a", "b/c", False),
        ("a", "b@c", False),
    ],
)
def test_the_limits_of_a_jid(local: str, domain: str, valid: bool) -> None:
    if valid:
        assert prepare_bare_jid(f"{local}@{domain}") == f"{local}@{domain}"
    else:
        with pytest.raises(ValueError):  # noqa: PT011 - raised by several libraries
            prepare_bare_jid(f"{local}@{domain}")
