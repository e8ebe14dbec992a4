# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes as an unprivileged user, each in a session of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

# Gajim and Prosody refuse to run as root.
FALLBACK_USER = "nobody"

_living: set[Child] = set()


def unprivileged_ids() -> tuple[int, int]:
    """Return user and group id: our own, or those of nobody when we are root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    entry = pwd.getpwnam(FALLBACK_USER)
    return entry.pw_uid, entry.pw_gid


def give_away(path: Path) -> None:
    """Make the unprivileged user the owner of a file or of a whole folder."""
    if os.geteuid() != 0:
        return
    uid, gid = unprivileged_ids()
    os.chown(path, uid, gid, follow_symlinks=False)
    if path.is_dir() and not path.is_symlink():
        for child in path.iterdir():
            give_away(child)


def make_folder(path: Path) -> Path:
    """Create a folder that belongs to the unprivileged user."""
    path.mkdir(parents=True, exist_ok=True)
    give_away(path)
    return path


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder for the unprivileged user, without compiled files."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    give_away(target)


def end_on_signals() -> None:
    """Make SIGTERM and SIGHUP end this program as Ctrl-C does, tidily."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)


@contextlib.contextmanager
def _interruptions_wait() -> Iterator[None]:
    """Let what a signal does happen afterwards.

    A program that has been started, but is not in our list, would be left running.
    """
    came: list[int] = []

    def note(number: int, _frame: object) -> None:
        came.append(number)

    before = {
        number: handler
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        # The program inherits what is ignored
        if callable(handler := signal.getsignal(number))
    }
    if threading.current_thread() is not threading.main_thread():
        before = {}
    for number in before:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for one in came:
        signal.raise_signal(one)


class Child:
    """A program with its own process group; stop() leaves nothing of it."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        folder: Path,
        pass_fds: Iterable[int] = (),
        as_root: bool = False,
    ) -> None:
        """Start the program.

        :param log: where its output goes (appended)
        :param as_root: do not change the user (the program does so itself)
        """
        self.argv = list(argv)
        uid, gid = unprivileged_ids()
        drop = os.geteuid() == 0 and not as_root
        with _interruptions_wait(), log.open("ab") as output:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                pass_fds=tuple(pass_fds),
                start_new_session=True,
                user=uid if drop else None,
                group=gid if drop else None,
                extra_groups=[] if drop else None,
            )
            _living.add(self)

    @property
    def pid(self) -> int:
        """The program's process number, and that of its group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The program's exit code, negative for a signal, None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float) -> bool:
        """Wait for the end of the program; False when it still runs."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group."""
        # Nothing of it may be left, or only sudo, which ends with its command.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def stop(self, timeout: float = 5.0) -> None:
        """Ask the group to end, then make it end."""
        if self.running:
            self.signal(signal.SIGTERM)
            self.wait(timeout)
        # A child of the program may outlive it.
        self.kill()

    def kill(self) -> None:
        """End the whole group at once, as a crash would."""
        self.signal(signal.SIGKILL)
        if not self.wait(2.0):
            # It has not given up the rights of root yet, and we have none.
            group = str(self._process.pid)
            subprocess.run(
                ["sudo", "-n", "kill", "-KILL", "--", f"-{group}"], check=True
            )
            self._process.wait()
        _living.discard(self)


@atexit.register
def _kill_all() -> None:
    """Leave nothing running, wherever an interruption came."""
    for child in list(_living):
        child.kill()
