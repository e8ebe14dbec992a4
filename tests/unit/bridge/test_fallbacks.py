# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that stand for something else, in envelopes of real and of wrong programs."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed

from omemo_plugin.bridge.files.links import parse_link
from omemo_plugin.engine.values import Protocol
from tests.support.shared_files import file_sharing
from tests.support.shared_files import source

from .test_receiver import Case
from .test_receiver import body
from .test_receiver import encrypted
from .test_receiver import omemo_2
from .test_receiver import properties
from .test_receiver import stanza

URL = "https://upload.example.org/slot/k3Zq"
PLAIN = b"attack at dawn"
OLD_LINK = f"aesgcm://upload.example.org/slot/k3Zq#{'ab' * 44}"


def xml(text: str) -> Element:
    return ElementTree.fromstring(text)


def shared(url: str = URL, name: str = "plan.txt") -> Element:
    return xml(file_sharing(PLAIN, source(url), name=name))


def fallback(of: str, *bodies: str) -> Element:
    inner = "".join(bodies)
    return xml(f'<fallback xmlns="urn:xmpp:fallback:0" for="{of}">{inner}</fallback>')


def oob(url: str = URL) -> Element:
    return xml(f'<x xmlns="jabber:x:oob"><url>{url}</url></x>')


def received(*content: Element) -> tuple[Message, Case]:
    case = Case(omemo_2(*content))
    one = stanza(encrypted(Protocol.OMEMO_2))
    case.receiver.handle(one, properties())
    return one, case


def text_of(*content: Element) -> str:
    return str(received(*content)[0].getBody())


SFS = "urn:xmpp:sfs:0"
REPLY = "urn:xmpp:reply:0"
REACTIONS = "urn:xmpp:reactions:0"


# Files


@pytest.mark.parametrize(
    "content",
    [
        [shared()],
        [body(URL), oob(), shared(), fallback(SFS, "<body/>")],
        [shared(), fallback(SFS), body(f"the plan: {URL}")],
        [body(URL), shared()],
        [body(OLD_LINK), oob(OLD_LINK), shared(), fallback(SFS, "<body/>")],
        [body(OLD_LINK), shared()],
        [body(f" {URL}\n"), shared()],
    ],
)
def test_a_file_is_its_link(content: list[Element]) -> None:
    one, _case = received(*content)
    file = parse_link(str(one.getBody()))
    assert file.name == "plan.txt"
    assert file.sources[0].url == URL
    # Gajim would take it for the address of a file in clear
    assert one.getTag("x", namespace="jabber:x:oob") is None
    assert one.getTag("fallback") is None
    assert one.getTag("file-sharing") is None


@pytest.mark.parametrize(
    "extra",
    [
        [],
        [fallback(SFS, '<body start="0" end="40"/>')],
        [fallback(SFS, "<body/>")],
        [fallback(REPLY, '<body start="0" end="7"/>')],
    ],
)
def test_a_text_of_the_user_stays_beside_a_file(extra: list[Element]) -> None:
    """Also where a sender marks it by mistake."""
    text = "look what I have found"
    first, second = text_of(body(text), shared(), *extra).split("\n")
    assert first == text
    assert parse_link(second).name == "plan.txt"


def test_several_files_are_several_links() -> None:
    lines = text_of(
        body("two"), shared(), shared(f"{URL}2", "map.png"), shared(URL)
    ).split("\n")
    assert lines[0] == "two"
    names = [parse_link(line).name for line in lines[1:]]
    assert names == ["plan.txt", "map.png", "plan.txt"]


def test_case_75_more_files_than_there_may_be() -> None:
    lines = text_of(*[shared(f"{URL}{number}") for number in range(30)]).split("\n")
    assert len(lines) == 21
    assert "does not know" in lines[-1]


def test_case_75_of_a_file_that_cannot_be_read_the_user_is_told() -> None:
    bad = xml(file_sharing(PLAIN, source("http://upload.example.org/f")))
    assert "Ask for it to be sent in another way" in text_of(bad)
    first, second = text_of(body("see this"), bad).split("\n")
    assert first == "see this"
    assert "does not know" in second
    assert text_of(body(OLD_LINK), bad) == OLD_LINK


