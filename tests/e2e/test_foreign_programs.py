# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Programs of other people that are no Gajim, and on our side the engine and the stanzas:
in a chat and in a room, while the other one is away, and what profanity does not do,
until it does.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator

import pytest

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import secret
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.omemo_peer import publication
from tests.support.peers.profanity import Profanity
from tests.support.peers.raw_client import RawClient
from tests.support.peers.slixmpp_peer import SlixmppOmemo
from tests.support.peers.slixmpp_peer import python_with_peers
from tests.support.servers.hosts import debian_root
from tests.support.servers.hosts import machine_suite
from tests.support.waiting import wait_for

OLDMEMO = "eu.siacs.conversations.axolotl"
ROOM = "den@rooms.localhost"

# Texts in a row
FEW = 5

# In profanity's log
REFUSED = "[OMEMO] can't get OMEMO device list"


class Foreign:
    """The program of the other side."""

    def start(self) -> None:
        """Come online, with the keys it had."""
        raise NotImplementedError

    def leave(self) -> None:
        """End; the keys stay."""
        raise NotImplementedError

    def meet(self, jid: str) -> None:
        """Look at the chat with somebody."""
        raise NotImplementedError

    def enter(self, room: str) -> None:
        """Enter a room, and look at it."""
        raise NotImplementedError

    def say(self, text: str, *, correct: bool = False) -> None:
        """Write there, something new or the correction of the last text."""
        raise NotImplementedError

    def read(self) -> list[tuple[str, bool]]:
        """All texts that came encrypted, and whether each corrects another one."""
        raise NotImplementedError

    def close(self) -> None:
        """End, whatever it does."""
        raise NotImplementedError


class ForeignProfanity(Foreign):
    """A real profanity."""

    def __init__(self, scene: Scene) -> None:
        account = scene.server.accounts["ben"]
        # It makes no list where there is none; see below
        client = RawClient(scene.server, account)
        payload = f"<list xmlns='{OLDMEMO}'/>"
        assert client.set(publication(f"{OLDMEMO}.devicelist", "current", payload))
        client.close()
        self._server = scene.server
        self._program = Profanity(scene.server, account, scene.folder / "profanity")

    def start(self) -> None:
        self._program.start()
        wait_for(
            "profanity is listed",
            lambda: any(self._server.listed_devices(self._program.account).values()),
        )

    def leave(self) -> None:
        self._program.quit()

    def meet(self, jid: str) -> None:
        self._program.type(f"/msg {jid}")
        wait_for("it has ann's keys", lambda: self._program.can_write_to(jid))

    def enter(self, room: str) -> None:
        self._program.type(f"/join {room}")
        wait_for("it knows the room", lambda: self._program.knows_room(room))

    def say(self, text: str, *, correct: bool = False) -> None:
        self._program.type(f"/correct {text}" if correct else text)

    def read(self) -> list[tuple[str, bool]]:
        return [
            (one.text, bool(one.replaces))
            for one in self._program.kept()
            if one.encryption == "omemo"
        ]

    def close(self) -> None:
        self._program.close()


class ForeignSlixmpp(Foreign):
    """A client with slixmpp-omemo."""

    def __init__(self, scene: Scene) -> None:
        accounts = scene.server.accounts
        self._reader = accounts["ann"].jid
        self._place = ""
        self._program = SlixmppOmemo(
            scene.server, accounts["ben"], scene.folder / "slixmpp", python_with_peers()
        )

    def start(self) -> None:
        self._program.start()

    def leave(self) -> None:
        self._program.close()

    def meet(self, jid: str) -> None:
        self._place = jid
        self._program.tell("meet", jid=jid)

    def enter(self, room: str) -> None:
        self._place = room
        self._program.tell("enter", room=room)

    def say(self, text: str, *, correct: bool = False) -> None:
        self._program.tell(
            "say",
            place=self._place,
            readers=[self._reader],
            text=text,
            correct=correct,
        )

    def read(self) -> list[tuple[str, bool]]:
        return [(one["text"], bool(one["replaces"])) for one in self._program.read]

    def close(self) -> None:
        self._program.close()


@pytest.fixture
def scene(new_scene: Callable[..., Scene]) -> Scene:
    return new_scene("ann", "ben")


