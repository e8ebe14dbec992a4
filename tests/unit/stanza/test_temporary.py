# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of temporary devices."""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.etree.ElementTree import tostring

import pytest

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import TemporaryDevice
from omemo_plugin.stanza.temporary import NODE
from omemo_plugin.stanza.temporary import build_record
from omemo_plugin.stanza.temporary import parse_record

FINGERPRINT = "0123456789abcdef" * 4
RECORD = TemporaryDevice(7, FINGERPRINT)


def test_the_form_of_a_record() -> None:
    assert tostring(build_record(RECORD, "tails"), encoding="unicode") == (
        f'<ns0:device xmlns:ns0="{NODE}" id="7" fingerprint="{FINGERPRINT}" '
        'resource="tails" />'
    )


@pytest.mark.parametrize("resource", ["tails", "", "ü", "a" * 1023, "ü" * 511])
def test_a_record_that_was_built_is_read(resource: str) -> None:
    assert parse_record(build_record(RECORD, resource)) == (RECORD, resource)


def test_a_record_without_a_resource() -> None:
    element = build_record(RECORD, "tails")
    del element.attrib["resource"]
    assert parse_record(element) == (RECORD, "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "0"),
        ("id", "-1"),
        ("id", "x"),
        ("id", None),
        ("fingerprint", FINGERPRINT[:-1]),
        ("fingerprint", f"{FINGERPRINT}0"),
        ("fingerprint", FINGERPRINT.upper()),
        ("fingerprint", f"{FINGERPRINT[:-1]}g"),
        ("fingerprint", None),
        ("resource", "a" * 1024),
        ("resource", "ü" * 512),
    ],
)
def test_a_record_with_a_wrong_attribute(name: str, value: str | None) -> None:
    element = build_record(RECORD, "tails")
    del element.attrib[name]
    if value is not None:
        element.set(name, value)
    with pytest.raises(MalformedStanza):
        parse_record(element)


@pytest.mark.parametrize("tag", ["device", f"{{{NODE}}}list", "{urn:x}device"])
def test_another_element(tag: str) -> None:
    attributes = build_record(RECORD, "tails").attrib
    with pytest.raises(MalformedStanza):
        parse_record(Element(tag, attributes))
