# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Decisions about keys as values: what a code said that the user scanned, and
what one device tells another in a trust message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from types import MappingProxyType

from .values import Trust


@dataclass(frozen=True)
class Decisions:
    """
    What a code says of one account's keys.

    Attributes:
        devices: device id to the fingerprint the device has: it becomes
            verified, and a device with another key distrusted. One that is not
            known yet is verified in advance.
        trusted: key identifiers without a device: 64 lower-case hex digits, of
            the Curve25519 or the Ed25519 form.
        distrusted: the same, of keys not to be trusted.
    """

    devices: Mapping[int, str] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    trusted: frozenset[str] = frozenset()
    distrusted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeyDecision:
    """
    What a trust message says of one key (XEP-0434, "Trust Message Structure").

    Attributes:
        owner: the bare JID whose key it is.
        key: the identity key, 32 bytes.
        trust: `VERIFIED` or `DISTRUSTED`.
    """

    owner: str
    key: bytes
    trust: Trust
