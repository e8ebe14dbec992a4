# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of the account that another program has made, and closed to contacts; and
servers that do not open them, or take no keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable

import pytest

from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.pep import device_list_node
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import PUBSUB
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.raw_client import RawClient
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

NODES = [
    *map(device_list_node, Protocol),
    bundle_node(Protocol.OMEMO_2, 0),
]

# Only the account itself can read such a node, and it keeps nothing
CLOSED = {"access_model": "whitelist", "persist_items": "0"}

REFUSED = "Your server does not take the keys of this device."
HIDDEN = "Your server does not give the keys of this device to everybody."


def form(options: dict[str, str]) -> str:
    """Options of a node, as they are sent."""
    fields = "".join(
        f"<field var='pubsub#{name}'><value>{value}</value></field>"
        for name, value in options.items()
    )
    return (
        "<configure><x xmlns='jabber:x:data' type='submit'>"
        "<field var='FORM_TYPE' type='hidden'>"
        f"<value>{PUBSUB}#node_config</value></field>{fields}</x></configure>"
    )


def make_nodes(client: RawClient) -> None:
    """Make the nodes that are not there yet, as closed ones."""
    for node in NODES:
        content = f"<create node='{node}'/>{form(CLOSED)}"
        assert client.set(f"<pubsub xmlns='{PUBSUB}'>{content}</pubsub>") is not None


def close_nodes(client: RawClient, nodes: Iterable[str]) -> None:
    """Close nodes that are there."""
    for node in nodes:
        content = form({"access_model": "whitelist"}).replace(
            "<configure>", f"<configure node='{node}'>"
        )
        request = f"<pubsub xmlns='{PUBSUB}#owner'>{content}</pubsub>"
        assert client.set(request) is not None


def own_nodes(gajim: Gajim) -> list[str]:
    """The four nodes in which a Gajim's device is."""
    code = str(gajim.call("own_code", account=gajim.account_name))
    number = int(code.partition("omemo-sid-")[2].partition("=")[0])
    return [*NODES, bundle_node(Protocol.LEGACY, number)]


def options_of(scene: Scene, gajim: Gajim, kind: str) -> Counter[str]:
    """How often a Gajim has asked for the options of each node, or changed them.

    :param kind: "get" or "set"
    """
    address = re.compile(rf"< {gajim.account.jid}/(?!raw-)\S+ <iq [^>]*type='{kind}'")
    return Counter(
        line.partition("<configure node='")[2].partition("'")[0]
        for line in scene.server.stanzas_with("<configure node=")
        if address.match(line)
    )


def said(gajim: Gajim, words: str) -> int:
    return sum(words in row.text for row in gajim.rows())


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_closed_nodes_are_opened(new_scene: Callable[..., Scene], suite: str) -> None:
    """Once on each connection, also when another program closes them later."""
    scene = new_scene("ann", "ben")
    accounts = scene.server.accounts
    other = RawClient(scene.server, accounts["ann"])
    make_nodes(other)
    ann = scene.gajim(suite, "ann", OURS)
    ann.start()
    ben = OmemoPeer(scene.server, accounts["ben"], scene.folder / "peer")

    def readable() -> bool:
        return all(ben.fetch(ann.account.jid, node) is not None for node in nodes)

    try:
        nodes = own_nodes(ann)
        wait_for("everybody can read them", readable)
        assert options_of(scene, ann, "set") == Counter(NODES)
        ann.open_chat(ben.jid)
        text = secret("from the peer")
        ben.say(ann.account.jid, text)
        check_encrypted(ann, ann.wait_for_message(text))

        ann.set_online(False)
        close_nodes(other, nodes)
        assert not any(ben.fetch(ann.account.jid, node) is not None for node in nodes)
        ann.set_online(True)
        wait_for("everybody can read them", readable)
        assert options_of(scene, ann, "set") == Counter([*NODES, *nodes])
        # Where they are open nothing is changed
        before = options_of(scene, ann, "get")
        ann.set_online(False)
        ann.set_online(True)
        wait_for(
            "all are looked at",
            lambda: set(options_of(scene, ann, "get") - before) == set(nodes),
        )
        ben.say(ann.account.jid, text := secret("from the peer"))
        check_encrypted(ann, ann.wait_for_message(text))
        assert options_of(scene, ann, "set") == Counter([*NODES, *nodes])
        assert not said(ann, HIDDEN)
        check_scene(scene)
    finally:
        other.close()
        ben.close()


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_a_server_that_does_not_open_them(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """The user is told, once. Whoever is written to can answer all the same."""
    scene = new_scene("ann", "ben", more_modules=["refuse_options"])
    accounts = scene.server.accounts
    other = RawClient(scene.server, accounts["ann"])
    make_nodes(other)
    other.close()
    ann = scene.gajim(suite, "ann", OURS)
    ann.start()
    ben = OmemoPeer(scene.server, accounts["ben"], scene.folder / "peer")
    try:
        ann.open_chat(ben.jid, "OMEMO")
        wait_for("it is said", lambda: said(ann, HIDDEN))
        ann.screenshot(f"keys-hidden-{suite}")
        ann.send(text := secret("to the peer"))
        ben.wait_for_text(text)
        ann.set_online(False)
        ann.set_online(True)
        ann.send(text := secret("to the peer"))
        ben.wait_for_text(text)
        assert said(ann, HIDDEN) == 1
        assert not said(ann, REFUSED)
        # On each of two connections once, and at the node of the bundles with fewer
        # options until there are none
        assert max(options_of(scene, ann, "set").values()) <= 2 * 3
        check_scene(scene)
    finally:
        ben.close()


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_a_server_that_takes_no_keys(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """The user is told, once, and can write all the same."""
    scene = new_scene("ann", "ben", more_modules=["refuse_keys"])
    # Without waiting until its keys are on the server: they never are
    ann = scene.gajim(suite, "ann", OURS, first_page=True)
    ann.start()
    ann.call("skip_first_page")
    ben = OmemoPeer(scene.server, scene.server.accounts["ben"], scene.folder / "peer")
    try:
        ann.open_chat(ben.jid, "OMEMO")
        wait_for("it is said", lambda: said(ann, REFUSED))
        ann.screenshot(f"keys-not-taken-{suite}")
        ann.send(text := secret("to the peer"))
        ben.wait_for_text(text)
        # Three tries for the bundle of each protocol, and in each of them with fewer
        # options until there are none
        tries = 3 * (4 + 2)
        wait_for("it gives up", lambda: len(refusals(scene)) == tries)
        ann.set_online(False)
        ann.set_online(True)
        wait_for("it is asked again", lambda: len(refusals(scene)) == 2 * tries)
        ann.send(text := secret("to the peer"))
        ben.wait_for_text(text)
        assert said(ann, REFUSED) == 1
        assert not said(ann, HIDDEN)
        check_scene(scene)
    finally:
        ben.close()


def refusals(scene: Scene) -> list[str]:
    """What Ann's Gajim wanted to publish for OMEMO."""
    return [
        line
        for line in scene.server.stanzas_with("<publish node=")
        if line.startswith("< ann@") and ("omemo" in line or "axolotl" in line)
    ]
