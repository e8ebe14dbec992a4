# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Device lists and bundles on the server: fetching, publishing, and events.

Every request ends with exactly one call of what was given for it, whatever the
server or the connection does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from gi.repository import GLib
from nbxmpp.errors import MalformedStanzaError
from nbxmpp.errors import StanzaError
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID
from nbxmpp.simplexml import Node

from ..engine.errors import MalformedStanza
from ..engine.errors import StanzaTooLarge
from ..engine.values import Protocol
from ..stanza.pep import device_list_node
from . import compat
from .nodes import children
from .nodes import to_element
from .nodes import to_node
from .request_queue import RequestQueues

log = logging.getLogger("gajim.p.omemo_plugin")

# nbxmpp 4.2 ends a request with a timeout of its own at once while another one
# runs, so this is ours
TIMEOUT_SECONDS = 30

# Others fetch our keys without being subscribed to us
_OPTIONS = {
    "pubsub#persist_items": "true",
    "pubsub#access_model": "open",
}
# XEP-0384 0.9.1, "Bundles": one item for each of our devices
_MANY_ITEMS = {**_OPTIONS, "pubsub#max_items": "max"}
# For servers that do not know 'max' (XEP-0060 1.19)
_MANY_ITEMS_NUMBER = {**_OPTIONS, "pubsub#max_items": "100"}

# XEP-0223, "Publish": for nobody's eyes but ours. Where the server cannot
# promise that, nothing is published
_PRIVATE = {
    "pubsub#persist_items": "true",
    "pubsub#access_model": "whitelist",
    "pubsub#max_items": "max",
}
_PRIVATE_NUMBER = {**_PRIVATE, "pubsub#max_items": "100"}

# The node is not there, or not for us
_PERMANENT = frozenset(
    {
        "item-not-found",
        "forbidden",
        "not-authorized",
        "not-allowed",
        "feature-not-implemented",
        "service-unavailable",
        "jid-malformed",
    }
)


