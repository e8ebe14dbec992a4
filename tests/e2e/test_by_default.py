# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chats are encrypted unless the user chose otherwise, and what stands above the
message input says who will read what is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.lasting import Lasting
from tests.e2e.lasting import Shared
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]


def start_alice(scene: Scene, suite: str) -> Gajim:
    alice = scene.gajim(suite, "alice", OURS)
    alice.start()
    return alice


@pytest.fixture(scope="module")
def lasting(new_lasting_scene: MakeScene) -> Lasting:
    # Carol has no device
    return Lasting(new_lasting_scene, "alice", "bob", start_alice, others=["carol"])


def wait_for_dock(gajim: DrivenGajim, text: str) -> str:
    """Wait until something is said above the input. Returns all that is said."""
    said: list[str] = []

    def is_said() -> bool:
        said[:] = gajim.call("dock")["texts"]
        return any(text in one for one in said)

    try:
        wait_for(f"{text!r} above the input", is_said)
    except TooLate as error:
        raise TooLate(f"{error}; there is {said}") from error
    return "\n".join(said)


FIRST_PAGE = "Encryption is on"


def press(gajim: DrivenGajim, label: str) -> None:
    gajim.call("press_in_dock", label=label)


def lines(gajim: DrivenGajim) -> str:
    return " ".join(row.text for row in gajim.rows() if row.type != "chat")


