# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that are no Gajim, and the table of all."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

from omemo_plugin.engine.values import Protocol
from tests.soak.peers import CODE
from tests.soak.peers import FILES
from tests.soak.peers import PATIENCE
from tests.soak.peers import REACTIONS
from tests.soak.peers import ROOM
from tests.soak.peers import TEXT_ALONE
from tests.soak.peers import GajimPeer
from tests.soak.peers import Peer
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.omemo_peer import publication
from tests.support.peers.profanity import Profanity
from tests.support.peers.profanity import profanity_version
from tests.support.peers.qxmpp_peer import QXmppClient
from tests.support.peers.qxmpp_peer import qxmpp_root
from tests.support.peers.qxmpp_peer import qxmpp_version
from tests.support.peers.raw_client import RawClient
from tests.support.peers.slixmpp_peer import SlixmppOmemo
from tests.support.peers.slixmpp_peer import python_with_peers
from tests.support.peers.slixmpp_peer import slixmpp_omemo_version
from tests.support.servers.hosts import debian_root
from tests.support.trust_uri import build_trust_message_uri
from tests.support.waiting import wait_for

LISTS_OF_0_3 = "eu.siacs.conversations.axolotl"
REACTION = "urn:xmpp:reactions:0"
CORRECTION = "urn:xmpp:message-correct:0"

# Bytes at the end of a file that is encrypted with GCM
TAG = 16


class Links:
    """The links to files that a program has read."""

    def __init__(self) -> None:
        self._taken = 0

    def wait_for_next(self, texts: Callable[[], list[str]]) -> str:
        """Wait for one more in all that was read."""

        def following() -> list[str]:
            links = [text for text in texts() if text.startswith("aesgcm://")]
            return links[self._taken :]

        link = wait_for("a link", following)[0]
        self._taken += 1
        return link


class TwomemoPeer(Peer):
    """A driver over twomemo, for OMEMO 2 alone."""

    name = "a driver over twomemo"
    protocol = "2"
    without = MappingProxyType({FILES: "they are in tests of their own"})
    corrects_encrypted = True

    def __init__(self, scene: Scene) -> None:
        from importlib.metadata import version

        self._scene = scene
        self._account = scene.server.accounts["ben"]
        self._reader = scene.server.accounts["ann"].jid
        self._peer: OmemoPeer | None = None
        self.version = version("twomemo")
        self.jid = self._account.jid
        self._read: list[str] = []
        self._place = ""
        self._last_id = ""

    def start(self) -> None:
        self._peer = OmemoPeer(
            self._scene.server,
            self._account,
            self._scene.folder / "driver",
            (Protocol.OMEMO_2,),
        )

    def _running(self) -> OmemoPeer:
        assert self._peer is not None
        return self._peer

    def look_at(self, place: str) -> None:
        self._place = place

    def enter(self, room: str) -> None:
        self._running().enter(room)
        self.look_at(room)

    def say(self, text: str) -> None:
        if self._place == ROOM:
            self._running().say_in_room(ROOM, text, self._reader)
        else:
            self._last_id = secrets.token_hex(8)
            self._send(text)

    def _send(self, text: str, *content: Element) -> None:
        peer = self._running()
        sent = peer.encrypt(text, self._place, content=content)
        number = None if content else self._last_id
        stanza = peer.stanza(self._place, peer.encrypted(sent), message_id=number)
        peer.client.send(stanza)

    def correct(self, text: str) -> None:
        self._send(text, Element(f"{{{CORRECTION}}}replace", {"id": self._last_id}))

    def wait_for_correction(self, before: str, text: str) -> None:
        self.wait_for(text)
        content = self._running().contents[-1]
        (replaced,) = (x for x in content if x.tag == f"{{{CORRECTION}}}replace")
        assert replaced.get("id") == self._running().ids[before]

    def count(self, text: str) -> int:
        return self.shown().count(text)

    def shown(self) -> list[str]:
        return [*self._read, *self._running().read()]

    def react(self, text: str, emoji: str) -> None:
        peer = self._running()
        reactions = Element(f"{{{REACTION}}}reactions", {"id": peer.ids[text]})
        SubElement(reactions, f"{{{REACTION}}}reaction").text = emoji
        self._send("", reactions)

    def code(self) -> str:
        key = self._running().engine.fingerprint
        return build_trust_message_uri(self.jid, Protocol.OMEMO_2, [key])

    def leave(self) -> None:
        # With its process; the keys stay
        self._read += self._running().read()
        self._running().close()
        self._peer = None

    def come_back(self) -> None:
        self.start()

    def close(self) -> None:
        if self._peer is not None:
            self._peer.close()


