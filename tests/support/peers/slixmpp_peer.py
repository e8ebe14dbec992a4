# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client with slixmpp-omemo from PyPI, in a program of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount
from .line_program import LineProgram

PROGRAM = Path(__file__).with_name("slixmpp_program.py")
VENV = Path(__file__).parents[3] / "tools" / "lib" / "venv"


def python_with_peers() -> str:
    """The Python of the virtual environment with slixmpp-omemo."""
    done = subprocess.run(
        [str(VENV), "peers"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"slixmpp-omemo is not to be had: {done.stderr}"
    return f"{done.stdout.strip()}/bin/python"


class SlixmppOmemo(LineProgram):
    """One client with one account; its keys outlive it."""

    def __init__(
        self, server: Prosody, account: XmppAccount, folder: Path, python: str
    ) -> None:
        """Nothing is started.

        :param python: see `python_with_peers`
        """
        keys = folder / "keys.json"
        super().__init__(
            folder,
            lambda number: [
                python, str(PROGRAM), str(number), account.jid, account.password,
                str(server.c2s_port), str(server.certificate), str(keys),
            ],
        )  # fmt: skip
