# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''
The envelope that OMEMO 2 encrypts (XEP-0420), with the profile of XEP-0384:

    <envelope xmlns='urn:xmpp:sce:1'>
      <content><body xmlns='jabber:client'>…</body></content>
      <rpad>…</rpad><from jid='…'/><to jid='…'/><time stamp='…'/>
    </envelope>

What is decrypted was written by somebody else, so it is parsed as carefully as
what comes from the network: no DTD, no entities, bounded in size and depth.
'''

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timezone
from typing import Any
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat

from ..engine.errors import MalformedStanza
from .limits import DEPTH_MAX
from .limits import PAYLOAD_BYTES_MAX
from .serialize import serialize
from .strict import optional_child

NAMESPACE = 'urn:xmpp:sce:1'

# XEP-0384 asks for 0 to 200 characters; they hide the length of a "yes"
_PADDING_MAX = 200
_PADDING_ALPHABET = string.ascii_letters + string.digits

# XEP-0420, "Business rules": what only servers may write, and what would nest
# one encryption in another
_FORBIDDEN = frozenset(
    {
        '{urn:xmpp:sid:0}stanza-id',
        '{urn:xmpp:sid:0}origin-id',
        '{urn:xmpp:hints}no-store',
        '{urn:xmpp:hints}no-permanent-store',
        '{urn:xmpp:hints}no-copy',
        '{urn:xmpp:hints}store',
        '{urn:xmpp:delay}delay',
        '{eu.siacs.conversations.axolotl}encrypted',
        '{urn:xmpp:omemo:2}encrypted',
    }
)


@dataclass(frozen=True)
class Envelope:
    '''
    An opened envelope.

    Attributes:
        content: the elements that stand for children of the stanza.
        stamp: when it was encrypted, by the sender's clock.
    '''

    content: tuple[Element, ...]
    from_jid: str | None
    to_jid: str | None
    stamp: datetime | None


def build_envelope(
    content: Sequence[Element], *, from_jid: str, to_jid: str, stamp: datetime
) -> bytes:
    '''
    Write an envelope.

    Args:
        content: children of the stanza, with their namespaces.
        from_jid, to_jid: bare JIDs; the room's for a room.
        stamp: with a time zone.
    '''
    padding = ''.join(
        secrets.choice(_PADDING_ALPHABET)
        for _ in range(secrets.randbelow(_PADDING_MAX + 1))
    )
    envelope = _element('envelope')
    inside = _element('content')
    inside.extend(content)
    pad = _element('rpad')
    pad.text = padding
    utc = stamp.astimezone(timezone.utc)
    envelope.extend(
        [
            inside,
            pad,
            _element('from', jid=from_jid),
            _element('to', jid=to_jid),
            _element('time', stamp=utc.strftime('%Y-%m-%dT%H:%M:%SZ')),
        ]
    )
    return serialize(envelope).encode()


def parse_envelope(data: bytes) -> Envelope:
    '''
    Open an envelope. Whether it is for us is for `check_envelope` to say.

    Raises:
        MalformedStanza: it is not XML, not an envelope, too large or too deep,
            or has a DTD, a processing instruction, or content that an envelope
            must not have.
    '''
    if len(data) > PAYLOAD_BYTES_MAX:
        raise MalformedStanza('an envelope too large')
    root = _parse(data)
    if root.tag != _name('envelope'):
        raise MalformedStanza('not an envelope')
    content = optional_child(root, _name('content'))
    if content is None:
        raise MalformedStanza('an envelope without content')
    if any(element.tag in _FORBIDDEN for element in content):
        raise MalformedStanza('content that must not be in an envelope')
    return Envelope(
        tuple(content),
        _jid(root, 'from'),
        _jid(root, 'to'),
        _stamp(root),
    )


def check_envelope(
    envelope: Envelope,
    *,
    sender_jid: str,
    recipient_jid: str | None,
    is_groupchat: bool,
) -> None:
    '''
    Compare an envelope with its stanza (XEP-0420, "Affix elements"). Without
    this the server could show a message as somebody else's, or in another room.

    Args:
        sender_jid: the bare JID whose device encrypted it.
        recipient_jid: the bare JID the stanza is for, the room's in a room;
            None if the stanza does not say.

    Raises:
        MalformedStanza: they contradict each other, or a room message does not
            say which room it is for.
    '''
    if envelope.from_jid is not None and _bare(envelope.from_jid) != sender_jid:
        raise MalformedStanza('an envelope of another sender')
    if envelope.to_jid is None:
        if is_groupchat:
            raise MalformedStanza('an envelope for no room')
    elif recipient_jid is not None and _bare(envelope.to_jid) != recipient_jid:
        raise MalformedStanza('an envelope for another recipient')


def _bare(jid: str) -> str:
    return jid.partition('/')[0].lower()


def _name(local: str) -> str:
    return f'{{{NAMESPACE}}}{local}'


def _element(local: str, **attributes: str) -> Element:
    return Element(_name(local), attributes)


def _jid(root: Element, name: str) -> str | None:
    element = optional_child(root, _name(name))
    if element is None:
        return None
    jid = element.get('jid')
    if not jid:
        raise MalformedStanza(f'an envelope {name} nobody')
    return jid


def _stamp(root: Element) -> datetime | None:
    element = optional_child(root, _name('time'))
    if element is None:
        return None
    text = element.get('stamp', '')
    try:
        stamp = datetime.fromisoformat(text.replace('Z', '+00:00'))
    except ValueError as error:
        raise MalformedStanza('an envelope of no time') from error
    if stamp.tzinfo is None:
        raise MalformedStanza('an envelope of no time zone')
    return stamp


def _parse(data: bytes) -> Element:
    builder = TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH_MAX:
            raise MalformedStanza('an envelope too deep')
        builder.start(
            _qualified(tag),
            {_qualified(name): value for name, value in attributes.items()},
        )

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_qualified(tag))

    def refuse(*arguments: Any) -> None:
        raise MalformedStanza('an envelope with a DTD or an instruction')

    # The encoding is fixed, so a declaration cannot choose another
    parser = expat.ParserCreate('UTF-8', '}')
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise MalformedStanza('an envelope that is not XML') from error
    except (ValueError, LookupError) as error:
        raise MalformedStanza('an envelope of another encoding') from error
    root = builder.close()
    assert isinstance(root, Element)
    return root


def _qualified(name: str) -> str:
    return '{' + name if '}' in name else name
