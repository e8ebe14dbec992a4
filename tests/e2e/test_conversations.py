# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations between every pair of hosts; alice always has our plugin."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.conversation import wait_for_history
from tests.e2e.conversation import wait_until_known
from tests.e2e.lasting import Lasting
from tests.e2e.lodging import Lodger
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

# Where alice is, and where bob is and what does OMEMO for him.
PAIRS = [
    pytest.param("bookworm", "bookworm", GAJIM_OMEMO, id="1.7-to-gajim-omemo"),
    pytest.param("bookworm", "trixie", OURS, id="1.7-to-2.1"),
    pytest.param("trixie", "trixie", BUILT_IN, id="2.1-to-built-in"),
    pytest.param("forky", "bookworm", OURS, id="2.6-to-1.7"),
]

every_pair = pytest.mark.parametrize(("suite", "bobs_suite", "bobs_omemo"), PAIRS)

LEGACY = "eu.siacs.conversations.axolotl"
OMEMO_2 = "urn:xmpp:omemo:2"

MakeScene = Callable[..., Scene]


@dataclass(frozen=True)
class Two:
    """Alice, and a Bob whom she has not met, both online with the chat open."""

    scene: Scene
    alice: Gajim
    bob: Lodger


def start_alice(scene: Scene, pair: str) -> Gajim:
    alice = scene.gajim(pair.partition(" ")[0], "alice", OURS)
    alice.start()
    return alice


@pytest.fixture(scope="module")
def lasting(new_lasting_scene: MakeScene) -> Lasting:
    return Lasting(new_lasting_scene, "alice", "bob", start_alice)


@pytest.fixture
def two(
    lasting: Lasting,
    suite: str,
    bobs_suite: str,
    bobs_omemo: str,
    has_failed: Callable[[], bool],
) -> Iterator[Two]:
    pair = f"{suite} {bobs_suite} {bobs_omemo}"
    with lasting.of(pair, has_failed) as shared:
        alice, bob = shared.gajim, shared.lodger(bobs_suite, bobs_omemo)
        bob.start()
        wait_until_known(shared.scene.server, alice, bob)
        if bobs_omemo == GAJIM_OMEMO:
            # Without a session it empties the input, too; it says when it has one
            wait_for("bob has a session", lambda: has_written(shared.scene, bob, alice))
        open_chats(alice, bob)
        yield Two(shared.scene, alice, bob)


def has_written(scene: Scene, sender: DrivenGajim, reader: DrivenGajim) -> bool:
    """Whether anything encrypted went from one to the other."""
    return any(
        line.startswith(f"< {sender.account.jid}/")
        and f"to='{reader.account.jid}'" in line
        for line in scene.server.stanzas_with("<encrypted")
    )


