# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import dataclasses
import random
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from typing import NamedTuple
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import fromstring

import pytest
from nbxmpp.const import MessageType
from nbxmpp.protocol import JID
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed
from nbxmpp.structs import EMEData

from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.gajim import messages as gajim_messages
from omemo_plugin.bridge.incoming.content import clean_text
from omemo_plugin.bridge.incoming.content_writer import ContentWriter
from omemo_plugin.bridge.incoming.envelope_reader import EnvelopeReader
from omemo_plugin.bridge.incoming.message_origins import ID_MAX
from omemo_plugin.bridge.incoming.message_origins import KEPT
from omemo_plugin.bridge.incoming.message_origins import MessageOrigins
from omemo_plugin.bridge.incoming.plaintext_guard import forbid_plain_answers
from omemo_plugin.bridge.incoming.plaintext_guard import forbid_plain_changes
from omemo_plugin.bridge.incoming.plaintext_guard import forbid_plain_correction
from omemo_plugin.bridge.incoming.plaintext_guard import forbid_plain_receipt
from omemo_plugin.bridge.incoming.plaintext_guard import forget_hint
from omemo_plugin.bridge.incoming.receiver import MessageReceiver
from omemo_plugin.bridge.incoming.senders import Senders
from omemo_plugin.bridge.incoming.senders import sender_of
from omemo_plugin.bridge.notices import texts
from omemo_plugin.bridge.notices.unopened import UnopenedMessages
from omemo_plugin.bridge.rooms import Rooms
from omemo_plugin.engine import errors
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.messages.receiving import ReceivedMessage
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.trust_message import build_trust_message
from omemo_plugin.stanza.writer import write_element

ALICE = "alice@example.org"
BOB = "bob@example.org"
EFFECT = FetchDeviceList(BOB, Protocol.LEGACY)

STAMP = datetime(2026, 1, 1, tzinfo=UTC)


def encrypted(protocol: Protocol, *, payload: bytes | None = b"x" * 32) -> str:
    from omemo_plugin.bridge.xml.nodes import to_node

    key = EncryptedKey(7, b"3\x0a" + b"k" * 70)
    if protocol is Protocol.OMEMO_2:
        key = EncryptedKey(7, b"\x0a" + b"k" * 70, ALICE)
    iv = b"i" * 12 if protocol is Protocol.LEGACY else None
    message = EncryptedMessage(protocol, 5, (key,), iv, payload)
    return str(to_node(build_encrypted(message)))


def stanza(*children: str, body: str = "fallback") -> Message:
    inner = "".join(children) + (f"<body>{body}</body>" if body else "")
    return Message(
        node=f'<message xmlns="jabber:client" from="{BOB}/r" to="{ALICE}" '
        f'type="chat" id="1">{inner}</message>'
    )


def properties(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "type": MessageType.CHAT,
        "is_muc_pm": False,
        "carbon": None,
        "mam": None,
        "from_": JID.from_string(f"{BOB}/r"),
        "to": JID.from_string(ALICE),
        # As nbxmpp has it of all but carbons
        "jid": changes.get("from_", JID.from_string(f"{BOB}/r")),
        "omemo": object(),
        "encrypted": None,
    }
    return SimpleNamespace(**{**values, **changes})


class Engine:
    """Answers each message with what was prepared."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome
        self.calls: list[tuple[str, Sequence[EncryptedMessage]]] = []
        self.told: list[tuple[Device, Sequence[KeyDecision], int]] = []
        self.incoming = self
        self.trust_messages = self

    def received(
        self, sender: Device, decisions: Sequence[KeyDecision], stamp: int
    ) -> list[Any]:
        self.told.append((sender, decisions, stamp))
        return [EFFECT]

    def decrypt(
        self, sender_jid: str, messages: Sequence[EncryptedMessage]
    ) -> ReceivedMessage:
        self.calls.append((sender_jid, messages))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        assert isinstance(self.outcome, ReceivedMessage)
        return self.outcome


class NoRooms(Rooms):
    """No occupant is known but those that a test adds."""

    def __init__(self) -> None:
        client = SimpleNamespace(get_module=self._no_contacts)
        super().__init__(client, ALICE)
        self.people: dict[str, str] = {}
        self.joined = {"den@rooms.example.org", "room@conference.example.org"}

    def person(self, address: str) -> str | None:
        return self.people.get(address) or super().person(address)

    def is_room(self, jid: str) -> bool:
        return jid in self.joined

    def _no_contacts(self, _name: str) -> Any:
        return SimpleNamespace(get_bare_contact={}.__getitem__)


class Case:
    """A receiver with its surroundings."""

    def __init__(self, outcome: Any) -> None:
        self.engine = Engine(outcome)
        self.problem: Exception | None = None
        self.effects: list[Any] = []
        self.received = 0
        self.rooms = NoRooms()
        self.lines: list[tuple[str, str]] = []
        self.receipts: list[tuple[str, str]] = []
        self.answers_beside: list[bool] = []
        self.dispatched: list[list[str]] = []
        self.archived = 0
        self.answers_in_clear = False
        self.unopened = UnopenedMessages(
            ALICE, lambda _jid: (), lambda _jid: True, lambda: True
        )
        self.receiver = MessageReceiver(
            self._engine,
            self.effects.extend,
            self._received,
            self._archived,
            Senders(ALICE, self.rooms),
            EnvelopeReader(ALICE, self._engine, self.effects.extend, self._tell),
            ContentWriter(
                ALICE,
                self._tell,
                self._asked_for_receipt,
                lambda: self.answers_in_clear,
                self._dispatch_again,
                self.unopened,
            ),
        )

    def _engine(self) -> Any:
        if self.problem is not None:
            raise self.problem
        return self.engine

    def _archived(self) -> None:
        self.archived += 1

    def _tell(self, jid: str, line: str) -> None:
        self.lines.append((jid, line))

    def _asked_for_receipt(self, sender: str, one: Message, props: Any) -> None:
        assert props.encrypted is not None
        self.receipts.append((sender, one.getID()))
        self.answers_beside.append(one.getTag("received") is not None)

    def _dispatch_again(self, one: Message, props: Any) -> None:
        assert props.encrypted is not None
        self.dispatched.append([node.getName() for node in one.getChildren()])

    def _received(self) -> None:
        self.received += 1


def legacy(text: bytes | None = b"hello") -> ReceivedMessage:
    return ReceivedMessage(
        Device(BOB, 5), Protocol.LEGACY, text, Trust.BLIND, "ab" * 32, (EFFECT,)
    )


def omemo_2(
    *content: Element,
    from_jid: str = BOB,
    to_jid: str = ALICE,
    stamp: datetime | None = None,
) -> ReceivedMessage:
    stamp = stamp or datetime.now(UTC)
    data = build_envelope(content, from_jid=from_jid, to_jid=to_jid, stamp=stamp)
    return ReceivedMessage(
        Device(BOB, 5), Protocol.OMEMO_2, data, Trust.VERIFIED, "ab" * 32, ()
    )


def element(tag: str, text: str | None = None, **attributes: str) -> Element:
    one = Element(tag, attributes)
    one.text = text
    return one


def body(text: str) -> Element:
    return element("{jabber:client}body", text)


def shield(props: Any) -> tuple[str, Any]:
    data = props.encrypted
    if hasattr(data, "additional_data"):
        return data.additional_data["fingerprint"], data.additional_data["trust"]
    return data.key, data.trust


def handle(case: Case, one: Message, props: Any) -> None:
    """Run the handler as Gajim's chain does."""
    case.receiver.handle(one, props)


