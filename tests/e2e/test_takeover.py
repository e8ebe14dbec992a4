# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user comes from gajim-omemo, or from the OMEMO that is built into Gajim 2."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.e2e.test_plugin import OBSTACLE
from tests.e2e.test_plugin import wait_for_window
from tests.support.gajim.bundle import PLUGIN
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import SecondAccount
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.slixmpp_peer import SlixmppOmemo
from tests.support.peers.slixmpp_peer import python_with_peers
from tests.support.processes import copy_tree
from tests.support.processes import make_folder
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

QUESTION = "Keep your key?"
KEEP = "Keep my key"
RENEW = "Begin with a new key"
DEVICES = "Encryption details: alice@localhost"
EARLIER = "Gajim’s earlier key on this computer"

# The user's Gajim with its OMEMO, and the contact's
WAYS = [
    pytest.param("bookworm", GAJIM_OMEMO, "trixie", BUILT_IN, id="1.7"),
    pytest.param("trixie", BUILT_IN, "bookworm", GAJIM_OMEMO, id="2.1"),
    pytest.param("forky", BUILT_IN, "bookworm", GAJIM_OMEMO, id="2.6"),
]


def chat_before(
    new_scene: MakeScene,
    suite: str,
    before: str,
    other_suite: str,
    other: str,
    root: Path | None = None,
) -> tuple[Scene, Gajim, Gajim, str]:
    """Both have chatted. Returns the key that the contact knows, too.

    :param root: the Debian that the user's Gajim is in
    """
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", before, accessible=True, root=root)
    bob = scene.gajim(other_suite, "bob", other)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    wait_until_known(scene.server, bob, alice)
    open_chats(alice, bob)
    key = tell(alice, bob, "before")[1].key
    tell(bob, alice, "before")
    assert key is not None
    return scene, alice, bob, key


def other_rows(gajim: Gajim) -> list[str]:
    """The rows in the chat that are not messages."""
    return [row.text for row in gajim.rows() if row.type not in ("chat", "date")]


def listed(scene: Scene, gajim: Gajim) -> frozenset[str]:
    """The ids in the device list of OMEMO 0.3, as the server has it."""
    lists = scene.server.listed_devices(gajim.account)
    return lists["eu.siacs.conversations.axolotl.devicelist"]


def switch_on(scene: Scene, alice: Gajim, before: str) -> None:
    """Switch to our plugin; the question is open then."""
    if before == GAJIM_OMEMO:
        alice.set_plugin_active("omemo", False)
    alice.install_plugin(scene.bundle)
    wait_for(
        "the question is asked", lambda: QUESTION in alice.accessibility().windows()
    )


def keep_at_the_next_start(scene: Scene, alice: Gajim, bob: Gajim, key: str) -> None:
    """Start a Gajim that was quit, in which our plugin has taken the place of another:
    it asks, the key is kept, and the contact notices nothing."""
    meanwhile = secret("while Gajim was not running")
    bob.send(meanwhile)
    alice.start()
    wait_for(
        "the question is asked", lambda: QUESTION in alice.accessibility().windows()
    )
    alice.accessibility().press(QUESTION, KEEP)
    open_chats(alice, bob)
    alice.wait_for_message(meanwhile)
    assert tell(alice, bob, "after")[1].key == key
    tell(bob, alice, "after")
    assert [row.text for row in alice.messages()].count(meanwhile) == 1
    assert len(listed(scene, alice)) == 1
    check_no_leak(scene)


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), WAYS)
def test_the_contact_notices_nothing(
    new_scene: MakeScene, suite: str, before: str, other_suite: str, other: str
) -> None:
    scene, alice, bob, key = chat_before(new_scene, suite, before, other_suite, other)
    lines = other_rows(bob)
    switch_on(scene, alice, before)
    meanwhile = secret("while the question is open")
    bob.send(meanwhile)
    alice.screenshot("question")
    if before == BUILT_IN:
        # It goes on to work until the answer
        alice.wait_for_message(meanwhile)
    alice.accessibility().press(QUESTION, KEEP)
    wait_for(
        "the question is gone",
        lambda: QUESTION not in alice.accessibility().windows(),
    )
    alice.wait_for_message(meanwhile)
    open_chats(alice, bob)
    assert tell(alice, bob, "after")[1].key == key
    tell(bob, alice, "after")
    alice.screenshot("after")
    bob.screenshot("after")
    assert [row.text for row in alice.messages()].count(meanwhile) == 1
    alice.restart()
    assert QUESTION not in alice.accessibility().windows()
    open_chats(alice, bob)
    tell(bob, alice, "after a restart")
    assert tell(alice, bob, "after a restart")[1].key == key
    # No device is new, no key is another one
    assert other_rows(bob) == lines
    assert len(listed(scene, alice)) == 1
    check_no_leak(scene)


