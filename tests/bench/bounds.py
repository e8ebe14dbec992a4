# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Measures the cost of the worst input of each kind: the figures of docs/bounds.md.

CPU time of this thread, in milliseconds: the median of all rounds, and the worst
of them. Python collects its garbage now and then, which is in the worst.
"""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.limits import ENVELOPE_BYTES_MAX
from omemo_plugin.stanza.limits import ENVELOPE_ELEMENTS_MAX
from omemo_plugin.stanza.limits import KEYS_MAX
from omemo_plugin.stanza.limits import LISTED_DEVICES_MAX
from omemo_plugin.stanza.limits import PREKEYS_MAX
from omemo_plugin.stanza.limits import TRUST_DECISIONS_MAX
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import parse_bundle
from omemo_plugin.stanza.pep import parse_device_list
from tests.support.engine.fake_network import FakeNetwork
from tests.support.engine.fake_network import Peer
from tests.support.engine.many_accounts import add_crowd
from tests.support.engine.many_accounts import new_bundle

# The engine makes so many steps of a chain for one message
AHEAD = 1000
CROWD = "crowd@test"


def cpu(call: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.thread_time()
    call()
    return (time.thread_time() - started) * 1000


def refused(call: Callable[[], object]) -> float:
    """Milliseconds of something that is refused."""

    def run() -> None:
        with contextlib.suppress(ReceiveError, MalformedStanza):
            call()
            raise AssertionError("it was not refused")

    return cpu(run)


@contextlib.contextmanager
def two(protocol: Protocol) -> Iterator[tuple[Peer, Peer]]:
    """Ann writes to ben, and both have sessions."""
    with tempfile.TemporaryDirectory() as folder:
        network = FakeNetwork(Path(folder))
        ann = network.peer("ann@test", protocols=(protocol,))
        ben = network.peer("ben@test", protocols=(protocol,))
        ann.send(b"hello", ben)
        ben.send(b"hello", ann)
        ben.engine.commit()
        yield ann, ben
        network.close()


def far_ahead(ann: Peer, ben: Peer) -> EncryptedMessage:
    """A message after so many that did not come."""
    plain = dict.fromkeys(ann.protocols, b"x")
    for _ in range(AHEAD):
        sent = ann.engine.outgoing.encrypt([ben.jid], plain)
    return sent.messages[0]


def forged(message: EncryptedMessage, first: int, count: int) -> EncryptedMessage:
    """So many keys that differ in what nobody has authenticated."""
    key = message.keys[0]
    keys = tuple(
        dataclasses.replace(key, data=key.data[:-3] + number.to_bytes(3, "big"))
        for number in range(first, first + count)
    )
    return dataclasses.replace(message, keys=keys)


def messages(protocol: Protocol) -> Iterator[tuple[str, list[float]]]:
    """Messages of somebody with a session, and of strangers."""
    with two(protocol) as (ann, ben):
        message = far_ahead(ann, ben)

        def take(one: EncryptedMessage, sender: str = "ann@test") -> float:
            return refused(lambda: ben.engine.incoming.decrypt(sender, [one]))

        single = [take(forged(message, number, 1)) for number in range(1, 11)]
        yield "a forged key, 1000 steps ahead", single
        yield "the same again", [take(forged(message, 1, 1)) for _ in range(100)]
        ben.clock.now += 60
        many = [take(forged(message, n * 9000, KEYS_MAX)) for n in range(1, 6)]
        yield "a stanza with 5000 such keys", many
        element = build_encrypted(forged(message, 1, KEYS_MAX))
        parsed = [cpu(lambda: find_encrypted([element])) for _ in range(5)]
        yield "reading a stanza with 5000 keys", parsed
        flood = [take(forged(message, number, 1)) for number in range(100, 1100)]
        yield "each of 1000 stanzas in a row", flood
        strangers = [
            take(forged(message, number, 3), f"s{number}@test")
            for number in range(1000)
        ]
        yield "each of 1000 strangers", strangers
        ben.clock.now += 60
        lost = cpu(lambda: ben.engine.incoming.decrypt("ann@test", [message]))
        yield "an authentic one after 1000 lost ones", [lost]
        yield "and writing it", [cpu(ben.engine.commit)]


def exchanges(protocol: Protocol) -> Iterator[tuple[str, list[float]]]:
    """First messages, one for each prekey."""
    with tempfile.TemporaryDirectory() as folder:
        network = FakeNetwork(Path(folder))
        ben = network.peer("ben@test", protocols=(protocol,))
        sent = []
        for number in range(50):
            ann = network.peer(f"ann{number}@test", protocols=(protocol,))
            sent.append((ann, ann.encrypt(b"x", ben.jid)))
        decrypt = ben.engine.incoming.decrypt
        times = [cpu(partial(decrypt, ann.jid, one.messages)) for ann, one in sent]
        yield "a key exchange", times
        network.close()


def large(protocol: Protocol) -> Iterator[tuple[str, list[float]]]:
    """A text as long as the plugin reads."""
    with two(protocol) as (ann, ben):
        text = b"x" * (ENVELOPE_BYTES_MAX - 100)
        sent = [ann.encrypt(text, ben.jid) for _ in range(3)]
        yield "a text of 1 MiB", [cpu(partial(ben.decrypt, ann, one)) for one in sent]


def announcements(protocol: Protocol) -> Iterator[tuple[str, list[float]]]:
    """Device lists and bundles."""

    def listed(count: int) -> Element:
        devices = tuple(ListedDevice(number) for number in range(1, count + 1))
        return build_device_list(DeviceList(protocol, devices))

    with two(protocol) as (_ann, ben):
        many = listed(LISTED_DEVICES_MAX)

        def take(jid: str) -> None:
            ben.engine.keys.device_list_received(jid, parse_device_list(many, protocol))

        endless = listed(20_000)

        def read() -> None:
            with contextlib.suppress(MalformedStanza):
                parse_device_list(endless, protocol)

        yield "reading a list of 20,000 devices", [cpu(read) for _ in range(5)]
        owners = [f"many{number}@test" for number in range(5)]
        times = [cpu(partial(take, owner)) for owner in owners]
        yield "a list of 1000 devices", times
        whole = new_bundle(protocol)
        prekeys = {
            number: new_bundle(protocol).prekeys[1]
            for number in range(1, PREKEYS_MAX + 1)
        }
        element = build_bundle(dataclasses.replace(whole, prekeys=prekeys))

        def take_bundle(number: int) -> None:
            bundle: Bundle = parse_bundle(element, protocol)
            device = Device(f"many{number}@test", 1)
            ben.engine.outgoing.plan([device.jid])
            ben.engine.keys.bundle_received(device, bundle)

        times = [cpu(partial(take_bundle, number)) for number in range(3)]
        yield "a bundle with 1000 prekeys", times


def envelopes() -> Iterator[tuple[str, list[float]]]:
    """The contents of an OMEMO 2 message."""
    content = Element("{test}many")
    for _ in range(ENVELOPE_ELEMENTS_MAX - 20):
        SubElement(content, "{test}one")
    stamp = datetime.now(UTC)
    data = build_envelope([content], from_jid="a@test", to_jid="b@test", stamp=stamp)
    yield (
        "an envelope of 4000 elements",
        [cpu(lambda: parse_envelope(data)) for _ in range(5)],
    )
    with two(Protocol.OMEMO_2) as (ann, ben):
        ben.engine.trust.set_trust(ann.device, Trust.VERIFIED)
        ben.wait(60)
        key = ann.engine.identity_key

        def decisions(first: int) -> list[KeyDecision]:
            return [
                KeyDecision(
                    ann.jid, number.to_bytes(8, "big") + key[8:], Trust.VERIFIED
                )
                for number in range(first, first + TRUST_DECISIONS_MAX)
            ]

        def receive(first: int) -> None:
            ben.engine.trust_messages.received(
                ann.device, decisions(first), int(ben.clock.now)
            )

        times = [cpu(partial(receive, number * 5000)) for number in range(3)]
        yield "a trust message about 400 keys", times


def sending(protocol: Protocol) -> Iterator[tuple[str, list[float]]]:
    """The first message to a thousand devices, in steps."""
    with tempfile.TemporaryDirectory() as folder:
        network = FakeNetwork(Path(folder))
        ann = network.peer("ann@test", protocols=(protocol,))
        for number in range(5):
            add_crowd(ann.engine, f"{number}{CROWD}", 190, protocol)
        ann.engine.commit()
        jids = [f"{number}{CROWD}" for number in range(5)]
        yield (
            "planning for 950 devices",
            [cpu(lambda: ann.engine.outgoing.plan(jids)) for _ in range(3)],
        )
        encryption = ann.engine.outgoing.begin_encrypt(jids, {protocol: b"x"})
        steps: list[float] = []
        done: list[bool] = []
        while not any(done):
            steps.append(cpu(lambda: done.append(encryption.step())))
        yield "a step of the first message to them", steps
        yield "the end of it", [cpu(encryption.finish)]
        network.close()


def main() -> int:
    """Print the table."""
    print("| input | protocol | rounds | median ms | worst ms |")
    print("|---|---|---|---|---|")
    for protocol in Protocol:
        name = "0.3" if protocol is Protocol.LEGACY else "2"
        for kind in (messages, exchanges, large, announcements, sending):
            for title, times in kind(protocol):
                print_row(title, name, times)
    for title, times in envelopes():
        print_row(title, "2", times)
    return 0


def print_row(title: str, protocol: str, times: list[float]) -> None:
    """Print a row of the table."""
    median, worst = statistics.median(times), max(times)
    rounds = len(times)
    print(
        f"| {title} | {protocol} | {rounds} | {median:.1f} | {worst:.1f} |", flush=True
    )