def test_the_text_takes_the_place_of_the_fallback() -> None:
    case, one, props = Case(legacy()), stanza(encrypted(Protocol.LEGACY)), properties()
    case.receiver.handle(one, props)
    assert one.getBody() == "hello"
    assert one.getTag("encrypted") is None
    assert props.omemo is None
    assert shield(props) == ("ab" * 32, gajim_constants.gajim_trust(Trust.BLIND))
    assert case.effects == [EFFECT]
    assert case.received == 1
    assert case.engine.calls[0][0] == BOB


LINK = f"aesgcm://files.example.org/a.jpg#{'ab' * 44}"
THUMBNAIL = f"data:image/jpeg,{b64encode(bytes.fromhex('ffd8ff00')).decode()}"


@pytest.mark.parametrize("protocol", Protocol)
def test_a_picture_in_letters_beside_a_link_is_not_shown(protocol: Protocol) -> None:
    text = f"{LINK}\n{THUMBNAIL}"
    outcome = (
        legacy(text.encode()) if protocol is Protocol.LEGACY else omemo_2(body(text))
    )
    case, one = Case(outcome), stanza(encrypted(protocol))
    handle(case, one, properties())
    assert one.getBody() == LINK


@pytest.mark.parametrize(
    "text",
    [
        f"{LINK}\nLook at this",
        f"Look at this\n{THUMBNAIL}",
        f"https://files.example.org/a.jpg\n{THUMBNAIL}",
        f"{LINK}\n{THUMBNAIL}\nLook at this",
    ],
)
def test_text_around_a_link_stays_a_text(text: str) -> None:
    case, one = Case(legacy(text.encode())), stanza(encrypted(Protocol.LEGACY))
    case.receiver.handle(one, properties())
    assert one.getBody() == text


def test_a_stanza_without_encryption_is_left_alone() -> None:
    case, one, props = Case(legacy()), stanza(body="in clear"), properties()
    case.receiver.handle(one, props)
    assert one.getBody() == "in clear"
    assert props.encrypted is None
    assert not case.engine.calls


def test_both_protocols_are_decrypted_once() -> None:
    case, props = Case(legacy()), properties()
    one = stanza(encrypted(Protocol.LEGACY), encrypted(Protocol.OMEMO_2))
    # nbxmpp calls the handler once for each namespace
    case.receiver.handle(one, props)
    case.receiver.handle(one, props)
    assert len(case.engine.calls) == 1
    assert {m.protocol for m in case.engine.calls[0][1]} == set(Protocol)
    assert one.getBody() == "hello"


def test_elements_that_the_server_could_have_added_are_removed() -> None:
    case, props = Case(legacy()), properties()
    one = stanza(
        encrypted(Protocol.LEGACY),
        '<html xmlns="http://jabber.org/protocol/xhtml-im"><body '
        'xmlns="http://www.w3.org/1999/xhtml">forged</body></html>',
        '<x xmlns="jabber:x:oob"><url>https://forged.example</url></x>',
        "<subject>forged</subject>",
        '<body xml:lang="de">gefälscht</body>',
        '<encryption xmlns="urn:xmpp:eme:0" namespace="x"/>',
        '<stanza-id xmlns="urn:xmpp:sid:0" id="9" by="alice@example.org"/>',
        '<request xmlns="urn:xmpp:receipts"/>',
        '<replace xmlns="urn:xmpp:message-correct:0" id="0"/>',
    )
    case.receiver.handle(one, props)
    names = sorted(child.getName() for child in one.getChildren())
    assert names == ["body", "stanza-id"]
    assert "forged" not in str(one)


@pytest.mark.parametrize(
    "error", [errors.DuplicateMessage(), errors.SentByThisDevice()]
)
def test_case_01_a_message_that_is_known_is_silent(error: Exception) -> None:
    case, one = Case(error), stanza(encrypted(Protocol.LEGACY))
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties())


@pytest.mark.parametrize(
    "error",
    [
        errors.NotForThisDevice(),
        errors.NoSession(),
        errors.UnknownPrekey(),
        errors.DecryptionFailed(),
        errors.TooManySkipped(),
        errors.IdentityKeyChanged(Device(BOB, 5)),
        errors.StoreError("full"),
        ValueError("a mistake of ours"),
    ],
)
def test_case_06_the_body_beside_it_is_never_shown(error: Exception) -> None:
    case, props = Case(error), properties()
    one = stanza(
        encrypted(Protocol.LEGACY),
        '<encryption xmlns="urn:xmpp:eme:0" namespace="eu.siacs"/>',
        '<request xmlns="urn:xmpp:receipts"/>',
        '<replace xmlns="urn:xmpp:message-correct:0" id="0"/>',
        body="pay the attacker",
    )
    case.receiver.handle(one, props)
    assert "attacker" not in str(one)
    assert "not opened]" in one.getBody()
    # Neither answered, nor put in the place of another message
    assert [child.getName() for child in one.getChildren()] == ["body"]
    assert shield(props)[1] == gajim_constants.gajim_trust(Trust.DISTRUSTED)
    assert "mistake of ours" not in one.getBody()
    assert case.received == 0


@pytest.mark.parametrize(
    "broken",
    [
        '<encrypted xmlns="eu.siacs.conversations.axolotl"><payload/></encrypted>',
        '<encrypted xmlns="urn:xmpp:omemo:2"><header sid="-1"/><payload>AA=='
        "</payload></encrypted>",
        '<encrypted xmlns="urn:xmpp:omemo:2">' * 40 + "<payload/>"
        "</encrypted>" + "</encrypted>" * 39,
    ],
)
def test_case_06_a_broken_element_shows_no_body(broken: str) -> None:
    case, one, props = Case(legacy()), stanza(broken, body="forged"), properties()
    try:
        case.receiver.handle(one, props)
    except NodeProcessed:
        return
    assert "forged" not in str(one)
    assert "not opened]" in one.getBody()
    assert not case.engine.calls


def test_case_13_a_key_that_is_blocked_is_kept() -> None:
    error = errors.IdentityKeyChanged(Device(BOB, 5))
    error.effects = (EFFECT,)
    case = Case(error)
    case.receiver.handle(stanza(encrypted(Protocol.LEGACY)), properties())
    assert case.received == 1
    assert case.effects == [EFFECT]


def test_case_27_an_empty_message_shows_nothing() -> None:
    case = Case(legacy(None))
    one = stanza(encrypted(Protocol.LEGACY, payload=None), body="")
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties())
    assert case.received == 1
    assert case.effects == [EFFECT]


def test_case_27_an_empty_message_for_others_shows_nothing() -> None:
    case = Case(errors.NotForThisDevice())
    one = stanza(encrypted(Protocol.LEGACY, payload=None), body="fallback")
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties())


def test_a_trust_message_for_other_devices_shows_nothing() -> None:
    one = stanza(encrypted(Protocol.OMEMO_2), body="")
    with pytest.raises(NodeProcessed):
        Case(errors.NotForThisDevice()).receiver.handle(one, properties())


