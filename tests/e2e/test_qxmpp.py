# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""QXmpp, which Kaidan uses: trust messages with its policy that after the first
verification no key of that contact is used that was not verified (TOAKAFA), and what is
special about its sessions and keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from omemo_plugin.engine.backend.codec import fingerprint
from omemo_plugin.engine.values import Protocol
from omemo_plugin.verify.uri import TrustMessageUri
from omemo_plugin.verify.uri import parse_uri
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.qxmpp_peer import QXmppClient
from tests.support.peers.qxmpp_peer import qxmpp_root
from tests.support.waiting import wait_for

# QXmpp::TrustLevel
DISTRUSTED_BY_ITSELF = 2
DISTRUSTED_BY_HAND = 4
TRUSTED_BY_ITSELF = 8
AUTHENTICATED = 32

ROOM = "den@rooms.localhost"

# It encrypts no more than 106 messages that are not answered (QXmppOmemoManager_p.h,
# UNRESPONDED_STANZAS_UNTIL_ENCRYPTION_IS_STOPPED)
MANY = 130


class Ben:
    """The contact, whose device is a client with QXmpp."""

    def __init__(self, scene: Scene, name: str = "ben") -> None:
        """
        :param name: of the device
        """
        self._program = QXmppClient(
            scene.server,
            scene.server.accounts["ben"],
            scene.folder / name,
            qxmpp_root(),
        )
        self._reader = scene.server.accounts["ann"].jid
        self.jid = scene.server.accounts["ben"].jid

    def start(self) -> None:
        self._program.start()
        self._program.tell("meet", jid=self._reader)

    def restart(self) -> None:
        self._program.close()
        self._program.start()

    def say(self, text: str) -> None:
        self._program.tell("say", place=self._reader, readers=[self._reader], text=text)

    def enter(self, room: str) -> None:
        self._program.tell("enter", room=room)

    def tell_who_writes(self, known: bool) -> None:
        """Tell it who has a nickname in a room, or not."""
        self._program.tell("help_in_rooms", help=known)

    def has_read(self, text: str) -> bool:
        return text in [event["text"] for event in self._program.read]

    def code(self) -> str:
        return str(self._program.tell("code", "code")["text"])

    def scan(self, gajim: Gajim) -> None:
        keys = [key for key in self._levels() if _is_of(gajim, key)]
        self._program.tell("scan", jid=self._reader, keys=keys)

    def scan_own(self, other: Ben) -> None:
        self._program.tell("scan", jid=self.jid, keys=[other.key()])

    def key(self) -> str:
        """The key in its code, in hexadecimal digits."""
        found = parse_uri(self.code())
        assert isinstance(found, TrustMessageUri)
        (key,) = found.trusted
        return key

    def trust(self, gajim: Gajim) -> int:
        (level,) = (x for key, x in self._levels().items() if _is_of(gajim, key))
        return level

    def _levels(self) -> dict[str, int]:
        levels = self._program.tell("trust", "trust", jid=self._reader)["levels"]
        return dict(levels)

    def close(self) -> None:
        self._program.close()


def _is_of(gajim: Gajim, key: str) -> bool:
    own = str(gajim.call("own_fingerprint", account=gajim.account_name))
    return fingerprint(bytes.fromhex(key)) == own


