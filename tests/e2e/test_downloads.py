# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that arrive, from a server that may be hostile, in real Gajims."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from omemo_plugin.media.cipher import FileEncryptor
from omemo_plugin.media.cipher import new_key
from omemo_plugin.media.uri import build_media_uri
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import errors_of_our_plugin
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.e2e.test_files import draw
from tests.support.folders import files_below
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.file_server import FileServer
from tests.support.servers.file_server import claiming
from tests.support.servers.file_server import content
from tests.support.servers.file_server import in_pieces
from tests.support.servers.file_server import redirect
from tests.support.servers.file_server import silent
from tests.support.servers.socks import SocksProxy
from tests.support.waiting import wait_for

# More than Gajim fetches by itself
LARGE = 12 << 20

NO_PREVIEWS = {"enable_file_preview": False}

BAD_NAMES = (
    "..%2F..%2F..%2Fgone.txt",
    "a%E2%80%AEgpj.desktop",
    "x." + "a" * 300,
    ".hidden.sh",
)

DAMAGED = "Damaged file, deleted"
REFUSED = "Dangerous link, not followed"


def was_asked_for(server: FileServer, path: str) -> bool:
    return path in server.requests


class Sender:
    """Puts files on a server and sends the links."""

    def __init__(self, server: FileServer, ann: Gajim, ben: Gajim) -> None:
        self.server = server
        self.ann = ann
        self.ben = ben
        self.keys: list[str] = []

    def encrypt(self, name: str, plain: bytes) -> tuple[str, bytes]:
        """The link to a file of this name, and what its server has to give."""
        iv, key = new_key()
        encryptor = FileEncryptor(iv, key)
        data = encryptor.update(plain) + encryptor.finish()
        self.keys.append(f"{iv.hex()}{key.hex()}")
        return build_media_uri(f"{self.server.url}/{name}", iv, key), data

    def send(self, link: str) -> None:
        """Send it, and wait until it is there."""
        self.ann.send(link)
        wait_for("the link has arrived", lambda: link in texts_of_messages(self.ben))


def texts_of_messages(gajim: Gajim) -> list[str]:
    return [row.text for row in gajim.messages()]


def folders(gajim: Gajim) -> list[Path]:
    """The folders in which Gajim keeps files and thumbnails, and nothing else should
    be."""
    return [
        gajim.home / ".local/share/gajim/downloads",
        gajim.home / ".cache/gajim/downloads.thumb",
    ]


def files(gajim: Gajim) -> list[Path]:
    """The files that arrived, and those that are on their way."""
    return sorted(folders(gajim)[0].iterdir())


def opened(gajim: Gajim) -> list[Path]:
    """The files that can be opened."""
    return [path for path in files(gajim) if not path.name.startswith(".")]


def says(gajim: Gajim, words: str) -> bool:
    return any(words in text for text in gajim.call("window_texts"))


def ben_behind(proxy: SocksProxy, scene: Scene, suite: str, **more: Any) -> Gajim:
    """Ben's Gajim, whose account has a proxy."""
    way = {"type": "socks5", "host": "127.0.0.1", "port": proxy.port}
    return scene.gajim(
        suite,
        "ben",
        OURS,
        trusts_server=True,
        proxies={"test": way},
        account_settings={"proxy": "test"},
        **more,
    )


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "forky"])
def test_case_41_42_43_44_downloads(
    new_scene: Callable[..., Scene], tmp_path: Path, suite: str
) -> None:
    scene = new_scene("ann", "ben")
    key = scene.server.folder / "key.pem"
    with (
        FileServer(scene.server.certificate, key) as server,
        FileServer(None) as plain,
        SocksProxy() as proxy,
    ):
        # She would look at her own links as well, and without the proxy
        ann = scene.gajim("bookworm", "ann", OURS, app_settings=NO_PREVIEWS)
        ben = ben_behind(proxy, scene, suite)
        start_all([ben, ann])
        ann.open_chat(ben.account.jid, "OMEMO")
        ben.open_chat(ann.account.jid, "OMEMO")
        tell(ann, ben, "before")
        sender = Sender(server, ann, ben)
        check_a_picture(sender, tmp_path)
        check_what_is_refused(sender, plain)
        check_names(sender)
        check_on_demand(sender)
        check_cancelled(sender)
        ben.screenshot(f"downloads-{suite}")
        tell(ann, ben, "after")
        # Each connection to the server is one the proxy made
        through = [port for _host, port in proxy.asked if port == server.port]
        assert server.connections == len(through) > 0
        check_scene(scene)
        log = ben.log.read_text(errors="replace")
        assert not [key for key in sender.keys if key in log]
        seen = repr([server.requests, server.headers])
        assert not [key for key in sender.keys if key in seen]
        # While the plugin is off Gajim goes its own way
        assert not ben.call("files_are_gajims")
        ben.set_plugin_active("omemo_plugin", False)
        assert ben.call("files_are_gajims")
        assert not errors_of_our_plugin(ben.log.read_text(errors="replace"))


