# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The options of our own nodes (XEP-0060, "Configure a Node").

Another program may have made a node so that contacts cannot read it, or so that it
keeps nothing. Such a node is configured once on a connection: two programs that want
different options would otherwise change them in turn for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import cast

from nbxmpp.errors import StanzaError

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import ConfigurationForm
    from ..gajim.nbxmpp_protocols import NodeConfiguration
    from ..gajim.nbxmpp_protocols import PubSub
    from ..gajim.nbxmpp_protocols import Task

log = logging.getLogger("gajim.p.omemo_plugin")

Options = Mapping[str, str]

# Starts a request, and calls the second function with it when it is over
Run = Callable[[Callable[[], "Task"], Callable[["Task"], None]], None]

# Gets None, or why it is not as it is wanted
Then = Callable[[Exception | None], None]


class NotConfigured(Exception):
    """A node has other options than it is to have, and the server does not change
    them, or another program has changed them again."""


@dataclass
class _Node:
    """
    What has become of a node on this connection.

    Attributes:
        busy: a request about it is under way.
        asked: the server was asked to change its options.
        error: why it did not.
        waiting: called when nothing is under way any more.
    """

    busy: bool = False
    asked: bool = False
    error: Exception | None = None
    waiting: list[Callable[[], None]] = field(default_factory=list)


class NodeOptions:
    """Configures nodes of one account, each at most once on a connection."""

    def __init__(self, pubsub: Callable[[], PubSub], run: Run) -> None:
        self._pubsub = pubsub
        self._run = run
        self._nodes: dict[str, _Node] = {}

    def connected(self) -> None:
        """A new stream has begun."""
        self._nodes = {}

    def mend(
        self,
        name: str,
        wanted: Sequence[Options],
        then: Then,
        *,
        needed: Options | None = None,
    ) -> None:
        """
        Give a node the options that it is to have.

        Args:
            wanted: what is tried, until the server takes one of them.
            then: called once, with `NotConfigured` if it refuses, and with what
                nbxmpp raised where it does not tell the options.
            needed: where all of these are set already, nothing is changed.
        """
        node = self._nodes.setdefault(name, _Node())
        if node.busy:

            def again() -> None:
                if self._nodes.get(name) is node:
                    self.mend(name, wanted, then, needed=needed)
                else:
                    then(ConnectionError("no connection"))

            node.waiting.append(again)
        else:
            node.busy = True
            self._look(name, node, wanted, then, needed)

    def _look(
        self,
        name: str,
        node: _Node,
        wanted: Sequence[Options],
        then: Then,
        needed: Options | None,
    ) -> None:
        def came(task: Task) -> None:
            try:
                form = cast("NodeConfiguration", task.finish()).form
                good = needed is not None and _has(form, needed)
            except Exception as error:  # noqa: BLE001 - `then` is told of it
                _end(node, then, error)
                return
            if good:
                _end(node, then, None)
            elif node.asked:
                _end(node, then, node.error or NotConfigured("changed again"))
            else:
                node.asked = True
                self._configure(name, node, form, wanted, then)

        self._run(lambda: self._pubsub().get_node_configuration(name), came)

    def _configure(
        self,
        name: str,
        node: _Node,
        form: ConfigurationForm,
        wanted: Sequence[Options],
        then: Then,
    ) -> None:
        options, *others = wanted

        def start() -> Task:
            _apply(form, options)
            return self._pubsub().set_node_configuration(name, form)

        def done(task: Task) -> None:
            try:
                task.finish()
            except StanzaError as error:
                log.info("Configuring %s: %s", name, error.condition)
                if others:
                    self._configure(name, node, form, others, then)
                    return
                node.error = NotConfigured(error.condition or "error")
            except Exception as error:  # noqa: BLE001 - `then` is told of it
                node.error = error
            _end(node, then, node.error)

        self._run(start, done)


def _end(node: _Node, then: Then, error: Exception | None) -> None:
    node.busy = False
    waiting, node.waiting = node.waiting, []
    then(error)
    for again in waiting:
        again()


def _has(form: ConfigurationForm, needed: Options) -> bool:
    """Whether a node has options. One that the server does not know is left out."""
    for name, value in needed.items():
        try:
            kept = form[name].value
        except KeyError:
            continue
        # A boolean one, where the server says that it is one
        if kept != value and not (kept is True and value == "true"):
            return False
    return True


def _apply(form: ConfigurationForm, options: Options) -> None:
    for name, value in options.items():
        try:
            form[name].value = value
        except KeyError:
            log.info("The server does not know %s", name)
