# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identity keys in the form of OMEMO 0.3, beside libxeddsa's own."""

from __future__ import annotations

import secrets
from types import SimpleNamespace

import oldmemo.oldmemo
import pytest
import xeddsa

from omemo_plugin.engine.backend import fast_public_keys
from omemo_plugin.engine.backend import speedups
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork


def test_forms_are_those_of_the_library() -> None:
    library = vars(oldmemo.oldmemo)["xeddsa"]
    for _ in range(20):
        public = xeddsa.priv_to_ed25519_pub(secrets.token_bytes(32))
        curve = xeddsa.ed25519_pub_to_curve25519_pub(public)
        for _ in range(2):
            assert library.ed25519_pub_to_curve25519_pub(public) == curve
            for sign in (False, True):
                edwards = xeddsa.curve25519_pub_to_ed25519_pub(curve, sign)
                assert library.curve25519_pub_to_ed25519_pub(curve, sign) == edwards


def test_library_is_used_for_everything_else() -> None:
    library = vars(oldmemo.oldmemo)["xeddsa"]
    for name in ("x25519", "ed25519_verify", "XEdDSAException", "priv_force_sign"):
        assert getattr(library, name) is getattr(xeddsa, name)


def test_keys_that_make_no_sense_are_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="32"):
            fast_public_keys.curve_form(bytes(31))


def test_wrong_keys_are_noticed() -> None:
    def other_key(*_arguments: object) -> bytes:
        return bytes(32)

    for name in ("ed25519_pub_to_curve25519_pub", "curve25519_pub_to_ed25519_pub"):
        names = vars(fast_public_keys.make(oldmemo.oldmemo))
        with pytest.raises(ValueError, match="another public key"):
            fast_public_keys.compare(SimpleNamespace(**{**names, name: other_key}))


def test_our_key_is_converted_once_for_many_devices(world: FakeNetwork) -> None:
    """As long as they have not answered, each of them gets it with each message."""
    assert not speedups.SLOW
    ann = world.peer("ann@test")
    legacy = (Protocol.LEGACY,)
    others = [world.peer(f"{name}@test", protocols=legacy) for name in "bcd"]
    jids = [other.jid for other in others]
    ann.encrypt(b"first", *jids)
    before = fast_public_keys.curve_form.cache_info()
    ann.encrypt(b"second", *jids)
    after = fast_public_keys.curve_form.cache_info()
    assert after.hits >= before.hits + len(others)
    assert after.misses == before.misses
