# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity of an account goes to another Gajim, and back."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.ratchet_keys import check_used_once
from tests.e2e.test_encrypted_chats import send_past_the_window
from tests.e2e.test_kept import reboot
from tests.support.engine.secrets_on_disk import found_below
from tests.support.engine.secrets_on_disk import values_of
from tests.support.gajim.accessible import Accessibility
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import OURS_FROM_SYSTEM
from tests.support.gajim.scene import Scene
from tests.support.processes import give_away
from tests.support.waiting import wait_for

MakeScene = Callable[..., Scene]

FIRST_PAGE = "Encryption is on"
FILE = "From another computer…"
PREFERENCES = "OMEMO encryption"
MOVE = "Move to another computer?"
BRING = "Bring your identity here?"
ADDRESS = "alice@localhost"
PASSPHRASE = "six words that nobody knows"
NAME = "gajim-identity-alice@localhost.kdbx"

# From one Gajim to another
WAYS = [
    pytest.param("bookworm", "forky", id="1.7-to-2.6"),
    pytest.param("bookworm", "bookworm", id="1.7-to-1.7"),
    pytest.param("trixie", "trixie", id="2.1-to-2.1"),
]


def listed(scene: Scene) -> frozenset[str]:
    """The ids in any of Alice's device lists."""
    lists = scene.server.listed_devices(scene.server.accounts["alice"])
    return frozenset().union(*lists.values())


def other_rows(gajim: Gajim) -> list[str]:
    """The rows in the chat that are not messages."""
    return [row.text for row in gajim.rows() if row.type not in ("chat", "date")]


def text_of(gajim: Gajim, title: str) -> str:
    """All that a window says."""
    screen = gajim.accessibility()
    if not any(title in one for one in screen.windows()):
        return ""
    return " ".join(node.said for node in screen.read(title))


def open_window(gajim: Gajim, entry: str, title: str) -> None:
    """From the preferences, which stay open."""
    gajim.call("configure_plugin", short_name=SHORT_NAME)
    screen = gajim.accessibility()
    wait_for("the preferences", lambda: PREFERENCES in screen.windows())
    names = [node.name for node in screen.read(PREFERENCES)]
    full = f"{entry}, {ADDRESS}"
    screen.press(PREFERENCES, full if full in names else entry)
    wait_for("the window", lambda: title in screen.windows())


def fill(gajim: Gajim, title: str, values: dict[str, str]) -> None:
    """Type into the entries of a window, with the keyboard alone."""
    screen = gajim.accessibility()

    def focused() -> str:
        nodes = screen.read(title)
        return next((node.said for node in nodes if "focused" in node.states), "")

    def tab() -> None:
        before = focused()
        screen.key("Tab")
        wait_for("the focus moves", lambda: focused() != before)

    screen.focus(title)
    for name, value in values.items():
        for _step in range(20):
            if focused() == name:
                break
            tab()
        assert focused() == name
        screen.key("ctrl+a", "BackSpace")
        screen.type(value)


def move(gajim: Gajim) -> Path:
    """Make the file. Returns where it is."""
    path = gajim.home / NAME
    open_window(gajim, "Move to another computer…", MOVE)
    gajim.screenshot("move")
    # The file goes to where the user's own files are
    fill(gajim, MOVE, {"Passphrase": PASSPHRASE, "Passphrase, once more": PASSPHRASE})
    gajim.screenshot("move-filled")
    gajim.accessibility().press(MOVE, "Make the file")
    wait_for(
        "the file is there", lambda: "Your key is in the file" in said(gajim, MOVE)
    )
    gajim.screenshot("moved")
    gajim.accessibility().press(MOVE, "Close")
    wait_for("it says so", lambda: "Your key moved" in said(gajim, PREFERENCES))
    gajim.screenshot("moved-preferences")
    gajim.accessibility().key("Escape")
    assert path.stat().st_mode & 0o777 == 0o600
    return path


def said(gajim: Gajim, title: str) -> str:
    return text_of(gajim, title)


def carry(file: Path, to: Gajim) -> Path:
    """Put the file on another computer."""
    target = to.home / file.name
    shutil.copyfile(file, target)
    give_away(target)
    return target


