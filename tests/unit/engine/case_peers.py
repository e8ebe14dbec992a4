# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers and messages for the tests of the security cases."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from oldmemo import oldmemo
from twomemo import twomemo

from omemo_plugin.engine.backend import speedups
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

LEGACY = (Protocol.LEGACY,)
OMEMO_2 = (Protocol.OMEMO_2,)
LEGACY_IV = b"i" * 12


both_protocols = pytest.mark.parametrize(
    "protocols", [LEGACY, OMEMO_2], ids=["legacy", "omemo2"]
)


def pair(
    world: FakeNetwork, protocols: tuple[Protocol, ...] = LEGACY
) -> tuple[Peer, Peer]:
    """Two peers with a confirmed session both ways."""
    ann = world.peer("ann@test", protocols=protocols)
    ben = world.peer("ben@test", protocols=protocols)
    ann.send(b"hello", ben)
    ben.send(b"hello", ann)
    # Nobody else is to be offered the prekeys these two have used
    for peer in (ann, ben):
        peer.clock.now += 60
        peer.carry_out(peer.engine.tick())
        peer.engine.commit()
    return ann, ben


def content_of_store(peer: Peer) -> dict[str, Any]:
    """Everything the engine would have on disk after a commit now."""
    core = peer.engine._core
    for sessions in core.sessions.values():
        sessions.write()
    return {key: core.store.get(key) for key in core.store.keys("/")}


def with_key(message: EncryptedMessage, data: bytes) -> EncryptedMessage:
    key = dataclasses.replace(message.keys[0], data=data)
    return dataclasses.replace(message, keys=(key,))


def refused(
    peer: Peer, sender: str, message: EncryptedMessage, kind: type[ReceiveError]
) -> ReceiveError:
    """The message is refused for that reason, and nothing has changed."""
    before = content_of_store(peer)
    with pytest.raises(kind) as caught:
        peer.engine.incoming.decrypt(sender, [message])
    assert content_of_store(peer) == before
    return caught.value


def message_with_key(
    sender: Peer, to: Peer, protocol: Protocol, key: bytes, tag: bytes
) -> EncryptedMessage:
    """A message whose authenticated key is what a test wants."""
    core = sender.engine._core
    sessions = core.sessions[protocol]
    session = sessions.of(to.device).current
    assert session is not None
    material: Any = (
        oldmemo.PlainKeyMaterialImpl(key, tag)
        if protocol is Protocol.LEGACY
        else twomemo.PlainKeyMaterialImpl(key, tag)
    )
    encrypted: Any = speedups.run(
        sessions.backend.encrypt_key_material(session, material)
    )
    sessions.stepped(to.device)
    jid = None if protocol is Protocol.LEGACY else to.jid
    iv = LEGACY_IV if protocol is Protocol.LEGACY else None
    keys = (EncryptedKey(to.engine.device_id, encrypted.serialize(), jid),)
    return EncryptedMessage(protocol, sender.engine.device_id, keys, iv, b"p" * 16)
