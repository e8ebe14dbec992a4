# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from nbxmpp.errors import PubSubStanzaError
from nbxmpp.errors import StanzaError
from nbxmpp.protocol import Iq
from nbxmpp.protocol import Message
from nbxmpp.simplexml import Node

from omemo_plugin.bridge.pep.client import PepClient
from omemo_plugin.bridge.pep.client import Unavailable
from omemo_plugin.bridge.pep.client import device_list_event
from omemo_plugin.bridge.pep.request_queue import UNDER_WAY_MAX
from omemo_plugin.engine.errors import MalformedStanza
from omemo_plugin.engine.errors import StanzaTooLarge
from omemo_plugin.engine.values import Protocol

BOB = "bob@example.org"
NODE = "urn:xmpp:omemo:2:devices"


class Task:
    """One of nbxmpp's, answered by hand."""

    def __init__(self) -> None:
        self.callback: Callable[[Task], None] | None = None
        self.result: Any = None

    def add_done_callback(self, callback: Any, weak: bool = True) -> None:
        assert not weak, "nobody else keeps the callback"
        self.callback = callback

    def finish(self) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def answer(self, result: Any) -> None:
        self.result = result
        assert self.callback is not None
        self.callback(self)


class PubSub:
    """Notes what is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], Task]] = []

    def __getattr__(self, name: str) -> Callable[..., Task]:
        def ask(*args: Any, **kwargs: Any) -> Task:
            task = Task()
            self.asked.append((name, {"args": args, **kwargs}, task))
            return task

        return ask


def client_with(connection: Any) -> Any:
    """A client that is online."""
    state = SimpleNamespace(is_available=True)
    return SimpleNamespace(connection=connection, state=state)


@pytest.fixture
def pubsub() -> PubSub:
    return PubSub()


@pytest.fixture
def requests(pubsub: PubSub) -> PepClient:
    connection = SimpleNamespace(get_module=lambda name: pubsub)
    return PepClient(client_with(connection))


class Answers(list[tuple[Any, ...]]):
    def __call__(self, *answer: Any) -> None:
        self.append(answer)


def error(condition: str) -> StanzaError:
    return StanzaError(
        Iq(
            node='<iq xmlns="jabber:client" type="error" id="1"><error type="cancel">'
            f'<{condition} xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>'
        )
    )


def item(payload: str = '<devices xmlns="urn:xmpp:omemo:2"/>') -> Node:
    return Node(node=f'<item id="current">{payload}</item>')


def test_the_payload_of_the_newest_item_is_the_answer(
    requests: PepClient, pubsub: PubSub
) -> None:
    answers = Answers()
    requests.fetch(BOB, NODE, None, answers)
    ((name, asked, task),) = pubsub.asked
    assert (name, asked["args"], asked["max_items"]) == ("request_items", (NODE,), 1)
    task.answer([item()])
    ((payload, failure),) = answers
    assert payload.tag == "{urn:xmpp:omemo:2}devices"
    assert failure is None


def test_one_item_is_asked_for_by_its_id(requests: PepClient, pubsub: PubSub) -> None:
    answers = Answers()
    requests.fetch(BOB, NODE, "7", answers)
    ((name, asked, task),) = pubsub.asked
    assert (name, asked["args"]) == ("request_item", (NODE, "7"))
    task.answer(item())
    assert answers[0][0] is not None


@pytest.mark.parametrize(
    ("condition", "permanent"),
    [
        ("item-not-found", True),
        ("forbidden", True),
        ("remote-server-timeout", False),
        ("internal-server-error", False),
        ("resource-constraint", False),
    ],
)
def test_errors_are_told_apart(
    requests: PepClient, pubsub: PubSub, condition: str, permanent: bool
) -> None:
    answers = Answers()
    requests.fetch(BOB, NODE, None, answers)
    pubsub.asked[0][2].answer(error(condition))
    ((payload, failure),) = answers
    assert payload is None
    assert failure.permanent is permanent


@pytest.mark.parametrize("result", [[], None, [item("")], [item("<a/><b/>")]])
def test_an_answer_without_a_payload_is_none(
    requests: PepClient, pubsub: PubSub, result: Any
) -> None:
    answers = Answers()
    requests.fetch(BOB, NODE, None, answers)
    pubsub.asked[0][2].answer(result)
    ((payload, failure),) = answers
    assert payload is None
    assert failure.permanent


def test_an_answer_counts_once(requests: PepClient, pubsub: PubSub) -> None:
    answers = Answers()
    requests.fetch(BOB, NODE, None, answers)
    task = pubsub.asked[0][2]
    task.answer([item()])
    task.answer(error("item-not-found"))
    assert len(answers) == 1


def test_a_connection_that_is_gone_is_an_answer() -> None:
    def no_module(name: str) -> Any:
        raise AttributeError

    answers = Answers()
    connection = SimpleNamespace(get_module=no_module)
    PepClient(client_with(connection)).fetch(BOB, NODE, None, answers)
    ((_payload, failure),) = answers
    assert isinstance(failure, Unavailable)
    assert not failure.permanent


def ask_for_many(requests: PepClient) -> Answers:
    """Send so many requests that the last one waits."""
    answers = Answers()
    for number in range(UNDER_WAY_MAX + 1):
        requests.fetch(BOB, NODE, str(number), answers)
    return answers


def test_one_too_many_is_asked_for_after_an_answer(
    requests: PepClient, pubsub: PubSub
) -> None:
    answers = ask_for_many(requests)
    assert len(pubsub.asked) == UNDER_WAY_MAX
    pubsub.asked[0][2].answer(item())
    assert len(pubsub.asked) == UNDER_WAY_MAX + 1
    assert len(answers) == 1


@pytest.mark.parametrize("how", ["lost", "new"])
def test_waiting_requests_are_not_sent_over_another_connection(
    requests: PepClient, pubsub: PubSub, how: str
) -> None:
    answers = ask_for_many(requests)
    if how == "lost":
        state: Any = requests._client.state
        state.is_available = False
        pubsub.asked[0][2].answer(error("remote-server-timeout"))
        assert len(answers) == 2
    else:
        requests.connected()
        assert len(answers) == 1
    assert len(pubsub.asked) == UNDER_WAY_MAX
    assert all(failure is not None and not failure.permanent for _, failure in answers)


# Publishing


def publish(requests: PepClient, many: bool = False) -> Answers:
    answers = Answers()
    payload = Element("{urn:xmpp:omemo:2}devices")
    requests.publish(NODE, "current", payload, many=many, done=answers)
    return answers


def test_others_may_read_published_items(requests: PepClient, pubsub: PubSub) -> None:
    answers = publish(requests)
    ((name, asked, task),) = pubsub.asked
    assert name == "publish"
    assert asked["options"]["pubsub#access_model"] == "open"
    assert str(asked["args"][1]) == '<devices xmlns="urn:xmpp:omemo:2" />'
    task.answer(None)
    assert answers == [(None,)]


def test_a_server_that_does_not_know_an_option_is_asked_without(
    requests: PepClient, pubsub: PubSub
) -> None:
    answers = publish(requests, many=True)
    tried = []
    while not answers:
        options = pubsub.asked[-1][1]["options"]
        tried.append("none" if options is None else options.get("pubsub#max_items"))
        pubsub.asked[-1][2].answer(error("not-acceptable") if len(tried) < 4 else None)
    assert tried == ["max", "100", None, "none"]
    assert answers == [(None,)]
    # Then the node is opened afterwards
    assert pubsub.asked[-1][0] == "get_node_configuration"


def test_a_refusal_is_reported_in_the_end(requests: PepClient, pubsub: PubSub) -> None:
    answers = publish(requests)
    for _ in range(2):
        pubsub.asked[-1][2].answer(error("forbidden"))
    assert len(pubsub.asked) == 2
    assert answers[0][0].permanent
    assert answers[0][0].refused


def test_a_connection_that_breaks_is_not_tried_again(
    requests: PepClient, pubsub: PubSub
) -> None:
    answers = publish(requests)
    pubsub.asked[-1][2].answer(RuntimeError("cancelled"))
    assert len(pubsub.asked) == 1
    assert not answers[0][0].permanent
    assert not answers[0][0].refused


# Nodes that another program has made


class Owner:
    """A server with one node, which answers what was asked."""

    def __init__(self, pubsub: PubSub, **fields: Any) -> None:
        """
        :param fields: the options of the node, by what follows "pubsub#"
        """
        self._pubsub = pubsub
        self.fields = {f"pubsub#{name}": one for name, one in fields.items()}
        # What it refuses, and how
        self.refused: dict[str, StanzaError] = {}
        self.done: list[str] = []

    def answer(self) -> None:
        """Answer until nothing more is asked."""
        while len(self.done) < len(self._pubsub.asked):
            name, asked, task = self._pubsub.asked[len(self.done)]
            self.done.append(name)
            task.answer(self._answer(name, asked))

    def _answer(self, name: str, asked: dict[str, Any]) -> Any:
        if name == "publish":
            options = asked["options"] or {}
            if any(self.fields[one] != value for one, value in options.items()):
                return not_met()
            return self.refused.get("publish")
        if name in self.refused:
            return self.refused[name]
        if name == "get_node_configuration":
            form = {one: SimpleNamespace(value=x) for one, x in self.fields.items()}
            return SimpleNamespace(form=form)
        self.fields = {one: x.value for one, x in asked["args"][1].items()}
        return None

    def count(self, name: str) -> int:
        return self.done.count(name)


def not_met() -> StanzaError:
    return PubSubStanzaError(
        Iq(
            node='<iq xmlns="jabber:client" type="error" id="1"><error type="cancel">'
            '<conflict xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>'
            "<precondition-not-met "
            'xmlns="http://jabber.org/protocol/pubsub#errors"/></error></iq>'
        )
    )


CLOSED = {"persist_items": "false", "access_model": "whitelist"}
OPEN = {"persist_items": "true", "access_model": "open"}


@pytest.fixture
def hidden(requests: PepClient) -> list[None]:
    """Gets longer when a node stays closed."""
    told: list[None] = []
    requests.stays_closed.connect(lambda: told.append(None))
    return told


def test_a_closed_node_is_opened_once_on_a_connection(
    requests: PepClient, pubsub: PubSub, hidden: list[None]
) -> None:
    owner = Owner(pubsub, **CLOSED)
    for _ in range(2):
        answers = publish(requests)
        owner.answer()
        assert answers == [(None,)]
        assert owner.done == [
            "publish",
            "get_node_configuration",
            "set_node_configuration",
            "publish",
        ]
        # Another program closes it again: no quarrel on this connection
        owner.fields["pubsub#access_model"] = "whitelist"
        before = len(owner.done)
        again = publish(requests)
        owner.answer()
        assert again == [(None,)]
        assert "set_node_configuration" not in owner.done[before:]
        assert hidden.pop() is None
        # The next connection has another try
        requests.connected()
        pubsub.asked.clear()
        owner.done.clear()
    assert hidden == []


def test_the_node_of_many_items_gets_room_for_them(
    requests: PepClient, pubsub: PubSub
) -> None:
    owner = Owner(pubsub, **OPEN, max_items="1")
    answers = publish(requests, many=True)
    owner.answer()
    assert answers == [(None,)]
    assert owner.fields["pubsub#max_items"] == "max"
    assert owner.count("set_node_configuration") == 1


@pytest.mark.parametrize("what", ["set_node_configuration", "get_node_configuration"])
def test_a_node_that_the_server_does_not_open_is_told(
    requests: PepClient, pubsub: PubSub, hidden: list[None], what: str
) -> None:
    owner = Owner(pubsub, **CLOSED)
    owner.refused[what] = error("forbidden")
    answers = publish(requests)
    owner.answer()
    # Some can read it all the same
    assert answers == [(None,)]
    assert hidden == [None]
    assert owner.count("set_node_configuration") <= 1


def test_what_is_refused_otherwise_is_not_called_closed(
    requests: PepClient, pubsub: PubSub, hidden: list[None]
) -> None:
    owner = Owner(pubsub, **OPEN)
    owner.refused["publish"] = error("forbidden")
    answers = publish(requests)
    owner.answer()
    assert answers[0][0].refused
    assert hidden == []


@pytest.mark.parametrize("persists", ["true", True])
def test_a_node_that_is_as_it_should_be_is_left_alone(
    requests: PepClient, pubsub: PubSub, hidden: list[None], persists: object
) -> None:
    owner = Owner(pubsub, access_model="open", persist_items=persists, max_items="7")
    requests.keep_open(NODE)
    owner.answer()
    assert owner.done == ["get_node_configuration"]
    assert hidden == []


@pytest.mark.parametrize("persists", ["true", False])
@pytest.mark.parametrize("model", ["whitelist", "presence"])
def test_a_node_that_was_closed_since_is_opened(
    requests: PepClient,
    pubsub: PubSub,
    hidden: list[None],
    persists: object,
    model: str,
) -> None:
    owner = Owner(pubsub, access_model=model, persist_items=persists)
    for _ in range(2):
        requests.keep_open(NODE)
        owner.answer()
    assert owner.fields == {
        "pubsub#access_model": "open",
        "pubsub#persist_items": "true",
    }
    assert owner.count("set_node_configuration") == 1
    assert hidden == []


def test_while_a_node_is_being_opened_a_publication_waits(
    requests: PepClient, pubsub: PubSub, hidden: list[None]
) -> None:
    owner = Owner(pubsub, **CLOSED)
    requests.keep_open(NODE)
    answers = publish(requests)
    owner.answer()
    assert answers == [(None,)]
    assert owner.count("set_node_configuration") == 1
    assert owner.fields["pubsub#access_model"] == "open"
    assert hidden == []


@pytest.mark.parametrize(
    ("what", "is_told"),
    [("get_node_configuration", False), ("set_node_configuration", True)],
)
def test_a_server_that_does_not_open_a_node_that_was_closed_since(
    requests: PepClient,
    pubsub: PubSub,
    hidden: list[None],
    what: str,
    is_told: bool,
) -> None:
    owner = Owner(pubsub, **CLOSED)
    owner.refused[what] = error("forbidden")
    requests.keep_open(NODE)
    owner.answer()
    assert bool(hidden) is is_told


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_connection_that_breaks_while_a_node_is_opened(
    requests: PepClient, pubsub: PubSub, hidden: list[None], step: int
) -> None:
    """Nothing of the old connection goes on with the new one, and nobody is told that
    the server refuses."""
    owner = Owner(pubsub, **CLOSED)
    first, second = publish(requests), publish(requests)
    for _ in range(step):
        name, asked, task = pubsub.asked[len(owner.done)]
        owner.done.append(name)
        task.answer(owner._answer(name, asked))
    requests.connected()
    sent = len(pubsub.asked)
    for _name, _asked, task in pubsub.asked[len(owner.done) :]:
        task.answer(RuntimeError("cancelled"))
    assert len(pubsub.asked) == sent
    for answers in (first, second):
        ((failure,),) = answers
        assert not failure.refused
    assert hidden == []


# Events


def event(inside: str) -> Message:
    return Message(
        node=f'<message xmlns="jabber:client" from="{BOB}">'
        f'<event xmlns="http://jabber.org/protocol/pubsub#event">{inside}</event>'
        "</message>"
    )


LIST = '<devices xmlns="urn:xmpp:omemo:2"><device id="1"/></devices>'


def test_an_event_with_a_list() -> None:
    found = device_list_event(
        event(f'<items node="{NODE}"><item id="current">{LIST}</item></items>')
    )
    assert found is not None
    protocol, payload = found
    assert protocol is Protocol.OMEMO_2
    assert len(payload) == 1


@pytest.mark.parametrize(
    "inside",
    [
        "",
        f'<items node="urn:other"><item>{LIST}</item></items>',
        f'<purge node="{NODE}"/>',
        f'<delete node="{NODE}"/>',
        f'<items node="{NODE}"><retract id="current"/></items>',
        f'<items node="{NODE}"/>',
    ],
)
def test_case_09_an_emptied_node_says_nothing(inside: str) -> None:
    assert device_list_event(event(inside)) is None


@pytest.mark.parametrize("payload", ["", '<a xmlns="urn:a"/><b xmlns="urn:b"/>'])
def test_an_item_without_one_payload_is_refused(payload: str) -> None:
    with pytest.raises(MalformedStanza):
        device_list_event(event(f'<items node="{NODE}"><item>{payload}</item></items>'))


def test_case_36_an_endless_list_is_no_empty_one() -> None:
    devices = '<device id="1"/>' * 20_001
    endless = f'<devices xmlns="urn:xmpp:omemo:2">{devices}</devices>'
    with pytest.raises(StanzaTooLarge):
        device_list_event(event(f'<items node="{NODE}"><item>{endless}</item></items>'))


def test_case_15_a_nested_event_is_none() -> None:
    inner = str(event(f'<items node="{NODE}"><item>{LIST}</item></items>'))
    outer = Message(
        node=f'<message xmlns="jabber:client" from="{BOB}"><forwarded '
        f'xmlns="urn:xmpp:forward:0">{inner}</forwarded></message>'
    )
    assert device_list_event(outer) is None
