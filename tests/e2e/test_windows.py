# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The windows in real Gajims: opened through the menus, read as a screen reader
does, and operated with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from functools import partial

import pytest

from tests.e2e.conversation import check_scene
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.lasting import Lasting
from tests.e2e.lasting import Shared
from tests.e2e.lodging import Lodger
from tests.support.gajim.accessible import CONTROLS
from tests.support.gajim.accessible import Accessibility
from tests.support.gajim.accessible import Node
from tests.support.gajim.program import OURS as SHORT_NAME
from tests.support.gajim.program import DrivenGajim
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.waiting import wait_for

every_suite = pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))

MakeScene = Callable[..., Scene]

MAIN = "Gajim"
DETAILS = "Encryption details"
COMPARE = "Compare by hand"
RENAME = "Rename “"
PREFERENCES = "OMEMO encryption"
PUBLIC_NAME = "Name this device"
MESSAGE = "Who can read this message"
HELP = "Help on encryption"
FIRST_PAGE = "Encryption is on"

SPOKEN = re.compile("Fingerprint: (([0-9a-f] ){7}[0-9a-f](, )?){8}")


def start_alice(scene: Scene, suite: str) -> Gajim:
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    alice.start()
    return alice


@pytest.fixture(scope="module")
def lasting(new_lasting_scene: MakeScene) -> Lasting:
    # Carol has no device
    return Lasting(new_lasting_scene, "alice", "bob", start_alice, others=["carol"])


def two_who_talk(shared: Shared) -> tuple[Gajim, Lodger, Accessibility]:
    """Alice's windows are looked at; Bob has any Gajim."""
    alice, bob = shared.gajim, shared.lodger()
    bob.start()
    let_them_talk(alice, bob)
    return alice, bob, alice.accessibility()


def let_them_talk(alice: Gajim, bob: DrivenGajim) -> None:
    open_chats(alice, bob)
    tell(alice, bob, "before the windows")
    tell(bob, alice, "before the windows")


def wait_for_window(gajim: Accessibility, title: str) -> list[Node]:
    def is_there() -> bool:
        return any(title in name for name in gajim.windows())

    wait_for(f"the window {title}", is_there)
    return gajim.read(title)


def wait_until_gone(gajim: Accessibility, title: str) -> None:
    wait_for(
        f"the end of the window {title}",
        lambda: not any(title in name for name in gajim.windows()),
    )


def wait_until_said(gajim: Accessibility, title: str, text: str) -> list[Node]:
    found: list[Node] = []

    def is_said() -> bool:
        found[:] = gajim.read(title)
        return any(text in node.said for node in found)

    wait_for(f"{text!r} in {title}", is_said)
    return found


def said(nodes: Iterable[Node]) -> str:
    return "\n".join(node.said for node in nodes)


def shield(gajim: Accessibility) -> str:
    """The tooltip of the shield beside the message input."""
    return next(
        node.name
        for node in gajim.read(MAIN)
        if node.name.startswith("Encryption details.")
    )


def open_technical_details(gajim: Accessibility, title: str) -> list[Node]:
    """Numbers and fingerprints are folded where nothing is to be decided."""

    def fold() -> Node:
        return next(
            node
            for node in gajim.read(title)
            if node.role in CONTROLS and node.name.startswith("Technical details of")
        )

    assert "expanded" not in fold().states
    gajim.press(title, fold().name)
    wait_for("they are shown", lambda: "expanded" in fold().states)
    return gajim.read(title)


def check_names(nodes: list[Node]) -> None:
    """Whatever can be operated says what it is."""
    controls = [node for node in nodes if node.role in CONTROLS]
    assert controls
    nameless = [node for node in controls if not node.said]
    assert not nameless, nameless