@pytest.fixture
def ann(scene: Scene) -> Iterator[OmemoPeer]:
    account = scene.server.accounts["ann"]
    peer = OmemoPeer(
        scene.server, account, scene.folder / "ann-keys", (Protocol.LEGACY,)
    )
    yield peer
    peer.close()


@pytest.mark.parametrize("make", [ForeignProfanity, ForeignSlixmpp])
def test_a_conversation(
    scene: Scene, ann: OmemoPeer, make: Callable[[Scene], Foreign]
) -> None:
    ben = scene.server.accounts["ben"].jid
    foreign = make(scene)

    def hears(text: str) -> None:
        wait_for(f"ben reads {text!r}", lambda: text in dict(foreign.read()))

    def talk() -> None:
        for _ in range(FEW):
            text = secret("from ben")
            foreign.say(text)
            ann.wait_for_text(text)
            text = secret("from ann")
            ann.say(ben, text)
            hears(text)

    try:
        foreign.start()
        foreign.meet(ann.jid)
        talk()
        text = secret("corrected")
        foreign.say(text, correct=True)
        ann.wait_for_text(text)

        foreign.leave()
        texts = [secret("to who is offline") for _ in range(FEW)]
        for text in texts:
            ann.say(ben, text)
        foreign.start()
        foreign.meet(ann.jid)
        for text in texts:
            hears(text)
        talk()

        ann.make_room(ROOM, ben)
        foreign.enter(ROOM)
        wait_for("ben is in the room", lambda: ben in ann.occupants())
        for _ in range(FEW):
            text = secret("from ben to the room")
            foreign.say(text)
            ann.wait_for_text(text)
            text = secret("from ann to the room")
            ann.say_in_room(ROOM, text, ben)
            hears(text)
    finally:
        foreign.close()
    for texts in ([text for text, _corrects in foreign.read()], ann.read()):
        secrets = [text for text in texts if text.startswith("secret ")]
        assert len(secrets) == len(set(secrets)), secrets
    assert not scene.server.leaks("secret ")


@pytest.mark.parametrize("suite", ["bookworm", "forky"])
def test_profanity_makes_no_list_where_there_is_none(
    scene: Scene, ann: OmemoPeer, suite: str
) -> None:
    """It can be read, and nobody can write to it (0.13.1 and later, src/xmpp/omemo.c,
    `_omemo_receive_devicelist`: "not found" is known by an attribute that RFC 6120
    has no more). When this fails, `ForeignProfanity` need not make one for it."""
    account = scene.server.accounts["ben"]
    own = suite == machine_suite()
    root = None if own else debian_root(suite, ("peers",))
    ben = Profanity(scene.server, account, scene.folder / "profanity", root)
    try:
        ben.start()
        wait_for("it was told that there is none", lambda: ben.logged(REFUSED))

        ben.type(f"/msg {ann.jid}")
        wait_for("it has ann's keys", lambda: ben.can_write_to(ann.jid))
        ben.type("hello")
        ann.wait_for_text("hello")
        assert not any(scene.server.listed_devices(account).values())
    finally:
        ben.close()


def test_slixmpp_omemo_publishes_for_omemo_2_and_cannot_read_it(scene: Scene) -> None:
    """Of a message in both it takes the element of OMEMO 2, and gives up (2.2.0,
    slixmpp_omemo/xep_0384.py, `decrypt_message`: "twomemo takes precedence if both
    versions are included", and then "SCE not supported yet"). When this fails, the
    soak can let it publish for both."""
    accounts = scene.server.accounts
    ben = SlixmppOmemo(
        scene.server,
        accounts["ben"],
        scene.folder / "slixmpp",
        python_with_peers(),
        with_omemo_2=True,
    )
    ann = OmemoPeer(scene.server, accounts["ann"], scene.folder / "ann-keys")
    try:
        ben.start()
        ben.tell("meet", jid=ann.jid)
        ann.say(accounts["ben"].jid, "for both")
        wait_for("ben gets it", lambda: ben.unread)
        assert "SCE not supported yet" in ben.unread[0]
        assert not ben.read
    finally:
        ben.close()
        ann.close()
