# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of the account that another program has made, and closed to contacts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.pep import device_list_node
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import secret
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


def closed(node: str) -> str:
    """The options of a node that only the account itself can read, and that keeps
    nothing."""
    return (
        f"<pubsub xmlns='{PUBSUB}'><create node='{node}'/><configure>"
        "<x xmlns='jabber:x:data' type='submit'>"
        "<field var='FORM_TYPE' type='hidden'>"
        f"<value>{PUBSUB}#node_config</value></field>"
        "<field var='pubsub#access_model'><value>whitelist</value></field>"
        "<field var='pubsub#persist_items'><value>0</value></field>"
        "</x></configure></pubsub>"
    )


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_closed_nodes_are_opened(new_scene: Callable[..., Scene], suite: str) -> None:
    scene = new_scene("ann", "ben")
    accounts = scene.server.accounts
    other = RawClient(scene.server, accounts["ann"])
    for node in NODES:
        assert other.set(closed(node)) is not None
    other.close()
    ann = scene.gajim(suite, "ann", OURS)
    ann.start()
    ben = OmemoPeer(scene.server, accounts["ben"], scene.folder / "peer")
    try:
        wait_for(
            "everybody can read them",
            lambda: all(ben.fetch(ann.account.jid, node) is not None for node in NODES),
        )
        ann.open_chat(ben.jid)
        text = secret("from the peer")
        ben.say(ann.account.jid, text)
        check_encrypted(ann, ann.wait_for_message(text))
    finally:
        ben.close()
