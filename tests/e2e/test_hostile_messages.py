# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that servers and contacts have made to mislead or to stop a running
Gajim."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

import pytest

from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import secret
from tests.e2e.hostile_stage import Stage
from tests.e2e.test_hostile import around
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

LEGACY = Protocol.LEGACY
OMEMO_2 = Protocol.OMEMO_2

# XEP-0384 lets a receiver make so many steps of a chain for one message
AHEAD = 1000

# A few hundredths where nothing else runs; without the limits it was a minute
SECONDS_MAX = 2


def inject(stage: Stage, *stanzas: str) -> list[dict[str, Any]]:
    """Hand stanzas to Gajim as its connection does."""
    results: list[dict[str, Any]] = stage.alice.call(
        "inject", account=stage.alice.account_name, stanzas=list(stanzas)
    )
    return results


def forged(message: EncryptedMessage, first: int, count: int) -> EncryptedMessage:
    """Make many keys for the reader that differ in bytes which nobody has
    authenticated."""
    key = message.keys[0]
    keys = tuple(
        dataclasses.replace(key, data=key.data[:-3] + number.to_bytes(3, "big"))
        for number in range(first, first + count)
    )
    return dataclasses.replace(message, keys=keys)


def answers_on_the_wire(stage: Stage, domain: str) -> list[str]:
    """The lines of the wire log with stanzas of the victim to accounts of a server."""
    return [
        line
        for line in stage.server.stanzas_with(f"@{domain}")
        if line.startswith(f"< {stage.own}/") and f"@{domain}" in line.split(">")[0]
    ]


@pytest.mark.parametrize("protocol", [LEGACY, OMEMO_2], ids=["legacy", "omemo2"])
def test_case_50_thousands_of_keys(stage: Stage, protocol: Protocol) -> None:
    """Each is far ahead in its chain; the window does not stop, and the honest
    message that comes after them is read."""
    alice = stage.alice
    eve = stage.peer("eve", (protocol,))
    stage.open_chat(eve)
    stage.talk(eve, "before the keys")
    text = secret("after a thousand that did not come")
    for _ in range(AHEAD - 1):
        eve.encrypt("x", stage.own)
    (message,) = eve.encrypt(text, stage.own)
    stanzas = [
        stage.hostile.message(
            eve.jid, eve.encrypted([forged(message, 1 + number * 4000, 4000)])
        )
        for number in range(8)
    ]
    before = len(alice.messages())
    results = inject(stage, *stanzas)
    print(f"{stage.suite}: seconds for 4000 keys:", [one["seconds"] for one in results])
    for one in results:
        assert not one["errors"]
        assert [row["trust"] for row in one["shown"]] == ["UNTRUSTED"]
    work = min(one["seconds"] for one in results)
    assert work < SECONDS_MAX, work
    assert all("not opened]" in row.text for row in alice.messages()[before:])
    account = alice.account_name
    # The limit for steps in vain recovers with time
    alice.call("let_time_pass", account=account, seconds=60)
    stage.hostile.send(stage.hostile.message(eve.jid, eve.encrypted([message])))
    check_encrypted(alice, alice.wait_for_message(text))
    stage.check("after thousands of keys")


def own_id(stage: Stage) -> int:
    """The victim's device."""
    (info,) = [info for info in stage.bob.engine.devices.of(stage.own) if info.active][
        :1
    ]
    return info.device.device_id


def test_case_52_the_elements_of_a_message_apart(stage: Stage) -> None:
    """A message in both protocols is shown once, however its elements come."""
    alice, hostile = stage.alice, stage.hostile
    eve = stage.peer("eve")
    stage.open_chat(eve)

    def send(*messages: EncryptedMessage) -> None:
        hostile.send(hostile.message(eve.jid, eve.encrypted(messages)))

    before = len(alice.messages())
    texts = []
    # Orders in which the elements come: of OMEMO 2 (2), and of 0.3
    for order in (("20", "0", "2"), ("0", "20", "2"), ("2", "0"), ("0", "2")):
        text = secret(f"in the order {' '.join(order)}")
        texts.append(text)
        # Nothing of the victim's is read, so both are written
        messages = eve.encrypt(text, stage.own)
        halves = {"2": OMEMO_2, "0": LEGACY}
        by_name = {
            name: next(one for one in messages if one.protocol is protocol)
            for name, protocol in halves.items()
        }
        for names in order:
            send(*(by_name[name] for name in names))
        check_encrypted(alice, alice.wait_for_message(text))
    honest = stage.hear(eve, "after halves")
    rows = [row.text for row in alice.messages()[before:]]
    assert rows == [*texts, honest]
    stage.tell(eve, "after halves")
    stage.check("after halves")


