# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One private Tor network for all tests, and a new Tails for each."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import make_artefact_folder
from tests.support.processes import end_on_signals
from tests.support.tails.internet import Internet
from tests.support.tails.machine import why_no_namespaces
from tests.support.tails.packages import build_packages
from tests.support.tails.root import tails_base
from tests.support.tails.station import Station

# The Debian of Tails 6 and that of Tails 7.
SUITES = ("bookworm", "trixie")
# Accounts at the server's name for each of them; every test has its own, because of
# the device lists.
NAMES = ("alice", "keeper", "drifter", "wanda", "walter", "newcomer")
# And one that goes from one to the other
UPGRADER = "upgrader"

_ARTEFACTS = pytest.StashKey[Path]()
_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder for logs and pictures once."""
    end_on_signals()
    config.stash[_ARTEFACTS] = make_artefact_folder()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever needs a Tails is done on both, unless its module names the suites."""
    if "suite" in metafunc.fixturenames:
        suites = getattr(metafunc.module, "SUITES", SUITES)
        metafunc.parametrize("suite", suites, scope="session")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the Debian roots now, where one sees that it takes a while."""
    needed = any("suite" in getattr(i, "fixturenames", ()) for i in session.items)
    capture = session.config.pluginmanager.getplugin("capturemanager")
    if session.config.option.collectonly or why_no_namespaces() or not needed:
        return
    with capture.global_and_fixture_disabled():
        for suite in SUITES:
            tails_base(suite)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where they are."""
    terminalreporter.write_line(f"Logs and pictures: {config.stash[_ARTEFACTS]}")


@pytest.hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]  # of pytest 7
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember a failure for the end of the test."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call":
        item.stash[_FAILED] = report.failed


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skip what needs namespaces where there are none."""
    reason = why_no_namespaces()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def artefacts(request: pytest.FixtureRequest) -> Path:
    """A folder for this test's pictures and logs; it stays."""
    title = re.sub(r"[^\w-]+", "-", request.node.name).strip("-")
    folder = request.config.stash[_ARTEFACTS] / title
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def internet(namespaces: None) -> Iterator[Internet]:
    """A Tor network, and a server behind an exit and as an onion service."""
    folder = Path(tempfile.mkdtemp(prefix="omemo-internet-"))
    folder.chmod(0o755)
    try:
        net = Internet(
            tails_base(SUITES[0]),
            folder,
            [
                "bob",
                UPGRADER,
                *(f"{name}-{suite}" for suite in SUITES for name in NAMES),
            ],
            [f"office-{suite}" for suite in SUITES],
            [f"onion-{suite}" for suite in SUITES],
        )
        try:
            net.wait_until_ready()
            yield net
        finally:
            net.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def packages(namespaces: None) -> Iterator[list[Path]]:
    """Our Debian packages, built once."""
    folder = Path(tempfile.mkdtemp(prefix="omemo-packages-"))
    try:
        yield build_packages(tails_base(SUITES[0]), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bare_station(
    request: pytest.FixtureRequest, internet: Internet, suite: str, artefacts: Path
) -> Iterator[Station]:
    """A computer with a Tails in which there is nothing of ours."""
    with Station(suite, internet) as computer:
        yield computer
        if request.node.stash.get(_FAILED, True):
            computer.keep_logs(artefacts)


@pytest.fixture
def station(bare_station: Station, packages: list[Path]) -> Station:
    """A computer with a Tails in which our packages are installed."""
    bare_station.install(packages)
    return bare_station


@pytest.fixture(scope="session")
def bob(request: pytest.FixtureRequest, internet: Internet) -> Iterator[Gajim]:
    """Somebody with an ordinary Gajim, who is not in Tails."""
    with internet.gajim("bob", request.config.stash[_ARTEFACTS]) as gajim:
        yield gajim
