# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The faster ratchets beside the library's own, which are asked for every result.
"""

from __future__ import annotations

import copy
import json
import secrets
from types import ModuleType
from typing import Any

import oldmemo.oldmemo
import pytest
import twomemo.twomemo
from doubleratchet.double_ratchet import DoubleRatchet
from doubleratchet.recommended import diffie_hellman_ratchet_curve25519 as library

from omemo_plugin.engine.backend import fast_ratchet
from omemo_plugin.engine.backend import speedups
from omemo_plugin.engine.backend.codec import CODECS
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.state.sessions import fork
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

SLOW = library.DiffieHellmanRatchet
FAST = fast_ratchet.FastRatchet
MODULES = [oldmemo.oldmemo, twomemo.twomemo]

# The u-coordinates of order 1, 2, 4 and 8, and those of them that fit in 255
# bits a second time, as RFC 7748 lets one write them
PRIME = 2**255 - 19
LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    PRIME - 1,
    PRIME,
    PRIME + 1,
]


def library_json(ratchet: Any) -> Any:
    """A ratchet's state by the library's own data model."""
    getter = DoubleRatchet.json.fget  # type: ignore[attr-defined]
    return getter(ratchet)


def session_of(peer: Peer, other: Device, protocol: Protocol) -> Any:
    return peer.engine._core.sessions[protocol].of(other).current


@pytest.fixture(params=list(Protocol), ids=lambda protocol: protocol.name)
def pair(
    request: pytest.FixtureRequest, world: FakeNetwork
) -> tuple[Peer, Peer, Protocol]:
    """Two who have talked, in one protocol."""
    protocol: Protocol = request.param
    ann = world.peer("ann@test", protocols=(protocol,))
    ben = world.peer("ben@test", protocols=(protocol,))
    ann.send(b"first", ben)
    ben.send(b"answer", ann)
    return ann, ben, protocol


def test_all_functions_were_replaced_by_faster_ones() -> None:
    """With every version of the libraries we are tested with."""
    assert speedups.SLOW == []


@pytest.mark.parametrize("round_", range(20))
def test_same_keys_as_the_library(round_: int) -> None:
    ours, theirs = secrets.token_bytes(32), secrets.token_bytes(32)
    public = SLOW._derive_pub(theirs)
    assert FAST._derive_pub(theirs) == public
    assert FAST._perform_diffie_hellman(ours, public) == SLOW._perform_diffie_hellman(
        ours, public
    )


def test_same_keys_where_the_top_bit_of_a_public_key_is_set() -> None:
    """RFC 7748, section 5: it is masked."""
    ours = secrets.token_bytes(32)
    public = bytearray(SLOW._derive_pub(secrets.token_bytes(32)))
    plain = SLOW._perform_diffie_hellman(ours, bytes(public))
    public[31] |= 0x80
    assert FAST._perform_diffie_hellman(ours, bytes(public)) == plain


@pytest.mark.parametrize("top_bit", [0, 1 << 255], ids=["plain", "top bit set"])
@pytest.mark.parametrize("point", LOW_ORDER)
def test_low_order_points_are_refused_as_by_the_library(
    point: int, top_bit: int
) -> None:
    public = (point | top_bit).to_bytes(32, "little")
    for ratchet in (SLOW, FAST):
        with pytest.raises(Exception):  # noqa: B017, PT011
            ratchet._perform_diffie_hellman(secrets.token_bytes(32), public)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_keys_of_a_wrong_size_are_refused(size: int) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011
        FAST._perform_diffie_hellman(secrets.token_bytes(32), bytes(size))


def test_the_state_is_written_as_the_library_does(
    pair: tuple[Peer, Peer, Protocol],
) -> None:
    """After messages in order, out of order, lost, and after a turn."""
    ann, ben, protocol = pair
    late: SentMessage | None = ann.encrypt(b"late", "ben@test")
    ann.encrypt(b"lost", "ben@test")
    for _ in range(3):
        ann.send(b"on", ben)
    ben.send(b"turn", ann)
    ann.send(b"turned", ben)
    session = session_of(ben, ann.device, protocol)
    assert len(library_json(session.double_ratchet)["skipped_message_keys"]) == 2
    for _ in range(2):
        for one, other in ((ann, ben), (ben, ann)):
            ratchet = session_of(one, other.device, protocol).double_ratchet
            assert type(ratchet).__name__ == "FastDoubleRatchet"
            assert ratchet.json == library_json(ratchet)
            text = speedups.session_state(session_of(one, other.device, protocol))
            assert json.loads(text) == library_json(ratchet)
        if late is not None:
            assert ben.decrypt(ann, late).plaintext == b"late"
            late = None
    session = session_of(ben, ann.device, protocol)
    assert len(session.double_ratchet.json["skipped_message_keys"]) == 1


def test_state_before_the_first_answer(world: FakeNetwork) -> None:
    """There is no receiving chain yet."""
    ann = world.peer("ann@test")
    world.peer("ben@test")
    ann.encrypt(b"first", "ben@test")
    (ben,) = (peer for peer in world.peers if peer.jid == "ben@test")
    for protocol in Protocol:
        ratchet = session_of(ann, ben.device, protocol).double_ratchet
        chains = ratchet.json["diffie_hellman_ratchet"]["symmetric_key_ratchet"]
        assert chains["receiving_chain"] is None
        assert ratchet.json == library_json(ratchet)


def test_a_copy_steps_alone(pair: tuple[Peer, Peer, Protocol]) -> None:
    ann, ben, protocol = pair
    session = session_of(ann, ben.device, protocol)
    ratchet = vars(session.double_ratchet)["_DoubleRatchet__diffie_hellman_ratchet"]
    assert type(ratchet) is FAST
    twin = copy.deepcopy(ratchet)
    before = ratchet.json
    first = speedups.run(twin.next_encryption_key())
    assert ratchet.json == before
    assert twin.json != before
    # And it steps to the same place
    assert speedups.run(ratchet.next_encryption_key()) == first
    assert ratchet.json == twin.json


def test_a_fork_leaves_its_original_alone(pair: tuple[Peer, Peer, Protocol]) -> None:
    """Also the mapping of skipped keys, which the library changes in place."""
    ann, ben, protocol = pair
    late = ann.encrypt(b"late", "ben@test").messages[0]
    ann.send(b"on", ben)
    session = session_of(ben, ann.device, protocol)
    before = library_json(session.double_ratchet)
    assert len(before["skipped_message_keys"]) == 1
    twin: Any = fork(session)
    core = ben.engine._core
    (key,) = (one for one in late.keys if one.device_id == ben.engine.device_id)
    encrypted = CODECS[protocol].parse_key(key.data, "ann@test", ann.engine.device_id)
    speedups.run(core.sessions[protocol].backend.decrypt_key_material(twin, encrypted))
    assert library_json(twin.double_ratchet)["skipped_message_keys"] == []
    assert library_json(session.double_ratchet) == before


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
@pytest.mark.parametrize("wrong", ["json", "public key", "shared key", "copy"])
def test_a_difference_is_noticed(
    module: ModuleType, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The self-test at import finds each of these, so the library's own stays."""
    original: Any = DoubleRatchet
    fast_ratchet.compare(module, original)
    if wrong == "json":
        ratchet: Any = module.DoubleRatchetImpl

        def state(one: Any) -> dict[str, Any]:
            found: dict[str, Any] = fast_ratchet._state(one)
            found["diffie_hellman_ratchet"]["root_chain"]["length"] += 1
            return found

        monkeypatch.setattr(ratchet, "json", property(state))
    elif wrong == "public key":
        monkeypatch.setattr(
            FAST, "_derive_pub", staticmethod(lambda priv: bytes(reversed(priv)))
        )
    elif wrong == "shared key":
        # One that takes low-order points
        monkeypatch.setattr(
            FAST,
            "_perform_diffie_hellman",
            staticmethod(
                lambda priv, pub: (
                    bytes(32)
                    if pub[1:] == bytes(31)
                    else SLOW._perform_diffie_hellman(priv, pub)
                )
            ),
        )
    else:
        monkeypatch.setattr(FAST, "__deepcopy__", lambda self, memo: self)
    with pytest.raises(Exception):  # noqa: B017, PT011
        fast_ratchet.compare(module, original)
