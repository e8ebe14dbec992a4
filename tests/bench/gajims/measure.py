# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Measures three Gajims of one version in turn: with our plugin, with what else does
OMEMO there, and one whose chats are not encrypted (the control).

Who writes to them is the same peer without windows, which speaks OMEMO 0.3 alone, so
that all have the same to read. Each has an account of its own.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from omemo_plugin.engine.values import Protocol
from tests.bench.gajims.values import Sample
from tests.bench.gajims.values import Table
from tests.bench.in_gajim import FILES
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

OTHERS = {"bookworm": GAJIM_OMEMO, "trixie": BUILT_IN, "forky": BUILT_IN}
ACCOUNTS = {OURS: "owl", GAJIM_OMEMO: "elk", BUILT_IN: "elk", NO_OMEMO: "cow"}

# In the room of a Gajim, besides itself
MEMBERS = 9
DEVICES = 5
LEGACY = (Protocol.LEGACY,)

TIMEOUT = 900.0
# A Gajim that works for less in a second has nothing left to do: milliseconds
IDLE = 40.0


# As for everybody after the first start: Python finds what it has compiled of a plugin
KEEP_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


@dataclass
class Sizes:
    """How much is measured in each round.

    :ivar archived: messages that wait in the archive
    :ivar sent: messages to a contact
    :ivar sent_to_room: messages to the room
    """

    archived: int = 300
    sent: int = 20
    sent_to_room: int = 10


def measure(
    suite: str, rounds: int, sizes: Sizes, tell: Callable[[str], None]
) -> Table:
    """
    Measure the Gajims of one Debian.

    Args:
        tell: gets what is being done now.
    """
    table = Table(suite, OTHERS[suite])
    kinds = [OURS, table.other, NO_OMEMO]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crowd = [f"crowd{number}" for number in range(MEMBERS - 1)]
        strangers = [
            f"{ACCOUNTS[kind]}-meets-{number}"
            for kind in kinds
            for number in range(rounds)
        ]
        names = [*(ACCOUNTS[kind] for kind in kinds), "ann", "dot", *crowd, *strangers]
        # Or some messages would come twice, once from the archive
        with Scene(names, folder, without=["offline"]) as scene:
            tell(f"{suite}: making {MEMBERS * DEVICES + len(strangers)} devices")
            for stranger in strangers:
                publish(scene, stranger, 1)
            for member in crowd:
                publish(scene, member, DEVICES)
            publish(scene, "ann", DEVICES - 1)
            accounts = scene.server.accounts
            ann = OmemoPeer(scene.server, accounts["ann"], scene.folder / "ann", LEGACY)
            try:
                for kind in kinds:
                    ann.make_room(
                        room_of(ACCOUNTS[kind]),
                        accounts[ACCOUNTS[kind]].jid,
                        *(accounts[member].jid for member in crowd),
                    )
                stage = Stage(scene, ann, sizes)
                gajims = {
                    kind: scene.gajim(
                        suite, ACCOUNTS[kind], kind, environment=KEEP_COMPILED
                    )
                    for kind in kinds
                }
                for number in range(rounds):
                    # Whoever comes first in one round is last in another
                    for kind in kinds[number % 3 :] + kinds[: number % 3]:
                        tell(f"{suite}: round {number + 1} of {rounds}, {kind}")
                        sample = stage.measure(gajims[kind], kind, number)
                        table.samples.setdefault(kind, []).append(sample)
            finally:
                ann.close()
    return table


def room_of(name: str) -> str:
    """The room of a Gajim's account."""
    return f"crowd-of-{name}@rooms.localhost"


def publish(scene: Scene, name: str, devices: int) -> None:
    """Give an account devices that nobody uses."""
    account = scene.server.accounts[name]
    for number in range(devices):
        folder = scene.folder / "devices" / f"{name}-{number}"
        OmemoPeer(scene.server, account, folder, LEGACY).close()


