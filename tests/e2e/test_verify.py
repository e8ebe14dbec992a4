# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two people verify each other: one shows a code, the other one's Gajim reads it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omemo_plugin.verify.fingerprint import groups
from tests.e2e.conversation import is_kept
from tests.e2e.conversation import said_in_dock
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.lasting import Lasting
from tests.e2e.lasting import Shared
from tests.e2e.lodging import Lodger
from tests.support.gajim.accessible import CONTROLS
from tests.support.gajim.accessible import Accessibility
from tests.support.gajim.accessible import Node
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.processes import Child
from tests.support.processes import make_folder
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

# Ben's Gajim, of his own or one that other tests use as well
Ben = Gajim | Lodger

HOSTS = ["bookworm", "trixie", "forky"]
TITLE = "Verify Ben"

SUPPORT = Path(__file__).parents[1] / "support" / "gajim"
DRAG_SOURCE = SUPPORT / "drag_source.py"
PORTAL = SUPPORT / "portal.py"

# A picture takes the camera's place; it moves through the same pipeline as video
CAMERA = {
    "OMEMO_CAMERA_SOURCE": "filesrc location={folder}/camera.png ! pngdec ! imagefreeze"
}


def with_camera(scene: Scene, host: str) -> Gajim:
    return scene.gajim(host, "ann", OURS, accessible=True, environment=CAMERA)


def start_ann(scene: Scene, host: str) -> Gajim:
    ann = with_camera(scene, host)
    ann.start()
    return ann


@pytest.fixture(scope="module")
def lasting(new_lasting_scene: Callable[..., Scene]) -> Lasting:
    return Lasting(new_lasting_scene, "ann", "ben", start_ann)


@pytest.fixture
def shared(
    lasting: Lasting, host: str, has_failed: Callable[[], bool]
) -> Iterator[Shared]:
    """Ann's Gajim, and a Ben whom she has not met."""
    with lasting.of(host, has_failed) as shared:
        (shared.gajim.folder / "camera.png").unlink(missing_ok=True)
        yield shared


@pytest.fixture
def scene(shared: Shared) -> Scene:
    return shared.scene


@pytest.fixture
def ann(shared: Shared) -> Gajim:
    return shared.gajim


@pytest.fixture
def ben(shared: Shared) -> Lodger:
    return shared.lodger()


@pytest.fixture
def code(ann: Gajim, ben: Lodger) -> Path:
    """A screenshot of Ben's Gajim that shows its code, after they have talked."""
    ben.start()
    return show_code(ann, ben)


def show_code(ann: Gajim, ben: Ben) -> Path:
    """Let them talk, and return a screenshot of Ben's Gajim that shows its code."""
    ann.open_chat(ben.account.jid, "OMEMO")
    ben.open_chat(ann.account.jid, "OMEMO")
    tell(ann, ben, "before they have met")
    tell(ben, ann, "back")
    ben.call("activate", name="omemo-code", value=ben.account.name)
    wait_for("the code is shown", lambda: len(ben.call("window_titles")) == 2)
    return wait_for("the code is drawn", lambda: drawn(ben))


def drawn(gajim: Ben) -> Path | None:
    """A screenshot, when there is a code on it."""
    import zxingcpp
    from PIL import Image

    picture = gajim.screenshot("code")
    return picture if zxingcpp.read_barcodes(Image.open(picture)) else None


def open_verify(ann: Gajim, ben: Ben) -> None:
    ann.call("activate", name="omemo-verify", value=[ann.account.name, ben.account.jid])
    wait_for("the window is open", lambda: TITLE in ann.call("window_titles"))


def open_codes(ann: Gajim, ben: Ben) -> None:
    """Open the window as somebody does who has the other one's code already."""
    open_verify(ann, ben)
    press(ann, "Neither")
    press(ann, "I have Ben’s code already")
    wait_for("the page is shown", lambda: "Paste" in names_in(ann))


def open_place(ann: Gajim, ben: Ben) -> None:
    """Open the window as somebody does who sits beside the other one."""
    open_verify(ann, ben)
    press(ann, "We are in the same place")


def names_in(ann: Gajim) -> set[str]:
    return {node.name for node in ann.accessibility().read(TITLE)}


