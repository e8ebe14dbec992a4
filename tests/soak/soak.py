# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long conversation in which connections break and programs die at random.

Whatever the server took from one side has to be shown by the other, decrypted and
exactly once. What a dying program had not handed to the server yet is gone, as it
would be for its user, and is written anew.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.soak.accepted import Accepted
from tests.support.gajim.program import DriverError
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import Scene
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

MODULES = ("hang_up",)
"""What the server has to have besides."""

BURST = 50
"""At most so many messages in a row."""

# The longest moment before something happens
MOMENT = 1.0

# A side that has lost its connection tries again only after a while, and both
# may have thousands of messages to read
TIMEOUT = 300.0

TRIES = 5

# What is found again and again in a history of thousands, by reading all of it
INTERVAL = 1.0


class Side:
    """One of the two."""

    def __init__(self, gajim: Gajim) -> None:
        """Nothing has been said yet."""
        self.gajim = gajim
        self.name = gajim.name
        self.open: dict[str, int] = {}
        """Texts since both were last found to have everything, with the number of
        the stream they were written in: they may have ended with it."""
        self.arrived: list[str] = []
        """Texts that have to be in both histories."""
        self.unsure: set[str] = set()
        """Of these, texts that Gajim may not have written down when it died."""
        self.gone: set[str] = set()
        """Texts that died with the program or its connection before the server had
        them, or that the other Gajim passed over when it died
        (`Accepted.passed_over`)."""


