# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/demo, as a newcomer without a display runs it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.hosts import REPOSITORY
from tests.support.waiting import wait_for

DEMO = REPOSITORY / "tools" / "demo"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder, by whose name the processes of a demo are known."""
    path = Path(tempfile.mkdtemp(prefix="omemo-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def environment(folder: Path) -> dict[str, str]:
    """Ours, without a display, and with another temporary folder."""
    other = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return other | {"TMPDIR": str(folder)}


def processes(folder: Path) -> list[str]:
    """Command lines that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line:
                found.append(line)
    return found


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_each_message_is_shown(folder: Path, suite: str) -> None:
    ended = subprocess.run(
        [DEMO, "--gajim", suite],
        check=False,
        env=environment(folder),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr

    def lines_of(name: str) -> list[str]:
        return re.findall(rf"^\w+ {name} +(.*)$", ended.stdout, re.MULTILINE)

    typed, seen, server = lines_of("types"), lines_of("sees"), lines_of("sees")
    seen = [text for text in seen if text in typed]
    server = [text for text in server if text not in typed]
    assert typed
    assert seen == typed
    assert len(server) == len(typed)
    assert ended.stdout.count("from device") == len(typed)
    pictures = Path(re.findall(r"^Screenshots: (.*)$", ended.stdout, re.MULTILINE)[0])
    assert {path.name for path in pictures.iterdir()} == {"alice.png", "bob.png"}
    assert not processes(folder)
    assert not list(folder.glob("omemo-e2e-*"))


def test_ctrl_c_leaves_nothing(folder: Path) -> None:
    with subprocess.Popen(
        # It is ignored in whatever runs in the background of a shell
        ["env", "--default-signal=INT", DEMO, "--gajim", "bookworm"],
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as demo:
        wait_for("a Gajim starts", lambda: "gajim -l" in str(processes(folder)))
        os.killpg(demo.pid, signal.SIGINT)
        output, _ = demo.communicate(timeout=30)
    assert demo.returncode == 130, output
    assert "nothing is left running" in output
    assert not processes(folder)
    assert not list(folder.iterdir())