def press(ann: Gajim, name: str) -> None:
    """Press a button as soon as a screen reader finds it: GTK 4 tells of changes a bit
    later."""
    reader = ann.accessibility()

    wait_for(f"{name!r} can be pressed", lambda: name in names_in(ann), 10)
    reader.press(TITLE, name)


def say_in_person(ann: Gajim) -> None:
    """Answer how the code came. Nothing counts before."""
    expect_words(ann, "How did this code reach you?")
    assert ann.messages()[-1].trust == "BLIND"
    press(ann, "Ben gave or showed it to me in person")
    press(ann, "Verify")


def words(gajim: Ben) -> str:
    return " ".join(gajim.call("window_texts"))


def expect_words(ann: Gajim, expected: str) -> None:
    def shown() -> bool:
        return expected in words(ann)

    try:
        wait_for(f"{expected!r} is shown", shown, 20)
    except TooLate as error:
        raise TooLate(f"{error}: {words(ann)}") from None


def expect_verified(ann: Gajim, ben: Ben) -> None:
    """The window says so, and from then on each message of Ben's does."""
    expect_words(ann, "Ben is verified")
    tell(ben, ann, "verified")
    assert ann.messages()[-1].trust == "VERIFIED"


@contextmanager
def picture_on_screen(gajim: Gajim, picture: Path) -> Iterator[None]:
    """Another program on the same screen shows a picture."""
    assert gajim.display is not None
    viewer = Child(
        ["display", "-display", gajim.display, "-geometry", "+0+0", str(picture)],
        log=gajim.folder / "viewer.log",
        environment={"PATH": "/usr/bin:/bin", "HOME": str(gajim.home)},
        folder=gajim.folder,
    )
    try:
        yield
    finally:
        viewer.kill()


@pytest.mark.parametrize("host", HOSTS)
def test_case_69_by_the_camera(ann: Gajim, ben: Lodger, code: Path) -> None:
    (ann.folder / "camera.png").write_bytes(code.read_bytes())
    open_place(ann, ben)
    expect_verified(ann, ben)
    ann.screenshot(f"verified-{ann.host.suite}")
    # Both sides see that the other one has to do it too
    expect_words(ann, "Has Ben checked you too?")
    press(ann, "Show my code")
    wait_for("the code is shown", lambda: len(ann.call("window_titles")) == 3)
    press(ann, "Undo")
    expect_words(ann, "Everything is as it was before.")
    trust = ann.call("trust", account=ann.account.name, jid=ben.account.jid)
    assert set(trust.values()) == {"BLIND"}


@pytest.mark.parametrize("host", HOSTS)
def test_case_69_by_the_screen(ann: Gajim, ben: Lodger, code: Path) -> None:
    open_place(ann, ben)
    # The camera has nothing to show, and says so
    expect_words(ann, "camera does not work")
    press(ann, "Other ways…")
    wait_for("the page is shown", lambda: "Paste" in names_in(ann))
    with picture_on_screen(ann, ann.offer(code)):
        wait_for("the picture is shown", lambda: drawn(ann))
        press(ann, "From the screen")
        say_in_person(ann)
        expect_verified(ann, ben)


@pytest.mark.parametrize("host", HOSTS)
def test_case_69_by_the_portal(new_scene: Callable[..., Scene], host: str) -> None:
    """As on Wayland: the desktop asks the user, and hands over a file."""
    scene = new_scene("ann", "ben")
    ann, ben = with_camera(scene, host), scene.gajim("bookworm", "ben", OURS)
    start_all([ann, ben])
    code = show_code(ann, ben)
    taken = ann.folder / "Screenshot.png"
    log = ann.folder / "portal.log"
    bus = str(ann.call("environment", name="DBUS_SESSION_BUS_ADDRESS"))
    portal = Child(
        ["/usr/bin/python3", "-I", str(PORTAL), str(ann.offer(code)), str(taken)],
        log=log,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(ann.home),
            "DBUS_SESSION_BUS_ADDRESS": bus,
        },
        folder=ann.folder,
    )
    try:
        wait_for("the portal is there", lambda: "ready" in log.read_text())
        open_codes(ann, ben)
        press(ann, "From the screen")
        expect_words(ann, "The screen cannot be looked at")
        press(ann, "From the screen")
        say_in_person(ann)
        expect_verified(ann, ben)
        assert log.read_text().split() == ["ready", "answered", "1", "answered", "0"]
        assert not taken.exists()
    finally:
        portal.kill()


