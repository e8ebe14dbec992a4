# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Decides who may become root in a machine: its real polkitd, asked by the real pkexec.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shlex
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from ..waiting import TooLate
from ..waiting import wait_for
from .root import HOME
from .root import USER
from .root import USER_IDS
from .tails import Tails

# The files of logind for sd-login(3), from which polkitd knows who sits there.
SESSION = """\
UID={uid}
USER={user}
ACTIVE={active}
IS_DISPLAY=1
STATE={state}
REMOTE={remote}
TYPE=x11
CLASS=user
{seat}"""
USER_STATE = """\
NAME={user}
STATE={state}
DISPLAY=c1
SESSIONS=c1
"""

# In which processes of his are, as sd-login(3) finds it in /proc; by a hierarchy of
# its own, since there is no systemd in the machine.
CGROUPS = "/sys/fs/cgroup"
TURN = Path("/run/lock/omemo-test-session")
SCOPE = f"user.slice/user-{USER_IDS[0]}.slice/session-c1.scope"
ENTER_SCOPE = f"""
set -e
mount -t tmpfs tmpfs {CGROUPS}
mkdir {CGROUPS}/systemd
mount -t cgroup -o none,name=systemd cgroup {CGROUPS}/systemd
cd {CGROUPS}/systemd
mkdir -p {SCOPE}
chown {USER_IDS[0]} {SCOPE}/cgroup.procs
"""
LEAVE_SCOPE = f"""
cd {CGROUPS}/systemd
rmdir -p {SCOPE}
"""

# The agent asks on this terminal for what the program that takes the shell's
# place wants; in Tails the desktop does.
WITH_AGENT = """
echo $$ >{procs}
mkfifo "$HOME/agent-is-there"
pkttyagent --process $$ --notify-fd 3 3>"$HOME/agent-is-there" &
cat "$HOME/agent-is-there"
rm "$HOME/agent-is-there"
exec {command}
"""

PROMPT = b"Password:"


@dataclass(frozen=True)
class Answer:
    """The exit status of a program, and the text on its terminal."""

    status: int
    text: str
    asked: int
    """How many times a password was asked for."""


class Authority:
    """polkitd with a system bus, and a user who sits at the screen."""

    def __init__(self, tails: Tails) -> None:
        """Start them; they end with the machine."""
        self._tails = tails
        # The kernel has one such hierarchy for all machines, and tests run side by side
        self._turn = TURN.open("w")
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        files = tails.machine.files
        (files / "run" / "dbus").mkdir(exist_ok=True)
        self.sit(local=True, active=True)
        tails.machine.run(["sh", "-c", ENTER_SCOPE])
        machine, folder = tails.machine, tails.folder
        machine.start(
            ["dbus-daemon", "--system", "--nofork", "--nopidfile"],
            folder / "system-bus.log",
        )
        bus = files / "run" / "dbus" / "system_bus_socket"
        wait_for("the system bus is there", bus.exists)
        machine.start(["/usr/lib/polkit-1/polkitd"], folder / "polkitd.log")
        wait_for("polkitd answers", self._answers)

    def __enter__(self) -> Authority:
        return self

    def __exit__(self, *_exception: object) -> None:
        # It would be left behind in the kernel; gone before its processes it is not
        with self._turn:
            wait_for("nobody is in the session", self._leave)

    def _leave(self) -> bool:
        left = self._tails.machine.run(["sh", "-c", LEAVE_SCOPE], check=False)
        return left.returncode == 0

    def sit(self, *, local: bool, active: bool) -> None:
        """Say where the user is.

        :param local: at the screen, not somewhere else
        :param active: and the screen shows this session
        """
        state = self._tails.machine.files / "run" / "systemd"
        for name in ("sessions", "users", "seats", "machines"):
            (state / name).mkdir(parents=True, exist_ok=True)
        word = "active" if active else "online"
        (state / "sessions" / "c1").write_text(
            SESSION.format(
                uid=USER_IDS[0],
                user=USER,
                active=int(active),
                state=word,
                remote=int(not local),
                seat="SEAT=seat0\n" if local else "",
            )
        )
        (state / "users" / str(USER_IDS[0])).write_text(
            USER_STATE.format(user=USER, state=word)
        )

    def set_password(self, password: str) -> None:
        """Set the administration password, as the Welcome Screen does."""
        machine = self._tails.machine
        machine.run(["chpasswd"], given=f"{USER}:{password}\n")
        machine.run(["usermod", "--append", "--groups", "sudo", USER])

    def run(self, argv: list[str], password: str = "", timeout: float = 60) -> Answer:
        """Let the user run a program, and type this password when asked."""
        # Groups like those of a session: pkexec looks them up by itself
        environment = {**self._tails.environment(), "HOME": str(HOME)}
        script = WITH_AGENT.format(
            command=shlex.join(argv), procs=f"{CGROUPS}/systemd/{SCOPE}/cgroup.procs"
        )
        command = self._tails.machine.command(
            ["setsid", "--ctty", "--wait", "sh", "-c", script], USER_IDS, environment
        )
        ours, theirs = pty.openpty()
        child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        asked = 0
        deadline = time.monotonic() + timeout
        try:
            while part := _read(ours, deadline):
                shown += part
                if shown.count(PROMPT) > asked:
                    asked += 1
                    # The terminal discards what is typed before the agent hides it
                    wait_for("the agent hides what is typed", lambda: _hides(ours))
                    os.write(ours, f"{password}\n".encode())
            status = child.wait(10)
        except (TooLate, subprocess.TimeoutExpired) as error:
            child.kill()
            raise TooLate(f"{argv} does not end: {shown!r}") from error
        finally:
            os.close(ours)
        return Answer(status, shown.decode(errors="replace"), asked)

    def _answers(self) -> bool:
        asked = self._tails.machine.run(
            ["pkaction", "--action-id", "org.freedesktop.policykit.exec"], check=False
        )
        return asked.returncode == 0


def _read(terminal: int, deadline: float) -> bytes:
    """The next bytes; nothing at the end."""
    left = max(0.0, deadline - time.monotonic())
    if not select.select([terminal], [], [], left)[0]:
        raise TooLate("nothing more")
    try:
        return os.read(terminal, 4096)
    except OSError:
        # The last program that had it has ended
        return b""


def _hides(terminal: int) -> bool:
    return not termios.tcgetattr(terminal)[3] & termios.ECHO
