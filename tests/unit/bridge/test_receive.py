# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import dataclasses
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from nbxmpp.const import MessageType
from nbxmpp.protocol import JID
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed
from nbxmpp.structs import EMEData

from omemo_plugin.bridge import compat
from omemo_plugin.bridge.receive import Receiver
from omemo_plugin.bridge.receive import clean_text
from omemo_plugin.bridge.receive import forbid_plain_changes
from omemo_plugin.bridge.receive import forbid_plain_correction
from omemo_plugin.bridge.receive import forbid_plain_receipt
from omemo_plugin.bridge.receive import forget_hint
from omemo_plugin.bridge.receive import sender_of
from omemo_plugin.bridge.rooms import Rooms
from omemo_plugin.engine import errors
from omemo_plugin.engine.decisions import KeyDecision
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.receiving import ReceivedMessage
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
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
    from omemo_plugin.bridge.nodes import to_node

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
        "jid": JID.from_string(f"{BOB}/r"),
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

    def trust_message_received(
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
        return self.outcome


class NoRooms(Rooms):
    """Nobody is in any."""

    def __init__(self) -> None:
        client = SimpleNamespace(get_module=self._no_contacts)
        super().__init__(client, ALICE)
        self.people: dict[str, str] = {}

    def person(self, address: str) -> str | None:
        return self.people.get(address) or super().person(address)

    def _no_contacts(self, _name: str) -> Any:
        return SimpleNamespace(get_bare_contact={}.__getitem__)


class Case:
    """A receiver with its surroundings."""

    def __init__(self, outcome: Any) -> None:
        self.engine = Engine(outcome)
        self.effects: list[Any] = []
        self.received = 0
        self.rooms = NoRooms()
        self.lines: list[tuple[str, str]] = []
        self.receipts: list[tuple[str, str]] = []
        self.dispatched: list[str] = []
        self.receiver = Receiver(
            ALICE,
            lambda: self.engine,
            self.effects.extend,
            self._received,
            self.rooms,
            self._tell,
            self._asked_for_receipt,
            self._dispatch,
        )

    def _tell(self, jid: str, line: str) -> None:
        self.lines.append((jid, line))

    def _asked_for_receipt(self, sender: str, one: Message, props: Any) -> None:
        assert props.encrypted is not None
        self.receipts.append((sender, one.getID()))

    def _dispatch(self, one: Message, props: Any, nodes: Sequence[Any]) -> None:
        assert props.encrypted is not None
        self.dispatched += [node.getName() for node in nodes]

    def _received(self) -> None:
        self.received += 1


def legacy(text: bytes | None = b"hello") -> ReceivedMessage:
    return ReceivedMessage(
        Device(BOB, 5), Protocol.LEGACY, text, Trust.BLIND, "ab" * 32, (EFFECT,)
    )


def omemo_2(
    *content: Element, from_jid: str = BOB, to_jid: str = ALICE
) -> ReceivedMessage:
    data = build_envelope(content, from_jid=from_jid, to_jid=to_jid, stamp=STAMP)
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
    try:
        case.receiver.handle(one, props)
    except Exception as error:
        if compat.StanzaDecrypted is None or not isinstance(
            error, compat.StanzaDecrypted
        ):
            raise


def test_the_text_takes_the_place_of_the_fallback() -> None:
    case, one, props = Case(legacy()), stanza(encrypted(Protocol.LEGACY)), properties()
    case.receiver.handle(one, props)
    assert one.getBody() == "hello"
    assert one.getTag("encrypted") is None
    assert props.omemo is None
    assert shield(props) == ("ab" * 32, compat.gajim_trust(Trust.BLIND))
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
def test_nothing_else_is_taken_from_a_text(text: str) -> None:
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


def test_nothing_the_server_could_have_added_is_left() -> None:
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
    assert names == ["body", "replace", "stanza-id"]
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
    assert "could not be decrypted" in one.getBody()
    # Neither answered, nor put in the place of another message
    assert [child.getName() for child in one.getChildren()] == ["body"]
    assert shield(props)[1] == compat.gajim_trust(Trust.DISTRUSTED)
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
    assert "could not be decrypted" in one.getBody()
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
def test_whatever_might_have_been_a_text_is_missed(
    error: Exception, protocol: Protocol, text: str
) -> None:
    one, props = stanza(encrypted(protocol), body=text), properties()
    handle(Case(error), one, props)
    assert props.encrypted is not None
    assert one.getBody() not in (None, "", "fallback")


KEY = KeyDecision(BOB, bytes(range(32)), Trust.VERIFIED)


def test_a_trust_message_reaches_the_engine() -> None:
    case = Case(omemo_2(build_trust_message([KEY])))
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


@pytest.mark.parametrize("what", ["twice", "malformed", "for another", "no time"])
def test_case_46_what_is_wrong_with_a_trust_message_is_passed_over(what: str) -> None:
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
    def no_engine() -> Any:
        raise errors.StoreLocked("in use")

    case, one, props = Case(legacy()), stanza(encrypted(Protocol.LEGACY)), properties()
    case.receiver._engine = no_engine
    case.receiver.handle(one, props)
    assert "another Gajim" in one.getBody()


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
    assert shield(props)[1] == compat.gajim_trust(Trust.VERIFIED)


@pytest.mark.parametrize(
    "changes", [{"from_jid": "eve@example.org"}, {"to_jid": "eve@example.org"}]
)
def test_case_23_an_envelope_of_somebody_else_is_refused(
    changes: dict[str, str],
) -> None:
    case, props = Case(omemo_2(body("secret"), **changes)), properties()
    one = stanza(encrypted(Protocol.OMEMO_2))
    handle(case, one, props)
    assert "secret" not in str(one)
    assert "could not be decrypted" in one.getBody()


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


def test_a_correction_in_the_envelope_is_one() -> None:
    replace = element("{urn:xmpp:message-correct:0}replace", id="0")
    case, one, props = (
        Case(omemo_2(body("hi"), replace)),
        stanza(encrypted(Protocol.OMEMO_2)),
        properties(correction=None),
    )
    handle(case, one, props)
    if compat.StanzaDecrypted is None:
        assert props.correction.id == "0"
    else:
        assert one.getTag("replace").getAttr("id") == "0"


@pytest.mark.skipif(
    compat.StanzaDecrypted is not None, reason="nbxmpp looks at it by itself"
)
@pytest.mark.parametrize("target", ["1", ""])
def test_case_22_a_correction_of_itself_is_none(target: str) -> None:
    replace = element("{urn:xmpp:message-correct:0}replace", id=target)
    case, one, props = (
        Case(omemo_2(body("hi"), replace)),
        stanza(encrypted(Protocol.OMEMO_2)),
        properties(correction=None),
    )
    handle(case, one, props)
    assert props.correction is None


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
    forget_hint(hinted)
    assert hinted.eme is None
    of_others = EMEData("OpenPGP", "urn:xmpp:openpgp:0")
    elsewhere = properties(eme=of_others)
    forget_hint(elsewhere)
    assert elsewhere.eme is of_others
    unhinted = properties(eme=None)
    forget_hint(unhinted)
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
    if compat.StanzaDecrypted is None:
        with pytest.raises(NodeProcessed):
            case.receiver.handle(one, props)
        return
    with pytest.raises(compat.StanzaDecrypted):
        case.receiver.handle(one, props)
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


@pytest.mark.parametrize("in_clear", [True, False])
def test_a_request_beside_a_legacy_message(*, in_clear: bool) -> None:
    """Gajim, which answers in clear, sees it if the user wants that."""
    case = Case(legacy())
    case.receiver.answers_in_clear = lambda: in_clear
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


def test_what_is_inside_counts_more_than_what_is_beside() -> None:
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
    monkeypatch.setattr(compat, "can_show", lambda part: part[0] != "reactions")
    case, one = Case(omemo_2(reaction("x" * 99))), stanza(encrypted(Protocol.OMEMO_2))
    props = properties(mam=archive(ALICE) if archived else None)
    with pytest.raises((NodeProcessed, *filter(None, [compat.StanzaDecrypted]))):
        case.receiver.handle(one, props)
    line = f"{BOB} reacts to an earlier message: {'x' * 16}"
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


# Who sent it


def test_a_carbon_of_ours_is_from_us() -> None:
    carbon = SimpleNamespace(is_sent=True)
    props = properties(carbon=carbon, from_=JID.from_string(f"{ALICE}/other"))
    assert sender_of(props, ALICE) == ALICE


def test_a_carbon_of_theirs_is_from_them() -> None:
    carbon = SimpleNamespace(is_sent=False)
    assert sender_of(properties(carbon=carbon), ALICE) == BOB


def archive(of: str) -> Any:
    return SimpleNamespace(archive=JID.from_string(of))


@pytest.mark.parametrize("of", [None, ALICE, "eve@example.org"])
def test_messages_from_the_archive_are_counted(of: str | None) -> None:
    case = Case(legacy())
    counted: list[bool] = []
    case.receiver.archived = lambda: counted.append(True)
    one = stanza(encrypted(Protocol.LEGACY))
    with contextlib.suppress(NodeProcessed):
        case.receiver.handle(one, properties(mam=of and archive(of)))
    assert len(counted) == (1 if of == ALICE else 0)


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
        case.receiver.handle(one, properties(from_=source))
        ((sender, _messages),) = case.engine.calls
        assert sender == (BOB if private else "den@rooms.example.org")
    # Whoever claims it from elsewhere is nobody
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY) + mark)
    case.receiver.handle(one, properties())
    assert not case.engine.calls


