# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first day of somebody whose computer has a wrong clock, who has set no
administration password, and adds Gajim as Additional Software."""

from __future__ import annotations

import time
from pathlib import Path

from tests.support.gajim.program import Gajim
from tests.support.tails.gajim import NO_PASSWORD
from tests.support.tails.gajim import WARNING
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.station import Station
from tests.support.tails.tails import Tails
from tests.support.waiting import wait_for
from tests.tails.steps import check_nothing_leaked
from tests.tails.steps import talk
from tests.tails.test_session import NO_TOR
from tests.tails.test_session import REFUSED

HOUR = 3600


def clock(tails: Tails) -> float:
    """How far the clock of the Tails is ahead, in seconds."""
    return int(tails.machine.run(["date", "+%s"]).stdout) - time.time()


def test_a_first_day(
    bare_station: Station, packages: list[Path], bob: Gajim, artefacts: Path
) -> None:
    """With a clock of three days ago Tor cannot connect, and Gajim is not started. Set
    by hand, in the wrong time zone, it is good enough for Tor; and set right while
    Gajim is online, nothing changes."""
    net = bare_station.internet
    account = net.server.accounts[f"newcomer-{bare_station.suite}"]
    tails = bare_station.boot(bare_station.make_storage(), clock=-72 * HOUR)
    assert tails.clock is not None
    assert abs(clock(tails) + 72 * HOUR) < HOUR
    bare_station.add_software(packages)
    tails.tor.control.ask("SETCONF DisableNetwork=0")

    def complains() -> bool:
        return "clock" in (tails.folder / "tor.log").read_text(errors="replace").lower()

    wait_for("Tor says that the clock is wrong", complains)
    assert tails.tor.control.bootstrap() < 100
    gajim = TailsGajim(tails)
    gajim.launch()
    tails.screen.wait_for(NO_TOR)
    tails.screen.picture(artefacts / "wrong-clock.png")
    tails.screen.choose(NO_TOR, 1)
    assert gajim.wait_for_exit() == REFUSED

    tails.clock.set(2 * HOUR)
    wait_for("it is set", lambda: abs(clock(tails) - 2 * HOUR) < HOUR)
    tails.connect_tor([net.server.domain])
    gajim = TailsGajim(tails)
    # To keep the keys is refused without a password, and says so
    assert gajim.start(artefacts) == [WARNING, NO_PASSWORD]
    gajim.log_in(account)
    talk(gajim, bob)
    tails.clock.set(0)
    wait_for("Gajim sees it", lambda: abs(gajim.call("clock") - time.time()) < HOUR)
    talk(gajim, bob)
    tails.screen.picture(artefacts / "clock-set-right.png")
    gajim.quit()
    assert not any(net.server.listed_devices(account).values())
    check_nothing_leaked(tails)
