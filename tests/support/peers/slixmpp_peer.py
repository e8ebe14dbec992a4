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


def slixmpp_omemo_version(python: str) -> str:
    """The version in that environment."""
    words = "import importlib.metadata as m; print(m.version('slixmpp-omemo'))"
    done = subprocess.run(
        [python, "-c", words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class SlixmppOmemo(LineProgram):
    """One client with one account; its keys outlive it."""

    def __init__(
        self,
        server: Prosody,
        account: XmppAccount,
        folder: Path,
        python: str,
        *,
        with_omemo_2: bool = False,
    ) -> None:
        """Nothing is started.

        :param python: see `python_with_peers`
        :param with_omemo_2: let it publish for OMEMO 2, which it cannot read
        """
        keys = folder / "keys.json"
        super().__init__(
            folder,
            lambda number: [
                python, str(PROGRAM), str(number), account.jid, account.password,
                str(server.c2s_port), str(server.certificate), str(keys),
                *([] if with_omemo_2 else ["0.3"]),
            ],
        )  # fmt: skip
