# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The friend's program of the merge request for Tails, by way of a real Prosody, with
our engine on the other side."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from omemo_plugin.engine.values import Protocol
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.peers.slixmpp_peer import python_with_peers
from tests.support.processes import Child
from tests.support.processes import give_away
from tests.support.servers.prosody import ADDRESS
from tests.support.servers.prosody import Prosody
from tests.support.waiting import wait_for

REPOSITORY = Path(__file__).parents[2]
UPSTREAM = REPOSITORY / "tails_integration" / "upstream" / "files"
BOT = UPSTREAM / "features" / "scripts" / "xmpp-bot-omemo"


@pytest.fixture
def folder() -> Iterator[Path]:
    """For a server, which has to be able to read it."""
    path = Path(tempfile.mkdtemp(prefix="omemo-bot-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def server(folder: Path) -> Iterator[Prosody]:
    one = Prosody(folder / "server", ["tester", "friend"])
    one.start()
    yield one
    one.close()


@pytest.fixture
def bot(server: Prosody, folder: Path) -> Iterator[Child]:
    """The friend, who is online with keys."""
    friend = server.accounts["friend"]
    # As Tails' test suite has it, which changes the program's place
    program = folder / BOT.name
    shutil.copy(BOT, program)
    home = folder / "home"
    home.mkdir()
    give_away(home)
    child = Child(
        [python_with_peers(), str(program), friend.jid, friend.password,
         '--connect-server', f'{ADDRESS}:{server.c2s_port}'],
        log=folder / 'bot.log',
        environment={
            'PATH': os.environ['PATH'],
            'HOME': str(home),
            'SSL_CERT_FILE': str(server.certificate),
        },
        folder=home,
        # Whose virtual environment it is
        as_root=True,
    )  # fmt: skip

    def is_ready() -> bool:
        assert child.running, (folder / "bot.log").read_text()
        return any(server.listed_devices(friend).values())

    wait_for("the friend has a device", is_ready)
    yield child
    child.stop()


def test_the_friend_answers_to_what_is_encrypted_alone(
    server: Prosody, bot: Child, folder: Path
) -> None:
    tester, friend = (server.accounts[name] for name in ("tester", "friend"))
    peer = OmemoPeer(server, tester, folder / "tester", (Protocol.LEGACY,))
    # They come in their order, so there would be an answer to the first one
    peer.client.send(peer.stanza(friend.jid, "<body>ping</body>"))
    peer.say(friend.jid, "ping")
    wait_for("there is an answer", lambda: "pong" in peer.read())
    peer.say(friend.jid, "ping")
    wait_for("there is another one", lambda: peer.read().count("pong") == 2)
    assert peer.read() == ["pong", "pong"]
    assert not server.leaks("pong"), "it went in clear"
    peer.close()