class Unavailable(Exception):
    """
    A request got no usable answer.

    Attributes:
        permanent: it is of no use to ask again soon.
        too_large: there is an answer, larger than anything that makes sense.
    """

    def __init__(
        self, reason: str, *, permanent: bool, too_large: bool = False
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.too_large = too_large


Answer = Callable[[Element | None, Unavailable | None], None]
Done = Callable[[Unavailable | None], None]


class Pep:
    """Requests to PEP nodes over one Gajim client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._queues = RequestQueues()

    def connected(self) -> None:
        """A new stream has begun: what was asked for is to be asked for again."""
        self._queues.drop_all()

    def _pubsub(self) -> Any:
        return self._client.connection.get_module("PubSub")

    def fetch(self, jid: str, node: str, item_id: str | None, answer: Answer) -> None:
        """
        Ask for the payload of an item.

        Args:
            item_id: None for the newest of the node.
        """

        def answered(task: Any) -> None:
            try:
                result = task.finish()
            except Exception as error:
                answer(None, _unavailable(error))
                return
            # 'request_item' gives an item, 'request_items' gives several
            item = result[-1] if isinstance(result, list) and result else result
            if not item:
                answer(None, Unavailable("no item", permanent=True))
                return
            try:
                payload = _payload(item)
            except StanzaTooLarge as error:
                # Not as if there was none: what was known before goes on
                answer(None, Unavailable(str(error), permanent=False, too_large=True))
                return
            except MalformedStanza as error:
                answer(None, Unavailable(str(error), permanent=True))
                return
            answer(payload, None)

        target = JID.from_string(jid)

        def ask() -> Any:
            if item_id is None:
                return self._pubsub().request_items(node, max_items=1, jid=target)
            return self._pubsub().request_item(node, item_id, jid=target)

        def start(over: Callable[[], None]) -> None:
            def finished(task: Any) -> None:
                if not compat.is_available(self._client):
                    # Nobody would answer the others
                    self._queues.drop_all()
                over()
                answered(task)

            self._run(ask, finished)

        def drop() -> None:
            answer(None, Unavailable("no connection", permanent=False))

        self._queues.add(target.domain, start, drop)

    def fetch_all(
        self,
        node: str,
        answer: Callable[[list[Element], Unavailable | None], None],
    ) -> None:
        """Ask for the payloads of all items of a node of ours."""

        def finished(task: Any) -> None:
            try:
                items = task.finish() or []
                payloads = [_payload(item) for item in items]
            except MalformedStanza as error:
                answer([], Unavailable(str(error), permanent=True))
            except Exception as error:
                answer([], _unavailable(error))
            else:
                answer(payloads, None)

        self._run(lambda: self._pubsub().request_items(node), finished)

    def ping(self, resource: str, answer: Callable[[bool], None]) -> None:
        """Ask whether a device of our account is there (XEP-0199)."""

        def finished(task: Any) -> None:
            try:
                task.finish()
            except Exception:
                answer(False)
            else:
                answer(True)

        own = self._client.get_own_jid().new_with(resource=resource)
        ping = self._client.connection.get_module("Ping")
        self._run(lambda: ping.ping(own), finished)

    def retract(self, node: str, item_id: str, done: Done) -> None:
        """Take an item of ours away, and tell those who follow the node."""
        self._run(
            lambda: self._pubsub().retract(node, item_id, notify=True),
            _reporting(done),
        )

    def delete(self, node: str, done: Done) -> None:
        """Delete a node of ours."""
        self._run(lambda: self._pubsub().delete(node), _reporting(done))

    def publish_private(
        self, node: str, item_id: str, payload: Element, done: Done
    ) -> None:
        """Publish an item that nobody else may read, or fail."""
        self._publish(node, item_id, payload, [_PRIVATE, _PRIVATE_NUMBER], done)

    def publish(
        self, node: str, item_id: str, payload: Element, *, many: bool, done: Done
    ) -> None:
        """
        Publish an item. If the node is configured otherwise, it is put right;
        if the server does not know an option, it is left out.

        Args:
            many: the node holds an item for each device.
        """
        attempts: list[Mapping[str, str] | None] = [_OPTIONS, None]
        if many:
            attempts = [_MANY_ITEMS, _MANY_ITEMS_NUMBER, _OPTIONS, None]
        self._publish(node, item_id, payload, attempts, done)

    def _publish(
        self,
        node: str,
        item_id: str,
        payload: Element,
        attempts: list[Mapping[str, str] | None],
        done: Done,
    ) -> None:
        options, *others = attempts

        def finished(task: Any) -> None:
            try:
                task.finish()
            except StanzaError as error:
                log.info("Publishing at %s: %s", node, error.condition)
                if others:
                    self._publish(node, item_id, payload, others, done)
                else:
                    done(_unavailable(error))
            except Exception as error:
                done(_unavailable(error))
            else:
                if options is None:
                    # A node that could not be told at once who may read it
                    self._run(
                        lambda: self._pubsub().set_access_model(node, "open"),
                        _ignored,
                    )
                done(None)

        self._run(
            lambda: self._pubsub().publish(
                node,
                to_node(payload, Namespace.PUBSUB),
                id_=item_id,
                options=None if options is None else dict(options),
                force_node_options=options is not None,
            ),
            finished,
        )

    def _run(self, start: Callable[[], Any], finished: Callable[[Any], None]) -> None:
        """Start a task of nbxmpp, and report it once."""
        try:
            task = start()
        except Exception as error:
            finished(_Failed(error))
            return
        state = {"over": False, "timer": 0}

        def once(result: Any) -> None:
            if state["over"]:
                return
            state["over"] = True
            if state["timer"]:
                GLib.source_remove(state["timer"])
                state["timer"] = 0
            finished(result)

        def timeout() -> bool:
            state["timer"] = 0
            once(_Failed(Unavailable("no answer", permanent=False)))
            return GLib.SOURCE_REMOVE

        state["timer"] = GLib.timeout_add_seconds(TIMEOUT_SECONDS, timeout)
        task.add_done_callback(once, weak=False)


class _Failed:
    """Stands for a task that has no result."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def finish(self) -> None:
        raise self._error


def _reporting(done: Done) -> Callable[[Any], None]:
    """Calls that with what became of a task. What is not there any more has
    been taken away."""

    def finished(task: Any) -> None:
        try:
            task.finish()
        except StanzaError as error:
            gone = error.condition == "item-not-found"
            done(None if gone else _unavailable(error))
        except Exception as error:
            done(_unavailable(error))
        else:
            done(None)

    return finished


def _ignored(task: Any) -> None:
    try:
        task.finish()
    except Exception as error:
        log.info("Configuring a node: %s", type(error).__name__)


def _unavailable(error: Exception) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, StanzaError):
        condition = error.condition or "error"
        return Unavailable(condition, permanent=condition in _PERMANENT)
    if isinstance(error, MalformedStanzaError):
        return Unavailable("malformed answer", permanent=True)
    return Unavailable(type(error).__name__, permanent=False)


def _payload(item: Node) -> Element:
    found = list(children(item))
    if len(found) != 1:
        raise MalformedStanza("an item needs one payload")
    return to_element(found[0])


# Events


def device_list_event(stanza: Node) -> tuple[Protocol, Element] | None:
    """
    The device list in an event, if it is one.

    A node that was emptied, retracted from or deleted says nothing: the last
    list stays, and it is asked for before the next message if it has to be.

    Raises:
        StanzaTooLarge: it is an event about a list that nobody could mean.
        MalformedStanza: it is an event about a list, and not understood.
    """
    event = stanza.getTag("event", namespace=Namespace.PUBSUB_EVENT)
    if event is None:
        return None
    items = event.getTag("items")
    if items is None:
        return None
    node = items.getAttr("node")
    protocol = next((p for p in Protocol if device_list_node(p) == node), None)
    if protocol is None:
        return None
    found = [child for child in children(items) if child.getName() == "item"]
    if not found:
        return None
    return protocol, _payload(found[-1])
