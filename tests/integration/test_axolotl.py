# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The legacy protocol with python-axolotl, which shares no code with python-omemo:
gajim-omemo and others were built on it. What goes between the two sides is
text, written and read here by hand on its side (XEP-0384 0.3).
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from axolotl.ecc.djbec import DjbECPublicKey
from axolotl.identitykey import IdentityKey
from axolotl.protocol.prekeywhispermessage import PreKeyWhisperMessage
from axolotl.protocol.whispermessage import WhisperMessage
from axolotl.sessionbuilder import SessionBuilder
from axolotl.sessioncipher import SessionCipher
from axolotl.state.prekeybundle import PreKeyBundle
from axolotl.tests.inmemoryaxolotlstore import InMemoryAxolotlStore
from axolotl.util.keyhelper import KeyHelper
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import parse_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import parse_bundle
from omemo_plugin.stanza.pep import parse_device_list
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

NAMESPACE = "eu.siacs.conversations.axolotl"
NS = f"{{{NAMESPACE}}}"
LEGACY = Protocol.LEGACY


def base64(data: bytes) -> str:
    return b64encode(data).decode()


class Axolotl:
    """A client of its own, all in memory."""

    def __init__(self, jid: str, device_id: int) -> None:
        self.jid = jid
        self.device = Device(jid, device_id)
        self.store = InMemoryAxolotlStore()
        self.prekeys = KeyHelper.generatePreKeys(1, 30)
        identity = self.store.getIdentityKeyPair()
        self.signed_prekey = KeyHelper.generateSignedPreKey(identity, 7)
        for prekey in self.prekeys:
            self.store.storePreKey(prekey.getId(), prekey)
        self.store.storeSignedPreKey(7, self.signed_prekey)

    @property
    def fingerprint(self) -> str:
        public = self.store.getIdentityKeyPair().getPublicKey()
        return str(public.serialize()[1:].hex())

    def publish(self, network: FakeNetwork) -> None:
        prekeys = "".join(
            f'<preKeyPublic preKeyId="{prekey.getId()}">'
            f"{base64(prekey.getKeyPair().getPublicKey().serialize())}</preKeyPublic>"
            for prekey in self.prekeys
        )
        spk = self.signed_prekey
        identity = self.store.getIdentityKeyPair().getPublicKey().serialize()
        bundle = (
            f'<bundle xmlns="{NAMESPACE}">'
            f'<signedPreKeyPublic signedPreKeyId="{spk.getId()}">'
            f"{base64(spk.getKeyPair().getPublicKey().serialize())}"
            "</signedPreKeyPublic>"
            f"<signedPreKeySignature>{base64(spk.getSignature())}"
            "</signedPreKeySignature>"
            f"<identityKey>{base64(identity)}</identityKey>"
            f"<prekeys>{prekeys}</prekeys></bundle>"
        )
        devices = (
            f'<list xmlns="{NAMESPACE}"><device id="{self.device.device_id}"/></list>'
        )
        network.bundles[self.device, LEGACY] = parse_bundle(
            ET.fromstring(bundle), LEGACY
        )
        network.publish_list(
            self.jid, parse_device_list(ET.fromstring(devices), LEGACY)
        )

    def meet(self, device: Device, bundle: Bundle) -> None:
        """Build a session from what an engine published."""
        text = ET.tostring(build_bundle(bundle))
        element = ET.fromstring(text)
        spk = element.find(f"{NS}signedPreKeyPublic")
        prekey = element.find(f"{NS}prekeys/{NS}preKeyPublic")
        signature = element.findtext(f"{NS}signedPreKeySignature")
        identity = element.findtext(f"{NS}identityKey")
        assert spk is not None
        assert prekey is not None
        theirs = PreKeyBundle(
            device.device_id,
            device.device_id,
            int(prekey.attrib["preKeyId"]),
            self._public(prekey.text),
            int(spk.attrib["signedPreKeyId"]),
            self._public(spk.text),
            b64decode(signature or ""),
            IdentityKey(self._public(identity)),
        )
        SessionBuilder(
            *[self.store] * 4, device.jid, device.device_id
        ).processPreKeyBundle(theirs)

    @staticmethod
    def _public(text: str | None) -> DjbECPublicKey:
        data = b64decode(text or "")
        assert data[0] == 5
        assert len(data) == 33
        return DjbECPublicKey(data[1:])

    def _cipher(self, device: Device) -> SessionCipher:
        return SessionCipher(*[self.store] * 4, device.jid, device.device_id)

    def encrypt(self, text: bytes, device: Device) -> EncryptedMessage:
        key, iv = secrets.token_bytes(16), secrets.token_bytes(12)
        sealed = AESGCM(key).encrypt(iv, text, None)
        message = self._cipher(device).encrypt(key + sealed[-16:])
        prekey = isinstance(message, PreKeyWhisperMessage)
        mark = ' prekey="true"' if prekey else ""
        xml = (
            f'<encrypted xmlns="{NAMESPACE}">'
            f'<header sid="{self.device.device_id}">'
            f'<key{mark} rid="{device.device_id}">{base64(message.serialize())}</key>'
            f"<iv>{base64(iv)}</iv></header>"
            f"<payload>{base64(sealed[:-16])}</payload></encrypted>"
        )
        return parse_encrypted(ET.fromstring(xml))

    def decrypt(self, message: EncryptedMessage, sender: Device) -> tuple[bytes, bool]:
        """The text, and whether it came with a key exchange. Nothing for an
        empty message."""
        element = ET.fromstring(ET.tostring(build_encrypted(message)))
        header = element.find(f"{NS}header")
        assert header is not None
        assert header.get("sid") == str(sender.device_id)
        mine = [
            key
            for key in header.iter(f"{NS}key")
            if key.get("rid") == str(self.device.device_id)
        ]
        assert len(mine) == 1
        data = b64decode(mine[0].text or "")
        cipher = self._cipher(sender)
        prekey = mine[0].get("prekey") in ("true", "1")
        if prekey:
            key = cipher.decryptPkmsg(PreKeyWhisperMessage(serialized=data))
        else:
            key = cipher.decryptMsg(WhisperMessage(serialized=data), textMsg=False)
        payload = element.findtext(f"{NS}payload")
        if payload is None:
            return b"", prekey
        iv = b64decode(header.findtext(f"{NS}iv") or "")
        sealed = b64decode(payload) + key[16:]
        return AESGCM(key[:16]).decrypt(iv, sealed, None), prekey


