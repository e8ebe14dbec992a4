# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of real stanzas by their structure, as a server could make them.

A stanza of the corpus has a place for an encrypted element. A fresh one is put
there, and then the stanza is changed: elements are added, doubled, removed, moved
into one another and renamed; attributes and texts are changed. So is what a contact
has written into an envelope.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import ParseError
from xml.etree.ElementTree import fromstring
from xml.etree.ElementTree import tostring

CORPUS = Path(__file__).parents[2] / "corpus" / "stanzas"

# Where the encrypted elements go
PLACE = "{urn:example:place}encrypted"

ENCRYPTED = (
    "{eu.siacs.conversations.axolotl}encrypted",
    "{urn:xmpp:omemo:2}encrypted",
)

MESSAGE = "{jabber:client}message"

KINDS = ("chat", "carbon", "archive", "room")

# Elements that servers and other programs write beside a message
PARTS = """
<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" end="9"/></fallback>
<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reactions:0"/>
<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"><body/></fallback>
<fallback xmlns="urn:xmpp:feature-fallback:0" for="urn:xmpp:reply:0"/>
<replace xmlns="urn:xmpp:message-correct:0" id="known-1"/>
<reply xmlns="urn:xmpp:reply:0" id="known-1" to="known@localhost"/>
<reactions xmlns="urn:xmpp:reactions:0" id="known-1"><reaction>x</reaction></reactions>
<retract xmlns="urn:xmpp:message-retract:1" id="known-1"/>
<retracted xmlns="urn:xmpp:message-retract:1" stamp="2026-01-01T00:00:00Z" id="known-1"/>
<apply-to xmlns="urn:xmpp:fasten:0" id="known-1"><moderated xmlns="urn:xmpp:message-moderate:0"><retract xmlns="urn:xmpp:message-retract:0"/></moderated></apply-to>
<body xmlns="jabber:client">forged in clear</body>
<body xmlns="jabber:client" xml:lang="de">forged in clear</body>
<subject xmlns="jabber:client">forged in clear</subject>
<thread xmlns="jabber:client">forged in clear</thread>
<html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">forged in clear</body></html>
<x xmlns="jabber:x:oob"><url>https://forged.example/in-clear</url></x>
<x xmlns="jabber:x:conference" jid="den@rooms.localhost" reason="forged in clear"/>
<x xmlns="jabber:x:data" type="form"><title>forged in clear</title></x>
<x xmlns="http://jabber.org/protocol/rosterx"><item action="add" jid="forged@localhost"/></x>
<x xmlns="http://jabber.org/protocol/muc#user"/>
<x xmlns="http://jabber.org/protocol/muc#user"><invite from="forged@localhost"><reason>forged in clear</reason></invite></x>
<x xmlns="http://jabber.org/protocol/muc#user"><status code="104"/><item jid="forged@localhost" affiliation="member" role="none"/></x>
<x xmlns="jabber:x:encrypted">Zm9yZ2Vk</x>
<openpgp xmlns="urn:xmpp:openpgp:0">Zm9yZ2Vk</openpgp>
<encryption xmlns="urn:xmpp:eme:0" namespace="eu.siacs.conversations.axolotl" name="OMEMO"/>
<encryption xmlns="urn:xmpp:eme:0" namespace="urn:xmpp:omemo:2" name="forged in clear"/>
<request xmlns="urn:xmpp:receipts"/>
<received xmlns="urn:xmpp:receipts" id="known-1"/>
<markable xmlns="urn:xmpp:chat-markers:0"/>
<displayed xmlns="urn:xmpp:chat-markers:0" id="known-1"/>
<active xmlns="http://jabber.org/protocol/chatstates"/>
<composing xmlns="http://jabber.org/protocol/chatstates"/>
<no-store xmlns="urn:xmpp:hints"/>
<no-permanent-store xmlns="urn:xmpp:hints"/>
<store xmlns="urn:xmpp:hints"/>
<delay xmlns="urn:xmpp:delay" from="localhost" stamp="2019-01-01T00:00:00Z"/>
<delay xmlns="urn:xmpp:delay" stamp="never"/>
<delay xmlns="urn:xmpp:delay" from="localhost" stamp="9999-12-31T23:59:59+23:59"/>
<stanza-id xmlns="urn:xmpp:sid:0" by="alice@localhost" id="forged"/>
<stanza-id xmlns="urn:xmpp:sid:0" by="" id=""/>
<origin-id xmlns="urn:xmpp:sid:0" id="known-1"/>
<occupant-id xmlns="urn:xmpp:occupant-id:0" id="forged"/>
<nick xmlns="http://jabber.org/protocol/nick">forged in clear</nick>
<attention xmlns="urn:xmpp:attention:0"/>
<securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking fgcolor="x" bgcolor="y">forged in clear</displaymarking></securitylabel>
<addresses xmlns="http://jabber.org/protocol/address"><address type="ofrom" jid="forged@localhost"/></addresses>
<hats xmlns="urn:xmpp:hats:0"><hat uri="x" title="forged in clear"/></hats>
<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="eu.siacs.conversations.axolotl.devicelist"><item id="current"><list xmlns="eu.siacs.conversations.axolotl"/></item></items></event>
<confirm xmlns="http://jabber.org/protocol/http-auth" id="x" method="GET" url="https://forged.example"/>
<captcha xmlns="urn:xmpp:captcha"/>
<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>
<Description xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#" about="https://forged.example"/>
<error xmlns="jabber:client" type="cancel"><bad-request xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>
<encrypted xmlns="eu.siacs.conversations.axolotl"/>
<encrypted xmlns="urn:xmpp:omemo:2"><header sid="1"/><payload>AAAA</payload></encrypted>
<encrypted xmlns="urn:xmpp:omemo:1"/>
<forwarded xmlns="urn:xmpp:forward:0"/>
<unknown xmlns="urn:example:unknown"/>
"""  # noqa: E501

