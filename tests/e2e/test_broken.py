# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session that is lost on one side is replaced by its user, and by nobody else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

COUNT = 20


def lose_sessions(gajim: Gajim, other: Gajim) -> None:
    """Take all sessions with somebody out of the key store of a Gajim that does
    not run."""
    name = f"{gajim.account.jid}.db"
    (store,) = [path for path in gajim.our_stores() if path.name == name]
    connection = sqlite3.connect(store)
    with connection:
        lost = sum(
            connection.execute(
                "DELETE FROM kv WHERE key LIKE ?",
                (f"/{namespace}/{other.account.jid}/%",),
            ).rowcount
            for namespace in ("eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2")
        )
    connection.close()
    assert lost > 0, "there was no session"


def lines(gajim: Gajim) -> list[str]:
    return [row.text for row in gajim.rows() if row.type == "info"]


def offers(gajim: Gajim) -> int:
    """The number of rows that offer to repair the session."""
    return shown(gajim).count("Repair")


def shown(gajim: Gajim) -> list[str]:
    """What is to be seen in rows that are marked."""
    rows = gajim.call("marked_rows")
    return [text for row in rows if row["is_shown"] for text in row["texts"]]


def unreadable(gajim: Gajim) -> int:
    return sum("not opened]" in row.text for row in gajim.messages())


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_34_one_offer_for_many_messages(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    scene = new_scene("ann", "ben", "cat")
    ann = scene.gajim("bookworm", "ann", OURS)
    ben = scene.gajim(suite, "ben", OURS)
    start_all([ann, ben])
    open_chats(ann, ben)
    tell(ann, ben, "first")
    tell(ben, ann, "second")
    tell(ann, ben, "third")
    ben.quit()
    lose_sessions(ben, ann)
    for number in range(COUNT):
        ann.send(secret(f"lost {number}"))
    before = exchanges(scene, ben)
    ben.start()
    ben.open_chat(ann.account.jid)
    wait_for("all of them are rows", lambda: unreadable(ben) == COUNT)
    said = (
        "[Message from Ann not opened] Ann’s first device and this computer lost their "
        "common keys. Ask Ann to send it again."
    )
    assert {row.text for row in ben.messages()[-COUNT:]} == {said}
    wait_for("it is offered", lambda: offers(ben) == 1)
    wait_for(
        "the others are one row",
        lambda: any(f"{COUNT - 1} messages from" in one for one in shown(ben)),
    )
    ben.screenshot(f"broken-session-{suite}")
    # In the newest one alone
    ann.send(secret("lost while ben looks"))
    wait_for("it is a row", lambda: unreadable(ben) == COUNT + 1)
    wait_for(
        "it is with the others what was the newest",
        lambda: any(f"{COUNT} messages from" in one for one in shown(ben)),
    )
    wait_for("it is offered once", lambda: offers(ben) == 1)
    assert "Press Repair, then ask Ann to send it again." in shown(ben)
    assert not lines(ben), "no line says the same"
    assert exchanges(scene, ben) == before, "a session began by itself"
    # The row is made anew
    ben.open_chat("cat@localhost")
    ben.open_chat(ann.account.jid)
    wait_for("it is still offered", lambda: offers(ben) == 1)
    ben.screenshot(f"broken-session-newest-{suite}")

    ben.call("press_in_marked_row", kind="UNOPENED", label="Repair")
    wait_for("a session begins", lambda: exchanges(scene, ben) > before)
    wait_for(
        "the row says so",
        lambda: "Repaired. Ask Ann to send the message again." in shown(ben),
    )
    assert offers(ben) == 0, "it is offered once"
    assert not lines(ben)
    ben.screenshot(f"repaired-{suite}")
    # Ann hears of it before she hears the text
    tell(ben, ann, "again")
    tell(ann, ben, "again")
    assert offers(ben) == 0
    check_scene(scene)


def exchanges(scene: Scene, gajim: Gajim) -> int:
    """Count the key exchanges that a user has sent."""
    lines = scene.server.wire_log.read_text(errors="replace").splitlines()
    return sum(
        line.startswith(f"< {gajim.account.jid}")
        and ("kex='true'" in line or "prekey='true'" in line)
        for line in lines
    )
