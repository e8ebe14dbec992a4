# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Engines that talk through a dict: a server without a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from pathlib import Path

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import FetchBundle
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.effects import FetchTemporaryDevices
from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.effects import PublishBundle
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.effects import PublishTemporaryDevice
from omemo_plugin.engine.effects import RetractBundle
from omemo_plugin.engine.effects import RetractTemporaryDevice
from omemo_plugin.engine.effects import SendTrustMessage
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.messages.encrypting import SentMessage
from omemo_plugin.engine.messages.receiving import ReceivedMessage
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import TemporaryDevice
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.trust_message import build_trust_message
from omemo_plugin.stanza.trust_message import find_trust_message
from tests.support.engine.answers import owed_message

from .answers import answer_bundle
from .answers import answer_device_list

BOTH = tuple(Protocol)


class Clock:
    """Seconds since 1970 that pass when a test says so."""

    def __init__(self, now: float = 1_800_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Peer:
    """
    One client.

    Attributes:
        protocols: what it publishes; others it neither sends nor announces.
        news: effects meant for the user.
        owed: empty messages it wanted to send, with what became of them.
        auto_answer: whether it sends the empty messages it owes.
        tells: whether it sends the trust messages it has to.
        told: those it has sent.
    """

    world: FakeNetwork
    path: Path
    jid: str
    clock: Clock
    engine: OmemoEngine
    protocols: tuple[Protocol, ...] = BOTH
    auto_answer: bool = True
    tells: bool = True
    news: list[Effect] = field(default_factory=list)
    outbox: list[tuple[Device, EncryptedMessage]] = field(default_factory=list)
    log: list[Effect] = field(default_factory=list)
    told: list[SendTrustMessage] = field(default_factory=list)

    @property
    def rollback_marker(self) -> Path:
        return self.path.with_suffix(".generation")

    @property
    def device(self) -> Device:
        return Device(self.jid, self.engine.device_id)

    def online(self) -> None:
        self.carry_out(self.engine.connected())
        self.carry_out(self.engine.catch_up_ended())

    def restart(self, *, commit: bool = True) -> None:
        """Close the engine, or have it die, and open it again."""
        if not commit:
            self.engine._core.rollback()
        self.engine.close()
        self.engine = OmemoEngine.open(
            self.path, self.jid, self.clock, self.rollback_marker
        )

    def carry_out(self, effects: Iterable[Effect]) -> None:
        todo = list(effects)
        while todo:
            effect = todo.pop(0)
            self.log.append(effect)
            todo += self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> list[Effect]:
        world = self.world
        engine = self.engine
        if isinstance(effect, FetchDeviceList):
            found = world.lists.get((effect.jid, effect.protocol))
            return answer_device_list(engine, effect, found)
        if isinstance(effect, FetchBundle):
            bundle = world.bundles.get((effect.device, effect.protocol))
            return answer_bundle(engine, effect, bundle)
        if isinstance(effect, PublishBundle):
            if effect.bundle.protocol not in self.protocols:
                return []
            device = Device(self.jid, effect.device_id)
            world.bundles[device, effect.bundle.protocol] = effect.bundle
            return engine.publication.bundle_published(effect.bundle)
        if isinstance(effect, PublishDeviceList):
            if effect.device_list.protocol in self.protocols:
                world.publish_list(self.jid, effect.device_list)
                return engine.keys.device_list_published(effect.device_list)
            return []
        if isinstance(effect, RetractBundle):
            device = Device(self.jid, effect.device_id)
            world.bundles.pop((device, effect.protocol), None)
            return []
        if isinstance(effect, FetchTemporaryDevices):
            records = world.temporary.get(self.jid, {})
            return engine.temporary.records_received(tuple(records.values()))
        if isinstance(effect, PublishTemporaryDevice):
            records = world.temporary.setdefault(self.jid, {})
            records[effect.record.device_id] = effect.record
            return engine.temporary.record_published()
        if isinstance(effect, RetractTemporaryDevice):
            world.temporary.get(self.jid, {}).pop(effect.device_id, None)
            return []
        if isinstance(effect, OweEmptyMessage):
            if self.auto_answer:
                message = owed_message(engine, self.jid, effect)
                if message is not None:
                    self.outbox.append((effect.device, message))
                    world.deliver(self, effect.device, message)
            return []
        if isinstance(effect, SendTrustMessage):
            self._send_trust_message(effect)
            return []
        self.news.append(effect)
        return []

    def _send_trust_message(self, effect: SendTrustMessage) -> None:
        if not self.tells:
            return
        envelope = build_envelope(
            [build_trust_message(effect.decisions)],
            from_jid=self.jid,
            to_jid=effect.jid,
            stamp=datetime.fromtimestamp(effect.stamp, UTC),
        )
        try:
            sent = self.engine.trust_messages.encrypt(effect.devices, envelope)
        except NoRecipient:
            return
        self.told.append(effect)
        self.engine.trust_messages.sent(effect.number, sent.recipients)
        for peer in self.world.peers:
            if peer.device in sent.recipients:
                peer.hear(self, sent)

    def hear(self, sender: Peer, sent: SentMessage) -> None:
        """Take an envelope with a trust message."""
        result = self.decrypt(sender, sent)
        assert result.plaintext is not None
        envelope = parse_envelope(result.plaintext)
        assert envelope.stamp is not None
        self.carry_out(
            self.engine.trust_messages.received(
                result.device,
                find_trust_message(envelope.content),
                int(envelope.stamp.timestamp()),
            )
        )

    def wait(self, seconds: int) -> None:
        """Time passes, for this client."""
        self.clock.now += seconds
        self.carry_out(self.engine.tick())

    def info(self, other: Peer) -> DeviceInfo:
        """The information about another client's device."""
        return next(
            info
            for info in self.engine.devices.of(other.jid)
            if info.device == other.device
        )

    def prepare(self, *jids: str) -> None:
        """Fetch until a message can be sent."""
        plan = self.engine.outgoing.plan(jids)
        while not plan.ready:
            self.carry_out(plan.effects)
            plan = self.engine.outgoing.plan(jids)

    def encrypt(self, text: bytes, *to: str) -> SentMessage:
        self.prepare(*to)
        sent = self.engine.outgoing.encrypt(to, dict.fromkeys(self.protocols, text))
        # As before anything leaves
        self.engine.flush()
        return sent

    def decrypt(self, sender: Peer, sent: SentMessage) -> ReceivedMessage:
        result = self.engine.incoming.decrypt(sender.jid, sent.messages)
        self.carry_out(result.effects)
        return result

    def send(self, text: bytes, to: Peer) -> ReceivedMessage:
        """Send and receive, all in one."""
        return to.decrypt(self, self.encrypt(text, to.jid))


@dataclass
class FakeNetwork:
    """The server: lists, bundles, and who is there."""

    folder: Path
    peers: list[Peer] = field(default_factory=list)
    lists: dict[tuple[str, Protocol], DeviceList] = field(default_factory=dict)
    bundles: dict[tuple[Device, Protocol], Bundle] = field(default_factory=dict)
    temporary: dict[str, dict[int, TemporaryDevice]] = field(default_factory=dict)
    made: int = 0

    def peer(
        self,
        jid: str,
        *,
        protocols: tuple[Protocol, ...] = BOTH,
        online: bool = True,
    ) -> Peer:
        self.made += 1
        path = self.folder / f"{jid}-{self.made}.db"
        clock = Clock()
        rollback_marker = path.with_suffix(".generation")
        engine = OmemoEngine.open(path, jid, clock, rollback_marker)
        peer = Peer(self, path, jid, clock, engine, protocols)
        self.peers.append(peer)
        if online:
            peer.online()
        return peer

    def publish_list(self, jid: str, device_list: DeviceList) -> None:
        self.lists[jid, device_list.protocol] = device_list
        for peer in self.peers:
            peer.carry_out(peer.engine.keys.device_list_received(jid, device_list))

    def deliver(self, sender: Peer, to: Device, message: EncryptedMessage) -> None:
        for peer in self.peers:
            if peer.device == to:
                result = peer.engine.incoming.decrypt(sender.jid, [message])
                peer.carry_out(result.effects)

    def close(self) -> None:
        for peer in self.peers:
            peer.engine.close()