@pytest.mark.parametrize("host", HOSTS)
def test_case_69_by_the_clipboard(ann: Gajim, ben: Lodger, code: Path) -> None:
    open_codes(ann, ben)
    press(ann, "Paste")
    expect_words(ann, "There is no code in the clipboard")
    ann.call("copy_image", path=str(ann.offer(code)))
    press(ann, "Paste")
    say_in_person(ann)
    expect_verified(ann, ben)


def tab_to(keyboard: Accessibility, name: str) -> None:
    """Press Tab until something has the focus."""

    def focused() -> str:
        return next((n.said for n in keyboard.read(TITLE) if "focused" in n.states), "")

    def tab() -> None:
        before = focused()
        keyboard.key("Tab")
        wait_for("the focus moves", lambda: focused() != before)

    for _ in range(20):
        if focused() == name:
            return
        tab()
    raise AssertionError(f"{name} is not reached")


@pytest.mark.parametrize("host", ["bookworm"])
def test_case_69_by_a_file_and_the_keyboard(
    ann: Gajim, ben: Lodger, code: Path
) -> None:
    """Only keys are pressed, from the window to the end."""
    open_verify(ann, ben)
    keyboard = ann.accessibility()
    keyboard.focus(TITLE)
    # The keyboard is on the heading, where Enter agrees to nothing
    keyboard.key("Return")
    tab_to(keyboard, "Neither")
    keyboard.key("space")
    expect_words(ann, "nobody has checked for whom")
    tab_to(keyboard, "I have Ben’s code already")
    keyboard.key("space")
    wait_for("the page is shown", lambda: "Open image…" in names_in(ann))
    tab_to(keyboard, "Open image…")
    keyboard.key("space")
    keyboard.focus("Open an image")
    path = str(ann.offer(code))
    # A slash opens the line for a path
    keyboard.type(path[0])
    wait_for(
        "there is a line to type in",
        lambda: [node for node in keyboard.read("Open an image") if node.text == "/"],
    )
    keyboard.type(path[1:])
    keyboard.key("Return")
    expect_words(ann, "How did this code reach you?")
    keyboard.focus(TITLE)
    # Nothing is agreed to by Enter alone
    keyboard.key("Return")
    tab_to(keyboard, "Ben gave or showed it to me in person")
    keyboard.key("space")
    tab_to(keyboard, "Verify")
    keyboard.key("space")
    expect_verified(ann, ben)
    keyboard.focus(TITLE)
    tab_to(keyboard, "Close")
    keyboard.key("Return")
    wait_for("it is closed", lambda: TITLE not in ann.call("window_titles"))


@pytest.mark.parametrize("host", HOSTS)
def test_case_69_by_a_link(ann: Gajim, ben: Lodger, code: Path) -> None:
    """In a chat: anybody could have sent it, so it asks first."""
    link = link_of(code)
    ann.call("open_link", account=ann.account.name, link=link)
    expect_words(ann, "How did this code reach you?")
    assert ann.messages()[-1].trust == "BLIND"
    (title,) = [one for one in ann.call("window_titles") if "Verify" in one]
    ann.call("press", window="Window", words="In a message or an e-mail")
    expect_words(ann, "That is not enough.")
    ann.screenshot(f"link-{ann.host.suite}")
    ann.call("press", window="Window", words="From a website")
    expect_words(ann, "I am sure that this is Ben’s own website")
    ann.call("press", window="Window", words="I am sure that this is Ben’s own website")
    ann.accessibility().press(title, "Verify")
    expect_verified(ann, ben)


@pytest.mark.parametrize("host", HOSTS)
def test_case_69_by_the_desktop(ann: Gajim, ben: Lodger, code: Path) -> None:
    """Another program hands a link to Gajim."""
    ann.call("open_from_desktop", link=link_of(code))
    expect_words(ann, "How did this code reach you?")
    assert "Another app opened this link" in words(ann)


