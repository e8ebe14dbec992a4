# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The forms of public identity keys, each worked out once.

OMEMO 0.3 has them in another form than python-omemo, which converts our own key anew
for each device of a message for as long as the device has not answered.
"""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from types import SimpleNamespace

import xeddsa

# Of public keys: a room may have a thousand devices
_LIMIT = 4096
curve_form = lru_cache(maxsize=_LIMIT)(xeddsa.ed25519_pub_to_curve25519_pub)
_edwards_form = lru_cache(maxsize=_LIMIT)(xeddsa.curve25519_pub_to_ed25519_pub)


def make(module: ModuleType) -> SimpleNamespace:
    """What stands for libxeddsa in a backend's module."""
    names = {
        name: value for name, value in vars(module.xeddsa).items() if name[0] != "_"
    }
    return SimpleNamespace(
        **{
            **names,
            "ed25519_pub_to_curve25519_pub": curve_form,
            "curve25519_pub_to_ed25519_pub": _edwards_form,
        }
    )


def compare(faster: SimpleNamespace) -> None:
    """
    Raises:
        ValueError: another key than the library's.
    """
    for seed in (bytes(32), bytes(range(32))):
        public = xeddsa.priv_to_ed25519_pub(seed)
        curve = xeddsa.ed25519_pub_to_curve25519_pub(public)
        sign = bool(public[31] & 0x80)
        for _ in range(2):
            if (
                faster.ed25519_pub_to_curve25519_pub(public) != curve
                or faster.curve25519_pub_to_ed25519_pub(curve, sign) != public
                or faster.curve25519_pub_to_ed25519_pub(curve, not sign) == public
            ):
                raise ValueError("another public key")
