# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Trust messages (XEP-0434 0.6), as Automatic Trust Management uses them
(XEP-0450) for the keys of OMEMO 2. They travel in the content of an envelope.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from ..engine.errors import MalformedStanza
from ..engine.values import KeyDecision
from ..engine.values import Protocol
from ..engine.values import Trust
from .base import parse_base64
from .base import to_base64
from .limits import JID_BYTES_MAX
from .limits import TRUST_DECISIONS_MAX

_NAMESPACE = "urn:xmpp:tm:1"
_USAGE = "urn:xmpp:atm:1"
_ENCRYPTION = Protocol.OMEMO_2.namespace

TRUST_MESSAGE = f"{{{_NAMESPACE}}}trust-message"
_KEY_OWNER = f"{{{_NAMESPACE}}}key-owner"
_WORDS = {
    Trust.VERIFIED: f"{{{_NAMESPACE}}}trust",
    Trust.DISTRUSTED: f"{{{_NAMESPACE}}}distrust",
}
_TRUST = {tag: trust for trust, tag in _WORDS.items()}

_KEY_BYTES = 32


def find_trust_message(content: Iterable[Element]) -> tuple[KeyDecision, ...]:
    """
    The decisions in the content of an envelope; none if it has no trust
    message, or one for another purpose or another encryption.

    Raises:
        MalformedStanza: see `parse_trust_message`; or there is more than one
            (XEP-0434, "Trust Message Structure").
    """
    found = [element for element in content if element.tag == TRUST_MESSAGE]
    if len(found) > 1:
        raise MalformedStanza("more than one trust message")
    return parse_trust_message(found[0]) if found else ()


def parse_trust_message(element: Element) -> tuple[KeyDecision, ...]:
    """
    Read a trust message. It is about what the user trusts, so it is taken over
    as a whole or not at all.

    Returns:
        The decisions; none if it is for another usage or encryption.

    Raises:
        MalformedStanza: something is missing or no key, there are too many of
            them, or a key is named twice.
    """
    if element.tag != TRUST_MESSAGE:
        raise MalformedStanza("not a trust message")
    usage = element.get("usage")
    encryption = element.get("encryption")
    if not usage or not encryption:
        raise MalformedStanza("a trust message that does not say what it is for")
    if usage != _USAGE or encryption != _ENCRYPTION:
        return ()
    decisions: list[KeyDecision] = []
    for owner in element.findall(_KEY_OWNER):
        decisions += _parse_owner(owner)
        if len(decisions) > TRUST_DECISIONS_MAX:
            raise MalformedStanza("too many keys")
    if not decisions:
        raise MalformedStanza("a trust message without keys")
    if len({(one.owner, one.key) for one in decisions}) < len(decisions):
        raise MalformedStanza("a key twice")
    return tuple(decisions)


def _parse_owner(owner: Element) -> list[KeyDecision]:
    jid = owner.get("jid")
    if not jid or len(jid.encode()) > JID_BYTES_MAX or not jid.isprintable():
        raise MalformedStanza("keys without an owner")
    if "/" in jid:
        raise MalformedStanza("keys of a resource")
    decisions = [
        KeyDecision(jid, _parse_key(child), _TRUST[child.tag])
        for child in owner
        if child.tag in _TRUST
    ]
    if not decisions:
        raise MalformedStanza("an owner without keys")
    return decisions


def _parse_key(element: Element) -> bytes:
    key = parse_base64(element, _KEY_BYTES)
    if len(key) != _KEY_BYTES:
        raise MalformedStanza("not a key")
    return key


def build_trust_message(decisions: Sequence[KeyDecision]) -> Element:
    """
    Write a trust message.

    Raises:
        ValueError: there is no decision, or one is neither to trust nor to
            distrust.
    """
    if not decisions:
        raise ValueError("no decisions")
    root = Element(TRUST_MESSAGE, {"usage": _USAGE, "encryption": _ENCRYPTION})
    owners: dict[str, Element] = {}
    for decision in decisions:
        tag = _WORDS.get(decision.trust)
        if tag is None:
            raise ValueError("neither trust nor distrust")
        owner = owners.get(decision.owner)
        if owner is None:
            owner = SubElement(root, _KEY_OWNER, {"jid": decision.owner})
            owners[decision.owner] = owner
        SubElement(owner, tag).text = to_base64(decision.key)
    return root