@pytest.mark.parametrize(
    ("error", "protocol", "text"),
    [
        (errors.NotForThisDevice(), Protocol.OMEMO_2, "fallback"),
        (errors.NotForThisDevice(), Protocol.LEGACY, ""),
        (errors.DecryptionFailed(), Protocol.OMEMO_2, ""),
    ],
)
def test_a_message_that_may_have_been_a_text_shows_a_row(
    error: Exception, protocol: Protocol, text: str
) -> None:
    one, props = stanza(encrypted(protocol), body=text), properties()
    handle(Case(error), one, props)
    assert props.encrypted is not None
    assert one.getBody() not in (None, "", "fallback")


KEY = KeyDecision(BOB, bytes(range(32)), Trust.VERIFIED)


def test_a_trust_message_reaches_the_engine() -> None:
    case = Case(omemo_2(build_trust_message([KEY]), stamp=STAMP))
    with pytest.raises(NodeProcessed):
        case.receiver.handle(stanza(encrypted(Protocol.OMEMO_2)), properties())
    assert case.engine.told == [(Device(BOB, 5), (KEY,), int(STAMP.timestamp()))]
    assert case.effects == [EFFECT]


def test_a_trust_message_may_come_with_a_text() -> None:
    case, props = Case(omemo_2(body("hi"), build_trust_message([KEY]))), properties()
    one = stanza(encrypted(Protocol.OMEMO_2))
    handle(case, one, props)
    assert one.getBody() == "hi"
    assert len(case.engine.told) == 1


# What QXmpp 1.10 writes when the user authenticates a device of the own account: one
# owner, the new keys before the ones that were distrusted
FROM_QXMPP = (
    '<trust-message xmlns="urn:xmpp:tm:1" usage="urn:xmpp:atm:1" '
    f'encryption="urn:xmpp:omemo:2"><key-owner jid="{ALICE}">'
    "<trust>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</trust>"
    "<distrust>ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=</distrust>"
    "</key-owner></trust-message>"
)


@pytest.mark.parametrize("is_sent", [True, False])
def test_what_qxmpp_tells_a_contact_is_meant_for_own_devices_too(
    *, is_sent: bool
) -> None:
    """With carbons QXmpp sends no message to the own devices: they are to read the
    carbon of the one for the contact. Of the contact's own devices it is the same."""
    sender, reader = (ALICE, BOB) if is_sent else (BOB, ALICE)
    text = FROM_QXMPP.replace(ALICE, sender)
    result = omemo_2(fromstring(text), from_jid=sender, to_jid=reader, stamp=STAMP)
    case = Case(dataclasses.replace(result, device=Device(sender, 9)))
    one = Message(
        node=f'<message xmlns="jabber:client" from="{sender}/phone" to="{reader}" '
        f'type="normal" id="1">{encrypted(Protocol.OMEMO_2)}</message>'
    )
    props = properties(
        carbon=SimpleNamespace(is_sent=is_sent),
        type=MessageType.NORMAL,
        from_=JID.from_string(f"{sender}/phone"),
        to=JID.from_string(reader),
        jid=JID.from_string(BOB),
    )
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, props)
    decisions = (
        KeyDecision(sender, bytes(range(32)), Trust.VERIFIED),
        KeyDecision(sender, bytes(range(32, 64)), Trust.DISTRUSTED),
    )
    assert case.engine.told == [(Device(sender, 9), decisions, int(STAMP.timestamp()))]


@pytest.mark.parametrize("what", ["twice", "malformed", "for another", "no time"])
def test_case_46_a_wrong_trust_message_is_ignored(what: str) -> None:
    element = build_trust_message([KEY])
    content = [body("hi"), element]
    if what == "twice":
        content.append(element)
    elif what == "malformed":
        element[0][0].text = "AAAA"
    result = omemo_2(*content)
    assert result.plaintext is not None
    if what == "for another":
        result = omemo_2(*content, to_jid="carol@example.org")
    elif what == "no time":
        assert result.plaintext is not None
        stamp = result.plaintext.index(b"<time")
        end = result.plaintext.index(b">", stamp) + 1
        cut = result.plaintext[:stamp] + result.plaintext[end:]
        result = dataclasses.replace(result, plaintext=cut)
    case, props = Case(result), properties()
    one = stanza(encrypted(Protocol.OMEMO_2))
    handle(case, one, props)
    assert case.engine.told == []
    assert (one.getBody() == "hi") is (what != "for another")


def test_case_46_in_a_legacy_text_there_is_no_trust_message() -> None:
    text = write_element(build_trust_message([KEY]))
    case, props = Case(legacy(text)), properties()
    handle(case, stanza(encrypted(Protocol.LEGACY)), props)
    assert case.engine.told == []


def test_effects_of_an_error_are_carried_out() -> None:
    error = errors.NoSession()
    error.effects = (EFFECT,)
    case = Case(error)
    case.receiver.handle(stanza(encrypted(Protocol.LEGACY)), properties())
    assert case.effects == [EFFECT]


def test_no_engine_is_said() -> None:
    case, one, props = Case(legacy()), stanza(encrypted(Protocol.LEGACY)), properties()
    case.problem = errors.StoreLocked("in use")
    case.receiver.handle(one, props)
    assert "Another Gajim" in one.getBody()


def test_an_error_stanza_is_not_a_message() -> None:
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY))
    case.receiver.handle(one, properties(type=MessageType.ERROR))
    assert not case.engine.calls


# OMEMO 2


def test_the_body_comes_out_of_the_envelope() -> None:
    case, one, props = (
        Case(omemo_2(body("hi"))),
        stanza(encrypted(Protocol.OMEMO_2)),
        properties(),
    )
    handle(case, one, props)
    assert one.getBody() == "hi"
    assert shield(props)[1] == gajim_constants.gajim_trust(Trust.VERIFIED)


@pytest.mark.parametrize(
    ("from_jid", "to_jid"), [("eve@example.org", ALICE), (BOB, "eve@example.org")]
)
def test_case_23_an_envelope_of_somebody_else_is_refused(
    from_jid: str, to_jid: str
) -> None:
    outcome = omemo_2(body("secret"), from_jid=from_jid, to_jid=to_jid)
    case, props = Case(outcome), properties()
    one = stanza(encrypted(Protocol.OMEMO_2))
    handle(case, one, props)
    assert "secret" not in str(one)
    assert "not opened]" in one.getBody()


ROOM = "room@conference.example.org"


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize(
    ("sender", "addressed", "is_for"),
    [
        # What was written in a room is shown in no chat
        (BOB, ROOM, ROOM),
        (BOB, None, ROOM),
        (BOB, "carol@example.org", "carol@example.org"),
        # What an own device wrote to a contact is shown in no other chat
        (ALICE, None, BOB),
        (ALICE, "carol@example.org", BOB),
    ],
)
def test_case_131_a_server_moves_no_text_to_another_place(
    sender: str, addressed: str | None, is_for: str, *, archived: bool
) -> None:
    outcome = omemo_2(body("secret"), from_jid=sender, to_jid=is_for)
    case = Case(dataclasses.replace(outcome, device=Device(sender, 5)))
    one = stanza(encrypted(Protocol.OMEMO_2))
    source = JID.from_string(f"{sender}/r")
    case.receiver.handle(
        one,
        properties(
            from_=source,
            to=addressed and JID.from_string(addressed),
            jid=source,
            mam=archive(ALICE) if archived else None,
        ),
    )
    assert "secret" not in str(one)
    assert "not opened]" in one.getBody()