def bring(gajim: Gajim, file: Path, passphrase: str = PASSPHRASE) -> None:
    """Have the file opened. The window is open already, if it was refused before."""
    if BRING not in gajim.accessibility().windows():
        open_window(gajim, "Bring your identity here…", BRING)
        gajim.screenshot("bring")
    fill(gajim, BRING, {"The file": str(file), "Passphrase": passphrase})
    gajim.accessibility().press(BRING, "Bring it here")


def expect(gajim: Gajim, words: str) -> None:
    wait_for(f"it says {words!r}", lambda: words in said(gajim, BRING))


def accept(gajim: Gajim, file: Path) -> None:
    """Bring the identity, which was used nowhere."""
    bring(gajim, file)
    expect(gajim, "Your identity is here")
    gajim.screenshot("arrived")
    gajim.accessibility().press(BRING, "Close")
    gajim.accessibility().key("Escape")


def secrets_of(gajim: Gajim, folder: Path) -> set[str]:
    """Every key of a Gajim that runs."""
    store = gajim.data / "plugins_data" / SHORT_NAME / "alice@localhost.db"
    folder.mkdir()
    for one in store.parent.glob(store.name + "*"):
        shutil.copyfile(one, folder / one.name)
    return values_of(folder / store.name)


def three(new_scene: MakeScene, suite: str, other: str) -> tuple[Scene, list[Gajim]]:
    """Alice with two computers, of which the first is in use, and Bob."""
    scene = new_scene("alice", "bob")
    old = scene.gajim(suite, "alice", OURS, accessible=True)
    new = scene.gajim(other, "alice", OURS, "alice2", accessible=True)
    bob = scene.gajim("bookworm", "bob", OURS)
    return scene, [old, new, bob]


@pytest.mark.parametrize(("suite", "other"), WAYS)
def test_the_contact_goes_on_talking(
    new_scene: MakeScene, tmp_path: Path, suite: str, other: str
) -> None:
    """With the same key, and without a warning. What is sent in between is read."""
    scene, (old, new, bob) = three(new_scene, suite, other)
    start_all([old, bob])
    open_chats(old, bob)
    key = tell(old, bob, "before")[1].key
    tell(bob, old, "before")
    (number,) = listed(scene)
    start_all([new])
    wait_for("the new computer is listed", lambda: len(listed(scene)) == 2)
    new.open_chat(bob.account.jid, "OMEMO")
    tell(new, bob, "from the new computer")
    tell(bob, [old, new], "to both")
    secrets = secrets_of(old, tmp_path / "copy")
    file = move(old)
    assert len(secrets) > 200
    assert found_below([old.home], secrets) == set()
    refused = secret("from the old computer")
    send_past_the_window(old, bob, refused)
    wait_for(
        "the reason is said",
        lambda: any("moved to another computer" in row.text for row in old.rows()),
    )
    tell(bob, new, "in between")
    lines = other_rows(bob)
    file = carry(file, new)
    bring(new, file, "not the passphrase")
    expect(new, "This is not the passphrase")
    new.screenshot("wrong-passphrase")
    damaged = new.home / "damaged.kdbx"
    damaged.write_bytes(file.read_bytes()[:-500])
    give_away(damaged)
    bring(new, damaged)
    expect(new, "The file is damaged")
    accept(new, file)
    wait_for("only the device is listed", lambda: listed(scene) == {number})
    open_chats(new, bob)
    assert tell(new, bob, "after")[1].key == key
    tell(bob, new, "after")
    new.screenshot("after")
    new.restart()
    open_chats(new, bob)
    tell(bob, new, "after a restart")
    assert tell(new, bob, "after a restart")[1].key == key
    # Bob was told of nothing, and nothing warns him. A line goes when he comes back
    # to the chat
    assert set(other_rows(bob)) <= set(lines)
    assert "Warning" not in " ".join(bob.call("dock")["texts"])
    bob.screenshot("bob")
    assert listed(scene) == {number}
    assert scene.server.leaks(refused) == []
    check_no_leak(scene)
    for gajim in (old, new, bob):
        assert not errors_of_our_plugin(gajim.log.read_text(errors="replace"))


