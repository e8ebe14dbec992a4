# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our place in Gajim's previews; with real Gajims in tests/e2e."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge.files import managed_previews
from omemo_plugin.bridge.files.download import DownloadCancelled
from omemo_plugin.bridge.files.download import DownloadFailed
from omemo_plugin.bridge.files.download import KindRefused
from omemo_plugin.bridge.files.links import is_link
from omemo_plugin.bridge.files.links import is_valid
from omemo_plugin.bridge.files.managed_previews import ManagedPreviews
from omemo_plugin.bridge.files.previews import _FileName
from omemo_plugin.bridge.files.previews import _Paths
from omemo_plugin.media.cipher import FileDamaged
from omemo_plugin.media.files import FileTooLarge

ADDRESS = "aesgcm://example.org/f.png"
LINK = f"{ADDRESS}#{'ab' * 44}"

# The names that `ManagedPreviews` looks for in Gajim's module
ALLOWED_MIME_TYPES = {"image/png", "application/octet-stream"}
PREVIEWABLE_MIME_TYPES = {"image/png"}
loaded: list[Any] = []


def guess_mime_type(path: Path) -> str:
    return "image/png" if path.suffix == ".png" else "text/plain"


def load_file_async(_path: Path, _callback: Any, preview: Any) -> None:
    loaded.append(preview)


class Manager:
    """Gajim's manager."""

    def __init__(self) -> None:
        self.own: list[str] = []
        self._previews: dict[str, Any] = {}
        self.made: Any = None

    def is_previewable(self, text: str, _data: Any) -> bool:
        self.own.append(text)
        return True

    def create_preview(self, uri: str, *_others: Any) -> None:
        self.own.append(uri)

    def download_content(self, preview: Any, _force: bool = False) -> None:
        self.own.append(preview.uri)

    def cancel_download(self, preview: Any) -> None:
        self.own.append(preview.uri)

    def _process_web_uri(self, *_others: Any) -> Any:
        return self.made

    def _on_orig_load_finished(self) -> None:
        pass


class Preview:
    """Gajim's preview."""

    def __init__(self, path: Path, uri: str = LINK, account: str | None = "a") -> None:
        self.id = uri
        self.uri = uri
        self.account = account
        self.orig_path = path
        self.download_in_progress = False
        self.info_message: str | None = None
        self.mime_type = ""
        self.file_size = 0
        self.shown = 0

    @property
    def orig_exists(self) -> bool:
        return self.orig_path.exists()

    def update_widget(self) -> None:
        self.shown += 1

    def update_progress(self, progress: float, _request: Any) -> None:
        assert 0 <= progress <= 1


class DownloadQueue:
    """Ours, without a network."""

    def __init__(self) -> None:
        self.started: list[Any] = []
        self.cancelled: list[Any] = []

    def start(
        self,
        _file: Any,
        target: Path,
        _way: Any,
        limits: Any,
        progressed: Callable[[Any], None],
        finished: Callable[[Any], None],
    ) -> Any:
        fetch = SimpleNamespace(
            target=target, limits=limits, done=0, total=100, error=None,
            progressed=progressed, finished=finished,
        )  # fmt: skip
        self.started.append(fetch)
        return fetch

    def cancel(self, fetch: Any) -> None:
        self.cancelled.append(fetch)


@pytest.fixture
def manager() -> Manager:
    return Manager()


@pytest.fixture
def downloads() -> DownloadQueue:
    return DownloadQueue()


@pytest.fixture
def ours(
    manager: Manager, downloads: DownloadQueue, monkeypatch: pytest.MonkeyPatch
) -> ManagedPreviews:
    loaded.clear()
    settings = {"preview_max_file_size": 1000, "enable_file_preview": True}
    app = SimpleNamespace(settings=settings)
    monkeypatch.setattr(managed_previews, "app", app)
    monkeypatch.setattr(managed_previews, "route_of", lambda _account: None)
    placed: Any = downloads
    gajim: Any = manager
    return ManagedPreviews(gajim, placed)


BAD = [
    ADDRESS,
    f"{ADDRESS}#",
    f"{ADDRESS}#{'ab' * 43}",
    f"{ADDRESS}#{'ab' * 45}",
    f"{ADDRESS}#{'ab' * 47}",
    f"{ADDRESS}#{'ab' * 49}",
    f"{ADDRESS}#{'xy' * 44}",
    LINK.replace("aesgcm", "AESGCM"),
    LINK.replace("://", "://user:pw@"),
    LINK.replace("example.org", ""),
    LINK.replace("example.org", "[::1"),
    LINK.replace("example.org", "example.org:80"),
]


