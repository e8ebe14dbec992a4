# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The table of trust: for each state of a device and each event the state that follows.
Nothing of it is written down here: an engine is brought into each state, each event
happens to it, and the table says what became of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

from omemo_plugin.engine.backend.codec import fingerprint
from omemo_plugin.engine.keys.device_info import DeviceInfo
from omemo_plugin.engine.state import silence
from omemo_plugin.engine.values import CodeClaims
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer

HEAD = """<!--
SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
SPDX-License-Identifier: GPL-3.0-or-later
-->

# The table of trust

Written by `tools/trust-table`, which brings a real engine into each state and has each event happen to it. Do not change it by hand; a test compares it with the engine.

“Gets nothing” means that no message is encrypted for the device. Verified and distrusted are decisions that the user has made; only the user changes them, or a device that the user has verified and that says so later: another one of the user's, or one of the contact's about the contact's own keys (XEP-0450).
"""  # noqa: E501

MINUTE = 60


class Situation:
    """Ann, another device of hers, and Ben, who has two devices."""

    def __init__(self, folder: Path, state: Trust) -> None:
        self.world = FakeNetwork(folder)
        self.ann = self.world.peer("ann@test")
        self.tablet = self.world.peer("ann@test")
        self.ben = self.world.peer("ben@test")
        self.laptop = self.world.peer("ben@test")
        for peer in self.world.peers:
            peer.tells = False
        trust = self.ann.engine.trust
        trust.blind_trust = state is not Trust.UNDECIDED
        self.ann.prepare("ben@test")
        if state in (Trust.VERIFIED, Trust.DISTRUSTED):
            self.decide(self.ben.device, state)
        self.later()

    def decide(self, device: Device, trust: Trust) -> None:
        self.ann.engine.trust.set_trust(device, trust)

    def later(self) -> None:
        """Nothing can be undone any more."""
        self.ann.wait(MINUTE)

    def verified(self, peer: Peer) -> Peer:
        self.decide(peer.device, Trust.VERIFIED)
        self.later()
        return peer

    def statement(self, sender: Peer, trust: Trust, *, age: int = 0) -> None:
        """A trust message about Ben's device comes."""
        key = self.ben.engine.identity_key
        decisions = [KeyDecision("ben@test", key, trust)]
        now = int(self.ann.clock.now) - age
        received = self.ann.engine.trust_messages.received
        self.ann.carry_out(received(sender.device, decisions, now))

    def code(self, shown: Peer, *, distrusts: bool = False) -> None:
        """A code is read: Ben's device has the key of this one."""
        key = fingerprint(shown.engine.identity_key)
        number = self.ben.engine.device_id
        claims = CodeClaims(devices={number: key})
        if distrusts:
            claims = CodeClaims(distrusted=frozenset({key}))
        self.ann.carry_out(self.ann.engine.trust.decide("ben@test", claims))

    def show_lists(self, *left_out: Peer, protocols: tuple[Protocol, ...]) -> None:
        """The server shows Ben's lists without some devices."""
        hidden = {peer.engine.device_id for peer in left_out}
        for protocol in protocols:
            true = self.world.lists["ben@test", protocol]
            shown = tuple(one for one in true.devices if one.device_id not in hidden)
            received = self.ann.engine.keys.device_list_received
            self.ann.carry_out(received("ben@test", DeviceList(protocol, shown)))

    def other_key(self) -> None:
        """The server has another bundle for Ben's device."""
        eve = self.world.peer("eve@test")
        protocol = Protocol.OMEMO_2
        bundle = replace(self.world.bundles[eve.device, protocol])
        self.world.bundles[self.ben.device, protocol] = bundle
        self.ann.carry_out(self.ann.engine.keys.replace_session(self.ben.device))

    def outcome(self) -> str:
        """The state of Ben's device."""
        info: DeviceInfo = self.ann.info(self.ben)
        names = {Trust.BLIND: "trusted blindly"}
        name = names.get(info.trust, info.trust.value)
        self.ann.prepare("ben@test")
        gets = self.ben.device in self.ann.engine.outgoing.plan(["ben@test"]).recipients
        return name if gets else f"{name}, gets nothing"


def _returns(situation: Situation) -> None:
    situation.show_lists(situation.ben, protocols=tuple(Protocol))
    situation.show_lists(protocols=tuple(Protocol))


def _silent(situation: Situation) -> None:
    """It is not heard for half a year, and the contact uses another device."""
    ann, laptop = situation.ann, situation.laptop
    if not ann.info(laptop).trust.may_receive:
        situation.decide(laptop.device, Trust.BLIND)
    situation.ben.send(b"x", ann)
    situation.ben.auto_answer = False
    few = mock.patch.object(silence, "MESSAGES_MIN", 3)
    for seconds in (silence.ASKED_AFTER, silence.LEFT_OUT_AFTER):
        ann.clock.now += seconds
        for _ in range(4):
            ann.encrypt(b"x", "ben@test")
        laptop.send(b"x", ann)
        with few:
            ann.wait(0)


def _silent_until_now(situation: Situation) -> None:
    _silent(situation)
    situation.ben.send(b"x", situation.ann)


def _hidden(situation: Situation) -> None:
    assert situation.ben.send(b"x", situation.ann).plaintext == b"x"
    situation.show_lists(situation.ben, protocols=(Protocol.OMEMO_2,))


def _undone(situation: Situation) -> None:
    before = situation.ann.info(situation.ben).trust
    situation.decide(situation.ben.device, Trust.VERIFIED)
    situation.decide(situation.ben.device, before)
    situation.later()


def _by_hand(trust: Trust) -> Callable[[Situation], None]:
    return lambda one: one.decide(one.ben.device, trust)