def link_of(picture: Path) -> str:
    import zxingcpp
    from PIL import Image

    (found,) = zxingcpp.read_barcodes(Image.open(picture))
    return str(found.text)


@pytest.mark.parametrize("host", HOSTS)
def test_wrong_codes(scene: Scene, ann: Gajim, ben: Lodger, code: Path) -> None:
    link = link_of(code)
    open_codes(ann, ben)

    def paste(text: str) -> None:
        ann.call("copy_text", text=text)
        press(ann, "Paste")

    paste(link.replace(f"{ben.account.name}@", "eve@"))
    expect_words(ann, "’s code")
    assert "eve@" in words(ann)
    press(ann, "Scan again")
    # In turns with another answer, so that none is taken for that of another
    for wrong in ("https://example.org/", link[:-20], link + ";" + link):
        paste(f"xmpp:{ben.account.jid}")
        expect_words(ann, "No keys in this code")
        paste(wrong)
        expect_words(ann, "Not a code for verifying")
    tell(ben, ann, "nothing has changed")
    assert ann.messages()[-1].trust == "BLIND"
    last = "0" if link[-1] != "0" else "1"
    paste(link[:-1] + last)
    expect_words(ann, "It shows a different key than the one so far.")
    press(ann, "Ben gave or showed it to me in person")
    press(ann, "Go on")
    expect_words(ann, "Stop: this is a different key")
    # Both keys are shown, and nothing is sent to that device any more
    shown = ann.call("window_texts")
    assert [text for text in shown if "the code shows this key" in text]
    assert [text for text in shown if "the key so far" in text]
    press(ann, "Close")
    wait_for("it is closed", lambda: TITLE not in ann.call("window_titles"))
    ann.call("type_text", text="secret nobody")
    ann.call("press_send")
    assert "you refused all devices of Ben" in said_in_dock(ann)
    assert is_kept(ann, "secret nobody")
    assert ann.find("secret nobody") is None
    assert not scene.server.leaks("secret nobody")


@pytest.mark.parametrize("host", HOSTS)
def test_a_second_device_is_asked_about(
    scene: Scene, ann: Gajim, ben: Lodger, code: Path
) -> None:
    open_codes(ann, ben)
    ann.call("copy_image", path=str(ann.offer(code)))
    press(ann, "Paste")
    say_in_person(ann)
    expect_verified(ann, ben)
    account = ben.account.name
    laptop = scene.gajim("bookworm", account, OURS, name=f"{account}-laptop")
    laptop.start()
    wait_for("the warning asks", lambda: asks(ann))
    ann.screenshot(f"second-device-{ann.host.suite}")
    press(ann, "Close")
    laptop.open_chat(ann.account.jid, "OMEMO")
    text = tell(ann, ben, "only for the verified one")[0].text
    # The laptop has read what came later, and not this
    tell(ben, [ann, laptop], "for all")
    assert laptop.find(text) is None
    ann.call("press", window="MainWindow", words="Check now…")
    wait_for("the window is open", lambda: TITLE in ann.call("window_titles"))
    press(ann, "Neither")
    press(ann, "I have Ben’s code already")
    laptop.call("activate", name="omemo-code", value=laptop.account.name)
    picture = wait_for("the code is drawn", lambda: drawn(laptop))
    ann.call("copy_text", text=link_of(picture))
    press(ann, "Paste")
    press(ann, "Ben showed it in a video call")
    press(ann, "Verify")
    expect_words(ann, "Ben is verified")
    tell(ann, [ben, laptop], "for both")
    assert tell(laptop, [ann, ben], "from the laptop")[1].trust == "VERIFIED"


@pytest.mark.parametrize("host", HOSTS)
def test_case_45_a_device_that_the_code_does_not_name(
    scene: Scene, ann: Gajim, ben: Lodger, code: Path
) -> None:
    """It was trusted before, and reads on: that is not called verified."""
    account = ben.account.name
    stranger = scene.gajim("bookworm", account, OURS, name=f"{account}-stranger")
    stranger.start()
    stranger.open_chat(ann.account.jid, "OMEMO")
    assert tell(stranger, [ann, ben], "trusted")[1].trust == "BLIND"
    open_codes(ann, ben)
    ann.call("copy_text", text=link_of(code))
    press(ann, "Paste")
    say_in_person(ann)
    expect_words(ann, "Verified, but not all devices")
    assert "Ben is verified" not in words(ann)
    press(ann, "Encryption details…")
    expect_words(ann, "2 devices can read this. Not all are verified.")
    # As was said, it does read what is written now
    tell(ann, [ben, stranger], "still for both")