def test_to_an_older_gajim_and_back(new_scene: MakeScene) -> None:
    """From 2.6 to 1.7, and with a second file to 2.6 again. No key of a ratchet is
    used twice."""
    scene, (old, new, bob) = three(new_scene, "forky", "bookworm")
    start_all([old, bob])
    open_chats(old, bob)
    key = tell(old, bob, "before")[1].key
    tell(bob, old, "before")
    (number,) = listed(scene)
    for source, target in ((old, new), (new, old)):
        file = move(source)
        if not target.running:
            start_all([target])
        accept(target, carry(file, target))
        file.unlink()
        wait_for("only the device is listed", lambda: listed(scene) == {number})
        open_chats(target, bob)
        assert tell(target, bob, "after")[1].key == key
        tell(bob, target, "after")
    old.restart()
    open_chats(old, bob)
    tell(bob, old, "after a restart")
    assert tell(old, bob, "after a restart")[1].key == key
    check_used_once(scene.server.wire_log, number, at_least=4)
    assert "Warning" not in " ".join(bob.call("dock")["texts"])
    check_no_leak(scene)
    for gajim in (old, new, bob):
        assert not errors_of_our_plugin(gajim.log.read_text(errors="replace"))


def test_from_a_tails_stick_to_a_debian_and_back(new_scene: MakeScene) -> None:
    """Of the stick nothing is left after a restart but the folders that Tails keeps. On
    the Debian the account is new, and its first page leads to the file."""
    scene = new_scene("alice", "bob")
    options: dict[str, Any] = {"accessible": True}
    stick = scene.gajim("bookworm", "alice", OURS_FROM_SYSTEM, **options)
    debian = scene.gajim("trixie", "alice", OURS, "debian", first_page=True, **options)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([stick, bob])
    open_chats(stick, bob)
    key = tell(stick, bob, "from the stick")[1].key
    (number,) = listed(scene)
    there = carry(move(stick), debian)
    stick.quit()
    debian.start()
    screen = debian.accessibility()
    wait_for("the first page", lambda: FIRST_PAGE in screen.windows())
    debian.screenshot("first-page")
    screen.press(FIRST_PAGE, FILE)
    wait_for("the window", lambda: BRING in screen.windows())
    accept(debian, there)
    debian.call("skip_first_page")
    wait_for("only the device is listed", lambda: listed(scene) == {number})
    open_chats(debian, bob)
    assert tell(debian, bob, "from the Debian")[1].key == key
    tell(bob, debian, "to the Debian")
    back = move(debian)
    stick = reboot(scene, "bookworm", stick, "after-restart", **options)
    # The stick knows that the identity has gone, and that this file is a newer one
    accept(stick, carry(back, stick))
    wait_for("only the device is listed", lambda: listed(scene) == {number})
    open_chats(stick, bob)
    assert tell(stick, bob, "from the stick again")[1].key == key
    tell(bob, stick, "to the stick again")
    check_used_once(scene.server.wire_log, number, at_least=3)
    assert "Warning" not in " ".join(bob.call("dock")["texts"])
    check_no_leak(scene)


# What an account publishes for a device, with its number
_PUBLISHED = re.compile(
    r"<publish node='eu\.siacs\.conversations\.axolotl\.bundles:(\d+)'"
    r"|<publish node='urn:xmpp:omemo:2:bundles'><item id='(\d+)'"
)
_LISTED = re.compile(r"<publish node='[^']+device(?:s|list)'>.*?</publish>")


def published(scene: Scene) -> set[str]:
    """The numbers of all devices for which Alice has ever published anything."""
    found = set()
    for line in scene.server.wire().splitlines():
        if not line.startswith("< alice@localhost/"):
            continue
        found |= {one[1] or one[2] for one in _PUBLISHED.finditer(line)}
        for device_list in _LISTED.findall(line):
            found |= set(re.findall(r"<device id='(\d+)'", device_list))
    return found


