# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim with the plugin and another program talk, step by step, and a table says
what was proved.

In each step every text has to arrive once and encrypted, and none in clear on the
server.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

# Where the plugin is
SUITE = "bookworm"

PATIENCE = 90.0

HEAD = """<!--
SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Other programs

What `tools/soak --peer all --table` has proved between a Gajim 1.7.3 with the plugin \
and other programs, over a Prosody on this machine: every text once, none in clear, \
none damaged. It wrote this file. A number is of texts: each way while both \
are online, else to the one who was away.

"""


class Peer:
    """Another program, or what stands for one."""

    name: str
    version: str
    protocol: str
    jid: str

    def start(self) -> None:
        """Come online, with a device that can be found."""

    def greet(self, jid: str) -> None:
        """Look at the chat with somebody, before anything was said."""

    def say(self, jid: str, text: str) -> None:
        """Write."""
        raise NotImplementedError

    def wait_for(self, text: str) -> None:
        """Wait until a text was read."""
        raise NotImplementedError

    def count(self, text: str) -> int:
        """How often a text was read."""
        raise NotImplementedError

    def leave(self) -> None:
        """Go offline."""
        raise NotImplementedError

    def come_back(self) -> None:
        """Go online."""
        raise NotImplementedError

    def close(self) -> None:
        """End."""


class GajimPeer(Peer):
    """Another OMEMO of Gajim."""

    protocol = "0.3"

    def __init__(self, scene: Scene, suite: str, omemo: str, name: str) -> None:
        self.gajim: Gajim = scene.gajim(suite, "ben", omemo)
        self.name = name
        self.version = f"in Gajim {self.gajim.host.gajim_version}"
        self.jid = self.gajim.account.jid

    def start(self) -> None:
        self.gajim.start()

    def greet(self, jid: str) -> None:
        self.gajim.open_chat(jid, "OMEMO")

    def say(self, jid: str, text: str) -> None:
        self.gajim.send(text, PATIENCE)

    def wait_for(self, text: str) -> None:
        check_encrypted(self.gajim, self.gajim.wait_for_message(text, PATIENCE))

    def count(self, text: str) -> int:
        return [row.text for row in self.gajim.messages()].count(text)

    def leave(self) -> None:
        self.gajim.set_online(False)

    def come_back(self) -> None:
        self.gajim.set_online(True)


class TwomemoPeer(Peer):
    """A driver over twomemo, for OMEMO 2 alone."""

    name = "a driver over twomemo"
    protocol = "2"

    def __init__(self, scene: Scene) -> None:
        from importlib.metadata import version

        self._scene = scene
        self._account = scene.server.accounts["ben"]
        self._peer: OmemoPeer | None = None
        self.version = version("twomemo")
        self.jid = self._account.jid
        self._read: list[str] = []

    def start(self) -> None:
        self._peer = OmemoPeer(
            self._scene.server,
            self._account,
            self._scene.folder / "driver",
            (Protocol.OMEMO_2,),
        )

    def _running(self) -> OmemoPeer:
        assert self._peer is not None
        return self._peer

    def say(self, jid: str, text: str) -> None:
        self._running().say(jid, text)

    def wait_for(self, text: str) -> None:
        self._running().wait_for_text(text, PATIENCE)

    def count(self, text: str) -> int:
        return [*self._read, *self._running().read()].count(text)

    def leave(self) -> None:
        # With its process; the keys stay
        self._read += self._running().read()
        self._running().close()
        self._peer = None

    def come_back(self) -> None:
        self.start()

    def close(self) -> None:
        if self._peer is not None:
            self._peer.close()


PEERS: dict[str, Callable[[Scene], Peer]] = {
    "built-in": lambda scene: GajimPeer(scene, "trixie", BUILT_IN, "Gajim's own OMEMO"),
    "gajim-omemo": lambda scene: GajimPeer(
        scene, "bookworm", GAJIM_OMEMO, "gajim-omemo"
    ),
    "twomemo": TwomemoPeer,
}