def scan(gajim: Gajim, code: str, whose: str) -> None:
    seen = gajim.call("scan", account=gajim.account_name, text=code, expected=whose)
    assert seen["applied"], seen


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_toakafa(new_scene: Callable[..., Scene], suite: str) -> None:
    scene = new_scene("ann", "ben")
    phone = scene.gajim(suite, "ann", OURS, name="ann-phone")
    laptop = scene.gajim("bookworm", "ann", OURS, name="ann-laptop")
    start_all([phone, laptop])
    ben = Ben(scene)
    try:
        ben.start()
        for gajim in (phone, laptop):
            gajim.open_chat(ben.jid, "OMEMO")
        both_read(ben, phone, laptop)
        for gajim in (phone, laptop):
            assert ben.trust(gajim) == TRUSTED_BY_ITSELF
        text = tell(phone, laptop, "to ben")[0].text
        wait_for("ben reads it", lambda: ben.has_read(text))

        # Ben's policy: the laptop gets nothing any more, and does not take it ill
        ben.scan(phone)
        assert ben.trust(phone) == AUTHENTICATED
        assert ben.trust(laptop) == DISTRUSTED_BY_ITSELF
        alone = secret("for the phone alone")
        ben.say(alone)
        check_encrypted(phone, phone.wait_for_message(alone))

        # What the phone tells him when it verifies him brings the laptop back
        own = laptop.call("own_code", account=laptop.account_name)
        scan(phone, own, phone.account.jid)
        scan(phone, ben.code(), ben.jid)
        wait_for("ben trusts the laptop", lambda: ben.trust(laptop) == AUTHENTICATED)
        both_read(ben, phone, laptop)
        assert laptop.find(alone) is None
        check_scene(scene)
    finally:
        ben.close()


@pytest.mark.parametrize("suite", ["bookworm"])
def test_a_key_that_we_distrust(new_scene: Callable[..., Scene], suite: str) -> None:
    """Whoever is verified is told of it, though it was distrusted before."""
    scene = new_scene("ann", "ben")
    phone = scene.gajim(suite, "ann", OURS, name="ann-phone")
    laptop = scene.gajim("bookworm", "ann", OURS, name="ann-laptop")
    start_all([phone, laptop])
    ben = Ben(scene)
    try:
        ben.start()
        for gajim in (phone, laptop):
            gajim.open_chat(ben.jid, "OMEMO")
        both_read(ben, phone, laptop)
        key = laptop.call("own_fingerprint", account=laptop.account_name)
        phone.call(
            "set_trust",
            account=phone.account_name,
            jid=phone.account.jid,
            key=key,
            trust="DISTRUSTED",
        )
        scan(phone, ben.code(), ben.jid)
        ben.scan(phone)
        wait_for(
            "ben distrusts the laptop",
            lambda: ben.trust(laptop) == DISTRUSTED_BY_HAND,
        )
    finally:
        ben.close()


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_what_it_tells_a_contact(new_scene: Callable[..., Scene], suite: str) -> None:
    """Ben verifies his other device, and so it is verified for Ann, who has verified
    the first one."""
    scene = new_scene("ann", "ben")
    ann = scene.gajim(suite, "ann", OURS)
    ann.start()
    ben, laptop = Ben(scene), Ben(scene, "ben-laptop")

    def trust(device: Ben) -> str | None:
        known: dict[str, str] = ann.call("trust", account=ann.account_name, jid=ben.jid)
        return known.get(fingerprint(bytes.fromhex(device.key())))

    try:
        ann.open_chat(ben.jid, "OMEMO")
        for device in (ben, laptop):
            device.start()
            device.say(text := secret("from ben"))
            check_encrypted(ann, ann.wait_for_message(text))
            assert trust(device) == "BLIND"
        ben.scan(ann)
        scan(ann, ben.code(), ben.jid)
        assert trust(laptop) != "VERIFIED"
        ben.scan_own(laptop)
        wait_for("the laptop is verified", lambda: trust(laptop) == "VERIFIED")
        laptop.say(text := secret("from the laptop"))
        assert ann.wait_for_message(text).trust == "VERIFIED"
        check_scene(scene)
    finally:
        ben.close()
        laptop.close()


