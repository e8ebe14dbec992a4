# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Encrypted files in Gajim's previews. Gajim shows them as it always does; the way
from the link to the file is ours: see `fetch`. Everything else that Gajim
previews goes its own way.

Gajim 1.7 and 2.1 have a manager of previews; since 2.6 there is one of
transfers, and the preview asks it.
"""

from __future__ import annotations

import dataclasses
import importlib
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gajim.common import app

from ..media.files import FileTooLarge
from ..media.files import discard_leftovers
from ..media.names import name_from_url
from ..media.names import safe_path
from ..media.uri import InvalidMediaUri
from ..media.uri import parse_media_uri
from . import compat
from . import redaction
from .downloads import Downloads
from .downloads import automatic
from .downloads import on_demand
from .downloads import why_not
from .failures import report
from .fetch import UNKNOWN_KIND
from .fetch import DownloadCancelled
from .fetch import Fetch
from .fetch import KindRefused
from .fetch import Limits
from .way import way_by
from .way import way_of

log = logging.getLogger("gajim.p.omemo_plugin")

# However it is written: what is not exactly right is nothing to download
_LINK = re.compile("aesgcm:", re.IGNORECASE)

# Where Gajim has taken a function of its own from another module; where it is
# made comes last
_NAMES = (
    "gajim.common.preview",
    "gajim.gtk.chat_list_row",
    "gajim.gtk.chat_stack",
    "gajim.gtk.conversation.rows.message",
    "gajim.gtk.preview.preview",
    "gajim.gtk.referenced_message",
    "gajim.common.preview_helpers",
    "gajim.common.util.preview",
)

# A picture larger than this gets no thumbnail, for it would be read at once
_THUMBNAIL_MAX = 32 << 20


def is_link(text: str) -> bool:
    """Whether it wants to be a link to an encrypted file."""
    return _LINK.match(text) is not None


def is_valid(text: str) -> bool:
    """Whether it is one."""
    try:
        parse_media_uri(text)
    except InvalidMediaUri:
        return False
    return True


class Previews:
    """Our place in Gajim's previews, from `install` to `remove`."""

    def __init__(self) -> None:
        self._downloads = Downloads()
        self._undo: list[Callable[[], None]] = []

    def install(self) -> None:
        redaction.install()
        self._undo.append(redaction.remove)
        _tidy_up()
        for module in _NAMES:
            self._replace_in(module, "get_image_paths", _Paths)
            self._replace_in(module, "filename_from_uri", _FileName)
            self._replace_in(module, "get_preview_data", _PreviewData)
        manager = getattr(app, "preview_manager", None)
        transfers = getattr(app, "ftm", None)
        if manager is not None:
            ours = ManagedPreviews(manager, self._downloads)
            for name in ManagedPreviews.REPLACED:
                self._replace(manager, name, getattr(ours, name))
        elif transfers is not None:
            theirs = Transfers(transfers, self._downloads)
            self._replace(transfers, "http_request", theirs.http_request)
        else:
            log.warning("Gajim has another way to files, which it goes alone")

    def remove(self) -> None:
        """Give the place back. What is under way ends."""
        self._downloads.cancel_all()
        while self._undo:
            self._undo.pop()()

    def _replace_in(self, module: str, name: str, make: Any) -> None:
        try:
            owner = importlib.import_module(module)
            before = getattr(owner, name)
        except (ImportError, AttributeError):
            return
        self._replace(owner, name, make(before))

    def _replace(self, owner: Any, name: str, ours: Any) -> None:
        own = name in vars(owner)
        before = getattr(owner, name)
        setattr(owner, name, ours)

        def restore() -> None:
            # Somebody else may have changed it since
            if getattr(owner, name, None) != ours:
                return
            if own:
                setattr(owner, name, before)
            else:
                delattr(owner, name)

        self._undo.append(restore)


# In place of Gajim's functions


class _Paths:
    """Where a file and its thumbnail are kept."""

    def __init__(self, before: Callable[..., tuple[Path, Path]]) -> None:
        self._before = before

    def __call__(self, uri: str, *others: Any) -> tuple[Path, Path]:
        file, thumbnail = self._before(uri, *others)
        if not is_link(uri):
            return file, thumbnail
        return safe_path(file, uri), safe_path(thumbnail, uri)


