# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real profanity in a terminal that nobody sees; its database has what it read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import sqlite3
import struct
import subprocess
import termios
import threading
from dataclasses import dataclass
from pathlib import Path

from ..processes import Child
from ..processes import give_away
from ..processes import make_folder
from ..processes import unprivileged_ids
from ..servers.hosts import IN_ROOT
from ..servers.prosody import ADDRESS
from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount
from ..waiting import PATIENCE
from ..waiting import wait_for

PROGRAM = "/usr/bin/profanity"

# Of the terminal
ROWS, COLUMNS = 50, 200

# It encrypts everything or sends nothing, and writes down what it reads
SETTINGS = """[omemo]
policy=always
trustmode=blind
log=on
[logging]
chlog=true
grlog=true
[ui]
splash=false
correction.allow=true
[chatstates]
enabled=false
outtype=false
"""

ACCOUNT = """[{jid}]
enabled=true
jid={jid}
password={password}
server={address}
port={port}
resource=profanity
tls.policy=trust
muc.nick={name}
omemo.policy=always
"""

# In its log: it has everything to be found and to write
KEYS_PUBLISHED = "[OMEMO] bundle published successfully"


@dataclass(frozen=True)
class Kept:
    """A text in its database."""

    sender: str
    text: str
    encryption: str
    replaces: str


def profanity_version(root: Path | None = None) -> str:
    """The version that is installed, on this machine or in a root."""
    inside = [] if root is None else [str(IN_ROOT), str(root), "--"]
    done = subprocess.run(
        [*inside, PROGRAM, "--version"], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[0].rpartition(" ")[2]


class Profanity:
    """One profanity with one account."""

    def __init__(
        self,
        server: Prosody,
        account: XmppAccount,
        folder: Path,
        root: Path | None = None,
    ) -> None:
        """Write its settings; nothing is started.

        :param root: where it is installed, if not on this machine
        """
        self.account = account
        self._root = root
        self.folder = make_folder(folder)
        self.log = folder / "debug"
        self._data = folder / "data" / "profanity"
        self._data.mkdir(parents=True)
        settings = folder / "config" / "profanity"
        settings.mkdir(parents=True)
        (settings / "profrc").write_text(SETTINGS)
        (self._data / "accounts").write_text(
            ACCOUNT.format(
                jid=account.jid,
                password=account.password,
                name=account.name,
                address=ADDRESS,
                port=server.c2s_port,
            )
        )
        give_away(self.folder)
        self._child: Child | None = None
        self._terminal = -1
        self._started_at = 0

    # -- the program

    def start(self) -> None:
        """Start it and wait until it is online; it makes keys if it has none."""
        before = self.logged(KEYS_PUBLISHED)
        self._started_at = len(self._log())
        self._terminal, inside = pty.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(inside, termios.TIOCSWINSZ, size)
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
        }
        self._child = Child(
            [
                *self._within_root(),
                'bash', '-c', 'f=$1; shift; exec "$@" <&"$f" >&"$f" 2>&"$f"', 'bash',
                str(inside), PROGRAM, '-l', 'DEBUG', '-f', str(self.log),
                '-a', self.account.jid,
            ],
            log=self.folder / 'output.log',
            environment=environment,
            folder=self.folder,
            pass_fds=[inside],
            as_root=self._root is not None,
        )  # fmt: skip
        os.close(inside)
        threading.Thread(target=self._read, args=[self._terminal], daemon=True).start()
        online = f"{self.account.jid}/profanity logged in successfully"
        screen = self.folder / "screen.log"
        start = screen.stat().st_size if screen.exists() else 0
        wait_for(
            "profanity is online",
            lambda: screen.exists() and online.encode() in screen.read_bytes()[start:],
        )
        if not before:
            self.type("/omemo gen")
        wait_for("profanity has keys", lambda: self.logged(KEYS_PUBLISHED) > before)

    def _within_root(self) -> list[str]:
        if self._root is None:
            return []
        uid, gid = unprivileged_ids()
        return [
            str(IN_ROOT), f'--bind={self.folder}', f'--user={uid}:{gid}',
            str(self._root), '--',
        ]  # fmt: skip

    def _read(self, terminal: int) -> None:
        # The end of the program is an error of its terminal
        with (
            contextlib.suppress(OSError),
            (self.folder / "screen.log").open("ab") as log,
        ):
            while data := os.read(terminal, 65536):
                log.write(data)
                log.flush()

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._terminal, f"{line}\r".encode())

    def quit(self) -> None:
        """Quit as the user does."""
        self.type("/quit")
        assert self._child is not None
        assert self._child.wait(PATIENCE), "profanity did not quit"
        self.close()

    def close(self) -> None:
        """End it, whatever it does."""
        if self._child is not None:
            self._child.kill()
            self._child = None
            os.close(self._terminal)

    # -- what it knows

    def logged(self, words: str) -> int:
        """How often its log says something."""
        return self._log().count(words)

    def can_write_to(self, jid: str) -> bool:
        """Whether it has found somebody's keys since it was started, or has kept them
        and knows the devices again. What is typed before is lost."""
        log = self._log()
        since = log[self._started_at :]
        made = f"create session with {jid} device"
        found = f"{made}|session with {jid} device [0-9]+ exists"
        # It does not look for keys in a window that a message has opened
        listed = f"Setting device list for {jid}"
        return re.search(found, since) is not None or (made in log and listed in since)

    def knows_room(self, room: str) -> bool:
        """
        Whether it has heard, since it was started, that a room tells addresses, and who
        is in the lists of its owners, admins and members.

        SECURITY: what is typed into the room before leaves in clear, whatever its
        policy is (0.13.1: `is_omemo` is set by the first answer), and what is typed
        before the lists are there is lost.
        """
        log = self._log()[self._started_at :]
        answers = [line for line in log.splitlines() if f'from="{room}"' in line]
        lists = [
            line for line in answers if "http://jabber.org/protocol/muc#admin" in line
        ]
        return len(lists) >= 3 and any("muc_nonanonymous" in line for line in answers)

    def _log(self) -> str:
        if not self.log.exists():
            return ""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kept(self) -> list[Kept]:
        """The texts in its database, oldest first."""
        name = self.account.jid.replace("@", "_at_")
        path = self._data / "database" / name / "chatlog.db"
        if not path.exists():
            return []
        # A reader that locks it makes profanity lose what it is about to write; what
        # was read in the middle of that makes no sense
        with (
            contextlib.suppress(sqlite3.DatabaseError),
            contextlib.closing(sqlite3.connect(":memory:")) as database,
        ):
            database.deserialize(path.read_bytes())
            rows = database.execute(
                "SELECT from_jid, message, encryption, replace_id FROM ChatLogs"
            )
            return [Kept(*(cell or "" for cell in row)) for row in rows]
        return []