@pytest.fixture
def network(tmp_path: Path) -> Iterator[FakeNetwork]:
    network = FakeNetwork(tmp_path)
    yield network
    network.close()


@pytest.fixture
def ann(network: FakeNetwork) -> Peer:
    # What it owes is sent by hand: the network delivers to engines only
    ann = network.peer("ann@test")
    ann.auto_answer = False
    return ann


@pytest.fixture
def cat(network: FakeNetwork) -> Axolotl:
    cat = Axolotl("cat@test", 4711)
    cat.publish(network)
    return cat


def to_cat(ann: Peer, cat: Axolotl, text: bytes) -> bool:
    """Whether it was a key exchange."""
    sent = ann.encrypt(text, cat.jid)
    (message,) = sent.messages
    assert message.protocol is LEGACY
    received, prekey = cat.decrypt(message, ann.device)
    assert received == text
    return prekey


def to_ann(ann: Peer, cat: Axolotl, text: bytes) -> None:
    result = ann.engine.incoming.decrypt(cat.jid, [cat.encrypt(text, ann.device)])
    assert result.plaintext == text
    assert result.device == cat.device
    assert result.fingerprint == cat.fingerprint
    ann.carry_out(result.effects)
    ann.engine.commit()


def talk(ann: Peer, cat: Axolotl) -> None:
    """Ratchet turns of several messages each, with a restart in between."""
    for turn in range(6):
        for number in range(1 + turn % 3):
            assert not to_cat(ann, cat, f"to cat {turn} {number}".encode())
        for number in range(1 + (turn + 1) % 3):
            to_ann(ann, cat, f"to ann {turn} {number} \u2603".encode())
        if turn == 3:
            ann.restart()


def test_our_message_first(ann: Peer, cat: Axolotl) -> None:
    assert to_cat(ann, cat, b"first")
    assert to_cat(ann, cat, b"until there is an answer")
    to_ann(ann, cat, b"answer")
    talk(ann, cat)


def test_its_message_first(network: FakeNetwork, ann: Peer, cat: Axolotl) -> None:
    cat.meet(ann.device, network.bundles[ann.device, LEGACY])
    to_ann(ann, cat, b"first")
    to_ann(ann, cat, b"until there is an answer")
    assert not to_cat(ann, cat, b"answer")
    talk(ann, cat)


def test_our_empty_message_completes_its_key_exchange(
    network: FakeNetwork, ann: Peer, cat: Axolotl
) -> None:
    cat.meet(ann.device, network.bundles[ann.device, LEGACY])
    to_ann(ann, cat, b"first")
    empty = ann.engine.outgoing.encrypt_empty(cat.device, LEGACY)
    assert empty is not None
    assert cat.decrypt(empty, ann.device) == (b"", False)
    talk(ann, cat)


def test_both_at_once(network: FakeNetwork, ann: Peer, cat: Axolotl) -> None:
    cat.meet(ann.device, network.bundles[ann.device, LEGACY])
    (ours,) = ann.encrypt(b"ours", cat.jid).messages
    theirs = cat.encrypt(b"theirs", ann.device)
    result = ann.engine.incoming.decrypt(cat.jid, [theirs])
    assert result.plaintext == b"theirs"
    ann.carry_out(result.effects)
    assert cat.decrypt(ours, ann.device) == (b"ours", True)
    to_cat(ann, cat, b"and on")
    to_ann(ann, cat, b"and back")
    talk(ann, cat)


def test_any_order_and_twice(ann: Peer, cat: Axolotl) -> None:
    to_cat(ann, cat, b"first")
    to_ann(ann, cat, b"answer")
    to_cat(ann, cat, b"a turn")
    messages = [cat.encrypt(b"%d" % number, ann.device) for number in range(12)]
    for number in (11, 3, 7, 0, 1, 10, 2, 4, 9, 5, 8, 6):
        result = ann.engine.incoming.decrypt(cat.jid, [messages[number]])
        assert result.plaintext == b"%d" % number
        ann.engine.commit()
    for message in messages:
        with pytest.raises(DuplicateMessage):
            ann.engine.incoming.decrypt(cat.jid, [message])
    talk(ann, cat)
