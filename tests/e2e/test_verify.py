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
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.accessible import CONTROLS
from tests.support.accessible import Node
from tests.support.gajim import Gajim
from tests.support.processes import Child
from tests.support.processes import make_folder
from tests.support.scene import OURS
from tests.support.scene import Scene
from tests.support.waiting import TooLate
from tests.support.waiting import wait_for

HOSTS = ["bookworm", "trixie", "forky"]
TITLE = "Verify Ben"

SUPPORT = Path(__file__).parents[1] / "support"
DRAG_SOURCE = SUPPORT / "drag_source.py"
PORTAL = SUPPORT / "portal.py"

# A picture takes the camera's place; it moves through the same pipeline as video
CAMERA = {
    "OMEMO_CAMERA_SOURCE": "filesrc location={folder}/camera.png ! pngdec ! imagefreeze"
}


@pytest.fixture
def scene(new_scene: Callable[..., Scene]) -> Scene:
    return new_scene("ann", "ben")


@pytest.fixture
def ann(scene: Scene, host: str) -> Gajim:
    return scene.gajim(host, "ann", OURS, accessible=True, environment=CAMERA)


@pytest.fixture
def ben(scene: Scene) -> Gajim:
    return scene.gajim("bookworm", "ben", OURS)


@pytest.fixture
def code(ann: Gajim, ben: Gajim) -> Path:
    """A screenshot of Ben's Gajim that shows its code, after they have talked."""
    start_all([ann, ben])
    ann.open_chat(ben.account.jid, "OMEMO")
    ben.open_chat(ann.account.jid, "OMEMO")
    tell(ann, ben, "before they have met")
    tell(ben, ann, "back")
    ben.call("activate", name="omemo-code", value=ben.account.name)
    wait_for("the code is shown", lambda: len(ben.call("window_titles")) == 2)
    return wait_for("the code is drawn", lambda: drawn(ben))


def drawn(gajim: Gajim) -> Path | None:
    """A screenshot, when there is a code on it."""
    import zxingcpp
    from PIL import Image

    picture = gajim.screenshot("code")
    return picture if zxingcpp.read_barcodes(Image.open(picture)) else None


def open_verify(ann: Gajim, ben: Gajim) -> None:
    ann.call("activate", name="omemo-verify", value=[ann.account.name, ben.account.jid])
    wait_for("the window is open", lambda: TITLE in ann.call("window_titles"))


def press(ann: Gajim, name: str) -> None:
    """As soon as a screen reader finds it: GTK 4 tells of changes a bit later."""
    reader = ann.accessibility()

    def is_there() -> bool:
        return name in {node.name for node in reader.read(TITLE)}

    wait_for(f"{name!r} can be pressed", is_there, 10)
    reader.press(TITLE, name)


def words(ann: Gajim) -> str:
    return " ".join(ann.call("window_texts"))


def expect_words(ann: Gajim, expected: str) -> None:
    def shown() -> bool:
        return expected in words(ann)

    try:
        wait_for(f"{expected!r} is shown", shown, 20)
    except TooLate as error:
        raise TooLate(f"{error}: {words(ann)}") from None


def expect_verified(ann: Gajim, ben: Gajim) -> None:
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
def test_by_the_camera(ann: Gajim, ben: Gajim, code: Path) -> None:
    (ann.folder / "camera.png").write_bytes(code.read_bytes())
    open_verify(ann, ben)
    expect_verified(ann, ben)
    ann.screenshot(f"verified-{ann.host.suite}")


@pytest.mark.parametrize("host", HOSTS)
def test_by_the_screen(ann: Gajim, ben: Gajim, code: Path) -> None:
    open_verify(ann, ben)
    # The camera has nothing to show, and says so
    expect_words(ann, "camera does not work")
    with picture_on_screen(ann, ann.offer(code)):
        wait_for("the picture is shown", lambda: drawn(ann))
        press(ann, "Look at the screen")
        expect_verified(ann, ben)


@pytest.mark.parametrize("host", HOSTS)
def test_by_the_portal(ann: Gajim, ben: Gajim, code: Path) -> None:
    """As on Wayland: the desktop asks the user, and hands over a file."""
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
        open_verify(ann, ben)
        press(ann, "Look at the screen")
        expect_words(ann, "The screen cannot be looked at")
        press(ann, "Look at the screen")
        expect_verified(ann, ben)
        assert log.read_text().split() == ["ready", "answered", "1", "answered", "0"]
        assert not taken.exists()
    finally:
        portal.kill()


@pytest.mark.parametrize("host", HOSTS)
def test_by_the_clipboard(ann: Gajim, ben: Gajim, code: Path) -> None:
    open_verify(ann, ben)
    press(ann, "Paste")
    expect_words(ann, "There is no code in the clipboard")
    ann.call("copy_image", path=str(ann.offer(code)))
    press(ann, "Paste")
    expect_verified(ann, ben)


