# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that cannot be opened: each says why, and none says it with a contact's
name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import correct
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.hostile_stage import Stage
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import BOTH
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

LEGACY = Protocol.LEGACY

# So many steps of a chain can be made up for
AHEAD = 1000

# No device has made so many keys
UNKNOWN_PREKEY = 16_000_000

ROOM = "den@rooms.localhost"


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
    texts = wait_for("the row is marked", lambda: unopened(alice))
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


def unopened(gajim: Gajim) -> list[str]:
    """What is to be seen in rows of messages that were not opened."""
    return [
        text
        for one in gajim.call("marked_rows")
        if one["kind"] == "UNOPENED" and one["is_shown"]
        for text in one["texts"]
    ]


def damaged(stage: Stage, eve: OmemoPeer, about: str) -> str:
    """The content of a message that somebody has changed on its way."""
    (message,) = eve.encrypt(secret(about), stage.own)
    assert message.payload is not None
    flipped = bytes([message.payload[0] ^ 1]) + message.payload[1:]
    return eve.encrypted([dataclasses.replace(message, payload=flipped)])


def send_damaged(stage: Stage, eve: OmemoPeer, count: int) -> None:
    before = len(stage.alice.messages())
    for number in range(count):
        content = damaged(stage, eve, f"damaged {number}")
        eve.client.send(eve.stanza(stage.own, content))
    wait_for(
        "all of them are rows",
        lambda: len(stage.alice.messages()) == before + count,
    )


def test_it_was_damaged(stage: Stage) -> None:
    eve = met(stage)
    ask = f"Ask {eve.name.title()} to send it again."
    said = f"It was damaged or changed on its way. {ask}"
    is_refused(stage, eve, damaged(stage, eve, "damaged"), said)
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


def test_several_are_one_row(stage: Stage) -> None:
    """Until the user wants to see each of them, or something is between them."""
    eve = met(stage)
    alice = stage.alice
    name = eve.name.title()
    heading, sentence = "Message not opened", "It was damaged or changed on its way."

    def shows(*counts: int, rows: int) -> bool:
        """Whether so many lines with a number are shown, and so many rows."""
        texts = unopened(alice)
        said = [f"{count} messages from {name} were not opened." for count in counts]
        return [one for one in texts if one.endswith("were not opened.")] == said and (
            texts.count(heading) == rows == sum(sentence in one for one in texts)
        )

    send_damaged(stage, eve, 3)
    wait_for("they are one row", lambda: shows(3, rows=0))
    alice.screenshot(f"unopened-run-{stage.suite}")
    alice.call("press_in_marked_row", kind="UNOPENED", label="Show all")
    wait_for("each is shown", lambda: shows(3, rows=3))
    alice.screenshot(f"unopened-run-open-{stage.suite}")
    alice.call("press_in_marked_row", kind="UNOPENED", label="Show one row")
    wait_for("they are one row again", lambda: shows(3, rows=0))
    send_damaged(stage, eve, 1)
    wait_for("one more is in it", lambda: shows(4, rows=0))
    stage.talk(eve, "something between them")
    send_damaged(stage, eve, 1)
    wait_for("a single one is a row of its own", lambda: shows(4, rows=1))
    send_damaged(stage, eve, 1)
    wait_for("they are two rows", lambda: shows(4, 2, rows=0))
    alice.restart()
    stage.open_chat(eve)
    wait_for("they still are", lambda: shows(4, 2, rows=0))
    # The search leads to one of them
    alice.call("search", text=f"Message from {name} not opened")
    wait_for("they are found", lambda: len(alice.call("search_results")) == 6)
    alice.call("open_result")
    wait_for(
        "those around it are shown",
        lambda: shows(4, 2, rows=2) or shows(4, 2, rows=4),
    )
    alice.screenshot(f"unopened-run-found-{stage.suite}")
    stage.talk(eve, "after a restart")


def test_a_notification_says_so(stage: Stage) -> None:
    eve = met(stage)
    alice = stage.alice
    stage.open_chat(stage.bob)
    alice.call("note_messages")
    eve.client.send(eve.stanza(stage.own, damaged(stage, eve, "while it is away")))
    title = f"A message from {eve.name.title()} could not be opened.|"
    wait_for("a notification", lambda: alice.call("noted_messages") == [title])


def test_nobody_can_answer_it(stage: Stage) -> None:
    """There is no quote, no reply and no reaction: it would be one to something
    else."""
    eve = met(stage)
    alice = stage.alice
    text = stage.hear(eve, "a good one")
    send_damaged(stage, eve, 1)
    (row,) = [one.text for one in alice.messages() if "not opened]" in one.text]
    assert alice.call("ways_to_answer", text=text), "of a message that was opened"
    assert alice.call("ways_to_answer", text=row) == []
    # Gajim's own action, which a key or another plugin may call
    can_reply = stage.suite != "bookworm"
    assert alice.call("reply_by_action", text=text) is can_reply
    assert alice.call("reply_by_action", text=row) is False


