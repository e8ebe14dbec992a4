# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gajim and other programs give each other on a Wayland desktop: pictures of the
screen by the portal, the clipboard, drag and drop, and notifications."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from omemo_plugin.bridge.files.links import parse_link
from omemo_plugin.verify.qr import draw_png
from omemo_plugin.verify.uri import build_fingerprint_uri
from tests.e2e.conversation import check_encrypted
from tests.e2e.hostile_stage import CONTACTS
from tests.e2e.hostile_stage import Stage
from tests.e2e.test_files import NAME
from tests.e2e.test_files import draw
from tests.e2e.test_walk import show_another_key
from tests.e2e.walk import MAIN
from tests.e2e.walk import Walk
from tests.support.folders import files_below
from tests.support.gajim.desktop import Desktop
from tests.support.gajim.scene import Scene
from tests.support.gajim.wayland import WaylandAccessibility
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.servers.hostile import MODULE
from tests.support.waiting import wait_for

BOB = "bob@localhost"
VERIFY = "Verify Bob"
CODE = "My QR code"


@pytest.fixture(scope="module", params=["trixie", "forky"])
def lasting_walk(
    request: pytest.FixtureRequest, new_lasting_scene: Callable[..., Scene]
) -> Iterator[Walk]:
    names = [f"{name}{number}" for name in CONTACTS for number in range(1, 4)]
    scene = new_lasting_scene("alice", "bob", *names, more_modules=[MODULE])
    stage = Stage(
        scene, request.param, accessible=True, wayland=True, trusts_server=True
    )
    try:
        stage.begin()
        yield Walk(stage, {})
    finally:
        stage.close()


@pytest.fixture
def walk(lasting_walk: Walk) -> Walk:
    # What a test that failed has left open
    lasting_walk.stage.alice.call("close_other_windows")
    lasting_walk.stage.clear()
    return lasting_walk


@pytest.fixture
def desktop(walk: Walk) -> Iterator[Desktop]:
    with Desktop(walk.stage.alice) as desktop:
        yield desktop


def link_of_bob(walk: Walk) -> str:
    bob = walk.stage.bob
    keys = {bob.device.device_id: bob.engine.fingerprint}
    return build_fingerprint_uri(bob.jid, keys)


def open_codes(walk: Walk) -> None:
    """As somebody does who has Bob's code already."""
    walk.stage.alice.call("activate", name="omemo-verify", value=["alice", BOB])
    walk.press("Neither", VERIFY)
    walk.press("I have Bob’s code already", VERIFY)


def verify_and_undo(walk: Walk) -> None:
    """The code has been read: it counts when it is said how it came."""
    walk.reads("How did this code reach you?")
    walk.press("Bob gave or showed it to me in person", VERIFY)
    walk.press("Verify", VERIFY)
    walk.reads("Bob is verified")
    walk.press("Undo", VERIFY)
    walk.reads("Everything is as it was before.")
    walk.close(VERIFY)


def test_a_code_from_the_screen_by_the_portal(walk: Walk, desktop: Desktop) -> None:
    """Debian's portal asks the desktop. The compositor alone, which is all of a
    desktop that runs without a screen, takes no pictures: a program of the tests
    hands one over in its place."""
    alice = walk.stage.alice
    picture = alice.folder / "code.png"
    picture.write_bytes(draw_png(link_of_bob(walk)))
    taken = desktop.start_portal(picture)
    open_codes(walk)
    walk.press("From the screen", VERIFY)
    walk.reads("The screen cannot be looked at")
    walk.press("From the screen", VERIFY)
    verify_and_undo(walk)
    assert "answered 1\nanswered 0" in desktop.log("backend").read_text()
    assert "Calling Screenshot with interactive=1" in desktop.log("portal").read_text()
    assert not taken.exists(), "nothing is left of the picture"