@pytest.mark.parametrize(
    ("sender", "addressed", "is_for"),
    [
        (BOB, ALICE, ALICE),
        (BOB, None, ALICE),
        (ALICE, BOB, BOB),
        (ALICE, ALICE, ALICE),
        (ALICE, None, ALICE),
    ],
)
def test_case_131_an_honest_address_is_taken(
    sender: str, addressed: str | None, is_for: str
) -> None:
    outcome = omemo_2(body("hi"), from_jid=sender, to_jid=is_for)
    case = Case(dataclasses.replace(outcome, device=Device(sender, 5)))
    one = stanza(encrypted(Protocol.OMEMO_2))
    to = addressed and JID.from_string(addressed)
    case.receiver.handle(one, properties(from_=JID.from_string(f"{sender}/r"), to=to))
    assert one.getBody() == "hi"


def test_relations_outside_the_envelope_do_not_count() -> None:
    case, props = Case(omemo_2(body("hi"))), properties()
    one = stanza(
        encrypted(Protocol.OMEMO_2),
        '<replace xmlns="urn:xmpp:message-correct:0" id="0"/>',
        '<reply xmlns="urn:xmpp:reply:0" id="0" to="x@y"/>',
    )
    handle(case, one, props)
    assert one.getTag("replace") is None
    assert one.getTag("reply") is None


def corrects(one: Message) -> str | None:
    """The id of the message that Gajim would replace."""
    replace = one.getTag("replace")
    return None if replace is None else str(replace.getAttr("id"))


def receive(case: Case, outcome: ReceivedMessage, message_id: str = "1") -> Any:
    """Receive one more message; returns what `corrects` says of it."""
    case.engine.outcome = outcome
    one = stanza(encrypted(outcome.protocol))
    one.setID(message_id)
    handle(case, one, properties())
    return corrects(one)


def correction(text: str = "corrected", target: str = "0") -> ReceivedMessage:
    replace = element("{urn:xmpp:message-correct:0}replace", id=target)
    return omemo_2(body(text), replace)


def test_a_correction_in_the_envelope_is_one() -> None:
    case = Case(None)
    receive(case, omemo_2(body("first")), "0")
    assert receive(case, correction()) == "0"
    # And once more, whichever of both ids the program names
    assert receive(case, correction(), "2") == "0"
    assert receive(case, correction(target="2"), "3") == "2"
    assert not case.lines


@pytest.mark.parametrize("earlier", ["nothing", "device", "protocol", "ids", "chat"])
def test_case_60_a_correction_replaces_no_message_of_another_origin(
    earlier: str,
) -> None:
    """Not of another device, in clear, in the older protocol or of unknown origin,
    and not where the server has given two messages one id."""
    case = Case(None)
    first = omemo_2(body("first"))
    if earlier == "device":
        receive(case, dataclasses.replace(first, device=Device(BOB, 6)), "0")
    elif earlier == "protocol":
        receive(case, legacy(b"first"), "0")
    elif earlier == "ids":
        receive(case, first, "0")
        receive(case, dataclasses.replace(first, device=Device(BOB, 6)), "0")
        receive(case, first, "0")
    elif earlier == "chat":
        case.engine.outcome = first
        one = stanza(encrypted(Protocol.OMEMO_2))
        one.setID("0")
        elsewhere = JID.from_string("carol@example.org")
        handle(case, one, properties(jid=elsewhere))
    assert receive(case, correction()) is None
    ((jid, line),) = case.lines
    assert jid == BOB
    assert "“corrected” was sent as a correction" in line


RETRACTION = element("{urn:xmpp:message-retract:1}retract", id="earlier")
REACTION = element("{urn:xmpp:reactions:0}reactions", id="earlier")
REACTION.append(element("{urn:xmpp:reactions:0}reaction", "👍"))
DISPLAYED = element("{urn:xmpp:chat-markers:0}displayed", id="earlier")
RECEIVED = element("{urn:xmpp:receipts}received", id="earlier")


def change(
    case: Case, one: Element, device: Device, trust: Trust, *, archived: bool = False
) -> bool:
    """Whether what a device sends reaches Gajim."""
    result = omemo_2(one, from_jid=device.jid)
    case.engine.outcome = dataclasses.replace(result, device=device, trust=trust)
    stanza_, source = stanza(encrypted(Protocol.OMEMO_2)), JID.from_string(BOB)
    mam = archive(ALICE) if archived else None
    with contextlib.suppress(NodeProcessed):
        case.receiver.handle(stanza_, properties(from_=source, jid=source, mam=mam))
    return f"<{one.tag.partition('}')[2]}" in str(stanza_)


@pytest.mark.parametrize("one", [RETRACTION, REACTION, DISPLAYED, RECEIVED])
@pytest.mark.parametrize("trust", Trust)
def test_case_135_a_device_that_gets_nothing_changes_nothing(
    one: Element, trust: Trust
) -> None:
    """A server can have added it to the account of somebody verified."""
    case, answers = Case(None), (DISPLAYED, RECEIVED)
    hers, other = Device(BOB, 5), Device(BOB, 6)
    case.receiver._origins.note(BOB, "earlier", hers, Protocol.OMEMO_2)
    assert change(case, one, hers, Trust.VERIFIED)
    case.lines.clear()
    assert change(case, one, other, trust) is trust.may_receive
    refused = not trust.may_receive and one not in answers
    assert [line for _jid, line in case.lines if "Nothing was changed" in line] == (
        [texts.change_refused()] if refused else []
    )
    case.lines.clear()
    assert change(case, one, other, trust, archived=True) is trust.may_receive
    assert not case.lines


def test_case_135_a_device_takes_back_its_own_text() -> None:
    case, hers = Case(None), Device(BOB, 5)
    case.receiver._origins.note(BOB, "earlier", hers, Protocol.OMEMO_2)
    assert change(case, RETRACTION, hers, Trust.DISTRUSTED)


def test_case_135_nobody_takes_back_the_text_of_another_member() -> None:
    """The server of a room says who wrote what, and Gajim believes it."""
    case, eve = Case(None), Device(BOB, 7)
    case.receiver._origins.note(
        BOB, "earlier", Device("carol@example.org", 5), Protocol.LEGACY
    )
    assert not change(case, RETRACTION, eve, Trust.VERIFIED)
    assert change(case, REACTION, eve, Trust.VERIFIED)


