# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that are typed while the contact's keys cannot be used."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import secret
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_no_text_is_lost(new_scene: Callable[..., Scene], suite: str) -> None:
    """The contact's bundles have a bad signature. Each text comes back with a
    word; when the contact writes first there is a session, and they can be sent."""
    scene = new_scene("ann", "ben")
    accounts = scene.server.accounts
    ben = OmemoPeer(scene.server, accounts["ben"], scene.folder / "peer")
    try:
        for protocol in Protocol:
            bundle = dataclasses.replace(ben.bundle(protocol), signature=bytes(64))
            ben.publish_bundle(bundle, ben.device.device_id)
        ann = scene.gajim(suite, "ann", OURS)
        ann.start()
        ann.open_chat(ben.jid)
        texts = [secret(f"typed {number}") for number in range(3)]
        returned: list[str] = []
        for text in texts:
            # One of them may be there again already
            returned.append(ann.call("typed_text"))
            ann.call("clear_input")
            ann.call("type_text", text=text)
            ann.call("press_send")

        def on_screen() -> str:
            said = [row.text for row in ann.rows()]
            return "\n".join([*said, *ann.call("dock")["texts"]])

        def is_kept(text: str) -> bool:
            places = [on_screen(), ann.call("typed_text"), *returned]
            return any(text in place for place in places)

        wait_for("all come back", lambda: all(map(is_kept, texts)))
        wait_for("it is said why", lambda: "cannot be used" in on_screen())
        first = secret("from the peer")
        ben.say(ann.account.jid, first)
        ann.wait_for_message(first)
        assert all(map(is_kept, texts)) or set(texts) <= set(ben.read())
        for text in texts:
            failed = [
                row["text"]
                for row in ann.call("waiting_messages")
                if "Send again" in row["buttons"]
            ]
            if text in failed:
                ann.call("press_waiting", text=text, label="Send again")
                ben.wait_for_text(text)
        again = secret("typed again")
        ann.send(again)
        ben.wait_for_text(again)
    finally:
        ben.close()
    for text in texts:
        assert not scene.server.leaks(text)