def two_new(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> tuple[Scene, Gajim, Gajim]:
    """The same in Gajims of their own."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim(bobs_suite, "bob", bobs_omemo)
    start_all([alice, bob])
    wait_until_known(scene.server, alice, bob)
    open_chats(alice, bob)
    return scene, alice, bob


@every_pair
def test_first_contact(two: Two) -> None:
    scene, alice, bob = two.scene, two.alice, two.bob
    shown = [
        tell(alice, bob, "the first message")[1],
        tell(bob, alice, "the first answer")[1],
        tell(alice, bob, "the second message")[1],
        tell(bob, alice, "the second answer")[1],
    ]
    assert shown[0].key == shown[2].key
    assert shown[1].key == shown[3].key
    assert shown[0].key != shown[1].key
    check_scene(scene)


@every_pair
def test_an_answer_comes_first(two: Two) -> None:
    scene, alice, bob = two.scene, two.alice, two.bob
    tell(bob, alice, "bob begins")
    tell(bob, alice, "bob goes on before alice has answered")
    tell(alice, bob, "alice answers")
    check_scene(scene)


@every_pair
def test_both_start_at_once(two: Two) -> None:
    scene, alice, bob = two.scene, two.alice, two.bob
    from_alice = secret("from alice at the same moment")
    from_bob = secret("from bob at the same moment")
    alice.call("type_text", text=from_alice)
    bob.call("type_text", text=from_bob)
    alice.call("press_send")
    bob.call("press_send")
    # Gajim 2 may have refused while it looked for devices.
    for gajim, text in ((alice, from_alice), (bob, from_bob)):
        if gajim.call("typed_text") == text:
            gajim.send(text)
    for gajim, text in ((alice, from_bob), (bob, from_alice)):
        check_encrypted(gajim, gajim.wait_for_message(text))
    # Whichever of the two sessions they keep, both must go on.
    for number in range(2):
        tell(alice, bob, f"then from alice {number}")
        tell(bob, alice, f"then from bob {number}")
    check_scene(scene)


@every_pair
def test_offline_messages(two: Two) -> None:
    """Each in turn is away; what was sent meanwhile comes from the archive."""
    scene, alice, bob = two.scene, two.alice, two.bob
    # The very first messages reach somebody who is away.
    for away, sender in ((bob, alice), (alice, bob), (bob, alice)):
        away.quit()
        texts = [secret(f"for {away.name} who is away {n}") for n in range(5)]
        for text in texts:
            sender.send(text)
            check_encrypted(sender, sender.wait_for_message(text))
        away.start()
        open_chats(away, sender)
        for text in texts:
            check_encrypted(away, away.wait_for_message(text))
        tell(away, sender, "back again")
        tell(sender, away, "welcome back")
    check_scene(scene)


@every_pair
def test_restart_in_between(two: Two) -> None:
    """A quit and a crash lose no session and no identity."""
    scene, alice, bob = two.scene, two.alice, two.bob
    before = tell(alice, bob, "before")[1], tell(bob, alice, "before")[1]
    alice.restart()
    bob.restart()
    open_chats(alice, bob)
    tell(bob, alice, "after a restart")
    tell(alice, bob, "after a restart")
    alice.kill()
    alice.start()
    open_chats(alice, bob)
    after = tell(alice, bob, "after a crash")[1], tell(bob, alice, "after a crash")[1]
    assert [row.key for row in before] == [row.key for row in after]
    check_scene(scene)


@every_pair
def test_second_own_device(
    new_scene: MakeScene, suite: str, bobs_suite: str, bobs_omemo: str
) -> None:
    """A device that comes later reads along, by carbons, in both directions."""
    scene, alice, bob = two_new(new_scene, suite, bobs_suite, bobs_omemo)
    tell(alice, bob, "with one device")
    tell(bob, alice, "with one device")
    laptop = scene.gajim(suite, "alice", OURS, name="alice-laptop")
    laptop.start()
    laptop.open_chat(bob.account.jid, "OMEMO")
    # The first message of the new device introduces it to the two others.
    tell(laptop, [bob, alice], "from the laptop")
    tell(alice, [bob, laptop], "from the first device")
    tell(bob, [alice, laptop], "to both devices")
    tell(laptop, [bob, alice], "from the laptop again")
    # Messages written elsewhere while it was off come from the archive.
    laptop.quit()
    missed = [
        tell(alice, bob, "while the laptop is off")[0],
        tell(bob, alice, "while the laptop is off")[1],
    ]
    laptop.start()
    laptop.open_chat(bob.account.jid, "OMEMO")
    for row in missed:
        shown = laptop.wait_for_message(row.text)
        check_encrypted(laptop, shown)
        assert shown.outgoing is row.outgoing
    check_scene(scene)


@every_pair
def test_crash_while_catching_up(two: Two) -> None:
    """Messages that the crash took from Gajim's history can be decrypted once more."""
    scene, alice, bob = two.scene, two.alice, two.bob
    tell(alice, bob, "before")
    tell(bob, alice, "before")
    alice.quit()
    texts = [secret(f"in the archive {number}") for number in range(40)]
    for text in texts:
        bob.send(text)
    bob.wait_for_message(texts[-1])
    alice.start()
    open_chats(alice, bob)
    wait_for(
        "alice shows the first of them",
        lambda: [row for row in alice.messages() if row.text in texts],
        interval=0.01,
    )
    alice.kill()
    alice.start()
    # Gajim shows the end of a long history; the archive has all of it.
    kept = wait_for_history(alice, bob, texts)
    assert sorted(m["text"] for m in kept) == sorted(texts), "twice"
    assert all(m["encrypted"] for m in kept)
    open_chats(alice, bob)
    tell(bob, alice, "after")
    tell(alice, bob, "after")
    check_scene(scene)


def test_omemo_2_between_our_plugins(new_scene: MakeScene) -> None:
    """Both protocols at first; the new one alone once it has been heard."""
    # Where no built-in OMEMO may have announced a device that speaks 0.3 alone
    scene, alice, bob = two_new(new_scene, "bookworm", "bookworm", OURS)
    tell(alice, bob, "in both protocols")
    first = protocols_sent(scene, alice)
    assert first == [{LEGACY, OMEMO_2}]
    tell(bob, alice, "the answer")
    tell(alice, bob, "in the new protocol")
    tell(bob, alice, "in the new protocol")
    assert protocols_sent(scene, alice)[-1] == {OMEMO_2}
    assert protocols_sent(scene, bob)[-1] == {OMEMO_2}
    check_scene(scene)


def protocols_sent(scene: Scene, sender: Gajim) -> list[set[str]]:
    """The protocols of each encrypted text that the server got from somebody."""
    start = f"< {sender.account.jid}/"
    return [
        {name for name in (LEGACY, OMEMO_2) if f"<encrypted xmlns='{name}'" in line}
        for line in scene.server.stanzas_with("<payload>")
        # A receipt has no words for those who cannot read it
        if line.startswith(start) and "<body>" in line
    ]


@every_pair
def test_reconnect(two: Two) -> None:
    """A lost connection, going offline, and the account disabled and enabled."""
    scene, alice, bob = two.scene, two.alice, two.bob
    key = tell(alice, bob, "at first")[1].key
    tell(bob, alice, "at first")
    alice.set_online(False)
    alice.set_online(True)
    tell(alice, bob, "after going offline")
    tell(bob, alice, "after going offline")
    alice.set_account_enabled(False)
    alice.set_account_enabled(True)
    open_chats(alice, bob)
    tell(bob, alice, "after the account was disabled")
    assert tell(alice, bob, "after the account was disabled")[1].key == key
    check_scene(scene)
