# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Whatever comes in, MalformedStanza is the only error, and what is accepted can
be written and read again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import UTC
from datetime import datetime
from xml.etree.ElementTree import Element

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.values import KeyDecision
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import Trust
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.envelope import check_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.message import parse_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import parse_bundle
from omemo_plugin.stanza.pep import parse_device_list
from omemo_plugin.stanza.trust_message import build_trust_message
from omemo_plugin.stanza.trust_message import parse_trust_message
from tests.support.encrypted import by_account

from . import samples
from .samples import xml

fuzz = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

VALID = [
    xml(text)
    for text in (
        *samples.MESSAGES.values(),
        *samples.LISTS.values(),
        *samples.BUNDLES.values(),
        samples.OMEMO_2_BUNDLE_HOLLOW,
    )
]
VALID.append(
    build_trust_message(
        [
            KeyDecision("a@b", bytes(range(32)), Trust.VERIFIED),
            KeyDecision("a@b", bytes(range(1, 33)), Trust.DISTRUSTED),
            KeyDecision("c@d", bytes(range(32)), Trust.VERIFIED),
        ]
    )
)
NAMES = sorted({one.tag.rpartition("}")[2] for root in VALID for one in root.iter()})
SPACES = [
    *("", "urn:xmpp:sce:1", "urn:xmpp:tm:1"),
    *(protocol.namespace for protocol in Protocol),
]
ATTRIBUTES = [
    *("sid", "rid", "jid", "id", "kex"),
    *("usage", "encryption"),
    *("prekey", "label", "labelsig", "preKeyId", "stamp"),
]

texts = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.integers().map(str),
    st.binary(max_size=70).map(samples.b64),
    st.sampled_from(["1", "2147483647", "0", "a@b", samples.b64(samples.EXCHANGE)]),
)
tags = st.one_of(
    st.builds(
        lambda space, name: f"{{{space}}}{name}" if space else name,
        st.sampled_from(SPACES),
        st.sampled_from(NAMES),
    ),
    st.text(max_size=10),
)
attributes = st.dictionaries(
    st.sampled_from(ATTRIBUTES), texts.map(lambda text: text or ""), max_size=3
)


def element(
    tag: str, text: str | None, attrib: dict[str, str], children: list[Element]
) -> Element:
    made = Element(tag, attrib)
    made.text = text
    made.extend(children)
    return made


trees = st.recursive(
    st.builds(element, tags, texts, attributes, st.just([])),
    lambda inner: st.builds(
        element, tags, texts, attributes, st.lists(inner, max_size=4)
    ),
    max_leaves=6,
)


@st.composite
def mutants(draw: st.DrawFn) -> Element:
    """A valid element with up to four changes."""
    root = deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 4))):
        every = list(root.iter())
        one = draw(st.sampled_from(every))
        what = draw(st.integers(0, 6))
        if what == 0:
            one.text = draw(texts)
        elif what == 1:
            one.attrib.update(draw(attributes))
        elif what == 2:
            one.attrib.clear()
        elif what == 3:
            one.append(deepcopy(draw(st.sampled_from(every))))
        elif what == 4 and len(one):
            one.remove(draw(st.sampled_from(list(one))))
        elif what == 5:
            one.tag = draw(tags)
        elif len(one):
            one[:] = draw(st.permutations(list(one)))
    return root


def survive(tree: Element) -> None:
    with suppress(MalformedStanza):
        message = parse_encrypted(tree)
        written = parse_encrypted(build_encrypted(message))
        assert by_account(written) == by_account(message)
    with suppress(MalformedStanza):
        assert len(find_encrypted([tree, *tree])) <= 2
    with suppress(MalformedStanza):
        decisions = parse_trust_message(tree)
        if decisions:
            again = parse_trust_message(build_trust_message(decisions))
            assert set(again) == set(decisions)
    for protocol in Protocol:
        with suppress(MalformedStanza):
            found = parse_device_list(tree, protocol)
            assert parse_device_list(build_device_list(found), protocol) == found
        with suppress(MalformedStanza):
            bundle = parse_bundle(tree, protocol)
            assert parse_bundle(build_bundle(bundle), protocol) == bundle


# Large trees are slow to draw; the mutants below reach deeper into the parsers
@pytest.mark.thorough
@settings(parent=fuzz, max_examples=80)
@given(trees)
def test_arbitrary_trees(tree: Element) -> None:
    survive(tree)


@pytest.mark.thorough
@fuzz
@given(mutants())
def test_mutated_stanzas(tree: Element) -> None:
    survive(tree)


def open_envelope(data: bytes) -> None:
    with suppress(MalformedStanza):
        envelope = parse_envelope(data)
        check_envelope(
            envelope,
            sender_jid="rita@localhost",
            recipient_jid="sam@localhost",
            is_groupchat=True,
        )


@fuzz
@given(st.binary(max_size=300))
def test_arbitrary_bytes_as_envelope(data: bytes) -> None:
    open_envelope(data)


PIECES = [
    b'<', b'>', b'/', b'&', b'&amp;', b'&x;', b'"', b'\0', b'\xff', b']]>',
    b'<![CDATA[', b'<!--', b'-->', b'<?x?>', b'<!DOCTYPE x [', b'<content>',
    b'</content>', b'xmlns="', b'xmlns:a="b"', b'<a:b/>', b'{', b'}', b'\xef\xbb\xbf',
]  # fmt: skip


@fuzz
@given(
    st.sampled_from(list(samples.ENVELOPES.values())),
    st.lists(
        st.tuples(
            st.integers(0, 600),
            st.integers(0, 40),
            st.one_of(st.binary(max_size=10), st.sampled_from(PIECES)),
        ),
        max_size=4,
    ),
)
def test_mutated_envelopes(data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    for start, length, new in changes:
        data = data[:start] + new + data[start + length :]
    open_envelope(data)


@fuzz
@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_any_text_can_be_sent(text: str, sender: str, recipient: str) -> None:
    body = Element("{jabber:client}body")
    body.text = text
    data = build_envelope(
        [body],
        from_jid=f"r{sender}",
        to_jid=f"s{recipient}",
        stamp=datetime.now(UTC),
    )
    envelope = parse_envelope(data)
    (found,) = envelope.content

    def legal(text: str) -> str:
        keep: Callable[[str], bool] = lambda c: (  # noqa: E731
            c in '\t\n\r' or ' ' <= c < '\ud800' or '\udfff' < c < '\ufffe'
            or c > '\uffff'
        )  # fmt: skip
        return "".join(c if keep(c) else "\ufffd" for c in text)

    assert (found.text or "") == legal(text)
    assert envelope.from_jid == f"r{legal(sender)}"
    assert envelope.to_jid == f"s{legal(recipient)}"
