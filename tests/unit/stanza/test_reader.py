# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of XML that is read."""

from __future__ import annotations

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.stanza.limits import ENVELOPE_BYTES_MAX
from omemo_plugin.stanza.limits import ENVELOPE_DEPTH_MAX
from omemo_plugin.stanza.limits import ENVELOPE_ELEMENTS_MAX
from omemo_plugin.stanza.reader import parse_xml


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def beside(count: int) -> bytes:
    return b"<a>" + b"<b/>" * (count - 1) + b"</a>"


def test_the_largest_text() -> None:
    frame = len(b"<a></a>")
    assert parse_xml(b"<a>" + b"x" * (ENVELOPE_BYTES_MAX - frame) + b"</a>") is not None
    with pytest.raises(MalformedStanza):
        parse_xml(b"<a>" + b"x" * (ENVELOPE_BYTES_MAX - frame + 1) + b"</a>")


def test_the_deepest_element() -> None:
    parse_xml(nested(ENVELOPE_DEPTH_MAX))
    with pytest.raises(MalformedStanza):
        parse_xml(nested(ENVELOPE_DEPTH_MAX + 1))


def test_elements_that_have_ended_make_no_room_for_deeper_ones() -> None:
    with pytest.raises(MalformedStanza):
        parse_xml(b"<a>" + b"<b/>" * 10 + nested(ENVELOPE_DEPTH_MAX) + b"</a>")
    parse_xml(b"<a>" + b"<b/>" * 10 + nested(ENVELOPE_DEPTH_MAX - 1) + b"</a>")


def test_the_largest_number_of_elements() -> None:
    assert len(parse_xml(beside(ENVELOPE_ELEMENTS_MAX))) == ENVELOPE_ELEMENTS_MAX - 1
    with pytest.raises(MalformedStanza):
        parse_xml(beside(ENVELOPE_ELEMENTS_MAX + 1))
