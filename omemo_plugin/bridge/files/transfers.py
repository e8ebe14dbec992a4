# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The manager of transfers in Gajim 2.6, for encrypted files."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from ...media.files import FileTooLarge
from ...media.uri import InvalidMediaUri
from ..gajim.patches import Patches
from .download import UNKNOWN_KIND
from .download import Download
from .download import DownloadCancelled
from .download import DownloadLimits
from .download import KindRefused
from .download_queue import DownloadQueue
from .download_queue import automatic
from .download_queue import on_demand
from .download_queue import why_not
from .http_route import route_by
from .links import is_link
from .links import parse_link

if TYPE_CHECKING:
    from ..gajim.preview_protocols import FileTransfer
    from ..gajim.preview_protocols import FileTransferManager
    from ..gajim.preview_protocols import Proxy


class Transfers:
    """In place of a method of the manager of transfers (Gajim 2.6)."""

    def __init__(self, manager: FileTransferManager, downloads: DownloadQueue) -> None:
        self._manager = manager
        self._downloads = downloads
        self._kind = type(manager)
        self._running: dict[Download, _Transfer] = {}

    def install(self, patches: Patches) -> None:
        """Replace the method."""

        def replace(_theirs: Callable[..., object]) -> Callable[..., object]:
            return self.http_request

        patches.replace(self._manager, "http_request", replace)

    def http_request(
        self,
        method: str,
        url: str,
        id_: str | None = None,
        **options: Any,  # noqa: ANN401 - most of Gajim's options are passed on
    ) -> FileTransfer | None:
        # A preview has an id; what Gajim asks while it connects has none
        if id_ is None or not is_link(url):
            return self._kind.http_request(self._manager, method, url, id_, **options)
        return self._download(url, id_, **options)

    def _download(
        self,
        url: str,
        id_: str,
        *,
        output: Path,
        max_content_length: int = -1,
        allowed_content_types: Collection[str] | None = None,
        proxy: Proxy | None = None,
        **_options: object,
    ) -> FileTransfer | None:
        existing = self._manager.get_transfer(id_)
        if existing is not None:
            return existing
        try:
            file = parse_link(url)
        except InvalidMediaUri:
            # There is no preview of it, so Gajim should not ask
            return None
        if max_content_length < 0:
            limits = on_demand()
        else:
            limits = automatic(
                max_content_length, _kinds(output, allowed_content_types)
            )
        route = route_by(proxy)
        fetch = self._downloads.start(
            file, output, route, limits, self._progressed, self._finished
        )
        transfer = _Transfer(self._manager, self._downloads, id_, fetch, limits)
        self._running[fetch] = transfer
        return transfer.shown

    def _progressed(self, fetch: Download) -> None:
        self._running[fetch].progressed()

    def _finished(self, fetch: Download) -> None:
        self._running.pop(fetch).finished()


class _Transfer:
    """A download as Gajim 2.6 shows one."""

    def __init__(
        self,
        manager: FileTransferManager,
        downloads: DownloadQueue,
        id_: str,
        fetch: Download,
        limits: DownloadLimits,
    ) -> None:
        from gajim.common import file_transfer_manager as gajim

        self._gajim = gajim
        self._manager = manager
        self._downloads = downloads
        self._id = id_
        self._fetch = fetch
        self._limits = limits
        self._metadata_given = False
        self.shown: FileTransfer = gajim.FileTransfer(
            manager, id_, self, output=fetch.target
        )
        manager._transfers[id_] = self.shown

    def set(self) -> None:
        """Gajim's event: the user does not want it any more."""
        self._downloads.cancel(self._fetch)

    def is_set(self) -> bool:
        return isinstance(self._fetch.error, DownloadCancelled)

    def progressed(self) -> None:
        states: list[object] = []
        fetch = self._fetch
        if not self._metadata_given:
            self._metadata_given = True
            states.append(self._metadata())
        # Gajim's properties have 32 bits
        states.append(
            self._gajim.TransferState(
                id=self._id,
                state=self._gajim.FTState.IN_PROGRESS,
                total=None if fetch.total is None else max(fetch.total >> 10, 1),
                progress=fetch.done >> 10,
            )
        )
        self.shown.process_multiple_states(states)

    def finished(self) -> None:
        self._manager._transfers.pop(self._id, None)
        if self._fetch.error is None:
            self.shown.set_finished()
            return
        if self._fetch.total is not None and not self._metadata_given:
            self.shown.process_multiple_states([self._metadata()])
        self.shown.set_exception(self._in_gajims_words(self._fetch.error))

    def _metadata(self) -> object:
        return self._gajim.TransferMetadata(
            id=self._id,
            content_length=self._fetch.total,
            content_type=self._fetch.kind,
        )

    def _in_gajims_words(self, error: Exception) -> Exception:
        """Some of its errors offer to try once more; another one has a text."""
        from gajim.common.multiprocess import http

        words: Exception
        if isinstance(error, DownloadCancelled):
            words = http.CancelledError()
        elif isinstance(error, KindRefused):
            words = http.ContentTypeNotAllowed(self._fetch.kind)
        elif isinstance(error, FileTooLarge) and self._limits.seconds is not None:
            words = http.MaxContentLengthExceeded(self._fetch.total)
        else:
            words = http.HTTPStatusError(why_not(error, self._limits))
        return words


def _kinds(path: Path, allowed: Collection[str] | None) -> Collection[str] | None:
    """
    The MIME types that a server may name for a download that begins without a
    click. It should not know that of an encrypted file; then the name counts.
    """
    from gajim.common.util.preview import guess_mime_type

    if allowed is None or guess_mime_type(path) not in allowed:
        return allowed
    return {*allowed, UNKNOWN_KIND}