def test_origins_are_kept_within_bounds() -> None:
    origins = MessageOrigins()
    device = Device(BOB, 5)
    for number in range(KEPT + 1):
        origins.note(BOB, str(number), device, Protocol.OMEMO_2)
    origins.note(BOB, None, device, Protocol.OMEMO_2)
    origins.note(BOB, "x" * ID_MAX, device, Protocol.OMEMO_2)
    origins.note(BOB, "x" * (ID_MAX + 1), device, Protocol.OMEMO_2)
    assert origins.is_known(BOB, "x" * ID_MAX)
    assert not origins.is_known(BOB, "x" * (ID_MAX + 1))
    assert not origins.may_replace(BOB, "0", device, Protocol.OMEMO_2)
    assert origins.may_replace(BOB, "2", device, Protocol.OMEMO_2)
    assert origins.is_known(BOB, "2")
    assert not origins.is_known(BOB, "0")
    assert not origins.is_known(ALICE, "2")
    assert not origins.may_replace(BOB, None, device, Protocol.OMEMO_2)


@pytest.mark.parametrize(
    "answer",
    [
        '<received xmlns="urn:xmpp:receipts" id="0"/>',
        '<received xmlns="urn:xmpp:chat-markers:0" id="0"/>',
        '<displayed xmlns="urn:xmpp:chat-markers:0" id="0"/>',
        '<acknowledged xmlns="urn:xmpp:chat-markers:0" id="0"/>',
    ],
)
def test_case_60_an_answer_in_clear_ticks_nothing(answer: str) -> None:
    one = stanza(answer, body="")
    forbid_plain_answers(one, properties())
    assert not one.getChildren()
    # An answer from an envelope does
    one = stanza(answer, body="")
    forbid_plain_answers(one, properties(encrypted=object()))
    assert len(one.getChildren()) == 1


def test_case_22_no_plain_correction_of_an_encrypted_message() -> None:
    plain = properties(correction="0")
    forbid_plain_correction(plain, True)
    assert plain.correction is None
    elsewhere = properties(correction="0")
    forbid_plain_correction(elsewhere, False)
    assert elsewhere.correction == "0"
    decrypted = properties(correction="0", encrypted=object())
    forbid_plain_correction(decrypted, True)
    assert decrypted.correction == "0"


@pytest.mark.parametrize("protocol", list(Protocol))
def test_case_07_a_hint_is_no_encryption(protocol: Protocol) -> None:
    hinted = properties(eme=EMEData("OMEMO", protocol.namespace))
    forget_hint(hinted, encrypted=False)
    assert hinted.eme is None
    of_others = EMEData("OpenPGP", "urn:xmpp:openpgp:0")
    elsewhere = properties(eme=of_others)
    forget_hint(elsewhere, encrypted=False)
    assert elsewhere.eme is of_others
    unhinted = properties(eme=None)
    forget_hint(unhinted, encrypted=False)
    assert unhinted.eme is None


def test_an_envelope_does_not_speak_for_the_server() -> None:
    content = [
        body("hi"),
        element("{urn:xmpp:delay}delay", stamp="1970-01-01T00:00:00Z"),
        element("{http://jabber.org/protocol/muc#user}x"),
        element("{http://jabber.org/protocol/pubsub#event}event"),
        element("{urn:xmpp:mam:2}result"),
    ]
    case, one, props = (
        Case(omemo_2(*content)),
        stanza(encrypted(Protocol.OMEMO_2)),
        properties(),
    )
    handle(case, one, props)
    assert [child.getName() for child in one.getChildren()] == ["body"]


def test_a_chat_state_alone_shows_no_row() -> None:
    state = element("{http://jabber.org/protocol/chatstates}active")
    case, one, props = (
        Case(omemo_2(state)),
        stanza(encrypted(Protocol.OMEMO_2)),
        properties(),
    )
    handle(case, one, props)
    assert case.dispatched == [["active"]]
    assert one.getBody() is None
    assert one.getTag("active") is not None


RECEIPTS = "urn:xmpp:receipts"


@pytest.mark.parametrize("beside", [True, False])
def test_a_request_for_a_receipt_is_answered_encrypted(*, beside: bool) -> None:
    """Gajim does not get to see it, or it would answer in clear."""
    request = element(f"{{{RECEIPTS}}}request")
    content = [body("hi")] if beside else [body("hi"), request]
    outside = f'<request xmlns="{RECEIPTS}"/>' if beside else ""
    case, one = Case(omemo_2(*content)), stanza(encrypted(Protocol.OMEMO_2), outside)
    handle(case, one, properties())
    assert case.receipts == [(BOB, "1")]
    assert one.getTag("request") is None
    assert one.getBody() == "hi"


def test_case_74_an_answer_beside_a_request_does_not_hide_it() -> None:
    """nbxmpp builds no receipt for a stanza that has one."""
    around = (
        f'<request xmlns="{RECEIPTS}"/>',
        f'<received xmlns="{RECEIPTS}" id="0"/>',
    )
    case, one = (
        Case(omemo_2(body("hi"))),
        stanza(encrypted(Protocol.OMEMO_2), *around),
    )
    handle(case, one, properties())
    assert case.receipts == [(BOB, "1")]
    assert case.answers_beside == [False]


@pytest.mark.parametrize("in_clear", [True, False])
def test_a_request_beside_a_legacy_message(*, in_clear: bool) -> None:
    """Gajim, which answers in clear, sees it if the user wants that."""
    case = Case(legacy())
    case.answers_in_clear = in_clear
    one = stanza(encrypted(Protocol.LEGACY), f'<request xmlns="{RECEIPTS}"/>')
    handle(case, one, properties())
    # It can be answered encrypted if the sender reads OMEMO 2 as well
    assert case.receipts == ([] if in_clear else [(BOB, "1")])
    assert (one.getTag("request") is not None) is in_clear


@pytest.mark.parametrize("decrypted", [True, False])
def test_a_text_in_clear_gets_no_receipt(*, decrypted: bool) -> None:
    one = stanza(f'<request xmlns="{RECEIPTS}"/>', "<body>hi</body>")
    found = properties()
    found.encrypted = object() if decrypted else None
    forbid_plain_receipt(one, found)
    assert (one.getTag("request") is not None) is decrypted
    assert one.getBody() == "hi"


def test_an_answer_does_not_swallow_a_text() -> None:
    answer = element(f"{{{RECEIPTS}}}received", id="0")
    case, one = Case(omemo_2(body("hi"), answer)), stanza(encrypted(Protocol.OMEMO_2))
    handle(case, one, properties())
    assert one.getBody() == "hi"
    assert one.getTag("received") is None


def test_elements_in_the_envelope_replace_those_beside_it() -> None:
    inside = element("{http://jabber.org/protocol/chatstates}active")
    beside = '<active xmlns="http://jabber.org/protocol/chatstates"/>'
    case, one = (
        Case(omemo_2(body('hi'), inside)), stanza(encrypted(Protocol.OMEMO_2), beside)
    )  # fmt: skip
    handle(case, one, properties())
    assert len(one.getTags("active")) == 1


def reaction(*emojis: str) -> Element:
    one = element("{urn:xmpp:reactions:0}reactions", id="0")
    for emoji in emojis:
        child = Element("{urn:xmpp:reactions:0}reaction")
        child.text = emoji
        one.append(child)
    return one


@pytest.mark.parametrize("archived", [True, False])
def test_a_reaction_without_a_place_is_a_line(
    monkeypatch: pytest.MonkeyPatch, *, archived: bool
) -> None:
    monkeypatch.setattr(gajim_messages, "can_show", lambda part: part[0] != "reactions")
    case, one = Case(omemo_2(reaction("x" * 99))), stanza(encrypted(Protocol.OMEMO_2))
    props = properties(mam=archive(ALICE) if archived else None)
    handle(case, one, props)
    line = f"{BOB} reacts to an earlier message: “{'x' * 11}…”"
    told = [] if archived else [(BOB, line)]
    assert case.lines == told