@every_suite
def test_encryption_details(shared: Shared, suite: str) -> None:
    """Opened by the menu; all in it has a name; a device is compared by hand."""
    scene = shared.scene
    alice, bob, gajim = two_who_talk(shared)
    wait_for("the shield", lambda: "It is not verified" in shield(gajim))
    alice.call("choose_in_encryption_menu", label="Encryption details…")
    nodes = wait_for_window(gajim, DETAILS)
    check_names(nodes)
    words = said(nodes)
    assert bob.account.jid in words
    # In words, not by a colour
    assert "Not verified" in words
    nodes = open_technical_details(gajim, DETAILS)
    check_names(nodes)
    assert "OMEMO 0.3 and 2" in said(nodes)
    key = str(tell(bob, alice, "with its key")[1].key)
    (spoken,) = [node for node in nodes if SPOKEN.fullmatch(node.said)]
    digits = spoken.said.partition(":")[2]
    assert re.sub("[ ,]", "", digits) == key.lower()
    assert "focusable" in spoken.states

    (compare,) = [node.name for node in nodes if node.name.startswith("Compare the")]
    gajim.press(DETAILS, compare)
    nodes = wait_for_window(gajim, COMPARE)
    check_names(nodes)
    assert any(SPOKEN.fullmatch(node.said) for node in nodes)
    alice.screenshot(f"windows-{suite}-compare")
    gajim.press(COMPARE, "Something differs")
    wait_until_said(gajim, COMPARE, "Stop: you do not see the same")
    wait_until_said(gajim, DETAILS, "Refused")
    gajim.press(COMPARE, "Undo")
    wait_until_said(gajim, DETAILS, "Not verified")
    gajim.press(COMPARE, "All the same")
    wait_until_said(gajim, COMPARE, "” is verified")
    gajim.key("Escape")
    wait_until_gone(gajim, COMPARE)
    wait_until_said(
        gajim, DETAILS, "You have checked that this device is the right one."
    )
    wait_for("the shield", lambda: "It is verified" in shield(gajim))
    assert tell(alice, bob, "to a verified device")[0].trust == "VERIFIED"
    alice.screenshot(f"windows-{suite}-details")
    assert "Compare the" in said(gajim.read(DETAILS))
    gajim.key("Escape")
    wait_until_gone(gajim, DETAILS)
    check_scene(scene)


@every_suite
def test_the_window_of_a_room_follows_its_members(shared: Shared, suite: str) -> None:
    """The members of a room change while its window is open, and the window shows
    it."""
    alice, bob = shared.gajim, shared.lodger()
    room = f"den-of-{bob.account.name}@rooms.localhost"
    bob.start()
    alice.create_room(room)
    alice.set_affiliation(room, bob.account.jid, "member")
    bob.join_room(room)
    alice.open_room(room, "OMEMO")
    gajim = alice.accessibility()
    alice.call("activate", name="omemo-details", value=["alice", room])
    wait_until_said(gajim, DETAILS, bob.account.jid)
    assert "carol@localhost" not in said(gajim.read(DETAILS))
    alice.set_affiliation(room, "carol@localhost", "member")
    wait_until_said(gajim, DETAILS, "carol@localhost")
    alice.set_affiliation(room, "carol@localhost", "none")
    wait_for(
        "carol is not in the window any more",
        lambda: "carol@localhost" not in said(gajim.read(DETAILS)),
    )


@every_suite
def test_by_keyboard_alone(shared: Shared, suite: str) -> None:
    """Tab reaches everything, Enter presses it, Escape closes."""
    alice, bob, gajim = two_who_talk(shared)
    alice.call("activate", name="omemo-details", value=["alice", bob.account.jid])
    nodes = wait_for_window(gajim, DETAILS)
    wanted = {
        node.said
        for node in nodes
        if "showing" in node.states
        and (node.role in ("push button", "button") or SPOKEN.fullmatch(node.said))
    }
    assert len(wanted) >= 4
    met: set[str] = set()

    def focused() -> str:
        return next((n.said for n in gajim.read(DETAILS) if "focused" in n.states), "")

    def tab() -> None:
        before = focused()
        gajim.key("Tab")
        # In GTK 3 a combo box has the focus and does not say so
        wait_for("the next one has the focus", lambda: focused() != before)

    for _ in range(3 * len(wanted)):
        met.add(focused())
        if wanted <= met:
            break
        tab()
    assert wanted <= met, wanted - met
    while not focused().startswith("More for"):
        tab()
    gajim.key("Return")
    wait_for("the menu", lambda: focused().startswith("Rename"))
    gajim.key("Return")
    wait_for_window(gajim, RENAME)
    gajim.focus(RENAME)
    gajim.type("Bob at work")
    gajim.key("Return")
    wait_until_gone(gajim, RENAME)
    wait_until_said(gajim, DETAILS, "It is called “Bob at work” from now on.")
    gajim.focus(DETAILS)
    while not focused().startswith("Refuse"):
        tab()
    gajim.key("Return")
    wait_until_said(gajim, DETAILS, "is refused. It gets nothing.")
    wait_for("the shield", lambda: "Nobody can read" in shield(gajim))
    gajim.key("Escape")
    wait_until_gone(gajim, DETAILS)