@dataclass
class Stage:
    """Whom the Gajims write to, and who writes to them."""

    scene: Scene
    ann: OmemoPeer
    sizes: Sizes

    def measure(self, gajim: Gajim, kind: str, number: int) -> Sample:
        """Start a Gajim, measure all of one round, and end it."""
        encryption = "" if kind == NO_OMEMO else "OMEMO"
        began = time.monotonic()
        gajim.start()
        found = {"start-wall": (time.monotonic() - began) * 1000}
        idle(gajim)
        found["start"] = gajim.call("main_thread_ms")
        part = FILES.get(kind, "")
        gajim.call("start_meter", part=part, account=gajim.account.name)
        found["first-contact"] = self._meet(gajim, encryption, number)
        gajim.open_chat(self.ann.jid, encryption)
        gajim.send(f"hello {number}")
        found |= send(gajim, self.sizes.sent, "send")
        room = room_of(gajim.account.name)
        gajim.join_room(room)
        gajim.open_room(room, encryption)
        gajim.send(f"hello all {number}")
        wait_for(
            f"{gajim.name} has written to the room",
            lambda: is_kept(gajim, room, f"hello all {number}"),
        )
        found |= send(gajim, self.sizes.sent_to_room, "room")
        self.ann.read()
        for row, shown in (("closed", "dot@localhost"), ("open", self.ann.jid)):
            gajim.open_chat(shown)
            found |= self._catch_up(gajim, kind, f"{row} {number}", row)
        found["memory"] = gajim.call("memory_mib")
        gajim.quit()
        return found

    def _meet(self, gajim: Gajim, encryption: str, number: int) -> float:
        """Milliseconds from pressing send until the first message to a contact whose
        devices nobody has asked for is on its way."""
        stranger = f"{gajim.account.name}-meets-{number}@localhost"
        gajim.open_chat(stranger, encryption)
        return send(gajim, 1, "met")["met-press-to-wire"]

    def _catch_up(self, gajim: Gajim, kind: str, title: str, row: str) -> Sample:
        """Let messages wait in the archive, and fetch them."""
        gajim.set_online(False)
        jid = gajim.account.jid
        texts = [f"{title}, message {one}" for one in range(self.sizes.archived)]
        for text in texts:
            if kind == NO_OMEMO:
                plain = f"<body>{text}</body>"
                self.ann.client.send(self.ann.stanza(jid, plain))
            else:
                self.ann.say(jid, text)
        # The server has kept all of them once it answers
        self.ann.fetch(self.ann.jid, "nothing")
        gajim.call("begin_measuring")
        gajim.set_online(True)
        wait_for(
            f"{gajim.name} has worked through them",
            lambda: idle(gajim) and is_kept(gajim, self.ann.jid, texts[-1]),
            TIMEOUT,
        )
        measured = gajim.call("measured")
        history = gajim.history(self.ann.jid)
        read = {one["text"] for one in history if one["encrypted"] or kind == NO_OMEMO}
        missing = sorted(set(texts) - read)
        assert not missing, f"{gajim.name} ({kind}) did not read {missing[:5]}"
        count = len(texts)
        return {
            row: measured["cpu_ms"] / count,
            f"{row}-handlers": measured.get("handlers_ms", 0.0) / count,
            f"{row}-later": measured.get("later_ms", 0.0) / count,
            f"{row}-stall": measured["stall_ms"],
        }


def send(gajim: Gajim, count: int, row: str) -> Sample:
    """Send messages in the shown chat, each when the one before is on its way."""
    gajim.call("measure_sending", account=gajim.account.name, count=count)

    def result() -> dict[str, object] | None:
        found: dict[str, object] | None = gajim.call("sending_measured")
        return found

    found = wait_for(f"{gajim.name} has sent all", result, TIMEOUT, 1)
    waits = found["press_to_wire"]
    seconds = found["seconds"]
    assert isinstance(waits, list)
    assert isinstance(seconds, float)
    assert len(waits) == count
    return {
        row: seconds * 1000 / count,
        f"{row}-press-to-wire": sorted(waits)[count // 2],
    }


def idle(gajim: Gajim) -> bool:
    """Wait until a Gajim has nothing to do for a second."""

    def worked() -> bool:
        before: float = gajim.call("main_thread_ms")
        time.sleep(1)
        after: float = gajim.call("main_thread_ms")
        return after - before < IDLE

    return wait_for(f"{gajim.name} has nothing to do", worked, TIMEOUT)


def is_kept(gajim: Gajim, jid: str, text: str) -> bool:
    return any(row["text"] == text for row in gajim.history(jid))
