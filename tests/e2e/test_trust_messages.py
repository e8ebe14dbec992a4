# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Trust messages: the user's other devices and the contacts learn what one device has
verified.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]


def fingerprint(gajim: Gajim) -> str:
    return str(gajim.call("own_fingerprint", account=gajim.account_name))


def trust(gajim: Gajim, other: Gajim) -> str | None:
    known: dict[str, str] = gajim.call(
        "trust", account=gajim.account_name, jid=other.account.jid
    )
    return known.get(fingerprint(other))


def scan(gajim: Gajim, other: Gajim) -> None:
    code = other.call("own_code", account=other.account_name)
    done = gajim.call(
        "scan", account=gajim.account_name, text=code, expected=other.account.jid
    )
    assert done == {"verdict": "MATCH", "applied": True}, done


def wait_for_trust(gajim: Gajim, other: Gajim, expected: str) -> None:
    wait_for(
        f"{other.name} is {expected} for {gajim.name}",
        lambda: trust(gajim, other) == expected,
    )


def wait_for_entry(gajim: Gajim, other: Gajim, what: str) -> None:
    """Its history says which own device has decided what about another one's."""
    name = other.account_name.title()
    value = [gajim.account_name, other.account.jid]
    gajim.call("activate", name="omemo-details", value=value)
    title = f"Encryption details: {name}"
    wait_for("the details", lambda: title in gajim.call("window_titles"))
    gajim.call("unfold", window=title, words="History")
    entry = re.compile(rf": “.+” {what} “{name}’s first device”\.")
    wait_for(
        f"the history says {what}",
        lambda: any(map(entry.search, gajim.call("texts_of", window=title))),
    )
    gajim.call("close_window", title=title)


@pytest.mark.parametrize(
    ("suite", "laptops_suite"),
    [("bookworm", "trixie"), ("trixie", "forky"), ("forky", "bookworm")],
)
def test_verification_reaches_the_other_devices(
    new_scene: MakeScene, suite: str, laptops_suite: str
) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    laptop = scene.gajim(laptops_suite, "alice", OURS, name="alice-laptop")
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, laptop, bob])
    for gajim in (alice, laptop):
        gajim.open_chat(bob.account.jid, "OMEMO")
    bob.open_chat(alice.account.jid, "OMEMO")
    tell(alice, [laptop, bob], "before")
    tell(bob, [alice, laptop], "before")
    tell(laptop, [alice, bob], "before")

    scan(alice, laptop)
    scan(laptop, alice)
    laptop.set_online(False)
    scan(alice, bob)
    # Nobody has told Bob that this is Alice, so what she says waits
    tell(alice, bob, "after it was told")
    assert trust(bob, laptop) == "BLIND"
    scan(bob, alice)
    wait_for_trust(bob, laptop, "VERIFIED")

    assert trust(laptop, bob) == "BLIND"
    laptop.set_online(True)
    wait_for_trust(laptop, bob, "VERIFIED")
    wait_for_entry(laptop, bob, "verified")

    alice.call(
        "set_trust",
        account=alice.account_name,
        jid=bob.account.jid,
        key=fingerprint(bob),
        trust="DISTRUSTED",
    )
    wait_for(
        "the laptop is told when it is too late to undo it",
        lambda: trust(laptop, bob) == "DISTRUSTED",
        timeout=60.0,
    )
    wait_for_entry(laptop, bob, "refused")
    laptop.screenshot(f"history-told-{laptops_suite}")
    for gajim in scene.gajims:
        unread = [row for row in gajim.messages() if "decrypted:" in row.text]
        assert not unread, f"{gajim.name}: {unread}"
    assert not scene.server.leaks("urn:xmpp:tm:1")
    check_scene(scene)
