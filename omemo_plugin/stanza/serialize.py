# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''
Writing XML with default namespaces, `<body xmlns='jabber:client'>`.

The standard library writes `<ns1:body>`, which means the same, and which
widespread clients do not understand.
'''

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape
from xml.sax.saxutils import quoteattr

_XML = '{http://www.w3.org/XML/1998/namespace}'


def serialize(element: Element) -> str:
    '''The text of an element; no declaration, nothing added.'''
    parts: list[str] = []
    _write(element, '', parts)
    return ''.join(parts)


def _write(element: Element, outer: str, parts: list[str]) -> None:
    namespace, name = _split(element.tag)
    parts.append(f'<{name}')
    if namespace != outer:
        parts.append(f' xmlns={quoteattr(namespace)}')
    for number, (key, value) in enumerate(element.items()):
        parts.append(_attribute(number, key, value))
    if len(element) == 0 and not element.text:
        parts.append('/>')
        return
    parts.append('>')
    if element.text:
        parts.append(escape(element.text))
    for child in element:
        _write(child, namespace, parts)
        if child.tail:
            parts.append(escape(child.tail))
    parts.append(f'</{name}>')


def _attribute(number: int, key: str, value: str) -> str:
    if key.startswith(_XML):
        return f' xml:{key[len(_XML) :]}={quoteattr(value)}'
    namespace, name = _split(key)
    if not namespace:
        return f' {name}={quoteattr(value)}'
    prefix = f'a{number}'
    return f' xmlns:{prefix}={quoteattr(namespace)} {prefix}:{name}={quoteattr(value)}'


def _split(tag: str) -> tuple[str, str]:
    if tag.startswith('{'):
        namespace, _, name = tag[1:].partition('}')
        return namespace, name
    return '', tag
