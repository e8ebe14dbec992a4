# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of XEP-0448, from and to a program of OMEMO 2 that knows no aesgcm links."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from omemo_plugin.bridge.files.links import is_valid
from omemo_plugin.bridge.files.links import parse_link
from omemo_plugin.engine.values import Protocol
from omemo_plugin.media.files import DecryptedFile
from omemo_plugin.stanza.file_sharing import FILE_SHARING
from omemo_plugin.stanza.file_sharing import parse_file_sharing
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.e2e.test_downloads import DAMAGED
from tests.e2e.test_downloads import files
from tests.e2e.test_downloads import opened
from tests.e2e.test_downloads import says
from tests.e2e.test_files import draw
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import Row
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import BODY
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.file_server import FileServer
from tests.support.servers.file_server import content
from tests.support.shared_files import CBC_256
from tests.support.shared_files import GCM_128
from tests.support.shared_files import GCM_256
from tests.support.shared_files import encrypt
from tests.support.shared_files import file_sharing
from tests.support.shared_files import source
from tests.support.waiting import wait_for

NAME = "the-hidden-entrance.png"


class Sender:
    """Sends what QXmpp sends, from another account."""

    def __init__(self, peer: OmemoPeer, server: FileServer, reader: Gajim) -> None:
        self.peer = peer
        self.server = server
        self.reader = reader

    def put(self, path: str, data: bytes) -> str:
        """Give a file to the server, and return its address."""
        self.server.answers[f"/{path}"] = content(data)
        return f"{self.server.url}/{path}"

    def send(self, *elements: str, text: str = "") -> None:
        jid = self.reader.account.jid
        shared = [ElementTree.fromstring(one) for one in elements]
        # The word makes sure that there is something to look at
        messages = self.peer.encrypt(text, jid, content=shared)
        self.peer.client.send(self.peer.stanza(jid, self.peer.encrypted(messages)))

    def wait_for_row(self, name: str) -> Row:
        """The row of a file of this name."""

        def found() -> Row | None:
            rows = [row for row in self.reader.messages() if is_valid(row.text)]
            named = [row for row in rows if parse_link(row.text).name == name]
            return named[0] if named else None

        return wait_for(f"{name} is a row", found)

    def wait_for_file(self, plain: bytes) -> Path:
        def found() -> Path | None:
            here = [one for one in opened(self.reader) if one.read_bytes() == plain]
            return here[0] if here else None

        return wait_for("the file has arrived", found)


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_files_of_a_program_of_omemo_2(
    new_scene: Callable[..., Scene], tmp_path: Path, suite: str
) -> None:
    scene = new_scene("alice", "bob")
    key = scene.server.folder / "key.pem"
    alice = scene.gajim(suite, "alice", OURS, trusts_server=True)
    alice.launch()
    bob = OmemoPeer(
        scene.server,
        scene.server.accounts["bob"],
        scene.folder / "bob",
        (Protocol.OMEMO_2,),
    )
    try:
        with FileServer(scene.server.certificate, key) as server:
            alice.wait_until_online()
            alice.open_chat(bob.jid, "OMEMO")
            sender = Sender(bob, server, alice)
            bob.say(alice.account.jid, text := secret("before"))
            check_encrypted(alice, alice.wait_for_message(text))
            check_a_picture(sender, draw(tmp_path / "picture.png"))
            check_each_cipher(sender)
            check_beside_a_text(sender)
            check_damaged(sender)
            alice.screenshot(f"shared-files-{suite}")
            check_kept(sender)
        check_sent(scene, alice, bob, tmp_path)
        check_scene(scene)
    finally:
        bob.close()