def test_the_plugin_has_a_bug(stage: Stage) -> None:
    eve = met(stage)
    stage.alice.call("fail_once", account=stage.alice.account_name)
    content = eve.encrypted(eve.encrypt(secret("meets a bug"), stage.own))
    is_refused(stage, eve, content, "Something went wrong in the plugin.")
    stage.talk(eve, "after the bug")


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_the_users_own_text_is_gone(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """Gajim has lost its history, and the room sends the user's own message again."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    alice.create_room(ROOM)
    alice.set_affiliation(ROOM, "bob@localhost", "member")
    bob.join_room(ROOM)
    for gajim in (alice, bob):
        gajim.open_room(ROOM, "OMEMO")
    tell(alice, bob, "in a history that is lost")
    alice.quit()
    lost = list(alice.data.glob("*.db*"))
    for file in lost:
        file.unlink()
    assert lost, "there was no history"
    alice.start()
    alice.join_room(ROOM)
    alice.open_room(ROOM)
    said = "[Message not opened] You wrote it here, but its text is gone."
    alice.wait_for_message(said)
    texts = wait_for("the row is marked", lambda: unopened(alice))
    assert "Message not opened" in texts
    assert said in texts
    about = {"account": "alice", "jid": ROOM}
    wait_for(
        "the list says so",
        lambda: alice.call("list_text", **about) == "A message was not opened",
    )
    alice.screenshot(f"own-text-is-gone-{suite}")
    text = secret("after it")
    alice.send(text)
    check_encrypted(bob, bob.wait_for_message(text))


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_the_users_own_text_is_gone_in_a_chat(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    """Gajim has lost its history, and the archive on the server has the user's own
    message. What Gajim has is told of by no row, corrected or not."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(alice, bob, "before a restart")
    correct(alice, bob)
    alice.restart()
    alice.open_chat(bob.account.jid)
    tell(bob, alice, "after a restart")
    assert not [row for row in alice.messages() if "not opened]" in row.text]

    alice.quit()
    lost = list(alice.data.glob("*.db*"))
    for file in lost:
        file.unlink()
    assert lost, "there was no history"
    alice.start()
    alice.open_chat(bob.account.jid)
    said = "[Message not opened] You wrote it here, but its text is gone."
    wait_for("a row says so", lambda: said in {row.text for row in alice.messages()})
    wait_for("the row is marked", lambda: unopened(alice))
    about = {"account": "alice", "jid": bob.account.jid}
    wait_for(
        "the list says so",
        lambda: alice.call("list_text", **about) == "A message was not opened",
    )
    alice.screenshot(f"own-text-is-gone-in-a-chat-{suite}")
    text = secret("after it")
    alice.send(text)
    check_encrypted(bob, bob.wait_for_message(text))
    # It is said once
    count = len(alice.history(bob.account.jid))
    alice.restart()
    alice.open_chat(bob.account.jid)
    tell(bob, alice, "after one more restart")
    assert len(alice.history(bob.account.jid)) == count + 1


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_the_keys_cannot_be_read(new_scene: Callable[..., Scene], suite: str) -> None:
    """Something that is no file has taken the place of the file with them."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(bob, alice, "while they can be read")
    alice.quit()
    name = f"{alice.account.jid}.db"
    (store,) = [path for path in alice.our_stores() if path.name == name]
    kept = store.rename(store.with_suffix(".kept"))
    store.mkdir(0o755)
    alice.launch()
    alice.wait_until_running()
    wait_for("alice is online", alice.online, 60)
    alice.open_chat(bob.account.jid)
    text = secret("without keys")
    bob.send(text)
    said = (
        "[Message from Bob not opened] The keys on this computer cannot be read or "
        "written. Is the disk full, or write-protected?"
    )
    alice.wait_for_message(said)
    texts = wait_for("the row is marked", lambda: unopened(alice))
    assert "Message not opened" in texts
    assert "Help" in texts
    assert "Bob" not in texts
    about = {"account": "alice", "jid": bob.account.jid}
    wait_for(
        "the list says so",
        lambda: alice.call("list_text", **about) == "A message was not opened",
    )
    alice.screenshot(f"unopened-keys-{suite}")
    assert alice.find(text) is None
    # Nothing is damaged by it
    alice.quit()
    store.rmdir()
    kept.rename(store)
    alice.start()
    alice.open_chat(bob.account.jid)
    tell(bob, alice, "with the keys again")
    tell(alice, bob, "with the keys again")
