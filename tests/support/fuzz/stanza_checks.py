# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permitted and the required results of a hostile stanza."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from .stanza_mutations import Mutant

# More of the processor than this in one stanza is reported
STALL = 0.05

REFUSED = " not opened] "


@dataclass
class Report:
    """
    The results of many stanzas.

    :ivar outcomes: how often what happened
    :ivar wrong: what must not have happened, with the stanza
    :ivar seconds: of the processor, for each stanza
    :ivar stalls: the stanzas that needed more of it than they should
    :ivar ours: how many of the stalls would be some without anybody but us: neither
        Gajim's own handlers nor the collection of garbage
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stalls: list[str] = field(default_factory=list)
    ours: int = 0

    def note(
        self, mutant: Mutant, text: str, sender: str, result: dict[str, Any]
    ) -> None:
        """Check one stanza.

        :param text: what was encrypted
        :param sender: the bare JID of the one who has encrypted it
        :param result: as the injector tells it
        """
        self.seconds.append(result["seconds"])
        if result["seconds"] > STALL:
            # Printed, not failed: the collection of garbage hits any stanza
            ours, garbage = result.get("ours", 0.0), result.get("garbage", 0.0)
            self.ours += ours > STALL
            self.stalls.append(
                f"{1000 * result['seconds']:.0f} ms, of which our handler"
                f" {1000 * ours:.0f} and garbage {1000 * garbage:.0f}: {mutant.xml}"
            )
        complaints = [f"error: {error}" for error in result["errors"]]
        shown = False
        # A chat state alone is an event without a text
        rows = [row for row in result["shown"] if row["text"]]
        for row in rows:
            outcome = self._judge(row, text, sender, complaints)
            shown = shown or outcome == "decrypted"
            self.outcomes[outcome] += 1
        if not rows:
            self.outcomes["nothing shown"] += 1
        if mutant.must_be_shown and not shown:
            complaints.append("it was not shown")
        if len(rows) > 1:
            complaints.append("shown more than once")
        self.wrong += [
            f"{one}\nencrypted: {text!r}\nshown: {result['shown']}\n{mutant.xml}"
            for one in complaints
        ]

    @staticmethod
    def _judge(
        row: dict[str, Any], text: str, sender: str, complaints: list[str]
    ) -> str:
        if row["trust"] is None:
            if text in row["text"]:
                complaints.append("an encrypted text is shown as one in clear")
            return "in clear"
        if row["replaces"]:
            complaints.append("it takes the place of another message")
        if row["trust"] in ("UNTRUSTED", "DISTRUSTED"):
            if REFUSED not in row["text"]:
                complaints.append("neither decrypted nor refused")
            return "refused"
        if row["text"] != text:
            complaints.append("the text shown is not the text encrypted")
        if row["jid"].partition("/")[0] != sender and "rooms" not in row["jid"]:
            complaints.append("shown in the chat of somebody else")
        return "decrypted"

    def summary(self) -> str:
        """The figures, in a line."""
        ordered = sorted(self.seconds)
        outcomes = ", ".join(
            f"{what}: {n}" for what, n in sorted(self.outcomes.items())
        )
        stalls = len(self.stalls)
        return (
            f"{len(ordered)} stanzas; {outcomes}; processor ms: median"
            f" {1000 * ordered[len(ordered) // 2]:.1f}, 99 %"
            f" {1000 * ordered[len(ordered) * 99 // 100]:.1f}, most"
            f" {1000 * ordered[-1]:.1f}; above {1000 * STALL:.0f} ms: {stalls},"
            f" by us alone: {self.ours}"
        )

    def check(self, about: Sequence[str] = ()) -> None:
        """Fail with the first stanzas of which something wrong has come."""
        assert not self.wrong, "\n\n".join(
            [f"{len(self.wrong)} are wrong", *about, *self.wrong[:5]]
        )
