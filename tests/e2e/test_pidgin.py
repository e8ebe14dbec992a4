# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a real Pidgin's files into real Gajims' profiles."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from tails_integration.base.system import System
from tails_integration.pidgin import importer
from tails_integration.settings import profile
from tests.support.gajim.pidgin import Pidgin
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import Scene
from tests.support.processes import copy_tree
from tests.support.processes import give_away
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

# By D-Bus libpurple makes a room with nonsense for parts; it reads this at its
# start and writes it anew with the first change of the list
ROOM = """\
<?xml version='1.0' encoding='UTF-8' ?>
<purple version='1.0'><blist><group name='Rooms'>
<chat proto='prpl-jabber' account='dora@example.org/Home'><alias>A room</alias>
<component name='handle'>al</component><component name='room'>tails</component>
<component name='server'>conference.example.org</component>
<setting name='gtk-autojoin' type='bool'>1</setting></chat>
</group></blist></purple>
"""


@pytest.fixture(scope="module")
def purple() -> Iterator[Path]:
    """A folder as Pidgin has written it."""
    with tempfile.TemporaryDirectory(prefix="omemo-pidgin-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield _written_by_pidgin(folder)


def _written_by_pidgin(folder: Path) -> Path:
    with Pidgin(folder / "first") as pidgin:
        pidgin.add_account(
            "dora@example.org/Home",
            alias='Work & "play"',
            remember="p&ss<w>",
            strings={
                "connection_security": "opportunistic_tls",
                "connect_server": "xmpp.example.org",
            },
            port=5299,
        )
        pidgin.add_account(
            "emil@example.net", strings={"connection_security": "old_ssl"}, port=5223
        )
        pidgin.add_account("amnesia@irc.oftc.net", "prpl-irc")
        pidgin.quit()
    blist = pidgin.files / "blist.xml"
    blist.write_text(ROOM)
    give_away(blist)
    with Pidgin(folder / "first") as pidgin:
        account = pidgin.call("PurpleAccountsFind", "dora@example.org", "prpl-jabber")
        pidgin.add_buddy(account, "carol@example.org", "Carol C.")
        wait_for("Pidgin has the contact", lambda: "Carol C." in blist.read_text())
        pidgin.quit()
    assert "gtk-autojoin" in blist.read_text()
    return pidgin.files


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_from_pidgin_to_gajim(
    new_scene: MakeScene, purple: Path, tmp_path: Path, suite: str
) -> None:
    scene = new_scene("alice")
    gajim = scene.gajim(suite, "alice", NO_OMEMO)
    copy_tree(purple, gajim.home / ".purple")
    (tmp_path / "proc").mkdir()
    system = System(tmp_path, {"HOME": str(gajim.home)}, gajim.home.stat().st_uid)
    plan = importer.plan(system)
    assert [room.autojoin for room in plan.rooms] == [True]
    assert plan.pidgin.irc == ("amnesia@irc.oftc.net",)
    importer.carry_out(system, plan, passwords=False)
    give_away(gajim.home)

    gajim.start()
    names = gajim.call("accounts")
    assert {"dora@example.org", "emil@example.net"} < set(names)
    dora, emil = "dora@example.org", "emil@example.net"

    def setting(account: str, name: str) -> object:
        return gajim.call("account_setting", account=account, name=name)

    assert gajim.call("account_label", account=dora) == 'Work & "play"'
    for account in (dora, emil):
        assert gajim.call("account_address", account=account) == account
        assert setting(account, "use_plain_connection") is False
    assert setting(dora, "custom_host") == "xmpp.example.org"
    assert setting(dora, "custom_port") == 5299
    assert setting(dora, "custom_type") == "START TLS"
    assert setting(emil, "custom_type") == "DIRECT TLS"
    scene.pictures(f"from-pidgin-{suite}")
    gajim.quit()
    after = profile.read(system)
    assert after is not None
    assert "p&ss<w>" not in str(after.accounts)
