# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree import ElementTree

import pytest

pytest.importorskip("nbxmpp", reason="needs python3-nbxmpp")

from nbxmpp.simplexml import Node

from omemo_plugin.bridge.xml.nodes import DEPTH_MAX
from omemo_plugin.bridge.xml.nodes import to_element
from omemo_plugin.bridge.xml.nodes import to_node
from omemo_plugin.engine.errors import StanzaTooLarge

XML = (
    '<encrypted xmlns="urn:xmpp:omemo:2"><header sid="27183">'
    '<keys jid="bob@example.org"><key rid="1" kex="true">AAA=</key></keys>'
    "</header><payload>BBB=</payload></encrypted>"
)


def canonical(text: str) -> str:
    return ElementTree.canonicalize(text)


def test_a_received_node_becomes_the_same_element() -> None:
    element = to_element(Node(node=XML))
    text = ElementTree.tostring(element, encoding="unicode")
    assert canonical(text).replace("ns0:", "").replace(":ns0", "") == canonical(XML)


def test_an_element_becomes_a_node_without_prefixes() -> None:
    node = to_node(ElementTree.fromstring(XML))
    assert canonical(str(node)) == canonical(XML)


def test_a_prefix_on_the_wire_makes_no_difference() -> None:
    node = Node(node='<x:body xmlns:x="jabber:client" xml:lang="de">hi</x:body>')
    element = to_element(node)
    assert element.tag == "{jabber:client}body"
    assert element.attrib == {"{http://www.w3.org/XML/1998/namespace}lang": "de"}
    assert element.text == "hi"


def test_text_is_escaped() -> None:
    element = ElementTree.Element("{jabber:client}body", {"a": '"<&'})
    element.text = "<x/>&amp;"
    again = to_element(Node(node=str(to_node(element))))
    assert (again.text, again.attrib) == (element.text, element.attrib)


def test_a_child_without_a_namespace_gets_its_parents() -> None:
    parent = ElementTree.Element("{urn:x}a")
    ElementTree.SubElement(parent, "b")
    assert canonical(str(to_node(parent))) == '<a xmlns="urn:x"><b></b></a>'


def nested(depth: int) -> Node:
    node = inner = Node("urn:x a")
    for _ in range(depth - 1):
        inner = inner.addChild(node=Node("urn:x a"))
    return node


def test_case_40_depth_is_bounded() -> None:
    assert to_element(nested(DEPTH_MAX)) is not None
    with pytest.raises(StanzaTooLarge):
        to_element(nested(DEPTH_MAX + 1))
    with pytest.raises(StanzaTooLarge):
        to_element(nested(100_000))


def test_case_40_the_number_of_elements_is_bounded() -> None:
    node = Node("urn:x a")
    for _ in range(30_000):
        node.addChild(node=Node("urn:x b"))
    with pytest.raises(StanzaTooLarge):
        to_element(node)