def check_a_picture(sender: Sender, tmp_path: Path) -> None:
    """A picture is shown, though its last piece is shorter than the tag."""
    plain = draw(tmp_path / "picture.png")
    link, data = sender.encrypt("picture.png", plain)
    sender.server.answers["/picture.png"] = in_pieces(data, 5)
    sender.send(link)
    ben = sender.ben

    def arrived() -> bool:
        return [path.read_bytes() for path in opened(ben)] == [plain]

    wait_for("the picture has arrived", arrived)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files(ben))
    wait_for("it has a thumbnail", lambda: list(folders(ben)[1].glob("*.png")))
    wait_for("it is to be seen", lambda: ben.call("shows_picture"))
    ben.screenshot(f"thumbnail-{ben.host.suite}")
    elsewhere = [
        path
        for path, data in files_below(ben.home)
        if path.parent not in folders(ben) and plain[:64] in data
    ]
    assert not elsewhere


def check_what_is_refused(sender: Sender, plain: FileServer) -> None:
    """Nothing of it is on the disk; the truth is on the screen."""
    ben, server = sender.ben, sender.server
    before = files(ben)
    link, data = sender.encrypt("damaged.png", bytes(100_000))
    server.answers["/damaged.png"] = content(data[:-1] + bytes([data[-1] ^ 1]))
    sender.send(link)
    wait_for("the damage is told", lambda: says(ben, DAMAGED))
    # Each with another word, so that each is waited for
    for number, target in enumerate(
        [f"{plain.url}/file", f"https://127.0.0.1:{server.port}/there"]
    ):
        link, data = sender.encrypt(f"moved-{number}.png", b"moved")
        plain.answers["/file"] = server.answers["/there"] = content(data)
        server.answers[f"/moved-{number}.png"] = redirect(target)
        sender.send(link)
        wait_for(
            "it was asked for",
            partial(was_asked_for, server, f"/moved-{number}.png"),
        )
    wait_for("the redirects are told", lambda: says(ben, REFUSED))
    assert plain.connections == 0
    assert "/there" not in server.requests
    asked = len(server.requests)
    link, data = sender.encrypt("bad", b"bad")
    server.answers["/bad"] = content(data)
    address, _, fragment = link.partition("#")
    for bad in (
        address,
        f"{address}#",
        f"{address}#{fragment}00",
        f"{address}#{fragment[:-1]}x",
        link.replace("aesgcm:", "AESGCM:"),
        link.replace("://", "://user:password@"),
    ):
        sender.send(bad)
    tell(sender.ann, ben, "after the bad links")
    assert len(server.requests) == asked
    assert files(ben) == before


def check_names(sender: Sender) -> None:
    """They end up in Gajim's folder, as something harmless."""
    ben, server = sender.ben, sender.server
    for number, name in enumerate(BAD_NAMES):
        plain = f"file with name {number}".encode()
        link, data = sender.encrypt(name, plain)
        server.answers[f"/{name}"] = content(data)
        sender.send(link)

        def arrived(plain: bytes = plain) -> bool:
            # Not each kind is fetched by itself
            ben.call("press_download")
            return plain in [path.read_bytes() for path in opened(ben)]

        wait_for(f"{name} has arrived", arrived, interval=0.5)
    for path in files(ben):
        assert path.name.isprintable(), path
        assert path.suffix != ".desktop", path
        assert not path.name.startswith("."), path
    assert not list(ben.home.rglob("gone.txt"))
    assert quote("\u202e") not in repr(files(ben))


