# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
python-omemo's own SessionManager opens the key store and goes on where the
engine stopped: what the engine writes is what the library means, with all that
is done here to be faster than it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import parse_encrypted
from omemo_plugin.stanza.pep import build_bundle
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

PROGRAM = Path(__file__).with_name("session_manager.py")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[FakeNetwork]:
    network = FakeNetwork(tmp_path)
    yield network
    network.close()


def to_text(message: EncryptedMessage) -> str:
    return ET.tostring(build_encrypted(message), encoding="unicode")


def run_library(
    network: FakeNetwork,
    ann: Peer,
    ben: Peer,
    messages: list[EncryptedMessage],
    text: str,
) -> dict[str, Any]:
    """Have the library be Ann, whose engine is closed."""
    task = {
        "path": str(ann.path),
        "jid": ann.jid,
        "peer": ben.jid,
        "bundles": {
            f"{protocol.namespace} {device.jid} {device.device_id}": ET.tostring(
                build_bundle(bundle), encoding="unicode"
            )
            for (device, protocol), bundle in network.bundles.items()
        },
        "lists": {
            f"{protocol.namespace} {jid}": sorted(found.ids)
            for (jid, protocol), found in network.lists.items()
        },
        "messages": [to_text(message) for message in messages],
        "text": text,
        "order": [
            Protocol.OMEMO_2.namespace,
            Protocol.LEGACY.namespace,
        ],
    }
    # In its folder, or Python would find the plugin from here
    done = subprocess.run(
        ["/usr/bin/python3", str(PROGRAM)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["foreign"] == []
    return result


def receive(ann: Peer, ben: Peer, texts: list[str]) -> list[bytes | None]:
    result = []
    for text in texts:
        message = parse_encrypted(ET.fromstring(text))
        received = ben.engine.incoming.decrypt(ann.jid, [message])
        ben.engine.commit()
        result.append(received.plaintext)
    return result


@pytest.mark.parametrize("protocol", Protocol)
def test_it_goes_on_with_our_store(network: FakeNetwork, protocol: Protocol) -> None:
    ann = network.peer("ann@test")
    ben = network.peer("ben@test", protocols=(protocol,))
    assert ann.encrypt(b"first", ben.jid).messages[0].protocol is protocol
    ben.decrypt(ann, ann.encrypt(b"second", ben.jid))
    ann.decrypt(ben, ben.encrypt(b"answer", ann.jid))
    ben.decrypt(ann, ann.encrypt(b"third", ben.jid))
    ann.engine.trust.set_trust(ben.device, Trust.VERIFIED)
    identity_key = ann.engine.identity_key.hex()
    lost = ben.encrypt(b"comes late", ann.jid).messages[0]
    waiting = [ben.encrypt(text, ann.jid).messages[0] for text in (b"one", b"two")]
    ann.engine.close()
    network.peers.remove(ann)

    result = run_library(network, ann, ben, waiting, "from the library")

    assert result["own"]["id"] == ann.engine.device_id
    assert result["own"]["identity_key"] == identity_key
    assert result["own"]["namespaces"] == sorted(p.namespace for p in Protocol)
    (device,) = result["devices"]
    assert device["id"] == ben.engine.device_id
    assert device["identity_key"] == ben.engine.identity_key.hex()
    assert device["trust"] == "verified"
    assert protocol.namespace in device["namespaces"]
    assert protocol.namespace in device["active"]
    assert result["texts"] == ["one", "two"]
    assert receive(ann, ben, result["empty"]) == [None] * len(result["empty"])
    assert receive(ann, ben, result["messages"]) == [b"from the library"]

    # A turn of the ratchet, and a key the library had skipped and stored
    turn = ben.encrypt(b"turn", ann.jid).messages[0]
    result = run_library(network, ann, ben, [turn, lost], "and again")
    assert result["texts"] == ["turn", "comes late"]
    assert receive(ann, ben, result["messages"]) == [b"and again"]

    # And back: the engine goes on where the library stopped
    ann.engine = type(ann.engine).open(ann.path, ann.jid, ann.clock)
    network.peers.append(ann)
    assert ben.send(b"back", ann).plaintext == b"back"
    assert ann.send(b"home", ben).plaintext == b"home"


def test_it_builds_a_session_on_our_bundle(network: FakeNetwork) -> None:
    """A key exchange that comes while the library has the store."""
    ann = network.peer("ann@test")
    ben = network.peer("ben@test")
    ann.prepare(ben.jid)
    ann.encrypt(b"never arrives", ben.jid)
    first = ben.encrypt(b"hello", ann.jid).messages[0]
    ann.engine.close()
    network.peers.remove(ann)
    result = run_library(network, ann, ben, [first], "hello to you")
    assert result["texts"] == ["hello"]
    assert receive(ann, ben, result["messages"]) == [b"hello to you"]
