# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files fetched from a real server on loopback, honest or not."""

from __future__ import annotations

import hashlib
import resource
import stat
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gi.repository import Gio
from gi.repository import GLib

from omemo_plugin.bridge.files import download as fetch_module
from omemo_plugin.bridge.files import download_queue
from omemo_plugin.bridge.files.download import CertificateRefused
from omemo_plugin.bridge.files.download import Download
from omemo_plugin.bridge.files.download import DownloadCancelled
from omemo_plugin.bridge.files.download import DownloadFailed
from omemo_plugin.bridge.files.download import DownloadLimits
from omemo_plugin.bridge.files.download import DownloadTooSlow
from omemo_plugin.bridge.files.download import HttpRoute
from omemo_plugin.bridge.files.download import KindRefused
from omemo_plugin.bridge.files.download import NoSpace
from omemo_plugin.bridge.files.download_queue import DownloadQueue
from omemo_plugin.media.addresses import AddressRefused
from omemo_plugin.media.cipher import FileCipher
from omemo_plugin.media.cipher import FileDamaged
from omemo_plugin.media.cipher import FileEncryptor
from omemo_plugin.media.files import FileTooLarge
from omemo_plugin.media.hashes import FileHash
from omemo_plugin.media.uri import EncryptedFile
from omemo_plugin.media.uri import SharedFile
from tests.support.servers.file_server import Answer
from tests.support.servers.file_server import FileServer
from tests.support.servers.file_server import Request
from tests.support.servers.file_server import claiming
from tests.support.servers.file_server import content
from tests.support.servers.file_server import endless
from tests.support.servers.file_server import in_pieces
from tests.support.servers.file_server import make_certificate
from tests.support.servers.file_server import redirect
from tests.support.servers.file_server import silent
from tests.support.servers.socks import SocksProxy
from tests.support.shared_files import CBC_IV as SHARED_IV
from tests.support.shared_files import KEY as SHARED_KEY
from tests.support.shared_files import encrypt

IV = bytes(range(12))
KEY = bytes(range(32))
PLAIN = b"attack at dawn" * 100
LIMITS = DownloadLimits(1 << 20)
OWN = ["localhost"]


def encrypted(plain: bytes = PLAIN) -> bytes:
    encryptor = FileEncryptor(IV, KEY)
    return encryptor.update(plain) + encryptor.finish()


def nothing(_fetch: Download) -> None:
    pass


def wait(until: Callable[[], Any], seconds: int = 60) -> None:
    """Let the main loop run until something is true."""
    late: list[bool] = []
    GLib.timeout_add_seconds(seconds, late.append, True)
    context = GLib.MainContext.default()
    while not until():
        context.iteration(True)
        assert not late, "it takes too long"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(certificate: tuple[Path, Path]) -> Iterator[FileServer]:
    with FileServer(*certificate) as server:
        yield server


@pytest.fixture
def authorities(certificate: tuple[Path, Path]) -> Any:
    return Gio.TlsFileDatabase.new(str(certificate[0]))


class Getter:
    """Fetches into a folder."""

    def __init__(self, server: FileServer, folder: Path, database: Any) -> None:
        self.server = server
        self.folder = folder
        self.direct = Gio.SimpleProxyResolver.new("direct://", None)
        self.way = HttpRoute(OWN, self.direct, authorities=database)
        self.progress: list[int] = []

    def __call__(
        self,
        answer: Answer | None = None,
        limits: DownloadLimits = LIMITS,
        url: str = "",
    ) -> Download:
        if answer is not None:
            self.server.answers["/file"] = answer
        url = url or f"{self.server.url}/file"
        over: list[Download] = []
        fetch = Download(
            SharedFile((EncryptedFile(url, IV, KEY),)),
            self.folder / "plan.txt",
            self.way,
            limits,
            lambda fetch: self.progress.append(fetch.done),
            over.append,
        )
        fetch.start()
        wait(lambda: over)
        assert over == [fetch]
        return fetch


@pytest.fixture
def get(server: FileServer, tmp_path: Path, authorities: Gio.TlsDatabase) -> Getter:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return Getter(server, folder, authorities)


