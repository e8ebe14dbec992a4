# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that sends what it is told, and keeps what it gets."""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import itertools
import queue
import threading
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from typing import TypeVar
from xml.etree import ElementTree as ET

from slixmpp.clientxmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from ..servers.prosody import ADDRESS
from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount

T = TypeVar("T")

TIMEOUT = 60.0

_numbers = itertools.count(1)

# setns(2): a network namespace
_CLONE_NEWNET = 0x40000000


def _enter(network: Path) -> None:
    """Have the sockets that this thread will make in a network (as root)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with network.open() as file:
        if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {network}")


def _keep(kept: queue.Queue[ET.Element], stanza: Any) -> None:
    kept.put(stanza.xml)


class RawClient:
    """One connection of one account, in a thread of its own.

    All methods are for the thread that made it.
    """

    def __init__(self, server: Prosody, account: XmppAccount) -> None:
        """Connect, and become available."""
        self.messages: queue.Queue[ET.Element] = queue.Queue()
        self.presences: queue.Queue[ET.Element] = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._network = server.network
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._client: Any = None
        self._call(self._connect(server, account))

    def _run(self) -> None:
        if self._network is not None:
            _enter(self._network)
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(TIMEOUT)

    async def _connect(self, server: Prosody, account: XmppAccount) -> None:
        client: Any = ClientXMPP(
            f"{account.jid}/raw-{next(_numbers)}", account.password
        )
        self._client = client
        for name, kept in (("message", self.messages), ("presence", self.presences)):
            path = MatchXPath(f"{{jabber:client}}{name}")
            keep = partial(_keep, kept)
            client.register_handler(Callback(f"all of {name}", path, keep))
        client.ca_certs = str(server.certificate)
        started = asyncio.Event()
        on_start: Callable[[Any], None] = lambda _event: started.set()  # noqa: E731
        client.add_event_handler("session_start", on_start)
        if "host" in inspect.signature(client.connect).parameters:
            client.connect(ADDRESS, server.c2s_port)
        else:
            # slixmpp before 1.9, in Debian 12
            client.connect((ADDRESS, server.c2s_port))
        await asyncio.wait_for(started.wait(), TIMEOUT)
        client.send_presence()

    def close(self) -> None:
        """End the connection."""
        self._call(self._abort())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT)

    async def _abort(self) -> None:
        self._client.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def send(self, *stanzas: str) -> None:
        """Send stanzas as they are, one right after the other."""
        self._call(self._send(stanzas))

    async def _send(self, stanzas: tuple[str, ...]) -> None:
        for stanza in stanzas:
            self._client.send_raw(stanza)

    def get(self, content: str, to: str | None = None) -> ET.Element | None:
        """Ask for something; None if that is refused."""
        return self._call(self._request("get", content, to))

    def set(self, content: str, to: str | None = None) -> ET.Element | None:
        """Have something done; None if that is refused."""
        return self._call(self._request("set", content, to))

    def set_all(self, contents: Iterable[str]) -> bool:
        """Have several things done without waiting in between; whether all were."""
        return self._call(self._request_all(list(contents)))

    async def _request_all(self, contents: list[str]) -> bool:
        answers = await asyncio.gather(
            *(self._request("set", content, None) for content in contents)
        )
        return None not in answers

    async def _request(
        self, kind: str, content: str, to: str | None
    ) -> ET.Element | None:
        request = self._client.make_iq(f"raw-{next(_numbers)}", itype=kind, ito=to)
        request.append(ET.fromstring(content))
        try:
            answer = await request.send(timeout=TIMEOUT)
        except IqError:
            return None
        found: ET.Element = answer.xml
        return found
