# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Two engines, and a network that delivers in any order, twice, or not at all,
while the clients crash and come back. Some messages are encrypted in steps, and
anything may happen between two of them.

Whatever happens: a message that arrives is shown once, and shown as it was
written; one that was shown and then lost in a crash can be decrypted again; and
no message key is ever used for two messages.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import initialize
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule
from oldmemo.oldmemo import EncryptedKeyMaterialImpl as LegacyKey
from oldmemo.oldmemo import KeyExchangeImpl as LegacyExchange
from twomemo.twomemo import EncryptedKeyMaterialImpl as Omemo2Key
from twomemo.twomemo import KeyExchangeImpl as Omemo2Exchange

from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.messages.encrypting import Encryption
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import is_key_exchange
from tests.support.engine.fake_network import BOTH
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.ratchets import step_of

indexes = st.integers(min_value=0, max_value=1_000_000)


def ratchet_position(message: EncryptedMessage) -> tuple[bytes, int]:
    """The place in the ratchet that a message key is derived for: ratchet key and
    counter."""
    data = message.keys[0].data
    exchange = is_key_exchange(message.protocol, data)
    if message.protocol is Protocol.LEGACY:
        if exchange:
            _, data = LegacyExchange.parse(data, False)
        header = LegacyKey.parse(data, "x", 1).encrypted_message.header
    else:
        if exchange:
            _, data = Omemo2Exchange.parse(data)
        header = Omemo2Key.parse(data, "x", 1).encrypted_message.header
    return header.ratchet_pub, header.sending_chain_length


class Delivery:
    """One message on its way, as the network and the archive know it."""

    def __init__(
        self, sender: int, text: bytes | None, messages: tuple[EncryptedMessage, ...]
    ) -> None:
        self.sender = sender
        self.text = text
        self.messages = messages
        self.shown = False
        self.safe = False


class Network(RuleBasedStateMachine):
    protocols: tuple[Protocol, ...] = BOTH

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.network = FakeNetwork(Path(self.folder.name))
        self.peers: list[Peer] = []
        for jid in ("ann@test", "ben@test"):
            peer = self.network.peer(jid, protocols=self.protocols)
            peer.auto_answer = False
            self.peers.append(peer)
        self.deliveries: list[Delivery] = []
        self.positions: set[tuple[int, bytes, int]] = set()
        self.lost: set[tuple[int, bytes, int]] = set()
        self.under_way: list[tuple[int, bytes, Encryption]] = []

    def teardown(self) -> None:
        if hasattr(self, "network"):
            self.network.close()
            self.folder.cleanup()

    @rule(sender=st.integers(0, 1))
    def write(self, sender: int) -> None:
        text = b"message %d" % len(self.deliveries)
        sent = self.peers[sender].encrypt(text, self.peers[1 - sender].jid)
        self.on_its_way(sender, text, sent.messages)

    def on_its_way(
        self, sender: int, text: bytes | None, messages: tuple[EncryptedMessage, ...]
    ) -> None:
        for message in messages:
            self.used(sender, ratchet_position(message))
        self.deliveries.append(Delivery(sender, text, messages))

    def used(self, sender: int, position: tuple[bytes, int]) -> None:
        assert (sender, *position) not in self.positions | self.lost
        self.positions.add((sender, *position))

    @rule(sender=st.integers(0, 1))
    def begin(self, sender: int) -> None:
        """Begin to encrypt in steps: one for each protocol."""
        peer, other = self.peers[sender], self.peers[1 - sender]
        text = b"begun %d" % len(self.positions)
        peer.prepare(other.jid)
        plaintexts = dict.fromkeys(self.protocols, text)
        encryption = peer.engine.outgoing.begin_encrypt([other.jid], plaintexts)
        self.under_way.append((sender, text, encryption))

    @precondition(lambda self: self.under_way)
    @rule(index=indexes)
    def step(self, index: int) -> None:
        entry = self.under_way[index % len(self.under_way)]
        sender, text, encryption = entry
        if encryption.step(1):
            self.committed(sender)
            self.under_way.remove(entry)
            sent = encryption.finish()
            assert sent.recipients == (self.peers[1 - sender].device,)
            self.on_its_way(sender, text, sent.messages)

    @precondition(lambda self: self.under_way)
    @rule(index=indexes)
    def give_up(self, index: int) -> None:
        """Its keys are not made again as long as the client runs."""
        sender, _, encryption = self.under_way.pop(index % len(self.under_way))
        for protocol, part in encryption._parts.items():
            for key in part.keys.values():
                self.lost.add((sender, *step_of(protocol, key.data)[1:]))

    def ended(self, who: int, *, crashed: bool) -> None:
        """Nothing goes on that was under way in a client."""
        self.under_way = [one for one in self.under_way if one[0] != who]
        if crashed:
            self.lost = {one for one in self.lost if one[0] != who}

    @precondition(lambda self: self.deliveries)
    @rule(index=indexes)
    def deliver(self, index: int) -> None:
        """Any message, whether it has been delivered before or not."""
        delivery = self.deliveries[index % len(self.deliveries)]
        receiver = 1 - delivery.sender
        peer = self.peers[receiver]
        sender = self.peers[delivery.sender]
        if delivery.shown:
            with pytest.raises(DuplicateMessage):
                peer.engine.incoming.decrypt(sender.jid, delivery.messages)
            return
        result = peer.engine.incoming.decrypt(sender.jid, delivery.messages)
        assert result.plaintext == delivery.text
        delivery.shown = True
        owed = [one for one in result.effects if isinstance(one, OweEmptyMessage)]
        peer.carry_out([one for one in result.effects if one not in owed])
        for one in owed:
            empty = peer.engine.outgoing.encrypt_empty(one.device, one.protocol)
            assert empty is not None
            self.committed(receiver)
            self.on_its_way(receiver, None, (empty,))

    @rule(who=st.integers(0, 1))
    def commit(self, who: int) -> None:
        self.peers[who].engine.commit()
        self.committed(who)

    def committed(self, who: int) -> None:
        for delivery in self.deliveries:
            if delivery.shown and delivery.sender != who:
                delivery.safe = True

    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        """Crash: the archive delivers again what was not committed."""
        self.ended(who, crashed=True)
        self.peers[who].restart(commit=False)
        for delivery in self.deliveries:
            if delivery.sender != who and not delivery.safe:
                delivery.shown = False

    @rule(who=st.integers(0, 1))
    def restart(self, who: int) -> None:
        self.ended(who, crashed=False)
        self.peers[who].restart()
        self.committed(who)

    @rule(who=st.integers(0, 1), seconds=st.sampled_from([60, 86_400, 8 * 86_400]))
    def reconnect(self, who: int, seconds: int) -> None:
        peer = self.peers[who]
        peer.clock.now += seconds
        peer.carry_out(peer.engine.connected())
        peer.engine.commit()
        self.committed(who)

    @invariant()
    def sending_commits(self) -> None:
        """Encrypting commits what was received before."""
        for who, peer in enumerate(getattr(self, "peers", ())):
            if not peer.engine.uncommitted:
                self.committed(who)


class LegacyNetwork(Network):
    protocols = (Protocol.LEGACY,)


class Omemo2Network(Network):
    protocols = (Protocol.OMEMO_2,)


common = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
for machine in (Network, LegacyNetwork, Omemo2Network):
    machine.TestCase.settings = common

TestBoth = Network.TestCase
TestLegacy = LegacyNetwork.TestCase
TestOmemo2 = Omemo2Network.TestCase
