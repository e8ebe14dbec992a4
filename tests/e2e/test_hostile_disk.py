# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left on the disk, or comes back to it, in running Gajims."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import SubElement

import pytest

from omemo_plugin.engine.values import Protocol
from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.ratchet_keys import check_used_once
from tests.e2e.test_ending import ASK_ANEW
from tests.e2e.test_ending import bundles
from tests.e2e.test_ending import choose
from tests.e2e.test_ending import listed
from tests.e2e.test_no_history import files_with
from tests.e2e.test_rows import exported
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.processes import give_away
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

OLD_KEYS = "The keys on this computer are old"

# A disk that is not the one of the profile
OTHER_DISK = Path("/dev/shm")


@every_suite
def test_case_142_an_ended_identity_is_put_back(
    new_scene: MakeScene, suite: str
) -> None:
    """Another identity is used by then. New sessions, and no key is used twice."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(alice, bob, "before")
    tell(bob, alice, "before")
    (old,) = listed(scene)
    alice.quit()
    saved = {path: path.read_bytes() for path in alice.our_stores()}
    assert saved
    alice.start()
    open_chats(alice, bob)
    # On the chain that the copy would go on with
    for _ in range(2):
        tell(alice, bob, "after the copy")
    choose(alice, "Start anew…", ASK_ANEW, "Start anew")
    wait_for(
        "the old keys are off the server",
        lambda: (
            listed(scene) and old not in listed(scene) and old not in bundles(scene)
        ),
    )
    alice.accessibility().key("Escape")
    open_chats(alice, bob)
    tell(alice, bob, "with a new key")
    tell(bob, alice, "with a new key")
    alice.quit()
    for path in alice.our_stores():
        path.unlink()
    for path, content in saved.items():
        path.write_bytes(content)
        give_away(path)
    alice.start()
    open_chats(alice, bob)
    wait_for("the user is told", lambda: shows_old_keys(alice))
    alice.screenshot(f"an-ended-identity-{suite}")
    # Another warning may have come in between
    wait_for("it is shown again", lambda: shows_old_keys(alice))
    alice.call("press_in_dock", label="I understand")
    wait_for("the device is back", lambda: old in listed(scene))
    for _ in range(2):
        tell(alice, bob, "from the copy")
        tell(bob, alice, "to the copy")
    check_used_once(scene.server.wire_log, old, at_least=5)
    check_scene(scene)


def shows_old_keys(alice: Gajim) -> bool:
    """Whether the warning is shown. That the new identity is one more device is
    another warning, and may come before it."""
    dock = alice.call("dock")
    if OLD_KEYS in dock["texts"]:
        return True
    if "Next" in dock["buttons"]:
        alice.call("press_in_dock", label="Next")
    return False


def begin_to_wait(alice: Gajim, nobody: str) -> str:
    """A text waits, as there is nobody who could read it. A window would leave it in
    its input."""
    text = secret("waits for a reader")
    alice.open_chat(nobody, "OMEMO")
    # Where the plugin has ended Gajim, nothing is answered any more
    with suppress(RuntimeError, OSError):
        alice.call(
            "send_past_the_window", account=alice.account_name, jid=nobody, text=text
        )
    return text


@every_suite
def test_case_144_killed_while_a_text_is_written(
    new_scene: MakeScene, suite: str
) -> None:
    scene = new_scene("alice", "zoe")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    zoe = scene.server.accounts["zoe"].jid
    alice.call("break_writing", ending=".unsent.json.new", kill=True)
    text = begin_to_wait(alice, zoe)
    wait_for("Gajim was killed", lambda: not alice.running)
    alice.kill()
    (unfinished,) = files_with(alice, text)
    assert unfinished.name.endswith(".new")
    alice.start()
    assert not files_with(alice, text)
    # It is shown that nothing waits, and the next one is kept
    alice.open_chat(zoe, "OMEMO")
    assert not alice.call("waiting_messages")
    text = begin_to_wait(alice, zoe)
    wait_for("the next one is kept", lambda: files_with(alice, text))


@every_suite
def test_case_144_the_disk_is_full(new_scene: MakeScene, suite: str) -> None:
    scene = new_scene("alice", "zoe")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    alice.call("break_writing", ending=".unsent.json.new", kill=False)
    text = begin_to_wait(alice, scene.server.accounts["zoe"].jid)
    wait_for("the disk has refused", lambda: alice.call("writing_was_broken"))
    assert not files_with(alice, text)
    # The text has not gone with it
    wait_for(
        "it is shown",
        lambda: [row["text"] for row in alice.call("waiting_messages")] == [text],
    )


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another disk than the temporary one."""
    folder = Path(tempfile.mkdtemp(prefix="omemo-disk-", dir=OTHER_DISK))
    give_away(folder)
    yield folder
    shutil.rmtree(folder)


