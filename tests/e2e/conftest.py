# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene for each end-to-end test, and its logs and pictures on failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hosts import GAJIM_VERSIONS
from tests.support.hosts import debian_root
from tests.support.hosts import machine_suite
from tests.support.processes import end_on_signals
from tests.support.scene import Scene
from tests.support.scene import make_artefact_folder

_ARTEFACTS = pytest.StashKey[Path]()
_FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder for logs and pictures once."""
    end_on_signals()
    config.stash[_ARTEFACTS] = make_artefact_folder()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the Debian roots now, where one sees that it takes a while."""
    suites = {
        value
        for item in session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        for value in item.callspec.params.values()
        if isinstance(value, str) and value in GAJIM_VERSIONS
    }
    capture = session.config.pluginmanager.getplugin("capturemanager")
    if session.config.option.collectonly or capture is None:
        return
    with capture.global_and_fixture_disabled():
        for suite in sorted(suites - {machine_suite()}):
            debian_root(suite)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where they are."""
    terminalreporter.write_line(f"Logs and pictures: {config.stash[_ARTEFACTS]}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember a failure for the scene's end."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call":
        item.stash[_FAILED] = report.failed


@pytest.fixture
def new_scene(request: pytest.FixtureRequest) -> Iterator[Callable[..., Scene]]:
    """Make a scene; it is ended, and its logs kept, when the test is over."""
    # A test that failed before its report counts as failed.
    yield from _scenes(request, lambda: request.node.stash.get(_FAILED, True))


@pytest.fixture(scope="module")
def new_lasting_scene(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Scene]]:
    """The same for several tests, which share it."""
    before = request.session.testsfailed
    yield from _scenes(request, lambda: request.session.testsfailed > before)


def _scenes(
    request: pytest.FixtureRequest, failed: Callable[[], bool]
) -> Iterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    def make(*names: str, **server_options: Any) -> Scene:
        scene = Scene(names, request.config.stash[_ARTEFACTS], **server_options)
        scenes.append(scene)
        return scene

    yield make
    title = re.sub(r"[^\w-]+", "-", request.node.name).strip("-")
    for scene in scenes:
        try:
            if failed():
                scene.keep_logs(title)
            elif any(gajim.running for gajim in scene.gajims):
                scene.pictures(title)
        finally:
            scene.close()
