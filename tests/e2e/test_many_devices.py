# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private room whose members have a thousand devices.

Their lists and keys are really on the server. One device is somebody's; behind
the others there is nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable

import pytest

from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import bundle_item_id
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.pep import device_list_item_id
from omemo_plugin.stanza.pep import device_list_node
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import secret
from tests.support.engine.many_accounts import new_bundle
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.omemo_peer import publication
from tests.support.peers.omemo_peer import xml
from tests.support.peers.raw_client import RawClient
from tests.support.waiting import wait_for

LEGACY = Protocol.LEGACY
ROOM = "den@rooms.localhost"

# As many devices of one account as are looked at
EACH = 200
MANY_ACCOUNTS = [f"member{number}" for number in range(1, 6)]

# The plugin's own figures: new sessions in one step, and devices it knows
NEW_AT_ONCE = 4
KNOWN_AT_ONCE = 32

# 1000 keys, each with what begins a session, are a little more than the 256 KiB
# that servers take from a client if nothing else is configured
STANZA_BYTES = 512 * 1024


def publish_list(client: RawClient, numbers: Iterable[int]) -> None:
    listed = DeviceList(LEGACY, tuple(ListedDevice(number) for number in numbers))
    node, item_id = device_list_node(LEGACY), device_list_item_id(LEGACY)
    payload = xml(build_device_list(listed))
    assert client.set_all([publication(node, item_id, payload)])


def publish_devices(client: RawClient) -> None:
    """Publish the devices of one account: first the keys, then the list."""
    assert client.set_all(
        publication(
            bundle_node(LEGACY, number),
            bundle_item_id(LEGACY, number),
            xml(build_bundle(new_bundle(LEGACY))),
        )
        for number in range(1, EACH + 1)
    )
    publish_list(client, range(1, EACH + 1))


def texts_in_room(peer: OmemoPeer, sender: str) -> list[str]:
    """The texts that a member has read so far."""
    while not peer.client.messages.empty():
        stanza = peer.client.messages.get()
        found = find_encrypted(stanza)
        if found and (stanza.get("from") or "").startswith(f"{ROOM}/"):
            plaintext = peer.engine.incoming.decrypt(sender, found).plaintext
            assert plaintext is not None
            peer.texts.append(plaintext.decode())
    return peer.texts


@pytest.mark.parametrize("host", ["bookworm", "trixie", "forky"])
def test_case_36_a_thousand_and_one_devices(
    new_scene: Callable[..., Scene], host: str
) -> None:
    scene = new_scene(
        "ann",
        "ben",
        *MANY_ACCOUNTS,
        more_modules=["stream_limits"],
        stanza_bytes_max=STANZA_BYTES,
    )
    accounts = scene.server.accounts
    clients = [RawClient(scene.server, accounts[name]) for name in MANY_ACCOUNTS]
    peers: list[OmemoPeer] = []
    try:
        for client in clients:
            publish_devices(client)
        ben = OmemoPeer(scene.server, accounts["ben"], scene.folder / "peer", [LEGACY])
        peers.append(ben)
        ann = scene.gajim(host, "ann", OURS)
        ann.start()
        ann.create_room(ROOM)
        for name in ("ben", *MANY_ACCOUNTS):
            ann.set_affiliation(ROOM, accounts[name].jid, "member")
        ben.client.send(
            f"<presence xmlns='jabber:client' to='{ROOM}/ben'>"
            "<x xmlns='http://jabber.org/protocol/muc'/></presence>"
        )
        ann.open_room(ROOM, "OMEMO")
        ann.call("watch_steps", account=ann.account_name)

        text = secret("for too many")
        ann.call("type_text", text=text)
        ann.call("press_send")
        wait_for(
            "it says that there are too many",
            lambda: "More than 1000 devices" in said_in_dock(ann),
            90,
        )
        ann.call("press_waiting", text=text, label="Edit")
        wait_for("the text is back", lambda: ann.call("typed_text") == text)
        assert ann.find(text) is None
        assert ann.call("steps") == []
        assert texts_in_room(ben, ann.account.jid) == []

        publish_list(clients[0], range(1, EACH))
        first_jid = accounts[MANY_ACCOUNTS[0]].jid

        def sent(text: str) -> list[int]:
            before = len(ann.call("steps"))
            ann.send(text, 60)
            check_encrypted(ann, ann.wait_for_message(text, 60))
            wait_for(
                "ben reads it", lambda: text in texts_in_room(ben, ann.account.jid), 60
            )
            made: list[int] = ann.call("steps")
            return made[before:]

        wait_for(
            f"the shorter list of {first_jid} is out",
            lambda: any(
                line.startswith(f"> {ann.account.jid}/")
                and f"from='{first_jid}'" in line
                and line.count("<device ") == EACH - 1
                for line in scene.server.stanzas_with(device_list_node(LEGACY))
            ),
        )
        new = sent(text)
        assert sum(new) == len(MANY_ACCOUNTS) * EACH
        assert max(new) == NEW_AT_ONCE
        known = sent(secret("once more"))
        assert sum(known) == len(MANY_ACCOUNTS) * EACH
        assert max(known) <= KNOWN_AT_ONCE
        check_scene(scene)
    finally:
        for client in clients:
            client.close()
        for peer in peers:
            peer.close()
