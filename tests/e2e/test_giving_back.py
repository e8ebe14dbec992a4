# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user leaves: the key goes back to the OMEMO that is built into Gajim 2, or to
gajim-omemo, and comes from there when the user is back."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.e2e.ratchet_keys import check_used_once
from tests.e2e.test_takeover import KEEP
from tests.e2e.test_takeover import QUESTION
from tests.e2e.test_takeover import WAYS
from tests.e2e.test_takeover import chat_before
from tests.e2e.test_takeover import listed
from tests.e2e.test_takeover import switch_on
from tests.support.gajim.bundle import PLUGIN
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import Scene
from tests.support.processes import copy_tree
from tests.support.processes import make_folder
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

LEAVING = "Encryption by this plugin is off"
GIVE = "Give my key back, alice@localhost"
GIVEN = "has your key now"


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
    """The plugin is off. Give the key back."""
    alice.accessibility().press(LEAVING, GIVE)
    wait_for("the key was given", lambda: GIVEN in said(alice))
    alice.screenshot("given")
    for not_true_any_more in ("send nothing", "Your keys stay"):
        assert not_true_any_more not in said(alice)


def send_meanwhile(scene: Scene, bob: Gajim) -> str:
    """Bob writes while no program of Alice's has the key. It is with her when this
    returns."""
    text = secret("while no program has the key")
    before = len(scene.server.wire())
    bob.send(text)

    def has_come() -> bool:
        lines = scene.server.wire()[before:].splitlines()
        start = "> alice@localhost/"
        return any(one.startswith(start) and "<encrypted" in one for one in lines)

    wait_for("it has come", has_come)
    return text


def switch_on_again(alice: Gajim, before: str) -> None:
    if before == GAJIM_OMEMO:
        alice.set_plugin_active("omemo", False)
    alice.set_plugin_active(SHORT_NAME, True)
    keep_the_key(alice)


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), WAYS)
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
    switch_off(alice)
    alice.screenshot("offered")
    meanwhile = send_meanwhile(scene, bob)
    alice.wait_for_message(meanwhile)
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
    switch_on_again(alice, before)
    open_chats(alice, bob)
    assert tell(alice, bob, "with our plugin again")[1].key == key
    tell(bob, alice, "with our plugin again")
    assert [row.text for row in alice.messages()].count(meanwhile) == 1
    # Warnings would be rows of the chat
    assert not [row for row in alice.rows() if "password" in row.text]
    wait_for("no other device is listed", is_alone)
    check_used_once(scene.server.wire_log, device, at_least=5)
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))


def test_gajim_omemo_is_installed_afterwards(new_scene: MakeScene) -> None:
    """Debian's packages of the two are never installed together."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(
        "bookworm",
        "alice",
        GAJIM_OMEMO,
        accessible=True,
        system_plugins=[make_folder(scene.folder / "empty")],
    )
    alice.has_our_plugin = False
    installed = alice.folder / "system-plugins"
    package = scene.folder / "package"
    copy_tree(installed / "omemo", package)
    bob = scene.gajim("trixie", "bob", BUILT_IN)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    wait_until_known(scene.server, bob, alice)
    open_chats(alice, bob)
    key = tell(alice, bob, "before")[1].key
    tell(bob, alice, "before")
    (device,) = listed(scene, alice)
    alice.quit()
    shutil.rmtree(installed / "omemo")
    copy_tree(PLUGIN, installed / PLUGIN.name)
    alice.start()
    keep_the_key(alice)
    open_chats(alice, bob)
    assert tell(alice, bob, "with our plugin")[1].key == key
    tell(bob, alice, "with our plugin")
    switch_off(alice)
    assert "when you have installed it" in said(alice)
    alice.screenshot("offered-later")
    alice.accessibility().press(LEAVING, GIVE)
    wait_for("the key was given", lambda: "has your key" in said(alice))
    alice.screenshot("given-later")
    alice.quit()
    shutil.rmtree(installed / PLUGIN.name)
    copy_tree(package, installed / "omemo")
    meanwhile = secret("while Gajim was not running")
    bob.send(meanwhile)
    alice.start()
    open_chats(alice, bob)
    alice.wait_for_message(meanwhile)
    assert tell(alice, bob, "given back")[1].key == key
    tell(bob, alice, "given back")
    assert [row.text for row in alice.messages()].count(meanwhile) == 1
    assert listed(scene, alice) == {device}
    check_used_once(scene.server.wire_log, device, at_least=3)
    check_no_leak(scene)
