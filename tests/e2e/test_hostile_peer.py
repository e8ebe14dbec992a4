# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts with real sessions that do what they should not, and a running Gajim.

What they send is encrypted as it should be, so that nothing but the check that is
tested can refuse it. After each case an honest contact is heard, and hears.
"""

from __future__ import annotations

import dataclasses
import re
import time
from functools import partial
from xml.etree.ElementTree import Element

from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.limits import PREKEYS_MAX
from omemo_plugin.stanza.pep import build_bundle
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import is_kept
from tests.e2e.conversation import secret
from tests.e2e.hostile_stage import NOBODY
from tests.e2e.hostile_stage import Stage
from tests.support.gajim.program import Gajim
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.omemo_peer import xml
from tests.support.servers.hostile import LEGACY_LIST
from tests.support.waiting import wait_for

LEGACY = Protocol.LEGACY
OMEMO_2 = Protocol.OMEMO_2

LEGACY = Protocol.LEGACY
OMEMO_2 = Protocol.OMEMO_2


def test_case_13_another_key_for_a_known_device(stage: Stage) -> None:
    """In a key exchange and in a bundle: an alarm, and nothing goes out any more."""
    alice = stage.alice

    eve = stage.peer("eve")
    stage.open_chat(eve)
    kept = stage.talk(eve, "the key that is known")
    other = stage.device_of(stage.server.accounts[eve.name])
    # Nobody shall know of that one but by what it pretends to be
    for protocol in BOTH:
        other.publish_list(protocol, [eve.device.device_id])
    before = len(alice.messages())
    forged = [
        dataclasses.replace(message, sender_device_id=eve.device.device_id)
        for message in other.encrypt("case thirteen", alice.account.jid)
    ]
    other.client.send(other.stanza(stage.own, other.encrypted(forged)))
    stage.wait_for_refusal("came with a different key", before)
    stage.wait_for_warning("shows a different key")
    wait_for(
        "the shield says so", lambda: "different key" in alice.call("composer_shield")
    )
    stage.is_not_sent("until you answer the warning above")
    # What was said before stays, and what the device with the right key says
    kept.append(stage.hear(eve, "the key that is known goes on"))
    for text in kept:
        found = alice.find(text)
        assert found is not None
        check_encrypted(alice, found)
    assert alice.find("case thirteen") is None
    alice.screenshot(f"another-key-in-a-message-{stage.suite}")
    stage.check("after another key in a message")

    dan = stage.peer("dan", (LEGACY,))
    stage.open_chat(dan)
    stage.talk(dan, "the key that is known")
    device_id = dan.device.device_id
    # The key of somebody whom alice does not know: a known one would be borrowed
    dan.publish_bundle(stage.peer("cat").bundle(OMEMO_2), device_id)
    dan.publish_list(OMEMO_2, [device_id])
    # The first may have left before the list came
    text = secret("with the key that is known")
    alice.send(text)
    stage.wait_for_warning("shows a different key")
    wait_for(
        "it has left or is back",
        lambda: alice.find(text) or is_kept(alice, text),
    )
    stage.is_not_sent("until you answer the warning above")
    stage.hear(dan, "the key that is known goes on")
    alice.screenshot(f"another-key-in-a-bundle-{stage.suite}")
    stage.check("after another key in a bundle")


COUNT = 200


def is_in_room(gajim: Gajim, room: str, nickname: str) -> bool:
    """Whether a Gajim sees somebody in a room."""
    seen = gajim.call("nicknames", account=gajim.account_name, room=room)
    return nickname in seen


def test_case_33_a_flood_of_key_exchanges(stage: Stage) -> None:
    """One publication, prekeys enough for others, and a limit."""
    alice = stage.alice
    eve = stage.peer("eve", (LEGACY,))
    stage.open_chat(eve)
    stage.talk(eve, "before the flood")
    flood = exchanges(stage, eve)
    published = len(publications(stage))
    began = time.monotonic()
    eve.client.send(*flood)
    waits = []

    def arrived() -> list[str]:
        asked = time.monotonic()
        alice.call("ping")
        waits.append(time.monotonic() - asked)
        history = alice.history(eve.jid)
        return [one["text"] for one in history if "flood" not in one["text"]]

    wait_for("all of them are rows", lambda: len(arrived()) == COUNT, 120)
    seconds = time.monotonic() - began
    assert max(waits) < 5, "the window did not answer"
    texts = arrived()
    read = [text for text in texts if text.startswith("exchange")]
    refused = [text for text in texts if "started anew too often" in text]
    assert len(read) + len(refused) == COUNT
    # A hundred at once, and then one more a second
    assert 95 <= len(read) <= 105 + seconds, "the limit for one account"
    wait_for(
        "the bundle is published anew", lambda: len(publications(stage)) > published
    )

    def heard_again() -> list[str]:
        # Her session is the last of the flood, and so may be refused for a second
        eve.say(stage.own, secret("after the flood"))
        texts = [one["text"] for one in alice.history(eve.jid)]
        return [text for text in texts if "after the flood" in text]

    text = wait_for("eve is heard again", heard_again, interval=1.5)[0]
    # Gajim may have stopped at an earlier row
    stage.open_chat(stage.bob)
    stage.open_chat(eve)
    check_encrypted(alice, alice.wait_for_message(text))
    alice.screenshot(f"a-flood-{stage.suite}")
    name = eve.name.title()
    said = f"{name}’s first device started anew too often. Ask {name} what happened."
    assert set(refused) == {f"[Message from {name} not opened] {said}"}
    folded = [row for row in alice.call("marked_rows") if "Show all" in row["texts"]]
    assert folded
    assert not any("Details…" in row["texts"] for row in folded)
    alice.call("press_in_marked_row", kind="UNOPENED", label="Details…")
    title = f"Encryption details: {name}"
    wait_for("the details", lambda: title in alice.call("window_titles"))
    alice.call("close_window", title=title)
    stage.check("after the flood")
    bundles = publications(stage)[published:]
    # What was used before, if it is late, then all of these, or those of a quarter of
    # a minute
    at_most = 2 + (time.monotonic() - began) / 15
    assert len(bundles) <= at_most < COUNT / 2, "each exchange is published"
    assert all(one.count("<preKeyPublic") >= 25 for one in bundles)


def exchanges(stage: Stage, peer: OmemoPeer) -> list[str]:
    """Messages each of which begins a session of its own."""
    (device,) = [info.device for info in peer.engine.devices.of(stage.own)]
    bundles = [peer.bundle_of(device, protocol) for protocol in BOTH]
    found = []
    for number in range(COUNT):
        peer.engine.keys.replace_session(device)
        for bundle in bundles:
            assert bundle is not None
            peer.engine.keys.bundle_received(device, bundle)
        messages = peer.encrypt(f"exchange {number}", stage.own)
        found.append(peer.stanza(stage.own, peer.encrypted(messages)))
    return found


def publications(stage: Stage) -> list[str]:
    """The bundles of 0.3 that the victim has published, as the server saw them."""
    node = f"<publish node='{LEGACY.namespace}.bundles:"
    return [
        line
        for line in stage.server.stanzas_with(node)
        if line.startswith(f"< {stage.own}/")
    ]


def test_case_35_bundles_that_cannot_be_used(stage: Stage) -> None:
    """Their devices get nothing, and the others get the message."""
    alice = stage.alice
    eve, donor = stage.peer("eve"), stage.peer("cat")
    bad: set[int] = set()
    for protocol in BOTH:
        payloads = unusable_bundles(eve.bundle(protocol), donor.bundle(protocol))
        for device_id, payload in enumerate(payloads, 1001):
            eve.publish_as_bundle(protocol, device_id, payload)
            bad.add(device_id)
        eve.publish_list(protocol, [*bad, eve.device.device_id, NOBODY])
    stage.open_chat(eve)
    stage.talk(eve, "beside unusable keys")

    def asked() -> int:
        lines = stage.server.stanzas_with(f"to='{eve.jid}'")
        nodes = [line for line in lines if "bundles" in line and "<items" in line]
        return len([line for line in nodes if line.startswith(f"< {stage.own}/")])

    before = asked()
    assert before >= 2 * len(bad), "the keys were not asked for"
    stage.talk(eve, "again")
    assert asked() == before, "asked again at once"
    header = "".join(
        line
        for line in stage.server.stanzas_with("<encrypted")
        if line.startswith(f"< {stage.own}/") and f"to='{eve.jid}" in line
    )
    assert re.search(rf"rid='{eve.device.device_id}'", header)
    for device_id in (*bad, NOBODY):
        assert f"rid='{device_id}'" not in header, "encrypted for a refused bundle"
    assert len(alice.call("trust", account=alice.account_name, jid=eve.jid)) == 1
    stage.check("after unusable keys")

    dan = stage.peer("dan")
    for protocol in BOTH:
        damaged = unusable_bundles(dan.bundle(protocol), dan.bundle(protocol))[0]
        dan.publish_as_bundle(protocol, dan.device.device_id, damaged)
    stage.open_chat(dan)
    stage.is_not_sent("cannot be used. Ask")
    alice.screenshot(f"unusable-keys-{stage.suite}")
    for protocol in BOTH:
        dan.publish_bundle(dan.bundle(protocol), dan.device.device_id)
    stage.hear(dan, "with good keys")
    stage.check("after nothing but unusable keys")


def unusable_bundles(good: Bundle, other: Bundle) -> list[str]:
    """Damaged bundles of one device, and one of another device, as they are
    published."""
    flipped = bytes([other.signature[0] ^ 1]) + other.signature[1:]
    signature = dataclasses.replace(other, signature=flipped)
    whole = xml(build_bundle(other))
    start, end = whole.index("<prekeys"), whole.index("</prekeys>")
    prekey = next(iter(other.prekeys.values()))
    many = dataclasses.replace(
        other, prekeys=dict.fromkeys(range(1, PREKEYS_MAX + 2), prekey)
    )
    return [
        xml(build_bundle(signature)),
        f"{whole[:start]}<prekeys>{whole[end:]}",
        xml(build_bundle(many)),
        xml(build_bundle(good)),
        "<nonsense xmlns='urn:nonsense'/>",
    ]


def test_case_16_17_18_19_20_valid_ciphertext_by_a_wrong_way(stage: Stage) -> None:
    """It is not decrypted: what came first in a lie can still be read after it."""
    alice, hostile = stage.alice, stage.hostile
    eve = stage.peer("eve")
    stage.open_chat(eve)
    stage.talk(eve, "before")
    mallory = "mallory@localhost"
    full = f"{stage.own}/elsewhere"

    def around(content: str, sender: str = mallory) -> str:
        return f"<message xmlns='jabber:client' from='{sender}'>{content}</message>"

    def case_16(inner: str) -> None:
        for sender in (mallory, f"{mallory}/x", "localhost", full, eve.jid):
            for kind in ("received", "sent"):
                hostile.from_server(sender, hostile.carbon(inner, kind))

    def case_17(inner: str) -> None:
        nested = around(hostile.carbon(inner))
        hostile.from_server(stage.own, hostile.carbon(nested))
        hostile.from_server(stage.own, hostile.archived(nested, "nobody-asked"))
        nested = around(hostile.archived(inner, "nobody-asked"), stage.own)
        hostile.from_server(stage.own, hostile.carbon(nested))

    def case_18(inner: str) -> None:
        for sender in (stage.own, mallory, full, eve.jid, "localhost"):
            hostile.from_server(sender, hostile.archived(inner, "nobody-asked"))

    def case_20(inner: str) -> None:
        hostile.send(inner.replace(f"from='{eve.jid}/x'", f"from='{mallory}/x'"))

    for lie in (case_16, case_17, case_18, case_20):
        text = secret(lie.__name__)
        content = eve.encrypted(eve.encrypt(text, stage.own))
        inner = hostile.message(eve.jid, content)
        before = len(alice.messages())
        lie(inner)
        hostile.send(inner)
        check_encrypted(alice, alice.wait_for_message(text))
        rows = alice.messages()[before:]
        assert [row.text for row in rows] == [text], lie.__name__

    # The honest variants are shown: a carbon, and what the archive has
    text = secret("a true carbon")
    content = eve.encrypted(eve.encrypt(text, stage.own))
    hostile.from_server(stage.own, hostile.carbon(hostile.message(eve.jid, content)))
    check_encrypted(alice, alice.wait_for_message(text))
    alice.set_online(False)
    text = secret("from the archive")
    eve.say(stage.own, text)
    alice.set_online(True)
    check_encrypted(alice, alice.wait_for_message(text))
    stage.open_chat(eve)
    stage.talk(eve, "after the archive")

    # 19: who is in a forged roster is a stranger still
    stranger = f"{stage.nobody('stranger')}@elsewhere.example"

    def known() -> list[int]:
        found: list[int] = alice.call(
            "known_devices", account=alice.account_name, jid=stranger
        )
        return found

    def push(sender: str) -> None:
        hostile.send(
            f"<iq type='set' id='push' from='{sender}'>"
            "<query xmlns='jabber:iq:roster'>"
            f"<item jid='{stranger}' subscription='both'/></query></iq>"
        )

    for sender in (mallory, "localhost", f"{mallory}/x"):
        push(sender)
    hostile.device_list(stranger, [NOBODY], LEGACY_LIST)
    stage.check("after lies")
    assert known() == []
    push(stage.own)
    hostile.device_list(stranger, [NOBODY], LEGACY_LIST)
    wait_for("the devices of a true contact are kept", lambda: known() == [NOBODY])
    stage.check("after a true contact")


def correction(target: str) -> Element:
    return Element("{urn:xmpp:message-correct:0}replace", {"id": target})


def retraction(target: str) -> Element:
    return Element("{urn:xmpp:message-retract:1}retract", {"id": target})


def test_case_22_changes_of_messages_of_others(stage: Stage) -> None:
    """Nobody changes a message but who wrote it, also not encrypted."""
    alice = stage.alice
    eve, dan = stage.peer("eve"), stage.peer("dan")
    stage.open_chat(dan)
    stage.talk(dan, "before")
    stage.open_chat(eve)
    hers, ours = stage.talk(eve, "before")
    id_of_hers, id_of_ours = (stage.id_of(eve, text) for text in (hers, ours))

    def change(who: OmemoPeer, element: Element, text: str, number: str = "") -> None:
        messages = who.encrypt(text, stage.own, content=[element])
        # In 0.3 it is beside the encrypted element
        content = who.encrypted(messages) + xml(element)
        who.client.send(who.stanza(stage.own, content, message_id=number or None))

    for speaker in (eve, dan):
        for target in (id_of_ours, id_of_hers):
            if speaker is eve and target == id_of_hers:
                continue
            change(speaker, correction(target), secret("case twenty-two"))
            change(speaker, retraction(target), "")
    change(eve, correction("itself"), secret("of itself"), "itself")
    stage.hear(eve, "after changes")
    for text, outgoing in ((hers, False), (ours, True)):
        row = alice.find(text)
        assert row is not None, f"{text} was changed"
        assert row.outgoing is outgoing
        check_encrypted(alice, row)
    alice.screenshot(f"changes-by-others-{stage.suite}")
    stage.check("after changes")

    # The author may change a message
    stage.open_chat(eve)
    text = secret("corrected by its author")
    last = stage.hear(eve, "to be corrected")
    change(eve, correction(stage.id_of(eve, last)), text)
    check_encrypted(alice, alice.wait_for_message(text))
    assert alice.find(last) is None
    last = stage.hear(eve, "to be taken back")
    change(eve, retraction(stage.id_of(eve, last)), "")
    wait_for(
        "it is taken back",
        lambda: (
            alice.find(last) is None
            or any("message to be taken back" in line for line in stage.lines())
        ),
    )
    stage.check("after true changes")


def test_case_22_after_encryption_was_switched_off(stage: Stage) -> None:
    """What was encrypted stays as it was, also in a chat that is not any more."""
    alice, eve = stage.alice, stage.peer("eve")
    stage.open_chat(eve)
    hers, ours = stage.talk(eve, "while it was encrypted")
    id_of_hers, id_of_ours = (stage.id_of(eve, text) for text in (hers, ours))
    alice.set_encryption("")

    def forged(target: str, sender: str, receiver: str) -> tuple[str, list[str]]:
        """The text of a correction in clear; the correction, and a retraction."""
        text = secret("in the place of another")
        return text, [
            f"<message xmlns='jabber:client' type='chat' from='{sender}/x'"
            f" to='{receiver}' id='{secret('id')}'>{content}</message>"
            for content in (
                f"<body>{text}</body>{xml(correction(target))}",
                xml(retraction(target)),
            )
        ]

    text, stanzas = forged(id_of_hers, eve.jid, stage.own)
    for stanza in stanzas:
        stage.hostile.send(stanza)
    alice.wait_for_message(text)
    text, stanzas = forged(id_of_ours, stage.own, eve.jid)
    for stanza in stanzas:
        stage.hostile.from_server(stage.own, stage.hostile.carbon(stanza, "sent"))
    alice.wait_for_message(text)
    for earlier in (hers, ours):
        row = alice.find(earlier)
        assert row is not None, f"{earlier} was changed"
        check_encrypted(alice, row)
    alice.screenshot(f"changes-after-encryption-{stage.suite}")
    stage.check("after changes in clear")


def test_case_80_another_encryption_is_not_omemo(stage: Stage) -> None:
    """Gajim 2.6 has OpenPGP, and trusts each key that a server offers for it: what
    came so does not get a shield of ours."""
    alice, eve, namespace = stage.alice, stage.peer("eve"), "urn:example:other"
    stage.open_chat(eve)
    stage.talk(eve, "in OMEMO")
    alice.call(
        "decrypt_in_another_way", account=alice.account_name, namespace=namespace
    )
    text = secret("in another way")
    content = f"<body>{text}</body><other xmlns='{namespace}'/>"
    stage.hostile.send(stage.hostile.message(eve.jid, content))
    row = alice.wait_for_message(text)
    assert "Not OMEMO" in row.shield, row
    alice.screenshot(f"another-encryption-{stage.suite}")
    stage.check("after another encryption")


def test_case_12_38_own_devices_are_nobody(stage: Stage) -> None:
    """With no device but our own there is nobody to write to."""
    alice = stage.alice
    own = stage.device_of(alice.account)
    stage.wait_for_warning("Is this device yours?")
    stage.wait_for_warning("It can read your messages.")
    stage.tell(stage.bob, "with another device")
    nobody = f"{stage.nobody('dan')}@localhost"
    alice.open_chat(nobody, "OMEMO")
    stage.is_not_sent("offers no encryption")
    alice.screenshot(f"own-devices-alone-{stage.suite}")
    sent = [
        line
        for line in stage.server.stanzas_with("<encrypted")
        if line.startswith(f"< {stage.own}/")
    ]
    # Our other device may get messages, but never alone
    assert any(f"rid='{own.device.device_id}'" in line for line in sent)
    assert not [line for line in sent if nobody in line]
    stage.check("after nobody")


def test_case_21_22_the_author_of_a_message_in_a_room(stage: Stage) -> None:
    """Only the room itself says who has a nickname, not a message in it; and nobody
    changes another member's message."""
    alice, bob, hostile = stage.alice, stage.bob, stage.hostile
    eve = stage.peer("eve")
    room = f"{stage.nobody('den')}@rooms.localhost"
    alice.create_room(room)
    for peer in (bob, eve):
        alice.set_affiliation(room, peer.jid, "member")
        name = peer.name
        peer.client.send(
            f"<presence xmlns='jabber:client' to='{room}/{name}'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        wait_for(
            f"{name} is in the room",
            partial(is_in_room, alice, room, name),
        )
    alice.open_room(room, "OMEMO")

    def seal(text: str) -> str:
        return bob.encrypted(bob.encrypt(text, stage.own, to=room))

    def hear(content: str, text: str) -> None:
        bob.client.send(bob.stanza(room, content, "groupchat"))
        check_encrypted(alice, alice.wait_for_message(text))

    text = secret("honest in a room")
    hear(seal(text), text)
    claim = (
        "<x xmlns='http://jabber.org/protocol/muc#user'>"
        f"<item jid='{bob.jid}' affiliation='member'/></x>"
    )
    # Of somebody who is not there, and of another member
    for sender, reason in (
        (f"{room}/ghost", "does not say who wrote it"),
        (f"{room}/{eve.name}", "lost their common keys"),
    ):
        before = len(alice.messages())
        text = secret("case twenty-one")
        content = seal(text)
        hostile.send(
            f"<message xmlns='jabber:client' type='groupchat' from='{sender}'"
            f" id='{secret('id').replace(' ', '-')}'>{content}{claim}</message>"
        )
        stage.wait_for_refusal(reason, before)
        assert alice.find(text) is None
        # It was not decrypted, so it can be
        hear(content, text)
    alice.screenshot(f"nobody-knows-who-{stage.suite}")

    def say(who: OmemoPeer, text: str, *content: Element, number: str = "") -> None:
        messages = who.encrypt(text, stage.own, content=content, to=room)
        beside = "".join(xml(element) for element in content)
        stanza = who.encrypted(messages) + beside
        who.client.send(who.stanza(room, stanza, "groupchat", number or None))

    kept, forged, own = (secret(f"{what} in a room") for what in ("a", "b", "c"))
    say(bob, kept, number="of-bob")
    alice.wait_for_message(kept)
    say(eve, forged, correction("of-bob"))
    say(eve, own)
    alice.wait_for_message(own)
    assert alice.find(kept) is not None, "changed by another member"
    corrected = secret("corrected in a room")
    say(bob, corrected, correction("of-bob"))
    check_encrypted(alice, alice.wait_for_message(corrected))
    assert alice.find(kept) is None
    stage.check("after a room")
