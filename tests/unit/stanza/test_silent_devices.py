# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices that a sender does not encrypt for, in the envelope."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import DEVICE_ID_MAX
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.limits import LISTED_DEVICES_MAX
from omemo_plugin.stanza.silent_devices import NAMESPACE
from omemo_plugin.stanza.silent_devices import build_silent_devices
from omemo_plugin.stanza.silent_devices import find_silent_devices


def named(*ids: str) -> Element:
    root = Element(f"{{{NAMESPACE}}}silent-devices")
    for one in ids:
        SubElement(root, f"{{{NAMESPACE}}}device", {"id": one})
    return root


def test_it_goes_through_an_envelope() -> None:
    body = Element("{jabber:client}body")
    data = build_envelope(
        [body, build_silent_devices({7, DEVICE_ID_MAX})],
        from_jid="a@example.org",
        to_jid="b@example.org",
        stamp=datetime.now(UTC),
    )
    assert find_silent_devices(parse_envelope(data).content) == {7, DEVICE_ID_MAX}


def test_others_have_none() -> None:
    assert find_silent_devices([]) == frozenset()
    other = Element("{urn:xmpp:tm:1}silent-devices")
    SubElement(other, f"{{{NAMESPACE}}}device", {"id": "7"})
    assert find_silent_devices([other]) == frozenset()


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "07", str(DEVICE_ID_MAX + 1)])
def test_what_is_no_id_is_refused(number: str) -> None:
    with pytest.raises(MalformedStanza):
        find_silent_devices([named("7", number)])


def test_too_many_are_refused() -> None:
    ids = [str(number) for number in range(1, LISTED_DEVICES_MAX + 2)]
    with pytest.raises(MalformedStanza):
        find_silent_devices([named(*ids)])
    assert len(find_silent_devices([named(*ids[1:])])) == LISTED_DEVICES_MAX
