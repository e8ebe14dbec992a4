# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client with the QXmpp of Debian 13, the library of Kaidan."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from ..servers.hosts import IN_ROOT
from ..servers.hosts import debian_root
from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount
from .line_program import LineProgram

SOURCE = Path(__file__).parent / "qxmpp" / "client.cpp"
# Within the root; it is compiled anew when its source changes
PROGRAM = "/usr/local/bin/qxmpp-client"

COMPILE = """
set -eu
exec 9>{program}.lock
flock 9
sum=$(cat /source/* | cksum)
[ "$(cat {program}.sum 2>/dev/null)" = "$sum" ] && exit
g++ -std=c++20 -O0 -fPIC /source/client.cpp -o {program}.new \
	-lQXmppOmemoQt6 \
	$(pkg-config --cflags --libs QXmppQt6 Qt6Core Qt6Network Qt6Xml)
mv {program}.new {program}
echo "$sum" >{program}.sum
"""


def qxmpp_root() -> Path:
    """The root with QXmpp and the client; it takes minutes where it is not there."""
    root = debian_root("trixie", ("qxmpp",))
    done = subprocess.run(
        [
            IN_ROOT, f'--bind={SOURCE.parent}:/source', str(root), '--',
            'sh', '-c', COMPILE.format(program=shlex.quote(PROGRAM)),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"the client cannot be compiled: {done.stderr}"
    return root


def qxmpp_version(root: Path) -> str:
    """The version in that root."""
    done = subprocess.run(
        [
            IN_ROOT, str(root), '--',
            'dpkg-query', '-W', '-f', '${Version}', 'libqxmppqt6-dev',
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.partition("-")[0]


class QXmppClient(LineProgram):
    """One client with one account; its keys outlive it."""

    def __init__(
        self, server: Prosody, account: XmppAccount, folder: Path, root: Path
    ) -> None:
        """Nothing is started.

        :param root: see `qxmpp_root`
        """
        super().__init__(
            folder,
            lambda number: [
                str(IN_ROOT), f'--bind={folder}', str(root), '--', PROGRAM, str(number),
                account.jid, account.password, str(server.c2s_port),
                str(folder / 'keys'),
            ],
        )  # fmt: skip