def check_on_demand(sender: Sender) -> None:
    """A large file is downloaded when the user asks for it, a too large one never."""
    ben, server = sender.ben, sender.server
    before = files(ben)
    link, data = sender.encrypt("huge.bin", b"")
    server.answers["/huge.bin"] = claiming(10 << 30, data)
    sender.send(link)
    wait_for("it can be asked for", lambda: ben.call("press_download"))
    wait_for("it is too large", lambda: says(ben, "Too large to be downloaded"))
    plain = bytes(range(256)) * (LARGE // 256)
    link, data = sender.encrypt("large.bin", plain)
    server.answers["/large.bin"] = content(data)
    sender.send(link)
    wait_for("it is offered", lambda: server.requests.count("/large.bin") == 1)
    assert files(ben) == before
    wait_for("it can be asked for", lambda: ben.call("press_download"))

    def arrived() -> bool:
        new = [path for path in opened(ben) if path not in before]
        return [path.read_bytes() for path in new] == [plain]

    wait_for("it has arrived", arrived, timeout=60)


def check_cancelled(sender: Sender) -> None:
    """Nothing remains of it, and it can be had later."""
    ben, server = sender.ben, sender.server
    before = files(ben)
    link, data = sender.encrypt("cancelled.png", b"not in vain")
    server.answers["/cancelled.png"] = silent
    sender.send(link)
    wait_for("it has begun", lambda: len(files(ben)) == len(before) + 1)
    wait_for("it can be ended", lambda: ben.call("press_cancel_download"))
    wait_for("nothing is left of it", lambda: files(ben) == before)
    server.answers["/cancelled.png"] = content(data)
    wait_for("it can be asked for", lambda: ben.call("press_download"))

    def arrived() -> bool:
        return any(path.read_bytes() == b"not in vain" for path in opened(ben))

    wait_for("it has arrived", arrived)
    assert len(files(ben)) == len(before) + 1


def test_a_file_is_saved_from_its_link(new_scene: Callable[..., Scene]) -> None:
    """Gajim 1.7.3 without previews has nothing but the link."""
    scene = new_scene("ann", "ben")
    key = scene.server.folder / "key.pem"
    with FileServer(scene.server.certificate, key) as server, SocksProxy() as proxy:
        ann = scene.gajim("bookworm", "ann", OURS, app_settings=NO_PREVIEWS)
        ben = ben_behind(proxy, scene, "bookworm", app_settings=NO_PREVIEWS)
        start_all([ben, ann])
        ann.open_chat(ben.account.jid, "OMEMO")
        ben.open_chat(ann.account.jid, "OMEMO")
        sender = Sender(server, ann, ben)
        plain = b"who was there"
        link, data = sender.encrypt("list.txt", plain)
        server.answers["/list.txt"] = content(data)
        sender.send(link)
        assert server.connections == 0

        def save(name: str) -> str:
            ben.call("press_link", text=link)
            target = str(ben.home / name)
            asked = wait_for(
                "it asks where to",
                lambda: "FileChooserDialog" in ben.call("window_class_names"),
            )
            assert asked
            ben.screenshot("save-encrypted-file")
            return str(ben.call("save_as", path=target))

        assert save("kept.txt") == "list.txt"
        wait_for("it is told", lambda: any_row(ben, "Saved: "))
        kept = ben.home / "kept.txt"
        assert kept.read_bytes() == plain
        assert kept.stat().st_mode & 0o777 == 0o600
        ben.screenshot("saved-from-link")
        # Nothing is overwritten, and what is damaged is not kept
        kept.write_bytes(b"mine")
        save("kept.txt")
        wait_for("it has a number", (ben.home / "kept (1).txt").exists)
        assert kept.read_bytes() == b"mine"
        server.answers["/list.txt"] = content(data[:-1] + bytes([data[-1] ^ 1]))
        save("damaged.txt")
        wait_for("it is told", lambda: any_row(ben, DAMAGED))
        assert not (ben.home / "damaged.txt").exists()
        through = [port for _host, port in proxy.asked if port == server.port]
        assert server.connections == len(through) == 3
        tell(ann, ben, "after")
        check_scene(scene)
        log = ben.log.read_text(errors="replace")
        assert not [key for key in sender.keys if key in log]


def any_row(gajim: Gajim, words: str) -> bool:
    return any(words in row.text for row in gajim.rows())
