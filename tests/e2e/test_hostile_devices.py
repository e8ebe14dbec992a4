# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and contacts that lie about devices and keys, and a running Gajim."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from datetime import timedelta

from oldmemo.oldmemo_pb2 import OMEMOKeyExchange  # type: ignore[attr-defined]

from omemo_plugin.engine.trust.user_decisions import UNDO_SECONDS
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import bundle_item_id
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.trust_message import build_trust_message
from tests.e2e.conversation import secret
from tests.e2e.hostile_stage import Stage
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.omemo_peer import publication
from tests.support.peers.omemo_peer import xml
from tests.support.servers.hostile import LEGACY_LIST
from tests.support.servers.hostile import NEW_LIST
from tests.support.waiting import wait_for

LEGACY = Protocol.LEGACY
OMEMO_2 = Protocol.OMEMO_2

A_DAY = 24 * 3600


def decide(stage: Stage, peer: OmemoPeer, trust: str) -> None:
    """The user decides on a device."""
    stage.alice.call(
        "set_trust",
        account=stage.alice.account_name,
        jid=peer.jid,
        key=peer.engine.fingerprint,
        trust=trust,
    )


def trust_in(stage: Stage, peer: OmemoPeer) -> str | None:
    known: dict[str, str] = stage.alice.call(
        "trust", account=stage.alice.account_name, jid=peer.jid
    )
    return known.get(peer.engine.fingerprint)


def readers_on_the_wire(stage: Stage, jid: str) -> set[int]:
    """The device ids in the header of the last message for somebody, as the server
    saw it."""
    stanzas = [
        line
        for line in stage.server.stanzas_with("<encrypted")
        if line.startswith(f"< {stage.own}/") and f"to='{jid}" in line
    ]
    return {int(found) for found in re.findall(r"rid='(\d+)'", stanzas[-1])}


def show_lists(stage: Stage, jid: str, devices: Iterable[int]) -> None:
    """The server says that an account has these devices."""
    ids = list(devices)
    for node in (LEGACY_LIST, NEW_LIST):
        stage.hostile.device_list(jid, ids, node)


def test_case_54_the_better_list_is_emptied(stage: Stage) -> None:
    """Nothing goes out in 0.3 to a device that was heard in OMEMO 2."""
    eve = stage.peer("eve")
    stage.open_chat(eve)
    stage.talk(eve, "in OMEMO 2")
    stage.hostile.device_list(eve.jid, [], NEW_LIST)
    stage.wait_for_warning("offers only an older encryption now")
    stage.is_not_sent("Nothing is sent until you decide about")
    stage.alice.screenshot(f"the-older-protocol-{stage.suite}")
    stage.hostile.device_list(eve.jid, [eve.device.device_id], NEW_LIST)
    stage.talk(eve, "the list is back")
    stage.check("after the older protocol")


def test_case_62_a_borrowed_key(stage: Stage) -> None:
    """In a bundle and in a first message: refused, and both are named."""
    alice = stage.alice
    eve = stage.peer("eve")
    for protocol in BOTH:
        eve.publish_bundle(stage.bob.bundle(protocol), eve.device.device_id)
    stage.open_chat(eve)
    stage.is_not_sent("Nothing is sent")
    stage.wait_for_warning(f"shows the key of {stage.bob.jid}")
    sent = [
        line
        for line in stage.server.stanzas_with("<encrypted")
        if line.startswith(f"< {stage.own}/") and f"to='{eve.jid}" in line
    ]
    assert not sent
    alice.screenshot(f"a-borrowed-key-{stage.suite}")

    dan = stage.peer("dan", (LEGACY,))
    stage.open_chat(dan)
    stage.talk(dan, "under the right name")
    other = f"{stage.nobody('cat')}@localhost"
    text = secret("under another name")
    begin_session(dan, stage.own)
    content = dan.encrypted(dan.encrypt(text, stage.own))
    alice.open_chat(other, "OMEMO")
    before = len(alice.messages())
    stage.hostile.send(stage.hostile.message(other, content))
    stage.wait_for_refusal("came with a different key", before)
    stage.wait_for_warning(f"shows the key of {dan.jid}")
    stage.open_chat(dan)
    # It was not decrypted, so it can be
    stage.hostile.send(stage.hostile.message(dan.jid, content))
    assert alice.wait_for_message(text).trust == "BLIND"
    stage.check("after borrowed keys")


