# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''
Reading attributes, ids and base64 without Python's generosity: `int` takes
spaces, signs, underscores and digits of other scripts, and base64 decoders
skip what they do not know.
'''

from __future__ import annotations

import binascii
from xml.etree.ElementTree import Element

from ..engine.errors import MalformedStanza
from ..engine.values import DEVICE_ID_MAX

_DIGITS_MAX = 10
_XML_SPACE = ' \t\n\r'
_DROP_SPACE = {ord(char): None for char in _XML_SPACE}


def positive_id(text: str | None, what: str) -> int:
    '''
    A device or prekey id: ASCII digits, 1 to 2^31 - 1.

    Raises:
        MalformedStanza: it is anything else.
    '''
    if (
        text is None
        or not 0 < len(text) <= _DIGITS_MAX
        or not (text.isascii() and text.isdigit())
    ):
        raise MalformedStanza(f'{what} is not a number')
    number = int(text)
    if not 1 <= number <= DEVICE_ID_MAX:
        raise MalformedStanza(f'{what} is out of range')
    return number


def base64_text(element: Element, what: str, maximum: int) -> bytes:
    '''
    The bytes of an element that holds base64 and nothing else. White space of
    XML is allowed, since elements may be indented on their way.

    Raises:
        MalformedStanza: it is empty, too long, or not base64.
    '''
    if len(element):
        raise MalformedStanza(f'{what} has elements in it')
    text = element.text or ''
    # A third more than the bytes, and room for white space
    if len(text) > maximum * 2 + 64:
        raise MalformedStanza(f'{what} is too long')
    text = text.translate(_DROP_SPACE)
    if not text.isascii():
        raise MalformedStanza(f'{what} is not base64')
    try:
        data = binascii.a2b_base64(text.encode('ascii'), strict_mode=True)
    except binascii.Error as error:
        raise MalformedStanza(f'{what} is not base64') from error
    if not data:
        raise MalformedStanza(f'{what} is empty')
    if len(data) > maximum:
        raise MalformedStanza(f'{what} is too long')
    return data


def only_child(parent: Element, tag: str) -> Element:
    '''
    The one child of that name.

    Raises:
        MalformedStanza: there is none, or more than one.
    '''
    child = optional_child(parent, tag)
    if child is None:
        raise MalformedStanza(f'no {_local(tag)}')
    return child


def optional_child(parent: Element, tag: str) -> Element | None:
    '''
    The child of that name, or None.

    Raises:
        MalformedStanza: there is more than one.
    '''
    found = None
    for child in parent:
        if child.tag == tag:
            if found is not None:
                raise MalformedStanza(f'more than one {_local(tag)}')
            found = child
    return found


def _local(tag: str) -> str:
    return tag.rpartition('}')[2]
