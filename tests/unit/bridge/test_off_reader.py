# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes for the device is read, until it is decided who has the key."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed

from omemo_plugin.bridge import off_reader
from omemo_plugin.bridge.gajim import archive as gajim_archive
from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.gajim import folders as gajim_folders
from omemo_plugin.bridge.off_reader import OffReader
from omemo_plugin.bridge.off_reader import end_reading
from omemo_plugin.bridge.rooms import Rooms
from omemo_plugin.bridge.state.paths import store_path
from omemo_plugin.engine.engine import OmemoEngine

ME = "me@example.org"
OURS = 7
LEGACY = "eu.siacs.conversations.axolotl"
OMEMO_2 = "urn:xmpp:omemo:2"


class Modules:
    """Gajim's registry of modules."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def register_single_module(self, _client: object, module: Any, name: str) -> None:
        self.found[name] = module

    def unregister_single_module(self, _client: object, name: str) -> None:
        self.found.pop(name, None)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    registry = Modules()
    monkeypatch.setattr(off_reader, "modules", registry)
    monkeypatch.setattr(gajim_constants, "own_jid", lambda _client: ME)
    monkeypatch.setattr(gajim_archive, "on_shutdown", lambda _call: lambda: None)
    for name in ("plugin_data", "plugin_settings"):
        monkeypatch.setattr(gajim_folders, name, lambda: tmp_path)
    handlers: list[Any] = []
    connection = SimpleNamespace(
        handlers=handlers,
        register_handler=handlers.append,
        unregister_handler=handlers.remove,
    )
    return SimpleNamespace(
        account="account", connection=connection, get_module=registry.found.__getitem__
    )


@pytest.fixture
def reader(client: Any) -> OffReader:
    return OffReader(client, OURS, Rooms(client, ME))


def message(device: int, namespace: str = LEGACY) -> Message:
    key = f"<key rid='{device}'>AAAA</key>"
    if namespace == OMEMO_2:
        key = f"<keys jid='{ME}'>{key}</keys>"
    return Message(
        node=f"<message xmlns='jabber:client'><encrypted xmlns='{namespace}'>"
        f"<header sid='1'>{key}</header><payload>AAAA</payload></encrypted></message>"
    )


def handed_over(reader: OffReader, stanza: Message, **properties: Any) -> bool:
    """Whether the reader takes a message."""
    taken: list[Message] = []

    def handle(stanza: Message, _properties: object) -> None:
        taken.append(stanza)
        raise NodeProcessed

    receiver: Any = SimpleNamespace(handle=handle)
    reader._receiver = receiver
    values: Any = SimpleNamespace(mam=None, **properties)
    try:
        reader._message_received(None, stanza, values)
    except NodeProcessed:
        assert taken == [stanza]
    return bool(taken)


@pytest.mark.parametrize("namespace", [LEGACY, OMEMO_2])
def test_what_is_for_another_device_is_left_alone(
    reader: OffReader, namespace: str
) -> None:
    """Whatever else the plugin's Gajim has may read it."""
    assert handed_over(reader, message(OURS, namespace))
    assert not handed_over(reader, message(OURS + 1, namespace))
    assert not handed_over(
        reader, Message(node="<message xmlns='jabber:client'><body>a</body></message>")
    )


def test_an_archive_that_nobody_asked(
    reader: OffReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gajim_archive, "was_asked_for", lambda *_arguments: False)
    values: Any = SimpleNamespace(mam=object())
    with pytest.raises(NodeProcessed):
        reader._message_received(None, message(OURS), values)


def test_it_holds_across_connections(client: Any, reader: OffReader) -> None:
    """Gajim asks its modules for their handlers."""
    assert list(client.connection.handlers) == reader.handlers
    assert {one.ns for one in reader.handlers} >= {LEGACY, OMEMO_2}
    assert client.get_module("OmemoPluginOff") is reader


def test_the_store_is_free_afterwards(
    client: Any, reader: OffReader, tmp_path: Path
) -> None:
    """The plugin ends it before it opens the store."""
    end_reading(client)
    assert client.connection.handlers == []
    assert reader.handlers == []
    assert not handed_over(reader, message(OURS))
    with pytest.raises(KeyError):
        client.get_module("OmemoPluginOff")
    OmemoEngine.open(store_path(tmp_path, ME), ME).close()
    # There is none any more
    end_reading(client)


def test_the_account_is_disabled(
    client: Any, reader: OffReader, caplog: pytest.LogCaptureFixture
) -> None:
    """Gajim counts its modules at this moment. The window is closed later, and the
    connection is of no use then."""
    reader.cleanup()
    assert client.get_module("OmemoPluginOff") is reader
    assert not handed_over(reader, message(OURS))
    del client.connection.unregister_handler
    reader.close()
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


def test_one_takes_the_place_of_the_other(client: Any, reader: OffReader) -> None:
    other = OffReader(client, OURS, Rooms(client, ME))
    assert not handed_over(reader, message(OURS))
    assert handed_over(other, message(OURS))
    other.close()