@pytest.mark.parametrize(
    ("suite", "before"),
    [("bookworm", GAJIM_OMEMO), ("trixie", BUILT_IN), ("forky", BUILT_IN)],
)
def test_the_contact_has_slixmpp_omemo(
    new_scene: MakeScene, suite: str, before: str
) -> None:
    """It reads everything on the sessions that it has, and so is read."""
    scene = new_scene("alice", "ben")
    account = scene.server.accounts["ben"]
    alice = scene.gajim(suite, "alice", before, accessible=True)
    own_jid = alice.account.jid
    folder = scene.folder / "slixmpp"
    ben = SlixmppOmemo(scene.server, account, folder, python_with_peers())

    def ben_says(about: str) -> str:
        text = secret(about)
        ben.tell("say", place=own_jid, readers=[own_jid], text=text)
        return text

    def talk(about: str) -> None:
        text = ben_says(about)
        check_encrypted(alice, alice.wait_for_message(text))
        answer = secret(about)
        alice.send(answer)
        wait_for("ben reads it", lambda: answer in [one["text"] for one in ben.read])

    try:
        ben.start()
        start_all([alice])
        wait_for(
            "ben's device is known",
            lambda: scene.server.delivered_device_list(account.jid, own_jid),
        )
        wait_for("Alice has one, too", lambda: listed(scene, alice))
        ben.tell("meet", jid=own_jid)
        alice.open_chat(account.jid, "OMEMO")
        talk("before")
        device = listed(scene, alice)
        switch_on(scene, alice, before)
        meanwhile = ben_says("while the question is open")
        alice.accessibility().press(QUESTION, KEEP)
        alice.wait_for_message(meanwhile)
        alice.open_chat(account.jid, "OMEMO")
        talk("after")
        talk("after an answer")
        assert [row.text for row in alice.messages()].count(meanwhile) == 1
        assert listed(scene, alice) == device
        check_no_leak(scene)
    finally:
        ben.close()
    assert (ben.unread, ben.clear) == ([], [])


def test_the_package_takes_the_place_of_gajim_omemo(new_scene: MakeScene) -> None:
    """The Debian package has removed gajim-omemo while Gajim was not running. What
    was sent in between arrives with the answer."""
    scene = new_scene("alice", "bob")
    empty = make_folder(scene.folder / "empty")
    alice = scene.gajim(
        "bookworm", "alice", GAJIM_OMEMO, accessible=True, system_plugins=[empty]
    )
    alice.has_our_plugin = False
    bob = scene.gajim("trixie", "bob", BUILT_IN)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    wait_until_known(scene.server, bob, alice)
    open_chats(alice, bob)
    key = tell(alice, bob, "before")[1].key
    assert key is not None
    tell(bob, alice, "before")
    alice.quit()
    shutil.rmtree(alice.folder / "system-plugins" / "omemo")
    copy_tree(PLUGIN, alice.folder / "system-plugins" / PLUGIN.name)
    keep_at_the_next_start(scene, alice, bob, key)


