# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user removes an account from Gajim: its keys go with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.test_ending import bundles
from tests.e2e.test_ending import check_forgotten
from tests.e2e.test_ending import listed
from tests.e2e.test_ending import secrets_of
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import DriverError
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import SecondAccount
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

SUITES = ["bookworm", "trixie", "forky"]


def files_of_account(alice: Gajim) -> set[str]:
    """The names of all files that the plugin has of the account."""
    return {
        path.name
        for path in alice.home.rglob("*alice@localhost*")
        if path.is_file() and ("plugins_data" in path.parts or "config" in str(path))
    }


def remove_account(alice: Gajim) -> None:
    """As a user does. The window of Gajim 2.6 disconnects first, and then waits for it
    for ever: one closes it and tries again."""
    account = alice.account_name

    def is_removed() -> bool:
        return account not in alice.call("known_accounts")

    def is_disconnected() -> bool:
        try:
            return bool(alice.call("is_disconnected", account=account))
        except DriverError:
            # There is no such account any more
            return True

    alice.call("remove_account", account=account)
    wait_for("Gajim is disconnected", is_disconnected)
    if not is_removed():
        alice.call("remove_account", account=account)
    wait_for("Gajim has removed the account", is_removed)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
def test_nothing_is_left(
    new_scene: MakeScene, tmp_path: Path, suite: str, online: bool
) -> None:
    """The device is off the server, too. Without a connection, its number alone stays
    here, for when the account is added again."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(alice, bob, "before")
    tell(bob, alice, "before")
    (device,) = listed(scene)
    phone = scene.gajim("bookworm", "alice", OURS, "phone")
    start_all([phone])
    wait_for("both are listed", lambda: len(listed(scene)) == 2)
    secrets = secrets_of(alice, tmp_path / "copy")
    assert "alice@localhost.db" in files_of_account(alice)
    if not online:
        alice.set_online(False)
    remove_account(alice)
    left = set() if online else {"alice@localhost.leaving.json"}
    wait_for("the files are gone", lambda: files_of_account(alice) == left)
    check_forgotten(alice, secrets)
    if online:
        wait_for("the device is not listed", lambda: device not in listed(scene))
        wait_for("its keys are off the server", lambda: device not in bundles(scene))
        # The other device goes on, and is told of nothing
        assert len(listed(scene)) == 1
        open_chats(phone, bob)
        tell(phone, bob, "after")
        tell(bob, phone, "after")
    else:
        assert device in listed(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))


@pytest.mark.parametrize(
    ("suite", "restarts"), [("bookworm", True), ("trixie", False), ("forky", True)]
)
def test_removed_while_the_plugin_is_off(
    new_scene: MakeScene, tmp_path: Path, suite: str, restarts: bool
) -> None:
    """The keys go when the plugin is on again. Those of another account that is only
    disabled then stay: it goes on with them.

    :param restarts: Gajim is started again before that
    """
    scene = new_scene("alice", "bob", "carol")
    more = [scene.server.accounts["carol"]]
    alice = scene.gajim(suite, "alice", OURS, more_accounts=more)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    carol = SecondAccount(alice, more[0])
    carol.wait_until_online()
    open_chats(carol, bob)
    key = tell(carol, bob, "before")[1].key
    open_chats(alice, bob)
    tell(alice, bob, "before")
    carols = alice.data / "plugins_data" / SHORT_NAME / "carol@localhost.db"
    # Both know Bob's
    secrets = secrets_of(alice, tmp_path / "copy")
    secrets -= secrets_of(alice, tmp_path / "carols", "carol@localhost")
    alice.set_plugin_active(SHORT_NAME, False)
    carol.set_account_enabled(False)
    remove_account(alice)
    assert "alice@localhost.db" in files_of_account(alice)
    if restarts:
        alice.quit()
        alice.launch()
        alice.wait_until_running()
        carol = SecondAccount(alice, more[0])
        assert "alice@localhost.db" in files_of_account(alice)
    alice.set_plugin_active(SHORT_NAME, True)
    left = {"alice@localhost.leaving.json"}
    wait_for("the files are gone", lambda: files_of_account(alice) == left)
    check_forgotten(alice, secrets)
    assert carols.exists()
    carol.set_account_enabled(True)
    open_chats(carol, bob)
    assert tell(carol, bob, "after")[1].key == key
    tell(bob, carol, "after")
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))
