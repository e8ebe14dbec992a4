# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Public keys that no honest device has. With a key of low order, the shared secret does
not depend on the private keys. A key that is not in the canonical form differs in its
bytes from the same key in that form. The libraries refuse most of these keys when they
derive a secret; this module refuses all of them before.
"""

from __future__ import annotations

_PRIME = 2**255 - 19
_TOP_BIT = 1 << 255

# The coordinates u of the points of Curve25519 whose order divides 8
# (RFC 7748, section 6.1, and https://cr.yp.to/ecdh.html#validate)
_LOW_ORDER_U = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)


def is_usable_curve_key(key: bytes) -> bool:
    """Whether 32 bytes are a Curve25519 public key that a device can have."""
    if len(key) != 32:
        return False
    u = int.from_bytes(key, "little")
    return u < _PRIME and u not in _LOW_ORDER_U


def is_canonical_edwards_key(key: bytes) -> bool:
    """Whether 32 bytes are the canonical form of an Ed25519 public key. Its order is
    that of its Curve25519 form, so the caller checks this form as well."""
    if len(key) != 32:
        return False
    y = int.from_bytes(key, "little") & ~_TOP_BIT
    return 1 < y < _PRIME - 1
