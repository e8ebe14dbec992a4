# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that OMEMO cannot encrypt, in an encrypted chat and in a room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

ROOM = "den@rooms.localhost"


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_56_73_requests_that_omemo_cannot_encrypt(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    server, account = scene.server, alice.account_name

    def wait_for_line(words: str) -> None:
        wait_for(
            f"a line says {words!r}",
            lambda: [row for row in alice.rows() if words in row.text],
        )

    open_chats(alice, bob)
    tell(alice, bob, "before")
    if alice.call("call_somebody", account=account, jid=bob.account.jid):
        wait_for_line("This call was not started")
        assert not server.stanzas_with("urn:xmpp:jingle:1' ")
        assert not server.stanzas_with("session-initiate")
    tell(alice, bob, "after a call")

    alice.create_room(ROOM)
    alice.open_room(ROOM, "OMEMO")
    subject, nickname, reason = (
        secret(about).replace(" ", "-") for about in ("subject", "nickname", "reason")
    )
    alice.call(
        "invite_because",
        account=account,
        room=ROOM,
        jid=bob.account.jid,
        reason=reason,
    )
    wait_for_line("without your words")
    wait_for("bob is invited", lambda: server.stanzas_with("jabber:x:conference"))
    assert not server.leaks(reason)

    alice.call("set_subject", account=account, room=ROOM, subject=subject)
    wait_for_line("The subject would not be encrypted")
    alice.call("change_nick", account=account, room=ROOM, nickname=nickname)
    wait_for_line("A nickname is not encrypted")
    assert not server.leaks(subject)
    assert not server.leaks(nickname)
    # The same request again is a confirmation
    for _ in range(2):
        alice.call("set_subject", account=account, room=ROOM, subject=subject)
    wait_for("the subject is set", lambda: server.leaks(subject))
    for _ in range(2):
        alice.call("change_nick", account=account, room=ROOM, nickname=nickname)
    wait_for("the nickname is changed", lambda: server.leaks(nickname))
    check_scene(scene)