def begin_session(peer: OmemoPeer, jid: str) -> None:
    """The next message begins a session."""
    for info in peer.engine.devices.of(jid):
        peer.engine.keys.replace_session(info.device)
        for protocol in BOTH:
            bundle = peer.bundle_of(info.device, protocol)
            assert bundle is not None
            peer.engine.keys.bundle_received(info.device, bundle)


def test_case_63_an_old_list_again(stage: Stage) -> None:
    """A verified device is gone, and is back: both are said, and it gets nothing."""
    alice = stage.alice
    eve = stage.peer("eve")
    laptop = stage.device_of(stage.server.accounts[eve.name])
    ids = {peer.device.device_id for peer in (eve, laptop)}
    stage.open_chat(eve)
    stage.hear(laptop, "from the laptop")
    stage.hear(eve, "from the phone")
    laptop.wait_for_text(stage.tell(eve, "for both"))
    for peer in (eve, laptop):
        decide(stage, peer, "VERIFIED")
    show_lists(stage, eve.jid, [eve.device.device_id])
    stage.wait_for_warning("is not in use any more")
    stage.tell(eve, "without the laptop")
    show_lists(stage, eve.jid, ids)
    stage.wait_for_warning("is back")
    text = stage.tell(eve, "while the laptop is back")
    readers = readers_on_the_wire(stage, eve.jid)
    assert eve.device.device_id in readers
    assert laptop.device.device_id not in readers
    assert text not in laptop.read()
    alice.screenshot(f"an-old-list-{stage.suite}")
    decide(stage, laptop, "VERIFIED")
    laptop.wait_for_text(stage.tell(eve, "the user has decided"))
    stage.check("after an old list")


def test_case_64_labels_of_devices(stage: Stage) -> None:
    """Only what the device has signed is shown, in one short line."""
    eve = stage.peer("eve")
    stage.open_chat(eve)
    stage.talk(eve, "with a name")
    sign = eve.engine._core.sign
    wild = "true \u2028\u202elabel " + "x" * 200
    for label, signature, words in (
        ("forged label", None, ""),
        ("forged label", sign("another"), ""),
        ("forged label", stage.bob.engine._core.sign("forged label"), ""),
        (wild * 50, sign(wild * 50), ""),
        (wild, sign(wild), "true label"),
        ("honest label", sign("honest label"), "honest label"),
    ):
        entry = ListedDevice(eve.device.device_id, label, signature)
        payload = build_device_list(DeviceList(OMEMO_2, (entry,)))
        if words or signature:
            item = f"<item id='current'>{xml(payload)}</item>"
        else:
            # Ours writes no label without a signature
            item = (
                "<item id='current'><devices xmlns='urn:xmpp:omemo:2'><device"
                f" id='{entry.device_id}' label='{label}'/></devices></item>"
            )
        stage.hostile.event(eve.jid, NEW_LIST, item)
        stage.tell(eve, "after a name")
        texts = texts_of_details(stage, words or "’s first device")
        shown = [text for text in texts if "label" in text]
        if words:
            assert len(shown) == 1, texts
            assert shown[0].startswith(words)
            assert len(shown[0]) <= 53
            assert shown[0].isprintable()
        else:
            assert not shown
            assert any(text.endswith("’s first device") for text in texts), texts
    stage.check("after labels")


