# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices by the hundred, as cheap as they can be.

Each has an identity key and a signature of its own, or no program would take its
bundle, and one prekey. Nobody is behind them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import xeddsa

from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.wire import curve_form

_SIGN = 0x80


def _new_key() -> bytes:
    return xeddsa.priv_to_curve25519_pub(secrets.token_bytes(32))


def new_bundle(protocol: Protocol) -> Bundle:
    """The bundle of a device that is nobody's."""
    seed = secrets.token_bytes(32)
    identity_key = xeddsa.seed_to_ed25519_pub(seed)
    signed_prekey = _new_key()
    prekeys = {1: _new_key()}
    if protocol is Protocol.OMEMO_2:
        signature = xeddsa.ed25519_seed_sign(seed, signed_prekey)
        return Bundle(protocol, identity_key, 1, signed_prekey, signature, prekeys)
    signature = bytearray(xeddsa.ed25519_seed_sign(seed, b'\x05' + signed_prekey))
    # The sign of the identity key (XEP-0384 0.3)
    signature[63] |= identity_key[31] & _SIGN
    return Bundle(
        protocol,
        curve_form(identity_key),
        1,
        signed_prekey,
        bytes(signature),
        prekeys,
    )


def new_bundles(protocol: Protocol, count: int) -> Iterator[Bundle]:
    """So many, made as they are taken."""
    return (new_bundle(protocol) for _ in range(count))