VALUES = (
    "",
    " ",
    "0",
    "-1",
    "7",
    "2147483648",
    "９",
    "x" * 5000,
    "known-1",
    "chat",
    "groupchat",
    "normal",
    "headline",
    "error",
    "alice@localhost",
    "alice@localhost/other",
    "localhost",
    "forged@localhost/x",
    "@",
    "a/b@c",
    "urn:xmpp:reply:0",
    "\u202e\u2066x",
    "\U0001f468\u200d\U0001f469",
    "2026-13-99T99:99:99Z",
    "en",
)

NAMESPACES = (
    "jabber:client",
    "urn:xmpp:omemo:2",
    "eu.siacs.conversations.axolotl",
    "urn:xmpp:reply:0",
    "urn:xmpp:fallback:0",
    "urn:xmpp:message-correct:0",
    "urn:xmpp:hints",
    "urn:xmpp:delay",
    "http://jabber.org/protocol/muc#user",
    "urn:xmpp:carbons:2",
    "",
)


def parts() -> list[Element]:
    """The elements that can be added."""
    return [fromstring(line) for line in PARTS.strip().splitlines()]


def templates(kinds: Sequence[str]) -> list[Element]:
    """The stanzas of the corpus whose names begin so."""
    return [
        fromstring(path.read_text())
        for path in sorted(CORPUS.glob("*.xml"))
        if path.name.startswith(tuple(kinds))
    ]


@dataclass(frozen=True)
class Mutant:
    """A changed stanza.

    :ivar xml: as it goes to Gajim
    :ivar must_be_shown: only harmless changes were made, so the text must be there
    """

    xml: str
    must_be_shown: bool


