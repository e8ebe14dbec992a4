# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices by the hundred, as cheap as they can be.

Each has an identity key and a signature of its own, or no program would take its
bundle, and one prekey. Nobody is behind them.
"""

from __future__ import annotations

import secrets

import xeddsa

from omemo_plugin.engine.backend.codec import curve_form
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol

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
    signed = bytearray(xeddsa.ed25519_seed_sign(seed, b"\x05" + signed_prekey))
    # The sign of the identity key (XEP-0384 0.3)
    signed[63] |= identity_key[31] & _SIGN
    return Bundle(
        protocol,
        curve_form(identity_key),
        1,
        signed_prekey,
        bytes(signed),
        prekeys,
    )


def add_crowd(
    engine: OmemoEngine, jid: str, count: int, protocol: Protocol = Protocol.LEGACY
) -> None:
    """Tell an engine of somebody with so many devices, and of their keys."""
    numbers = range(1, count + 1)
    listed = tuple(ListedDevice(number) for number in numbers)
    engine.keys.device_list_received(jid, DeviceList(protocol, listed))
    for other in Protocol:
        if other is not protocol:
            engine.keys.device_list_unavailable(jid, other, permanent=True)
    engine.outgoing.plan([jid])
    for number in numbers:
        engine.keys.bundle_received(Device(jid, number), new_bundle(protocol))
