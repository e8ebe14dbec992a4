# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on their way to the server."""

from __future__ import annotations

import hashlib
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from gi.repository import GLib

from omemo_plugin.bridge.files.uploads import Uploads
from omemo_plugin.bridge.files.uploads import anonymous_name
from omemo_plugin.bridge.state.sent_files import SentFiles
from omemo_plugin.media.cipher import FileCipher
from omemo_plugin.media.cipher import FileDecryptor
from omemo_plugin.media.files import discard_leftovers
from omemo_plugin.media.hashes import FileFacts
from omemo_plugin.media.hashes import FileHash
from omemo_plugin.media.uri import build_media_uri
from omemo_plugin.media.uri import parse_media_uri
from omemo_plugin.stanza.file_sharing import parse_file_sharing

BOB = "bob@example.org"

FILE_KEY = SimpleNamespace(iv=b"i" * 12, key=b"k" * 32)


class Module:
    """Gajim's module for uploads."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send_file(self, _contact: Any, path: Any) -> None:
        self.sent.append(path)


class Slots:
    """nbxmpp's module for uploads."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def request_slot(self, **request: Any) -> None:
        self.asked.append(request)


class Transfer:
    """Gajim's upload."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temp_path = Path("/tmp/of-gajim")
        self._mime = "text/plain"
        self._is_encrypted = False
        self.state = SimpleNamespace(is_cancelled=False)
        self.transform: Callable[[str], str] = lambda url: url
        self.errors: list[tuple[str, str]] = []
        self.state_changed: Any = None
        self.get_uri: str | None = None
        self.process_result: Callable[[object], None] = self._process_result

    def _process_result(self, result: Any) -> None:
        self.get_uri = result.get_uri

    @property
    def path(self) -> Path:
        return self._path

    @property
    def payload_path(self) -> Path:
        return self._temp_path

    def set_uri_transform_func(self, function: Callable[[str], str]) -> None:
        self.transform = function

    def set_error(self, domain: str, text: str) -> None:
        self.errors.append((domain, text))

    def connect(self, _signal: str, callback: Any) -> None:
        self.state_changed = callback


@pytest.fixture
def module() -> Module:
    return Module()


@pytest.fixture
def slots() -> Slots:
    return Slots()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "of-gajim" / "downloads"


@pytest.fixture
def sent() -> SentFiles:
    return SentFiles()


@pytest.fixture
def uploads(module: Module, slots: Slots, folder: Path, sent: SentFiles) -> Uploads:
    connection = SimpleNamespace(get_module=lambda _name: slots)
    client = SimpleNamespace(get_module=lambda _name: module, connection=connection)
    return Uploads(
        client, lambda _contact: "", lambda _jid, _line: None, lambda: folder, sent.note
    )


def run(until: Callable[[], Any]) -> None:
    """Let the main loop run until something is true."""
    context = GLib.MainContext.default()
    while not until():
        context.iteration(True)


def encrypt(uploads: Uploads, transfer: Transfer) -> None:
    went_on: list[Any] = []
    uploads.encrypt(transfer, went_on.append)
    run(lambda: went_on or transfer.errors)
    assert bool(went_on) is not bool(transfer.errors)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 1 << 18, (1 << 18) + 1, 3_000_000])
def test_an_uploaded_file_can_be_decrypted_with_its_link(
    uploads: Uploads, tmp_path: Path, size: int
) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    source = tmp_path / "the plan.png"
    source.write_bytes(content[:size])
    transfer = Transfer(source)
    encrypt(uploads, transfer)
    assert stat.S_IMODE(transfer.payload_path.stat().st_mode) == 0o600
    file = parse_media_uri(transfer.transform("https://example.org/f/x.png"))
    assert file.url == "https://example.org/f/x.png"
    opener = FileDecryptor(file.iv, file.key)
    plain = opener.update(transfer.payload_path.read_bytes())
    opener.finish()
    assert plain == content[:size]


def test_the_server_learns_neither_name_nor_kind(
    uploads: Uploads, tmp_path: Path
) -> None:
    source = tmp_path / "names of the witnesses.txt"
    source.write_bytes(b"x")
    transfer = Transfer(source)
    encrypt(uploads, transfer)
    assert "witnesses" not in transfer.path.name
    assert transfer._mime == "application/octet-stream"
    assert source.exists()


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.JPG", ".jpg"), ("a", ""), ("a.b c", ""), ("a.é", ""), (".secret", "")],
)
def test_anonymous_names(name: str, suffix: str) -> None:
    one, other = (anonymous_name(Path(name)) for _ in range(2))
    assert one != other
    assert one[16:] == suffix


def test_no_file_has_the_key_of_another(uploads: Uploads, tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"x" * 100)
    links = set()
    for _ in range(5):
        transfer = Transfer(source)
        encrypt(uploads, transfer)
        links.add(transfer.transform("https://example.org/f"))
    assert len(links) == 5


@pytest.mark.thorough
def test_a_file_larger_than_the_memory(uploads: Uploads, tmp_path: Path) -> None:
    """It passes through in pieces."""
    source = tmp_path / "large"
    size = 400_000_000
    with source.open("wb") as file:
        file.truncate(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    encrypt(uploads, transfer := Transfer(source))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert transfer.payload_path.stat().st_size == size + 16
    assert grown * 1024 < size / 8


def test_an_encrypted_file_is_on_the_disk(
    uploads: Uploads, tmp_path: Path, folder: Path
) -> None:
    """And not in a temporary folder, which may be in the memory; what a crash
    leaves of it goes like what is left of downloads."""
    source = tmp_path / "a"
    source.write_bytes(b"x")
    encrypt(uploads, transfer := Transfer(source))
    assert [transfer.payload_path] == list(folder.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    discard_leftovers(folder)
    assert list(folder.iterdir()) == []


def test_nothing_is_uploaded_when_it_fails(uploads: Uploads, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path / "gone")
    encrypt(uploads, transfer)
    assert transfer.errors[0][0] == "encryption-not-available"
    assert not transfer.payload_path.exists()


def test_a_link_in_the_place_of_the_encrypted_file_is_not_followed(
    uploads: Uploads, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "omemo_plugin.bridge.files.uploads.hidden_name", lambda: "target"
    )
    source, victim = tmp_path / "a", tmp_path / "victim"
    source.write_bytes(b"x")
    victim.write_bytes(b"precious")
    folder.mkdir(parents=True)
    (folder / "target").symlink_to(victim)
    encrypt(uploads, transfer := Transfer(source))
    assert transfer.errors
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("ending", ["is_finished", "is_error", "is_cancelled"])
def test_the_encrypted_file_is_removed_afterwards(
    uploads: Uploads, tmp_path: Path, ending: str
) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"x")
    encrypt(uploads, transfer := Transfer(source))
    states = dict.fromkeys(("is_finished", "is_error", "is_cancelled"), False)
    transfer.state_changed(transfer, "state-changed", SimpleNamespace(**states))
    assert transfer.payload_path.exists()
    states[ending] = True
    transfer.state_changed(transfer, "state-changed", SimpleNamespace(**states))
    assert not transfer.payload_path.exists()


def test_a_file_that_would_go_in_clear_is_held(module: Module) -> None:
    said: list[str] = []
    client = SimpleNamespace(get_module=lambda _name: module)
    uploads = Uploads(
        client,
        lambda _contact: "no",
        lambda jid, line: said.append(jid),
        Path,
        SentFiles().note,
    )
    module.send_file(SimpleNamespace(jid=BOB), "path")
    assert module.sent == []
    assert said == [BOB]
    uploads.remove()
    module.send_file(SimpleNamespace(jid=BOB), "path")
    assert module.sent == ["path"]


def ask(
    slots: Any, encryption_data: Any, path: Path = Path("who-was-there.PNG")
) -> SimpleNamespace:
    """Ask for a place as Gajim 2.6 does."""
    transfer = SimpleNamespace(
        get_encryption_data=lambda: encryption_data,
        _mime="image/png",
        path=path,
        state=SimpleNamespace(is_cancelled=False),
        get_uri=None,
        errors=[],
    )
    transfer.process_result = lambda result: setattr(
        transfer, "get_uri", result.get_uri
    )
    transfer.set_error = lambda *error: transfer.errors.append(error)
    slots.request_slot(
        jid=BOB,
        filename=path.name,
        size=9,
        content_type=transfer._mime,
        user_data=transfer,
    )
    return transfer


def test_the_server_is_not_told_the_kind_of_a_file_gajim_encrypts(
    uploads: Uploads, module: Module, slots: Slots
) -> None:
    module.send_file(SimpleNamespace(jid=BOB), Path("who-was-there.PNG"))
    transfer = ask(slots, FILE_KEY)
    run(lambda: slots.asked)
    (asked,) = slots.asked
    assert asked["filename"].endswith(".png")
    assert "who" not in asked["filename"]
    assert asked["content_type"] == transfer._mime == "application/octet-stream"
    assert asked["size"] == 9
    uploads.remove()
    ask(slots, FILE_KEY)
    assert slots.asked[1]["filename"] == "who-was-there.PNG"


# What a server could name as the place of a file. Gajim sends it as the user's text
_NO_ADDRESSES = [
    "https://example.org/f\nI will pay you 1000 €.",
    "https://example.org/f https://evil.example/",
    "https://example.org/f#00",
    "https://user@example.org/f",
    "http://example.onion/f",
    "https://example.org:80/f",
    "https://example.org/" + "x" * 9000,
    "https:\n",
    "",
]


@pytest.mark.parametrize("url", _NO_ADDRESSES)
def test_case_132_a_server_writes_no_text_in_the_users_name(
    uploads: Uploads, module: Module, slots: Slots, tmp_path: Path, url: str
) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"x")
    encrypt(uploads, transfer := Transfer(source))
    module.send_file(SimpleNamespace(jid=BOB), source)
    gajims = ask(slots, FILE_KEY, source)
    run(lambda: slots.asked)
    good = "https://example.org/f/x.png"
    for one in (transfer, gajims):
        taken = []
        for named in (url, good):
            one.process_result(SimpleNamespace(get_uri=named))
            taken.append(one.get_uri)
        assert taken == [None, good]
        assert not one.errors


@pytest.mark.usefixtures("uploads")
def test_a_file_that_goes_in_clear_keeps_its_name(module: Module, slots: Slots) -> None:
    module.send_file(SimpleNamespace(jid=BOB), Path("who-was-there.PNG"))
    transfer = ask(slots, None)
    assert slots.asked[0]["filename"] == "who-was-there.PNG"
    assert transfer._mime == "image/png"


def check_described(elements: list[Element], link: str, content: bytes) -> None:
    """The envelope says what was uploaded, and where."""
    shared, fallback = elements
    file = parse_file_sharing(shared)
    assert file.sources == (parse_media_uri(link),)
    assert file.sources[0].cipher is FileCipher.AES_256_GCM
    assert file.name == "the plan.png"
    assert file.size == len(content)
    assert file.hashes == (FileHash("sha-256", hashlib.sha256(content).digest()),)
    assert not file.needs_click
    assert shared.find(".//{urn:xmpp:file:metadata:0}media-type").text == "image/png"  # type: ignore[union-attr]
    assert fallback.get("for") == "urn:xmpp:sfs:0"


def test_what_is_known_of_a_file_goes_beside_its_link(
    uploads: Uploads, sent: SentFiles, tmp_path: Path
) -> None:
    source = tmp_path / "the plan.png"
    source.write_bytes(b"precious" * 100_000)
    transfer = Transfer(source)
    encrypt(uploads, transfer)
    link = transfer.transform("https://example.org/f/x.png")
    check_described(sent.elements_for(link), link, source.read_bytes())


def test_what_is_known_of_a_file_that_gajim_encrypts_goes_beside_its_link(
    uploads: Uploads, module: Module, slots: Slots, sent: SentFiles, tmp_path: Path
) -> None:
    source = tmp_path / "the plan.png"
    source.write_bytes(b"precious")
    module.send_file(SimpleNamespace(jid=BOB), source)
    ask(slots, FILE_KEY, source)
    assert slots.asked == [], "the hash must be there first"
    run(lambda: slots.asked)
    link = build_media_uri("https://example.org/f", FILE_KEY.iv, FILE_KEY.key)
    check_described(sent.elements_for(link), link, b"precious")
    uploads.remove()


@pytest.mark.usefixtures("uploads")
def test_a_file_that_cannot_be_read_before_goes_as_a_link_alone(
    module: Module, slots: Slots, sent: SentFiles, tmp_path: Path
) -> None:
    module.send_file(SimpleNamespace(jid=BOB), tmp_path / "gone")
    ask(slots, FILE_KEY, tmp_path / "gone")
    run(lambda: slots.asked)
    link = build_media_uri("https://example.org/f", FILE_KEY.iv, FILE_KEY.key)
    assert sent.elements_for(link) == []


@pytest.mark.usefixtures("uploads")
def test_no_place_is_asked_for_when_the_user_has_cancelled(
    module: Module, slots: Slots, tmp_path: Path
) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"x")
    module.send_file(SimpleNamespace(jid=BOB), source)
    ask(slots, FILE_KEY, source).state.is_cancelled = True
    ask(slots, FILE_KEY, source)
    run(lambda: slots.asked)
    while GLib.MainContext.default().iteration(False):
        pass
    assert len(slots.asked) == 1


def test_only_links_of_files_that_were_uploaded_here_are_described() -> None:
    sent = SentFiles()
    facts = FileFacts("a.png", 1, b"d" * 32)
    sent.note(FILE_KEY.iv, FILE_KEY.key, facts)
    link = build_media_uri("https://example.org/f", FILE_KEY.iv, FILE_KEY.key)
    other = build_media_uri("https://example.org/f", FILE_KEY.iv, b"o" * 32)
    assert sent.elements_for(link)
    for text in ("", "a.png", other, f"look: {link}", f"{link}\n"):
        assert sent.elements_for(text) == []
    for number in range(200):
        sent.note(FILE_KEY.iv, number.to_bytes(32, "big"), facts)
    assert sent.elements_for(link) == []


@pytest.mark.parametrize(
    ("name", "disposition"),
    [("a.pdf", "attachment"), ("a", "attachment"), ("a.ogg", "inline")],
)
def test_what_is_not_shown_in_a_chat_is_an_attachment(
    name: str, disposition: str
) -> None:
    sent = SentFiles()
    sent.note(FILE_KEY.iv, FILE_KEY.key, FileFacts(name, 1, b"d" * 32))
    link = build_media_uri("https://example.org/f", FILE_KEY.iv, FILE_KEY.key)
    shared, _fallback = sent.elements_for(link)
    assert shared.get("disposition") == disposition
