# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user wants no history: what is left of the texts in all of Gajim's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

LINK = "aesgcm://files.example/x#" + "a" * 88


def files_with(gajim: Gajim, text: str) -> list[Path]:
    """All files of a Gajim in which a text stands."""

    def has_it(path: Path) -> bool:
        try:
            return path.is_file() and text.encode() in path.read_bytes()
        except FileNotFoundError:
            return False

    return [path for path in gajim.folder.rglob("*") if has_it(path)]


def is_on_disk(gajim: Gajim, text: str) -> bool:
    return bool(files_with(gajim, text))


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_case_68_no_history(new_scene: Callable[..., Scene], suite: str) -> None:
    """Nothing that was said, heard or typed is left when Gajim has ended, and what
    we gave back is gone as soon as the user has chosen so."""
    scene = new_scene("alice", "bob", "zoe")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    zoe = scene.server.accounts["zoe"].jid
    bob = OmemoPeer(scene.server, scene.server.accounts["bob"], scene.folder / "bob")
    try:
        drafts_are_archived = suite == "forky"
        if drafts_are_archived:
            # A text that must not leave in clear goes among the drafts; an encrypted
            # one waits in a file of ours
            alice.open_chat(zoe, "")
        alice.open_chat(bob.jid, "OMEMO")
        heard, said, back, typed, later = map(
            secret, ("heard", "said", "given back", "typed", "typed and heard later")
        )
        bob.say(alice.account.jid, heard)
        check_encrypted(alice, alice.wait_for_message(heard))
        alice.send(said)
        bob.wait_for_text(said)
        alice.call(
            "send_past_the_window",
            account=alice.account_name,
            jid=zoe,
            text=f"{back} {LINK}",
        )
        alice.call("type_text", text=typed)
        wait_for("what we gave back is kept", lambda: is_on_disk(alice, back))
        alice.open_chat(alice.account.jid)
        alice.call(
            "change_setting",
            scope="account",
            name="chat_history_max_age",
            value=0,
            account=alice.account_name,
        )
        wait_for("what we gave back is gone", lambda: not is_on_disk(alice, back), 10)
        # Nor to whom what was sent
        assert not [path for path in alice.our_stores() if "readers" in path.name]
        bob.say(alice.account.jid, later)
        alice.open_chat(bob.jid)
        check_encrypted(alice, alice.wait_for_message(later))
        # Gajim's own doing, up to its end: docs/security-cases.md says so
        assert is_on_disk(alice, said)
        assert is_on_disk(alice, typed) == drafts_are_archived
        alice.call("clear_input")
        alice.call("type_text", text=f"{later}!")
        check_scene(scene)
        alice.quit()
        for text in (heard, said, back, typed, later):
            assert not files_with(alice, text), text
    finally:
        bob.close()
