# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A program of its own, with nothing of the plugin in it: a client with
slixmpp-omemo that answers what it can read.

Arguments: JID, password, port, certificate, and if it shall begin: a JID.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from pathlib import Path
from typing import Any

from omemo.storage import Just
from omemo.storage import Nothing
from omemo.storage import Storage
from slixmpp.clientxmpp import ClientXMPP
from slixmpp.jid import JID
from slixmpp.plugins.base import register_plugin
from slixmpp_omemo import XEP_0384
from slixmpp_omemo import TrustLevel


class Memory(Storage):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    async def _load(self, key: str) -> Any:
        return Just(self.values[key]) if key in self.values else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self.values[key] = value

    async def _delete(self, key: str) -> None:
        self.values.pop(key, None)


class Omemo(XEP_0384):  # type: ignore[misc]
    def plugin_init(self) -> None:
        self._memory = Memory()
        super().plugin_init()

    @property
    def storage(self) -> Storage:
        return self._memory

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


register_plugin(Omemo)  # type: ignore[no-untyped-call]


class Client(ClientXMPP):
    def __init__(self, jid: str, password: str, begin: str | None) -> None:
        super().__init__(jid, password)
        self.begin = begin
        self.register_plugin("xep_0199")
        self.register_plugin("xep_0380")
        self.register_plugin("xep_0384", module=sys.modules[__name__])
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("omemo_initialized", self.on_omemo)
        self.register_handler_for_messages()

    def register_handler_for_messages(self) -> None:
        from slixmpp.xmlstream.handler import CoroutineCallback
        from slixmpp.xmlstream.matcher import MatchXPath

        self.register_handler(
            CoroutineCallback(
                "messages",
                MatchXPath(f"{{{self.default_ns}}}message"),
                self.on_message,
            )
        )

    async def on_start(self, _event: Any) -> None:
        self.send_presence()
        await self.get_roster()  # type: ignore[no-untyped-call]

    async def on_omemo(self, _event: Any) -> None:
        print("ready", flush=True)
        if self.begin is not None:
            # The event comes while the session manager is still being made
            omemo = self["xep_0384"]
            await omemo.get_session_manager()
            # With a subscription it relies on events, and none has come yet
            await omemo.refresh_device_lists({JID(self.begin)}, force_download=True)
            await self.say(self.begin, "I begin")

    async def say(self, to: str, text: str) -> None:
        stanza = self.make_message(mto=JID(to), mtype="chat")
        stanza["body"] = text
        omemo = self["xep_0384"]
        message, errors = await omemo.encrypt_message(stanza, {JID(to)})
        assert not errors, errors
        message.send()

    async def on_message(self, stanza: Any) -> None:
        omemo = self["xep_0384"]
        if stanza["type"] != "chat" or not omemo.is_encrypted(stanza):
            return
        message, _device = await omemo.decrypt_message(stanza)
        text = message["body"]
        print("read", text, flush=True)
        if text:
            await self.say(stanza["from"].bare, f"You said: {text}")


async def main() -> None:
    jid, password, port, certificate, *begin = sys.argv[1:]
    client = Client(jid, password, begin[0] if begin else None)
    client.ca_certs = Path(certificate)
    connect: Any = client.connect
    if "host" in inspect.signature(connect).parameters:
        connect("127.0.0.1", int(port))
    else:
        # slixmpp before 1.9, in Debian 12
        connect(("127.0.0.1", int(port)))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(main())
