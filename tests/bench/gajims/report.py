# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the measurements in real Gajims say: as a table, and as a picture."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import NamedTuple

from tests.bench.gajims.values import Sample
from tests.bench.gajims.values import Table
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import NO_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.servers.hosts import GAJIM_VERSIONS

# What is measured, and what it says to a reader. All are milliseconds but the memory
ROWS = {
    "start": "main thread until Gajim is online and idle",
    "memory": "memory at the end, MiB",
    "first-contact": "press to wire, first message to a contact",
    "send": "main thread, a message to a contact",
    "send-press-to-wire": "press to wire, a message to a contact",
    "room": "main thread, a message to 9 members with 45 devices",
    "room-press-to-wire": "press to wire, the same",
    "closed": "main thread, an archived message, chat not on screen",
    "closed-handlers": "of it in handlers of stanzas",
    "closed-later": "of it in callbacks of the main loop",
    "closed-stall": "longest standstill",
    "open": "main thread, an archived message, chat on screen",
    "open-handlers": "of it in handlers of stanzas",
    "open-later": "of it in callbacks of the main loop",
    "open-stall": "longest standstill",
}
# In the picture, which a reader of the README looks at
NAMES = {BUILT_IN: "Gajim’s own OMEMO"}
# By them it is seen whether the machine was as fast in each round
CONTROLS = "send", "closed", "open"
STEADY = 1.25


class Line(NamedTuple):
    """
    One row of a table.

    Attributes:
        ours, other, control: medians of all rounds.
        ours_share, other_share: medians of what is above the control of the same round.
    """

    name: str
    ours: float
    other: float
    control: float
    ours_share: float
    other_share: float

    @property
    def ratio(self) -> float | None:
        """Our share beside the other's; None where one of them is nothing that could
        be told from the control."""
        if min(self.ours_share, self.other_share) <= 0:
            return None
        return self.ours_share / self.other_share


def lines(table: Table) -> Iterator[Line]:
    """The rows of a table."""
    samples = table.samples

    def median(kind: str, name: str) -> float:
        return statistics.median(one[name] for one in samples[kind])

    def share(kind: str, name: str) -> float:
        pairs = zip(samples[kind], samples[NO_OMEMO], strict=True)
        return statistics.median(one[name] - plain[name] for one, plain in pairs)

    for name in ROWS:
        yield Line(
            name,
            median(OURS, name),
            median(table.other, name),
            median(NO_OMEMO, name),
            share(OURS, name),
            share(table.other, name),
        )


def unsteady(samples: list[Sample]) -> list[str]:
    """The rows in which the control of one round took much longer than in another."""
    found = []
    for name in CONTROLS:
        times = [one[name] for one in samples]
        if max(times) >= STEADY * min(times):
            found.append(name)
    return found


def text(table: Table) -> str:
    """The table, for a terminal or as Markdown."""
    rounds = len(table.samples[OURS])
    rows = [
        f"Gajim {GAJIM_VERSIONS[table.suite]}, medians of {rounds}",
        "",
        f"| milliseconds | this plugin | {table.other} | none | this plugin’s share "
        f"| {table.other}’s share | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for line in lines(table):
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        values = (
            line.ours,
            line.other,
            line.control,
            line.ours_share,
            line.other_share,
        )
        cells = " | ".join(f"{value:.1f}" for value in values)
        rows.append(f"| {ROWS[line.name]} | {cells} | {ratio} |")
    for name in unsteady(table.samples[NO_OMEMO]):
        rows += [
            "",
            f"The machine changed its speed: the Gajim without OMEMO took much longer "
            f"in one round than in another ({ROWS[name]}). Run it again.",
        ]
    return "\n".join(rows)


WIDTH = 640
LABEL = 190
BAR = 18
GAP = 8
COLOURS = ("#26a269", "#986a44", "#9a9996")


def picture(tables: list[Table]) -> str:
    """An SVG of what an archived message costs, in each Gajim."""
    groups = [(table, {line.name: line for line in lines(table)}) for table in tables]
    longest = max(
        value
        for _, found in groups
        for value in (found["closed"].ours, found["closed"].other)
    )
    scale = (WIDTH - LABEL - 90) / longest
    parts: list[str] = []
    y = 34
    for table, found in groups:
        line = found["closed"]
        version = GAJIM_VERSIONS[table.suite]
        parts.append(f'<text x="0" y="{y + 14}" class="title">Gajim {version}</text>')
        y += 24
        bars = (
            ("with this plugin", line.ours),
            (f"with {NAMES.get(table.other, table.other)}", line.other),
            ("not encrypted", line.control),
        )
        for (label, value), colour in zip(bars, COLOURS, strict=True):
            parts += [
                f'<text x="{LABEL - 10}" y="{y + 13}" class="label">{label}</text>',
                f'<rect x="{LABEL}" y="{y}" width="{value * scale:.0f}" '
                f'height="{BAR}" rx="3" fill="{colour}"/>',
                f'<text x="{LABEL + value * scale + 8:.0f}" y="{y + 13}">'
                f"{value:.1f} ms</text>",
            ]
            y += BAR + GAP
        y += GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="img">\n'
        "<title>What a message costs that waited on the server</title>\n"
        "<style>text{font:13px sans-serif;fill:#3d3846}.title{font-weight:bold}"
        ".label{text-anchor:end}</style>\n"
        f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>\n'
        '<text x="0" y="18">What a message that waited on the server takes of Gajim’s '
        "main thread</text>\n"
    )
    return head + "\n".join(parts) + "\n</svg>\n"
