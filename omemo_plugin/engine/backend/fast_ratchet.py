# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Ratchets that are fast to copy and to turn into JSON.

The engine copies a ratchet before it decrypts a message, so that a forged message
changes nothing, and stores it with each commit.
"""

from __future__ import annotations

import copy
import inspect
import secrets
from collections.abc import Coroutine
from functools import lru_cache
from types import ModuleType
from types import SimpleNamespace
from typing import TypeVar

import xeddsa
from doubleratchet import DoubleRatchet
from doubleratchet.kdf_chain import KDFChain
from doubleratchet.recommended import diffie_hellman_ratchet_curve25519
from doubleratchet.symmetric_key_ratchet import SymmetricKeyRatchet

T = TypeVar("T")

# SECURITY: holds private ratchet keys, all of which live in sessions as well;
# enough for a message to many devices
_derive_pub = lru_cache(maxsize=1024)(xeddsa.priv_to_curve25519_pub)

# The library's names of the attributes of a ratchet. `compare` fails if they change
_DH = "_DoubleRatchet__diffie_hellman_ratchet"
_SKIPPED = "_DoubleRatchet__skipped_message_keys"
_OWN = "_DiffieHellmanRatchet__own_ratchet_priv"
_OTHER = "_DiffieHellmanRatchet__other_ratchet_pub"
_ROOT = "_DiffieHellmanRatchet__root_chain"
_SYMMETRIC = "_DiffieHellmanRatchet__symmetric_key_ratchet"
_RECEIVING = "_SymmetricKeyRatchet__receiving_chain"
_SENDING = "_SymmetricKeyRatchet__sending_chain"
_PREVIOUS = "_SymmetricKeyRatchet__previous_sending_chain_length"
_KEY = "_KDFChain__key"
_LENGTH = "_KDFChain__length"


class FastRatchet(diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet):
    """A ratchet that uses libxeddsa for Curve25519, as the library does elsewhere, and
    copies only what changes."""

    @staticmethod
    def _derive_pub(priv: bytes) -> bytes:
        return _derive_pub(priv)

    @staticmethod
    def _perform_diffie_hellman(own_priv: bytes, other_pub: bytes) -> bytes:
        return xeddsa.x25519(own_priv, other_pub)

    def __deepcopy__(self, memo: dict[int, object]) -> FastRatchet:
        del memo
        return _twin(self)


def _twin(one: T) -> T:
    """A copy of a ratchet or chain, and of those within it. `copy.copy` takes ten times
    as long."""
    twin = object.__new__(type(one))
    inside = vars(twin)
    inside.update(vars(one))
    for name, value in inside.items():
        if isinstance(value, (KDFChain, SymmetricKeyRatchet)):
            inside[name] = _twin(value)
    return twin


def _chain(chain: KDFChain | None) -> dict[str, object] | None:
    if chain is None:
        return None
    inside = vars(chain)
    return {
        "version": "1.0.0",
        "length": inside[_LENGTH],
        "key": inside[_KEY].decode("latin-1"),
    }


def _state(ratchet: object) -> dict[str, object]:
    """The value of the library's `json`, made without its data model."""
    inside = vars(ratchet)
    dh = vars(inside[_DH])
    symmetric = vars(dh[_SYMMETRIC])
    return {
        "version": "1.0.0",
        "diffie_hellman_ratchet": {
            "version": "1.0.0",
            "own_ratchet_priv": dh[_OWN].decode("latin-1"),
            "other_ratchet_pub": dh[_OTHER].decode("latin-1"),
            "root_chain": _chain(dh[_ROOT]),
            "symmetric_key_ratchet": {
                "version": "1.0.0",
                "receiving_chain": _chain(symmetric[_RECEIVING]),
                "sending_chain": _chain(symmetric[_SENDING]),
                "previous_sending_chain_length": symmetric[_PREVIOUS],
            },
        },
        "skipped_message_keys": [
            {
                "ratchet_pub": ratchet_pub.decode("latin-1"),
                "index": index,
                "message_key": key.decode("latin-1"),
            }
            for (ratchet_pub, index), key in inside[_SKIPPED].items()
        ],
    }


def make(module: ModuleType) -> tuple[type[DoubleRatchet], object]:
    """The replacements for `DoubleRatchetImpl`, and for the module of
    `DiffieHellmanRatchet`, in a backend's module."""
    base: type[DoubleRatchet] = module.DoubleRatchetImpl

    class FastDoubleRatchet(base):  # type: ignore[misc, valid-type]
        json = property(_state)

    return FastDoubleRatchet, SimpleNamespace(DiffieHellmanRatchet=FastRatchet)


def compare(module: ModuleType, original: type[DoubleRatchet]) -> None:
    """
    Let two ratchets exchange messages, and compare the results with the library's.

    Raises:
        Exception: of any kind, if there is a difference.
    """
    asyncio_free(_compare(module, original))
    slow = diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet
    one, other = secrets.token_bytes(32), secrets.token_bytes(32)
    public = slow._derive_pub(other)
    _expect(FastRatchet._derive_pub(other) == public)
    _expect(
        FastRatchet._perform_diffie_hellman(one, public)
        == slow._perform_diffie_hellman(one, public)
    )
    for low_order in (bytes(32), b"\x01" + bytes(31)):
        try:
            FastRatchet._perform_diffie_hellman(one, low_order)
        except Exception:  # noqa: BLE001, S112 - of whatever kind: it was refused
            continue
        raise ValueError("a low-order key was taken")


async def _compare(module: ModuleType, original: type[DoubleRatchet]) -> None:
    fast = module.DoubleRatchetImpl
    parts = (
        module.diffie_hellman_ratchet_curve25519.DiffieHellmanRatchet,
        module.RootChainKDFImpl,
        module.MessageChainKDFImpl,
        fast.MESSAGE_CHAIN_CONSTANT,
        1000,
        1000,
        module.AEADImpl,
    )
    shared = secrets.token_bytes(32)
    priv = secrets.token_bytes(32)
    data = bytes([5]) * (2 * module.StateImpl.IDENTITY_KEY_ENCODING_LENGTH)
    ann, first = await fast.encrypt_initial_message(
        *parts, shared, xeddsa.priv_to_curve25519_pub(priv), b"first", data
    )
    ben, text = await fast.decrypt_initial_message(*parts, shared, priv, first, data)
    _expect(text == b"first")
    skipped = await ann.encrypt_message(b"skipped", data)
    second = await ann.encrypt_message(b"second", data)
    twin = copy.copy(ben)
    _expect(await twin.decrypt_message(second, data) == b"second")
    answer = await twin.encrypt_message(b"answer", data)
    _expect(await ann.decrypt_message(answer, data) == b"answer")
    _expect(await twin.decrypt_message(skipped, data) == b"skipped")
    slow_json = inspect.getattr_static(original, "json").fget
    for ratchet in (ann, ben, twin):
        _expect(ratchet.json == slow_json(ratchet))
    clone = copy.deepcopy(vars(ann)[_DH])
    state = ann.json
    await clone.next_encryption_key()
    _expect(ann.json == state)
    restored = fast.from_json(ann.json, *parts)
    _expect(restored.json == ann.json)


def asyncio_free(coroutine: Coroutine[object, None, object]) -> None:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waited for something")


def _expect(condition: bool) -> None:
    if not condition:
        raise ValueError("another result than the library")