@every_suite
def test_the_name_that_others_see(shared: Shared, suite: str) -> None:
    """Alice names this device; Bob reads it, and no longer when she takes it away."""
    scene = shared.scene
    alice, bob, gajim = two_who_talk(shared)

    def label() -> object:
        return bob.call("labels_of", account=bob.account_name, jid=alice.account.jid)

    def is_read(name: str) -> bool:
        return bool(label() == [name or None])

    assert is_read("")
    alice.call("configure_plugin", short_name=SHORT_NAME)
    wait_for_window(gajim, PREFERENCES)
    for name in ("Desk at home", ""):
        gajim.press(PREFERENCES, "Name this device…, alice@localhost")
        wait_for_window(gajim, PUBLIC_NAME)
        alice.screenshot(f"windows-{suite}-name")
        gajim.focus(PUBLIC_NAME)
        if name:
            gajim.type(name)
        gajim.key("Return")
        wait_until_gone(gajim, PUBLIC_NAME)
        shown = f"as “{name}”." if name else "without a name."
        wait_until_said(gajim, PREFERENCES, f"Others see this device {shown}")
        wait_for("bob reads it", partial(is_read, name))
    check_scene(scene)


@every_suite
def test_my_qr_code(shared: Shared, suite: str) -> None:
    """It has a name for those who do not see it, and is on the screen for a
    camera: read from a picture of the screen, it is this account's."""
    zxingcpp = pytest.importorskip("zxingcpp", reason="apt install python3-zxing-cpp")
    numpy = pytest.importorskip("numpy", reason="apt install python3-numpy")
    image = pytest.importorskip("PIL.Image", reason="apt install python3-pil")
    alice, bob, gajim = two_who_talk(shared)
    key = str(tell(alice, bob, "with my key")[1].key)
    alice.call("activate", name="omemo-code", value="alice")
    nodes = wait_for_window(gajim, "My QR code")
    check_names(nodes)
    assert "QR code with the fingerprints of alice@localhost" in said(nodes)
    assert any(SPOKEN.fullmatch(node.said) for node in nodes)
    files = set(alice.home.rglob("*"))
    with image.open(alice.screenshot(f"windows-{suite}-code")) as picture:
        pixels = numpy.array(picture.convert("L"))
    (code,) = zxingcpp.read_barcodes(pixels)
    assert code.text.startswith("xmpp:alice@localhost?omemo-sid-")
    assert code.text.endswith(f"={key.lower()}")
    gajim.press("My QR code", "Copy link")
    wait_until_said(gajim, "My QR code", "The link is in the clipboard.")
    assert alice.call("clipboard") == code.text
    gajim.key("Escape")
    wait_until_gone(gajim, "My QR code")
    # No picture of it lies anywhere
    new = set(alice.home.rglob("*")) - files
    assert not [path for path in new if path.suffix.lower() in (".png", ".svg")]


@every_suite
def test_the_readers_of_a_message(shared: Shared, suite: str) -> None:
    """For one that was sent, and one that was received, after a restart too."""
    scene = shared.scene
    alice, bob, gajim = two_who_talk(shared)
    sent = tell(alice, bob, "for two eyes")[0].text
    received = tell(bob, alice, "from two hands")[1].text
    for _ in range(2):
        words = read_about(alice, gajim, sent)
        assert "When it was sent, 1 device could read it." in words
        assert bob.account.jid in words
        assert "Not verified" in words
        words = read_about(alice, gajim, received)
        assert "from a device that was not verified then" in words
        assert SPOKEN.search(words)
        alice.restart()
        alice.open_chat(bob.account.jid)
        alice.wait_for_message(received)
        gajim = alice.accessibility()
    check_scene(scene)


def press_in_row_menu(alice: Gajim, gajim: Accessibility, text: str) -> bool:
    """The input takes the focus when a chat was opened, and closes the menu."""
    alice.call("press_row_menu", text=text)
    try:
        gajim.press(MAIN, "Who could read this…")
    except AssertionError:
        return False
    return True


def read_about(alice: Gajim, gajim: Accessibility, text: str) -> str:
    if alice.host.suite == "bookworm":
        wait_for("the entry in the menu", lambda: press_in_row_menu(alice, gajim, text))
    else:
        alice.call("choose_in_row_menu", text=text, label="Who could read this…")
    nodes = wait_for_window(gajim, MESSAGE)
    gajim.key("Escape")
    wait_until_gone(gajim, MESSAGE)
    return said(nodes)


