# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that several tests of Tails share."""

from __future__ import annotations

import ipaddress
import itertools

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import Row
from tests.support.servers.prosody import XmppAccount
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.internet import DOMAIN
from tests.support.tails.tails import Tails

_rooms = itertools.count(1)


def talk(gajim: TailsGajim, bob: Gajim) -> list[Row]:
    """A message each way; nobody else can read them, and no log has them.

    :returns: how the Tails shows the sent one, and how the received one
    """
    open_chats(gajim, bob)
    name = gajim.account.name
    rows = [
        tell(gajim, [bob], f"from {name}")[0],
        tell(bob, [gajim], f"to {name}")[1],
    ]
    log = gajim.log.read_text(errors="replace")
    for row in rows:
        assert not bob.server.leaks(row.text)
        assert row.text not in log
    assert not errors_of_our_plugin(log), errors_of_our_plugin(log)
    return rows


def talk_in_a_room(gajim: TailsGajim, bob: Gajim) -> None:
    """In a private room that the Tails makes, each way."""
    # A new one each time: a test that was too late is tried once more
    room = f"{gajim.account.name}-{next(_rooms)}@rooms.{DOMAIN}"
    gajim.create_room(room)
    gajim.set_affiliation(room, bob.account.jid, "member")
    bob.join_room(room)
    for one in (gajim, bob):
        one.open_room(room, "OMEMO")
    for sender in (gajim, bob):
        text = secret(f"in the room from {sender.name}")
        sender.send(text)
        for reader in (gajim, bob):
            check_encrypted(reader, reader.wait_for_message(text))
        assert not bob.server.leaks(text)


def check_nothing_leaked(tails: Tails) -> None:
    """No packet and no DNS query but by Tor, and hosts by their names only."""
    counts = tails.counts()
    assert counts.clean, counts
    assert counts.socks > 0, "nothing went through Tor either"
    assert tails.packet_count() > 100, "nobody was looking"
    assert tails.strays() == []
    assert DOMAIN in tails.internet.names_asked(), "no exit was asked for the name"
    streams = tails.streams()
    assert streams
    addresses = [stream.target for stream in streams if is_address(stream.host)]
    assert addresses == []
    # Those that took the way by the environment would have no name
    nameless = [stream.target for stream in streams if not stream.user]
    assert nameless == []


def identity(gajim: TailsGajim, account: XmppAccount) -> str:
    """The name by which an account's connections are known to Tor."""
    kind, host, user = gajim.call("proxy", account=gajim.names[account.jid])
    assert (kind, host) == ("socks5", "127.0.0.1:9050")
    return str(user)


def is_address(host: str) -> bool:
    """Whether it is an address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
