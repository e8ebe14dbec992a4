# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One private Tor network for all tests of a worker, and a new Tails for each."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import ARTEFACTS_VARIABLE
from tests.support.gajim.scene import make_artefact_folder
from tests.support.parallel import SceneScheduling
from tests.support.parallel import is_worker
from tests.support.parallel import longest_first
from tests.support.processes import end_on_signals
from tests.support.tails.internet import Beside
from tests.support.tails.internet import Internet
from tests.support.tails.machine import why_no_namespaces
from tests.support.tails.packages import build_packages
from tests.support.tails.root import TailsRoot
from tests.support.tails.root import tails_base
from tests.support.tails.station import Station
from tests.support.tails.station import bare_root
from tests.support.tails.station import install

# The Debian of Tails 6 and that of Tails 7.
SUITES = ("bookworm", "trixie")
# Accounts at the server's name for each of them; every test has its own, because of
# the device lists.
NAMES = ("alice", "keeper", "drifter", "wanda", "walter", "newcomer")
# And one that goes from one to the other
UPGRADER = "upgrader"

# Modules whose tests share a machine
SHARED = ("test_kept",)
# Until there is a Tor network, there is time for what needs none; then what takes
# longest
ORDER = (
    "test_kept",
    "test_desktop",
    "test_packages",
    "test_session",
    "test_storage",
    "test_wayland",
    "test_newcomer",
)

# Where the workers find the packages that the first of them has built
_PACKAGES_VARIABLE = "OMEMO_TEST_PACKAGES"

_ARTEFACTS = pytest.StashKey[Path]()
_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folders for logs, pictures and packages once, for the workers too."""
    end_on_signals()
    folder = make_artefact_folder()
    os.environ[ARTEFACTS_VARIABLE] = str(folder)
    config.stash[_ARTEFACTS] = folder
    if not is_worker(config):
        packages = tempfile.mkdtemp(prefix="omemo-packages-")
        os.environ[_PACKAGES_VARIABLE] = packages


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what only this run has a use for."""
    if not is_worker(config):
        shutil.rmtree(os.environ.pop(_PACKAGES_VARIABLE, ""), ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever needs a Tails is done on both, unless its module names the suites."""
    if "suite" in metafunc.fixturenames:
        suites = getattr(metafunc.module, "SUITES", SUITES)
        metafunc.parametrize("suite", suites, scope="session")


@pytest.hookimpl(trylast=True)  # type: ignore[untyped-decorator]  # of pytest 7
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what can be done at once, and go on with what takes longest."""
    longest_first(items, ORDER)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the Debian roots now, where one sees that it takes a while."""
    if session.config.option.collectonly or is_worker(session.config):
        return
    make_roots(session.config, [item.nodeid for item in session.items])


@pytest.hookimpl(optionalhook=True)  # type: ignore[untyped-decorator]  # of pytest 7
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """Do the same before the workers begin."""
    make_roots(node.config, ids)


@pytest.hookimpl(optionalhook=True)  # type: ignore[untyped-decorator]  # of pytest 7
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SceneScheduling:
    """Hand out the tests one by one, but those that share a machine together."""
    scheduling = SceneScheduling(config, log)
    scheduling.shared = SHARED
    return scheduling


def make_roots(config: pytest.Config, ids: Iterable[str]) -> None:
    """Make the Debian roots of both Tails, if one of these tests needs one."""
    needed = any(suite in test for test in ids for suite in SUITES)
    capture = config.pluginmanager.getplugin("capturemanager")
    if why_no_namespaces() or not needed or capture is None:
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
def young_internet(namespaces: None) -> Iterator[Beside[Internet]]:
    """A Tor network, and a server behind an exit and as an onion service. It takes
    half a minute until they can be used, in which something else can be done."""
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

        def grow_up() -> Internet:
            net.wait_until_ready()
            return net

        try:
            yield Beside(grow_up)
        finally:
            net.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def begin_early(request: pytest.FixtureRequest) -> None:
    """Start the Tor network, and build the packages, before the tests that do without
    them."""
    items = request.session.items
    needed = {name for item in items for name in getattr(item, "fixturenames", ())}
    if why_no_namespaces():
        return
    for name in ("internet", "packages"):
        if name in needed:
            request.getfixturevalue(f"young_{name}")


@pytest.fixture(scope="session")
def internet(young_internet: Beside[Internet]) -> Internet:
    """The Tor network and the server, when they can be used."""
    return young_internet.result()


@pytest.fixture(scope="session")
def young_packages(namespaces: None) -> Beside[list[Path]]:
    """Our Debian packages, which one of the workers builds."""
    folder = Path(os.environ[_PACKAGES_VARIABLE])

    def build() -> list[Path]:
        built = folder / "built"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not built.exists():
                fresh = folder / "fresh"
                shutil.rmtree(fresh, ignore_errors=True)
                fresh.mkdir()
                build_packages(tails_base(SUITES[0]), fresh)
                fresh.rename(built)
        return sorted(built.glob("*.deb"))

    return Beside(build)


@pytest.fixture(scope="session")
def packages(young_packages: Beside[list[Path]]) -> list[Path]:
    """Our Debian packages, when they are built."""
    return young_packages.result()


@pytest.fixture(scope="session")
def installed(
    internet: Internet, packages: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], TailsRoot]]:
    """Returns the Tails of a suite in which our packages are installed; it is made
    once, and nothing runs in it."""
    begun: list[TailsRoot] = []
    complete: dict[str, TailsRoot] = {}

    def find(suite: str) -> TailsRoot:
        if suite not in complete:
            root = bare_root(suite, internet)
            begun.append(root)
            install(root, packages, tmp_path_factory.mktemp(suite))
            complete[suite] = root
        return complete[suite]

    yield find
    for root in begun:
        root.close()


def use(
    station: Station, request: pytest.FixtureRequest, artefacts: Path
) -> Iterator[Station]:
    """Let a test use it; its logs stay where the test has failed."""
    with station:
        yield station
        if request.node.stash.get(_FAILED, True):
            station.keep_logs(artefacts)


@pytest.fixture
def bare_station(
    request: pytest.FixtureRequest, internet: Internet, suite: str, artefacts: Path
) -> Iterator[Station]:
    """A computer with a Tails in which there is nothing of ours."""
    yield from use(Station(suite, internet), request, artefacts)


@pytest.fixture
def station(
    request: pytest.FixtureRequest,
    internet: Internet,
    suite: str,
    artefacts: Path,
    installed: Callable[[str], TailsRoot],
) -> Iterator[Station]:
    """A computer with a Tails in which our packages are installed."""
    yield from use(Station(suite, internet, installed(suite)), request, artefacts)


@pytest.fixture(scope="session")
def bob(request: pytest.FixtureRequest, internet: Internet) -> Iterator[Gajim]:
    """Somebody with an ordinary Gajim, who is not in Tails."""
    with internet.gajim("bob", request.config.stash[_ARTEFACTS]) as gajim:
        yield gajim