class ProfanityPeer(Peer):
    """profanity of this Debian, or of another one."""

    name = "profanity"
    protocol = "0.3"
    without = MappingProxyType(
        {
            REACTIONS: TEXT_ALONE,
            CODE: "Debian builds it without what draws its code",
        }
    )
    prepared = (
        "It publishes no list of its devices where there was none: it takes the "
        'answer "not found" for one by `code="404"` (`src/xmpp/omemo.c`, '
        "`_omemo_receive_devicelist`), which RFC 6120 has no more and Prosody does "
        "not send. Nobody can then write to it. Here its account had an empty list, "
        "as one has that was used with another program."
    )

    def __init__(self, scene: Scene, suite: str = "") -> None:
        root = debian_root(suite, ("peers",)) if suite else None
        self._server = scene.server
        self._account = scene.server.accounts["ben"]
        self._folder = scene.folder / "profanity"
        self._program = Profanity(scene.server, self._account, self._folder, root)
        self.version = profanity_version(root)
        self.jid = self._account.jid
        self._place = ""
        self._links = Links()

    def start(self) -> None:
        publish_empty_list(RawClient(self._server, self._account))
        self._program.start()
        wait_for(
            "profanity is listed",
            lambda: any(self._server.listed_devices(self._account).values()),
        )

    def look_at(self, place: str) -> None:
        self._place = place
        if place == ROOM:
            self._program.type(f"/win {place}")
        else:
            # In the window of a room, /msg takes a nickname
            self._program.type("/win 1")
            self._program.type(f"/msg {place}")
            # What is typed before is lost
            wait_for("it has our keys", lambda: self._program.can_write_to(place))

    def enter(self, room: str) -> None:
        self._place = room
        self._program.type(f"/join {room}")
        wait_for("it knows the room", lambda: self._program.knows_room(room))

    def say(self, text: str) -> None:
        self._program.type(text)

    def count(self, text: str) -> int:
        kept = [one for one in self._program.kept() if one.text == text]
        assert all(one.encryption == "omemo" for one in kept), kept
        return len(kept)

    def shown(self) -> list[str]:
        return [one.text for one in self._program.kept()]

    def correct(self, text: str) -> None:
        self._program.type(f"/correct {text}")

    def wait_for_correction(self, before: str, text: str) -> None:
        self.wait_for(text)
        (found,) = (one for one in self._program.kept() if one.text == text)
        assert found.replaces, found

    def send_file(self, path: Path) -> None:
        copy = self._folder / path.name
        copy.write_bytes(path.read_bytes())
        self._program.type(f"/sendfile {copy}")

    def wait_for_file(self, content: bytes) -> None:
        kept = self._program.kept
        link = self._links.wait_for_next(
            lambda: [one.text for one in kept() if one.sender != self.jid]
        )
        target = self._folder / "received.png"
        self._program.type(f"/url save {link} {target}")
        wait_for(
            "profanity has the file",
            lambda: target.exists() and target.read_bytes() == content,
        )
        target.unlink()

    def leave(self) -> None:
        self._program.quit()

    def come_back(self) -> None:
        self._program.start()
        if self._place != ROOM:
            self.look_at(self._place)

    def close(self) -> None:
        self._program.close()


def publish_empty_list(client: RawClient) -> None:
    """Give an account a list without a device, and end the client."""
    try:
        payload = f"<list xmlns='{LISTS_OF_0_3}'/>"
        request = publication(f"{LISTS_OF_0_3}.devicelist", "current", payload)
        assert client.set(request) is not None
    finally:
        client.close()


class SlixmppPeer(Peer):
    """A client with slixmpp-omemo."""

    name = "slixmpp-omemo"
    protocol = "0.3"
    without = MappingProxyType(
        {REACTIONS: TEXT_ALONE, CODE: "it is a library and shows nothing"}
    )
    prepared = (
        "Here it does not publish for OMEMO 2, as it does by itself: of a message in "
        "both it takes the element of OMEMO 2, which it cannot read "
        "(`slixmpp_omemo/xep_0384.py`, `decrypt_message`: “SCE not supported yet”)."
    )

    def __init__(self, scene: Scene) -> None:
        python = python_with_peers()
        account = scene.server.accounts["ben"]
        self._reader = scene.server.accounts["ann"].jid
        self._folder = scene.folder / "slixmpp"
        self._program = SlixmppOmemo(scene.server, account, self._folder, python)
        self.version = slixmpp_omemo_version(python)
        self.jid = account.jid
        self._place = ""
        self._links = Links()

    def start(self) -> None:
        self._program.start()
        self._program.tell("meet", jid=self._reader)

    def look_at(self, place: str) -> None:
        self._place = place

    def enter(self, room: str) -> None:
        self._program.tell("enter", room=room)
        self.look_at(room)

    def say(self, text: str) -> None:
        self._say(text)

    def _say(self, text: str, *, correct: bool = False) -> None:
        self._program.tell(
            "say",
            place=self._place,
            readers=[self._reader],
            text=text,
            correct=correct,
        )

    def count(self, text: str) -> int:
        return self.shown().count(text)

    def shown(self) -> list[str]:
        return [event["text"] for event in self._program.read]

    def correct(self, text: str) -> None:
        self._say(text, correct=True)

    def wait_for_correction(self, before: str, text: str) -> None:
        self.wait_for(text)
        (found,) = (event for event in self._program.read if event["text"] == text)
        assert found["replaces"], found

    def send_file(self, path: Path) -> None:
        self._program.tell("send_file", place=self._place, path=str(path))

    def wait_for_file(self, content: bytes) -> None:
        link = self._links.wait_for_next(
            lambda: [event["text"] for event in self._program.read]
        )
        target = self._folder / "received.png"
        self._program.tell("fetch_file", link=link, path=str(target))
        assert target.read_bytes() == content

    def leave(self) -> None:
        self._program.close()

    def come_back(self) -> None:
        self._program.start()

    def close(self) -> None:
        self._program.close()


