# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene for each end-to-end test, and its logs and pictures on failure."""

from __future__ import annotations

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

from tests.e2e.hostile_stage import CONTACTS
from tests.e2e.hostile_stage import Stage
from tests.e2e.lasting import Lasting
from tests.e2e.lasting import Shared
from tests.support.gajim.compile_once import VARIABLE as COMPILED_VARIABLE
from tests.support.gajim.compile_once import offer_in
from tests.support.gajim.scene import ARTEFACTS_VARIABLE
from tests.support.gajim.scene import Scene
from tests.support.gajim.scene import make_artefact_folder
from tests.support.parallel import SceneScheduling
from tests.support.parallel import is_worker
from tests.support.parallel import longest_first
from tests.support.parallel import worker_name
from tests.support.processes import end_on_signals
from tests.support.processes import give_away
from tests.support.servers.hostile import MODULE
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.servers.hosts import debian_root
from tests.support.servers.hosts import machine_suite

# Set it for a picture of every Gajim at the end of a test that passes, too
PICTURES_VARIABLE = "OMEMO_TEST_PICTURES"

_ARTEFACTS = pytest.StashKey[Path]()
_FAILED = pytest.StashKey[bool]()


# Modules whose tests share a scene, for each Gajim
SHARED = (
    "test_answers",
    "test_by_default",
    "test_conversations",
    "test_diary",
    "test_diary_events",
    "test_hostile",
    "test_hostile_devices",
    "test_hostile_messages",
    "test_hostile_outside",
    "test_hostile_peer",
    "test_keyboard",
    "test_pidgin",
    "test_rooms",
    "test_states",
    "test_unopened",
    "test_verify",
    "test_waiting",
    "test_walk",
    "test_wayland_desktop",
    "test_windows",
)

LONGEST = (
    "test_soak",
    "test_hostile_peer",
    "test_hostile_messages",
    "test_hostile_devices",
    "test_walk",
    "test_verify",
    "test_states",
    "test_conversations",
    "test_windows",
    "test_copied_disk",
    "test_unopened",
    "test_many_devices",
    "test_large_files",
    "test_three_users",
    "test_hostile",
    "test_waiting",
    "test_keyboard",
    "test_diary_events",
    "test_rooms",
    "test_catch_up",
)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder for logs and pictures once, for the workers too."""
    end_on_signals()
    folder = make_artefact_folder()
    os.environ[ARTEFACTS_VARIABLE] = str(folder)
    config.stash[_ARTEFACTS] = folder
    if not is_worker(config):
        compiled = Path(tempfile.mkdtemp(prefix="omemo-compiled-"))
        offer_in(compiled)
        give_away(compiled)
        os.environ[COMPILED_VARIABLE] = str(compiled)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what only this run has a use for."""
    if not is_worker(config):
        shutil.rmtree(os.environ.pop(COMPILED_VARIABLE, ""), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    longest_first(items, LONGEST)


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
    """Hand out the tests one by one, but those that share a scene together."""
    scheduling = SceneScheduling(config, log)
    scheduling.shared = SHARED
    return scheduling


def make_roots(config: pytest.Config, ids: Iterable[str]) -> None:
    """Make the Debian roots that tests with these ids need."""
    text = "\n".join(ids)
    suites = {
        suite
        for suite, version in GAJIM_VERSIONS.items()
        # A test's parameter names the one or the other, as in '2.1-to-2.6'
        if suite in text or version.rpartition(".")[0] in text
    }
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        return
    with capture.global_and_fixture_disabled():
        for suite in sorted(suites - {machine_suite()}):
            debian_root(suite)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where they are."""
    terminalreporter.write_line(f"Logs and pictures: {config.stash[_ARTEFACTS]}")


@pytest.hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]  # of pytest 7
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember a failure for the scene's end."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call":
        item.stash[_FAILED] = report.failed


@pytest.fixture
def new_scene(
    request: pytest.FixtureRequest, has_failed: Callable[[], bool]
) -> Iterator[Callable[..., Scene]]:
    """Make a scene; it is ended, and its logs kept, when the test is over."""
    yield from _scenes(request, has_failed)


@pytest.fixture(scope="module")
def new_lasting_scene(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Scene]]:
    """Make a scene that several tests share."""
    before = request.session.testsfailed
    yield from _scenes(request, lambda: request.session.testsfailed > before)


@pytest.fixture
def has_failed(request: pytest.FixtureRequest) -> Callable[[], bool]:
    """Whether the test has failed, for what is done when it is over.

    A test that failed before its report counts as failed.
    """
    return lambda: request.node.stash.get(_FAILED, True)


@pytest.fixture
def shared(
    lasting: Lasting, suite: str, has_failed: Callable[[], bool]
) -> Iterator[Shared]:
    """A Gajim of the module, which has the fixture `lasting`, and a contact whom it
    has not met."""
    with lasting.of(suite, has_failed) as shared:
        yield shared


@pytest.fixture(scope="module", params=list(GAJIM_VERSIONS))
def lasting_stage(
    request: pytest.FixtureRequest, new_lasting_scene: Callable[..., Scene]
) -> Iterator[Stage]:
    """One Gajim for all cases; each has contacts of its own."""
    names = [f"{name}{number}" for name in CONTACTS for number in range(1, 20)]
    scene = new_lasting_scene("alice", "bob", *names, more_modules=[MODULE])
    stage = Stage(scene, request.param)
    try:
        stage.begin()
        yield stage
    finally:
        stage.close()


@pytest.fixture
def stage(lasting_stage: Stage) -> Stage:
    """The shared scene, as the tests before this one have left it."""
    lasting_stage.clear()
    return lasting_stage


def _scenes(
    request: pytest.FixtureRequest, failed: Callable[[], bool]
) -> Iterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    title = re.sub(r"[^\w-]+", "-", request.node.name).strip("-")
    # Tests beside this one may give their pictures the same names
    artefacts = request.config.stash[_ARTEFACTS] / title / worker_name()

    def make(*names: str, **server_options: Any) -> Scene:
        scene = Scene(names, artefacts, **server_options)
        scenes.append(scene)
        return scene

    yield make
    for scene in scenes:
        try:
            if failed():
                scene.keep_logs()
            elif os.environ.get(PICTURES_VARIABLE):
                scene.pictures()
        finally:
            scene.close()