@pytest.mark.parametrize("encrypted_chat", [True, False])
@pytest.mark.parametrize("decrypted", [True, False])
def test_case_22_plain_changes_touch_no_encrypted_message(
    *, encrypted_chat: bool, decrypted: bool
) -> None:
    def changed(**changes: Any) -> Any:
        shield_data = object() if decrypted else None
        return properties(encrypted=shield_data, **changes)

    refused = encrypted_chat and not decrypted
    emoji = SimpleNamespace(emojis={"x"})
    reacted = changed(reactions=emoji)
    line = forbid_plain_changes(reacted, encrypted_chat)
    assert reacted.reactions is (None if refused else emoji)
    assert ("not encrypted" in line) is refused
    taken = SimpleNamespace(is_tombstone=False)
    retracted = changed(retraction=taken)
    line = forbid_plain_changes(retracted, encrypted_chat)
    assert retracted.retraction is (None if refused else taken)
    assert ("It stays" in line) is refused


# The sender


def test_a_carbon_of_ours_is_from_us() -> None:
    carbon = SimpleNamespace(is_sent=True)
    props = properties(carbon=carbon, from_=JID.from_string(f"{ALICE}/other"))
    assert sender_of(props, ALICE) == ALICE


def test_a_carbon_of_theirs_is_from_them() -> None:
    carbon = SimpleNamespace(is_sent=False)
    assert sender_of(properties(carbon=carbon), ALICE) == BOB


class Archived(NamedTuple):
    """nbxmpp's data about a result of an archive."""

    archive: JID
    timestamp: float


def archive(of: str, timestamp: float = STAMP.timestamp()) -> Any:
    return Archived(JID.from_string(of), timestamp)


@pytest.mark.parametrize("of", [None, ALICE, "eve@example.org"])
def test_messages_from_the_archive_are_counted(of: str | None) -> None:
    case = Case(legacy())
    one = stanza(encrypted(Protocol.LEGACY))
    with contextlib.suppress(NodeProcessed):
        case.receiver.handle(one, properties(mam=of and archive(of)))
    assert case.archived == (1 if of == ALICE else 0)


def test_an_archived_message_is_from_whom_it_says() -> None:
    assert sender_of(properties(mam=archive(ALICE)), ALICE) == BOB
    own = properties(mam=archive(ALICE), from_=JID.from_string(f"{ALICE}/x"))
    assert sender_of(own, ALICE) == ALICE


@pytest.mark.parametrize("of", ["eve@example.org", f"{BOB}/r", "example.org"])
def test_case_18_an_archive_that_is_not_ours_is_not_decrypted(of: str) -> None:
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY))
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties(mam=archive(of)))
    assert not case.engine.calls


def test_our_own_archive_is_decrypted() -> None:
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY))
    case.receiver.handle(one, properties(mam=archive(ALICE)))
    assert one.getBody() == "hello"


def test_a_private_message_is_of_the_person_behind_the_nickname() -> None:
    mark = '<x xmlns="http://jabber.org/protocol/muc#user"/>'
    for private in (True, False):
        case = Case(legacy())
        case.rooms.people["den@rooms.example.org/bob"] = BOB
        one = stanza(encrypted(Protocol.LEGACY) + (mark if private else ""))
        source = JID.from_string("den@rooms.example.org/bob")
        case.receiver.handle(one, properties(from_=source, jid=source))
        ((sender, _messages),) = case.engine.calls
        assert sender == (BOB if private else "den@rooms.example.org")


def test_case_74_the_mark_of_a_private_message_without_a_room_is_removed() -> None:
    """A server could add it to any message, which Gajim then could not show."""
    mark = '<x xmlns="http://jabber.org/protocol/muc#user"/>'
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY) + mark)
    props = properties(muc_private_message=True, remote_jid=None)
    handle(case, one, props)
    ((sender, _messages),) = case.engine.calls
    assert sender == BOB
    assert one.getBody() == "hello"
    assert one.getTag("x") is None
    assert props.muc_private_message is False
    assert str(props.remote_jid) == BOB


def test_a_private_message_of_another_own_device() -> None:
    carbon = SimpleNamespace(is_sent=True)
    props = properties(carbon=carbon, from_=JID.from_string(f"{ALICE}/other"))
    assert sender_of(props, ALICE, lambda _properties: None, True) == ALICE


def test_case_21_a_nickname_names_no_sender() -> None:
    room = JID.from_string("room@conference.example.org/bob")
    props = properties(type=MessageType.GROUPCHAT, from_=room)
    assert sender_of(props, ALICE) is None
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY))
    case.receiver.handle(one, props)
    assert not case.engine.calls
    assert "The group chat does not say who wrote it" in one.getBody()


@pytest.mark.parametrize("protocol", Protocol)
def test_a_message_of_a_room_that_gajim_is_not_in_is_not_decrypted(
    protocol: Protocol,
) -> None:
    source = JID.from_string("elsewhere@rooms.example.org/bob")
    case, one = Case(legacy()), stanza(encrypted(protocol))
    case.rooms.people[str(source)] = BOB
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties(type=MessageType.GROUPCHAT, from_=source))
    assert not case.engine.calls


# The text


def test_text_that_xml_does_not_allow_is_made_harmless() -> None:
    assert clean_text(b"a\x00b\x1bc\td\n") == "a\ufffdb\ufffdc\td\n"
    assert clean_text("ä😀".encode()) == "ä😀"


def test_text_that_is_not_utf_8_is_refused() -> None:
    case, one = Case(legacy(b"\xff\xfe")), stanza(encrypted(Protocol.LEGACY))
    case.receiver.handle(one, properties())
    assert "not a proper encrypted message" in one.getBody()


@pytest.mark.parametrize(
    ("lost", "archived", "protocol", "body", "said"),
    [
        (True, True, Protocol.LEGACY, "fallback", True),
        (True, True, Protocol.OMEMO_2, "fallback", True),
        # Such as a receipt
        (True, True, Protocol.OMEMO_2, "", False),
        (False, True, Protocol.LEGACY, "fallback", False),
        (True, False, Protocol.LEGACY, "fallback", False),
    ],
)
def test_an_own_message_whose_text_is_gone(
    *, lost: bool, archived: bool, protocol: Protocol, body: str, said: bool
) -> None:
    case = Case(errors.SentByThisDevice())
    if lost:
        case.unopened.connected()
    one = stanza(encrypted(protocol), body=body)
    props = properties(
        from_=JID.from_string(f"{ALICE}/x"),
        jid=JID.from_string(BOB),
        mam=archive(ALICE) if archived else None,
    )
    if not said:
        with pytest.raises(NodeProcessed):
            case.receiver.handle(one, props)
        return
    case.receiver.handle(one, props)
    gone = "[Message not opened] You wrote it here, but its text is gone."
    assert one.getBody() == gone