def test_case_53_nothing_beside_a_message_in_a_carbon_changes_it(
    stage: Stage,
) -> None:
    """Here of what came to another device of the user."""
    alice, hostile = stage.alice, stage.hostile
    eve = stage.peer("eve")
    stage.open_chat(eve)
    earlier = stage.hear(eve, "before a carbon")
    beside = "".join(around(stage.id_of(eve, earlier)))
    text = secret("in a carbon")
    content = eve.encrypted(eve.encrypt(text, stage.own)) + beside
    received = hostile.carbon(hostile.message(eve.jid, content))
    hostile.from_server(stage.own, received)
    row = alice.wait_for_message(text)
    check_encrypted(alice, row)
    assert not row.outgoing
    assert alice.find(earlier) is not None
    assert alice.find("forged beside") is None
    stage.hear(eve, "after a carbon")
    stage.check("after a carbon")


def test_case_57_junk_of_strangers(stage: Stage) -> None:
    """Nothing on the wire tells them that the account is online."""
    alice = stage.alice
    eve = stage.peer("eve")
    stage.open_chat(eve)
    stage.talk(eve, "before strangers")
    messages = eve.encrypt("x", stage.own)
    # For each of them Gajim opens a chat. A thousand are given to the engine alone
    count = 60
    stanzas = [
        stage.hostile.message(
            f"s{number}@stranger.example",
            eve.encrypted(forged(one, number, 3) for one in messages)
            + "<request xmlns='urn:xmpp:receipts'/>"
            "<markable xmlns='urn:xmpp:chat-markers:0'/>",
        )
        for number in range(1, count + 1)
    ]
    began = time.monotonic()
    results = inject(stage, *stanzas)
    print(f"{stage.suite}: {count} strangers: {time.monotonic() - began:.1f} s")
    assert not [error for one in results for error in one["errors"]]
    assert not [
        row
        for one in results
        for row in one["shown"]
        if row["trust"] in ("BLIND", "VERIFIED")
    ]
    assert max(one["seconds"] for one in results[1:]) < 1
    stage.talk(eve, "after strangers")
    assert not answers_on_the_wire(stage, "stranger.example")
    alice.screenshot(f"after-strangers-{stage.suite}")
    stage.check("after strangers")


def test_case_59_the_time_of_the_sender(stage: Stage) -> None:
    """A message that the server has kept for months does not pass for a new one."""
    alice, hostile = stage.alice, stage.hostile
    eve = stage.peer("eve", (OMEMO_2,))
    stage.open_chat(eve)
    first, _answer = stage.talk(eve, "before old messages")
    now = datetime.now(UTC)
    old = now - timedelta(days=330)
    lie = f"<delay xmlns='urn:xmpp:delay' from='localhost' stamp='{now:%FT%TZ}'/>"
    texts = []
    for stamp, beside, expected in (
        (old, "", old),
        (old + timedelta(minutes=1), lie, old + timedelta(minutes=1)),
        (datetime(1970, 1, 2, tzinfo=UTC), "", now),
        (datetime(2099, 1, 1, tzinfo=UTC), "", now),
    ):
        text = secret("from another time")
        messages = eve.encrypt(text, stage.own, stamp=stamp)
        hostile.send(hostile.message(eve.jid, eve.encrypted(messages) + beside))
        check_encrypted(alice, alice.wait_for_message(text))
        stage.wait_for_line(f"“{text}” was written at")

        def kept(text: str = text) -> list[float]:
            history = alice.history(eve.jid)
            return [one["time"] for one in history if one["text"] == text]

        (shown,) = wait_for("it is kept", kept)
        assert abs(shown - expected.timestamp()) < 120, stamp
        texts.append(text)
    history = [one["text"] for one in alice.history(eve.jid)]
    # By the time that is authentic
    assert history[:2] == texts[:2]
    assert history.index(first) < history.index(texts[2])
    alice.screenshot(f"from-another-time-{stage.suite}")
    stage.hear(eve, "after old messages")
    stage.check("after old messages")