def test_a_private_message_of_another_own_device() -> None:
    carbon = SimpleNamespace(is_sent=True)
    props = properties(carbon=carbon, from_=JID.from_string(f"{ALICE}/other"))
    assert sender_of(props, ALICE, lambda _properties: None, True) == ALICE


def test_case_21_a_nickname_is_nobody() -> None:
    room = JID.from_string("room@conference.example.org/bob")
    props = properties(type=MessageType.GROUPCHAT, from_=room)
    assert sender_of(props, ALICE) is None
    case, one = Case(legacy()), stanza(encrypted(Protocol.LEGACY))
    case.receiver.handle(one, props)
    assert not case.engine.calls
    assert "the room does not tell who wrote it" in one.getBody()


# The text


def test_text_that_xml_does_not_allow_is_made_harmless() -> None:
    assert clean_text(b"a\x00b\x1bc\td\n") == "a\ufffdb\ufffdc\td\n"
    assert clean_text("ä😀".encode()) == "ä😀"


def test_text_that_is_not_utf_8_is_refused() -> None:
    case, one = Case(legacy(b"\xff\xfe")), stanza(encrypted(Protocol.LEGACY))
    case.receiver.handle(one, properties())
    assert "not a valid OMEMO message" in one.getBody()


def test_what_comes_back_silently_from_a_room_shows_nothing() -> None:
    """A typing notice of ours, say: nobody needs to be told that it was sent."""
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
        assert "could not be decrypted" in one.getBody()
    else:
        with pytest.raises(NodeProcessed):
            case.receiver.handle(one, properties())
