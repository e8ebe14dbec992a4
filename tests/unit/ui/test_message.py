# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window with the sender and the readers of a message."""

from __future__ import annotations

import pytest

from omemo_plugin.bridge.values import Recipient
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.badges import Tone
from omemo_plugin.ui.presenters.message import Message
from omemo_plugin.ui.presenters.message import MessagePage
from omemo_plugin.ui.presenters.message import message_of
from omemo_plugin.ui.presenters.message import page

from .conftest import BOB
from .conftest import OWN
from .conftest import THIS
from .conftest import fingerprint
from .conftest import make

OURS = fingerprint(THIS)


def sent(*readers: Recipient) -> MessagePage:
    message = Message("id", True, True, OURS, Trust.BLIND)
    return page(message, readers=readers, infos=[], own_fingerprint=OURS)


def test_a_sent_message_names_its_readers() -> None:
    shown = sent(
        Recipient(Device(BOB, 1), Trust.VERIFIED, "Phone"),
        Recipient(Device(BOB, 2), Trust.BLIND),
        Recipient(Device(OWN, 3), Trust.VERIFIED),
    )
    assert [part.heading for part in shown.parts] == [BOB, OWN]
    phone, other = shown.parts[0].entries
    assert (phone.title, phone.badge.text) == ("Phone", "Verified")
    assert (other.title, other.badge.text) == (f"A device of {BOB}", "Not verified")
    assert "3 devices" in shown.summary
    assert shown.tone is Tone.PLAIN


def test_a_device_that_was_left_out_is_named() -> None:
    shown = sent(
        Recipient(Device(BOB, 1), Trust.VERIFIED, "Phone"),
        Recipient(Device(BOB, 2), Trust.BLIND, "Tablet", left_out=True),
        Recipient(Device(BOB, 3), Trust.VERIFIED, left_out=True),
    )
    assert [part.heading for part in shown.parts] == [BOB]
    badges = {one.title: one.badge.text for one in shown.parts[0].entries}
    assert badges == {
        "Phone": "Verified",
        "Tablet": "Gets nothing, not verified",
        f"A device of {BOB}": "Gets nothing, verified",
    }
    assert shown.summary == (
        "When it was sent, 1 device could read it. It was verified. 2 devices got "
        "nothing: they had not been heard for long."
    )
    assert shown.tone is Tone.GOOD


def test_all_verified() -> None:
    assert sent(Recipient(Device(BOB, 1), Trust.VERIFIED)).tone is Tone.GOOD


def test_a_message_without_noted_recipients() -> None:
    message = Message("id", True, True, OURS, Trust.VERIFIED)
    shown = page(message, readers=None, infos=[], own_fingerprint=OURS)
    assert "not known" in shown.summary
    assert shown.tone is not Tone.GOOD


def test_a_message_in_clear_says_so() -> None:
    message = Message("id", False, False)
    shown = page(message, readers=None, infos=[], own_fingerprint=OURS)
    assert shown.tone is Tone.ALARM
    assert "not encrypted" in shown.summary


@pytest.mark.parametrize("trust", list(Trust))
def test_a_received_message_has_the_trust_of_then(trust: Trust) -> None:
    """And beside it how the device is trusted now."""
    message = Message("id", False, True, fingerprint(1).upper(), trust)
    info = make(BOB, 1, Trust.VERIFIED, label="Phone")
    shown = page(message, readers=None, infos=[info], own_fingerprint=OURS)
    (entry,) = shown.parts[0].entries
    assert entry.title == "Phone"
    assert entry.badge.text == "Verified"
    assert (shown.tone is Tone.GOOD) is (trust is Trust.VERIFIED)
    assert "".join(entry.fingerprint) == fingerprint(1)
    assert entry.spoken


@pytest.mark.parametrize(
    ("protocols", "changeable"),
    [
        ((Protocol.LEGACY,), True),
        ((Protocol.LEGACY, Protocol.OMEMO_2), False),
        ((Protocol.OMEMO_2,), False),
    ],
)
def test_case_61_the_limit_of_omemo_0_3_is_shown(
    protocols: tuple[Protocol, ...], changeable: bool
) -> None:
    info = make(BOB, 1, Trust.VERIFIED, protocols=protocols)
    message = Message("id", False, True, fingerprint(1), Trust.VERIFIED)
    shown = page(message, readers=None, infos=[info], own_fingerprint=OURS)
    assert "verified then" in shown.summary
    assert ("could change its words" in shown.summary) is changeable


def test_a_device_that_is_gone() -> None:
    message = Message("id", False, True, fingerprint(9), Trust.BLIND)
    shown = page(message, readers=None, infos=[make(BOB, 1)], own_fingerprint=OURS)
    assert "not known any more" in shown.parts[0].entries[0].title


@pytest.mark.parametrize("key", ["", "Unknown"])
def test_a_message_that_could_not_be_decrypted(key: str) -> None:
    message = Message("id", False, True, key, Trust.DISTRUSTED)
    shown = page(message, readers=None, infos=[make(BOB, 1)], own_fingerprint=OURS)
    assert shown.parts == ()
    assert shown.tone is Tone.ALARM


def test_of_another_own_device() -> None:
    message = Message("id", True, True, fingerprint(2), Trust.BLIND)
    shown = page(
        message, readers=None, infos=[make(OWN, 2, label="Phone")], own_fingerprint=OURS
    )
    assert shown.parts[0].entries[0].title == "Phone"


def test_a_row_is_read_from_a_menu() -> None:
    assert message_of(["id", "outgoing", "encrypted", "key", "UNTRUSTED"]) == Message(
        "id", True, True, "key", Trust.DISTRUSTED
    )
    assert message_of(["", "", "", "", ""]) == Message("", False, False)