def test_a_silent_message_reflected_by_a_room_shows_nothing() -> None:
    """Such as a typing notice: the user need not be told that it was sent."""
    case = Case(errors.SentByThisDevice())
    inner = encrypted(Protocol.OMEMO_2)
    one = Message(
        node=f'<message xmlns="jabber:client" from="den@rooms.example.org/alice" '
        f'to="{ALICE}" type="groupchat" id="1">{inner}</message>'
    )
    source = JID.from_string("den@rooms.example.org/alice")
    case.rooms.people["den@rooms.example.org/alice"] = ALICE
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties(type=MessageType.GROUPCHAT, from_=source))


@pytest.mark.parametrize("archived", [True, False])
def test_an_opt_out_is_said_and_changes_nothing(*, archived: bool) -> None:
    ask = element("{urn:xmpp:omemo:2}opt-out")
    reason = Element("{urn:xmpp:omemo:2}reason")
    reason.text = "my phone is old " + "x" * 999
    ask.append(reason)
    case, one = Case(omemo_2(ask)), stanza(encrypted(Protocol.OMEMO_2))
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties(mam=archive(ALICE) if archived else None))
    assert len(case.lines) == (0 if archived else 1)
    for jid, line in case.lines:
        assert jid == BOB
        assert "Nothing has changed" in line
        assert "my phone is old" in line
        assert len(line) < 500


@pytest.mark.parametrize("trust", [Trust.UNDECIDED, Trust.DISTRUSTED])
def test_case_135_a_device_that_gets_nothing_asks_for_no_opt_out(trust: Trust) -> None:
    """A server could have added it, to have the user write in clear."""
    ask = omemo_2(element("{urn:xmpp:omemo:2}opt-out"))
    case, one = (
        Case(dataclasses.replace(ask, trust=trust)),
        stanza(encrypted(Protocol.OMEMO_2)),
    )
    with pytest.raises(NodeProcessed):
        case.receiver.handle(one, properties())
    assert not case.lines


@pytest.mark.parametrize("kept", [True, False])
def test_a_typing_notice_that_cannot_be_read_is_no_row(*, kept: bool) -> None:
    hint = f'<{"store" if kept else "no-store"} xmlns="urn:xmpp:hints"/>'
    case = Case(errors.NoSession())
    one = Message(
        node=f'<message xmlns="jabber:client" from="{BOB}/r" to="{ALICE}" type="chat" '
        f'id="1">{encrypted(Protocol.OMEMO_2)}{hint}</message>'
    )
    if kept:
        case.receiver.handle(one, properties())
        assert "not opened]" in one.getBody()
    else:
        with pytest.raises(NodeProcessed):
            case.receiver.handle(one, properties())


# Elements beside the encrypted one

# Every element that could change the text, its place, its time or its sender
HOSTILE = [
    '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0">'
    '<body start="0" end="4"/></fallback>',
    '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"/>',
    '<fallback xmlns="urn:xmpp:fallback:0"/>',
    '<replace xmlns="urn:xmpp:message-correct:0" id="0"/>',
    '<reply xmlns="urn:xmpp:reply:0" id="0" to="x@y"/>',
    "<thread>elsewhere</thread>",
    "<subject>forged</subject>",
    '<body xml:lang="de">gefälscht</body>',
    "<body>forged</body>",
    '<body xml:lang=""/>',
    '<html xmlns="http://jabber.org/protocol/xhtml-im"><body '
    'xmlns="http://www.w3.org/1999/xhtml">forged</body></html>',
    '<x xmlns="jabber:x:oob"><url>https://forged.example</url></x>',
    '<x xmlns="jabber:x:conference" jid="forged@rooms.example.org"/>',
    '<x xmlns="jabber:x:data" type="form"/>',
    '<x xmlns="http://jabber.org/protocol/rosterx"/>',
    '<x xmlns="jabber:x:encrypted">forged</x>',
    '<openpgp xmlns="urn:xmpp:openpgp:0">forged</openpgp>',
    '<encryption xmlns="urn:xmpp:eme:0" namespace="x" name="forged"/>',
    '<no-store xmlns="urn:xmpp:hints"/>',
    '<no-permanent-store xmlns="urn:xmpp:hints"/>',
    '<nick xmlns="http://jabber.org/protocol/nick">forged</nick>',
    '<reactions xmlns="urn:xmpp:reactions:0" id="0"/>',
    '<retract xmlns="urn:xmpp:message-retract:1" id="0"/>',
    '<apply-to xmlns="urn:xmpp:fasten:0" id="0"><moderated '
    'xmlns="urn:xmpp:message-moderate:0"/></apply-to>',
    '<attention xmlns="urn:xmpp:attention:0"/>',
    '<securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking>forged'
    "</displaymarking></securitylabel>",
    '<addresses xmlns="http://jabber.org/protocol/address"><address type="ofrom" '
    'jid="eve@example.org"/></addresses>',
    '<delay xmlns="urn:xmpp:delay" stamp="2019-01-01T00:00:00Z"/>',
    '<delay xmlns="urn:xmpp:delay" from="eve@example.org" '
    'stamp="2019-01-01T00:00:00Z"/>',
    '<delay xmlns="urn:xmpp:delay" from="example.org" stamp="soon"/>',
    '<displayed xmlns="urn:xmpp:chat-markers:0" id="0"/>',
    '<received xmlns="urn:xmpp:receipts" id="0"/>',
    '<unknown xmlns="urn:example:unknown"/>',
]


@pytest.mark.parametrize("kind", ["one-to-one", "room", "carbon", "archive"])
@pytest.mark.parametrize("protocol", Protocol)
def test_case_53_only_harmless_elements_stay_beside_a_message(
    protocol: Protocol, kind: str
) -> None:
    """In any number and order, the text shown is the text encrypted."""
    text = "> quoted\nthe whole text"
    changes: dict[str, Any] = {}
    to_jid = ALICE
    if kind == "room":
        to_jid = "den@rooms.example.org"
        changes["from_"] = JID.from_string(f"{to_jid}/bob")
        changes["type"] = MessageType.GROUPCHAT
    elif kind == "carbon":
        changes["carbon"] = SimpleNamespace(is_sent=False)
    elif kind == "archive":
        changes["mam"] = archive(ALICE, datetime.now(UTC).timestamp())
    generator = random.Random(53)
    for _ in range(30):
        outcome = legacy(text.encode())
        if protocol is Protocol.OMEMO_2:
            outcome = omemo_2(body(text), to_jid=to_jid)
        case = Case(outcome)
        case.rooms.people["den@rooms.example.org/bob"] = BOB
        around = generator.choices(HOSTILE, k=generator.randrange(1, 20))
        around.insert(generator.randrange(len(around)), encrypted(protocol))
        one = stanza(*around)
        one.setAttr("xml:lang", "de")
        props = properties(openpgp=b"forged", pgp_legacy="forged", **changes)
        handle(case, one, props)
        assert len(one.getChildren()) == 1
        assert one.getBody() == text
        assert one.getAttr("xml:lang") is None
        assert props.openpgp is None
        assert props.pgp_legacy is None