def test_the_clipboard(walk: Walk, desktop: Desktop) -> None:
    """Both ways between Gajim and another program."""
    alice = walk.stage.alice
    alice.call("activate", name="omemo-code", value="alice")
    reader = walk.reader
    reader.focus(CODE)
    go_to(walk, "Copy link", CODE)
    reader.key("Return")
    walk.reads("The link is in the clipboard.")
    mine = alice.call("own_code", account="alice")
    wait_for("another program has it", lambda: desktop.paste() == mine)
    walk.close(CODE)

    open_codes(walk)
    desktop.copy(link_of_bob(walk))
    reader.focus(VERIFY)
    go_to(walk, "Paste", VERIFY)
    reader.key("Return")
    verify_and_undo(walk)


def go_to(walk: Walk, name: str, window: str) -> None:
    """Press Tab until something has the keyboard."""
    reader = walk.reader

    def focused() -> str:
        nodes = reader.read(window)
        return next((node.said for node in nodes if "focused" in node.states), "")

    def tab() -> None:
        before = focused()
        reader.key("Tab")
        wait_for("the keyboard goes on", lambda: focused() != before)

    for _step in range(20):
        if focused() == name:
            return
        tab()
    raise AssertionError(f"the keyboard does not get to {name!r}")


def drop(walk: Walk, desktop: Desktop, window: str, kind: str, what: str) -> None:
    """Drag something from another program's window into one of Gajim's."""
    reader = walk.reader
    assert isinstance(reader, WaylandAccessibility)
    mouse, alice = reader.display, walk.stage.alice
    with desktop.drag_source(kind, what) as log:
        mouse.move_until("the other window", lambda: "entered" in log.read_text())
        mouse.press_button(True)
        try:
            mouse.move_until("a drag", lambda: "began" in log.read_text())
            mouse.move_until(
                window, lambda: str(alice.call("dropped_on")).startswith(window)
            )
        finally:
            mouse.press_button(False)
        wait_for("the end of the drag", lambda: "ended" in log.read_text())


@pytest.mark.parametrize("kind", ["uri", "text"])
def test_a_code_is_dropped(walk: Walk, desktop: Desktop, kind: str) -> None:
    """On the window "Verify", as a picture and as a text."""
    alice = walk.stage.alice
    link = link_of_bob(walk)
    what = link
    if kind == "uri":
        picture = alice.folder / "code.png"
        picture.write_bytes(draw_png(link))
        what = alice.offer(picture).as_uri()
    open_codes(walk)
    drop(walk, desktop, VERIFY, kind, what)
    verify_and_undo(walk)


def test_a_file_is_dropped_into_an_encrypted_chat(
    walk: Walk, desktop: Desktop, tmp_path: Path
) -> None:
    """It leaves as every other file: encrypted."""
    stage = walk.stage
    alice = stage.alice
    stage.open_chat(stage.bob)
    content = draw(tmp_path / NAME)
    file = alice.offer(tmp_path / NAME)
    drop(walk, desktop, MAIN, "uri", file.as_uri())
    walk.press("Send", MAIN)
    row = alice.wait_for_file()
    alice.screenshot(f"dropped-file-{stage.suite}")
    check_encrypted(alice, row)
    stage.bob.wait_for_text(row.text)
    (source,) = parse_link(row.text).sources
    stored = [data for _path, data in files_below(stage.server.folder)]
    key = f"{source.iv.hex()}{source.key.hex()}".encode()
    for part in (content[:64], key, NAME.encode()):
        assert not [data for data in stored if part in data]


def test_a_warning_on_the_desktop(walk: Walk, desktop: Desktop) -> None:
    """It goes when the warning is answered; a click on it leads to the chat."""
    stage = walk.stage
    log = desktop.start_notifications()

    def warn(peer: OmemoPeer) -> None:
        stage.open_chat(peer)
        stage.talk(peer, "with the first key")
        stage.open_chat(stage.bob)
        show_another_key(walk, peer)
        title = f"shown Warning about {peer.name.title()}"
        wait_for("a notification", lambda: title in log.read_text())

    dan, eve = stage.peer("dan"), stage.peer("eve")
    warn(dan)
    stage.open_chat(dan)
    walk.sees("shows a different key")
    walk.press("Refuse it", MAIN)
    wait_for("the end of the notification", lambda: "closed" in log.read_text())
    warn(eve)
    desktop.click_notification()
    wait_for("the chat is shown", lambda: stage.alice.call("shown_chat") == eve.jid)
    walk.sees("shows a different key")
