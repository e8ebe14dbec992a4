# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Three devices, their server, and everything that can happen to them. Alice has one
device; Bob has two, one of which knows OMEMO 0.3 only. Each runs a real engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import DuplicateMessage
from omemo_plugin.engine.errors import NoRecipient
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import Clock
from tests.support.engine.fake_network import FakeNetwork

from .bounds import ALICE
from .bounds import DECISIONS
from .bounds import DEVICES
from .bounds import JIDS
from .bounds import LISTS
from .bounds import NAMES
from .bounds import OLD
from .bounds import PROTOCOLS
from .bounds import Event
from .bounds import Kind
from .bounds import Number
from .digest import engine_digest
from .digest import plain
from .expected import Expected
from .expected import Message
from .expected import Reader
from .expected import check
from .machine import Chance
from .machine import MemoryDisk
from .peers import ModelPeer

_TO_ROTATE = 8 * 24 * 3600


class World:
    """All that is, in one state."""

    def __init__(
        self, folder: Path, disk: MemoryDisk, chance: Chance, *, answers_wait: bool
    ) -> None:
        self.written = self.faults = self.decisions = 0
        self.list_shown = "true"
        self.messages: dict[Number, Message] = {}
        self.copied: tuple[int, bytes, Reader] | None = None
        self.rotated: set[int] = set()
        # Device, and the number of the message
        self.held: set[tuple[int, Number]] = set()
        self.expected = Expected(len(DEVICES))
        self.peers: list[ModelPeer] = []
        # Alice may leave devices out
        self._disturbed = False
        self._answers_wait = answers_wait
        self._answers: list[Event] = []
        self._disk = disk
        self._chance = chance
        self._made = [0] * len(DEVICES)
        self._network = FakeNetwork(folder)
        self._digests: dict[int, bytes] = {}
        self._begin()
        self._ids = {peer.engine.device_id: n for n, peer in enumerate(self.peers)}

    def _begin(self) -> None:
        """The devices are there, and know each other's lists."""
        for device in DEVICES:
            self._chance.device = NAMES[device]
            path = self._network.folder / f"{NAMES[device]}.db"
            marker = path.with_suffix(".generation")
            clock = Clock()
            engine = OmemoEngine.open(path, JIDS[device], clock, marker)
            peer = ModelPeer(
                self._network, path, JIDS[device], clock, engine, PROTOCOLS[device]
            )
            peer.tells = False
            peer.put = partial(self._put, device, None)
            self.peers.append(peer)
            self._network.peers.append(peer)
            peer.online()
        for peer in self.peers:
            for (jid, _), device_list in self._network.lists.items():
                peer.carry_out(peer.engine.keys.device_list_received(jid, device_list))
            peer.engine.commit()

    # What happens

    def apply(self, event: Event) -> None:
        """
        Have an event happen.

        Raises:
            Violation: an engine did what it must not do.
        """
        self._chance.device = NAMES[event.device]
        self.faults += event.kind.cost
        self._happen(event)
        while self._answers:
            answer = self._answers.pop(0)
            self._chance.device = NAMES[answer.device]
            self._happen(answer)
        self._check_decisions()

    def _happen(self, event: Event) -> None:
        peer = self.peers[event.device]
        generation = peer.engine._core.store.generation
        handlers: dict[Kind, Callable[[Event], None]] = {
            Kind.SEND: self._send,
            Kind.CAUGHT_UP: self._catch_up,
            Kind.COPY: self._copy,
            Kind.HOLD: self._hold,
            Kind.KILL: self._kill,
            Kind.RESTORE: self._restore,
            Kind.LIST: self._show_list,
            Kind.ROTATE: self._rotate,
            Kind.FORGE: self._forge,
            Kind.DECIDE: self._decide,
        }
        handlers.get(event.kind, self._deliver)(event)
        if event.kind not in (Kind.KILL, Kind.RESTORE) and (
            peer.engine._core.store.generation != generation
        ):
            self.expected.committed(event.device)
        # Lists and bundles may have come to the others
        touched = DEVICES if event.kind is Kind.ROTATE else (event.device,)
        for device in touched:
            self._digests.pop(device, None)

    def _put(
        self, device: int, text: bytes | None, *elements: EncryptedMessage
    ) -> None:
        """A message leaves a device."""
        number = (device, self._made[device])
        self._made[device] += 1
        keys: dict[int, frozenset[Protocol]] = {}
        for element in elements:
            for key in element.keys:
                reader = self._ids[key.device_id]
                keys[reader] = keys.get(reader, frozenset()) | {element.protocol}
        restores = self.expected.restores[device]
        message = Message(number, text, elements, keys, restores)
        self.expected.sent(message, self._ids)
        self.messages[number] = message
        if text is None and not self._answers_wait:
            (reader,) = keys
            self._answers.append(Event(Kind.DELIVER, reader, number))

    def _send(self, event: Event) -> None:
        peer = self.peers[event.device]
        number = self.written
        self.written += 1
        text = f"{NAMES[event.device]} {self._made[event.device]}".encode()
        to = JIDS[OLD] if event.device == ALICE else JIDS[ALICE]
        disturbed = event.device == ALICE and self._disturbed
        try:
            sent = peer.encrypt(text, to)
        except NoRecipient:
            check(disturbed, f"message {number} could not be sent")
            return
        self._put(event.device, text, *sent.messages)
        got = {self._ids[device.device_id] for device in sent.recipients}
        everybody = set(DEVICES) - {event.device}
        check(disturbed or got == everybody, "a device was left out")
        keys = self.messages[event.device, self._made[event.device] - 1].keys
        check(set(keys) == got, "the recipients are not those who have keys")

    def _deliver(self, event: Event) -> None:
        assert event.number is not None
        peer = self.peers[event.device]
        message = self.messages[event.number]
        parts = message.keys[event.device]
        if event.what:
            parts = frozenset({Protocol[event.what]})
        elements = tuple(one for one in message.elements if one.protocol in parts)
        sender = self.peers[event.number[0]]
        self.held.discard((event.device, event.number))
        seen = self.expected.must_refuse(event.device, message, parts)
        must = self.expected.must_read(event.device, message)
        try:
            result = peer.engine.incoming.decrypt(sender.jid, elements)
        except DuplicateMessage:
            check(seen or not must, "a message is called a duplicate, and is none")
            self.expected.was_given(event.device, message, parts, read=seen)
            effects: tuple[Effect, ...] = ()
        except ReceiveError as error:
            check(not seen and not must, f"cannot be read: {type(error).__name__}")
            self.expected.was_given(event.device, message, parts, read=False)
            effects = error.effects
        else:
            check(not seen, "a message is shown twice")
            check(result.plaintext == message.text, "shown is not what was sent")
            check(result.device == sender.device, "shown as from another device")
            self.expected.was_given(event.device, message, parts, read=True)
            effects = result.effects
        peer.carry_out(effects)
        if event.kind is not Kind.UNSAVED:
            peer.engine.commit()

    def _catch_up(self, event: Event) -> None:
        peer = self.peers[event.device]
        peer.carry_out(peer.engine.catch_up_ended())
        peer.engine.commit()

    def _hold(self, event: Event) -> None:
        assert event.number is not None
        self.held.add((event.device, event.number))

    def _copy(self, event: Event) -> None:
        peer = self.peers[event.device]
        self.copied = event.device, peer.image(), self.expected.saved(event.device)

    def _kill(self, event: Event) -> None:
        peer = self.peers[event.device]
        self.expected.killed(event.device)
        peer.die(self._disk, peer.image())
        self.expected.committed(event.device)

    def _restore(self, event: Event) -> None:
        assert self.copied is not None
        device, image, reader = self.copied
        self.expected.put_back(device, reader, list(self.messages.values()))
        self.peers[device].die(self._disk, image)

    def _show_list(self, event: Event) -> None:
        peer = self.peers[ALICE]
        self._disturbed = True
        before, self.list_shown = self.list_shown, event.what
        shown = dict(self._network.lists)
        lie = LISTS[event.what]
        if lie is not None:
            protocol, devices = lie
            ids = [self.peers[one].engine.device_id for one in devices]
            shown[JIDS[OLD], protocol] = DeviceList(
                protocol, tuple(map(ListedDevice, ids))
            )
        for protocol in Protocol:
            found = shown[JIDS[OLD], protocol]
            peer.carry_out(peer.engine.keys.device_list_received(JIDS[OLD], found))
        peer.engine.commit()
        me = self.expected.now[ALICE]
        was_hidden = before == "old device hidden" and event.what != before
        if was_hidden and Trust.VERIFIED in me.decided.values():
            # It is back, where a new one would get nothing
            me.forbidden.add(OLD)

    def _rotate(self, event: Event) -> None:
        self.rotated.add(event.device)
        self.peers[event.device].wait(_TO_ROTATE)
        for peer in self.peers:
            peer.engine.commit()

    def _forge(self, event: Event) -> None:
        """The server gives Alice another key for a device that she knows. She asks
        because a session is to be replaced."""
        self._disturbed = True
        alice, old = self.peers[ALICE], self.peers[OLD]
        place = (old.device, Protocol.LEGACY)
        true = self._network.bundles[place]
        other = self._network.bundles[self.peers[1].device, Protocol.LEGACY]
        self._network.bundles[place] = replace(other)
        alice.carry_out(alice.engine.keys.replace_session(old.device))
        self._network.bundles[place] = true
        alice.engine.commit()

    def _decide(self, event: Event) -> None:
        self._disturbed = True
        self.decisions += 1
        device, trust = DECISIONS[int(event.what.partition(" ")[0])]
        alice = self.peers[ALICE]
        me = self.expected.now[ALICE]
        alice.engine.trust.set_trust(self.peers[device].device, trust)
        me.decided[device] = trust
        if trust is Trust.DISTRUSTED:
            me.forbidden.add(device)
        else:
            me.forbidden.discard(device)
        if trust is Trust.VERIFIED:
            me.forbidden.update(
                one for one in (1, OLD) if one != device and not self.knows(one)
            )

    def knows(self, device: int) -> bool:
        """Whether Alice knows the key of a device."""
        wanted = self.peers[device].device
        return any(
            info.device == wanted and info.identity_key is not None
            for info in self.peers[ALICE].engine.devices.of(wanted.jid)
        )

    def _check_decisions(self) -> None:
        alice = self.peers[ALICE]
        for device, trust in self.expected.now[ALICE].decided.items():
            found = alice.info(self.peers[device]).trust
            check(found is trust, f"{trust} of {NAMES[device]} has become {found}")

    # What the future depends on

    def digest(self) -> bytes:
        """The same for two states only if the same follows from them."""
        for device in DEVICES:
            if device not in self._digests:
                self._digests[device] = engine_digest(self.peers[device].engine)
        state = hashlib.blake2b(digest_size=16)
        for device in DEVICES:
            state.update(self._digests[device])
        for number in sorted(self.messages):
            message = self.messages[number]
            state.update(repr((number, sorted(message.excused))).encode())
            for element in message.elements:
                state.update(element.payload or b"-")
                for key in element.keys:
                    state.update(key.data)
        rest = [
            self.written,
            self.faults,
            self.decisions,
            self.list_shown,
            self.rotated,
            self.held,
            self.copied and (self.copied[0], self.copied[1], vars(self.copied[2])),
            self._disturbed,
            self._made,
            self.expected.state(),
        ]
        state.update(plain(rest).encode())
        return state.digest()
