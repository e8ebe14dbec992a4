# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversion between nbxmpp's nodes and ElementTree's elements."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from nbxmpp.simplexml import Node

from ...engine.errors import StanzaTooLarge

# Nothing OMEMO defines is deeper; an envelope's content is parsed elsewhere
DEPTH_MAX = 32
ELEMENTS_MAX = 20_000

CLIENT = "jabber:client"
_XML = "http://www.w3.org/XML/1998/namespace"


def children(node: Node) -> Iterator[Node]:
    """The child elements of a node."""
    for child in node.getChildren():
        if isinstance(child, Node):
            yield child


def to_element(node: Node) -> Element:
    """
    Copy a received node.

    Text between child elements is moved in front of them: no element of the
    protocols has both.

    Raises:
        StanzaTooLarge: it is deeper or larger than anything that makes sense.
    """
    root = _shallow(node)
    # A stack and not recursion: a stranger chooses the depth
    todo = [(node, root, 1)]
    count = 1
    while todo:
        source, target, depth = todo.pop()
        for child in children(source):
            count += 1
            if depth >= DEPTH_MAX or count > ELEMENTS_MAX:
                raise StanzaTooLarge("too deep or too many elements")
            element = _shallow(child)
            target.append(element)
            todo.append((child, element, depth + 1))
    return root


def _shallow(node: Node) -> Element:
    namespace = node.getNamespace()
    name = node.getName()
    element = Element(f"{{{namespace}}}{name}" if namespace else name)
    for key, value in node.getAttrs().items():
        if key == "xmlns" or key.startswith("xmlns:"):
            continue
        plain = key.removeprefix("xml:")
        element.set(key if plain == key else f"{{{_XML}}}{plain}", str(value))
    element.text = node.getData() or None
    return element


def to_node(element: Element, parent_namespace: str = CLIENT) -> Node:
    """
    Copy an element for sending.

    Args:
        parent_namespace: of the node it will be added to; an element without
            a namespace of its own is given this one.
    """
    namespace, name = _split(element.tag)
    namespace = namespace or parent_namespace
    node = Node(f"{namespace} {name}")
    for key, value in element.attrib.items():
        prefix, plain = _split(key)
        node.setAttr(f"xml:{plain}" if prefix == _XML else plain, value)
    if element.text:
        node.addData(element.text)
    for child in element:
        node.addChild(node=to_node(child, namespace))
    return node


def _split(tag: str) -> tuple[str, str]:
    if tag.startswith("{"):
        namespace, _, name = tag[1:].partition("}")
        return namespace, name
    return "", tag
