# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user of Tails does, from the first start of Gajim on."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import tell
from tests.support.gajim import Gajim
from tests.support.prosody import XmppAccount
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.internet import DOMAIN
from tests.support.tails.station import Station
from tests.support.tails.tails import Tails

# The launcher's windows, and the exit code when it does not start Gajim.
NO_TOR = 'Tor is not ready'
NOT_KEPT = 'Nothing in Gajim will be kept'
REFUSED = 3


def test_first_session(station: Station, bob: Gajim, artefacts: Path) -> None:
    """No Tor, then Tor; three accounts by the wizard; everything encrypted.

    The second account is on the first one's server, though its domain's name does
    not say so; the third one is on an onion service.
    """
    net = station.internet
    accounts = [
        net.server.accounts[f'{name}-{station.suite}']
        for name in ('alice', 'office', 'onion')
    ]
    tails = station.boot()
    gajim = TailsGajim(tails)

    gajim.launch()
    tails.screen.wait_for(NO_TOR)
    tails.screen.picture(artefacts / 'refusal-without-tor.png')
    tails.screen.choose(NO_TOR, 1)
    assert gajim.wait_for_exit() == REFUSED
    assert tails.packet_count() == 0

    tails.connect_tor([net.server.domain, net.onion])
    gajim.launch()
    tails.screen.wait_for(NOT_KEPT)
    tails.screen.picture(artefacts / 'nothing-is-kept.png')
    tails.screen.choose(NOT_KEPT, 0)
    gajim.wait_until_running()
    tails.screen.picture(artefacts / 'first-start.png')
    for account in accounts:
        gajim.log_in(account)
        talk(gajim, bob)
    tails.screen.picture(artefacts / 'chat.png')

    users = [identity(gajim, account) for account in accounts]
    assert len(set(users)) == len(accounts)
    circuits = [tails.tor.control.circuits_of(user) for user in users]
    assert all(circuits)
    assert not circuits[0] & circuits[1], 'two accounts on one server are linked'
    gajim.quit()
    check_nothing_leaked(tails)


def talk(gajim: TailsGajim, bob: Gajim) -> None:
    """A message each way; nobody else can read them, and no log has them."""
    open_chats(gajim, bob)
    name = gajim.account.name
    rows = [*tell(gajim, [bob], f'from {name}'), *tell(bob, [gajim], f'to {name}')]
    log = gajim.log.read_text(errors='replace')
    for row in rows:
        assert not bob.server.leaks(row.text)
        assert row.text not in log
    assert not errors_of_our_plugin(log), errors_of_our_plugin(log)


def check_nothing_leaked(tails: Tails) -> None:
    """No packet and no DNS query but by Tor, and hosts by their names only."""
    counts = tails.counts()
    assert counts.clean, counts
    assert counts.socks > 0, 'nothing went through Tor either'
    assert tails.packet_count() > 100, 'nobody was looking'
    assert tails.strays() == []
    assert DOMAIN in tails.internet.names_asked(), 'no exit was asked for the name'
    streams = tails.streams()
    assert streams
    addresses = [stream.target for stream in streams if is_address(stream.host)]
    assert addresses == []
    # Those that took the way by the environment would have no name
    nameless = [stream.target for stream in streams if not stream.user]
    assert nameless == []


def identity(gajim: TailsGajim, account: XmppAccount) -> str:
    """The name by which an account's connections are known to Tor."""
    kind, host, user = gajim.call('proxy', account=gajim.names[account.jid])
    assert (kind, host) == ('socks5', '127.0.0.1:9050')
    return str(user)


def is_address(host: str) -> bool:
    """Whether it is an address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