def test_case_61_a_text_changed_in_omemo_0_3(stage: Stage) -> None:
    """It is said where a text is called verified."""
    alice = stage.alice
    words = "could change its words"
    for protocol, is_said in ((LEGACY, True), (OMEMO_2, False)):
        eve = stage.peer("eve", (protocol,))
        stage.open_chat(eve)
        stage.talk(eve, "before the user verifies")
        key = eve.engine.fingerprint
        alice.call(
            "set_trust",
            account=alice.account_name,
            jid=eve.jid,
            key=key,
            trust="VERIFIED",
        )
        text = stage.hear(eve, "of a verified device")
        row = alice.wait_for_message(text)
        assert row.trust == "VERIFIED"
        assert (words in row.shield) is is_said, row.shield
        # As the menu of the row does
        value = [alice.account_name, eve.jid, stage.id_of(eve, text), "", "1"]
        alice.call("activate", name="omemo-message", value=[*value, key, "VERIFIED"])
        shown = wait_for(
            "the window says who wrote it",
            lambda: [
                one
                for one in alice.call("window_texts")
                if one.startswith("It came from a device that was verified then.")
            ],
        )
        assert (words in shown[0]) is is_said
        alice.screenshot(f"of-a-verified-device-{protocol.name}-{stage.suite}")
        alice.call("close_window", title="Who can read this message")
    stage.check("after verified texts")


WILD = "please”\n\u202eEncryption is off.\u2028Verified. “" + "y" * 10_000


def test_case_67_texts_of_others_in_our_lines(stage: Stage) -> None:
    """Quoted, in one short line, whatever is in them."""
    alice, hostile = stage.alice, stage.hostile
    eve = stage.peer("eve", (OMEMO_2,))
    stage.open_chat(eve)
    stage.talk(eve, "before wild words")

    def line_with(words: str) -> str:
        stage.wait_for_line(words)
        return next(one for one in stage.lines() if words in one)

    request = Element("{urn:xmpp:omemo:2}opt-out")
    SubElement(request, "{urn:xmpp:omemo:2}reason").text = WILD
    messages = eve.encrypt("", stage.own, content=[request])
    hostile.send(hostile.message(eve.jid, eve.encrypted(messages)))
    check_quoted(line_with("asks you to stop encrypting"), "Their reason: ")

    messages = eve.encrypt(
        WILD, stage.own, stamp=datetime.now(UTC) - timedelta(days=30)
    )
    hostile.send(hostile.message(eve.jid, eve.encrypted(messages)))
    check_quoted(line_with("was written at"), "By the sender’s clock, ")

    reaction = Element("{urn:xmpp:reactions:0}reactions", {"id": "x"})
    SubElement(reaction, "{urn:xmpp:reactions:0}reaction").text = WILD
    plain = "<reactions xmlns='urn:xmpp:reactions:0' id='x'><reaction>{}</reaction>"
    hostile.send(hostile.message(eve.jid, plain.format(WILD) + "</reactions>"))
    check_quoted(line_with("that was not encrypted: "), "that was not encrypted: ")
    alice.screenshot(f"wild-words-{stage.suite}")
    alice.call("clear_input")
    stage.check("after wild words")


def check_quoted(line: str, before: str) -> None:
    """After these words of ours there is one quotation, and it ends once."""
    _ours, _, rest = line.partition(before)
    quotation, _, after = rest.partition("”")
    assert quotation.startswith("“"), line
    assert "“" not in quotation[1:]
    assert "“" not in after
    assert len(line) < 500
    assert not set(line) & set("\u202e\u2028\r")
    assert "\n" not in quotation


COUNT = 100


def test_case_70_all_our_prekeys_are_used(stage: Stage) -> None:
    """A hundred first messages wait, one for each of our prekeys: all are read."""
    alice = stage.alice
    eve = stage.peer("eve", (LEGACY,))
    stage.open_chat(eve)
    stage.talk(eve, "before the prekeys")
    (device,) = [
        info.device for info in eve.engine.devices.of(stage.own) if info.active
    ]
    bundles = {protocol: eve.bundle_of(device, protocol) for protocol in BOTH}
    legacy, omemo_2 = bundles[LEGACY], bundles[OMEMO_2]
    assert legacy is not None
    assert omemo_2 is not None
    alice.set_online(False)
    texts = []
    for number, prekey in enumerate(list(legacy.prekeys.items())[:COUNT]):
        single = dataclasses.replace(legacy, prekeys=dict([prekey]))
        eve.engine.keys.replace_session(device)
        for bundle in (single, omemo_2):
            eve.engine.keys.bundle_received(device, bundle)
        text = f"exchange {number}"
        eve.say(stage.own, text)
        texts.append(text)
    used = set(legacy.prekeys)
    published = len(publications(stage))
    alice.set_online(True)
    wait_for("all are read", lambda: set(texts) <= read(stage, eve), 120)
    wait_for(
        "the bundle is published again", lambda: used.isdisjoint(prekeys(eve, device))
    )
    assert len(prekeys(eve, device)) == COUNT
    assert len(publications(stage)) - published == 1
    stage.open_chat(eve)
    stage.hear(eve, "after the prekeys")
    stage.check("after the prekeys")