def check_failed(get: Getter, fetch: Download, error: type[Exception]) -> None:
    assert isinstance(fetch.error, error), repr(fetch.error)
    assert list(get.folder.iterdir()) == []


def check_arrived(get: Getter, fetch: Download, plain: bytes = PLAIN) -> None:
    assert fetch.error is None, repr(fetch.error)
    assert list(get.folder.iterdir()) == [fetch.target]
    assert fetch.target.read_bytes() == plain
    assert stat.S_IMODE(fetch.target.stat().st_mode) == 0o600


def test_a_file_arrives(get: Getter) -> None:
    fetch = get(content(encrypted()))
    check_arrived(get, fetch)
    assert fetch.total == fetch.done == len(PLAIN) + 16
    assert get.progress[0] == 0
    assert get.progress == sorted(get.progress)


def test_case_41_the_server_sees_neither_key_nor_program(get: Getter) -> None:
    check_arrived(get, get(content(encrypted())))
    assert get.server.requests == ["/file"]
    (headers,) = get.server.headers
    assert not {"user-agent", "referer", "cookie", "accept-language"} & set(headers)
    assert KEY.hex() not in repr(headers)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17])
def test_case_44_small_files(get: Getter, size: int) -> None:
    check_arrived(get, get(content(encrypted(bytes(size)))), bytes(size))


@pytest.mark.parametrize(
    "sizes", [(1,), (5,), (15,), (16,), (17,), (1, 15), (15, 1), (5, 5, 5), (1,) * 17]
)
def test_case_44_every_last_piece(get: Getter, sizes: tuple[int, ...]) -> None:
    fetch = get(in_pieces(encrypted(), *sizes))
    check_arrived(get, fetch)
    assert fetch.total is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(15),
        encrypted()[:-1],
        encrypted()[:16],
        encrypted()[:-1] + bytes([encrypted()[-1] ^ 1]),
        bytes([encrypted()[0] ^ 1]) + encrypted()[1:],
        encrypted() + b"x",
    ],
    ids=["empty", "short", "cut", "tag only", "tag", "content", "longer"],
)
def test_case_44_a_changed_file_is_deleted(get: Getter, data: bytes) -> None:
    check_failed(get, get(content(data)), FileDamaged)
    check_failed(get, get(in_pieces(data)), FileDamaged)


def test_case_44_nothing_is_delivered_before_the_tag(get: Getter) -> None:
    seen: list[list[str]] = []

    def answer(request: Request) -> None:
        data = encrypted(bytes(1 << 19))
        request.head(Content_Length=str(len(data)))
        request.wfile.write(data[:-1])
        request.wfile.flush()
        wait_until = (1 << 19) - (1 << 16)
        while not get.progress or get.progress[-1] < wait_until:
            time.sleep(0.01)
        seen.append([path.name for path in get.folder.iterdir()])
        request.wfile.write(data[-1:])

    check_arrived(get, get(answer), bytes(1 << 19))
    ((name,),) = seen
    assert name.startswith(".omemo-")


def test_case_44_a_connection_that_breaks(get: Getter) -> None:
    fetch = get(claiming(len(PLAIN) + 16, encrypted()[:700]))
    assert isinstance(fetch.error, FileDamaged | DownloadFailed)
    assert list(get.folder.iterdir()) == []


def test_case_42_too_large_by_its_own_word(get: Getter) -> None:
    check_failed(get, get(claiming(10 << 30, b"")), FileTooLarge)
    assert get.progress == []


def test_case_42_endless(get: Getter) -> None:
    fetch = get(endless)
    check_failed(get, fetch, FileTooLarge)
    # What was read, and one piece more
    assert fetch.done <= 2 << 20


def test_case_42_no_length_is_no_harm(get: Getter) -> None:
    check_arrived(get, get(in_pieces(encrypted())))


def test_case_42_a_full_disk(get: Getter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "SPACE_LEFT", 1 << 60)
    check_failed(get, get(content(encrypted())), NoSpace)


def test_case_42_a_slow_server(get: Getter) -> None:
    check_failed(get, get(silent, DownloadLimits(1 << 20, seconds=1)), DownloadTooSlow)