def texts_of_details(stage: Stage, name: str) -> list[str]:
    """The texts of the window with the details of the shown chat, as soon as a device
    has a name with this in it."""
    alice = stage.alice
    alice.call("choose_in_encryption_menu", label="Encryption details…")

    def texts() -> list[str]:
        found: list[str] = alice.call("window_texts")
        is_open = "Technical details" in found
        return found if is_open and any(name in one for one in found) else []

    shown = wait_for(f"{name} is shown", texts)
    alice.call("close_window", title="Encryption details")
    return shown


def test_case_65_a_prekey_is_added_to_our_bundle(stage: Stage) -> None:
    """No alarm, no new session; our bundle is published again."""
    alice = stage.alice
    stage.open_chat(stage.bob)
    ids = stage.server.listed_devices(alice.account)[LEGACY_LIST]
    number = min(int(one) for one in ids)
    own = stage.client_of(alice.account)
    device = Device(stage.own, number)

    def published(protocol: Protocol) -> set[int]:
        bundle = stage.bob.bundle_of(device, protocol)
        assert bundle is not None
        return set(bundle.prekeys)

    alice.set_online(False)
    for protocol in BOTH:
        bundle = stage.bob.bundle_of(device, protocol)
        assert bundle is not None
        forged = dataclasses.replace(
            bundle, prekeys={**bundle.prekeys, 5000: bytes(range(32))}
        )
        stanza = publication(
            bundle_node(protocol, number),
            bundle_item_id(protocol, number),
            xml(build_bundle(forged)),
            many=protocol is OMEMO_2,
        )
        assert own.set(stanza) is not None
        assert 5000 in published(protocol)
    own.close()
    alice.set_online(True)
    wait_for(
        "our bundles are published again",
        lambda: not any(5000 in published(protocol) for protocol in BOTH),
    )
    stage.open_chat(stage.bob)
    assert not [line for line in stage.lines() if "keys on this computer" in line]
    text = secret("in the same session")
    alice.send(text)
    stage.bob.wait_for_text(text)
    sent = [
        line
        for line in stage.server.stanzas_with("<encrypted")
        if line.startswith(f"< {stage.own}/") and f"to='{stage.bob.jid}" in line
    ]
    assert "kex=" not in sent[-1]
    assert "prekey=" not in sent[-1]
    stage.check("after a prekey that was added")


def test_case_66_distrusted_while_the_disk_is_waited_for(stage: Stage) -> None:
    """The message is encrypted again, without the device."""
    alice = stage.alice
    eve = stage.peer("eve")
    laptop = stage.device_of(stage.server.accounts[eve.name])
    stage.open_chat(eve)
    stage.hear(laptop, "from the laptop")
    stage.hear(eve, "from the phone")
    laptop.wait_for_text(stage.tell(eve, "for both"))
    alice.call("hold_disk", account=alice.account_name)
    text = secret("not for the laptop")
    alice.call("type_text", text=text)
    alice.call("press_send")
    wait_for(
        "the message waits for the disk",
        lambda: alice.call("is_disk_waited_for", account=alice.account_name),
    )
    decide(stage, laptop, "DISTRUSTED")
    alice.call("release_disk")
    eve.wait_for_text(text)
    assert laptop.device.device_id not in readers_on_the_wire(stage, eve.jid)
    assert text not in laptop.read()
    stage.check("after a decision in between")


