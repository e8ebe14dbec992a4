# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stanzas that the module of an account lets through to the plugin."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from xml.etree.ElementTree import Element

import pytest
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID
from nbxmpp.protocol import Message
from nbxmpp.protocol import NodeProcessed

from omemo_plugin.bridge import module as module_file
from omemo_plugin.bridge.gajim import messages as gajim_messages
from omemo_plugin.bridge.module import OmemoModule
from omemo_plugin.bridge.xml.payload_elements import RETRACT
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.pep import device_list_node

ALICE = "alice@example.org"
BOB = "bob@example.org"

LEGACY = Protocol.LEGACY
LIST = f'<list xmlns="{LEGACY.namespace}"><device id="1"/></list>'


class Service:
    """Notes what reaches it."""

    own_jid = ALICE
    problem = ""

    def __init__(self) -> None:
        self.lists: list[tuple[str, Protocol]] = []
        self.messages: list[Message] = []
        self.receiver = SimpleNamespace(handle=self._handle)
        self.device_lists = SimpleNamespace(came=self._list_came)

    def _list_came(self, jid: str, protocol: Protocol, _payload: Element) -> None:
        self.lists.append((jid, protocol))

    def _handle(self, stanza: Message, _properties: Any) -> None:
        self.messages.append(stanza)


class Archive:
    """Gajim's module for archives, which knows the queries it has sent."""

    def __init__(self) -> None:
        self.queries: set[str] = set()

    def _is_valid_request(self, properties: Any) -> bool:
        return properties.mam.query_id in self.queries


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, archive: Archive) -> OmemoModule:
    monkeypatch.setattr(OmemoModule, "_start", lambda _self: None)
    client: Any = SimpleNamespace(
        account="alice", get_module={"MAM": archive}.__getitem__
    )
    module = OmemoModule(client)
    service: Any = Service()
    module.service = service
    return module


def deliver(module: OmemoModule, namespace: str, stanza: Message, **facts: Any) -> None:
    """Call the module's handler for a namespace, as nbxmpp does."""
    properties = SimpleNamespace(
        **{
            "type": SimpleNamespace(is_error=False),
            "carbon": None,
            "mam": None,
            "encrypted": None,
        }
        | facts
    )
    (handler,) = (one for one in module.handlers if one.ns == namespace)
    handler.callback(None, stanza, properties)


def event(sender: str | None) -> Message:
    node = device_list_node(LEGACY)
    items = f'<items node="{node}"><item id="current">{LIST}</item></items>'
    source = "" if sender is None else f' from="{sender}"'
    return Message(
        node=f'<message xmlns="jabber:client"{source}>'
        f'<event xmlns="{Namespace.PUBSUB_EVENT}">{items}</event></message>'
    )


def lists(module: OmemoModule) -> list[tuple[str, Protocol]]:
    service: Any = module.service
    found: list[tuple[str, Protocol]] = service.lists
    return found


@pytest.mark.parametrize(
    ("sender", "owner"), [(BOB, BOB), (None, ALICE), (ALICE, ALICE)]
)
def test_a_device_list_of_a_server_counts(
    module: OmemoModule, sender: str | None, owner: str
) -> None:
    deliver(module, Namespace.PUBSUB_EVENT, event(sender))
    assert lists(module) == [(owner, LEGACY)]


@pytest.mark.parametrize(
    "facts",
    [
        {"carbon": SimpleNamespace(is_sent=True)},
        {"carbon": SimpleNamespace(is_sent=False)},
        {"mam": SimpleNamespace(query_id="1")},
        {"type": SimpleNamespace(is_error=True)},
    ],
    ids=["carbon of sent", "carbon of received", "archive", "error"],
)
def test_case_15_an_event_in_a_copy_does_not_count(
    module: OmemoModule, facts: dict[str, Any]
) -> None:
    deliver(module, Namespace.PUBSUB_EVENT, event(BOB), **facts)
    assert lists(module) == []


@pytest.mark.parametrize("sender", [f"{BOB}/phone", f"{ALICE}/phone"])
def test_case_15_an_event_of_a_single_client_does_not_count(
    module: OmemoModule, sender: str
) -> None:
    """Any client can send one; the server's have the bare JID."""
    deliver(module, Namespace.PUBSUB_EVENT, event(sender))
    assert lists(module) == []


@pytest.mark.parametrize("asked", [True, False])
def test_case_18_only_a_result_that_was_asked_for_is_decrypted(
    module: OmemoModule, archive: Archive, asked: bool
) -> None:
    if asked:
        archive.queries.add("1")
    stanza = Message()
    facts = {"mam": SimpleNamespace(query_id="1")}
    if asked:
        deliver(module, LEGACY.namespace, stanza, **facts)
    else:
        with pytest.raises(NodeProcessed):
            deliver(module, LEGACY.namespace, stanza, **facts)
    service: Any = module.service
    assert service.messages == ([stanza] if asked else [])


def test_a_live_message_needs_no_query(module: OmemoModule) -> None:
    stanza = Message()
    deliver(module, LEGACY.namespace, stanza)
    service: Any = module.service
    assert service.messages == [stanza]