class QXmppPeer(Peer):
    """A client with QXmpp, the library of Kaidan."""

    name = "QXmpp"
    protocol = "2"
    without = MappingProxyType({})
    corrects_encrypted = True
    prepared = (
        "In a room it takes the room for who wrote (`QXmppOmemoManager_p.cpp`, "
        "`decryptStanza`: the bare `from`); the client here tells it who has the "
        "nickname."
    )
    notes = (
        "files: it cannot open ours, for it takes the tag of AES-256-GCM at their end "
        "for a part of the file (`QXmppFileEncryption.cpp`, "
        "`DecryptionDevice::writeData`), and then the hash is wrong. The number is of "
        "those that it sent.",
        "restarts: after one it publishes a bundle without an identity key as soon as "
        "somebody begins a session with it (`QXmppOmemoManager.cpp`, `load` does not "
        "restore `deviceBundle`). Sessions that are there go on.",
    )

    def __init__(self, scene: Scene) -> None:
        root = qxmpp_root()
        account = scene.server.accounts["ben"]
        self._reader = scene.server.accounts["ann"].jid
        self._folder = scene.folder / "qxmpp"
        self._program = QXmppClient(scene.server, account, self._folder, root)
        self._files = 0
        self.version = qxmpp_version(root)
        self.jid = account.jid
        self._place = ""

    def start(self) -> None:
        self._program.start()
        self._program.tell("meet", jid=self._reader)

    def look_at(self, place: str) -> None:
        self._place = place

    def enter(self, room: str) -> None:
        self._program.tell("enter", room=room)
        self.look_at(room)

    def say(self, text: str) -> None:
        self._say(text)

    def _say(self, text: str, **more: Any) -> None:
        self._program.tell(
            "say",
            place=self._place,
            room=self._place == ROOM,
            readers=[self._reader],
            text=text,
            **more,
        )

    def count(self, text: str) -> int:
        assert text not in self._program.clear
        return self.shown().count(text)

    def shown(self) -> list[str]:
        return [event["text"] for event in self._program.read]

    def correct(self, text: str) -> None:
        self._say(text, correct=True)

    def wait_for_correction(self, before: str, text: str) -> None:
        self.wait_for(text)
        ids = {event["text"]: event["id"] for event in self._program.read}
        (found,) = (event for event in self._program.read if event["text"] == text)
        assert found["replaces"] == ids[before], found

    def react(self, text: str, emoji: str) -> None:
        ids = {event["text"]: event["id"] for event in self._program.read}
        self._say("", emoji=emoji, id=ids[text])

    def send_file(self, path: Path) -> None:
        copy = self._folder / path.name
        copy.write_bytes(path.read_bytes())
        self._program.tell(
            "send_file", place=self._place, readers=[self._reader], path=str(copy)
        )

    def wait_for_file(self, content: bytes) -> None:
        """
        The whole file and its tag come out of what QXmpp decrypts, and so it takes it
        for a wrong one. When it is mended this fails, and has to be changed.
        """

        def newest() -> bool:
            files = [event for event in self._program.read if "file" in event]
            return len(files) > self._files

        wait_for("QXmpp reads of a file", newest, PATIENCE)
        self._files += 1
        target = self._folder / "received.png"
        answer = self._program.tell("fetch_file", "fetched", path=str(target))
        got = target.read_bytes()
        assert got[: len(content)] == content
        mended = answer["verified"] or len(got) != len(content) + TAG
        assert not mended, "QXmpp can open our files now: say so in the table"

    def code(self) -> str:
        return str(self._program.tell("code", "code")["text"])

    def leave(self) -> None:
        self._program.tell("leave", "offline")

    def come_back(self) -> None:
        self._program.tell("come_back", "online")

    def restart(self) -> None:
        self._program.close()
        self._program.start()

    def close(self) -> None:
        self._program.close()


PEERS: dict[str, Callable[[Scene], Peer]] = {
    "built-in": lambda scene: GajimPeer(scene, "trixie", BUILT_IN, "Gajim's own OMEMO"),
    "gajim-omemo": lambda scene: GajimPeer(
        scene, "bookworm", GAJIM_OMEMO, "gajim-omemo"
    ),
    "profanity": ProfanityPeer,
    "profanity-forky": lambda scene: ProfanityPeer(scene, "forky"),
    "slixmpp-omemo": SlixmppPeer,
    "twomemo": TwomemoPeer,
    "qxmpp": QXmppPeer,
}
