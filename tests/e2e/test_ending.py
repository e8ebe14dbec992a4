# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity of an account ends, with or without a new one after it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_until_known
from tests.e2e.ratchet_keys import check_used_once
from tests.e2e.test_encrypted_chats import send_past_the_window
from tests.support.engine.secrets_on_disk import found_below
from tests.support.engine.secrets_on_disk import values_of
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

PREFERENCES = "OMEMO encryption"
ASK_ANEW = "Start anew?"
ASK_END = "Delete all keys of this account?"
ADDRESS = "alice@localhost"

# The user's Gajim, and the contact's with its OMEMO
WAYS = [
    pytest.param("bookworm", "trixie", BUILT_IN, id="1.7"),
    pytest.param("trixie", "bookworm", GAJIM_OMEMO, id="2.1"),
    pytest.param("forky", "bookworm", GAJIM_OMEMO, id="2.6"),
]


def talk(
    new_scene: MakeScene, suite: str, other_suite: str, other: str
) -> tuple[Scene, Gajim, Gajim, str]:
    """Both have chatted. Returns the key that the contact knows, too."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    bob = scene.gajim(other_suite, "bob", other)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    wait_until_known(scene.server, bob, alice)
    open_chats(alice, bob)
    key = tell(alice, bob, "before")[1].key
    tell(bob, alice, "before")
    assert key is not None
    return scene, alice, bob, key


def listed(scene: Scene) -> frozenset[str]:
    """The ids in any of Alice's device lists."""
    lists = scene.server.listed_devices(scene.server.accounts["alice"])
    return frozenset().union(*lists.values())


def bundles(scene: Scene) -> str:
    """What the server keeps of Alice's bundles of both protocols."""
    alice = scene.server.accounts["alice"]
    kept = scene.server.kept_in_node(alice, "urn:xmpp:omemo:2:bundles")
    return kept + scene.server.kept_in_node(
        alice, "eu.siacs.conversations.axolotl.bundles"
    )


NOTIFY = "urn:xmpp:omemo:2:devices+notify"


def announced(scene: Scene, gajim: Gajim) -> set[str]:
    """The features that the last presence of a Gajim stands for (XEP-0115)."""
    start = f"< {gajim.account.jid}/"
    lines = [one for one in scene.server.wire().splitlines() if one.startswith(start)]
    known = {}
    version = ""
    for line in lines:
        if " <presence" in line and (
            found := re.search(r"<c [^>]*ver='([^']+)'", line)
        ):
            version = found[1]
        if found := re.search(r"<query [^>]*node='https://gajim\.org#([^']+)'", line):
            known[found[1]] = set(re.findall(r"<feature var='([^']+)'", line))
    return known.get(version, set())


def secrets_of(gajim: Gajim, folder: Path, own_jid: str = ADDRESS) -> set[str]:
    """Every key of an account of a Gajim that runs."""
    store = gajim.data / "plugins_data" / SHORT_NAME / f"{own_jid}.db"
    folder.mkdir()
    for one in store.parent.glob(store.name + "*"):
        shutil.copyfile(one, folder / one.name)
    return values_of(folder / store.name)


def choose(alice: Gajim, entry: str, question: str, answer: str) -> None:
    """From the preferences, which stay open."""
    alice.call("configure_plugin", short_name=SHORT_NAME)
    gajim = alice.accessibility()
    wait_for("the preferences", lambda: PREFERENCES in gajim.windows())
    alice.screenshot("preferences")
    gajim.press(PREFERENCES, f"{entry}, {ADDRESS}")
    wait_for("the question", lambda: question in gajim.windows())
    alice.screenshot("question")
    gajim.press(question, answer)
    wait_for("the question is gone", lambda: question not in gajim.windows())


def begin_again(alice: Gajim) -> None:
    """From the preferences, which say that the identity has ended."""
    gajim = alice.accessibility()

    def said() -> str:
        return " ".join(node.said for node in gajim.read(PREFERENCES))

    wait_for("it has ended", lambda: "You deleted the keys" in said())
    alice.screenshot("ended")
    gajim.press(PREFERENCES, "Start anew")
    wait_for("the settings are there", lambda: "Encrypt all chats" in said())
    gajim.key("Escape")


def check_forgotten(alice: Gajim, secrets: set[str]) -> None:
    assert len(secrets) > 200
    assert found_below([alice.home], secrets) == set()