def test_case_42_an_untrusted_certificate_is_refused(get: Getter) -> None:
    get.way = HttpRoute(OWN, get.direct)
    check_failed(get, get(content(encrypted())), CertificateRefused)
    assert get.server.requests == []
    get.way = HttpRoute(OWN, get.direct, check_certificate=False)
    check_arrived(get, get(content(encrypted())))


def test_case_42_the_certificate_of_another_host(
    get: Getter, authorities: Gio.TlsDatabase
) -> None:
    with SocksProxy({"example.net": "127.0.0.1"}) as proxy:
        get.way = HttpRoute(OWN, socks(proxy), authorities=authorities)
        url = f"https://example.net:{get.server.port}/file"
        check_failed(get, get(content(encrypted()), url=url), CertificateRefused)


def test_a_redirect_on_the_same_server(get: Getter) -> None:
    get.server.answers["/there"] = content(encrypted())
    check_arrived(get, get(redirect("/there")))
    assert get.server.requests == ["/file", "/there"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_case_42_a_redirect_without_tls(get: Getter, status: int) -> None:
    with FileServer(None) as plain:
        plain.answers["/file"] = content(encrypted())
        fetch = get(redirect(f"{plain.url}/file", status))
        check_failed(get, fetch, AddressRefused)
        assert plain.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "printer.local"])
def test_case_42_a_redirect_into_the_local_network(get: Getter, host: str) -> None:
    location = f"https://{host}:{get.server.port}/there"
    check_failed(get, get(redirect(location)), AddressRefused)
    assert get.server.connections == 1


def test_case_42_a_redirect_to_tor(get: Getter) -> None:
    location = "https://abcdefghijklmnop.onion/file"
    check_failed(get, get(redirect(location)), AddressRefused)


@pytest.mark.parametrize("location", ["", "https://[", "file:///etc/passwd", "\x80"])
def test_case_42_a_redirect_to_nowhere(get: Getter, location: str) -> None:
    fetch = get(redirect(location))
    assert isinstance(fetch.error, AddressRefused | DownloadFailed)
    assert list(get.folder.iterdir()) == []


def test_case_42_redirects_for_ever(get: Getter) -> None:
    check_failed(get, get(redirect("/file")), DownloadFailed)
    assert len(get.server.requests) == 6


def test_case_42_a_link_into_the_local_network(get: Getter) -> None:
    get.way = HttpRoute(["example.org"], get.direct, authorities=get.way.authorities)
    check_failed(get, get(content(encrypted())), AddressRefused)
    assert get.server.connections == 0


