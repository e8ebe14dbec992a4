# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Gajim with its own view of files and buses, and ends it without.

Both programs are started out here, before AppArmor's profile begins: it begins when
bubblewrap runs Gajim.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from ..base.errors import Refused
from ..base.errors import TailsError
from ..base.i18n import _
from ..base.system import System
from . import buses
from . import files

# Seconds for the filter to begin
_PATIENCE = 10
# And for Gajim to end by itself when it has lost its bus
_LAST_MOMENTS = 10
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class NotConfined(Refused):
    """Gajim could reach other programs, and so it is not started."""

    def __init__(self, reason: str) -> None:
        text = _(
            "Gajim has to be kept apart from your other programs, and this does not"
            " work here. Install the packages bubblewrap and xdg-dbus-proxy."
        )
        super().__init__(f"{text}\n\n{reason}" if reason else text)


class FilterStopped(TailsError):
    """Gajim was ended, because what stands between it and the desktop has ended."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "What keeps Gajim apart from your other programs has stopped, so Gajim"
                " was closed. Start it again."
            )
        )

    @property
    def title(self) -> str:
        """A few words, for the top of a window."""
        return _("Gajim was closed")


def run(system: System, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command, Gajim, to its end.

    Returns:
        Its exit code.

    Raises:
        NotConfined: Nothing was started.
        FilterStopped: It was ended.
    """
    own = system.runtime
    if own is None:
        raise NotConfined(_("There is no folder for this session (XDG_RUNTIME_DIR)."))
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{own.name}-", dir=own.parent) as folder:
        try:
            found = buses.all_buses(system, own.parent, Path(folder))
        except buses.NoBus:
            raise NotConfined(_("There is no session bus.")) from None
        view = files.View(system, environment, own.parent, own, tuple(found))
        view.make_folders()
        with _filter(found) as stopped:
            _require_bwrap(system, view)
            return _run(view, command, stopped)


@contextlib.contextmanager
def _filter(found: Sequence[buses.Bus]) -> Iterator[int]:
    """Filter the buses; yields a descriptor that comes to its end with the filter."""
    reader, writer = os.pipe()
    try:
        proxy = subprocess.Popen(
            buses.proxy_command(found, writer),
            stdin=subprocess.DEVNULL,
            pass_fds=[writer],
            # A Ctrl-C is for Gajim
            start_new_session=True,
        )
    except OSError as error:
        os.close(reader)
        raise NotConfined(f"{buses.PROXY}: {error.strerror}") from error
    finally:
        os.close(writer)
    try:
        if not _readable(reader, _PATIENCE) or not os.read(reader, 1):
            raise NotConfined(f"{buses.PROXY}: {proxy.poll()}")
        yield reader
    finally:
        os.close(reader)
        proxy.kill()
        proxy.wait()


def _require_bwrap(system: System, view: files.View) -> None:
    """Try it, because once Gajim runs nobody sees what bubblewrap says."""
    tried = system.run([files.BWRAP, *view.arguments(), "--", "/usr/bin/true"])
    if tried.returncode != 0:
        raise NotConfined(tried.stderr.strip() or f"{files.BWRAP}: {tried.returncode}")


def _run(view: files.View, command: Sequence[str], stopped: int) -> int:
    reader, writer = os.pipe()
    try:
        bwrap = subprocess.Popen(
            [files.BWRAP, "--info-fd", str(writer), *view.arguments(), "--", *command],
            env=view.inside(),
            pass_fds=[writer],
        )
    finally:
        os.close(writer)
    with os.fdopen(reader) as information, _forwarding(information.read()):
        _wait(bwrap, stopped)
    return bwrap.wait()


def _wait(bwrap: subprocess.Popen[bytes], stopped: int) -> None:
    """Wait for its end; it does not outlive the filter."""
    ended = os.pidfd_open(bwrap.pid)
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(stopped, select.POLLIN)
        poll.poll()
        # Gajim may have ended because the filter has, before anybody has looked
        if not _readable(stopped, 0):
            return
        # GLib ends a program whose bus is gone
        _readable(ended, _LAST_MOMENTS)
        bwrap.kill()
        bwrap.wait()
    finally:
        os.close(ended)
    raise FilterStopped


@contextlib.contextmanager
def _forwarding(information: str) -> Iterator[None]:
    """Whoever asks this process to end means Gajim.

    :param information: what bubblewrap says about its first process
    """
    first = json.loads(information)["child-pid"] if information else 0

    def forward(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            path = Path(f"/proc/{first}/task/{first}/children")
            for process in path.read_text().split():
                os.kill(int(process), signal.SIGTERM)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