def test_case_58_72_trust_messages(stage: Stage) -> None:
    """A withheld one undoes no decision, and a contact decides on own keys only."""
    alice = stage.alice
    laptop = stage.device_of(alice.account, (OMEMO_2,))
    dan, cat = stage.peer("dan", (OMEMO_2,)), stage.peer("cat", (OMEMO_2,))
    for peer in (dan, cat):
        stage.open_chat(peer)
        stage.talk(peer, "before trust messages")
    wait_for("the laptop is known", lambda: trust_in(stage, laptop) is not None)
    decide(stage, laptop, "VERIFIED")
    account = alice.account_name
    # From then on the user cannot undo it, and it counts
    alice.call("let_time_pass", account=account, seconds=UNDO_SECONDS + 1)

    def say_trust(sender: OmemoPeer, about: OmemoPeer, trust: Trust) -> str:
        key = about.engine.identity_key
        element = build_trust_message([KeyDecision(about.jid, key, trust)])
        messages = sender.encrypt("", stage.own, content=[element])
        return stage.hostile.message(sender.jid, sender.encrypted(messages))

    withheld = [say_trust(laptop, dan, Trust.VERIFIED) for _ in range(3)]
    decide(stage, dan, "DISTRUSTED")
    for stanza, shift in zip(
        withheld, (-A_DAY, -1_700_000_000, 2_000_000_000), strict=True
    ):
        alice.call("let_time_pass", account=account, seconds=shift)
        stage.hostile.send(stanza)
        alice.call("ping")
        alice.call("let_time_pass", account=account, seconds=-shift)
        assert trust_in(stage, dan) == "DISTRUSTED", shift
    # A contact's word about a third person, and about us
    decide(stage, cat, "VERIFIED")
    for about, trust in (
        (dan, Trust.VERIFIED),
        (stage.bob, Trust.VERIFIED),
        (stage.bob, Trust.DISTRUSTED),
        (laptop, Trust.DISTRUSTED),
    ):
        before = trust_in(stage, about)
        stage.hostile.send(say_trust(cat, about, trust))
        assert trust_in(stage, about) == before, (about.jid, trust)
    # Our own other device is believed, so all of these were well-formed
    eve = stage.peer("eve", (OMEMO_2,))
    stage.open_chat(eve)
    stage.talk(eve, "before an honest trust message")
    stage.hostile.send(say_trust(laptop, eve, Trust.VERIFIED))
    wait_for("eve is verified", lambda: trust_in(stage, eve) == "VERIFIED")
    decide(stage, laptop, "DISTRUSTED")
    stage.check("after trust messages")


def test_case_46_trust_messages_early_late_and_twice(stage: Stage) -> None:
    """XEP-0450: about a key that nobody here has met, from a device that is not
    verified yet, in the wrong order, and twice."""
    alice = stage.alice
    laptop = stage.device_of(alice.account, (OMEMO_2,))
    tablet = stage.device_of(alice.account, (OMEMO_2,))
    wait_for(
        "both are known",
        lambda: None not in (trust_in(stage, laptop), trust_in(stage, tablet)),
    )
    decide(stage, laptop, "VERIFIED")
    account = alice.account_name
    alice.call("let_time_pass", account=account, seconds=UNDO_SECONDS + 1)
    now = datetime.now(UTC)

    def say_trust(
        sender: OmemoPeer, about: OmemoPeer, trust: Trust, seconds: int
    ) -> str:
        element = build_trust_message(
            [KeyDecision(about.jid, about.engine.identity_key, trust)]
        )
        messages = sender.encrypt(
            "",
            stage.own,
            content=[element],
            stamp=now - timedelta(seconds=seconds),
        )
        return stage.hostile.message(sender.jid, sender.encrypted(messages))

    # Before anybody here has heard of the device, and the refusal before what it
    # replaces
    dan, cat = stage.peer("dan", (OMEMO_2,)), stage.peer("cat", (OMEMO_2,))
    for _ in range(2):
        stage.hostile.send(say_trust(laptop, dan, Trust.VERIFIED, 60))
    stage.hostile.send(say_trust(laptop, cat, Trust.DISTRUSTED, 30))
    stage.hostile.send(say_trust(laptop, cat, Trust.VERIFIED, 60))
    for peer in (dan, cat):
        assert trust_in(stage, peer) is None
    stage.open_chat(dan)
    stage.hear(dan, "from a device that was verified before")
    assert trust_in(stage, dan) == "VERIFIED"
    stage.open_chat(cat)
    cat.say(stage.own, secret("from a device that was refused before"))
    wait_for("it is refused", lambda: trust_in(stage, cat) == "DISTRUSTED")

    # By a device that nobody has verified yet
    eve = stage.peer("eve", (OMEMO_2,))
    stage.open_chat(eve)
    stage.talk(eve, "before trust messages")
    for _ in range(2):
        stage.hostile.send(say_trust(tablet, eve, Trust.VERIFIED, 60))
    alice.call("ping")
    assert trust_in(stage, eve) == "BLIND"
    decide(stage, tablet, "VERIFIED")
    alice.call("let_time_pass", account=account, seconds=UNDO_SECONDS + 1)
    wait_for("eve is verified", lambda: trust_in(stage, eve) == "VERIFIED")
    said = "is verified too: a verified device confirmed it."
    stage.wait_for_line(said)

    # What is older comes later, and everything comes again: from the archive, and
    # said again
    refused = say_trust(laptop, eve, Trust.DISTRUSTED, 20)
    stage.hostile.send(refused)
    stage.wait_for_line("A verified device refused a device of")
    stage.hostile.send(say_trust(laptop, eve, Trust.VERIFIED, 40))
    stage.hostile.send(refused)
    stage.hostile.send(say_trust(laptop, eve, Trust.DISTRUSTED, 20))
    # In the end a later one that counts; so all of them were read
    stage.hostile.send(say_trust(laptop, eve, Trust.VERIFIED, 0))
    wait_for("eve is verified", lambda: trust_in(stage, eve) == "VERIFIED")
    lines = stage.lines()
    assert sum(said in line for line in lines) == 2, lines
    assert sum("refused a device of" in line for line in lines) == 1, lines
    stage.talk(eve, "after trust messages")
    for device in (laptop, tablet):
        decide(stage, device, "DISTRUSTED")
    stage.check("after trust messages")