@pytest.mark.parametrize("host", ["bookworm"])
def test_by_a_file_and_the_keyboard(ann: Gajim, ben: Gajim, code: Path) -> None:
    """Only keys are pressed, from the window to the end."""
    open_verify(ann, ben)
    expect_words(ann, "camera does not work")
    keyboard = ann.accessibility()
    keyboard.focus(TITLE)
    # The first button has it in the window: "Open image…"
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
    expect_verified(ann, ben)
    keyboard.focus(TITLE)
    keyboard.key("Return")
    wait_for("it is closed", lambda: TITLE not in ann.call("window_titles"))


@pytest.mark.parametrize("host", HOSTS)
def test_by_a_link(ann: Gajim, ben: Gajim, code: Path) -> None:
    """In a chat: anybody could have sent it, so it asks first."""
    link = link_of(code)
    ann.call("open_link", account=ann.account.name, link=link)
    expect_words(ann, "Does this really come from Ben?")
    assert ann.messages()[-1].trust == "BLIND"
    ann.screenshot(f"link-{ann.host.suite}")
    (title,) = [one for one in ann.call("window_titles") if "Verify" in one]
    ann.accessibility().press(title, "I am sure, verify")
    expect_verified(ann, ben)


@pytest.mark.parametrize("host", HOSTS)
def test_by_the_desktop(ann: Gajim, ben: Gajim, code: Path) -> None:
    """Another program hands a link to Gajim."""
    ann.call("open_from_desktop", link=link_of(code))
    expect_words(ann, "Does this really come from Ben?")
    assert "Another program opened this link" in words(ann)


def link_of(picture: Path) -> str:
    import zxingcpp
    from PIL import Image

    (found,) = zxingcpp.read_barcodes(Image.open(picture))
    return str(found.text)


@pytest.mark.parametrize("host", HOSTS)
def test_wrong_codes(scene: Scene, ann: Gajim, ben: Gajim, code: Path) -> None:
    link = link_of(code)
    open_verify(ann, ben)

    def paste(text: str) -> None:
        ann.call("copy_text", text=text)
        press(ann, "Paste")

    paste(link.replace("ben@", "eve@"))
    expect_words(ann, "This is the code of somebody else")
    assert "eve@" in words(ann)
    press(ann, "Scan again")
    # In turns with another answer, so that none is taken for that of another
    for wrong in ("https://example.org/", link[:-20], link + ";" + link):
        paste(f"xmpp:{ben.account.jid}")
        expect_words(ann, "There are no keys in this code")
        paste(wrong)
        expect_words(ann, "This is not an OMEMO code")
    tell(ben, ann, "nothing has changed")
    assert ann.messages()[-1].trust == "BLIND"
    last = "0" if link[-1] != "0" else "1"
    paste(link[:-1] + last)
    expect_words(ann, "Warning: this key is a different one")
    # Both keys are shown, and nothing is sent to that device any more
    shown = ann.call("window_texts")
    assert [text for text in shown if "the code shows this key" in text]
    assert [text for text in shown if "Gajim was given this key" in text]
    press(ann, "Close")
    wait_for("it is closed", lambda: TITLE not in ann.call("window_titles"))
    ann.call("type_text", text="secret nobody")
    ann.call("press_send")
    wait_for("it is said", lambda: [row for row in ann.rows() if refuses(row.text)])
    assert ann.find("secret nobody") is None
    assert not scene.server.leaks("secret nobody")


@pytest.mark.parametrize("host", HOSTS)
def test_a_second_device_is_asked_about(
    scene: Scene, ann: Gajim, ben: Gajim, code: Path
) -> None:
    open_verify(ann, ben)
    ann.call("copy_image", path=str(ann.offer(code)))
    press(ann, "Paste")
    expect_verified(ann, ben)
    laptop = scene.gajim("bookworm", "ben", OURS, name="ben-laptop")
    laptop.start()
    wait_for("the row asks", lambda: [row for row in ann.rows() if asks(row.text)])
    ann.screenshot(f"second-device-{ann.host.suite}")
    press(ann, "Close")
    laptop.open_chat(ann.account.jid, "OMEMO")
    text = tell(ann, ben, "only for the verified one")[0].text
    # The laptop has read what came later, and not this
    tell(ben, [ann, laptop], "for all")
    assert laptop.find(text) is None
    ann.call("press", window="MainWindow", words="Verify…")
    wait_for("the window is open", lambda: TITLE in ann.call("window_titles"))
    laptop.call("activate", name="omemo-code", value=laptop.account.name)
    picture = wait_for("the code is drawn", lambda: drawn(laptop))
    ann.call("copy_text", text=link_of(picture))
    press(ann, "Paste")
    expect_words(ann, "Ben is verified")
    tell(ann, [ben, laptop], "for both")
    assert tell(laptop, [ann, ben], "from the laptop")[1].trust == "VERIFIED"


