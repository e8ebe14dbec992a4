# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our plugin in Gajim's plugin manager: installed, switched off and on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import DriverError
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import OURS_FROM_SYSTEM
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.servers.hosts import SYSTEM_PLUGINS
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]


LEAVING = "Encryption by this plugin is off"
OBSTACLE = "Encryption cannot be switched on"
HELP = "Help on encryption"


def wait_for_window(gajim: Gajim, title: str) -> None:
    wait_for(f"the window {title}", lambda: title in gajim.call("window_titles"))


@every_suite
def test_from_a_zip(new_scene: MakeScene, suite: str) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim(suite, "bob", OURS)
    start_all([alice, bob])
    plugin = alice.plugins()[SHORT_NAME]
    assert plugin["active"]
    assert plugin["path"] == str(alice.user_plugins / SHORT_NAME)
    with pytest.raises(DriverError, match="already exists"):
        alice.install_plugin(scene.bundle)
    open_chats(alice, bob)
    tell(alice, bob, "with a plugin from a zip")
    alice.restart()
    assert alice.plugins()[SHORT_NAME]["active"]
    open_chats(alice, bob)
    tell(alice, bob, "after a restart")
    tell(bob, alice, "after a restart")
    check_scene(scene)


@every_suite
def test_from_the_system_folder(new_scene: MakeScene, suite: str) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS_FROM_SYSTEM)
    bob = scene.gajim(suite, "bob", OURS_FROM_SYSTEM)
    start_all([alice, bob])
    plugin = alice.plugins()[SHORT_NAME]
    # Gajim names its link to the system folder.
    assert plugin["path"].endswith(f"/plugins/{SHORT_NAME}")
    assert str(alice.home) not in plugin["path"], SYSTEM_PLUGINS
    assert plugin["active"], "Gajim activates a shipped plugin by itself"
    open_chats(alice, bob)
    tell(alice, bob, "with a plugin of the system")
    tell(bob, alice, "with a plugin of the system")
    check_scene(scene)


def test_off_and_on_where_gajim_has_no_omemo(new_scene: MakeScene) -> None:
    """Nothing goes out in clear while it is off; all goes on afterwards."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim("bookworm", "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    key = tell(alice, bob, "before")[1].key
    tell(bob, alice, "before")
    alice.set_plugin_active(SHORT_NAME, False)
    wait_for_window(alice, LEAVING)
    assert any(
        text.startswith("Encrypted chats send nothing now.")
        for text in alice.call("texts_of", window=LEAVING)
    )
    assert "Encrypted chats: Bob." in alice.call("texts_of", window=LEAVING)
    alice.screenshot("leaving-bookworm")
    withheld = secret("typed while the plugin is off")
    alice.call("type_text", text=withheld)
    alice.call("press_send")
    assert alice.call("typed_text") == withheld
    assert not scene.server.leaks(withheld)
    missed = secret("sent while the plugin is off")
    bob.send(missed)
    check_encrypted(bob, bob.wait_for_message(missed))
    alice.call("clear_input")
    alice.call("press", window=LEAVING, words="Switch it on again")
    assert alice.plugins()[SHORT_NAME]["active"]
    assert LEAVING not in alice.call("window_titles")
    open_chats(alice, bob)
    tell(bob, alice, "after")
    assert tell(alice, bob, "after")[1].key == key
    check_scene(scene)


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_off_and_on_where_gajim_has_omemo(new_scene: MakeScene, suite: str) -> None:
    """Gajim's own OMEMO works while ours is off, ours again afterwards."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim(suite, "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    ours = tell(alice, bob, "with our plugin")[1].key
    tell(bob, alice, "with our plugin")
    alice.set_plugin_active(SHORT_NAME, False)
    wait_for_window(alice, LEAVING)
    assert any(
        text.startswith("Gajim’s own encryption goes on.")
        for text in alice.call("texts_of", window=LEAVING)
    )
    assert "Encrypted chats: Bob." in alice.call("texts_of", window=LEAVING)
    alice.screenshot(f"leaving-{suite}")
    open_chats(alice, bob)
    tell(alice, bob, "with Gajim's own")
    tell(bob, alice, "with Gajim's own")
    alice.call("press", window=LEAVING, words="Switch it on again")
    assert alice.plugins()[SHORT_NAME]["active"]
    assert LEAVING not in alice.call("window_titles")
    open_chats(alice, bob)
    tell(bob, alice, "with our plugin again")
    assert tell(alice, bob, "with our plugin again")[1].key == ours
    check_scene(scene)


def test_beside_an_active_gajim_omemo(new_scene: MakeScene) -> None:
    """Ours says what to do, Gajim starts, and the other plugin still works."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim("bookworm", "alice", GAJIM_OMEMO)
    alice.start()
    plugins = alice.plugins()
    assert plugins["omemo"]["active"]
    alice.call("install_plugin", path=str(alice.offer(scene.bundle)))
    plugin = alice.plugins()[SHORT_NAME]
    assert not plugin["activatable"]
    assert "other OMEMO plugin off first (version 2.9" in plugin["why_not"]
    alice.call("set_plugin_active", short_name=SHORT_NAME, active=True)
    assert not alice.plugins()[SHORT_NAME]["active"]
    wait_for_window(alice, OBSTACLE)
    alice.screenshot("other-plugin")
    alice.call("press", window=OBSTACLE, words="Switch it off")
    assert not alice.plugins()["omemo"]["active"]
    assert "Start Gajim again to go on." in alice.call("texts_of", window=OBSTACLE)
    alice.quit()
    alice.launch()
    alice.wait_until_running()
    wait_for("ours is on", lambda: alice.plugins()[SHORT_NAME]["active"])
    assert OBSTACLE not in alice.call("window_titles")


@every_suite
def test_library_is_missing(new_scene: MakeScene, suite: str) -> None:
    """Gajim goes online, and a window and the plugin manager name Debian's
    package. At the next start the window is there for those alone who had the
    plugin on."""
    scene = new_scene("alice")
    alice = scene.gajim(suite, "alice", OURS, hidden_libraries=["oldmemo"])
    alice.launch()
    alice.wait_until_running()
    alice.call("install_plugin", path=str(alice.offer(scene.bundle)))
    plugin = alice.plugins()[SHORT_NAME]
    assert not plugin["activatable"]
    assert "python3-oldmemo" in plugin["why_not"]
    alice.call("set_plugin_active", short_name=SHORT_NAME, active=True)
    assert not alice.plugins()[SHORT_NAME]["active"]
    wait_for("alice is online", alice.online)
    wait_for_window(alice, OBSTACLE)
    texts = "\n".join(alice.call("texts_of", window=OBSTACLE))
    assert "“sudo apt install python3-oldmemo”" in texts
    alice.screenshot(f"library-is-missing-{suite}")
    alice.call("press", window=OBSTACLE, words="Copy command")
    assert alice.call("clipboard") == "sudo apt install python3-oldmemo"
    alice.call("press", window=OBSTACLE, words="Help")
    wait_for_window(alice, HELP)
    assert "The plugin cannot be switched on" in alice.call("texts_of", window=HELP)
    alice.screenshot(f"library-is-missing-help-{suite}")
    for is_on in (False, True):
        alice.call("set_plugin_wanted", short_name=SHORT_NAME, wanted=is_on)
        alice.quit()
        alice.launch()
        alice.wait_until_running()
        wait_for("alice is online", alice.online)
        if is_on:
            wait_for_window(alice, OBSTACLE)
        else:
            assert OBSTACLE not in alice.call("window_titles")
