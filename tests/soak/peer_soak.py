# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gajim with the plugin and another program talk, step by step, and a table says
what was proved.

In each step every text has to arrive once and encrypted, and none in clear on the
server.
"""

from __future__ import annotations

import secrets
import tempfile
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from pathlib import Path

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import errors_of_our_plugin
from tests.soak.peers import AT_ONCE
from tests.soak.peers import CODE
from tests.soak.peers import CORRECTIONS
from tests.soak.peers import FILES
from tests.soak.peers import FIRST
from tests.soak.peers import MESSAGES
from tests.soak.peers import OFFLINE
from tests.soak.peers import PATIENCE
from tests.soak.peers import REACTIONS
from tests.soak.peers import RESTARTS
from tests.soak.peers import ROOM
from tests.soak.peers import ROOMS
from tests.soak.peers import STEPS
from tests.soak.peers import Peer
from tests.soak.peers import correct_in_gajim
from tests.soak.peers import wait_for_file_in_gajim
from tests.soak.peers import wait_for_rows
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

# Where the plugin is
SUITE = "bookworm"

SHORT = 50
"""Texts of each side in the chat, and in the room."""
LONG = 1000
"""The same for `tools/soak --peer` without `--short`."""

# So many texts of each side, and then all that may happen in between
ROUND = 100

# In a round so many texts are answered one by one, and the others so many at a time
TURNS = 10
BURST = 10

THUMB = "\U0001f44d"

HEAD = """<!--
SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Other programs

What `tools/soak --peer all --table` has proved between a Gajim 1.7.3 with the plugin \
and other programs, over a Prosody on this machine: every text once, none in clear, \
none damaged. It wrote this file. A number is of texts, files or the like in each \
direction; for what happens while somebody is offline, to the one who was away. A \
correction in OMEMO 0.3 comes to us as a text of its own: what it replaces is not \
encrypted, and anybody in between could have written it.

