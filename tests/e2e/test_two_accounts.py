# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two accounts in one Gajim, both encrypted: with each other, with one contact of
both, and in one room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.e2e.test_files import downloaded
from tests.e2e.test_files import draw
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import SecondAccount
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

ROOM = "den@rooms.localhost"


class Pair:
    """The two accounts, and somebody whom both know."""

    def __init__(self, scene: Scene, suite: str) -> None:
        accounts = scene.server.accounts
        self.scene = scene
        self.alice = scene.gajim(
            suite, "alice", OURS, trusts_server=True, more_accounts=[accounts["bob"]]
        )
        self.alice.start()
        self.bob = SecondAccount(self.alice, accounts["bob"])
        self.bob.wait_until_online()
        self.carol = OmemoPeer(scene.server, accounts["carol"], scene.folder / "carol")

    def show(self, one: DrivenGajim, jid: str) -> None:
        if jid == ROOM:
            one.open_room(ROOM, "OMEMO")
        else:
            one.open_chat(jid, "OMEMO")

    def tell(self, one: DrivenGajim, other: DrivenGajim, about: str) -> str:
        """One account writes, and the other one reads, in its own chat."""
        text = secret(about)
        self.show(one, other.account.jid)
        one.send(text)
        row = one.wait_for_message(text)
        check_encrypted(one, row)
        assert row.outgoing
        self.show(other, one.account.jid)
        row = other.wait_for_message(text)
        check_encrypted(other, row)
        assert not row.outgoing
        return text

    def say(self, one: DrivenGajim, other: DrivenGajim, about: str) -> str:
        """The same in the room."""
        text = secret(about)
        self.show(one, ROOM)
        one.send(text)
        check_encrypted(one, one.wait_for_message(text))
        self.show(other, ROOM)
        row = other.wait_for_message(text)
        check_encrypted(other, row)
        assert not row.outgoing
        return text

    def with_carol(self, one: DrivenGajim, about: str) -> list[str]:
        """A contact of both is heard by the one, and hears it."""
        heard, told = secret(f"{about}, heard"), secret(f"{about}, told")
        self.show(one, self.carol.jid)
        self.carol.say(one.account.jid, heard)
        check_encrypted(one, one.wait_for_message(heard))
        one.send(told)
        self.carol.wait_for_text(told)
        check_encrypted(one, one.wait_for_message(told))
        return [heard, told]


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_two_accounts(
    new_scene: Callable[..., Scene], tmp_path: Path, suite: str
) -> None:
    scene = new_scene("alice", "bob", "carol")
    pair = Pair(scene, suite)
    alice, bob = pair.alice, pair.bob
    try:
        check_with_each_other(pair)
        check_contact_of_both(pair)
        check_room(pair)
        check_file(pair, draw(tmp_path / "plan.png"), tmp_path / "plan.png")
        check_code_while_offline(pair)
        check_one_alone(pair)
        alice.restart()
        bob.wait_until_online()
        pair.tell(alice, bob, "after a restart")
        pair.tell(bob, alice, "after a restart, back")
        pair.with_carol(bob, "after a restart")
        alice.screenshot(f"two-accounts-{suite}")
        check_scene(scene)
    finally:
        pair.carol.close()


def check_with_each_other(pair: Pair) -> None:
    """Each text is in both chats, once, and both devices are known apart."""
    alice, bob = pair.alice, pair.bob
    texts = [pair.tell(alice, bob, "first")]
    texts += [pair.tell(bob, alice, f"back {number}") for number in range(2)]
    texts += [pair.tell(alice, bob, f"on {number}") for number in range(2)]
    keys = {}
    for one, other in ((alice, bob), (bob, alice)):
        pair.show(one, other.account.jid)
        rows = [row for row in one.messages() if row.text in texts]
        assert [row.text for row in rows] == texts
        (keys[one.account.jid],) = {row.key for row in rows if not row.outgoing}
        own = one.call("own_fingerprint", account=one.account_name)
        assert keys[one.account.jid] != own
    assert len(set(keys.values())) == 2


def check_contact_of_both(pair: Pair) -> None:
    """What is said to the one account is in no chat of the other one."""
    alice, bob, carol = pair.alice, pair.bob, pair.carol
    to_alice = pair.with_carol(alice, "carol and alice")
    to_bob = pair.with_carol(bob, "carol and bob")
    to_alice += pair.with_carol(alice, "carol and alice again")
    for one, mine, others in ((alice, to_alice, to_bob), (bob, to_bob, to_alice)):
        pair.show(one, carol.jid)
        texts = [row.text for row in one.messages()]
        assert [text for text in texts if text in mine] == mine
        assert not [text for text in texts if text in others]


def check_room(pair: Pair) -> None:
    """Each sees what it said itself, too, and its own as its own."""
    alice, bob = pair.alice, pair.bob
    alice.create_room(ROOM)
    alice.set_affiliation(ROOM, bob.account.jid, "member")
    bob.join_room(ROOM)
    texts = [
        pair.say(alice, bob, "room"),
        pair.say(bob, alice, "room, back"),
        pair.say(bob, alice, "room, again"),
        pair.say(alice, bob, "room, on"),
    ]
    for one in (alice, bob):
        pair.show(one, ROOM)
        rows = [row for row in one.messages() if row.text in texts]
        assert [row.text for row in rows] == texts
        for row in rows:
            check_encrypted(one, row)


def check_file(pair: Pair, plain: bytes, path: Path) -> None:
    """It is opened in the chat of the receiver."""
    alice, bob = pair.alice, pair.bob
    pair.show(alice, bob.account.jid)
    alice.send_file(bob.account.jid, str(alice.offer(path)))
    alice.wait_for_file()
    pair.show(bob, alice.account.jid)
    check_encrypted(bob, bob.wait_for_file())
    wait_for("the file has been opened", lambda: downloaded(alice, plain))


def check_code_while_offline(pair: Pair) -> None:
    """An account that is offline has a code to show; the other one goes on."""
    alice, bob = pair.alice, pair.bob
    bob.set_online(False)
    bob.call("activate", name="omemo-code", value=bob.account_name)
    window = wait_for("the code is shown", lambda: code_window(alice))
    assert drawn_code(alice).partition("?")[0] == f"xmpp:{bob.account.jid}"
    alice.call("close_window", title=window)
    pair.with_carol(alice, "while bob is offline")
    bob.set_online(True)
    pair.with_carol(bob, "bob is back")


def code_window(gajim: Gajim) -> str | None:
    titles = [title for title in gajim.call("window_titles") if "code" in title.lower()]
    return titles[0] if titles else None


def drawn_code(gajim: Gajim) -> str:
    """What a phone reads off the screen."""
    import zxingcpp
    from PIL import Image

    def read() -> str:
        picture = gajim.screenshot("own-code-offline")
        found = zxingcpp.read_barcodes(Image.open(picture))
        return str(found[0].text) if found else ""

    return wait_for("the code is drawn", read)


def check_one_alone(pair: Pair) -> None:
    """One account is disabled; the other one goes on, and nothing of it is lost."""
    alice, bob = pair.alice, pair.bob
    bob.set_account_enabled(False)
    pair.with_carol(alice, "while bob is disabled")
    bob.set_account_enabled(True)
    pair.with_carol(bob, "bob is enabled")
    pair.tell(alice, bob, "bob is enabled")
    pair.tell(bob, alice, "bob is enabled, back")
