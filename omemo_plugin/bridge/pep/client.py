# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Requests to PEP nodes: fetching and publishing device lists and bundles.

Each request ends with exactly one call of its callback, whatever the server or
the connection does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import cast
from xml.etree.ElementTree import Element

from nbxmpp.errors import MalformedStanzaError
from nbxmpp.errors import StanzaError
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID
from nbxmpp.simplexml import Node

from ...engine.errors import MalformedStanza
from ...engine.errors import StanzaTooLarge
from ...engine.values import Protocol
from ...stanza.pep import bundle_node
from ...stanza.pep import device_list_node
from ..gajim import constants as gajim_constants
from ..signals import Signal
from ..timers import Timer
from ..xml.nodes import children
from ..xml.nodes import to_element
from ..xml.nodes import to_node
from .node_options import NodeOptions
from .node_options import NotConfigured
from .node_options import Options
from .request_queue import RequestQueues

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import PubSub
    from ..gajim.nbxmpp_protocols import Task
    from ..gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")

# The plugin has a timeout of its own: nbxmpp 4.2 ends a request with a timeout at
# once while another one runs
TIMEOUT_SECONDS = 30

# Others fetch our keys without a subscription to our presence
_OPTIONS = {
    "pubsub#persist_items": "true",
    "pubsub#access_model": "open",
}
# XEP-0384 0.9.1, "Bundles": one item for each of our devices
_MANY_ITEMS = {**_OPTIONS, "pubsub#max_items": "max"}
# For servers that do not know 'max' (XEP-0060 1.19)
_MANY_ITEMS_NUMBER = {**_OPTIONS, "pubsub#max_items": "100"}


def _options(many: bool) -> list[Options]:
    """
    What is tried for a node that others read, best first.

    Args:
        many: the node holds an item for each device.
    """
    return [_MANY_ITEMS, _MANY_ITEMS_NUMBER, _OPTIONS] if many else [_OPTIONS]


# XEP-0223, "Publish": for our own devices alone. Where the server cannot promise
# that, nothing is published
_PRIVATE = {
    "pubsub#persist_items": "true",
    "pubsub#access_model": "whitelist",
    "pubsub#max_items": "max",
}
_PRIVATE_NUMBER = {**_PRIVATE, "pubsub#max_items": "100"}

# The node does not exist, or is not for us
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
        permanent: asking again soon is of no use.
        too_large: there is an answer, and it is too large to be read.
        refused: the server has answered with an error.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool,
        too_large: bool = False,
        refused: bool = False,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.too_large = too_large
        self.refused = refused


Answer = Callable[[Element | None, Unavailable | None], None]
Done = Callable[[Unavailable | None], None]