def test_the_zip_takes_the_place_of_gajim_omemo(new_scene: MakeScene) -> None:
    """A button switches the other one off, and at the next start ours asks."""
    scene, alice, bob, key = chat_before(
        new_scene, "bookworm", GAJIM_OMEMO, "trixie", BUILT_IN
    )
    alice.call("install_plugin", path=str(alice.offer(scene.bundle)))
    alice.call("set_plugin_active", short_name=SHORT_NAME, active=True)
    wait_for_window(alice, OBSTACLE)
    alice.call("press", window=OBSTACLE, words="Switch it off")
    alice.quit()
    keep_at_the_next_start(scene, alice, bob, key)


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), WAYS)
def test_a_new_key_and_the_old_device(
    new_scene: MakeScene, suite: str, before: str, other_suite: str, other: str
) -> None:
    """The user wants a new key. The device of before is named, and one button takes
    it off the server."""
    scene, alice, bob, key = chat_before(new_scene, suite, before, other_suite, other)
    (earlier,) = listed(scene, alice)
    switch_on(scene, alice, before)
    alice.accessibility().press(QUESTION, RENEW)
    wait_for(
        "the question is gone",
        lambda: QUESTION not in alice.accessibility().windows(),
    )
    # New keys are published when the first page is answered
    alice.call("skip_first_page")
    wait_for("both devices are listed", lambda: len(listed(scene, alice)) == 2)
    assert earlier in listed(scene, alice)
    alice.call("activate", name="omemo-own-devices", value=alice.account_name)
    gajim = alice.accessibility()

    def said() -> str:
        title = next((one for one in gajim.windows() if one == DEVICES), None)
        return "" if title is None else " ".join(n.said for n in gajim.read(title))

    wait_for("the device is named", lambda: EARLIER in said())
    alice.screenshot("devices")
    assert "password" not in said()
    assert not [row for row in alice.rows() if "password" in row.text]
    gajim.press(DEVICES, f"Remove {EARLIER}")
    wait_for("it is off the server", lambda: len(listed(scene, alice)) == 1)
    assert earlier not in listed(scene, alice)
    gajim.key("Escape")
    open_chats(alice, bob)
    row = tell(alice, bob, "with a new key")[1]
    assert row.key != key
    tell(bob, alice, "with a new key")
    check_no_leak(scene)


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), WAYS)
def test_each_account_is_asked(
    new_scene: MakeScene, suite: str, before: str, other_suite: str, other: str
) -> None:
    """Two accounts of one Gajim: the one keeps its key, the other one begins anew."""
    scene = new_scene("alice", "bob", "carol")
    more = [scene.server.accounts["carol"]]
    alice = scene.gajim(suite, "alice", before, accessible=True, more_accounts=more)
    bob = scene.gajim(other_suite, "bob", other)
    start_all([alice, bob])
    carol = SecondAccount(alice, more[0])
    wait_for("both are online", carol.online)
    both: list[DrivenGajim] = [alice, carol]
    keys = []
    for one in both:
        for owner, reader in ((one, bob), (bob, one)):
            jids = (owner.account.jid, reader.account.jid)
            wait_for("it is known", partial(scene.server.delivered_device_list, *jids))
        one.open_chat(bob.account.jid, "OMEMO")
        bob.open_chat(one.account.jid, "OMEMO")
        keys.append(tell(one, bob, "before")[1].key)
        tell(bob, one, "before")
    lists = scene.server.listed_devices
    numbers = [lists(one.account) for one in both]
    switch_on(scene, alice, before)
    gajim = alice.accessibility()
    wait_for("each is asked", lambda: gajim.windows().count(QUESTION) == 2)
    alice.screenshot("two-questions")
    first = "alice" if "alice@localhost" in str(gajim.read(QUESTION)) else "carol"
    gajim.press(QUESTION, KEEP)
    wait_for("one is answered", lambda: gajim.windows().count(QUESTION) == 1)
    # The other one is not touched by that
    assert QUESTION in gajim.windows()
    gajim.press(QUESTION, RENEW)
    wait_for("both are answered", lambda: QUESTION not in gajim.windows())
    alice.call("skip_first_page")
    for one, key, before_that in zip(both, keys, numbers, strict=True):
        one.open_chat(bob.account.jid, "OMEMO")
        bob.open_chat(one.account.jid, "OMEMO")
        kept = one.account.name == first
        assert (tell(one, bob, "after")[1].key == key) is kept
        tell(bob, one, "after")
        legacy = "eu.siacs.conversations.axolotl.devicelist"
        same = lists(one.account)[legacy] == before_that[legacy]
        assert same is kept
    check_no_leak(scene)


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_off_again(new_scene: MakeScene, suite: str) -> None:
    """Gajim's own OMEMO has a new key then, and ours has its key when it is on
    again: two never use the same."""
    scene, alice, bob, key = chat_before(
        new_scene, suite, BUILT_IN, "bookworm", GAJIM_OMEMO
    )
    (ours,) = listed(scene, alice)
    switch_on(scene, alice, BUILT_IN)
    alice.accessibility().press(QUESTION, KEEP)
    open_chats(alice, bob)
    assert tell(alice, bob, "with our plugin")[1].key == key
    alice.set_plugin_active(SHORT_NAME, False)
    wait_for("it has a device of its own", lambda: len(listed(scene, alice)) == 2)
    assert ours in listed(scene, alice)
    open_chats(alice, bob)
    assert tell(alice, bob, "with Gajim's own")[1].key not in (None, key)
    alice.set_plugin_active(SHORT_NAME, True)
    assert QUESTION not in alice.accessibility().windows()
    open_chats(alice, bob)
    assert tell(alice, bob, "with our plugin again")[1].key == key
    tell(bob, alice, "with our plugin again")
    check_no_leak(scene)


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_a_key_that_nobody_has_met(new_scene: MakeScene, suite: str) -> None:
    """Gajim 2 lists a device by itself. The plugin begins without a question, and
    nobody writes to that device any more."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", BUILT_IN, accessible=True)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice])
    wait_for("Gajim lists its device", lambda: len(listed(scene, alice)) == 1)
    before = listed(scene, alice)
    alice.install_plugin(scene.bundle)
    # Not before the first page is answered
    wait_for("Gajim's device is off", lambda: not listed(scene, alice))
    alice.call("skip_first_page")
    wait_for(
        "our device alone is listed",
        lambda: len(listed(scene, alice)) == 1 and listed(scene, alice) != before,
    )
    assert QUESTION not in alice.accessibility().windows()
    start_all([bob])
    open_chats(alice, bob)
    tell(alice, bob, "with our plugin")
    tell(bob, alice, "with our plugin")
    (device,) = before
    assert f"rid='{device}'" not in scene.server.wire_log.read_text(errors="replace")
    assert not [row for row in alice.rows() if "password" in row.text]
    check_no_leak(scene)