def test_case_53_only_elements_of_servers_stay() -> None:
    case = Case(legacy())
    one = stanza(
        encrypted(Protocol.LEGACY),
        '<delay xmlns="urn:xmpp:delay" from="example.org" stamp="2026-01-01T00:00:00Z">'
        "Offline</delay>",
        '<stanza-id xmlns="urn:xmpp:sid:0" id="9" by="alice@example.org"/>',
        '<stanza-id xmlns="urn:xmpp:sid:0" id="8" by="example.org"/>',
        '<stanza-id xmlns="urn:xmpp:sid:0" id="7" by="more.example.org"/>',
        '<origin-id xmlns="urn:xmpp:sid:0" id="1"/>',
        '<occupant-id xmlns="urn:xmpp:occupant-id:0" id="o"><forged/></occupant-id>',
        '<active xmlns="http://jabber.org/protocol/chatstates"/>',
        '<markable xmlns="urn:xmpp:chat-markers:0"/>',
    )
    handle(case, one, properties())
    assert [child.getName() for child in one.getChildren()] == [
        "delay",
        "stanza-id",
        "stanza-id",
        "origin-id",
        "occupant-id",
        "active",
        "markable",
        "body",
    ]
    assert "Offline" not in str(one)
    assert "forged" not in str(one)


@pytest.mark.parametrize("state", ["composing", "paused", "inactive", "gone", "active"])
@pytest.mark.parametrize("is_inside", [True, False])
def test_case_152_a_text_with_a_chat_state(state: str, *, is_inside: bool) -> None:
    """Gajim 2 looks at any but the last one alone, and the text would be lost."""
    namespace = "http://jabber.org/protocol/chatstates"
    if is_inside:
        case = Case(omemo_2(body("hi"), element(f"{{{namespace}}}{state}")))
        one = stanza(encrypted(Protocol.OMEMO_2))
    else:
        case = Case(legacy())
        one = stanza(encrypted(Protocol.LEGACY), f'<{state} xmlns="{namespace}"/>')
    handle(case, one, properties())
    names = [child.getName() for child in one.getChildren()]
    assert (state in names) == (state == "active")
    assert "body" in names


def test_case_74_a_number_of_an_archive_without_an_address_is_removed() -> None:
    """Gajim fails on it, and the decrypted message would be lost."""
    numbers = [SimpleNamespace(id="9", by=by) for by in ("", "@", "x" * 5000, ALICE)]
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY))
    props = properties(stanza_ids=numbers)
    handle(case, one, props)
    assert [number.by for number in props.stanza_ids] == [ALICE]


def test_case_53_a_private_message_is_no_invitation() -> None:
    mark = (
        '<x xmlns="http://jabber.org/protocol/muc#user"><invite from="eve@example.org">'
        '<reason>forged</reason></invite><status code="104"/></x>'
    )
    case = Case(legacy())
    case.rooms.people["den@rooms.example.org/bob"] = BOB
    one = stanza(encrypted(Protocol.LEGACY), mark)
    source = JID.from_string("den@rooms.example.org/bob")
    handle(case, one, properties(from_=source, jid=source))
    user = one.getTag("x")
    assert user is not None
    assert not user.getChildren()


def test_case_53_the_archive_of_a_room_names_the_sender_and_no_more() -> None:
    room = "den@rooms.example.org"
    mark = (
        '<x xmlns="http://jabber.org/protocol/muc#user"><item jid="bob@example.org" '
        'nick="forged" affiliation="member"><reason>forged</reason></item>'
        '<status code="172"/></x>'
    )
    case = Case(legacy())
    one = stanza(encrypted(Protocol.LEGACY), mark)
    props = properties(
        type=MessageType.GROUPCHAT,
        from_=JID.from_string(f"{room}/bob"),
        mam=archive(room),
        muc_user=SimpleNamespace(jid=JID.from_string(BOB)),
    )
    handle(case, one, props)
    assert one.getBody() == "hello"
    item = one.getTag("x").getTag("item")
    assert item.getAttrs() == {"jid": BOB, "affiliation": "member"}
    assert "forged" not in str(one)
    assert "status" not in str(one)


def test_case_53_a_correction_in_the_older_protocol_is_a_row_of_its_own() -> None:
    case = Case(legacy(b"the corrected text"))
    replace = '<replace xmlns="urn:xmpp:message-correct:0" id="0"/>'
    one, props = (
        stanza(encrypted(Protocol.LEGACY), replace),
        properties(correction=None),
    )
    handle(case, one, props)
    assert one.getTag("replace") is None
    assert props.correction is None
    ((jid, line),) = case.lines
    assert jid == BOB
    assert "“the corrected text” was sent as a correction" in line


# The time of a message


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def timed(
    written: timedelta, *, delay: timedelta | None = None, mam: timedelta | None = None
) -> tuple[Case, Message, Any]:
    """A message of so long ago, about which servers say this."""
    now = datetime.now(UTC)
    case = Case(omemo_2(body("hello"), stamp=now - written))
    around = ""
    if delay is not None:
        stamp = (now - delay).isoformat()
        around = f'<delay xmlns="urn:xmpp:delay" from="example.org" stamp="{stamp}"/>'
    one = stanza(encrypted(Protocol.OMEMO_2), around)
    archived = None if mam is None else archive(ALICE, (now - mam).timestamp())
    props = properties(mam=archived, timestamp=now.timestamp())
    handle(case, one, props)
    return case, one, props


@pytest.mark.parametrize(
    ("written", "delay", "mam"),
    [
        (minutes(0), None, None),
        (minutes(30), None, None),
        (minutes(-30), None, None),
        (timedelta(days=300), timedelta(days=300), None),
        (timedelta(days=300), None, timedelta(days=300)),
    ],
)
def test_a_message_that_comes_when_it_should_keeps_its_time(
    written: timedelta, delay: timedelta | None, mam: timedelta | None
) -> None:
    case, one, props = timed(written, delay=delay, mam=mam)
    assert not case.lines
    assert (one.getTag("delay") is not None) is (delay is not None)
    claimed = datetime.now(UTC) - (mam or timedelta())
    assert props.timestamp == pytest.approx(datetime.now(UTC).timestamp(), abs=10)
    if mam is not None:
        assert props.mam.timestamp == pytest.approx(claimed.timestamp(), abs=10)


@pytest.mark.parametrize(
    ("delay", "mam"),
    [
        (None, None),
        (minutes(1), None),
        (timedelta(days=900), None),
        (None, minutes(1)),
        (None, timedelta(days=900)),
    ],
)
def test_case_59_the_time_of_the_sender_counts(
    delay: timedelta | None, mam: timedelta | None
) -> None:
    """A message of 11 months ago does not pass for a new one."""
    written = timedelta(days=330)
    case, one, props = timed(written, delay=delay, mam=mam)
    expected = (datetime.now(UTC) - written).timestamp()
    shown = props.timestamp if mam is None else props.mam.timestamp
    assert shown == pytest.approx(expected, abs=10)
    assert one.getTag("delay") is None
    ((jid, line),) = case.lines
    assert jid == BOB
    assert "“hello” was written at" in line
    assert one.getBody() == "hello"


@pytest.mark.parametrize("written", [timedelta(days=-9000), timedelta(days=19_000)])
def test_case_59_an_impossible_time_is_said_and_not_used(written: timedelta) -> None:
    case, _one, props = timed(written)
    assert props.timestamp == pytest.approx(datetime.now(UTC).timestamp(), abs=10)
    assert len(case.lines) == 1
