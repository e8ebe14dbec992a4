# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A client with slixmpp-omemo, with nothing of the plugin in it, that does what it is
told and says what it reads.

Arguments: the number of a socket, JID, password, port, certificate, the file its keys
are kept in, and "0.3" if it shall have nothing to do with OMEMO 2. Both sides of the
socket write a JSON object a line.
"""

from __future__ import annotations

import asyncio
import io
import json
import socket
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from omemo.session_manager import SessionManager
from omemo.storage import Just
from omemo.storage import Nothing
from omemo.storage import Storage
from slixmpp.clientxmpp import ClientXMPP
from slixmpp.jid import JID
from slixmpp.plugins.base import register_plugin
from slixmpp.plugins.xep_0454 import XEP_0454
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import MatchXPath
from slixmpp_omemo import XEP_0384
from slixmpp_omemo import TrustLevel

OMEMO_2 = "urn:xmpp:omemo:2"
UPLOAD = "urn:xmpp:http:upload:0"
KEYS = Path(sys.argv[6])


class File(Storage):
    """Keys in a file that is written anew for each change."""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, Any] = {}
        if KEYS.exists():
            self._values = json.loads(KEYS.read_text())

    async def _load(self, key: str) -> Any:
        return Just(self._values[key]) if key in self._values else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self._values[key] = value
        self._write()

    async def _delete(self, key: str) -> None:
        self._values.pop(key, None)
        self._write()

    def _write(self) -> None:
        new = KEYS.with_suffix(".new")
        new.write_text(json.dumps(self._values))
        new.replace(KEYS)


class Omemo(XEP_0384):  # type: ignore[misc]
    def plugin_init(self) -> None:
        self._file = File()
        super().plugin_init()

    @property
    def storage(self) -> Storage:
        return self._file

    @property
    def _btbv_enabled(self) -> bool:
        return True

    async def _devices_blindly_trusted(self, *arguments: Any) -> None:
        pass

    async def _prompt_manual_trust(self, manually: Any, identifier: Any) -> None:
        manager = await self.get_session_manager()
        for device in manually:
            await manager.set_trust(
                device.bare_jid, device.identity_key, TrustLevel.TRUSTED.value
            )


def hide_omemo_2() -> None:
    """Publish nothing for OMEMO 2; slixmpp-omemo has no setting for it."""
    create = SessionManager.create.__func__  # type: ignore[attr-defined]

    async def create_hidden(cls: Any, *arguments: Any, **named: Any) -> Any:
        publish_bundle, publish_list = cls._upload_bundle, cls._upload_device_list

        async def bundle(one: Any) -> None:
            if one.namespace != OMEMO_2:
                await publish_bundle(one)

        async def device_list(namespace: str, devices: Any) -> None:
            if namespace != OMEMO_2:
                await publish_list(namespace, devices)

        cls._upload_bundle = staticmethod(bundle)
        cls._upload_device_list = staticmethod(device_list)
        return await create(cls, *arguments, **named)

    SessionManager.create = classmethod(create_hidden)  # type: ignore[assignment]


register_plugin(Omemo)  # type: ignore[no-untyped-call]


class Client(ClientXMPP):
    def __init__(self, jid: str, password: str, lines: asyncio.StreamWriter) -> None:
        super().__init__(jid, password)
        self._lines = lines
        self._last_id = ""
        for plugin in ("xep_0199", "xep_0380", "xep_0045", "xep_0308"):
            self.register_plugin(plugin)
        self.register_plugin("xep_0384", module=sys.modules[__name__])
        self.add_event_handler("session_start", self._on_start)
        self.add_event_handler("omemo_initialized", self._on_omemo)
        self.register_handler(
            CoroutineCallback(
                "messages", MatchXPath("{jabber:client}message"), self._on_message
            )
        )

    def _tell(self, **event: Any) -> None:
        self._lines.write(json.dumps(event).encode() + b"\n")

    async def _on_start(self, _event: Any) -> None:
        self.send_presence()
        await self.get_roster()  # type: ignore[no-untyped-call]

    async def _on_omemo(self, _event: Any) -> None:
        # The event comes while the session manager is still being made
        await self["xep_0384"].get_session_manager()
        self._tell(event="ready")

    async def _on_message(self, stanza: Any) -> None:
        omemo = self["xep_0384"]
        if stanza["type"] not in ("chat", "groupchat") or not omemo.is_encrypted(
            stanza
        ):
            if stanza["body"]:
                self._tell(event="clear", text=stanza["body"])
            return
        if stanza["type"] == "groupchat" and stanza["from"].resource == self._nick:
            return
        try:
            message, _device = await omemo.decrypt_message(stanza)
        except Exception as error:
            self._tell(event="unread", why=repr(error))
            return
        self._tell(
            event="read", text=message["body"], replaces=message["replace"]["id"]
        )

    @property
    def _nick(self) -> str:
        return str(self.boundjid.user)

    # -- what it is told

    async def meet(self, jid: str) -> None:
        # With a subscription it relies on events
        await self["xep_0384"].refresh_device_lists({JID(jid)}, force_download=True)

    async def enter(self, room: str) -> None:
        await self["xep_0045"].join_muc_wait(JID(room), self._nick)

    async def say(
        self, place: str, readers: list[str], text: str, correct: bool = False
    ) -> None:
        kind = "groupchat" if readers != [place] else "chat"
        stanza = self.make_message(mto=JID(place), mtype=kind)  # type: ignore[arg-type]
        stanza["body"] = text
        if correct:
            stanza["replace"]["id"] = self._last_id
        omemo = self["xep_0384"]
        sent = await omemo.encrypt_message(stanza, {JID(jid) for jid in readers})
        message, errors = sent
        assert not errors, errors
        if correct:
            message["replace"]["id"] = self._last_id
        else:
            self._last_id = message["id"]
        message.send()

    async def send_file(self, place: str, path: str) -> None:
        with Path(path).open("rb") as file:
            data, fragment = XEP_0454.encrypt(file)
        iq: Any = self.make_iq_get(ito=JID(f"files.{self.boundjid.host}"))
        words = {"filename": Path(path).name, "size": str(len(data))}
        iq.append(ElementTree.Element(f"{{{UPLOAD}}}request", words))
        slot = (await iq.send()).xml.find(f"{{{UPLOAD}}}slot")
        put = slot.find(f"{{{UPLOAD}}}put")
        headers = {one.get("name"): one.text for one in put}
        await asyncio.to_thread(fetch, put.get("url"), data, headers)
        link = XEP_0454.format_url(slot.find(f"{{{UPLOAD}}}get").get("url"), fragment)
        await self.say(place, [place], link)

    async def fetch_file(self, link: str, path: str) -> None:
        address, _, fragment = link.partition("#")
        data = await asyncio.to_thread(fetch, address.replace("aesgcm:", "https:", 1))
        Path(path).write_bytes(XEP_0454.decrypt(io.BytesIO(data), fragment))

    async def obey(self, lines: asyncio.StreamReader) -> None:
        """Do all that the other side of the socket wants, one after the other."""
        while line := await lines.readline():
            order = json.loads(line)
            name = order.pop("order")
            try:
                await getattr(self, name)(**order)
            except Exception as error:
                self._tell(event="failed", why=repr(error))
            else:
                self._tell(event="done")


def fetch(
    address: str, data: bytes | None = None, headers: dict[str, str] | None = None
) -> bytes:
    """Get a file from the server of the test, or put one there."""
    assert address.startswith("https:")
    method = "GET" if data is None else "PUT"
    request = urllib.request.Request(  # noqa: S310 - it is https
        address, data, headers or {}, method=method
    )
    context = ssl.create_default_context(cafile=sys.argv[5])
    with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310
        return bytes(answer.read())


async def main() -> None:
    number, jid, password, port, certificate, _keys, *only = sys.argv[1:]
    if only:
        hide_omemo_2()
    reader, writer = await asyncio.open_connection(
        sock=socket.socket(fileno=int(number))
    )
    client = Client(jid, password, writer)
    client.ca_certs = Path(certificate)
    # slixmpp as Debian 12 has it
    connect: Any = client.connect
    connect(("127.0.0.1", int(port)))
    await client.obey(reader)


if __name__ == "__main__":
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(main())