def test_case_42_a_name_that_stands_for_the_local_network(
    get: Getter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a name that is innocent to look at
    monkeypatch.setattr(fetch_module, "check_address", lambda *_a, **_k: None)
    get.way = HttpRoute(["example.org"], get.direct, authorities=get.way.authorities)
    check_failed(get, get(content(encrypted())), AddressRefused)
    assert get.server.connections == 0


def socks(proxy: SocksProxy) -> Gio.ProxyResolver:
    return Gio.SimpleProxyResolver.new(f"socks5://127.0.0.1:{proxy.port}", None)


def test_case_42_by_way_of_the_proxy_only(
    get: Getter, authorities: Gio.TlsDatabase
) -> None:
    get.server.answers["/there"] = content(encrypted())
    with SocksProxy() as proxy:
        get.way = HttpRoute(OWN, socks(proxy), authorities=authorities)
        check_arrived(get, get(redirect("/there")))
        assert set(proxy.asked) == {("localhost", get.server.port)}
        assert len(proxy.asked) == get.server.connections


def test_case_42_no_way_around_a_proxy_that_is_gone(
    get: Getter, authorities: Gio.TlsDatabase
) -> None:
    with SocksProxy() as proxy:
        pass
    get.way = HttpRoute(OWN, socks(proxy), authorities=authorities)
    check_failed(get, get(content(encrypted())), DownloadFailed)
    assert get.server.connections == 0


def test_case_42_the_proxy_is_asked_for_nothing_in_the_local_network(
    get: Getter,
) -> None:
    with SocksProxy() as proxy:
        get.way = HttpRoute(["example.org"], socks(proxy))
        check_failed(get, get(content(encrypted())), AddressRefused)
        assert proxy.asked == []


def test_a_kind_that_is_not_fetched_by_itself(get: Getter) -> None:
    limits = DownloadLimits(1 << 20, frozenset({"image/png"}))
    check_failed(get, get(content(encrypted(), "text/html"), limits), KindRefused)
    check_arrived(get, get(content(encrypted(), "image/png; x=y"), limits))


def test_an_error_of_the_server(get: Getter) -> None:
    fetch = get(url=f"{get.server.url}/missing")
    check_failed(get, fetch, DownloadFailed)
    assert str(fetch.error) == "404 Not Found"


def test_case_43_a_name_with_a_zero_byte(get: Getter) -> None:
    check_failed(get, get(url=f"{get.server.url}/%00.sh"), DownloadFailed)


def test_case_43_an_existing_file_stays(get: Getter) -> None:
    (get.folder / "plan.txt").write_bytes(b"old")
    fetch = get(content(encrypted()))
    assert fetch.error is None
    assert [path.read_bytes() for path in get.folder.iterdir()] == [b"old"]


def test_case_43_no_link_is_followed(get: Getter, tmp_path: Path) -> None:
    (get.folder / "plan.txt").symlink_to(tmp_path / "elsewhere")
    fetch = get(content(encrypted()))
    assert isinstance(fetch.error, DownloadFailed)
    assert not (tmp_path / "elsewhere").exists()
    assert [path.name for path in get.folder.iterdir()] == ["plan.txt"]


@pytest.mark.parametrize("moment", ["at once", "under way"])
def test_the_user_gives_up(get: Getter, moment: str) -> None:
    get.server.answers["/file"] = silent
    over: list[Download] = []

    def progressed(fetch: Download) -> None:
        fetch.cancel()

    fetch = Download(
        SharedFile((EncryptedFile(f"{get.server.url}/file", IV, KEY),)),
        get.folder / "plan.txt",
        get.way,
        LIMITS,
        progressed,
        over.append,
    )
    fetch.start()
    if moment == "at once":
        fetch.cancel()
    wait(lambda: over)
    check_failed(get, fetch, DownloadCancelled)


@pytest.mark.thorough
def test_a_file_larger_than_the_memory(get: Getter) -> None:
    size = 192 << 20
    piece = bytes(1 << 20)

    def answer(request: Request) -> None:
        encryptor = FileEncryptor(IV, KEY)
        request.head(Content_Length=str(size + 16))
        for _ in range(size // len(piece)):
            request.wfile.write(encryptor.update(piece))
        request.wfile.write(encryptor.finish())

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fetch = get(answer, DownloadLimits(size))
    assert fetch.error is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    digest = hashlib.sha256()
    for _ in range(size // len(piece)):
        digest.update(piece)
    with fetch.target.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == digest.digest()


def test_case_42_few_begin_by_themselves(get: Getter) -> None:
    manager = DownloadQueue()
    over: list[Download] = []
    get.server.answers["/slow"] = silent
    get.server.answers["/file"] = content(encrypted())
    slow = [
        manager.start(
            SharedFile((EncryptedFile(f"{get.server.url}/slow", IV, KEY),)),
            get.folder / f"slow-{number}",
            get.way,
            download_queue.automatic(1 << 20, None),
            nothing,
            over.append,
        )
        for number in range(20)
    ]
    # A download that the user asks for does not wait for them
    wanted = manager.start(
        SharedFile((EncryptedFile(f"{get.server.url}/file", IV, KEY),)),
        get.folder / "plan.txt",
        get.way,
        download_queue.on_demand(),
        nothing,
        over.append,
    )
    wait(lambda: over)
    assert over == [wanted]
    wait(lambda: len(get.server.requests) == 5)
    manager.cancel(slow[-1])
    manager.cancel(slow[0])
    wait(lambda: len(get.server.requests) == 6)
    assert set(over) == {wanted, slow[-1], slow[0]}
    manager.cancel_all()
    wait(lambda: len(over) == 21)
    assert len(get.server.requests) <= 10
    check_arrived(get, wanted)


# Files of XEP-0448


def shared(get: Getter, *paths: str, **changes: Any) -> SharedFile:
    sources = tuple(
        EncryptedFile(
            path if ":" in path else f"{get.server.url}/{path}",
            SHARED_IV,
            SHARED_KEY,
            FileCipher.AES_256_CBC,
        )
        for path in paths
    )
    digest = hashlib.sha256(PLAIN).digest()
    return replace(
        SharedFile(sources, "plan.txt", len(PLAIN), (FileHash("sha-256", digest),)),
        **changes,
    )


def fetch_shared(
    get: Getter, file: SharedFile, limits: DownloadLimits = LIMITS
) -> Download:
    over: list[Download] = []
    fetch = Download(
        file,
        get.folder / "plan.txt",
        get.way,
        limits,
        lambda fetch: get.progress.append(fetch.done),
        over.append,
    )
    fetch.start()
    wait(lambda: over)
    assert over == [fetch]
    return fetch


BAD_SOURCES: dict[str, Answer | None] = {
    "missing": None,
    "damaged": content(bytes([*encrypt(PLAIN)[:-1], encrypt(PLAIN)[-1] ^ 1])),
    "short": content(encrypt(PLAIN)[:32]),
    "cut": claiming(10_000, encrypt(PLAIN)[:32]),
    "away": redirect("https://10.0.0.1/file"),
}


@pytest.mark.parametrize(
    "bad", [*BAD_SOURCES, "https://10.0.0.1/f", "https://x.onion/f"]
)
def test_another_source_is_tried(get: Getter, bad: str) -> None:
    for name, answer in BAD_SOURCES.items():
        if answer is not None:
            get.server.answers[f"/{name}"] = answer
    get.server.answers["/good"] = content(encrypt(PLAIN))
    fetch = fetch_shared(get, shared(get, bad, bad, "good", "missing"))
    check_arrived(get, fetch)
    assert get.server.requests[-1] == "/good"
    assert fetch.total == len(encrypt(PLAIN))


def test_when_no_source_is_good_the_last_reason_is_told(get: Getter) -> None:
    get.server.answers["/damaged"] = BAD_SOURCES["damaged"]  # type: ignore[assignment]
    fetch = fetch_shared(get, shared(get, "missing", "damaged"))
    check_failed(get, fetch, FileDamaged)
    assert get.server.requests == ["/missing", "/damaged"]


def test_what_is_too_large_is_asked_for_nowhere_else(get: Getter) -> None:
    get.server.answers["/large"] = content(bytes(100_000))
    get.server.answers["/good"] = content(encrypt(PLAIN))
    limits = DownloadLimits(most=5_000)
    fetch = fetch_shared(get, shared(get, "large", "good"), limits)
    check_failed(get, fetch, FileTooLarge)
    assert get.server.requests == ["/large"]


def test_a_download_is_cancelled_between_two_sources(get: Getter) -> None:
    get.server.answers["/silent"] = silent
    over: list[Download] = []
    fetch = Download(
        shared(get, "missing", "silent", "good"),
        get.folder / "plan.txt",
        get.way,
        LIMITS,
        lambda fetch: None,
        over.append,
    )
    fetch.start()
    wait(lambda: "/silent" in get.server.requests)
    fetch.cancel()
    wait(lambda: over)
    check_failed(get, fetch, DownloadCancelled)
    assert get.server.requests == ["/missing", "/silent"]


def test_an_attachment_is_not_asked_for_without_a_click(get: Getter) -> None:
    get.server.answers["/good"] = content(encrypt(PLAIN))
    file = shared(get, "good", needs_click=True)
    by_itself = DownloadLimits(most=5_000, kinds=["application/octet-stream"])
    refused = fetch_shared(get, file, by_itself)
    check_failed(get, refused, KindRefused)
    assert get.server.requests == []
    # Gajim offers no click for a file without a size
    assert refused.total == len(encrypt(PLAIN))
    unknown = replace(file, size=None)
    refused = fetch_shared(get, unknown, by_itself)
    check_failed(get, refused, KindRefused)
    assert refused.total == len(encrypt(PLAIN))
    get.server.requests.clear()
    check_arrived(get, fetch_shared(get, file))