@pytest.mark.parametrize("host", HOSTS)
def test_case_45_a_device_that_the_code_does_not_name(
    scene: Scene, ann: Gajim, ben: Gajim, code: Path
) -> None:
    """It was trusted before, and reads on: that is not called verified."""
    stranger = scene.gajim("bookworm", "ben", OURS, name="ben-stranger")
    stranger.start()
    stranger.open_chat(ann.account.jid, "OMEMO")
    assert tell(stranger, [ann, ben], "trusted")[1].trust == "BLIND"
    open_verify(ann, ben)
    ann.call("copy_text", text=link_of(code))
    press(ann, "Paste")
    expect_words(ann, "Verified, but not all devices")
    assert "Ben is verified" not in words(ann)
    press(ann, "Encryption details…")
    expect_words(ann, "2 devices can read this. Of these, 1 verified.")
    # As was said, it does read what is written now
    tell(ann, [ben, stranger], "still for both")


def refuses(text: str) -> bool:
    return "not sent" in text.lower()


def asks(text: str) -> bool:
    return "has a new device. It gets no messages until you decide" in text


@pytest.mark.parametrize("host", HOSTS)
def test_a_screen_reader_finds_names(ann: Gajim, ben: Gajim, code: Path) -> None:
    """And hears the result, with the fingerprint in groups."""
    open_verify(ann, ben)
    reader = ann.accessibility()

    def controls() -> list[Node]:
        return [node for node in reader.read(TITLE) if node.role in CONTROLS]

    assert len(controls()) >= 5
    assert not [node for node in controls() if not node.said], controls()
    link = link_of(code)
    last = "0" if link[-1] != "0" else "1"
    ann.call("copy_text", text=link[:-1] + last)
    press(ann, "Paste")
    expect_words(ann, "Warning: this key is a different one")
    assert not [node for node in controls() if not node.said], controls()
    heard = " ".join(f"{node.said} {node.description}" for node in reader.read(TITLE))
    assert "Warning: this key is a different one" in heard
    assert "asked Ben" in heard
    for digits in (link[-64:-1] + last, link[-64:]):
        spaced = ", ".join(" ".join(group) for group in groups(digits))
        assert spaced in heard, heard


@pytest.mark.parametrize("host", HOSTS)
def test_without_camera_and_library(scene: Scene, ben: Gajim, host: str) -> None:
    """It is said what to install; a typed link is enough. Keys only."""
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
    ann.open_chat(ben.account.jid, "OMEMO")
    ben.open_chat(ann.account.jid, "OMEMO")
    tell(ann, ben, "before they have met")
    tell(ben, ann, "back")
    ben.call("activate", name="omemo-code", value=ben.account.name)
    link = link_of(wait_for("the code is drawn", lambda: drawn(ben)))
    open_verify(ann, ben)
    expect_words(ann, "install “python3-zxing-cpp”")
    ann.screenshot(f"no-library-{host}")
    keyboard = ann.accessibility()
    names = {node.name for node in keyboard.read(TITLE)}
    assert "Paste" in names
    assert "Open image…" not in names
    keyboard.focus(TITLE)
    keyboard.key("Tab")
    keyboard.type(link)
    keyboard.key("Return")
    expect_verified(ann, ben)


@pytest.mark.parametrize("host", HOSTS)
def test_without_a_camera(scene: Scene, host: str, ben: Gajim) -> None:
    """The other ways are there at once."""
    if list(Path("/dev").glob("video*")):
        pytest.skip("this machine has a camera; unplug it to test that there is none")
    ann = scene.gajim(host, "ann", OURS, accessible=True)
    ann.start()
    open_verify(ann, ben)
    expect_words(ann, "No camera was found")
    names = {node.name for node in ann.accessibility().read(TITLE)}
    assert {"Open image…", "Paste", "Look at the screen", "Check link"} <= names


@pytest.mark.parametrize("what", ["file", "text"])
@pytest.mark.parametrize("host", HOSTS)
def test_by_drag_and_drop(ann: Gajim, ben: Gajim, code: Path, what: str) -> None:
    open_verify(ann, ben)
    expect_words(ann, "camera does not work")
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
        expect_verified(ann, ben)
    finally:
        source.kill()


def phrase_in(gajim: Gajim) -> str:
    """What the window shows to be read."""
    found = [text for text in gajim.call("window_texts") if text.count("\n") in (3, 5)]
    return found[0] if found else ""


@pytest.mark.parametrize("host", HOSTS)
def test_by_voice(ann: Gajim, ben: Gajim, code: Path) -> None:
    """Both see the same, and whoever agrees has verified the other."""
    open_verify(ann, ben)
    keyboard = ann.accessibility()
    keyboard.press(TITLE, "Compare by voice…")
    title = "Compare by voice with Ben"
    wait_for("the window is open", lambda: title in ann.call("window_titles"))
    ben.call("activate", name="omemo-voice", value=[ben.account.name, ann.account.jid])
    shown = wait_for("Ben sees it", lambda: phrase_in(ben))
    assert phrase_in(ann) == shown
    ann.screenshot(f"voice-{ann.host.suite}")
    keyboard.press(title, "Show digits")
    wait_for("digits are shown", lambda: len(phrase_in(ann).split()) == 12)
    keyboard.press(title, "They are the same")
    expect_verified(ann, ben)