@every_suite
def test_case_11_a_new_device_of_a_verified_contact(shared: Shared, suite: str) -> None:
    """It gets nothing; a warning says so, and the shield leads to the window."""
    scene = shared.scene
    alice, bob, gajim = two_who_talk(shared)
    key = str(tell(bob, alice, "with its key")[1].key)
    alice.call(
        "set_trust", account="alice", jid=bob.account.jid, key=key, trust="VERIFIED"
    )
    wait_for("the shield", lambda: "It is verified" in shield(gajim))
    account = bob.account.name
    phone = scene.gajim("bookworm", account, OURS, name=f"{account}-phone")
    phone.start()
    wait_for(
        "the warning about the new device",
        lambda: "Bob has a new device" in alice.call("dock")["texts"],
    )
    wait_for("the shield", lambda: "gets nothing until you decide" in shield(gajim))
    tell(alice, bob, "not for the phone")
    alice.screenshot(f"windows-{suite}-new-device")
    alice.call("press_in_dock", label="Decide…")
    nodes = wait_for_window(gajim, DETAILS)
    words = said(nodes)
    assert "Not decided" in words
    assert "1 device gets nothing until you decide." in words
    gajim.press(DETAILS, next(n.name for n in nodes if n.name.startswith("More for")))
    nodes = wait_until_said(gajim, DETAILS, "without checking")
    use = next(n.name for n in nodes if n.name.endswith("without checking"))
    gajim.press(DETAILS, use)
    wait_for("the question", lambda: len(gajim.windows()) == 3)
    # Some dialogs have no name of their own
    question = next(
        name for name in gajim.windows() if name != MAIN and DETAILS not in name
    )
    gajim.press(question, "Use it")
    wait_until_said(gajim, DETAILS, "is used without checking")
    phone.open_chat("alice@localhost", "OMEMO")
    tell(alice, [bob, phone], "for the phone as well")
    check_scene(scene)


@every_suite
def test_preferences(shared: Shared, suite: str) -> None:
    """From the plugin manager: chats are encrypted by themselves, unless that is
    switched off."""
    alice, bob = shared.gajim, shared.lodger()
    bob.start()
    gajim = alice.accessibility()
    alice.call("configure_plugin", short_name=SHORT_NAME)
    nodes = wait_for_window(gajim, PREFERENCES)
    check_names(nodes)
    switch = "Encrypt all chats, alice@localhost"

    def is_on() -> bool:
        return any(
            node.name == switch and "checked" in node.states
            for node in gajim.read(PREFERENCES)
        )

    assert is_on()
    alice.screenshot(f"windows-{suite}-preferences")
    gajim.press(PREFERENCES, switch)
    wait_for("it is off", lambda: not is_on())
    alice.open_chat(bob.account.jid)
    assert alice.call("encryption") == ""
    gajim.press(PREFERENCES, switch)
    wait_for("it is on", is_on)
    gajim.key("Escape")
    wait_until_gone(gajim, PREFERENCES)
    alice.open_chat("carol@localhost")
    alice.open_chat(bob.account.jid)
    wait_for("encryption", lambda: alice.call("encryption") == "OMEMO")
    bob.open_chat("alice@localhost", "OMEMO")
    tell(alice, bob, "encrypted by default")
    # The choice for one chat stays
    alice.set_encryption("")
    alice.open_chat("carol@localhost")
    alice.open_chat(bob.account.jid)
    assert alice.call("encryption") == ""