@pytest.mark.parametrize("link", BAD)
def test_case_41_a_bad_link_is_text(
    ours: ManagedPreviews, manager: Manager, downloads: DownloadQueue, link: str
) -> None:
    assert is_link(link)
    assert not is_valid(link)
    assert not ours.is_previewable(link, None)
    # Not even if somebody asks
    preview = Preview(Path("/nowhere/f.png"), link)
    ours.download_content(preview, True)
    assert preview.info_message
    assert not preview.download_in_progress
    assert downloads.started == []
    assert manager.own == []


def test_other_links_are_left_to_gajim(
    ours: ManagedPreviews, manager: Manager, downloads: DownloadQueue
) -> None:
    url = "https://example.org/f.png"
    preview = Preview(Path("/nowhere/f.png"), url)
    assert ours.is_previewable(url, None)
    ours.create_preview(url, None, False)
    ours.download_content(preview)
    ours.cancel_download(preview)
    assert manager.own == [url] * 4
    assert downloads.started == []


def test_one_download_for_all_that_show_it(
    ours: ManagedPreviews, downloads: DownloadQueue, tmp_path: Path
) -> None:
    path = tmp_path / "f.png"
    one, other = Preview(path), Preview(path)
    ours.download_content(one)
    ours.download_content(one)
    ours.download_content(other)
    (fetch,) = downloads.started
    assert fetch.limits.most == 1000
    assert fetch.limits.kinds == ALLOWED_MIME_TYPES
    fetch.progressed(fetch)
    path.write_bytes(bytes(84))
    fetch.finished(fetch)
    assert loaded == [one, other]
    assert one.file_size == 84
    assert not one.download_in_progress
    assert not other.download_in_progress


def test_by_the_users_word_there_is_another_limit(
    ours: ManagedPreviews, downloads: DownloadQueue, tmp_path: Path
) -> None:
    preview = Preview(tmp_path / "f.png")
    ours.download_content(preview, force=True)
    (fetch,) = downloads.started
    assert fetch.limits.most == 4 << 30
    assert fetch.limits.kinds is None
    ours.cancel_download(preview)
    assert downloads.cancelled == [fetch]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileDamaged(), "Damaged"),
        (FileTooLarge(), "Press the button"),
        (DownloadFailed("404 Not Found"), "404 Not Found"),
        (DownloadCancelled(), None),
        (KindRefused(), None),
    ],
)
def test_the_reason_of_a_failed_download_is_shown(
    ours: ManagedPreviews,
    downloads: DownloadQueue,
    tmp_path: Path,
    error: Exception,
    words: str | None,
) -> None:
    preview = Preview(tmp_path / "f.png")
    ours.download_content(preview)
    (fetch,) = downloads.started
    assert preview.shown == 1
    fetch.error = error
    fetch.finished(fetch)
    assert preview.shown == 2
    if words is None:
        assert preview.info_message is None
    else:
        assert words in (preview.info_message or "")
    # It can be tried once more
    ours.download_content(preview, force=True)
    assert len(downloads.started) == 2


def test_nothing_without_an_account(
    ours: ManagedPreviews, downloads: DownloadQueue, tmp_path: Path
) -> None:
    # There would be no proxy
    ours.download_content(Preview(tmp_path / "f.png", account=None), force=True)
    assert downloads.started == []


def test_a_large_file_is_not_read_to_be_shown(
    ours: ManagedPreviews, manager: Manager, tmp_path: Path
) -> None:
    path = tmp_path / "f.png"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    manager.made = Preview(path)
    ours.create_preview(LINK, None, False)
    assert manager.own == []
    assert loaded == []
    assert manager.made.shown == 1
    assert manager.made.file_size == 1 << 30
    path.write_bytes(b"small")
    ours.create_preview(LINK, None, False)
    assert manager.own == [LINK]


def test_case_43_names_and_paths() -> None:
    def before(uri: str, folder: Path) -> tuple[Path, Path]:
        name = uri.rpartition("/")[2].partition("#")[0]
        return folder / name, folder / f"thumb_{name}"

    paths = _Paths(before)
    folder = Path("/downloads")
    good = LINK
    bad = LINK.replace("f.png", "f\u202egnp.desktop")
    assert paths(good, folder) == before(good, folder)
    assert paths(bad.replace("aesgcm", "https"), folder)[0].name == "f\u202egnp.desktop"
    file, thumbnail = paths(bad, folder)
    assert file.parent == thumbnail.parent == folder
    assert file.suffix == thumbnail.suffix == ".txt"
    names = _FileName(lambda uri: f"gajim:{uri}")
    assert names(LINK.replace("f.png", "..%2f..%2fx")) == "x"
    assert names("https://example.org/x") == "gajim:https://example.org/x"