class Soak:
    """The conversation."""

    def __init__(
        self, scene: Scene, ann: Gajim, ben: Gajim, seed: int, say: Callable[[str], Any]
    ) -> None:
        """Nothing is started.

        :param scene: its server has `MODULES`
        :param seed: of everything that is left to chance, but for the machine's
            own moods
        :param say: is told how it goes
        """
        self._scene = scene
        self._server = scene.server
        self._sides = (Side(ann), Side(ben))
        self._chance = random.Random(seed)
        self._say = say
        self._accepted = Accepted(scene.server.wire_log)
        # Of a length that is a multiple of three, so that the beginning of a text
        # is also the beginning of its base64
        self.word = f"soak {self._chance.getrandbits(24):06x} "
        self._count = 0
        self._deaths = 0
        self._events: dict[str, tuple[int, Callable[[Side], None]]] = {
            "talk": (2, self._talk),
            "crash": (2, self._crash),
            "crash while catching up": (1, self._crash_while_catching_up),
            "quit": (1, self._quit),
            "go offline": (2, self._go_offline),
            "lose the connection": (2, self._lose_connection),
        }

    def run(self, count: int) -> None:
        """Go on until so many messages have arrived, and check all of them."""
        gajims = [side.gajim for side in self._sides]
        start_all(gajims)
        open_chats(*gajims)
        started = time.monotonic()
        while self.arrived < count:
            deck = [name for name, (n, _) in self._events.items() for _ in range(n)]
            self._chance.shuffle(deck)
            for name in deck:
                victim = self._chance.choice(self._sides)
                self._say(f"    {victim.name}: {name}")
                self._events[name][1](victim)
            self._settle()
            passed = time.monotonic() - started
            self._say(
                f"{self.arrived} of {count} messages have arrived, "
                f"{self._deaths} restarts, {passed:.0f} s"
            )
        self._check_all()
        gone = sum(len(side.gone) for side in self._sides)
        unsure = sum(len(side.unsure) for side in self._sides)
        self._say(
            f"All {self.arrived} messages exactly once. {gone} died with their "
            f"program before the server had them; {unsure} may be missing with "
            "their own sender, whose Gajim died before it wrote them down."
        )

    @property
    def arrived(self) -> int:
        """The number of messages that both histories must have."""
        return sum(len(side.arrived) for side in self._sides)

    # -- what may happen

    def _talk(self, victim: Side) -> None:
        self._burst(victim)
        self._burst(self._other(victim))

    def _crash(self, victim: Side) -> None:
        self._some_bursts()
        self._moment()
        self._kill(victim)
        self._while_away(victim)
        self._start(victim)

    def _crash_while_catching_up(self, victim: Side) -> None:
        self._kill(victim)
        self._burst(self._other(victim))
        victim.gajim.launch()
        victim.gajim.wait_until_running()
        self._moment()
        self._kill(victim)
        self._start(victim)

    def _quit(self, victim: Side) -> None:
        self._some_bursts()
        self._moment()
        try:
            victim.gajim.quit(TIMEOUT / 5)
        except AssertionError:
            self._check_stuck(victim)
        self._note_death(victim)
        self._while_away(victim)
        self._start(victim)

    def _go_offline(self, victim: Side) -> None:
        self._some_bursts()
        self._moment()
        if self._leave(victim):
            self._while_away(victim)
            victim.gajim.set_online(True)
        else:
            self._while_away(victim)
            self._start(victim)

    def _lose_connection(self, victim: Side) -> None:
        self._some_bursts()
        self._moment()
        self._server.hang_up(victim.gajim.account)
        self._some_bursts()
        if self._chance.random() < 0.5:
            self._moment()
            self._wait_until_online(victim)

    # -- steps

    def _leave(self, side: Side) -> bool:
        """Returns whether it still runs, which it should."""
        try:
            side.gajim.set_online(False)
        except TooLate:
            self._check_stuck(side)
        except DriverError as error:
            # Gajim 2.6 fails at it between losing a connection and the next try
            if "'NoneType' object has no attribute 'send'" not in str(error):
                raise
        else:
            return True
        self._kill(side)
        return False

    def _sign_in_anew(self, side: Side) -> None:
        if self._leave(side):
            side.gajim.set_online(True)
        else:
            self._start(side)

    def _check_handed_over(self, side: Side) -> None:
        # Now and then Prosody reads what comes from a connection that was resumed,
        # and does nothing with it. What has got stuck with us is another matter
        waiting = side.gajim.call("waiting", account=side.gajim.account_name)
        assert not waiting, f"{waiting} messages wait in {side.name}"

    def _check_stuck(self, side: Side) -> None:
        # nbxmpp waits for ever when its connection breaks while it closes it
        last = side.gajim.log.read_text(errors="replace")[-1000:]
        assert "Read Error" in last, f"{side.name} does not go: {last}"
        self._say(f"    {side.name}: killed, for it did not go")

    def _moment(self) -> None:
        # Nothing is waited for: what is broken shall be broken at any point
        time.sleep(self._chance.uniform(0, MOMENT))

    def _some_bursts(self) -> None:
        for side in self._chance.choice(
            [self._sides, self._sides[:1], self._sides[1:]]
        ):
            self._burst(side)

    def _while_away(self, victim: Side) -> None:
        if self._chance.random() < 0.5:
            self._burst(self._other(victim))

    def _burst(self, side: Side, size: int = 0) -> list[str]:
        texts = []
        for _ in range(size or self._chance.randint(1, BURST)):
            self._count += 1
            texts.append(f"{self.word}{self._count:06d} from {side.name}")
        stream = self._accepted.streams(side.name)
        taken = side.gajim.call(
            "send_all_past_the_window",
            account=side.gajim.account_name,
            jid=self._other(side).gajim.account.jid,
            texts=texts,
        )
        if not taken:
            # Gajim takes no message while it is offline
            return []
        side.open |= dict.fromkeys(texts, stream)
        return texts

    def _kill(self, side: Side) -> None:
        side.gajim.kill()
        self._note_death(side)

    def _note_death(self, side: Side) -> None:
        self._deaths += 1
        # With it ends what waited in the queue
        side.open = dict.fromkeys(side.open, 0)

    def _start(self, side: Side) -> None:
        side.gajim.launch()
        side.gajim.wait_until_online(TIMEOUT)
        if self._chance.random() < 0.5:
            side.gajim.open_chat(self._other(side).gajim.account.jid)

    def _other(self, side: Side) -> Side:
        return self._sides[1 - self._sides.index(side)]

    # -- what must be

    def _settle(self) -> None:
        """Wait until everything has arrived; what died is written anew."""
        for side in self._sides:
            self._wait_until_online(side)
        for side in self._sides:
            self._settle_one(side)

    @staticmethod
    def _wait_until_online(side: Side) -> None:
        wait_for(f"{side.name} is online", side.gajim.online, TIMEOUT)

    def _settle_one(self, side: Side) -> None:
        reader = self._other(side)
        size, tries = 1, 0
        while True:
            self._wait_until_online(side)
            texts = self._burst(side, size)
            if not texts:
                continue
            # In one conversation the last is the last: then no other waits
            last = texts[-1]
            try:
                self._wait_for_texts(reader, side, {last})
            except TooLate:
                tries += 1
                if tries == TRIES:
                    raise
                self._say(f"    {side.name}: writes again")
                if not self._has_ended(side, last):
                    self._check_handed_over(side)
                    self._sign_in_anew(side)
                continue
            self._wait_for_ids(reader, side)
            own = self._texts(side, reader)
            there = self._texts(reader, side)
            self._check_encrypted(reader)
            size = 0
            numbers = self._passed_over(reader)
            passed_over = {
                row["text"]
                for row in self._history(side, reader)
                if row["id"] in numbers
            }
            for text in side.open:
                if text in there:
                    side.arrived.append(text)
                    if text not in own:
                        shown = f"{side.name} does not show its own {text!r}"
                        assert self._has_ended(side, text), shown
                        side.unsure.add(text)
                else:
                    excused = self._has_ended(side, text) or text in passed_over
                    assert excused, f"{text!r} is lost"
                    side.gone.add(text)
                    size += 1
            side.open.clear()
            if not size:
                return

    def _has_ended(self, side: Side, text: str) -> bool:
        """Whether the stream an open text was written in is over."""
        return side.open[text] < self._accepted.streams(side.name)

    def _wait_for_texts(self, reader: Side, writer: Side, texts: set[str]) -> None:
        wait_for(
            f"{reader.name} has the last text from {writer.name}",
            lambda: texts <= self._texts(reader, writer).keys(),
            TIMEOUT / 5,
            INTERVAL,
        )

    def _wait_for_ids(self, reader: Side, writer: Side) -> None:
        def missing() -> set[str]:
            history = self._history(reader, writer)
            accepted = self._accepted.ids(writer.gajim.account.name)
            there = {row["id"] for row in history}
            return accepted - there - self._passed_over(reader)

        what = f"{reader.name} has all of {writer.name}"
        try:
            try:
                wait_for(what, lambda: not missing(), TIMEOUT / 5, INTERVAL)
            except TooLate:
                # Gajim does not go on with the archive when its connection was
                # lost in the middle of a page and then resumed
                self._say(f"    {reader.name}: signs in anew for the archive")
                self._sign_in_anew(reader)
                wait_for(what, lambda: not missing(), TIMEOUT, INTERVAL)
        except TooLate as error:
            known = {row["id"]: row["text"] for row in self._history(writer, reader)}
            lost = [f"{one}: {known.get(one, '?')}" for one in sorted(missing())]
            raise AssertionError(f"{error}; LOST: {lost}") from None

    def _passed_over(self, reader: Side) -> set[str]:
        # Gajim 1.7 writes both at the same time
        if reader.gajim.host.gajim_version.startswith("1."):
            return set()
        return self._accepted.passed_over(reader.name)

    def _history(self, side: Side, other: Side) -> list[dict[str, Any]]:
        return side.gajim.history(other.gajim.account.jid)

    def _texts(self, side: Side, other: Side) -> Counter[str]:
        return Counter(row["text"] for row in self._history(side, other))

    def _check_encrypted(self, side: Side) -> None:
        history = self._history(side, self._other(side))
        clear = [row["text"] for row in history if not row["encrypted"]]
        assert not clear, f"{side.name} shows in clear: {clear}"

    def _check_all(self) -> None:
        ours = {text for side in self._sides for text in side.arrived}
        gone = {text for side in self._sides for text in side.gone}
        for side in self._sides:
            history = self._history(side, self._other(side))
            found = Counter(row["text"] for row in history)
            twice = {text: n for text, n in found.items() if n > 1}
            assert not twice, f"{side.name} shows more than once: {twice}"
            missing = ours - side.unsure - found.keys()
            assert not missing, f"{side.name} does not show: {sorted(missing)}"
            # Its own rows of what never left may be there
            strange = found.keys() - ours - (gone & side.gone)
            assert not strange, f"{side.name} shows besides: {sorted(strange)}"
            self._check_encrypted(side)
            log = side.gajim.log.read_text(errors="replace")
            assert not errors_of_our_plugin(log), errors_of_our_plugin(log)
            assert self.word not in log, side.gajim.log
        leaks = self._server.leaks(self.word)
        assert not leaks, f"the server saw: {leaks[:3]}"
