# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gajim is killed at each step in which a key changes hands."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import pytest

from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import tell
from tests.e2e.ratchet_keys import check_used_once
from tests.e2e.test_giving_back import GIVE
from tests.e2e.test_giving_back import LEAVING
from tests.e2e.test_giving_back import give_back
from tests.e2e.test_giving_back import keep_the_key
from tests.e2e.test_giving_back import switch_off
from tests.e2e.test_takeover import KEEP
from tests.e2e.test_takeover import QUESTION
from tests.e2e.test_takeover import WAYS
from tests.e2e.test_takeover import chat_before
from tests.e2e.test_takeover import listed
from tests.e2e.test_takeover import switch_on
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]


class Step(NamedTuple):
    """A file gets a name or is deleted; Gajim is killed before it or after it."""

    what: str
    name: str
    done: bool


_THEIRS = "omemo_alice@localhost.db"
_CLAIMED = f"{_THEIRS}.taking-over"
_GIVEN = "alice@localhost.db.given-back"

TAKING = [
    Step("rename", _CLAIMED, done=False),
    # Nothing has been converted yet
    Step("rename", _CLAIMED, done=True),
    # All of it has been
    Step("unlink", _CLAIMED, done=False),
    Step("unlink", _CLAIMED, done=True),
]
GIVING = {
    GAJIM_OMEMO: [
        Step("rename", _GIVEN, done=False),
        Step("rename", _GIVEN, done=True),
        Step("rename", _THEIRS, done=True),
        Step("unlink", _GIVEN, done=False),
    ],
    BUILT_IN: [
        # Gajim 2 has made a file of its own by then
        Step("rename", f"{_THEIRS}.replaced", done=True),
        Step("rename", _GIVEN, done=True),
        Step("rename", _THEIRS, done=True),
        Step("unlink", _GIVEN, done=False),
    ],
}


def die(alice: Gajim, step: Step, title: str, button: str) -> None:
    """Press a button, and be killed in the middle of what it does."""
    gajim = alice.accessibility()
    alice.call("die_at", **step._asdict())
    with suppress(Exception):
        # The program that presses it may lose the window
        gajim.press(title, button)
    wait_for(f"it is killed at {step}", lambda: not alice.running)
    alice.kill()


def start_with_plugin(alice: Gajim) -> None:
    """Whoever has the key: our plugin has it afterwards."""
    alice.start()
    plugins = alice.plugins()
    if "omemo" in plugins and plugins["omemo"]["active"]:
        alice.set_plugin_active("omemo", False)
    if not plugins[SHORT_NAME]["active"]:
        alice.set_plugin_active(SHORT_NAME, True)
    name = alice.account_name

    def is_settled() -> bool:
        return bool(
            QUESTION in alice.accessibility().windows()
            or alice.call("own_device", account=name)
        )

    wait_for("the key is here, or asked about", is_settled)
    if QUESTION in alice.accessibility().windows():
        keep_the_key(alice)


def switch_on_again(alice: Gajim, before: str) -> None:
    """The question is open then."""
    if before == GAJIM_OMEMO:
        alice.set_plugin_active("omemo", False)
    alice.set_plugin_active(SHORT_NAME, True)
    wait_for(
        "the question is asked", lambda: QUESTION in alice.accessibility().windows()
    )


@pytest.mark.parametrize(("suite", "before", "other_suite", "other"), WAYS)
def test_killed_at_each_step(
    new_scene: MakeScene, suite: str, before: str, other_suite: str, other: str
) -> None:
    """The contact goes on talking with the same key. What is sent meanwhile arrives
    once, and no key of a ratchet is used twice."""
    scene, alice, bob, key = chat_before(new_scene, suite, before, other_suite, other)
    (device,) = listed(scene, alice)

    def goes_on(about: str) -> None:
        open_chats(alice, bob)
        assert tell(alice, bob, about)[1].key == key
        tell(bob, alice, about)

    for number, (taking, giving) in enumerate(zip(TAKING, GIVING[before], strict=True)):
        if number == 0:
            switch_on(scene, alice, before)
        else:
            switch_on_again(alice, before)
        die(alice, taking, QUESTION, KEEP)
        meanwhile = secret(f"while Alice has crashed, {number}")
        bob.send(meanwhile)
        start_with_plugin(alice)
        open_chats(alice, bob)
        alice.wait_for_message(meanwhile)
        goes_on(f"taken over, {number}")
        switch_off(alice)
        die(alice, giving, LEAVING, GIVE)
        start_with_plugin(alice)
        goes_on(f"not given, {number}")
        switch_off(alice)
        give_back(alice)
        goes_on(f"given, {number}")
        assert [row.text for row in alice.messages()].count(meanwhile) == 1
    check_used_once(scene.server.wire_log, device, at_least=12)
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))
