# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs, driven all in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from tests.e2e.conversation import check_encrypted
from tests.support.folders import files_below
from tests.support.gajim.program import Gajim
from tests.support.gajim.program import Row
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

PATIENCE = 90.0

ROOM = "den@rooms.localhost"

FIRST = "first contact"
MESSAGES = "messages"
AT_ONCE = "both at once"
OFFLINE = "offline, both ways"
RESTARTS = "restarts"
ROOMS = "rooms"
FILES = "files"
CORRECTIONS = "corrections"
REACTIONS = "reactions"
CODE = "verification by code"

# The columns of the table
STEPS = (
    FIRST,
    MESSAGES,
    AT_ONCE,
    OFFLINE,
    RESTARTS,
    ROOMS,
    FILES,
    CORRECTIONS,
    REACTIONS,
    CODE,
)

TEXT_ALONE = "OMEMO 0.3 carries a text and nothing else"


class Peer:
    """Another program, or what stands for one.

    :ivar without: steps that are not taken, and why
    :ivar prepared: what is done for it before, for it would not do
    :ivar notes: what else has to be known about the steps that are taken
    :ivar corrects_encrypted: what a message corrects is encrypted with it
    """

    name: str
    version: str
    protocol: str
    jid: str
    without: Mapping[str, str] = MappingProxyType({REACTIONS: TEXT_ALONE})
    prepared: str = ""
    notes: tuple[str, ...] = ()
    corrects_encrypted = False

    def start(self) -> None:
        """Come online, with a device that can be found."""
        raise NotImplementedError

    def look_at(self, place: str) -> None:
        """Open the chat with somebody, or a room that it has entered."""

    def enter(self, room: str) -> None:
        """Enter a room of which it is a member, and look at it."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Write where it looks at."""
        raise NotImplementedError

    def count(self, text: str) -> int:
        """How often a text was read, encrypted."""
        raise NotImplementedError

    def shown(self) -> list[str]:
        """All texts on its screen or in its archive, as often as they are there."""
        raise NotImplementedError

    def wait_for(self, text: str) -> None:
        """Wait until a text was read."""
        wait_for(f"{self.name} reads {text!r}", lambda: self.count(text), PATIENCE)

    def wait_for_all(self, texts: Sequence[str]) -> None:
        """Wait until texts were read, each once."""
        for text in texts:
            self.wait_for(text)
            assert self.count(text) == 1, text

    def correct(self, text: str) -> None:
        """Correct the last message."""
        raise NotImplementedError

    def wait_for_correction(self, before: str, text: str) -> None:
        """Wait until it knows a text as the correction of another one."""
        raise NotImplementedError

    def send_file(self, path: Path) -> None:
        """Send a picture where it looks at."""
        raise NotImplementedError

    def wait_for_file(self, content: bytes) -> None:
        """Wait until it has got a picture."""
        raise NotImplementedError

    def react(self, text: str, emoji: str) -> None:
        """React to a text that it has read."""
        raise NotImplementedError

    def code(self) -> str:
        """The text of the code that it shows."""
        raise NotImplementedError

    def leave(self) -> None:
        """Go offline; the keys stay."""
        raise NotImplementedError

    def come_back(self) -> None:
        """Go online."""
        raise NotImplementedError

    def restart(self) -> None:
        """End, and start with the same keys."""
        self.leave()
        self.come_back()

    def close(self) -> None:
        """End."""


class GajimPeer(Peer):
    """Another OMEMO of Gajim."""

    protocol = "0.3"
    without = MappingProxyType(
        {REACTIONS: TEXT_ALONE, CODE: "its codes are compared in tests of their own"}
    )

    def __init__(self, scene: Scene, suite: str, omemo: str, name: str) -> None:
        self.gajim: Gajim = scene.gajim(suite, "ben", omemo, trusts_server=True)
        self.name = name
        self.version = f"in Gajim {self.gajim.host.gajim_version}"
        self.jid = self.gajim.account.jid
        self._place = ""

    def start(self) -> None:
        self.gajim.start()

    def look_at(self, place: str) -> None:
        self._place = place
        if place == ROOM:
            self.gajim.open_room(place, "OMEMO")
        else:
            self.gajim.open_chat(place, "OMEMO")

    def enter(self, room: str) -> None:
        self.gajim.join_room(room)
        self.look_at(room)

    def say(self, text: str) -> None:
        self.gajim.send(text, PATIENCE)

    def wait_for(self, text: str) -> None:
        self.wait_for_all([text])

    def wait_for_all(self, texts: Sequence[str]) -> None:
        for row in wait_for_rows(self.gajim, texts):
            check_encrypted(self.gajim, row)

    def count(self, text: str) -> int:
        return self.shown().count(text)

    def shown(self) -> list[str]:
        return [row.text for row in self.gajim.messages()]

    def correct(self, text: str) -> None:
        correct_in_gajim(self.gajim, text)

    def wait_for_correction(self, before: str, text: str) -> None:
        self.wait_for(text)
        assert self.gajim.find(before) is None, f"{self.name} shows both"

    def send_file(self, path: Path) -> None:
        self.gajim.send_file(self._place, str(self.gajim.offer(path)))

    def wait_for_file(self, content: bytes) -> None:
        wait_for_file_in_gajim(self.gajim, content)

    def leave(self) -> None:
        self.gajim.set_online(False)

    def come_back(self) -> None:
        self.gajim.set_online(True)

    def restart(self) -> None:
        self.gajim.restart()


def wait_for_rows(gajim: Gajim, texts: Sequence[str]) -> list[Row]:
    """Wait until the shown chat has texts, each once, among its newest rows.

    To look at a row takes Gajim a millisecond, in which it does nothing else.
    """
    wanted = set(texts)

    def found() -> list[Row] | None:
        newest = gajim.messages(last=3 * len(texts) + 10)
        rows = [row for row in newest if row.text in wanted]
        return rows if {row.text for row in rows} == wanted else None

    rows = wait_for(f"{gajim.name} shows {texts}", found, PATIENCE, 0.1)
    assert len(rows) == len(wanted), f"{gajim.name} shows twice: {rows}"
    return rows


def correct_in_gajim(gajim: Gajim, text: str) -> None:
    """Correct the last message of the shown chat."""

    def old_text() -> str:
        # Not before Gajim knows the message by all its names
        gajim.call("correct")
        return str(gajim.call("typed_text"))

    wait_for("the old text is there", old_text, PATIENCE, 0.5)
    gajim.send(text, PATIENCE)


def wait_for_file_in_gajim(gajim: Gajim, content: bytes) -> None:
    """Wait until Gajim has downloaded a picture, as it does by itself."""
    wait_for(
        f"{gajim.name} has the picture",
        lambda: any(data == content for _path, data in files_below(gajim.home)),
        PATIENCE,
        0.5,
    )
