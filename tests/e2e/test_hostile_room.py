# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that adds members to a private room, to read along."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hostile import LEGACY_LIST
from tests.support.servers.hostile import MODULE
from tests.support.servers.hostile import HostileServer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

ROOM = "den@rooms.localhost"
WARNING = "omemo-warnings-alice"
TITLE = "Mallory can read this group chat from now on"


class Den:
    """A private room of two; mallory has devices, and is not in it."""

    def __init__(self, new_scene: Callable[..., Scene], suite: str) -> None:
        self.scene = new_scene("alice", "bob", "mallory", more_modules=[MODULE])
        self.alice = self.scene.gajim(suite, "alice", OURS)
        self.bob = self.scene.gajim("bookworm", "bob", OURS)
        self.mallory = self.scene.gajim("bookworm", "mallory", OURS)
        start_all([self.alice, self.bob, self.mallory])
        self.alice.create_room(ROOM)
        self.alice.set_affiliation(ROOM, self.bob.account.jid, "member")
        self.bob.join_room(ROOM)
        for gajim in (self.alice, self.bob):
            gajim.open_room(ROOM, "OMEMO")
        self.hostile = HostileServer(self.scene.server, self.alice)
        lists = self.scene.server.listed_devices(self.mallory.account)
        (self.device,) = lists[LEGACY_LIST]
        self.say("before")

    def say(self, about: str) -> str:
        """Write to the room, and wait until bob has read it."""
        text = secret(about)
        self.alice.send(text)
        for gajim in (self.alice, self.bob):
            check_encrypted(gajim, gajim.wait_for_message(text))
        return text

    def add(self, jid: str) -> None:
        """The room tells alice alone of one more member."""
        self.hostile.from_server(
            ROOM,
            "<x xmlns='http://jabber.org/protocol/muc#user'>"
            f"<item jid='{jid}' affiliation='member' role='none'/></x>",
        )

    def for_mallory(self) -> list[str]:
        """The messages that alice's Gajim has encrypted for mallory."""
        return [
            line
            for line in self.scene.server.stanzas_with(f"rid='{self.device}'")
            if line.startswith(f"< {self.alice.account.jid}")
        ]


def dock(gajim: Gajim) -> str:
    return " ".join(gajim.call("dock")["texts"])


