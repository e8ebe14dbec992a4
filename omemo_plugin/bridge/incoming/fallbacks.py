# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The text of an envelope, without what stands in it for older programs only: the address
of a file that is in the envelope too (XEP-0447), and the words for a reaction
(XEP-0444).

Senders say with `<fallback/>` (XEP-0428) which part of a text that is, and some count
characters in another way than the XEP. So it is believed only where the text agrees:
a wrong range never cuts a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from nbxmpp.namespaces import Namespace
from nbxmpp.simplexml import Node

from ...engine.errors import MalformedStanza
from ...media.uri import InvalidMediaUri
from ...media.uri import parse_media_uri
from ...stanza.file_sharing import FILE_SHARING
from ...stanza.file_sharing import NAMESPACE as FILES
from ...stanza.file_sharing import parse_file_sharing
from ...stanza.file_sharing import urls_of
from ...stanza.limits import FILES_MAX
from ..files.links import build_link
from ..notices import texts
from ..xml.payload_elements import REACTIONS
from ..xml.payload_elements import Part
from ..xml.payload_elements import part_of

_FALLBACK = f"{{{Namespace.FALLBACK}}}fallback"
_BODY = f"{{{Namespace.FALLBACK}}}body"
_FALLBACK_PART: Part = ("fallback", Namespace.FALLBACK)
_OUT_OF_BAND: Part = ("x", Namespace.X_OOB)
_URL = f"{{{Namespace.X_OOB}}}x/{{{Namespace.X_OOB}}}url"
_ATTACHED = "{urn:xmpp:message-attaching:1}attach-to"
_REACTIONS = f"{{{REACTIONS}}}reactions"
_REACTION = f"{{{REACTIONS}}}reaction"

_QUOTE = ">"


def shown_text(text: str, content: Sequence[Element]) -> str:
    """
    Replace what stands in for an element of an envelope. A file becomes a link to it,
    which Gajim shows as it shows every encrypted file.

    Args:
        text: the body of the envelope; '' if it has none.
        content: all elements of the envelope.
    """
    if _is_reaction(content):
        return ""
    shared = [element for element in content if element.tag == FILE_SHARING]
    if not shared:
        return "" if _repeats_a_file(text, content) else text
    links: list[str] = []
    urls: set[str] = set()
    for element in shared[:FILES_MAX]:
        try:
            links.append(build_link(parse_file_sharing(element)))
        except (MalformedStanza, InvalidMediaUri):
            continue
        urls |= urls_of(element)
    lines = [] if _stands_for(text, urls, content) or not text else [text]
    lines += links
    # A link of the older kind opens the one file that cannot be read here
    if len(links) < len(shared) and not _is_old_link(text):
        lines.append(texts.file_not_understood())
    return "\n".join(lines)


def shown_elements(
    added: Sequence[Node], text: str, content: Sequence[Element]
) -> list[Node]:
    """
    Leave out the elements by which Gajim would change or double the text that is shown.

    Args:
        added: the elements of the envelope that go to Gajim.
        text: what is shown.
    """
    # The address of a file, without its key
    no_address = not text or any(element.tag == FILE_SHARING for element in content)
    return [
        node
        for node in added
        if not (no_address and part_of(node) == _OUT_OF_BAND)
        and (part_of(node) != _FALLBACK_PART or _is_quotation(node, text))
    ]


def _is_reaction(content: Sequence[Element]) -> bool:
    """A reaction is nothing else, whatever text is beside it (XEP-0444)."""
    for element in content:
        if element.tag == _REACTIONS and element.get("id"):
            if any(one.text for one in element.findall(_REACTION)):
                return True
            return _is_marked(REACTIONS, content)
    return False


def _is_marked(namespace: str, content: Sequence[Element]) -> bool:
    """Whether a sender says that the whole body stands for something."""
    for element in content:
        if element.tag == _FALLBACK and element.get("for") == namespace:
            bodies = element.findall(_BODY)
            return not any(one.get("start") or one.get("end") for one in bodies)
    return False


def _repeats_a_file(text: str, content: Sequence[Element]) -> bool:
    """
    Whether a message has only the address of a file of another message, without a
    key. Kaidan sends such a message after each message with several files.
    """
    is_attached = any(one.tag == _ATTACHED and one.get("id") for one in content)
    return is_attached and _is_marked(FILES, content) and text in _oob_urls(content)


def _stands_for(text: str, urls: set[str], content: Sequence[Element]) -> bool:
    """Whether a text is only there for programs that do not know the file."""
    alone = text.strip()
    if alone in urls:
        return True
    try:
        return parse_media_uri(alone).url in urls
    except InvalidMediaUri:
        return _is_marked(FILES, content) and any(url in text for url in urls)


def _oob_urls(content: Sequence[Element]) -> set[str]:
    holder = Element("holder")
    holder.extend(content)
    return {url.text for url in holder.iterfind(_URL) if url.text}


def _is_old_link(text: str) -> bool:
    try:
        parse_media_uri(text.strip())
    except InvalidMediaUri:
        return False
    return True


def _is_quotation(node: Node, text: str) -> bool:
    """Whether the part of a text that Gajim would leave out is the quotation in
    front of an answer (XEP-0461), whole lines of it."""
    bodies = node.getTags("body")
    if node.getAttr("for") != Namespace.REPLY or len(bodies) != 1:
        return False
    try:
        start, end = (int(bodies[0].getAttr(name)) for name in ("start", "end"))
    except (TypeError, ValueError):
        return False
    if start != 0 or not 0 < end < len(text):
        return False
    quoted = text[:end]
    return quoted.endswith("\n") and all(
        line.startswith(_QUOTE) for line in quoted.splitlines()
    )