class _FileName:
    """What a file is called on screen."""

    def __init__(self, before: Callable[[str], str]) -> None:
        self._before = before

    def __call__(self, uri: str) -> str:
        return name_from_url(uri) if is_link(uri) else self._before(uri)


class _PreviewData:
    """What a text is a preview of (Gajim 2.6)."""

    def __init__(self, before: Callable[..., Any]) -> None:
        self._before = before

    def __call__(self, uri: str, *others: Any, **options: Any) -> Any:
        if not is_link(uri):
            return self._before(uri, *others, **options)
        if not is_valid(uri):
            return None
        data = self._before(uri, *others, **options)
        if data is None:
            return None
        name = name_from_url(uri)
        return dataclasses.replace(
            data, file_name=name, text=data.text.replace(data.file_name, name)
        )


class ManagedPreviews:
    """In place of methods of the manager of previews (Gajim 1.7 and 2.1)."""

    REPLACED = (
        "is_previewable",
        "create_preview",
        "download_content",
        "cancel_download",
    )

    def __init__(self, manager: Any, downloads: Downloads) -> None:
        self._manager = manager
        self._downloads = downloads
        self._kind: Any = type(manager)
        self._module = importlib.import_module(self._kind.__module__)
        self._running: dict[Path, tuple[Fetch, Limits]] = {}
        self._shown: dict[Path, list[Any]] = {}

    def is_previewable(self, text: str, *others: Any) -> bool:
        if is_link(text) and not is_valid(text):
            return False
        return bool(self._kind.is_previewable(self._manager, text, *others))

    def create_preview(
        self, uri: str, widget: Any, from_us: bool, context: str | None = None
    ) -> None:
        if is_link(uri):
            # Gajim would read all of a file it has
            preview = self._manager._process_web_uri(uri, widget, from_us, context)
            if preview.orig_exists and not self._gets_thumbnail(preview):
                self._manager._previews[preview.id] = preview
                self._describe(preview)
                preview.update_widget()
                return
        self._kind.create_preview(self._manager, uri, widget, from_us, context)

    def download_content(self, preview: Any, force: bool = False) -> None:
        if not is_link(preview.uri):
            self._kind.download_content(self._manager, preview, force)
            return
        if preview.account is None or preview.download_in_progress:
            return
        path = preview.orig_path
        if path in self._running:
            self._shown[path].append(preview)
            _show_start(preview)
            return
        try:
            file = parse_media_uri(preview.uri)
        except InvalidMediaUri as error:
            preview.info_message = why_not(error, on_demand())
            preview.update_widget()
            return
        limits = on_demand() if force else self._automatic_limits()
        self._shown[path] = [preview]
        _show_start(preview)
        way = way_of(preview.account)
        fetch = self._downloads.start(
            file, path, way, limits, self._progressed, self._finished
        )
        self._running[path] = fetch, limits

    def cancel_download(self, preview: Any) -> None:
        running = self._running.get(preview.orig_path)
        if running is None:
            self._kind.cancel_download(self._manager, preview)
        else:
            self._downloads.cancel(running[0])

    def _automatic_limits(self) -> Limits:
        most = int(app.settings.get("preview_max_file_size"))
        return automatic(most, self._module.ALLOWED_MIME_TYPES)

    def _progressed(self, fetch: Fetch) -> None:
        fraction = fetch.done / fetch.total if fetch.total else 0.0
        for preview in self._shown[fetch.target]:
            preview.file_size = fetch.total or 0
            preview.update_progress(min(fraction, 1.0), fetch)

    def _finished(self, fetch: Fetch) -> None:
        _fetch, limits = self._running.pop(fetch.target)
        for preview in self._shown.pop(fetch.target):
            try:
                self._show(preview, fetch, limits)
            except Exception as error:
                report("showing a file", error)

    def _show(self, preview: Any, fetch: Fetch, limits: Limits) -> None:
        preview.download_in_progress = False
        preview.file_size = fetch.total or 0
        if fetch.error is not None:
            if not isinstance(fetch.error, DownloadCancelled | KindRefused):
                preview.info_message = why_not(fetch.error, limits)
            preview.update_widget()
            return
        self._describe(preview)
        if self._gets_thumbnail(preview):
            self._module.load_file_async(
                preview.orig_path, self._manager._on_orig_load_finished, preview
            )
        else:
            preview.update_widget()

    def _describe(self, preview: Any) -> None:
        preview.mime_type = self._module.guess_mime_type(preview.orig_path)
        preview.file_size = preview.orig_path.stat().st_size

    def _gets_thumbnail(self, preview: Any) -> bool:
        if not app.settings.get("enable_file_preview"):
            return False
        kind = self._module.guess_mime_type(preview.orig_path)
        size = preview.orig_path.stat().st_size
        return kind in self._module.PREVIEWABLE_MIME_TYPES and size <= _THUMBNAIL_MAX


