# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that cannot be opened: each says why, and none says it with a contact's
name."""

from __future__ import annotations

import dataclasses

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import secret
from tests.e2e.hostile_stage import Stage
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

LEGACY = Protocol.LEGACY

# So many steps of a chain can be made up for
AHEAD = 1000

# No device has made so many keys
UNKNOWN_PREKEY = 16_000_000


def met(stage: Stage) -> OmemoPeer:
    """Somebody with whom there is a session both ways."""
    eve = stage.peer("eve", (LEGACY,))
    stage.open_chat(eve)
    stage.talk(eve, "before")
    return eve


def is_refused(stage: Stage, eve: OmemoPeer, content: str, said: str) -> None:
    """A message comes, and its row says why it was not opened."""
    alice = stage.alice
    before = len(alice.messages())
    eve.client.send(eve.stanza(stage.own, content))
    row = stage.wait_for_refusal(said, before)
    assert row.text.startswith(f"[Message from {eve.name.title()} not opened] {said}")

    def marked() -> list[str]:
        found = alice.call("marked_rows")
        return [
            text for one in found if one["kind"] == "UNOPENED" for text in one["texts"]
        ]

    texts = wait_for("the row is marked", marked)
    assert "Message not opened" in texts
    assert eve.name.title() not in texts
    about = {"account": alice.account_name, "jid": eve.jid}
    wait_for(
        "the list says so",
        lambda: alice.call("list_text", **about) == "A message was not opened",
    )
    alice.screenshot(
        f"unopened-{said.split('.', maxsplit=1)[0]}-{stage.suite}".replace(" ", "-")
    )


def test_it_was_damaged(stage: Stage) -> None:
    eve = met(stage)
    (message,) = eve.encrypt(secret("damaged"), stage.own)
    assert message.payload is not None
    flipped = bytes([message.payload[0] ^ 1]) + message.payload[1:]
    damaged = dataclasses.replace(message, payload=flipped)
    ask = f"Ask {eve.name.title()} to send it again."
    said = f"It was damaged or changed on its way. {ask}"
    is_refused(stage, eve, eve.encrypted([damaged]), said)
    stage.talk(eve, "after a damaged message")


def test_it_is_not_valid(stage: Stage) -> None:
    eve = met(stage)
    content = eve.encrypted(eve.encrypt(secret("without a header"), stage.own))
    start, end = content.index("<header"), content.index("</header>")
    content = content[:start] + content[end + len("</header>") :]
    is_refused(stage, eve, content, "It is not a proper encrypted message.")
    stage.talk(eve, "after a message that is not valid")


def test_its_key_is_not_here_any_more(stage: Stage) -> None:
    """A new session begins with a one-time key that is gone."""
    eve = met(stage)
    (device,) = [info.device for info in eve.engine.devices.of(stage.own)]
    bundles = [eve.bundle_of(device, protocol) for protocol in BOTH]
    eve.engine.keys.replace_session(device)
    for bundle in bundles:
        assert bundle is not None
        gone = {UNKNOWN_PREKEY: next(iter(bundle.prekeys.values()))}
        changed = dataclasses.replace(bundle, prekeys=gone)
        eve.engine.keys.bundle_received(device, changed)
    content = eve.encrypted(eve.encrypt(secret("with a key that is gone"), stage.own))
    said = "It used a key that is no longer here. Ask "
    is_refused(stage, eve, content, said)


def test_too_many_before_it_are_missing(stage: Stage) -> None:
    eve = met(stage)
    for _number in range(AHEAD + 1):
        eve.encrypt("lost", stage.own)
    content = eve.encrypted(eve.encrypt(secret("far ahead"), stage.own))
    is_refused(stage, eve, content, "Too many messages before it are missing. Ask ")
