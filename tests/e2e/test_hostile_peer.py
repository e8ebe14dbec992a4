# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts with real sessions that do what they should not, and a running Gajim.

What they send is encrypted as it should be, so that nothing but the check that is
tested can refuse it. After each case an honest contact is heard, and hears.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest

from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.limits import PREKEYS_MAX
from omemo_plugin.stanza.pep import build_bundle
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.gajim import Row
from tests.support.hostile import LEGACY_LIST
from tests.support.hostile import MODULE
from tests.support.hostile import HostileServer
from tests.support.hosts import GAJIM_VERSIONS
from tests.support.omemo_peer import BOTH
from tests.support.omemo_peer import OmemoPeer
from tests.support.omemo_peer import xml
from tests.support.prosody import XmppAccount
from tests.support.scene import OURS
from tests.support.scene import Scene
from tests.support.waiting import wait_for

LEGACY = Protocol.LEGACY
OMEMO_2 = Protocol.OMEMO_2

# Nobody has a device with this id
NOBODY = 666666

# Who may come; each test meets others of them
CONTACTS = ("eve", "dan", "cat")


class Stage:
    """A Gajim, an honest contact, and others."""

    def __init__(self, scene: Scene, suite: str) -> None:
        self.scene = scene
        self.server = scene.server
        self.suite = suite
        self._numbers = itertools.count(1)
        self._peers: list[OmemoPeer] = []
        self._used: Counter[str] = Counter()
        self.alice = scene.gajim(suite, "alice", OURS)
        self.hostile = HostileServer(scene.server, self.alice)

    def begin(self) -> None:
        """Both come online, and have spoken."""
        self.alice.launch()
        self.bob = self.peer("bob")
        self.alice.wait_until_online()
        self.check("before")

    def peer(self, name: str, protocols: tuple[Protocol, ...] = BOTH) -> OmemoPeer:
        """Somebody nobody has met yet comes online with a device."""
        if name in CONTACTS:
            name = self.nobody(name)
        return self.device_of(self.server.accounts[name], protocols)

    def nobody(self, name: str) -> str:
        """An account that has no device."""
        self._used[name] += 1
        return f"{name}{self._used[name]}"

    def device_of(
        self, account: XmppAccount, protocols: tuple[Protocol, ...] = BOTH
    ) -> OmemoPeer:
        """A device comes online."""
        folder = self.scene.folder / f"peer-{next(self._numbers)}"
        peer = OmemoPeer(self.server, account, folder, protocols)
        self._peers.append(peer)
        return peer

    def clear(self) -> None:
        """Those who came for a case go, and what was typed is deleted."""
        for peer in self._peers:
            if peer is not self.bob:
                peer.close()
        self._peers = [self.bob]
        self.open_chat(self.bob)
        self.alice.call("clear_input")

    def close(self) -> None:
        """All contacts go."""
        for peer in self._peers:
            peer.close()

    @property
    def own(self) -> str:
        """The bare JID of the one who is attacked."""
        return self.alice.account.jid

    def open_chat(self, peer: OmemoPeer) -> None:
        """Look at the chat with somebody, encrypted."""
        self.alice.open_chat(peer.jid, "OMEMO")

    def hear(self, peer: OmemoPeer, about: str) -> str:
        """Somebody is heard, in the chat that is shown."""
        text = secret(about)
        peer.say(self.own, text)
        row = self.alice.wait_for_message(text)
        check_encrypted(self.alice, row)
        assert not row.outgoing
        return text

    def tell(self, peer: OmemoPeer, about: str) -> str:
        """Somebody hears, by way of the chat that is shown."""
        text = secret(about)
        self.alice.send(text)
        peer.wait_for_text(text)
        check_encrypted(self.alice, self.alice.wait_for_message(text))
        return text

    def talk(self, peer: OmemoPeer, about: str) -> list[str]:
        """Both ways."""
        return [self.hear(peer, about), self.tell(peer, about)]

    def check(self, about: str) -> None:
        """The honest contact is heard, and hears; nothing was logged or leaked."""
        self.open_chat(self.bob)
        self.talk(self.bob, about)
        check_scene(self.scene)

    def id_of(self, peer: OmemoPeer, text: str) -> str:
        """The id of a message, once Gajim has it on disk."""

        def found() -> list[str]:
            history = self.alice.history(peer.jid)
            return [one["id"] for one in history if one["text"] == text]

        return wait_for(f"{text!r} is kept", found)[0]

    def lines(self) -> list[str]:
        """What is said in the chat that is shown."""
        return [row.text for row in self.alice.rows() if row.type != "chat"]

    def wait_for_line(self, words: str) -> None:
        """Wait until the user is told something."""
        wait_for(
            f"a line says {words!r}", lambda: any(words in one for one in self.lines())
        )

    def wait_for_refusal(self, words: str, before: int) -> Row:
        """Wait for a row in place of a message, of those after the first ones."""

        def found() -> list[Row]:
            return [row for row in self.alice.messages()[before:] if words in row.text]

        row = wait_for(f"a row says {words!r}", found)[0]
        assert "could not be decrypted" in row.text
        assert row.trust not in ("BLIND", "VERIFIED"), row
        return row

    def is_not_sent(self, words: str) -> None:
        """What is written now stays here, and the user is told why."""
        text = secret("must not leave")
        self.alice.call("clear_input")
        self.alice.call("type_text", text=text)
        self.alice.call("press_send")
        self.wait_for_line(words)
        wait_for("the text is back", lambda: self.alice.call("typed_text") == text)
        self.alice.call("clear_input")
        assert not self.server.leaks(text)


