# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user of Tails does, from the first start of Gajim on."""

from __future__ import annotations

from pathlib import Path

from tests.support.gajim import Gajim
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.station import Station
from tests.support.tails.tails import Tails
from tests.tails.steps import check_nothing_leaked
from tests.tails.steps import exchange_files
from tests.tails.steps import identity
from tests.tails.steps import talk
from tests.tails.steps import talk_in_a_room

# The launcher's windows, and the exit code when it does not start Gajim.
NO_TOR = "Tor is not ready"
REFUSED = 3


def a_file_each(tails: Tails, bob: Gajim) -> tuple[Path, Path]:
    """Files to send: as the Tails sees it, and as Bob does."""
    inside, outside = Path("/home/amnesia/a-list.txt"), bob.home / "a-list.txt"
    for path in (tails.machine.files / str(inside).lstrip("/"), outside):
        path.write_text("what nobody else shall know\n" * 1000)
        path.chmod(0o644)
    return inside, outside


def test_first_session(station: Station, bob: Gajim, artefacts: Path) -> None:
    """No Tor, then Tor; three accounts by the wizard; everything encrypted.

    The second account is on the first one's server, though its domain's name does
    not say so; the third one is on an onion service.
    """
    net = station.internet
    accounts = [
        net.server.accounts[f"{name}-{station.suite}"]
        for name in ("alice", "office", "onion")
    ]
    tails = station.boot()
    tails.trust(net.server.certificate)
    gajim = TailsGajim(tails)

    gajim.launch()
    tails.screen.wait_for(NO_TOR)
    tails.screen.picture(artefacts / "refusal-without-tor.png")
    tails.screen.choose(NO_TOR, 1)
    assert gajim.wait_for_exit() == REFUSED
    assert tails.packet_count() == 0

    tails.connect_tor([net.server.domain, net.onion])
    gajim.start(artefacts)
    gajim.show_wizard()
    tails.screen.picture(artefacts / "first-start.png")
    for account in accounts:
        gajim.log_in(account)
        talk(gajim, bob)
    tails.screen.picture(artefacts / "chat.png")
    gajim.account = accounts[0]
    talk_in_a_room(gajim, bob)
    exchange_files(gajim, bob, *a_file_each(tails, bob))

    users = [identity(gajim, account) for account in accounts]
    assert len(set(users)) == len(accounts)
    circuits = [tails.tor.control.circuits_of(user) for user in users]
    assert all(circuits)
    assert not circuits[0] & circuits[1], "two accounts on one server are linked"
    gajim.quit()
    check_nothing_leaked(tails)
