# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that are there after a restart of Tails, and those that are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tails_integration.persistence.user import HELPER
from tests.support.gajim.program import Gajim
from tests.support.tails.gajim import WARNING
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.internet import Internet
from tests.support.tails.persistence import CONF
from tests.support.tails.persistence import PersistentStorage
from tests.support.tails.root import USER_IDS
from tests.support.tails.root import TailsRoot
from tests.support.tails.station import Station
from tests.support.tails.tails import Tails
from tests.support.waiting import wait_for
from tests.tails.conftest import SUITES as BOTH
from tests.tails.conftest import UPGRADER
from tests.tails.steps import check_nothing_leaked
from tests.tails.steps import talk


def boot(station: Station, storage: PersistentStorage | None = None) -> Tails:
    """Start Tails and connect to Tor."""
    tails = station.boot(storage)
    tails.connect_tor([station.internet.server.domain])
    return tails


def keep(tails: Tails) -> None:
    """Do what "Keep my keys" does; who is root needs no password."""
    tails.machine.run([HELPER, "enable"], environment={"PKEXEC_UID": "1000"})


def check_audit(tails: Tails) -> None:
    """Our own audit finds nothing to mend."""
    audit = tails.machine.run(
        ["tails-gajim", "check"], USER_IDS, environment=tails.environment(), check=False
    )
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_keys_outlive_a_pulled_plug_and_a_restart(
    station: Station, packages: list[Path], bob: Gajim
) -> None:
    """Also where Gajim's keys are there before our package is: Additional Software
    installs it after the login."""
    account = station.internet.server.accounts[f"keeper-{station.suite}"]
    storage = station.make_storage()
    tails = boot(station, storage)
    keep(tails)
    kept = storage.lines
    assert len(kept) == 3
    assert (storage.folder / CONF).stat().st_mode & 0o777 == 0o600
    gajim = TailsGajim(tails)
    assert gajim.start() == [], "it warned, though everything is kept"
    gajim.log_in(account)
    shown = [talk(gajim, bob)]
    check_audit(tails)
    devices = station.internet.server.listed_devices(account)
    assert [len(ids) for ids in devices.values()] == [1, 1]
    # The plug is pulled here; the second session ends as it should
    for additional in (False, True):
        if additional:
            station.forget_software()
        gajim = TailsGajim(boot(station, storage))
        if additional:
            station.add_software(packages)
        assert gajim.start() == []
        gajim.go_online(account)
        shown.append(talk(gajim, bob))
        check_nothing_leaked(gajim.tails)
        check_audit(gajim.tails)
        gajim.quit()

    keys = [[row.key for row in rows] for rows in shown]
    trusts = [[row.trust for row in rows] for rows in shown]
    assert keys == [keys[0]] * 3
    assert trusts == [trusts[0]] * 3
    assert station.internet.server.listed_devices(account) == devices
    for row in (row for rows in shown for row in rows):
        assert storage.files_with(row.text) == []
    assert storage.lines == kept
    assert storage.files_with(account.jid), "the search would find nothing at all"


def test_after_an_upgrade_it_is_the_same_device(
    internet: Internet,
    installed: Callable[[str], TailsRoot],
    bob: Gajim,
    artefacts: Path,
) -> None:
    """The keys of Tails 6 are there in Tails 7, with another Gajim."""
    account = internet.server.accounts[UPGRADER]
    six, seven = BOTH
    shown = []
    with (
        Station(six, internet, installed(six)) as old,
        Station(seven, internet, installed(seven)) as new,
    ):
        storage = old.make_storage()
        tails = boot(old, storage)
        keep(tails)
        gajim = TailsGajim(tails)
        assert gajim.start() == []
        gajim.log_in(account)
        shown.append(talk(gajim, bob))
        devices = internet.server.listed_devices(account)
        gajim.quit()
        old.switch_off()

        gajim = TailsGajim(boot(new, storage))
        assert gajim.start() == []
        gajim.go_online(account)
        shown.append(talk(gajim, bob))
        gajim.picture(artefacts / "after-the-upgrade.png")
        check_nothing_leaked(gajim.tails)
        check_audit(gajim.tails)
        gajim.quit()
    before, after = [[(row.key, row.trust) for row in rows] for rows in shown]
    assert before == after
    assert internet.server.listed_devices(account) == devices


def test_three_amnesic_sessions_leave_no_device(station: Station, bob: Gajim) -> None:
    """Each is unplugged, and the next one tidies up; the last one ends as it should."""
    server = station.internet.server
    account = server.accounts[f"drifter-{station.suite}"]

    def listed() -> set[str]:
        lists = server.listed_devices(account)
        return set().union(*lists.values())

    def is_alone() -> bool:
        return len(listed()) == 1 and not listed() & gone

    gone: set[str] = set()
    for unplugged in (True, True, True, False):
        gajim = TailsGajim(boot(station))
        assert gajim.start() == [WARNING]
        gajim.log_in(account)
        # An unplugged one is asked first whether it lives
        wait_for("only this device is listed", is_alone, 60)
        gone |= listed()
        talk(gajim, bob)
        if not unplugged:
            gajim.quit()
            assert listed() == set()
