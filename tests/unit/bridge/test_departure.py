# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices whose keys are gone leave the server."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import fromstring

import pytest

from omemo_plugin.bridge.pep import departure as departure_file
from omemo_plugin.bridge.pep.client import Unavailable
from omemo_plugin.bridge.pep.departure import Departure
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.pep import device_list_node
from omemo_plugin.stanza.pep import parse_device_list

ME = "me@example.org"
OLD, OTHER = 11, 22

LATER = Unavailable("no answer", permanent=False)
NEVER = Unavailable("item-not-found", permanent=True)


class Server:
    """Nodes with one item each, in the place of the PEP client."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str | None], Element] = {}
        self.failures: dict[str, Unavailable] = {}
        self.published: list[str] = []
        for protocol in Protocol:
            other = ListedDevice(OTHER)
            if protocol is Protocol.OMEMO_2:
                other = ListedDevice(OTHER, "other", b"s" * 64)
            devices = DeviceList(protocol, (ListedDevice(OLD), other))
            node = device_list_node(protocol)
            self.items[node, None] = build_device_list(devices)
            for number in (OLD, OTHER):
                item = str(number) if protocol is Protocol.OMEMO_2 else None
                self.items[bundle_node(protocol, number), item] = Element("bundle")

    def fetch(self, jid: str, node: str, item_id: str | None, answer: Any) -> None:
        assert jid == ME
        failure = self.failures.get(node)
        found = self.items.get((node, item_id))
        answer(
            None if failure else found,
            failure or (None if found is not None else NEVER),
        )

    def publish(
        self, node: str, _item: str, payload: Element, *, many: bool, done: Any
    ) -> None:
        assert not many
        self.published.append(node)
        self.items[node, None] = payload
        done(None)

    def delete(self, node: str, done: Any) -> None:
        self._remove((node, None), done)

    def retract(self, node: str, item_id: str, done: Any) -> None:
        self._remove((node, item_id), done)

    def _remove(self, key: tuple[str, str | None], done: Any) -> None:
        failure = self.failures.get(key[0])
        if failure is None:
            self.items.pop(key, None)
        done(failure)

    def listed(self, protocol: Protocol) -> DeviceList:
        payload = self.items[device_list_node(protocol), None]
        return parse_device_list(payload, protocol)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(departure_file, "PepClient", lambda _client: server)
    return server


def take_off(*devices: int) -> bool:
    results: list[bool] = []
    Departure(Mock(), ME).take_off(frozenset(devices), results.append)
    (result,) = results
    return result


def test_it_leaves_both_lists_and_all_else_stays(server: Server) -> None:
    assert take_off(OLD)
    for protocol in Protocol:
        (left,) = server.listed(protocol).devices
        assert left.device_id == OTHER
        if protocol is Protocol.OMEMO_2:
            # As its owner has signed it
            assert (left.label, left.label_signature) == ("other", b"s" * 64)
    nodes = [key for key, one in server.items.items() if one.tag == "bundle"]
    assert sorted(nodes, key=str) == sorted(
        [
            (bundle_node(Protocol.LEGACY, OTHER), None),
            (bundle_node(Protocol.OMEMO_2, OTHER), str(OTHER)),
        ],
        key=str,
    )


def test_a_list_without_it_is_not_published(server: Server) -> None:
    assert take_off(33)
    assert server.published == []


def test_no_list_at_all_is_no_failure(server: Server) -> None:
    server.items.clear()
    assert take_off(OLD)


def test_what_is_no_list_is_left_alone(server: Server) -> None:
    node = device_list_node(Protocol.LEGACY)
    server.items[node, None] = fromstring("<list xmlns='something else'/>")
    assert take_off(OLD)
    assert server.published == [device_list_node(Protocol.OMEMO_2)]


@pytest.mark.parametrize(
    "node",
    [
        *(device_list_node(protocol) for protocol in Protocol),
        *(bundle_node(protocol, OLD) for protocol in Protocol),
    ],
)
def test_whatever_fails_is_said(server: Server, node: str) -> None:
    """It is tried again at the next connection."""
    server.failures[node] = LATER
    assert not take_off(OLD)
    server.failures.clear()
    assert take_off(OLD)


def test_several_at_once(server: Server) -> None:
    assert take_off(OLD, OTHER)
    assert not any(server.listed(protocol).devices for protocol in Protocol)
    assert not [one for one in server.items.values() if one.tag == "bundle"]
