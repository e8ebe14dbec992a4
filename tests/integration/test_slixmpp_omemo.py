# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A client with slixmpp-omemo from PyPI, by way of a real Prosody. On our side
are the engine, the stanzas, and a client that knows nothing of OMEMO.
"""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from slixmpp.clientxmpp import ClientXMPP
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.pep import device_list_node
from omemo_plugin.stanza.pep import parse_bundle
from omemo_plugin.stanza.pep import parse_device_list
from tests.support.servers.prosody import ADDRESS
from tests.support.servers.prosody import Prosody

LEGACY = Protocol.LEGACY
PUBSUB = "http://jabber.org/protocol/pubsub"
PROGRAM = Path(__file__).with_name("slixmpp_client.py")
VENV = Path(__file__).parents[2] / "tools" / "lib" / "venv"
OPEN = (
    '<publish-options><x xmlns="jabber:x:data" type="submit">'
    '<field var="FORM_TYPE" type="hidden">'
    f"<value>{PUBSUB}#publish-options</value></field>"
    '<field var="pubsub#access_model"><value>open</value></field>'
    "</x></publish-options>"
)


@pytest.fixture(scope="module")
def python() -> str:
    """That of the virtual environment with the peer."""
    done = subprocess.run(
        [str(VENV), "peers"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"slixmpp-omemo is not to be had: {done.stderr}"
    return f"{done.stdout.strip()}/bin/python"


class Ann:
    """A client with our engine, as far as this needs it."""

    def __init__(self, engine: OmemoEngine, password: str) -> None:
        self.engine = engine
        self.read: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.client = ClientXMPP(f"{engine.own_jid}/ann", password)
        handler = Callback("all", MatchXPath("{jabber:client}message"), self._message)
        self.client.register_handler(handler)

    async def connect(self, server: Prosody) -> None:
        self.client.ca_certs = server.certificate
        started = asyncio.Event()
        on_start: Callable[[Any], None] = lambda _event: started.set()  # noqa: E731
        self.client.add_event_handler("session_start", on_start)
        connect: Any = self.client.connect
        if "host" in inspect.signature(connect).parameters:
            connect(ADDRESS, server.c2s_port)
        else:
            # slixmpp before 1.9, in Debian 12
            connect((ADDRESS, server.c2s_port))
        await asyncio.wait_for(started.wait(), 20)
        self.client.send_presence()
        device_list = DeviceList(LEGACY, (ListedDevice(self.engine.device_id),))
        own_bundle = self.engine._core.prekeys[LEGACY].bundle()
        node = bundle_node(LEGACY, self.engine.device_id)
        await self._publish(node, build_bundle(own_bundle))
        await self._publish(device_list_node(LEGACY), build_device_list(device_list))

    async def _publish(self, node: str, payload: ET.Element) -> None:
        text = ET.tostring(payload, encoding="unicode")
        iq: Any = self.client.make_iq_set()
        iq.append(
            ET.fromstring(
                f'<pubsub xmlns="{PUBSUB}"><publish node="{node}">'
                f'<item id="current">{text}</item></publish>{OPEN}</pubsub>'
            )
        )
        await iq.send(timeout=20)

    async def _fetch(self, jid: str, node: str) -> ET.Element:
        iq: Any = self.client.make_iq_get(ito=jid)
        iq.append(
            ET.fromstring(f'<pubsub xmlns="{PUBSUB}"><items node="{node}"/></pubsub>')
        )
        answer = await iq.send(timeout=20)
        item: ET.Element = answer.xml.find(f".//{{{PUBSUB}}}item")
        return item[0]

    async def meet(self, jid: str) -> None:
        found = await self._fetch(jid, device_list_node(LEGACY))
        devices = parse_device_list(found, LEGACY)
        self.engine.keys.device_list_received(jid, devices)
        for number in devices.ids:
            found = await self._fetch(jid, bundle_node(LEGACY, number))
            bundle = parse_bundle(found, LEGACY)
            self.engine.keys.bundle_received(Device(jid, number), bundle)

    def say(self, jid: str, text: str) -> None:
        sent = self.engine.outgoing.encrypt([jid], {LEGACY: text.encode()})
        self.engine.flush()
        message = self.client.make_message(mto=jid, mtype="chat")
        for one in sent.messages:
            message.append(build_encrypted(one))
        message.send()

    def _message(self, stanza: Any) -> None:
        messages = find_encrypted(list(stanza.xml))
        if messages:
            result = self.engine.incoming.decrypt(stanza["from"].bare, messages)
            self.engine.commit()
            if result.plaintext is not None:
                self.read.put_nowait(result.plaintext)


async def talk(folder: Path, python: str, *, it_begins: bool) -> None:
    server = Prosody(folder / "server", ["ann", "cat"])
    server.start()
    engine = OmemoEngine.open(folder / "ann.db", "ann@localhost")
    ann = Ann(engine, server.accounts["ann"].password)
    peer = None
    try:
        await ann.connect(server)
        cat = server.accounts["cat"]
        begin = ["ann@localhost"] if it_begins else []
        peer = await asyncio.create_subprocess_exec(
            python, str(PROGRAM), cat.jid, cat.password, str(server.c2s_port),
            str(server.certificate), *begin,
            stdout=asyncio.subprocess.PIPE, cwd='/',
        )  # fmt: skip
        assert peer.stdout is not None
        ready = await asyncio.wait_for(peer.stdout.readline(), 40)
        assert ready == b"ready\n"
        if it_begins:
            assert await asyncio.wait_for(ann.read.get(), 20) == b"I begin"
        await ann.meet(cat.jid)
        for number in range(4):
            ann.say(cat.jid, f"message {number} \u2603")
            answer = await asyncio.wait_for(ann.read.get(), 20)
            assert answer == f"You said: message {number} \u2603".encode()
        assert not server.leaks("message 1")
        assert not server.leaks("I begin")
    finally:
        if peer is not None and peer.returncode is None:
            peer.kill()
            await peer.wait()
        ann.client.abort()
        engine.close()
        server.stop()


@pytest.mark.parametrize("it_begins", [False, True], ids=["we begin", "it begins"])
def test_both_directions(python: str, it_begins: bool) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        # The server runs as somebody else, who may not look into pytest's folders
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            loop.run_until_complete(talk(folder, python, it_begins=it_begins))
    finally:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