def test_the_choice_of_encryption_in_an_opened_chat_is_followed(
    module: OmemoModule,
) -> None:
    service: Any = Mock()
    changes: Any = Mock()
    module.service = service
    module._setting_changes = changes
    module.chat_opened(BOB)
    changes.follow.assert_called_once_with(BOB)
    service.chat_opened.assert_called_once_with(BOB)


def test_settings_are_not_followed_after_the_plugin_was_disabled(
    module: OmemoModule,
) -> None:
    changes: Any = Mock()
    module.service = None
    module._setting_changes = changes
    module.deactivate()
    changes.close.assert_called_once_with()
    module.chat_opened(BOB)
    assert not changes.follow.called


@pytest.mark.parametrize("text", ["", "a text"])
def test_only_a_text_asks_for_an_encrypted_answer(
    module: OmemoModule, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A receipt may arrive just after the user has switched encryption off."""
    service: Any = module.service
    service.default_encryption = Mock()
    contacts = SimpleNamespace(chat_of=lambda *_args, **_kwargs: "contact")
    monkeypatch.setattr(module_file, "gajim_contacts", contacts)
    stanza = Message(body=text)
    facts: dict[str, Any] = {
        "encrypted": object(),
        "jid": BOB,
        "type": SimpleNamespace(is_error=False, is_groupchat=False),
    }
    deliver(module, LEGACY.namespace, stanza, **facts)
    told = service.default_encryption.encrypted_message_came
    assert told.call_count == (1 if text else 0)


@pytest.mark.parametrize("chat", [True, False])
@pytest.mark.parametrize("earlier", [True, False])
@pytest.mark.parametrize(
    ("namespace", "name"),
    [("urn:xmpp:message-correct:0", "correction"), (RETRACT, "retraction")],
)
def test_case_22_a_change_in_clear_of_what_was_encrypted(
    module: OmemoModule, namespace: str, name: str, *, chat: bool, earlier: bool
) -> None:
    """Also where the user has switched encryption off since then."""
    service: Any = module.service
    service.is_encrypted = lambda jid: chat
    service.changes_encrypted = lambda _properties: earlier
    service.notices = Mock()
    change = SimpleNamespace(id="earlier", is_tombstone=False)
    jid = JID.from_string(BOB)
    facts: dict[str, Any] = {"encrypted": None, "jid": jid, "mam": None, name: change}
    properties = SimpleNamespace(**facts)
    (handler,) = (one for one in module.handlers if one.ns == namespace)
    handler.callback(None, Message(), properties)
    assert getattr(properties, name) is (None if chat or earlier else change)


@pytest.mark.parametrize("state", ["ended", "beginning", "not removed"])
def test_an_account_that_was_not_removed_goes_on(
    module: OmemoModule, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Its device has left already when the user changes their mind. An identity that
    has ended stays so, and one that begins anew begins by itself."""
    begin: Any = Mock()
    monkeypatch.setattr(OmemoModule, "begin", begin)
    identity: Any = Mock(is_ended=state == "ended", is_beginning=state == "beginning")
    without: Any = Mock()
    module.service, module.identity, module._without = None, identity, without
    module._on_signed_in(SimpleNamespace(account="alice"))
    assert begin.called is (state == "not removed")
    identity.connected.assert_called_once_with()


def test_without_an_identity_no_list_is_asked_for(
    module: OmemoModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers send the lists because of the features that this client has."""
    caps: Any = Mock()
    service: Any = Mock()
    client: Any = SimpleNamespace(account="alice", get_module={"Caps": caps}.get)
    monkeypatch.setattr(OmemoModule, "_be_without_identity", lambda *_arguments: None)
    module.service, module._client = service, client

    def is_over() -> None:
        # The plugin answers for the features of accounts that have a service
        assert module.service is None

    caps.update_caps.side_effect = is_over
    module.stop()
    caps.update_caps.assert_called_once_with()


@pytest.mark.parametrize("running", [None, "2"])
def test_a_message_of_an_archive_that_has_waited_is_taken(
    module: OmemoModule, monkeypatch: pytest.MonkeyPatch, running: str | None
) -> None:
    """Gajim 1.7 drops it once its query has been answered."""
    queries = {} if running is None else {ALICE: running}
    mam = SimpleNamespace(archive=ALICE, query_id="1")
    archive: Any = SimpleNamespace(_mam_query_ids=queries)
    client: Any = SimpleNamespace(account="alice", get_module=lambda _name: archive)
    went: list[str | None] = []

    def dispatch_again(_client: object, _stanza: object, properties: Any) -> None:
        asked = queries.get(ALICE)
        went.append(properties.mam and asked)
        raise NodeProcessed

    monkeypatch.setattr(gajim_messages, "dispatch_again", dispatch_again)
    live, archived = SimpleNamespace(mam=None), SimpleNamespace(mam=mam)
    keys: Any = SimpleNamespace(
        take_held=lambda: [(Message(), live), (Message(), archived)]
    )
    module.service, module.keys, module._client = None, keys, client
    module._dispatch_held()
    assert went == [None, "1"]
    # The query that runs now goes on
    assert queries == ({} if running is None else {ALICE: running})