# Points of the curve with which every secret comes to the same
LOW_ORDER = (bytes(32), (1).to_bytes(32, "little"), b"\xec" + b"\xff" * 30 + b"\x7f")


def test_case_71_keys_of_low_order(stage: Stage) -> None:
    """In a bundle and in a first message: refused, and nothing goes out."""
    alice = stage.alice
    eve = stage.peer("eve")
    for protocol in BOTH:
        bundle = eve.bundle(protocol)
        low = dict.fromkeys(bundle.prekeys, LOW_ORDER[1])
        eve.publish_bundle(
            dataclasses.replace(bundle, prekeys=low), eve.device.device_id
        )
    stage.open_chat(eve)
    stage.is_not_sent("cannot be used")

    dan = stage.peer("dan", (LEGACY,))
    stage.open_chat(dan)
    text = secret("with keys of low order")
    (message,) = dan.encrypt(text, stage.own)
    for place in ("ek", "ik"):
        for key in LOW_ORDER:
            before = len(alice.messages())
            forged = dan.encrypted([with_exchange_key(message, place, key)])
            stage.hostile.send(stage.hostile.message(dan.jid, forged))
            stage.wait_for_refusal("", before)
            assert alice.find(text) is None
    alice.screenshot(f"keys-of-low-order-{stage.suite}")
    stage.hostile.send(stage.hostile.message(dan.jid, dan.encrypted([message])))
    assert alice.wait_for_message(text).trust == "BLIND"
    stage.talk(dan, "after keys of low order")
    stage.check("after keys of low order")


def with_exchange_key(
    message: EncryptedMessage, place: str, key: bytes
) -> EncryptedMessage:
    """A first message of OMEMO 0.3 with another public key in it."""
    keys = []
    for one in message.keys:
        exchange = OMEMOKeyExchange.FromString(one.data[1:])
        setattr(exchange, place, b"\x05" + key)
        data = one.data[:1] + exchange.SerializeToString()
        keys.append(dataclasses.replace(one, data=data))
    return dataclasses.replace(message, keys=tuple(keys))
