# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin has been switched off, and the user has not decided what becomes of the
key. What comes for it is read."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.ratchet_keys import check_used_once
from tests.e2e.test_giving_back import LEAVING
from tests.e2e.test_giving_back import switch_off
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

ROOM = "den@rooms.localhost"


def enter_room(alice: Gajim, bob: Gajim) -> None:
    alice.create_room(ROOM)
    alice.set_affiliation(ROOM, bob.account.jid, "member")
    bob.join_room(ROOM)
    for gajim in (alice, bob):
        gajim.open_room(ROOM, "OMEMO")
    tell(bob, alice, "in the room")
    tell(alice, bob, "in the room")


def devices_of(alice: Gajim) -> frozenset[str]:
    """The ids of all devices that the account has."""
    return frozenset().union(*alice.server.listed_devices(alice.account).values())


def own_device(alice: Gajim) -> str:
    """The id of the only device that the account has."""
    (number,) = devices_of(alice)
    return number


def wait_for_another_second() -> None:
    """The archive's times, by which Gajim sorts, are in seconds."""
    second = int(time.time())
    wait_for("another second begins", lambda: int(time.time()) > second)


def receive_meanwhile(alice: Gajim, phone: Gajim, bob: Gajim) -> list[str]:
    """Alice gets texts live, as carbons, and from the archive.

    :returns: the texts, in their order
    """
    texts = []

    def send(sender: Gajim, about: str) -> None:
        texts.append(secret(about))
        sender.send(texts[-1])
        wait_for_another_second()
        receiver = phone if sender is bob else bob
        check_encrypted(receiver, receiver.wait_for_message(texts[-1]))

    send(bob, "while the plugin is off")
    send(phone, "from another device while the plugin is off")
    alice.wait_for_message(texts[-1])
    alice.set_online(False)
    send(bob, "while Alice is away")
    send(phone, "from another device while Alice is away")
    alice.set_online(True)
    send(bob, "when Alice is back")
    for text in texts:
        row = alice.wait_for_message(text)
        check_encrypted(alice, row)
        assert row.outgoing is ("another device" in text)
    return texts


@pytest.mark.parametrize(
    ("suite", "closes"),
    [
        pytest.param("bookworm", True, id="1.7"),
        pytest.param("trixie", False, id="2.1"),
        pytest.param("forky", True, id="2.6"),
    ],
)
def test_what_comes_meanwhile_is_read(
    new_scene: MakeScene, suite: str, closes: bool
) -> None:
    """Once, in its order, and also when the key is not given and the plugin is on
    again.

    :param closes: the window is closed before
    """
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    phone = scene.gajim("bookworm", "alice", OURS, "phone")
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    enter_room(alice, bob)
    device = own_device(alice)
    start_all([phone])
    open_chats(alice, bob)
    phone.open_chat(bob.account.jid, "OMEMO")
    tell(alice, [bob, phone], "before")
    tell(bob, [alice, phone], "before")
    tell(phone, [bob, alice], "before")
    switch_off(alice)
    texts = receive_meanwhile(alice, phone, bob)
    alice.screenshot("meanwhile")
    bob.open_room(ROOM)
    in_room = secret("in the room while the plugin is off")
    bob.send(in_room)
    alice.open_room(ROOM)
    check_encrypted(alice, alice.wait_for_message(in_room))
    if closes:
        alice.accessibility().press(LEAVING, "Close")
        wait_for(
            "the window is closed",
            lambda: LEAVING not in alice.accessibility().windows(),
        )
    alice.set_plugin_active(SHORT_NAME, True)
    open_chats(alice, bob)
    tell(alice, [bob, phone], "with the plugin again")
    tell(bob, [alice, phone], "with the plugin again")
    alice.restart()
    open_chats(alice, bob)
    tell(bob, [alice, phone], "after a restart")
    alice.screenshot("on-again")
    shown = [row.text for row in alice.messages()]
    assert [text for text in shown if text in texts] == texts
    # No row says that something could not be opened
    assert all(text.startswith("secret ") for text in shown), shown
    alice.open_room(ROOM)
    assert [row.text for row in alice.messages()].count(in_room) == 1
    check_used_once(scene.server.wire_log, device, at_least=4)
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_who_knows_our_device_alone_is_read(new_scene: MakeScene, suite: str) -> None:
    """Gajim 2 makes a device of its own when the plugin is off. A contact whose app has
    not heard of that one writes for ours alone, and nobody else can read it."""
    scene = new_scene("alice", "ben")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    start_all([alice])
    device = own_device(alice)
    ben = OmemoPeer(scene.server, scene.server.accounts["ben"], scene.folder / "ben")
    texts: list[str] = []

    def ben_says(about: str) -> None:
        texts.append(secret(about))
        ben.say(alice.account.jid, texts[-1])
        wait_for_another_second()

    def is_read() -> None:
        check_encrypted(alice, alice.wait_for_message(texts[-1]))

    try:
        alice.open_chat(ben.jid, "OMEMO")
        first = secret("before")
        alice.send(first)
        ben.wait_for_text(first)
        ben_says("from ben before")
        is_read()
        switch_off(alice)
        if suite != "bookworm":
            wait_for("Gajim has its own device", lambda: len(devices_of(alice)) == 2)
        ben_says("while the plugin is off")
        is_read()
        alice.set_online(False)
        ben_says("while Alice is away")
        alice.set_online(True)
        is_read()
        for number in devices_of(alice) - {device}:
            assert not scene.server.stanzas_with(f"rid='{number}'")
        alice.set_plugin_active(SHORT_NAME, True)
        alice.open_chat(ben.jid, "OMEMO")
        ben_says("with the plugin again")
        is_read()
        # Once, in their order, and nothing that was not opened
        assert [row.text for row in alice.messages() if not row.outgoing] == texts
        check_no_leak(scene)
    finally:
        ben.close()
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))