def test_the_message_that_kaidan_sends_after_one_with_files_is_no_row() -> None:
    attached = xml('<attach-to xmlns="urn:xmpp:message-attaching:1" id="1"/>')
    content = [body(URL), oob(), attached, fallback(SFS, "<body/>")]
    with pytest.raises(NodeProcessed):
        received(*content)
    for missing in range(1, 4):
        rest = content[:missing] + content[missing + 1 :]
        assert text_of(*rest) == URL
    assert text_of(body("https://other.example.org/"), *content[1:]) == (
        "https://other.example.org/"
    )


def test_case_22_75_a_file_beside_an_envelope_counts_for_nothing() -> None:
    case = Case(omemo_2(body("hello")))
    beside = file_sharing(PLAIN, source(URL))
    one = stanza(encrypted(Protocol.OMEMO_2), beside)
    case.receiver.handle(one, properties())
    assert one.getBody() == "hello"
    assert one.getTag("file-sharing") is None


# Answers


def quote(start: str, end: str) -> Element:
    return fallback(REPLY, f'<body start="{start}" end="{end}"/>')


QUOTED = "> where?\n> 🐢 and when?\n"
ANSWER = f"{QUOTED}here, at noon"


@pytest.mark.parametrize(
    ("range_", "kept"),
    [
        (quote("0", str(len(QUOTED))), True),
        (quote("0", "9"), True),
        # Counted in bytes, in units of UTF-16, without the last line break
        (quote("0", str(len(QUOTED.encode()))), False),
        (quote("0", str(len(QUOTED) + 1)), False),
        (quote("0", str(len(QUOTED) - 1)), False),
        (quote("0", str(len(ANSWER))), False),
        (quote("0", "9999"), False),
        (quote("9", "2"), False),
        (quote("-5", "9"), False),
        (quote("1", "9"), False),
        (quote("", ""), False),
        (quote("0", "nine"), False),
        (fallback(REPLY), False),
        (fallback(REPLY, "<body/>"), False),
        (fallback(REPLY, '<body start="0" end="9"/><body/>'), False),
        (fallback("urn:example:other", '<body start="0" end="9"/>'), False),
    ],
)
def test_a_wrong_range_never_cuts_a_text(range_: Element, *, kept: bool) -> None:
    reply = xml('<reply xmlns="urn:xmpp:reply:0" id="1" to="bob@example.org/r"/>')
    one, _case = received(body(ANSWER), reply, range_)
    assert one.getBody() == ANSWER
    assert one.getTag("reply") is not None
    assert (one.getTag("fallback") is not None) is kept


# Reactions


def reaction(*emojis: str, to: str = "1") -> Element:
    inner = "".join(f"<reaction>{one}</reaction>" for one in emojis)
    return xml(f'<reactions xmlns="{REACTIONS}" id="{to}">{inner}</reactions>')


@pytest.mark.parametrize("marks", [[], [fallback(REACTIONS, "<body/>")]])
def test_a_reaction_with_words_for_older_programs_is_a_reaction(
    marks: list[Element],
) -> None:
    one, _case = received(reaction("👍"), body("> hello\n👍"), *marks)
    assert one.getBody() is None
    assert one.getTag("reactions") is not None
    assert one.getTag("fallback") is None


def test_a_reaction_that_is_taken_back_is_marked() -> None:
    one, _case = received(
        reaction(), body("took it back"), fallback(REACTIONS, "<body/>")
    )
    assert one.getBody() is None
    assert text_of(reaction(), body("nothing, but a text")) == "nothing, but a text"


def test_a_reaction_to_nothing_is_none() -> None:
    assert text_of(reaction("👍", to=""), body("hello")) == "hello"


def test_a_reaction_alone() -> None:
    one, _case = received(reaction("👍"))
    assert one.getTag("reactions") is not None


def test_words_for_older_programs_without_the_rest_are_a_text() -> None:
    assert text_of(body("👍"), fallback(REACTIONS, "<body/>")) == "👍"
    with pytest.raises(NodeProcessed):
        received(fallback(REACTIONS, "<body/>"))