@every_suite
def test_first_page(new_scene: MakeScene, suite: str) -> None:
    """It is read with the keyboard alone, answered by closing it, and not shown
    again."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS, accessible=True, first_page=True)
    alice.start()
    gajim = alice.accessibility()
    wait_for_window(gajim, FIRST_PAGE)
    nodes = wait_until_said(gajim, FIRST_PAGE, "From now on your chats can be private.")
    check_names(nodes)
    gajim.focus(FIRST_PAGE)
    # The answer that is suggested
    wait_for(
        "the keyboard is at the button",
        lambda: any(
            node.name == "Start" and "focused" in node.states
            for node in gajim.read(FIRST_PAGE)
        ),
    )
    alice.screenshot(f"windows-{suite}-first-page")
    switch = "Encrypt all chats (recommended), alice@localhost"
    gajim.press(FIRST_PAGE, switch)
    # The line is below the switch, before the buttons
    name = "Name of this device, alice@localhost"
    for _step in range(10):
        here = [one.name for one in gajim.read(FIRST_PAGE) if "focused" in one.states]
        if here == [name]:
            break
        gajim.key("Tab")
    gajim.type("tower")
    alice.screenshot(f"windows-{suite}-first-page-name")
    # Not before the window is closed
    alice.open_chat("bob@localhost")
    wait_for("encryption", lambda: alice.call("encryption") == "OMEMO")
    gajim.focus(FIRST_PAGE)
    gajim.key("F1")
    wait_until_said(gajim, HELP, "First steps")
    gajim.key("Escape")
    wait_until_gone(gajim, HELP)
    gajim.focus(FIRST_PAGE)
    gajim.key("Escape")
    wait_until_gone(gajim, FIRST_PAGE)
    alice.open_chat("carol@localhost")
    clear = "Not encrypted. The servers can read this."
    wait_for("it is off", lambda: clear in alice.call("dock")["texts"])
    assert alice.call("encryption") == ""
    alice.restart()
    alice.open_chat("bob@localhost")
    assert FIRST_PAGE not in alice.call("window_titles")
    # Unless the user wants it
    gajim = alice.accessibility()
    alice.call("configure_plugin", short_name=SHORT_NAME)
    wait_for_window(gajim, PREFERENCES)
    wait_until_said(gajim, PREFERENCES, "Others see this device as “tower”.")
    alice.screenshot(f"windows-{suite}-preferences-first")
    gajim.press(PREFERENCES, "Show the first page again")
    wait_for_window(gajim, FIRST_PAGE)
    gajim.press(FIRST_PAGE, switch)
    gajim.press(FIRST_PAGE, "Start")
    wait_until_gone(gajim, FIRST_PAGE)

    def is_on() -> bool:
        return any(
            node.name == "Encrypt all chats, alice@localhost"
            and "checked" in node.states
            for node in gajim.read(PREFERENCES)
        )

    wait_for("the preferences show it", is_on)


@every_suite
def test_help(new_scene: MakeScene, suite: str) -> None:
    """It needs no connection and no pointer, and opens at what the window is
    about."""
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS, accessible=True)
    bob = scene.gajim("bookworm", "bob", OURS)
    start_all([alice, bob])
    let_them_talk(alice, bob)
    gajim = alice.accessibility()
    alice.set_online(False)
    alice.call("choose_in_encryption_menu", label="Help on encryption…")
    check_names(wait_until_said(gajim, HELP, "Reading it needs no connection."))
    gajim.focus(HELP)
    # To the first page
    gajim.key("Tab", "Return")
    wait_until_said(gajim, HELP, "From now on your chats can be private.")
    gajim.key("Escape")
    wait_until_gone(gajim, HELP)
    alice.call("activate", name="omemo-details", value=["alice", "bob@localhost"])
    wait_for_window(gajim, DETAILS)
    gajim.focus(DETAILS)
    gajim.key("F1")
    wait_until_said(gajim, HELP, "Who can read a chat")
    alice.screenshot(f"windows-{suite}-help")
    gajim.press(HELP, "All pages")
    if suite == "forky":
        # GTK 4.24.1 crashes when a screen reader asks for the windows after this page
        wait_for(
            "all pages",
            lambda: any(
                "Reading it needs no connection." in text
                for text in alice.call("window_texts")
            ),
        )
        return
    wait_until_said(gajim, HELP, "Reading it needs no connection.")
    gajim.press(HELP, "Back")
    wait_until_said(gajim, HELP, "Who can read a chat")
    gajim.key("Escape")
    wait_until_gone(gajim, HELP)


@every_suite
def test_all_is_taken_back(shared: Shared, suite: str) -> None:
    """Switched off, Gajim is as it was; switched on, everything is back."""
    alice, _bob, gajim = two_who_talk(shared)
    ours = ("Encryption details…", "My devices and QR code…")

    def entries() -> list[str]:
        return [entry for entry in alice.call("encryption_menu") if entry in ours]

    assert set(entries()) == set(ours)
    alice.set_plugin_active(SHORT_NAME, False)
    assert entries() == []
    assert not [n for n in gajim.read(MAIN) if n.name.startswith("Encryption details.")]
    alice.set_plugin_active(SHORT_NAME, True)
    assert set(entries()) == set(ours)
    wait_for("the shield", lambda: "can read this" in shield(gajim))


@pytest.mark.parametrize("suite", ["trixie", "forky"])
def test_gajims_own_page_is_ours(shared: Shared, suite: str) -> None:
    """Gajim 2 has a page "Encryption (OMEMO)" for contacts."""
    alice, _bob, gajim = two_who_talk(shared)
    alice.call("show_contact_encryption")
    wait_until_said(gajim, "Contact Information", "Who can read your chat")
    nodes = open_technical_details(gajim, "Contact Information")
    assert any(SPOKEN.fullmatch(node.said) for node in nodes)
    alice.screenshot(f"windows-{suite}-page")
