# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera: a picture, or what GStreamer makes, takes its place."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL.Image import Image

from omemo_plugin.ui.capture import qr_reader
from omemo_plugin.verify.qr import draw_png

pytest.importorskip("gi", reason="to test the camera, install python3-gi")

from gi.repository import GLib

from omemo_plugin.ui.capture import camera
from omemo_plugin.ui.capture import portal
from omemo_plugin.ui.capture.camera import Camera
from omemo_plugin.ui.capture.camera import Frame
from omemo_plugin.ui.capture.camera import Problem
from tests.support.waiting import PATIENCE

needs_camera = pytest.mark.skipif(
    not camera._has_gstreamer() or bool(qr_reader.missing_package()),
    reason="install gir1.2-gstreamer-1.0, gstreamer1.0-plugins-base, "
    "gstreamer1.0-plugins-good and python3-zxing-cpp",
)

TEXT = f"xmpp:ben@example.org?omemo-sid-1={'0123456789abcdef' * 4}"
SMALL = "video/x-raw,width=320,height=240"


class Watched:
    """A camera, and what it told."""

    def __init__(self, source: str | None) -> None:
        self.frames: list[Frame] = []
        self.texts: list[str] = []
        self.problems: list[Problem] = []
        self.threads: set[threading.Thread] = set()
        self.camera = Camera(self._shown, self._found, self._failed, source)

    def _shown(self, frame: Frame) -> None:
        self.threads.add(threading.current_thread())
        self.frames.append(frame)

    def _found(self, texts: tuple[str, ...]) -> None:
        self.threads.add(threading.current_thread())
        self.texts += texts

    def _failed(self, problem: Problem) -> None:
        self.threads.add(threading.current_thread())
        self.problems.append(problem)


Watch = Callable[..., Watched]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    monkeypatch.delenv(camera.SOURCE_VARIABLE, raising=False)
    made: list[Watched] = []

    def start(source: str | None = None) -> Watched:
        watched = Watched(source)
        made.append(watched)
        watched.camera.start()
        return watched

    yield start
    for watched in made:
        watched.camera.stop()
    run(0.05)


def run(seconds: float, until: Callable[[], object] = lambda: False) -> None:
    """Let the main loop run."""
    context = GLib.MainContext.default()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        if not context.iteration(may_block=False):
            time.sleep(0.005)


def picture(folder: Path) -> str:
    path = folder / "camera.png"
    path.write_bytes(draw_png(TEXT))
    return f"filesrc location={path} ! pngdec ! imagefreeze"


@needs_camera
def test_a_code_in_the_picture(watch: Watch, tmp_path: Path) -> None:
    watched = watch(picture(tmp_path))
    run(PATIENCE, lambda: watched.texts)
    assert set(watched.texts) == {TEXT}
    frame = watched.frames[0]
    assert len(frame.data) == frame.stride * frame.height
    assert frame.width == frame.height
    # The windows are only touched where they may be
    assert watched.threads == {threading.main_thread()}
    assert not watched.problems


@needs_camera
def test_by_the_environment(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(camera.SOURCE_VARIABLE, picture(tmp_path))
    watched = watch()
    run(PATIENCE, lambda: watched.texts)
    assert watched.texts


@needs_camera
def test_no_code_in_the_picture(watch: Watch) -> None:
    watched = watch(f"videotestsrc ! {SMALL}")
    run(PATIENCE, lambda: len(watched.frames) >= 3)
    assert len(watched.frames) >= 3
    assert not watched.texts


@needs_camera
def test_nothing_is_told_after_the_end(watch: Watch, tmp_path: Path) -> None:
    watched = watch(picture(tmp_path))
    run(PATIENCE, lambda: watched.frames)
    watched.camera.stop()
    frames = len(watched.frames)
    run(0.5)
    assert len(watched.frames) == frames
    watched.camera.stop()


@needs_camera
@pytest.mark.parametrize(
    "source",
    ["filesrc location=/nonexistent ! pngdec ! imagefreeze", "no-such-element", "! !"],
)
def test_a_camera_that_fails(watch: Watch, source: str) -> None:
    watched = watch(source)
    run(PATIENCE, lambda: watched.problems)
    run(0.2)
    assert watched.problems == [Problem.FAILED]
    assert not watched.frames


@needs_camera
def test_a_camera_that_is_unplugged(watch: Watch) -> None:
    watched = watch(f"videotestsrc ! {SMALL} ! identity error-after=20 ! videoconvert")
    run(PATIENCE, lambda: watched.problems)
    assert watched.frames
    assert watched.problems == [Problem.FAILED]


@needs_camera
def test_the_window_does_not_wait(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture is searched for codes beside the main loop, which only
    draws it."""
    threads: set[threading.Thread] = set()
    decode = qr_reader.decode

    def note(image: Image) -> tuple[str, ...]:
        threads.add(threading.current_thread())
        return decode(image)

    monkeypatch.setattr(qr_reader, "decode", note)
    watched = watch(
        "videotestsrc pattern=snow ! video/x-raw,width=1280,height=720,framerate=30/1"
    )
    run(PATIENCE, lambda: len(watched.frames) >= 3)
    assert len(watched.frames) >= 3
    assert threads
    assert threading.main_thread() not in threads


# No camera. What the machine has is replaced, not what is done with it


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "dev"
    folder.mkdir()
    monkeypatch.setattr(camera, "Path", lambda _path: folder)
    monkeypatch.setattr(portal, "has_camera", lambda: False)
    return folder


@needs_camera
@pytest.mark.usefixtures("devices")
def test_no_camera(watch: Watch) -> None:
    watched = watch()
    run(1, lambda: watched.problems)
    assert watched.problems == [Problem.NO_CAMERA]


@needs_camera
def test_not_allowed(
    watch: Watch, devices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (devices / "video0").touch()
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    watched = watch()
    run(1, lambda: watched.problems)
    assert watched.problems == [Problem.REFUSED]


def test_no_library(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "_has_gstreamer", lambda: False)
    watched = watch()
    run(1, lambda: watched.problems)
    assert watched.problems == [Problem.NO_LIBRARY]


@needs_camera
def test_the_user_says_no(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the portal's question."""
    monkeypatch.setattr(camera, "_has_element", lambda _name: True)
    monkeypatch.setattr(portal, "has_camera", lambda: True)
    monkeypatch.setattr(portal, "open_camera", lambda answered: answered(-1, True))
    watched = watch()
    run(1, lambda: watched.problems)
    assert watched.problems == [Problem.REFUSED]


@needs_camera
@pytest.mark.usefixtures("devices")
def test_a_portal_that_fails(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is tried without."""
    monkeypatch.setattr(camera, "_has_element", lambda _name: True)
    monkeypatch.setattr(portal, "has_camera", lambda: True)
    monkeypatch.setattr(portal, "open_camera", lambda answered: answered(-1, False))
    watched = watch()
    run(1, lambda: watched.problems)
    assert watched.problems == [Problem.NO_CAMERA]


@needs_camera
def test_an_answer_that_comes_too_late(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window is closed: what was given is given back."""
    answers: list[Callable[[int, bool], None]] = []
    monkeypatch.setattr(camera, "_has_element", lambda _name: True)
    monkeypatch.setattr(portal, "has_camera", lambda: True)
    monkeypatch.setattr(portal, "open_camera", answers.append)
    watched = watch()
    watched.camera.stop()
    read_end, write_end = os.pipe()
    answers[0](write_end, False)
    with os.fdopen(read_end, "rb") as end:
        # Nobody holds the other end any more
        assert end.read() == b""
    run(0.1)
    assert not watched.problems
