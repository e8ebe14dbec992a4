# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect

import pytest

from omemo_plugin.bridge import messages
from omemo_plugin.engine import errors
from omemo_plugin.engine.effects import IdentityKeyAlarm
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.effects import TrustChanged
from omemo_plugin.engine.sending import LeftOut
from omemo_plugin.engine.sending import LeftOutReason
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust

BOB = Device("bob@example.org", 7)

# They never reach a row
SILENT = {
    errors.DuplicateMessage,
    errors.SentByThisDevice,
    errors.ReceiveError,
    errors.OmemoError,
}


def instance(kind: type[errors.OmemoError]) -> errors.OmemoError:
    return kind(BOB) if kind is errors.IdentityKeyChanged else kind("secret detail")


RECEIVE_ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.ReceiveError | errors.StoreError) and kind not in SILENT
]


@pytest.mark.parametrize("kind", RECEIVE_ERRORS)
def test_every_error_has_words_of_its_own(kind: type[errors.OmemoError]) -> None:
    text = messages.not_decrypted(instance(kind))
    assert "internal error" not in text
    assert "secret detail" not in text


def test_the_words_differ() -> None:
    texts = [messages.not_decrypted(instance(kind)) for kind in RECEIVE_ERRORS]
    assert len(set(texts)) == len(texts)


def test_an_unexpected_error_says_so_and_nothing_else() -> None:
    text = messages.not_decrypted(ValueError("what somebody wrote"))
    assert "internal error" in text
    assert "what somebody wrote" not in text


@pytest.mark.parametrize(
    ("count", "part"), [(0, "Looking for"), (1, "1 device…"), (3, "3 devices…")]
)
def test_fetching_counts(count: int, part: str) -> None:
    assert part in messages.fetching(count)


@pytest.mark.parametrize("reason", list(LeftOutReason))
def test_every_reason_for_leaving_out_has_words(reason: LeftOutReason) -> None:
    text = messages.no_recipient([BOB.jid], [LeftOut(BOB, reason)])
    assert BOB.jid in text
    assert "no device that uses OMEMO" not in text


def test_case_35_unusable_keys_are_not_missing_ones() -> None:
    text, missing = (
        messages.no_recipient([BOB.jid], [LeftOut(BOB, reason)])
        for reason in (LeftOutReason.BUNDLE_REFUSED, LeftOutReason.NO_BUNDLE)
    )
    assert "cannot be used" in text
    assert "could not be fetched" in missing


def test_no_device_at_all() -> None:
    own = LeftOut(Device("alice@example.org", 1), LeftOutReason.DISTRUSTED)
    text = messages.no_recipient([BOB.jid], [own])
    assert "no device that uses OMEMO" in text


def test_text_without_a_place_is_in_the_line() -> None:
    assert "my words" in messages.not_sent("because.", "my words")
    assert "None" not in messages.not_sent("because.", None)


def test_new_devices() -> None:
    effect = NewDevices(BOB.jid, (BOB,), Trust.UNDECIDED)
    assert "until you decide" in messages.new_devices(effect, "alice@example.org")
    own = NewDevices(BOB.jid, (BOB, BOB), Trust.BLIND)
    assert "2 new devices of your own" in messages.new_devices(own, BOB.jid)
    known = NewDevices(BOB.jid, (BOB,), Trust.VERIFIED)
    assert "verified before" in messages.new_devices(known, "alice@example.org")


def test_a_key_that_is_not_the_verified_one_is_no_change_of_keys() -> None:
    alarm = IdentityKeyAlarm(BOB, "a", "b")
    assert "than before" in messages.identity_key_alarm(alarm)
    alarm = IdentityKeyAlarm(BOB, "a", "b", in_advance=True)
    assert "than the one you verified" in messages.identity_key_alarm(alarm)


@pytest.mark.parametrize("own_jid", [BOB.jid, "alice@example.org"])
@pytest.mark.parametrize("count", [1, 3])
def test_what_other_devices_decided(own_jid: str, count: int) -> None:
    lines = [
        messages.trust_changed(TrustChanged(BOB.jid, (BOB,) * count, trust), own_jid)
        for trust in (Trust.VERIFIED, Trust.DISTRUSTED)
    ]
    assert lines[0] != lines[1]
    for line in lines:
        assert ("3" in line) is (count == 3)
        assert ("your own account" in line) is (own_jid == BOB.jid)
        assert (BOB.jid in line) is (own_jid != BOB.jid)
    assert "no messages" in lines[1]