@pytest.mark.parametrize(("suite", "other_suite", "other"), WAYS)
def test_start_anew(
    new_scene: MakeScene, tmp_path: Path, suite: str, other_suite: str, other: str
) -> None:
    """The contact goes on talking, with the new device. Nothing of the old one is
    left, neither here nor on the server."""
    scene, alice, bob, key = talk(new_scene, suite, other_suite, other)
    before = listed(scene)
    assert len(before) == 1
    secrets = secrets_of(alice, tmp_path / "copy")
    choose(alice, "Start anew…", ASK_ANEW, "Start anew")
    wait_for(
        "only the new device is listed",
        lambda: len(listed(scene)) == 1 and not listed(scene) & before,
    )
    (old,) = before
    wait_for("its keys are off the server", lambda: old not in bundles(scene))
    alice.accessibility().key("Escape")
    check_forgotten(alice, secrets)
    open_chats(alice, bob)
    assert tell(alice, bob, "with a new key")[1].key not in (None, key)
    tell(bob, alice, "with a new key")
    alice.restart()
    open_chats(alice, bob)
    tell(bob, alice, "after a restart")
    alice.screenshot("after")
    assert len(listed(scene)) == 1
    for device in before | listed(scene):
        check_used_once(scene.server.wire_log, device, at_least=1)
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))


@pytest.mark.parametrize(("suite", "other_suite", "other"), WAYS)
def test_end(
    new_scene: MakeScene, tmp_path: Path, suite: str, other_suite: str, other: str
) -> None:
    """Nothing is published any more, also not by what is built into Gajim, and no
    encrypted chat goes on in clear. Then a new identity begins."""
    scene, alice, bob, key = talk(new_scene, suite, other_suite, other)
    (old,) = listed(scene)
    secrets = secrets_of(alice, tmp_path / "copy")
    wait_for("it asks for lists", lambda: NOTIFY in announced(scene, alice))
    choose(alice, "Delete all keys of this account…", ASK_END, "Delete")
    wait_for("no device is listed", lambda: not listed(scene))
    wait_for(
        "it asks for no lists",
        lambda: announced(scene, alice) and NOTIFY not in announced(scene, alice),
    )
    wait_for("its keys are off the server", lambda: old not in bundles(scene))
    check_forgotten(alice, secrets)
    alice.accessibility().key("Escape")
    refused = secret("with an ended identity")
    send_past_the_window(alice, bob, refused)
    wait_for(
        "the reason is said",
        lambda: any("You deleted the keys" in row.text for row in alice.rows()),
    )
    alice.restart()
    alice.open_chat(bob.account.jid)
    send_past_the_window(alice, bob, refused)
    wait_for(
        "the reason is said again",
        lambda: any("You deleted the keys" in row.text for row in alice.rows()),
    )
    assert listed(scene) == frozenset()
    assert scene.server.leaks(refused) == []
    assert bob.find(refused) is None
    alice.call("configure_plugin", short_name=SHORT_NAME)
    begin_again(alice)
    wait_for("a new device is listed", lambda: len(listed(scene)) == 1)
    wait_for("it asks for lists again", lambda: NOTIFY in announced(scene, alice))
    open_chats(alice, bob)
    assert tell(alice, bob, "with a new key")[1].key not in (None, key)
    tell(bob, alice, "with a new key")
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))


@pytest.mark.parametrize(("suite", "other_suite", "other"), WAYS)
def test_ended_offline(
    new_scene: MakeScene, tmp_path: Path, suite: str, other_suite: str, other: str
) -> None:
    """The rest is done at the next login, also after a restart and with a new
    identity there already."""
    scene, alice, bob, _key = talk(new_scene, suite, other_suite, other)
    before = listed(scene)
    secrets = secrets_of(alice, tmp_path / "copy")
    alice.set_online(False)
    choose(alice, "Start anew…", ASK_ANEW, "Start anew")
    alice.accessibility().key("Escape")
    check_forgotten(alice, secrets)
    assert listed(scene) == before
    alice.restart()
    wait_for(
        "only the new device is listed",
        lambda: len(listed(scene)) == 1 and not listed(scene) & before,
    )
    (old,) = before
    wait_for("its keys are off the server", lambda: old not in bundles(scene))
    open_chats(alice, bob)
    tell(alice, bob, "with a new key")
    tell(bob, alice, "with a new key")
    assert not [row for row in alice.rows() if "password" in row.text]
    alice.screenshot("after")
    check_no_leak(scene)


@pytest.mark.parametrize(("suite", "other_suite", "other"), WAYS)
def test_a_damaged_store(
    new_scene: MakeScene, suite: str, other_suite: str, other: str
) -> None:
    """The preferences say what is wrong, and one button puts it right."""
    scene, alice, bob, key = talk(new_scene, suite, other_suite, other)
    before = listed(scene)
    alice.quit()
    store = alice.data / "plugins_data" / SHORT_NAME / "alice@localhost.db"
    store.write_bytes(b"no database " * 1000)
    alice.start()
    choose(alice, "Start anew…", ASK_ANEW, "Start anew")
    wait_for(
        "only the new device is listed",
        lambda: len(listed(scene)) == 1 and not listed(scene) & before,
    )
    alice.accessibility().key("Escape")
    open_chats(alice, bob)
    assert tell(alice, bob, "with a new key")[1].key not in (None, key)
    tell(bob, alice, "with a new key")
    check_no_leak(scene)