@pytest.mark.parametrize("suite", ["trixie"])
def test_many_texts_that_nobody_answers(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """What we owe him counts as an answer, and so he goes on."""
    scene = new_scene("ann", "ben")
    ann = scene.gajim(suite, "ann", OURS)
    ann.start()
    ben = Ben(scene)
    try:
        ben.start()
        ann.open_chat(ben.jid, "OMEMO")
        texts = [secret(f"number {number}") for number in range(MANY)]
        for text in texts:
            ben.say(text)
            check_encrypted(ann, ann.wait_for_message(text))
        check_scene(scene)
    finally:
        ben.close()


@pytest.mark.parametrize("suite", ["bookworm"])
def test_a_bundle_without_an_identity_key(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """After a restart QXmpp publishes one as soon as somebody begins a session with it
    (1.10, QXmppOmemoManager.cpp: `load` does not restore `deviceBundle`). Whoever knew
    it before is not lost. When this fails it is mended, and the table may say so."""
    scene = new_scene("ann", "ben", "cat")
    phone = scene.gajim(suite, "ann", OURS, name="ann-phone")
    laptop = scene.gajim("bookworm", "ann", OURS, name="ann-laptop")
    start_all([phone, laptop])
    ben = Ben(scene)
    cat = OmemoPeer(
        scene.server,
        scene.server.accounts["cat"],
        scene.folder / "cat-keys",
        (Protocol.OMEMO_2,),
    )
    try:
        ben.start()
        for gajim in (phone, laptop):
            gajim.open_chat(ben.jid, "OMEMO")
        for one, other in ((phone, laptop), (laptop, phone)):
            text = tell(one, other, "before")[0].text
            wait_for("ben reads it", partial(ben.has_read, text))
        ben.restart()

        cat.say(ben.jid, text := secret("a session begins"))
        wait_for("ben reads it", lambda: ben.has_read(text))
        wait_for("his bundle has no key", lambda: "<ik/>" in scene.server.wire())
        both_read(ben, phone, laptop)
        for gajim in (phone, laptop):
            gajim.restart()
            gajim.open_chat(ben.jid, "OMEMO")
        both_read(ben, phone, laptop)
        text = tell(phone, laptop, "afterwards")[0].text
        wait_for("ben reads it", lambda: ben.has_read(text))
        check_scene(scene)
    finally:
        cat.close()
        ben.close()


def test_who_wrote_in_a_room(new_scene: Callable[..., Scene]) -> None:
    """It takes the room for who wrote, and so reads nothing there, unless its program
    tells it (1.10, QXmppOmemoManager_p.cpp, `decryptStanza`: the bare `from`). When
    this fails it is mended, and the client needs no help any more."""
    scene = new_scene("ann", "ben")
    ann = OmemoPeer(
        scene.server,
        scene.server.accounts["ann"],
        scene.folder / "ann-keys",
        (Protocol.OMEMO_2,),
    )
    ben = Ben(scene)
    try:
        ben.start()
        ann.say(ben.jid, text := secret("a session"))
        wait_for("ben reads it", lambda: ben.has_read(text))
        ann.make_room(ROOM, ben.jid)
        ben.tell_who_writes(False)
        ben.enter(ROOM)
        wait_for("ben is in the room", lambda: ben.jid in ann.occupants())
        ann.say_in_room(ROOM, unread := secret("to the room"), ben.jid)
        wait_for("it has come", partial(has_come, scene, ben.jid))
        # What comes later is read later
        ann.say(ben.jid, text := secret("to ben"))
        wait_for("ben reads it", lambda: ben.has_read(text))
        assert not ben.has_read(unread)

        ben.tell_who_writes(True)
        ann.say_in_room(ROOM, text := secret("to the room"), ben.jid)
        wait_for("ben reads it", lambda: ben.has_read(text))
    finally:
        ben.close()
        ann.close()


def has_come(scene: Scene, jid: str) -> bool:
    """Whether the server has sent somebody an encrypted text of a room."""
    return any(
        line.startswith(f"> {jid}") and f"from='{ROOM}/" in line and "<payload" in line
        for line in scene.server.wire().splitlines()
    )


def both_read(ben: Ben, *readers: Gajim) -> None:
    """Ben writes, and all of them read it."""
    text = secret("from ben")
    ben.say(text)
    for gajim in readers:
        check_encrypted(gajim, gajim.wait_for_message(text))
