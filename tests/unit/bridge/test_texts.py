# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge.gajim import contacts as gajim_contacts
from omemo_plugin.bridge.notices import texts
from omemo_plugin.engine import errors
from omemo_plugin.engine.effects import NewDevices
from omemo_plugin.engine.effects import TrustChanged
from omemo_plugin.engine.messages.planning import LeftOutReason
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Trust
from omemo_plugin.foreign_text import LENGTH_MAX
from omemo_plugin.left_out import no_recipient

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
    text = texts.not_opened(instance(kind), "Bob")
    assert text.startswith("[Message from Bob not opened] ")
    assert "went wrong in the plugin" not in text
    assert "secret detail" not in text


def test_the_words_differ() -> None:
    # Whether there is no session or a wrong one, the user does the same
    kinds = [kind for kind in RECEIVE_ERRORS if kind is not errors.DecryptionFailed]
    reasons = [texts.not_opened(instance(kind), "Bob") for kind in kinds]
    assert len(set(reasons)) == len(reasons)


def test_texts_without_a_known_sender() -> None:
    text = texts.not_opened(errors.PayloadDamaged(), "")
    assert text == "[Message not opened] It was damaged or changed on its way."


def test_an_unexpected_error_says_so_and_nothing_else() -> None:
    text = texts.not_opened(ValueError("what somebody wrote"), "Bob")
    assert "Something went wrong in the plugin." in text
    assert "what somebody wrote" not in text


@pytest.mark.parametrize("reason", list(LeftOutReason))
def test_every_reason_for_leaving_out_has_words(reason: LeftOutReason) -> None:
    text = no_recipient([BOB.jid], [reason])
    assert BOB.jid in text
    assert "offers no encryption" not in text


def test_case_35_unusable_keys_are_not_missing_ones() -> None:
    text, missing = (
        no_recipient([BOB.jid], [reason])
        for reason in (LeftOutReason.BUNDLE_REFUSED, LeftOutReason.NO_BUNDLE)
    )
    assert "cannot be used" in text
    assert "did not come" in missing


def test_no_device_at_all() -> None:
    text = no_recipient([BOB.jid], [])
    assert "offers no encryption" in text


def test_new_devices() -> None:
    effect = NewDevices(BOB.jid, (BOB,), Trust.UNDECIDED)
    assert "until you decide" in texts.new_devices(effect, "alice@example.org")
    own = NewDevices(BOB.jid, (BOB, BOB), Trust.BLIND)
    assert "2 new devices appeared in your account" in texts.new_devices(own, BOB.jid)
    known = NewDevices(BOB.jid, (BOB,), Trust.VERIFIED)
    assert "verified before" in texts.new_devices(known, "alice@example.org")


@pytest.mark.parametrize("own_jid", [BOB.jid, "alice@example.org"])
@pytest.mark.parametrize("count", [1, 3])
def test_decisions_of_other_devices_are_described(own_jid: str, count: int) -> None:
    lines = [
        texts.trust_changed(TrustChanged(BOB.jid, (BOB,) * count, trust), own_jid)
        for trust in (Trust.VERIFIED, Trust.DISTRUSTED)
    ]
    assert lines[0] != lines[1]
    for line in lines:
        assert ("3" in line) is (count == 3)
        assert ("your account" in line) is (own_jid == BOB.jid)
        assert (BOB.jid in line) is (own_jid != BOB.jid)
    assert "gets nothing any more" in lines[1] or "get nothing any more" in lines[1]


def test_case_138_an_address_is_short_enough_for_the_next_one() -> None:
    """A server of a room gives an address of 2000 characters to a member."""
    long = f"{'a' * 1000}@{'b' * 60}.{'c' * 60}.example.net"
    jids = (long, "zoe@example.org")
    for line in (
        texts.members_came(jids),
        texts.members_without_keys_came(jids),
        texts.members_without_keys(jids, ()),
        texts.written_without(jids),
        texts.not_seen_by(jids),
    ):
        assert "zoe@example.org" in line
        assert "aaaa" in line
        assert "example.net" in line
        assert len(line) < 300


def test_case_67_the_name_that_a_contact_has_chosen() -> None:
    """Gajim takes it as it is, where the user has given none."""
    contact = SimpleNamespace(name="Bob\n\u202eVerified by you. " + "x" * 1000)
    contacts = SimpleNamespace(get_contact=lambda _jid: contact)
    client: Any = SimpleNamespace(get_module=lambda _name: contacts)
    name = gajim_contacts.name_of(client, "bob@example.org")
    assert name.startswith("Bob Verified")
    assert len(name) <= LENGTH_MAX
    contact.name = "\u202e"
    assert gajim_contacts.name_of(client, "bob@example.org") == "bob@example.org"
