# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that tests start."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import processes


def test_a_program_that_is_interrupted_while_it_starts_is_ended(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start = subprocess.Popen
    started: list[subprocess.Popen[bytes]] = []

    def interrupted_start(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        started.append(start(*args, **kwargs))
        signal.raise_signal(signal.SIGINT)
        return started[-1]

    # A shell has what it starts in the background ignore it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    monkeypatch.setattr(subprocess, "Popen", interrupted_start)
    monkeypatch.setattr(processes, "_living", set())
    with pytest.raises(KeyboardInterrupt):
        processes.Child(
            ["sleep", "60"],
            log=tmp_path / "log",
            environment=os.environ,
            folder=Path("/"),
        )
    # The end of this program
    processes._kill_all()
    assert [one.poll() for one in started] == [-signal.SIGKILL]