@pytest.fixture(scope="module", params=list(GAJIM_VERSIONS))
def lasting_stage(
    request: pytest.FixtureRequest, new_lasting_scene: Callable[..., Scene]
) -> Iterator[Stage]:
    """One Gajim for all cases; each has contacts of its own."""
    names = [f"{name}{number}" for name in CONTACTS for number in range(1, 20)]
    scene = new_lasting_scene("alice", "bob", *names, more_modules=[MODULE])
    stage = Stage(scene, request.param)
    try:
        stage.begin()
        yield stage
    finally:
        stage.close()


@pytest.fixture
def stage(lasting_stage: Stage) -> Stage:
    """What the cases before this one have left of it."""
    lasting_stage.clear()
    return lasting_stage


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
    stage.wait_for_refusal("presented another key", before)
    stage.wait_for_line(f"Warning: device {eve.device.device_id} of {eve.jid}")
    wait_for("the shield says so", lambda: "changed" in alice.call("composer_shield"))
    stage.is_not_sent("presented another key than before")
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
    dan.publish_bundle(other.bundle(OMEMO_2), device_id)
    dan.publish_list(OMEMO_2, [device_id])
    # The first may have left before the list came
    text = secret("with the key that is known")
    alice.send(text)
    stage.wait_for_line(f"Warning: device {device_id} of {dan.jid}")
    wait_for(
        "it has left or is back",
        lambda: alice.find(text) or alice.call("typed_text") == text,
    )
    stage.is_not_sent("presented another key than before")
    stage.hear(dan, "the key that is known goes on")
    alice.screenshot(f"another-key-in-a-bundle-{stage.suite}")
    stage.check("after another key in a bundle")


COUNT = 200


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
    refused = [text for text in texts if "too many sessions" in text]
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
    stage.check("after the flood")
    bundles = publications(stage)[published:]
    # One for what was used before, if it is late, and one for all of these
    assert len(bundles) <= 2, "each exchange is published"
    assert all(one.count("<preKeyPublic") >= 25 for one in bundles)


def exchanges(stage: Stage, peer: OmemoPeer) -> list[str]:
    """Messages each of which begins a session of its own."""
    (device,) = [info.device for info in peer.engine.devices(stage.own)]
    bundles = [peer.bundle_of(device, protocol) for protocol in BOTH]
    found = []
    for number in range(COUNT):
        peer.engine.replace_session(device)
        for bundle in bundles:
            assert bundle is not None
            peer.engine.bundle_received(device, bundle)
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
    stage.is_not_sent("as keys cannot be used")
    alice.screenshot(f"unusable-keys-{stage.suite}")
    for protocol in BOTH:
        dan.publish_bundle(dan.bundle(protocol), dan.device.device_id)
    stage.hear(dan, "with good keys")
    stage.check("after nothing but unusable keys")


def unusable_bundles(good: Bundle, other: Bundle) -> list[str]:
    """As they are published: damaged ones of one device, and another one's."""
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


def test_case_22_changes_of_what_others_wrote(stage: Stage) -> None:
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

    # Who wrote it may change it
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


def test_case_12_38_own_devices_are_nobody(stage: Stage) -> None:
    """With no device but our own there is nobody to write to."""
    alice = stage.alice
    own = stage.device_of(alice.account)
    stage.wait_for_line("A new device of your own account")
    stage.tell(stage.bob, "with another device")
    nobody = f"{stage.nobody('dan')}@localhost"
    alice.open_chat(nobody, "OMEMO")
    stage.is_not_sent("has no device that uses OMEMO")
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


def test_case_21_22_who_wrote_it_in_a_room(stage: Stage) -> None:
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
            lambda name=name: (
                name in alice.call("nicknames", account=alice.account_name, room=room)
            ),
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
        (f"{room}/ghost", "does not tell who wrote it"),
        (f"{room}/{eve.name}", "a session that this device does not have"),
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