def asks(gajim: Gajim) -> bool:
    return "Ben has a new device" in gajim.call("dock")["texts"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_screen_reader_finds_names(ann: Gajim, ben: Lodger, code: Path) -> None:
    """And hears the result, with the fingerprint in groups."""
    open_verify(ann, ben)
    wait_for("the page is read", lambda: "We can call each other" in names_in(ann))
    (control,) = [
        node
        for node in ann.accessibility().read(TITLE)
        if node.name == "We can call each other" and node.role in CONTROLS
    ]
    assert control.description == "You read words to each other."
    press(ann, "Neither")
    press(ann, "I have Ben’s code already")
    wait_for("the page is shown", lambda: "Paste" in names_in(ann))
    reader = ann.accessibility()

    def controls() -> list[Node]:
        return [node for node in reader.read(TITLE) if node.role in CONTROLS]

    assert len(controls()) >= 5
    assert not [node for node in controls() if not node.said], controls()
    link = link_of(code)
    last = "0" if link[-1] != "0" else "1"
    ann.call("copy_text", text=link[:-1] + last)
    press(ann, "Paste")
    expect_words(ann, "How did this code reach you?")
    # A widget that is not shown yet has no name
    shown = [node for node in controls() if "showing" in node.states]
    assert not [node for node in shown if not node.said], shown
    press(ann, "Ben gave or showed it to me in person")
    press(ann, "Go on")
    expect_words(ann, "Stop: this is a different key")
    shown = [node for node in controls() if "showing" in node.states]
    assert not [node for node in shown if not node.said], shown
    heard = " ".join(f"{node.said} {node.description}" for node in reader.read(TITLE))
    assert "Stop: this is a different key" in heard
    assert "Ask Ben face to face or by phone" in heard
    for digits in (link[-64:-1] + last, link[-64:]):
        spaced = ", ".join(" ".join(group) for group in groups(digits))
        assert spaced in heard, heard


@pytest.mark.parametrize("host", HOSTS)
def test_without_camera_and_library(new_scene: Callable[..., Scene], host: str) -> None:
    """It is said what to install; a typed link is enough. Keys only."""
    scene = new_scene("ann", "ben")
    ben = scene.gajim("bookworm", "ben", OURS)
    ann = scene.gajim(
        host,
        "ann",
        OURS,
        accessible=True,
        environment={"PYTHONPATH": "{folder}/hidden"},
    )
    hidden = make_folder(ann.folder / "hidden" / "zxingcpp")
    (hidden / "__init__.py").write_text("raise ImportError('hidden by a test')\n")
    start_all([ann, ben])
    link = link_of(show_code(ann, ben))
    open_codes(ann, ben)
    expect_words(ann, "install “python3-zxing-cpp”")
    ann.screenshot(f"no-library-{host}")
    keyboard = ann.accessibility()
    assert "Open image…" not in names_in(ann)
    keyboard.focus(TITLE)
    tab_to(keyboard, "Link with keys")
    keyboard.type(link)
    keyboard.key("Return")
    say_in_person(ann)
    expect_verified(ann, ben)


@pytest.mark.parametrize("host", HOSTS)
def test_without_a_camera(new_scene: Callable[..., Scene], host: str) -> None:
    """The other ways are there at once."""
    if list(Path("/dev").glob("video*")):
        pytest.skip("this machine has a camera; unplug it to test that there is none")
    scene = new_scene("ann", "ben")
    ann = scene.gajim(host, "ann", OURS, accessible=True)
    ann.start()
    open_place(ann, scene.gajim("bookworm", "ben", OURS))
    expect_words(ann, "This computer has no camera. Compare words instead.")
    assert "Compare words" in names_in(ann)
    press(ann, "Other ways…")
    ways = {"Open image…", "Paste", "From the screen", "Check link"}
    wait_for("the other ways are there", lambda: ways <= names_in(ann))
    press(ann, "Back")
    expect_words(ann, "Step 1 of 2: let")


@pytest.mark.parametrize("what", ["file", "text"])
@pytest.mark.parametrize("host", HOSTS)
def test_case_69_by_drag_and_drop(
    ann: Gajim, ben: Lodger, code: Path, what: str
) -> None:
    open_codes(ann, ben)
    if what == "file":
        drag = ("uri", ann.offer(code).as_uri())
    else:
        drag = ("text", link_of(code))
    assert ann.display is not None
    source = Child(
        ["/usr/bin/python3", "-I", str(DRAG_SOURCE), "800", "500", *drag],
        log=ann.folder / "drag.log",
        environment={
            "PATH": "/usr/bin:/bin",
            "DISPLAY": ann.display,
            "GDK_BACKEND": "x11",
            "HOME": str(ann.home),
            "NO_AT_BRIDGE": "1",
        },
        folder=ann.folder,
    )
    try:
        ann.accessibility().drag("drag me", (840, 540), (240, 320))
        say_in_person(ann)
        expect_verified(ann, ben)
    finally:
        source.kill()


def words_in(gajim: Ben) -> dict[int, str]:
    """The numbered words, or groups of digits, that are shown to be read."""
    found = [text for text in gajim.call("window_texts") if text.count("\n") in (5, 8)]
    lines = [line.split() for line in found[0].splitlines()] if found else []
    return {int(number): word for number, word in lines}


@pytest.mark.parametrize("host", HOSTS)
def test_by_a_call(ann: Gajim, ben: Lodger, code: Path) -> None:
    """Each reads a block; who agrees to both has verified the other one."""
    open_verify(ann, ben)
    ann.screenshot(f"together-{ann.host.suite}")
    press(ann, "We can call each other")
    press(ann, "Gajim with this plugin")
    expect_words(ann, "You read 1 to 9 aloud. Ben follows.")
    ben.call("activate", name="omemo-voice", value=[ben.account.name, ann.account.jid])
    wait_for("Ben sees it", lambda: words_in(ben))
    assert " reads 1 to 9. You follow." in words(ben)
    assert words_in(ann) == words_in(ben)
    assert list(words_in(ann)) == list(range(1, 10))
    ann.screenshot(f"words-{ann.host.suite}")
    press(ann, "All the same")
    expect_words(ann, "Ben reads 10 to 18. You follow.")
    assert list(words_in(ann)) == list(range(10, 19))
    # Something differs: nothing goes on as before, until that is taken back
    press(ann, "Something differs")
    expect_words(ann, "Stop: you do not see the same")
    ann.screenshot(f"differs-{ann.host.suite}")
    trust = ann.call("trust", account=ann.account.name, jid=ben.account.jid)
    assert set(trust.values()) == {"UNDECIDED"}
    press(ann, "Undo")
    expect_words(ann, "Undone.")
    trust = ann.call("trust", account=ann.account.name, jid=ben.account.jid)
    assert set(trust.values()) == {"BLIND"}
    expect_words(ann, "You read 1 to 9 aloud. Ben follows.")
    press(ann, "All the same")
    expect_words(ann, "Ben reads 10 to 18. You follow.")
    press(ann, "All the same")
    expect_verified(ann, ben)


@pytest.mark.parametrize("host", HOSTS)
def test_by_hand_with_another_app(ann: Gajim, ben: Lodger, code: Path) -> None:
    """In the same window; Enter and Escape agree to nothing."""
    open_verify(ann, ben)
    press(ann, "We can call each other")
    press(ann, "Another app, or I do not know")
    expect_words(ann, "Ask Ben to read out what the device itself shows")
    ann.screenshot(f"by-hand-{ann.host.suite}")
    keyboard = ann.accessibility()
    keyboard.focus(TITLE)
    keyboard.key("Return")
    keyboard.key("Escape")
    wait_for("it is closed", lambda: TITLE not in ann.call("window_titles"))
    assert ann.messages()[-1].trust == "BLIND"
    open_verify(ann, ben)
    press(ann, "We can call each other")
    press(ann, "Another app, or I do not know")
    press(ann, "All the same")
    expect_words(ann, "is verified")
    tell(ben, ann, "verified by hand")
    assert ann.messages()[-1].trust == "VERIFIED"