class Mutator:
    """Makes hostile stanzas, the same ones for the same seed."""

    def __init__(self, seed: int, kinds: Sequence[str] = KINDS) -> None:
        """Take the stanzas of these kinds from the corpus."""
        self._random = random.Random(seed)
        self._parts = parts()
        self._templates = templates(kinds)

    def mutant(
        self,
        encrypted: Sequence[str],
        sender: str,
        receiver: str,
        number: int,
        nick: str = "bob",
    ) -> Mutant:
        """Make a stanza with these encrypted elements.

        :param sender: a bare JID
        :param receiver: a bare JID
        :param nick: of the sender, in a room
        """
        choice = self._random
        root = copy.deepcopy(choice.choice(self._templates))
        for element in root.iter():
            for key, value in element.attrib.items():
                new = value.replace("SENDER", sender).replace("RECEIVER", receiver)
                new = new.replace("/bob", f"/{nick}")
                element.set(key, new.replace("NUMBER", str(number)))
        message = _fill(root, [fromstring(one) for one in encrypted])
        must = True
        if choice.random() < 0.5:
            # A server adds an element beside; none may change anything
            for _ in range(choice.randrange(1, 12)):
                self._add_beside(message)
            must = not _could_be_refused(message, archived=root is not message)
        else:
            for _ in range(choice.randrange(1, 5)):
                self._change(root)
            must = False
        try:
            xml = tostring(root, encoding="unicode")
            # Not every change can be written
            fromstring(xml)
        except (ParseError, ValueError, TypeError):
            return self.mutant(encrypted, sender, receiver, number, nick)
        return Mutant(xml, must)

    def content(self) -> list[Element]:
        """Make what a contact could write into an envelope beside a text."""
        root = Element("content")
        for _ in range(self._random.randrange(1, 6)):
            self._add_beside(root)
        for _ in range(self._random.randrange(4)):
            self._change(root)
        return list(root)

    def _add_beside(self, message: Element) -> None:
        part = copy.deepcopy(self._random.choice(self._parts))
        if self._random.random() < 0.2:
            self._change_attribute(part)
        message.insert(self._random.randrange(len(message) + 1), part)

    def _change(self, root: Element) -> None:
        choice = self._random
        changes = (
            self._add,
            self._double,
            self._remove,
            self._move,
            self._change_some_attribute,
            self._rename,
            self._change_text,
            self._wrap,
        )
        choice.choice(changes)(root)

    def _any(self, root: Element) -> Element:
        return self._random.choice(list(root.iter()))

    def _parent(self, root: Element) -> Element:
        parents = [one for one in root.iter() if len(one)]
        return self._random.choice(parents or [root])

    def _add(self, root: Element) -> None:
        target = self._any(root)
        part = copy.deepcopy(self._random.choice(self._parts))
        target.insert(self._random.randrange(len(target) + 1), part)

    def _double(self, root: Element) -> None:
        parent = self._parent(root)
        if len(parent):
            child = copy.deepcopy(self._random.choice(list(parent)))
            for _ in range(self._random.choice((1, 1, 2, 50))):
                parent.insert(self._random.randrange(len(parent) + 1), child)

    def _remove(self, root: Element) -> None:
        parent = self._parent(root)
        if len(parent):
            parent.remove(self._random.choice(list(parent)))

    def _move(self, root: Element) -> None:
        parent, target = self._parent(root), self._any(root)
        if not len(parent):
            return
        child = self._random.choice(list(parent))
        if target not in list(child.iter()):
            parent.remove(child)
            target.insert(self._random.randrange(len(target) + 1), child)

    def _change_some_attribute(self, root: Element) -> None:
        self._change_attribute(self._any(root))

    def _change_attribute(self, element: Element) -> None:
        names = [*element.attrib, "id", "type", "from", "to", "for", "start"]
        element.set(self._random.choice(names), self._random.choice(VALUES))

    def _rename(self, root: Element) -> None:
        element = self._any(root)
        if element is root:
            return
        _, _, name = element.tag.rpartition("}")
        if self._random.random() < 0.5:
            name = self._random.choice(self._parts).tag.rpartition("}")[2]
        namespace = self._random.choice(NAMESPACES)
        element.tag = f"{{{namespace}}}{name}" if namespace else name

    def _change_text(self, root: Element) -> None:
        element = self._any(root)
        text = element.text or ""
        at = self._random.randrange(len(text) + 1)
        cut = self._random.randrange(8)
        new = self._random.choice(("", "A", "=", "\n", *VALUES))
        element.text = text[:at] + new + text[at + cut :]

    def _wrap(self, root: Element) -> None:
        parent = self._parent(root)
        if len(parent):
            child = self._random.choice(list(parent))
            at = list(parent).index(child)
            parent.remove(child)
            around = copy.deepcopy(self._random.choice(self._parts))
            around.append(child)
            parent.insert(at, around)


def _fill(root: Element, encrypted: Sequence[Element]) -> Element:
    """Put the encrypted elements into their place.

    :returns: the message around it
    """
    for parent in root.iter():
        for at, child in enumerate(parent):
            if child.tag == PLACE:
                parent.remove(child)
                for one in reversed(encrypted):
                    parent.insert(at, one)
                return parent
    raise AssertionError("no place for an encrypted element")


def _could_be_refused(message: Element, *, archived: bool) -> bool:
    """Whether an element beside could be the reason to refuse a message: another
    encrypted one, an error, or something that nbxmpp refuses before anything is
    decrypted.

    :param archived: the message comes from an archive, or as a carbon
    """
    tags = [child.tag for child in message]
    return (
        sum(tag in ENCRYPTED for tag in tags) != 1
        or (archived and "{http://jabber.org/protocol/pubsub#event}event" in tags)
        or "{jabber:client}error" in tags
        or "{urn:xmpp:sid:0}stanza-id" in tags
    )