@every_suite
def test_case_55_a_member_that_only_the_server_knows(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    den = Den(new_scene, suite)
    alice, bob, scene = den.alice, den.bob, den.scene

    # Nobody sees the window
    alice.call("hide_window")
    alice.call("follow_notifications")
    den.add(den.mallory.account.jid)
    wait_for("the desktop warns", lambda: WARNING in alice.call("notifications"))
    text = secret("to be read by whom?")
    alice.call("type_text", text=text)
    alice.call("press_send")
    wait_for(
        "the keys of mallory are asked for",
        lambda: scene.server.stanzas_with(f"to='{den.mallory.account.jid}'"),
    )
    # Others can write to her meanwhile
    other = secret("bob waits for an answer")
    bob.send(other)
    check_encrypted(alice, alice.wait_for_message(other))
    assert bob.find(text) is None
    assert not den.for_mallory()

    alice.call("show_window")
    check_encrypted(bob, bob.wait_for_message(text))
    shown = dock(alice)
    assert TITLE in shown, shown
    assert f"{den.mallory.account.jid} was made a member" in shown, shown
    assert "Encrypted for 2 people." in shown, shown
    alice.screenshot(f"a-ghost-in-the-room-{suite}")
    # One notice, and no click; it stays
    den.say("going on")
    assert den.for_mallory()
    alice.quit()
    alice.start()
    alice.open_room(ROOM)
    wait_for("it is still said", lambda: TITLE in dock(alice))
    # The true list has no mallory, so the warning ends by itself
    wait_for("the room has told the truth", lambda: TITLE not in dock(alice))
    before = len(den.for_mallory())
    den.say("after the truth")
    assert len(den.for_mallory()) == before

    alice.call("follow_notifications")
    den.add(den.mallory.account.jid)
    wait_for("the desktop warns again", lambda: WARNING in alice.call("notifications"))
    wait_for("it is said again", lambda: TITLE in dock(alice))
    alice.call("press_in_dock", label="Send without Mallory")
    wait_for("it is answered", lambda: TITLE not in dock(alice))
    wait_for(
        "the desktop does not warn any more",
        lambda: WARNING not in alice.call("notifications"),
    )
    before = len(den.for_mallory())
    den.say("without mallory")
    assert len(den.for_mallory()) == before
    check_scene(scene)


@every_suite
def test_case_55_somebody_joins_an_honest_room(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """One note, no banner, no click."""
    scene = new_scene("alice", "bob", "carol")
    alice = scene.gajim(suite, "alice", OURS)
    bob, carol = (scene.gajim("bookworm", name, OURS) for name in ("bob", "carol"))
    start_all([alice, bob, carol])
    alice.create_room(ROOM)
    alice.set_affiliation(ROOM, bob.account.jid, "member")
    bob.join_room(ROOM)
    for gajim in (alice, bob):
        gajim.open_room(ROOM, "OMEMO")

    def say(*readers: Gajim) -> None:
        text = secret("in the room")
        alice.send(text)
        for gajim in (alice, *readers):
            check_encrypted(gajim, gajim.wait_for_message(text))

    say(bob)
    alice.set_affiliation(ROOM, carol.account.jid, "member")
    carol.join_room(ROOM)
    carol.open_room(ROOM, "OMEMO")
    say(bob, carol)
    text = secret("bob in the room")
    bob.send(text)
    for gajim in (alice, carol):
        check_encrypted(gajim, gajim.wait_for_message(text))
    for gajim in (alice, bob):
        assert "from now on" not in dock(gajim), dock(gajim)
        about = [row.text for row in gajim.rows() if carol.account.jid in row.text]
        told = [text for text in about if "can read" in text]
        # Her keys may have come by then, or not
        line = f"From now on {carol.account.jid} can read this group chat."
        if told != [line]:
            line = (
                f"{carol.account.jid} is a member of this group chat now, and can read "
                "it if the app offers encryption."
            )
        if gajim is alice:
            assert told == [line]
        else:
            # The banner may have said it, until she came in
            assert told in ([line], [])
    alice.screenshot(f"somebody-joins-{suite}")
    check_scene(scene)


@every_suite
def test_case_55_somebody_joins_a_room_of_ten(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """One note for all of them, and nothing to answer."""
    members = [f"member{number}" for number in range(1, 10)]
    scene = new_scene("alice", "late", *members)
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    peers: list[OmemoPeer] = []

    def come(name: str) -> OmemoPeer:
        peer = OmemoPeer(scene.server, scene.server.accounts[name], scene.folder / name)
        peers.append(peer)
        alice.set_affiliation(ROOM, peer.jid, "member")
        peer.enter(ROOM)

        def is_seen() -> bool:
            seen = alice.call("nicknames", account=alice.account_name, room=ROOM)
            return name in seen

        wait_for(f"{name} is in the room", is_seen)
        return peer

    def say(about: str) -> None:
        text = secret(about)
        alice.send(text)
        for peer in peers:
            peer.wait_for_text(text)
        check_encrypted(alice, alice.wait_for_message(text))

    try:
        alice.create_room(ROOM)
        for name in members:
            come(name)
        alice.open_room(ROOM, "OMEMO")
        say("to nine others")
        late = come("late")
        say("to ten others")
        rows = [row.text for row in alice.rows() if row.type != "chat"]
        told = [text for text in rows if late.jid in text and "can read" in text]
        assert len(told) == 1, told
        assert "from now on" not in dock(alice), dock(alice)
        assert not [one for one in alice.call("dock")["buttons"] if "late" in one]
        alice.screenshot(f"a-room-of-ten-{suite}")
        check_scene(scene)
    finally:
        for peer in peers:
            peer.close()