"""


@dataclass
class Proved:
    """A row of the table."""

    program: str
    version: str
    protocol: str
    steps: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        numbers = [str(self.steps[step] or "-") for step in STEPS]
        return [self.program, self.version, self.protocol, *numbers]


class PeerSoak:
    """The conversation with one peer."""

    def __init__(
        self, scene: Scene, peer: Peer, count: int, say: Callable[[str], object]
    ) -> None:
        """
        :param count: texts of each side in the chat, and in the room
        :param say: is told how it goes
        """
        self._scene = scene
        self._peer = peer
        self._count = count
        self._say = say
        # Of a length that is a multiple of three, so that the beginning of a text
        # is also the beginning of its base64
        self._word = f"secret {secrets.token_hex(2)} "
        self._made = 0
        # By the chat or room
        self._texts: dict[str, list[str]] = {ROOM: [], peer.jid: []}
        # What the peer has read
        self._told: set[str] = set()
        self._place = peer.jid
        self._own: Gajim = scene.gajim(SUITE, "ann", OURS, trusts_server=True)
        self._proved = Proved(peer.name, peer.version, peer.protocol)

    def run(self) -> Proved:
        """Take all steps, and return what they have proved."""
        peer = self._peer
        self._own.start()
        peer.start()
        self._look_at_chat()
        self._step(FIRST, lambda: self._talk(1))
        for count in self._rounds():
            self._step(MESSAGES, partial(self._talk, count))
            self._step(AT_ONCE, self._at_once)
            self._step(OFFLINE, self._offline)
            self._step(RESTARTS, self._restarts)
            self._step(FILES, self._files)
            self._step(CORRECTIONS, self._corrections)
        self._step(ROOMS, self._room)
        self._look_at_chat()
        self._step(REACTIONS, self._reaction)
        self._step(CODE, self._code)
        self._talk(1)
        self._check()
        without = (f"{step}: {why}." for step, why in peer.without.items())
        notes = [peer.prepared, *peer.notes, *without]
        self._proved.notes = [note for note in notes if note]
        return self._proved

    def _step(self, name: str, work: Callable[[], int]) -> None:
        if name not in self._peer.without:
            self._proved.steps[name] += work()
            self._say(f"{self._peer.name}: {name}: {self._proved.steps[name]}")

    def _rounds(self) -> Iterable[int]:
        for done in range(0, self._count, ROUND):
            yield min(ROUND, self._count - done)

    @property
    def _few(self) -> int:
        return max(1, min(ROUND, self._count) // 5)

    def _look_at_chat(self) -> None:
        self._place = self._peer.jid
        self._own.open_chat(self._peer.jid, "OMEMO")
        self._peer.look_at(self._own.account.jid)

    # -- steps

    def _talk(self, count: int) -> int:
        turns = min(count, TURNS)
        for _ in range(turns):
            self._expect(self._write(1))
            self._tell(1)
        for done in range(turns, count, BURST):
            size = min(BURST, count - done)
            self._expect(self._write(size))
            self._tell(size)
        self._look_at_all()
        return count

    def _look_at_all(self) -> None:
        """No text is on a screen twice, and none of ours is there in clear."""
        rows = [row for row in self._own.messages() if row.text.startswith(self._word)]
        for row in rows:
            check_encrypted(self._own, row)
        read = [text for text in self._peer.shown() if text in self._told]
        for texts in ([row.text for row in rows], read):
            twice = {text: n for text, n in Counter(texts).items() if n > 1}
            assert not twice, f"shown more than once: {twice}"

    def _at_once(self) -> int:
        """Neither waits for the other."""
        theirs, ours = self._new(self._few), self._new(self._few)
        for their, our in zip(theirs, ours, strict=True):
            self._peer.say(their)
            self._own.send(our, PATIENCE)
        self._expect(theirs)
        self._arrive(ours)
        return self._few

    def _offline(self) -> int:
        self._own.set_online(False)
        texts = self._write(self._few)
        self._own.set_online(True)
        self._expect(texts)
        self._peer.leave()
        texts = self._new(self._few)
        for text in texts:
            self._own.send(text, PATIENCE)
        self._peer.come_back()
        self._arrive(texts)
        self._talk(1)
        return self._few

    def _restarts(self) -> int:
        self._own.quit(PATIENCE)
        texts = self._write(self._few)
        self._own.start()
        self._expect_in_archive(texts)
        self._own.open_chat(self._peer.jid, "OMEMO")
        self._tell(self._few)
        self._peer.restart()
        self._peer.look_at(self._own.account.jid)
        self._talk(1)
        return self._few

    def _files(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = (Path(folder) / name for name in ("ours.png", "theirs.png"))
            content = draw(ours)
            self._own.send_file(self._place, str(self._own.offer(ours)))
            self._peer.wait_for_file(content)
            content = draw(theirs)
            self._peer.send_file(theirs)
            wait_for_file_in_gajim(self._own, content)
        return 1

    def _corrections(self) -> int:
        (before,) = self._write(1)
        self._expect([before])
        (text,) = self._new(1)
        self._peer.correct(text)
        self._expect([text])
        # Of what is not encrypted we believe nothing
        replaced = self._own.find(before) is None
        assert replaced is self._peer.corrects_encrypted, "corrections"
        if replaced:
            self._texts[self._place].remove(before)
        (before,) = self._tell(1)
        (text,) = self._new(1)
        correct_in_gajim(self._own, text)
        self._peer.wait_for_correction(before, text)
        self._texts[self._place].remove(before)
        return 1

    def _room(self) -> int:
        self._own.create_room(ROOM)
        self._own.set_affiliation(ROOM, self._peer.jid, "member")
        self._own.open_room(ROOM, "OMEMO")
        self._place = ROOM
        self._enter()
        for count in self._rounds():
            self._talk(count)
            self._at_once()
            self._peer.leave()
            self._peer.come_back()
            self._enter()
            self._talk(1)
            self._own.quit(PATIENCE)
            self._own.start()
            self._own.join_room(ROOM)
            self._own.open_room(ROOM, "OMEMO")
            self._talk(1)
        return self._count

    def _enter(self) -> None:
        """The peer enters, until everybody knows it."""
        self._peer.enter(ROOM)
        name = self._peer.jid.partition("@")[0]
        wait_for(
            f"{name} is in the room",
            lambda: (
                name
                in self._own.call(
                    "nicknames", account=self._own.account_name, room=ROOM
                )
            ),
            PATIENCE,
        )

    def _reaction(self) -> int:
        (text,) = self._tell(1)
        self._peer.react(text, THUMB)
        words = f"earlier message: “{THUMB}”"
        wait_for(
            "the reaction is shown",
            lambda: any(words in row.text for row in self._own.rows()),
            PATIENCE,
        )
        return 1

    def _code(self) -> int:
        self._own.call(
            "scan",
            account=self._own.account_name,
            text=self._peer.code(),
            expected=self._peer.jid,
        )
        (text,) = self._write(1)
        row = self._own.wait_for_message(text, PATIENCE)
        assert row.trust == "VERIFIED", row
        return 1

    # -- texts

    def _new(self, count: int) -> list[str]:
        texts = []
        for _ in range(count):
            self._made += 1
            texts.append(f"{self._word}{self._made:06d}")
        self._texts[self._place] += texts
        return texts

    def _write(self, count: int) -> list[str]:
        texts = self._new(count)
        for text in texts:
            self._peer.say(text)
        return texts

    def _expect(self, texts: Sequence[str]) -> None:
        for row in wait_for_rows(self._own, texts):
            check_encrypted(self._own, row)

    def _expect_in_archive(self, texts: Sequence[str]) -> None:
        """The same for what comes before the chat is opened. Gajim 1.7 does not show
        all of them then: where one page of a chat ends, it leaves out what has the
        same second (`common/storage/archive.py`, `get_conversation_before_after`:
        "time < ?"), and a server tells no more than seconds."""
        wait_for("all are kept once", partial(self._kept, self._place, texts), PATIENCE)
        kept = {one["text"]: one for one in self._own.history(self._place)}
        assert all(kept[text]["encrypted"] for text in texts), kept

    def _tell(self, count: int) -> list[str]:
        texts = self._new(count)
        for text in texts:
            self._own.send(text, PATIENCE)
        self._arrive(texts)
        self._expect(texts)
        return texts

    def _arrive(self, texts: Sequence[str]) -> None:
        self._peer.wait_for_all(texts)
        self._told.update(texts)

    def _kept(self, place: str, texts: Sequence[str]) -> bool:
        kept = Counter(one["text"] for one in self._own.history(place))
        return all(kept[text] == 1 for text in texts)

    def _check(self) -> None:
        """Every text is in the archive once, and no text was in clear."""
        for place, texts in self._texts.items():
            wait_for("all texts are kept once", partial(self._kept, place, texts))
        leaks = self._scene.server.leaks(self._word)
        assert not leaks, f"the server saw: {leaks[:3]}"
        log = self._own.log.read_text(errors="replace")
        assert not errors_of_our_plugin(log), errors_of_our_plugin(log)
        assert self._word not in log, self._own.log


def draw(path: Path) -> bytes:
    """A picture that is like no other."""
    from PIL import Image

    Image.effect_noise((160, 100), 60).save(path, format="PNG")
    return path.read_bytes()


def write_table(path: Path, rows: Sequence[Proved]) -> None:
    """Write the table of what was proved, and why the rest was not."""
    columns = ["program", "version", "OMEMO", *STEPS]
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(row.cells())} |" for row in rows]
    for row in rows:
        lines += ["", f"{row.program}:", ""] if row.notes else []
        lines += [f"- {note}" for note in row.notes]
    path.write_text(HEAD + "\n".join(lines) + "\n")