@every_suite
def test_case_145_the_folder_of_the_plugin_alone_is_kept(
    new_scene: MakeScene, other_disk: Path, suite: str
) -> None:
    """As in Tails with the keys on the Persistent Storage, where the user has Gajim
    keep a history, which is in memory."""
    scene = new_scene("alice", "bob", "zoe")
    assert other_disk.stat().st_dev != scene.folder.stat().st_dev
    alice = scene.gajim(suite, "alice", OURS)
    alice.put_on_another_disk(alice.data / "plugins_data" / "omemo_plugin", other_disk)
    alice.start()
    zoe = scene.server.accounts["zoe"].jid
    bob = OmemoPeer(scene.server, scene.server.accounts["bob"], scene.folder / "bob")

    def kept(text: str) -> list[Path]:
        return [
            path
            for path in other_disk.rglob("*")
            if path.is_file() and text.encode() in path.read_bytes()
        ]

    try:
        alice.open_chat(bob.jid, "OMEMO")
        heard, said = secret("heard"), secret("said")
        bob.say(alice.account.jid, heard)
        check_encrypted(alice, alice.wait_for_message(heard))
        alice.send(said)
        bob.wait_for_text(said)
        waits = begin_to_wait(alice, zoe)
        wait_for(
            "it is shown",
            lambda: [row["text"] for row in alice.call("waiting_messages")] == [waits],
        )
        names = {path.name for path in other_disk.rglob("*")}
        assert f"{alice.account.jid}.db" in names, "the keys are elsewhere"
        assert not [name for name in names if "unsent" in name or "readers" in name]
        alice.quit()
        for text in (heard, said, waits):
            assert not kept(text), text
        # The history is there, and nothing waits any more
        alice.start()
        alice.open_chat(zoe)
        assert not alice.call("waiting_messages")
        alice.open_chat(bob.jid)
        alice.wait_for_message(heard)
        check_scene(scene)
    finally:
        bob.close()


def debug_logs(alice: Gajim) -> str:
    """What Gajim has written to the disk for debugging."""
    return "".join(
        path.read_text(errors="replace") for path in alice.data.glob("debug/*.log")
    )


@every_suite
def test_case_146_no_text_in_the_log_for_debugging(
    new_scene: MakeScene, suite: str
) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    switch = alice.data / "debug" / "debug-enabled"
    switch.parent.mkdir()
    switch.touch()
    give_away(switch.parent)
    alice.start()
    bob = OmemoPeer(
        scene.server,
        scene.server.accounts["bob"],
        scene.folder / "bob",
        (Protocol.OMEMO_2,),
    )
    try:
        heard, said, typed, odd = map(secret, ("heard", "said", "typed", "odd"))
        alice.open_chat(bob.jid, "OMEMO")
        bob.say(alice.account.jid, heard)
        check_encrypted(alice, alice.wait_for_message(heard))
        alice.send(said)
        bob.wait_for_text(said)
        (kept,) = [one for one in alice.history(bob.jid) if one["text"] == said]
        # With something that no Gajim can read
        send_odd(bob, alice, odd)
        check_encrypted(alice, alice.wait_for_message(odd))
        reaction = Element("{urn:xmpp:reactions:0}reactions", id=kept["id"])
        SubElement(reaction, "{urn:xmpp:reactions:0}reaction").text = "🦑"
        messages = bob.encrypt("", alice.account.jid, content=[reaction])
        bob.client.send(bob.stanza(alice.account.jid, bob.encrypted(messages)))
        alice.call("type_text", text=typed)
        last = secret("last")
        bob.say(alice.account.jid, last)
        alice.wait_for_message(last)
        alice.quit()
        log = debug_logs(alice)
        assert "Received from bob@localhost" in log, "nothing is debugged"
        assert "<encrypted" in log, "not even what is on the wire"
        for text in (heard, said, typed, odd, last, "🦑"):
            assert text not in log, text
    finally:
        bob.close()


def send_odd(peer: OmemoPeer, alice: Gajim, text: str) -> None:
    """Send a text with a part that nbxmpp cannot read, and logs the stanza for."""
    address = Element("{jabber:x:oob}x")
    messages = peer.encrypt(text, alice.account.jid, content=[address])
    peer.client.send(peer.stanza(alice.account.jid, peer.encrypted(messages)))


@every_suite
def test_case_149_lines_of_an_export(new_scene: MakeScene, suite: str) -> None:
    """None of them passes for a message of somebody else."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    bob = OmemoPeer(scene.server, scene.server.accounts["bob"], scene.folder / "bob")
    try:
        alice.open_chat(bob.jid, "OMEMO")
        forged = "2026-01-01 10:00:00 You: forged"
        text = f"{secret('in two lines')}\n{forged}"
        bob.say(alice.account.jid, text)
        check_encrypted(alice, alice.wait_for_message(text))
        lines = exported(alice).splitlines()
        assert f"    {forged}" in lines
        assert forged not in lines
        check_scene(scene)
    finally:
        bob.close()
