# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user leaves: the key goes back to the OMEMO that is built into Gajim 2, and comes
from there when the user is back."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import tell
from tests.e2e.test_takeover import KEEP
from tests.e2e.test_takeover import QUESTION
from tests.e2e.test_takeover import WAYS
from tests.e2e.test_takeover import chat_before
from tests.e2e.test_takeover import listed
from tests.e2e.test_takeover import switch_on
from tests.support.engine.ratchets import step_of
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

# Gajim 1.7 has nothing built in
IN_GAJIM_2 = WAYS[1:]

LEAVING = "Encryption by this plugin is off"
GIVE = "Give my key back, alice@localhost"
GIVEN = "has your key now"

_ENCRYPTED = re.compile(
    r"<encrypted xmlns='eu\.siacs\.conversations\.axolotl'>.*?</encrypted>"
)
_SENDER = re.compile(r"<header[^>]* sid='(\d+)'")
_KEY = re.compile(r"<key [^>]*rid='(\d+)'[^>]*>([^<]+)</key>")


def uses_of_keys(log: Path, sender: str) -> dict[tuple[str, bytes, int], set[bytes]]:
    """What a device has encrypted with each key of its ratchets, as the server has seen
    it: by the device that it is for, the ratchet key and the number in its chain."""
    uses: dict[tuple[str, bytes, int], set[bytes]] = {}
    for element in _ENCRYPTED.findall(log.read_text(errors="replace")):
        sid = _SENDER.search(element)
        if sid is None or sid[1] != sender:
            continue
        for receiver, text in _KEY.findall(element):
            data = b64decode(text)
            _, ratchet_key, number = step_of(Protocol.LEGACY, data)
            use = (receiver, ratchet_key, number)
            uses.setdefault(use, set()).add(data)
    return uses


def keep_the_key(alice: Gajim) -> None:
    """Answer the question of the first start."""
    wait_for(
        "the question is asked", lambda: QUESTION in alice.accessibility().windows()
    )
    alice.accessibility().press(QUESTION, KEEP)
    wait_for(
        "the question is gone",
        lambda: QUESTION not in alice.accessibility().windows(),
    )


def said(alice: Gajim) -> str:
    """What the window says that the plugin leaves behind."""
    gajim = alice.accessibility()
    if LEAVING not in gajim.windows():
        return ""
    return " ".join(node.said for node in gajim.read(LEAVING))


def switch_off(alice: Gajim) -> None:
    alice.set_plugin_active(SHORT_NAME, False)
    wait_for("the key is offered", lambda: "Give my key back" in said(alice))


def give_back(alice: Gajim) -> None:
    """Switch the plugin off, and give the key back."""
    switch_off(alice)
    alice.screenshot("offered")
    alice.accessibility().press(LEAVING, GIVE)
    wait_for("the key was given", lambda: GIVEN in said(alice))
    alice.screenshot("given")


def switch_on_again(alice: Gajim) -> None:
    alice.set_plugin_active(SHORT_NAME, True)
    keep_the_key(alice)


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), IN_GAJIM_2)
def test_there_and_back(
    new_scene: MakeScene, suite: str, before: str, other_suite: str, other: str
) -> None:
    """The contact goes on talking, and sees one device with one key."""
    scene, alice, bob, key = chat_before(new_scene, suite, before, other_suite, other)
    (device,) = listed(scene, alice)
    switch_on(scene, alice, before)
    keep_the_key(alice)
    open_chats(alice, bob)
    assert tell(alice, bob, "with our plugin")[1].key == key
    tell(bob, alice, "with our plugin")
    give_back(alice)

    def is_alone() -> bool:
        lists = scene.server.listed_devices(alice.account)
        return frozenset().union(*lists.values()) == {device}

    wait_for("no other device is listed", is_alone)
    omemo_2 = scene.server.listed_devices(alice.account)["urn:xmpp:omemo:2:devices"]
    assert not omemo_2
    store = alice.data / "plugins_data" / SHORT_NAME / "alice@localhost.db"
    assert not store.exists()
    open_chats(alice, bob)
    assert tell(alice, bob, "given back")[1].key == key
    tell(bob, alice, "given back")
    alice.restart()
    open_chats(alice, bob)
    assert tell(alice, bob, "after a restart")[1].key == key
    tell(bob, alice, "after a restart")
    switch_on_again(alice)
    open_chats(alice, bob)
    assert tell(alice, bob, "with our plugin again")[1].key == key
    tell(bob, alice, "with our plugin again")
    # Warnings would be rows of the chat
    assert not [row for row in alice.rows() if "password" in row.text]
    wait_for("no other device is listed", is_alone)
    uses = uses_of_keys(scene.server.wire_log, device)
    assert len(uses) >= 5
    assert all(len(texts) == 1 for texts in uses.values()), "a key was used twice"
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))