def _show_start(preview: Any) -> None:
    preview.download_in_progress = True
    preview.info_message = None
    # The widget learns here what it shows, and what its buttons are for
    preview.update_widget()


class Transfers:
    """In place of a method of the manager of transfers (Gajim 2.6)."""

    def __init__(self, manager: Any, downloads: Downloads) -> None:
        self._manager = manager
        self._downloads = downloads
        self._kind: Any = type(manager)
        self._running: dict[Fetch, _Transfer] = {}

    def http_request(self, method: str, url: str, *others: Any, **options: Any) -> Any:
        if not is_link(url):
            return self._kind.http_request(
                self._manager, method, url, *others, **options
            )
        return self._download(url, *others, **options)

    def _download(
        self,
        url: str,
        id_: str,
        *,
        output: Path,
        max_content_length: int = -1,
        allowed_content_types: Any = None,
        proxy: Any = None,
        **_options: Any,
    ) -> Any:
        existing = self._manager.get_transfer(id_)
        if existing is not None:
            return existing
        try:
            file = parse_media_uri(url)
        except InvalidMediaUri:
            # `_PreviewData` makes no preview of it, so nobody should ask
            return None
        if max_content_length < 0:
            limits = on_demand()
        else:
            limits = automatic(
                max_content_length, _kinds(output, allowed_content_types)
            )
        way = way_by(proxy)
        fetch = self._downloads.start(
            file, output, way, limits, self._progressed, self._finished
        )
        transfer = _Transfer(self._manager, self._downloads, id_, fetch, limits)
        self._running[fetch] = transfer
        return transfer.shown

    def _progressed(self, fetch: Fetch) -> None:
        self._running[fetch].progressed()

    def _finished(self, fetch: Fetch) -> None:
        self._running.pop(fetch).finished()


class _Transfer:
    """A download as Gajim 2.6 shows one."""

    def __init__(
        self, manager: Any, downloads: Downloads, id_: str, fetch: Fetch, limits: Limits
    ) -> None:
        from gajim.common import file_transfer_manager as gajim

        self._gajim: Any = gajim
        self._manager = manager
        self._downloads = downloads
        self._id = id_
        self._fetch = fetch
        self._limits = limits
        self._metadata_given = False
        self.shown = gajim.FileTransfer(manager, id_, self, output=fetch.target)
        manager._transfers[id_] = self.shown

    def set(self) -> None:
        """Gajim's event: the user wants it no more."""
        self._downloads.cancel(self._fetch)

    def is_set(self) -> bool:
        return isinstance(self._fetch.error, DownloadCancelled)

    def progressed(self) -> None:
        states: list[Any] = []
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

    def _metadata(self) -> Any:
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


def _kinds(path: Path, allowed: Any) -> Any:
    """
    The kinds a server may name for what begins by itself. It should know none
    of an encrypted file; then the name counts.
    """
    from gajim.common.util.preview import guess_mime_type

    if allowed is None or guess_mime_type(path) not in allowed:
        return allowed
    return {*allowed, UNKNOWN_KIND}


def _tidy_up() -> None:
    try:
        discard_leftovers(compat.downloads_folder())
    except OSError:
        log.warning("What is left of files cannot be deleted")
