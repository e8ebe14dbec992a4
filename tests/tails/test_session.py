# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a user of Tails, from the first start of Gajim on."""

from __future__ import annotations

import os
from pathlib import Path

from tails_integration.policy import FOLDER
from tests.support.gajim.program import DRIVER_NAME
from tests.support.gajim.program import OURS
from tests.support.gajim.program import Gajim
from tests.support.servers.hosts import SYSTEM_PLUGINS
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.root import USER_IDS
from tests.support.tails.station import Station
from tests.support.tails.tails import Tails
from tests.support.tails.trace import STRACE
from tests.tails.confinement import check_confined
from tests.tails.steps import check_nothing_leaked
from tests.tails.steps import exchange_files
from tests.tails.steps import identity
from tests.tails.steps import talk
from tests.tails.steps import talk_in_a_room

# The launcher's windows, and the exit code when it does not start Gajim.
NO_TOR = "Tor is not ready"
REFUSED = 3

TRACE = "/home/amnesia/trace"

PLUGINS = SYSTEM_PLUGINS.relative_to("/")


def check_plugins(station: Station, gajim: TailsGajim) -> None:
    """Only the policy's plugins are loaded, though Debian 12 installs others."""
    names = {path.name for path in (station.root.path / PLUGINS).iterdir()}
    if station.suite == "bookworm":
        assert names > {OURS, DRIVER_NAME}, names
    # The package takes the place of Debian's plugin
    assert "omemo" not in names, names
    known = gajim.plugins()
    assert set(known) == {OURS, DRIVER_NAME}, known
    assert all(plugin["active"] for plugin in known.values()), known


def a_file_each(tails: Tails, bob: Gajim) -> tuple[Path, Path]:
    """Files to send: as the Tails sees it, and as Bob does."""
    inside, outside = Path(FOLDER, "a-list.txt"), bob.home / "a-list.txt"
    for path in (tails.machine.files / str(inside).lstrip("/"), outside):
        path.write_text("what nobody else shall know\n" * 1000)
        path.chmod(0o644)
    os.chown(tails.machine.files / str(inside).lstrip("/"), *USER_IDS)
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
    # The second account's host is known to the DNS alone
    asking = tails.machine.run(
        ["tails-gajim", "servers", "ask"], USER_IDS, environment=tails.environment()
    )
    assert "through Tor" in asking.stdout
    gajim = TailsGajim(tails, [*STRACE, "--output", TRACE, "gajim"])
    gajim.start(artefacts)
    check_plugins(station, gajim)
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
    check_confined(tails, tails.machine.files / TRACE.lstrip("/"), artefacts)