@every_suite
def test_the_first_message_is_encrypted(new_scene: MakeScene, suite: str) -> None:
    """Nobody has chosen anything; the answer is encrypted too."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS, first_page=True)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    alice.open_chat("bob@localhost")
    bob.open_chat("alice@localhost")
    said = wait_for_dock(alice, "Encrypted for Bob. 1 device can read this.")
    assert "It is not verified." in said
    # Said once, and what is typed goes out all the same
    wait_for("the first page", lambda: FIRST_PAGE in alice.call("window_titles"))
    alice.screenshot(f"introduction-{suite}")
    tell(alice, bob, "the first one")
    alice.call("press", window=FIRST_PAGE, words="Start")
    assert FIRST_PAGE not in alice.call("window_titles")
    tell(bob, alice, "the answer")
    alice.screenshot(f"by-default-{suite}")
    check_scene(scene)


@every_suite
def test_a_profile_from_before(new_scene: MakeScene, suite: str) -> None:
    """The plugin comes into a Gajim that was used without it. It asks once, and what
    the user had chosen for a chat stays as it is."""
    scene = new_scene("alice", "bob", "carol")
    before = GAJIM_OMEMO if suite == "bookworm" else BUILT_IN
    alice = scene.gajim(suite, "alice", before)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    # Gajim keeps a choice that changes something
    alice.open_chat("bob@localhost", "OMEMO")
    alice.call("set_encryption", name="")
    if before == GAJIM_OMEMO:
        alice.set_plugin_active("omemo", False)
    alice.install_plugin(scene.bundle)
    alice.call("begin_with_new_key", account="alice")
    wait_for("the first page", lambda: FIRST_PAGE in alice.call("window_titles"))
    alice.screenshot(f"profile-from-before-{suite}")
    alice.call("press", window=FIRST_PAGE, words="Start")
    for _start in range(2):
        alice.open_chat("carol@localhost")
        wait_for("encryption is on", lambda: alice.call("encryption") == "OMEMO")
        alice.open_chat("bob@localhost")
        wait_for_dock(alice, "Not encrypted: you switched it off for Bob.")
        assert alice.call("encryption") == ""
        assert FIRST_PAGE not in alice.call("window_titles")
        alice.restart()


@every_suite
def test_an_encrypted_message_switches_its_chat_on(shared: Shared, suite: str) -> None:
    """Also where chats are not encrypted by default: an answer in clear would
    give away what it is about. Where the user switched it off, nothing is sent
    before the user has answered."""
    scene, alice = shared.scene, shared.gajim
    bob = shared.lodger()
    bob.start()
    alice.call("encrypt_by_default", account="alice", value=False)
    alice.open_chat(bob.account.jid)
    wait_for_dock(alice, "Not encrypted.")
    assert alice.call("encryption") == ""
    bob.open_chat("alice@localhost")
    text = secret("from bob")
    bob.send(text)
    check_encrypted(alice, alice.wait_for_message(text))
    wait_for("encryption is on", lambda: alice.call("encryption") == "OMEMO")
    wait_for(
        "it is said",
        lambda: "Bob writes encrypted. Your answers are encrypted too." in lines(alice),
    )
    wait_for_dock(alice, "Encrypted for Bob.")
    tell(alice, bob, "the answer")

    # Asked first, and it stays on until then
    alice.call("set_encryption", name="")
    wait_for_dock(alice, "Switch encryption off for Bob?")
    assert alice.call("encryption") == "OMEMO"
    alice.screenshot(f"switch-off-{suite}")
    press(alice, "Keep it on")
    wait_for(
        "the question is gone",
        lambda: "Keep it on" not in alice.call("dock")["buttons"],
    )
    tell(alice, bob, "still encrypted")
    alice.call("set_encryption", name="")
    press(alice, "Switch it off")
    wait_for_dock(alice, "Not encrypted: you switched it off for Bob.")
    alice.send("in clear now")
    assert bob.wait_for_message("in clear now").encryption is None

    bob.send(secret("encrypted again"))
    wait_for_dock(alice, "Bob writes encrypted, you do not")
    alice.screenshot(f"they-encrypt-{suite}")
    answer = secret("an answer that must not be in clear")
    alice.call("clear_input")
    alice.call("type_text", text=answer)
    alice.call("press_send")
    wait_for("it is given back", lambda: alice.call("typed_text") == answer)
    press(alice, "Switch on")
    wait_for_dock(alice, "Encrypted for Bob.")
    alice.call("press_send")
    check_encrypted(bob, bob.wait_for_message(answer))
    alice.call("encrypt_by_default", account="alice", value=True)
    check_scene(scene)


@every_suite
def test_somebody_without_a_device(shared: Shared, suite: str) -> None:
    """Nothing is sent before the user has chosen; what was chosen holds over a
    restart, and ends when a device appears."""
    scene, alice = shared.scene, shared.gajim
    jid = scene.server.accounts[shared.contact].jid
    alice.open_chat(jid)
    said = wait_for_dock(alice, "Bob’s app offers no encryption")
    assert "Nothing is sent yet" in said
    alice.screenshot(f"no-device-{suite}")
    text = secret("before the choice")
    alice.call("type_text", text=text)
    alice.call("press_send")
    wait_for("it is given back", lambda: alice.call("typed_text") == text)
    assert not scene.server.leaks(text)
    press(alice, "Do not send")
    wait_for(
        "the question is folded",
        lambda: alice.call("dock")["buttons"] == ["Choose…"],
    )
    press(alice, "Choose…")
    press(alice, "Send to Bob without encryption")
    wait_for_dock(alice, "Not encrypted: Bob’s app cannot do it.")
    alice.screenshot(f"without-{suite}")
    # Not by the click
    assert not scene.server.leaks(text)
    alice.call("clear_input")
    alice.send("in clear, by choice")
    wait_for("it is sent", lambda: scene.server.leaks("in clear, by choice"))

    alice.restart()
    alice.open_chat(jid)
    wait_for_dock(alice, "Not encrypted: Bob’s app cannot do it.")
    bob = shared.lodger()
    bob.start()
    wait_for("encryption is on", lambda: alice.call("encryption") == "OMEMO")
    wait_for_dock(alice, "Encrypted for Bob.")
    bob.open_chat("alice@localhost")
    tell(alice, bob, "now that it can be")
    assert "Bob’s app can encrypt now." in lines(alice)
    # Also in a Gajim that was started with the plugin
    alice.call("set_encryption", name="")
    wait_for_dock(alice, "Switch encryption off for Bob?")
    assert alice.call("encryption") == "OMEMO"


@every_suite
def test_a_private_room(shared: Shared, suite: str) -> None:
    """Encrypted by default; somebody without a device stops it until the user
    has chosen; a public room is marked."""
    scene, alice = shared.scene, shared.gajim
    bob = shared.lodger()
    bob.start()
    room = f"den-of-{bob.account.name}@rooms.localhost"
    alice.create_room(room)
    alice.set_affiliation(room, bob.account.jid, "member")
    bob.join_room(room)
    for gajim in (alice, bob):
        gajim.open_room(room)
        wait_for_dock(gajim, "Encrypted for 1 person.")
    tell(alice, bob, "in the room")
    alice.set_affiliation(room, "carol@localhost", "member")
    wait_for_dock(alice, "cannot read this group chat")
    alice.screenshot(f"room-{suite}")
    press(alice, "Send without them")
    said = wait_for_dock(alice, "Encrypted for 1 person.")
    assert "cannot read this." in said
    tell(alice, bob, "without carol")
    public = f"agora-of-{bob.account.name}@rooms.localhost"
    alice.create_room(public, private=False)
    alice.open_room(public)
    wait_for_dock(alice, "Not encrypted: anyone can join this group chat")
    alice.screenshot(f"public-room-{suite}")
    check_scene(scene)