# The columns of the table
STEPS = (
    "the peer writes first",
    "messages",
    "we are offline",
    "it is offline",
    "we restart",
)


@dataclass
class Proved:
    """A row of the table."""

    program: str
    version: str
    protocol: str
    steps: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        cells = [self.program, self.version, self.protocol]
        cells += [str(self.steps.get(step, "-")) for step in STEPS]
        return f"| {' | '.join(cells)} |"


class PeerSoak:
    """The conversation with one peer."""

    def __init__(
        self, scene: Scene, peer: Peer, count: int, say: Callable[[str], object]
    ) -> None:
        """
        :param count: texts of each side in the longest step
        :param say: is told how it goes
        """
        self._scene = scene
        self._peer = peer
        self._count = count
        self._few = max(1, count // 5)
        self._say = say
        self._texts: list[str] = []
        self._own: Gajim = scene.gajim(SUITE, "ann", OURS)

    def run(self) -> Proved:
        """Take all steps, and return what they have proved."""
        peer = self._peer
        proved = Proved(peer.name, peer.version, peer.protocol)
        self._own.start()
        peer.start()
        self._own.open_chat(peer.jid, "OMEMO")
        peer.greet(self._own.account.jid)
        for step, work in zip(
            STEPS,
            (self._first, self._talk, self._we_leave, self._it_leaves, self._restart),
            strict=True,
        ):
            proved.steps[step] = work()
            self._say(f"{peer.name}: {step}: {proved.steps[step]}")
        self._check()
        return proved

    def _first(self) -> int:
        self._hear(1)
        self._tell(1)
        return 1

    def _talk(self) -> int:
        for _ in range(self._count):
            self._hear(1)
            self._tell(1)
        return self._count

    def _we_leave(self) -> int:
        self._own.set_online(False)
        texts = self._write(self._few)
        self._own.set_online(True)
        self._expect(texts)
        return self._few

    def _it_leaves(self) -> int:
        self._peer.leave()
        texts = [secret("to who is offline") for _ in range(self._few)]
        for text in texts:
            self._own.send(text, PATIENCE)
        self._peer.come_back()
        for text in texts:
            self._peer.wait_for(text)
        self._texts += texts
        self._hear(1)
        return self._few

    def _restart(self) -> int:
        self._own.quit()
        texts = self._write(self._few)
        self._own.start()
        self._own.open_chat(self._peer.jid, "OMEMO")
        self._expect(texts)
        self._tell(self._few)
        return self._few

    def _write(self, count: int) -> list[str]:
        texts = [secret("from the peer") for _ in range(count)]
        for text in texts:
            self._peer.say(self._own.account.jid, text)
        self._texts += texts
        return texts

    def _expect(self, texts: Sequence[str]) -> None:
        for text in texts:
            check_encrypted(self._own, self._own.wait_for_message(text, PATIENCE))

    def _hear(self, count: int) -> None:
        self._expect(self._write(count))

    def _tell(self, count: int) -> None:
        for _ in range(count):
            text = secret("to the peer")
            self._own.send(text, PATIENCE)
            self._peer.wait_for(text)
            check_encrypted(self._own, self._own.wait_for_message(text))
            assert self._peer.count(text) == 1, text
            self._texts.append(text)

    def _check(self) -> None:
        """Every text is in the archive once, and no text was in clear."""

        def missing() -> list[str]:
            kept = [one["text"] for one in self._own.history(self._peer.jid)]
            return [text for text in self._texts if kept.count(text) != 1]

        wait_for("all texts are kept once", lambda: not missing())
        for text in self._texts:
            assert not self._scene.server.leaks(text), text
        check_scene(self._scene)


def write_table(path: Path, rows: Sequence[Proved]) -> None:
    """Write the table of what was proved."""
    columns = ["program", "version", "OMEMO", *STEPS]
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [row.line() for row in rows]
    path.write_text(HEAD + "\n".join(lines) + "\n")