def check_a_picture(sender: Sender, plain: bytes) -> None:
    """The first place does not have it; the name of the second says nothing."""
    missing = f"{sender.server.url}/gone"
    place = sender.put("k3Zq", encrypt(plain))
    shared = file_sharing(plain, source(missing, place), name=NAME, kind="image/png")
    fallback = (
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:sfs:0"><body/></fallback>'
    )
    oob = f'<x xmlns="jabber:x:oob"><url>{missing}</url></x>'
    sender.send(oob, shared, fallback, text=missing)
    row = sender.wait_for_row(NAME)
    check_encrypted(sender.reader, row)
    path = sender.wait_for_file(plain)
    assert path.name.startswith("the-hidden-entrance")
    assert path.suffix == ".png"
    assert path.stat().st_mode & 0o777 == 0o600
    assert sender.server.requests[:2] == ["/gone", "/k3Zq"]
    wait_for("it is to be seen", lambda: sender.reader.call("shows_picture"))
    assert missing not in [one.text for one in sender.reader.messages()]


def check_each_cipher(sender: Sender) -> None:
    for number, cipher in enumerate((CBC_256, GCM_256, GCM_128)):
        plain = f"file {number}".encode() * 5000
        place = sender.put(f"each{number}", encrypt(plain, cipher))
        name = f"each-{number}.png"
        sender.send(file_sharing(plain, source(place, cipher=cipher), name=name))
        check_encrypted(sender.reader, sender.wait_for_row(name))
        assert sender.wait_for_file(plain).name.startswith(f"each-{number}")


def check_beside_a_text(sender: Sender) -> None:
    """All of the text stays, though a wrong range says that it does not count."""
    text = secret("🐢 see here")
    plain = b"beside a text"
    shared = file_sharing(plain, source(sender.put("beside", encrypt(plain))))
    fallback = (
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:sfs:0">'
        '<body start="0" end="4"/></fallback>'
    )
    sender.send(shared, fallback, text=text)

    def found() -> list[Row]:
        rows = sender.reader.messages()
        return [row for row in rows if row.text.startswith(f"{text}\naesgcm://")]

    (row,) = wait_for("the text and the link are one row", found)
    check_encrypted(sender.reader, row)


def check_damaged(sender: Sender) -> None:
    """Nothing proves CBC but the hash: the last byte of the text has changed."""
    before = files(sender.reader)
    plain = bytes(1000)
    data = bytearray(encrypt(plain))
    data[-17] ^= 1
    place = sender.put("damaged", bytes(data))
    sender.send(file_sharing(plain, source(place), name="damaged.png"))
    wait_for("the damage is told", lambda: says(sender.reader, DAMAGED))
    assert files(sender.reader) == before


def check_kept(sender: Sender) -> None:
    """What Gajim keeps of a message is enough to open its file later."""
    reader = sender.reader
    for path in opened(reader):
        path.unlink()
    asked = len(sender.server.requests)
    reader.restart()
    reader.wait_until_online()
    reader.open_chat(sender.peer.jid, "OMEMO")
    wait_for("it is asked for again", lambda: len(sender.server.requests) > asked)
    wait_for("a file has arrived", lambda: opened(reader))


def check_sent(scene: Scene, alice: Gajim, bob: OmemoPeer, folder: Path) -> None:
    """The envelope names and proves what was uploaded, once; nothing else does."""
    plain = draw(folder / NAME)
    alice.send_file(bob.jid, str(alice.offer(folder / NAME)))

    def found() -> list[ElementTree.Element]:
        bob.read()
        return [
            element
            for content in bob.contents
            for element in content
            if element.tag == FILE_SHARING
        ]

    (element,) = wait_for("the file is in an envelope", found)
    file = parse_file_sharing(element)
    assert file.name == NAME
    assert file.size == len(plain)
    assert [one.algorithm for one in file.hashes] == ["sha-256"]
    (place,) = file.sources
    (link,) = [
        body.text
        for content in bob.contents
        if element in content
        for body in content
        if body.tag == BODY
    ]
    assert parse_link(str(link)).sources == (place,)
    context = ssl.create_default_context(cafile=str(scene.server.certificate))
    with urllib.request.urlopen(place.url, context=context) as answer:  # noqa: S310 - it is https
        data = answer.read()
    target = folder / "of-bob"
    target.mkdir()
    with DecryptedFile(target, file.name, place, file, most=len(plain)) as opener:
        opener.write(data)
        assert opener.finish().read_bytes() == plain
    assert not scene.server.leaks(NAME)
    assert not scene.server.leaks(place.key.hex())
    assert place.key.hex() not in alice.log.read_text(errors="replace")