def _says(trust: Trust, age: int = 0) -> Callable[[Situation], None]:
    return lambda one: one.statement(one.verified(one.tablet), trust, age=age)


def _ben_says(trust: Trust) -> Callable[[Situation], None]:
    return lambda one: one.statement(one.verified(one.laptop), trust)


Event = Callable[[Situation], object]

BY_THE_USER: dict[str, Event] = {
    "The user trusts the device without verifying it": _by_hand(Trust.BLIND),
    "The user verifies it": _by_hand(Trust.VERIFIED),
    "The user distrusts it": _by_hand(Trust.DISTRUSTED),
    "The user verifies it and undoes that": _undone,
    "A code has its key": lambda one: one.code(one.ben),
    "A code has another key for it": lambda one: one.code(one.laptop),
    "A code names its key as not to be trusted": lambda one: one.code(
        one.ben, distrusts=True
    ),
    "A verified device of the user verifies it later": _says(Trust.VERIFIED),
    "A verified device of the user distrusts it later": _says(Trust.DISTRUSTED),
}

BY_OTHERS: dict[str, Event] = {
    "A verified device of the user says that it verified it long ago": _says(
        Trust.VERIFIED, 30 * 24 * 3600
    ),
    "A verified device of the user says that it distrusted it long ago": _says(
        Trust.DISTRUSTED, 30 * 24 * 3600
    ),
    "A device of the user that is not verified verifies it": lambda one: one.statement(
        one.tablet, Trust.VERIFIED
    ),
    "A device of the user that is not verified distrusts it": lambda one: one.statement(
        one.tablet, Trust.DISTRUSTED
    ),
    "Another device of the contact, not verified, distrusts it": lambda one: (
        one.statement(one.laptop, Trust.DISTRUSTED)
    ),
    "It writes": lambda one: one.ben.send(b"x", one.ann),
    "The server shows another key for it": lambda one: one.other_key(),
    "The server takes it off the lists": lambda one: one.show_lists(
        one.ben, protocols=tuple(Protocol)
    ),
    "The server takes it off the lists and puts it back": _returns,
    "It wrote in OMEMO 2, and the server hides that it can": _hidden,
    "It is not heard for half a year, and answers nothing": _silent,
    "It writes after half a year": _silent_until_now,
}

# What a verified device of the contact says of that contact's other devices counts
BY_THE_CONTACT: dict[str, Event] = {
    "A verified device of the contact verifies it later": _ben_says(Trust.VERIFIED),
    "A verified device of the contact distrusts it later": _ben_says(Trust.DISTRUSTED),
}

EVENTS = {**BY_THE_USER, **BY_THE_CONTACT, **BY_OTHERS}

STATES = (Trust.UNDECIDED, Trust.BLIND, Trust.VERIFIED, Trust.DISTRUSTED)


def outcomes(state: Trust) -> dict[str, str]:
    """The states of a device after each event."""
    found = {}
    for name, happen in EVENTS.items():
        with tempfile.TemporaryDirectory() as folder:
            situation = Situation(Path(folder), state)
            happen(situation)
            found[name] = situation.outcome()
            situation.world.close()
    return found


def _never(_situation: Situation) -> None:
    pass


def _code_in_advance(one: Situation, *, right: bool) -> None:
    """A code of a device that is not there yet is read."""
    added = one.world.peer("ben@test", online=False)
    shown = added if right else one.world.peer("eve@test")
    key = fingerprint(shown.engine.identity_key)
    claims = CodeClaims(devices={added.engine.device_id: key})
    one.ann.carry_out(one.ann.engine.trust.decide("ben@test", claims))


def _verified_then_distrusted(one: Situation) -> None:
    one.verified(one.ben)
    one.decide(one.ben.device, Trust.DISTRUSTED)


def _blind_trust_off(one: Situation) -> None:
    one.ann.engine.trust.blind_trust = False


BEFORE: dict[str, Event] = {
    "nothing": _never,
    "verified a device of the contact": lambda one: one.verified(one.ben),
    "verified a device of the contact, and distrusted it later": (
        _verified_then_distrusted
    ),
    "distrusted a device of the contact": lambda one: one.decide(
        one.ben.device, Trust.DISTRUSTED
    ),
    "switched blind trust off": _blind_trust_off,
    "read a code with the key of the new device": lambda one: _code_in_advance(
        one, right=True
    ),
    "read a code with another key for the new device": lambda one: _code_in_advance(
        one, right=False
    ),
}


def new_devices() -> dict[str, str]:
    """The states of a new device, by what the user did before."""
    found = {}
    for name, happen in BEFORE.items():
        with tempfile.TemporaryDirectory() as folder:
            situation = Situation(Path(folder), Trust.BLIND)
            happen(situation)
            known = [peer for peer in situation.world.peers if peer.jid == "ben@test"]
            added = known[2] if len(known) > 2 else situation.world.peer("ben@test")
            if len(known) > 2:
                added.online()
            situation.ben = added
            situation.ann.prepare("ben@test")
            found[name] = situation.outcome()
            situation.world.close()
    return found


def page() -> str:
    """The page with the tables."""
    columns = [outcomes(state) for state in STATES]
    names = ["undecided", "trusted blindly", "verified", "distrusted"]
    lines = [HEAD, f"| event | {' | '.join(names)} |", "|---" * 5 + "|"]
    lines += [
        f"| {event} | {' | '.join(column[event] for column in columns)} |"
        for event in EVENTS
    ]
    lines += ["", "A device that is new:", "", "| the user had | it is |", "|---|---|"]
    lines += [f"| {name} | {outcome} |" for name, outcome in new_devices().items()]
    return "\n".join(lines) + "\n"
