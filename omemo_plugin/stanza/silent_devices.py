# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The devices of the recipient that the sender does not encrypt for any more, because they
were not heard for long. It stands in the envelope of a message; no XEP has it, and
other programs pass it over.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from ..engine.errors import MalformedStanza
from .base import parse_number
from .limits import LISTED_DEVICES_MAX

NAMESPACE = "urn:x-omemo-plugin:silent-devices:0"

_DEVICES = f"{{{NAMESPACE}}}silent-devices"
_DEVICE = f"{{{NAMESPACE}}}device"


def build_silent_devices(ids: Collection[int]) -> Element:
    root = Element(_DEVICES)
    for number in sorted(ids):
        SubElement(root, _DEVICE, {"id": str(number)})
    return root


def find_silent_devices(content: Iterable[Element]) -> frozenset[int]:
    """
    The device ids in the content of an envelope; none if it has no such element.

    Raises:
        MalformedStanza: an id is none, or there are too many of them.
    """
    ids: set[int] = set()
    for element in content:
        if element.tag == _DEVICES:
            ids.update(parse_number(one.get("id")) for one in element.iter(_DEVICE))
    if len(ids) > LISTED_DEVICES_MAX:
        raise MalformedStanza("too many devices")
    return frozenset(ids)