def wait_for_first_page(gajim: Gajim) -> Accessibility:
    """Returns what reads the screen, since Gajim was started the last time."""
    screen = gajim.accessibility()
    wait_for("the first page", lambda: FIRST_PAGE in screen.windows())
    return screen


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_a_new_computer_publishes_no_key_before_the_file(
    new_scene: MakeScene, suite: str
) -> None:
    """The contact and the server see one device, the same as ever."""
    scene = new_scene("alice", "bob")
    options: dict[str, Any] = {"accessible": True}
    old = scene.gajim("bookworm", "alice", OURS_FROM_SYSTEM, **options)
    new = scene.gajim(
        suite, "alice", OURS_FROM_SYSTEM, "alice2", first_page=True, **options
    )
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([old, bob])
    open_chats(old, bob)
    key = tell(old, bob, "from the old computer")[1].key
    tell(bob, old, "to the old computer")
    (number,) = listed(scene)
    assert published(scene) == {number}
    new.start()
    wait_for_first_page(new)
    lines = other_rows(bob)
    # Also when it is started again
    new.restart()
    screen = wait_for_first_page(new)
    new.screenshot("first-page")
    file = carry(move(old), new)
    old.quit()
    screen.press(FIRST_PAGE, FILE)
    wait_for("the window", lambda: BRING in screen.windows())
    accept(new, file)
    screen.press(FIRST_PAGE, "Start")
    open_chats(new, bob)
    assert tell(new, bob, "from the new computer")[1].key == key
    tell(bob, new, "to the new computer")
    new.restart()
    open_chats(new, bob)
    tell(bob, new, "after a restart")
    assert FIRST_PAGE not in new.accessibility().windows()
    assert published(scene) == {number}
    assert listed(scene) == {number}
    assert set(other_rows(bob)) <= set(lines)
    check_no_leak(scene)
    for gajim in (new, bob):
        assert not errors_of_our_plugin(gajim.log.read_text(errors="replace"))


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
@pytest.mark.parametrize("writes", [False, True], ids=["start", "writes"])
def test_a_new_computer_without_a_file(
    new_scene: MakeScene, suite: str, writes: bool
) -> None:
    """Its keys are published when the user has read the page, or has written."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(
        suite, "alice", OURS_FROM_SYSTEM, accessible=True, first_page=True
    )
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([bob])
    alice.start()
    wait_for_first_page(alice)

    def answers() -> int:
        """How often the server has said that there is no such node."""
        lines = scene.server.stanzas_with("item-not-found")
        return sum(line.startswith("> alice@localhost/") for line in lines)

    # Two bundles and two lists
    wait_for("it knows that nothing is there", lambda: answers() >= 4)
    alice.restart()
    screen = wait_for_first_page(alice)
    wait_for("it has asked again", lambda: answers() >= 8)
    assert published(scene) == set()
    if writes:
        alice.open_chat(bob.account.jid, "OMEMO")
        text = secret("the first message")
        alice.send(text)
        bob.open_chat(alice.account.jid, "OMEMO")
        bob.wait_for_message(text)
    else:
        screen.press(FIRST_PAGE, "Start")
    wait_for("the device is listed", lambda: len(listed(scene)) == 1)
    assert published(scene) == listed(scene)
    open_chats(alice, bob)
    tell(bob, alice, "to the new device")
    tell(alice, bob, "from the new device")
    check_no_leak(scene)
    assert not errors_of_our_plugin(alice.log.read_text(errors="replace"))


@pytest.mark.parametrize("suite", ["bookworm", "forky"])
def test_case_118_a_file_is_used_once(new_scene: MakeScene, suite: str) -> None:
    """It is recognised before anything is sent. The user begins with a new key, or
    goes on and knows what breaks."""
    scene, (old, new, bob) = three(new_scene, suite, "bookworm")
    start_all([old, new, bob])
    open_chats(old, bob)
    key = tell(old, bob, "before")[1].key
    wait_for("the new computer is listed", lambda: len(listed(scene)) == 2)
    file = move(old)
    accept(new, carry(file, new))
    wait_for("one device is listed", lambda: len(listed(scene)) == 1)
    open_chats(new, bob)
    tell(new, bob, "after")
    bring(old, file)
    expect_used(old)
    old.screenshot("used")
    old.accessibility().press(BRING, "Begin with a new key")
    wait_for("there is a new device", lambda: len(listed(scene)) == 2)
    open_chats(old, bob)
    assert tell(old, bob, "with a new key")[1].key not in (None, key)
    # The other computer is gone for good, and this one goes on with the key
    new.quit()
    bring(old, file)
    expect_used(old)
    old.accessibility().press(BRING, "Use it all the same")
    expect(old, "Your identity is here")
    old.accessibility().press(BRING, "Close")
    old.accessibility().key("Escape")
    wait_for("one device is listed", lambda: len(listed(scene)) == 1)
    open_chats(old, bob)
    assert tell(old, bob, "all the same")[1].key == key
    tell(bob, old, "all the same")
    old.screenshot("all-the-same")
    check_no_leak(scene)


def expect_used(gajim: Gajim) -> None:
    expect(gajim, "This key may be in use elsewhere")
