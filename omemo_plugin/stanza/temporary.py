# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Records of an account's temporary devices, in a PEP node that is private to it
(XEP-0223). No XEP has them; other clients pass them over.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from ..engine.errors import MalformedStanza
from ..engine.values import TemporaryDevice
from .base import parse_number

NODE = "urn:x-omemo-plugin:temporary-devices:0"

_TAG = f"{{{NODE}}}device"
_FINGERPRINT_LENGTH = 64
_DIGITS = frozenset("0123456789abcdef")

# RFC 7622, 3.1
_RESOURCE_BYTES_MAX = 1023


def build_record(record: TemporaryDevice, resource: str) -> Element:
    """
    Args:
        resource: where the device is to be seen while it is online.
    """
    return Element(
        _TAG,
        {
            "id": str(record.device_id),
            "fingerprint": record.fingerprint,
            "resource": resource,
        },
    )


def parse_record(element: Element) -> tuple[TemporaryDevice, str]:
    """
    Raises:
        MalformedStanza: it is no record.
    """
    fingerprint = element.get("fingerprint", "")
    resource = element.get("resource", "")
    if (
        element.tag != _TAG
        or len(fingerprint) != _FINGERPRINT_LENGTH
        or not _DIGITS.issuperset(fingerprint)
        or len(resource.encode()) > _RESOURCE_BYTES_MAX
    ):
        raise MalformedStanza("not a record of a temporary device")
    device_id = parse_number(element.get("id"))
    return TemporaryDevice(device_id, fingerprint), resource