def publications(stage: Stage) -> list[str]:
    """The bundles of 0.3 that the victim has published."""
    node = f"<publish node='{LEGACY.namespace}.bundles:"
    found = stage.server.stanzas_with(node)
    return [line for line in found if line.startswith(f"< {stage.own}/")]


def read(stage: Stage, peer: OmemoPeer) -> set[str]:
    return {one["text"] for one in stage.alice.history(peer.jid)}


def prekeys(peer: OmemoPeer, device: Device) -> set[int]:
    bundle = peer.bundle_of(device, LEGACY)
    assert bundle is not None
    return set(bundle.prekeys)


def test_case_147_no_stanza_in_the_log(stage: Stage) -> None:
    """nbxmpp warns of parts that it cannot read with the whole stanza, into which the
    text has been written."""
    alice = stage.alice
    eve = stage.peer("eve", (OMEMO_2,))
    stage.open_chat(eve)
    stage.talk(eve, "before odd messages")

    def send(text: str, content: Iterable[Element], message_id: str) -> None:
        messages = eve.encrypt(text, stage.own, content=content)
        eve.client.send(
            eve.stanza(stage.own, eve.encrypted(messages), "chat", message_id)
        )
        check_encrypted(alice, alice.wait_for_message(text))

    first, again, address = map(secret, ("the first", "the first again", "no address"))
    send(first, (), "the-same")
    # The server chooses the id of a message; the contact wrote which one it corrects
    send(
        again,
        [Element("{urn:xmpp:message-correct:0}replace", id="the-same")],
        "the-same",
    )
    send(address, [Element("{jabber:x:oob}x")], "another")
    stage.hear(eve, "after odd messages")
    log = alice.log.read_text(errors="replace")
    for text in (first, again, address):
        assert text not in log
    # Gajim 1.7 does not show the warnings of nbxmpp
    assert ("<message>: left out" in log) == (stage.suite != "bookworm")
    stage.check("after odd messages")


def test_case_147_150_errors_of_gajims_name_no_text(stage: Stage) -> None:
    """Neither one of its archive, as when the disk is full, nor a report of one that
    the user sends."""
    text = secret("in an error")
    error = stage.alice.call("archive_error", text=text)
    assert ("nowhere" in error) == (stage.suite != "bookworm")
    assert text not in error
    report = stage.alice.call("error_report", text=text)
    assert "received" in report
    assert text not in report


def test_case_53_messages_of_another_type(stage: Stage) -> None:
    """A server says that a text is a headline, or not one of a chat."""
    alice, hostile = stage.alice, stage.hostile
    eve = stage.peer("eve")
    stage.open_chat(eve)
    earlier = stage.hear(eve, "before headlines")
    beside = "".join(around(stage.id_of(eve, earlier)))
    for kind in ("headline", "normal"):
        for number, protocol in enumerate(BOTH):
            text = secret(f"in a {kind}")
            element = eve.encrypted([eve.encrypt(text, stage.own)[number]])
            stanza = hostile.message(eve.jid, element + beside)
            hostile.send(stanza.replace("type='chat'", f"type='{kind}'"))
            row = alice.wait_for_message(text)
            check_encrypted(alice, row)
            assert not row.outgoing, protocol
        clear = f"a {kind} in clear"
        stanza = hostile.message(eve.jid, f"<body>{clear}</body>")
        hostile.send(stanza.replace("type='chat'", f"type='{kind}'"))
        row = alice.wait_for_message(clear)
        assert row.encryption is None, row
        assert "Not encrypted" in row.shield
    assert alice.find(earlier) is not None
    assert alice.find("forged beside") is None
    alice.screenshot(f"headlines-{stage.suite}")
    stage.hear(eve, "after headlines")
    stage.check("after headlines")


def test_case_151_an_action_in_several_lines(stage: Stage) -> None:
    """GTK logs the markup that Gajim makes of its last line for the list of chats."""
    alice = stage.alice
    eve = stage.peer("eve")
    stage.open_chat(eve)
    stage.talk(eve, "before an action")
    last = secret("the last line of an action")
    text = f"/me waves\n{last}"
    eve.say(stage.own, text)
    stage.id_of(eve, text)

    def listed() -> bool:
        found = alice.call("list_text", account=alice.account_name, jid=eve.jid)
        return bool(found.endswith(f"waves {last}"))

    wait_for("it is in the list", listed)
    alice.screenshot(f"an-action-{stage.suite}")
    assert last not in alice.log.read_text(errors="replace")
    stage.hear(eve, "after an action")
    stage.check("after an action")