class PepClient:
    """
    Requests to PEP nodes over one Gajim client.

    Attributes:
        stays_closed: emitted when not everybody can read a node of ours, and the
            server does not change that.
    """

    def __init__(self, client: Client) -> None:
        self.stays_closed: Signal[[]] = Signal("saying that a node stays closed")
        self._client = client
        self._queues = RequestQueues()
        self._options = NodeOptions(self._pubsub, self._run)

    def connected(self) -> None:
        """A new stream has begun: the requests of the old one are not answered any
        more."""
        self._queues.drop_all()
        self._options.connected()

    def _pubsub(self) -> PubSub:
        return self._client.connection.get_module("PubSub")

    def fetch(self, jid: str, node: str, item_id: str | None, answer: Answer) -> None:
        """
        Ask for the payload of an item.

        Args:
            item_id: None for the newest of the node.
        """

        target = JID.from_string(jid)

        def ask() -> Task:
            if item_id is None:
                return self._pubsub().request_items(node, max_items=1, jid=target)
            return self._pubsub().request_item(node, item_id, jid=target)

        def start(over: Callable[[], None]) -> None:
            def finished(task: Task) -> None:
                if not gajim_constants.is_available(self._client):
                    # The server would not answer the others
                    self._queues.drop_all()
                over()
                answer(*_answer_of(task))

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

        def finished(task: Task) -> None:
            try:
                items = cast(list[Node], task.finish() or [])
                payloads = [_payload(item) for item in items]
            except Exception as error:  # noqa: BLE001 - `answer` is told of it
                answer([], _unavailable(error))
            else:
                answer(payloads, None)

        self._run(lambda: self._pubsub().request_items(node), finished)

    def ping(self, resource: str, answer: Callable[[bool], None]) -> None:
        """Ask whether a device of our account is online (XEP-0199)."""

        def finished(task: Task) -> None:
            answer(_error_of(task) is None)

        own = self._client.get_own_jid().new_with(resource=resource)
        ping = self._client.connection.get_module("Ping")
        self._run(lambda: ping.ping(own), finished)

    def retract(self, node: str, item_id: str, done: Done) -> None:
        """Remove an item of ours, and notify the subscribers of the node."""
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
        """Publish an item that only our own devices may read, or fail."""
        self._publish(node, item_id, payload, [_PRIVATE, _PRIVATE_NUMBER], done)

    def publish(
        self, node: str, item_id: str, payload: Element, *, many: bool, done: Done
    ) -> None:
        """
        Publish an item, and configure its node. If the server does not know an
        option, that is left out.

        Args:
            many: the node holds an item for each device.
        """
        self._publish(node, item_id, payload, [*_options(many), None], done)

    def keep_open(self, node: str) -> None:
        """Let everybody read a node of ours that another program may have closed, and
        have it keep what is in it."""

        def over(error: Exception | None) -> None:
            # A server that does not tell the options may have the right ones
            if isinstance(error, NotConfigured):
                self.stays_closed.emit()

        many = node == bundle_node(Protocol.OMEMO_2, 0)
        self._options.mend(node, _options(many), over, needed=_OPTIONS)

    def _publish(
        self,
        node: str,
        item_id: str,
        payload: Element,
        attempts: list[Options | None],
        done: Done,
        *,
        mended: bool = False,
    ) -> None:
        """
        Args:
            attempts: what is tried, until the server takes one of them.
            mended: the node was configured, or the server does not do that.
        """
        options, *others = attempts

        def again(attempts: list[Options | None], *, mended: bool) -> None:
            self._publish(node, item_id, payload, attempts, done, mended=mended)

        def configured(error: Exception | None) -> None:
            if error is None or isinstance(error, NotConfigured | StanzaError):
                again(attempts, mended=True)
            else:
                done(_unavailable(error))

        def finished(task: Task) -> None:
            error = _error_of(task)
            if isinstance(error, StanzaError):
                log.info("Publishing at %s: %s", node, error.condition)
                if error.app_condition == "precondition-not-met" and not mended:
                    wanted = [one for one in attempts if one is not None]
                    self._options.mend(node, wanted, configured)
                    return
                if others:
                    again(others, mended=mended)
                    return
            if error is not None:
                done(_unavailable(error))
                return
            if options is None:
                self._open(node)
            done(None)

        self._run(
            lambda: self._pubsub().publish(
                node,
                to_node(payload, Namespace.PUBSUB),
                id_=item_id,
                options=None if options is None else dict(options),
            ),
            finished,
        )

    def _open(self, node: str) -> None:
        """Let everybody read a node into which something was published without
        options."""

        def over(error: Exception | None) -> None:
            if isinstance(error, NotConfigured | StanzaError):
                log.warning("%s stays closed: %s", node, error)
                self.stays_closed.emit()

        self._options.mend(node, [_OPTIONS], over, needed=_OPTIONS)

    def _run(self, start: Callable[[], Task], finished: Callable[[Task], None]) -> None:
        """Start a task of nbxmpp, and report it once."""
        try:
            task = start()
        except Exception as error:  # noqa: BLE001 - `finished` is told of it
            finished(_Failed(error))
            return
        over = False

        def once(result: Task) -> None:
            nonlocal over
            if not over:
                over = True
                timer.stop()
                finished(result)

        def timeout() -> None:
            once(_Failed(Unavailable("no answer", permanent=False)))

        timer = Timer(timeout)
        timer.start(TIMEOUT_SECONDS)
        task.add_done_callback(once, weak=False)


class _Failed:
    """Stands for a task that has no result."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def add_done_callback(
        self, callback: Callable[[Task], object], *, weak: bool = True
    ) -> None:
        """It is over already."""
        del weak
        callback(self)

    def finish(self) -> object:
        raise self._error

    def get_user_data(self) -> object:
        return None


def _error_of(task: Task) -> Exception | None:
    """Why a task failed; None if it did not."""
    try:
        task.finish()
    except Exception as error:  # noqa: BLE001 - the caller is told of it
        return error
    return None


def _answer_of(task: Task) -> tuple[Element | None, Unavailable | None]:
    """The payload of the item that was asked for, or why there is none."""
    try:
        result = task.finish()
        # 'request_item' gives an item, 'request_items' gives several
        item = result[-1] if isinstance(result, list) and result else result
        if not item:
            return None, Unavailable("no item", permanent=True)
        return _payload(cast(Node, item)), None
    except StanzaTooLarge as error:
        # Not as if there was none: the item that was known before stays
        return None, Unavailable(str(error), permanent=False, too_large=True)
    except Exception as error:  # noqa: BLE001 - the caller is told of it
        return None, _unavailable(error)


def _reporting(done: Done) -> Callable[[Task], None]:
    """Report what became of a task that removes something. If it does not exist,
    it has been removed."""

    def finished(task: Task) -> None:
        error = _error_of(task)
        gone = isinstance(error, StanzaError) and error.condition == "item-not-found"
        done(None if error is None or gone else _unavailable(error))

    return finished


def _unavailable(error: Exception) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, StanzaError):
        condition = error.condition or "error"
        permanent = condition in _PERMANENT
        return Unavailable(condition, permanent=permanent, refused=True)
    if isinstance(error, MalformedStanza):
        return Unavailable(str(error), permanent=True)
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

    An event that a node was emptied, retracted from or deleted says nothing: the
    last list stays, and is fetched before the next message if it has to be.

    Raises:
        StanzaTooLarge: it is an event about a list that is too large to be read.
        MalformedStanza: it is an event about a malformed list.
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
