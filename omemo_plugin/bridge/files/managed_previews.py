# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The manager of previews in Gajim 1.7 and 2.1, for encrypted files."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import cast

from gajim.common import app

from ...media.uri import InvalidMediaUri
from ..gajim.patches import Patches
from ..log import guard
from .download import Download
from .download import DownloadCancelled
from .download import DownloadLimits
from .download import KindRefused
from .download_queue import DownloadQueue
from .download_queue import automatic
from .download_queue import on_demand
from .download_queue import why_not
from .http_route import route_of
from .links import is_link
from .links import is_valid
from .links import parse_link

if TYPE_CHECKING:
    from ..gajim.preview_protocols import Preview
    from ..gajim.preview_protocols import PreviewManager
    from ..gajim.preview_protocols import PreviewModule


# A picture larger than this gets no thumbnail, because Gajim would read it at once
_THUMBNAIL_MAX = 32 << 20

Replace = Callable[[Callable[..., object]], Callable[..., object]]


class ManagedPreviews:
    """In place of methods of the manager of previews (Gajim 1.7 and 2.1)."""

    REPLACED = (
        "is_previewable",
        "create_preview",
        "download_content",
        "cancel_download",
    )

    def __init__(self, manager: PreviewManager, downloads: DownloadQueue) -> None:
        self._manager = manager
        self._downloads = downloads
        self._kind = type(manager)
        self._module = cast(
            "PreviewModule", importlib.import_module(self._kind.__module__)
        )
        self._running: dict[Path, tuple[Download, DownloadLimits]] = {}
        self._shown: dict[Path, list[Preview]] = {}

    def install(self, patches: Patches) -> None:
        """Replace the methods."""
        for name in self.REPLACED:
            patches.replace(self._manager, name, self._in_place_of(name))

    def _in_place_of(self, name: str) -> Replace:
        ours: Callable[..., object] = getattr(self, name)
        return lambda _theirs: ours

    def is_previewable(self, text: str, *others: object) -> bool:
        if is_link(text) and not is_valid(text):
            return False
        return self._kind.is_previewable(self._manager, text, *others)

    def create_preview(
        self, uri: str, widget: object, from_us: bool, context: str | None = None
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

    def download_content(self, preview: Preview, force: bool = False) -> None:
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
            file = parse_link(preview.uri)
        except InvalidMediaUri as error:
            preview.info_message = why_not(error, on_demand())
            preview.update_widget()
            return
        limits = on_demand() if force else self._automatic_limits()
        self._shown[path] = [preview]
        _show_start(preview)
        route = route_of(preview.account)
        fetch = self._downloads.start(
            file, path, route, limits, self._progressed, self._finished
        )
        self._running[path] = fetch, limits

    def cancel_download(self, preview: Preview) -> None:
        running = self._running.get(preview.orig_path)
        if running is None:
            self._kind.cancel_download(self._manager, preview)
        else:
            self._downloads.cancel(running[0])

    def _automatic_limits(self) -> DownloadLimits:
        most = int(app.settings.get("preview_max_file_size"))
        return automatic(most, self._module.ALLOWED_MIME_TYPES)

    def _progressed(self, fetch: Download) -> None:
        fraction = fetch.done / fetch.total if fetch.total else 0.0
        for preview in self._shown[fetch.target]:
            preview.file_size = fetch.total or 0
            preview.update_progress(min(fraction, 1.0), fetch)

    def _finished(self, fetch: Download) -> None:
        _fetch, limits = self._running.pop(fetch.target)
        for preview in self._shown.pop(fetch.target):
            with guard("showing a file"):
                self._show(preview, fetch, limits)

    def _show(self, preview: Preview, fetch: Download, limits: DownloadLimits) -> None:
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

    def _describe(self, preview: Preview) -> None:
        preview.mime_type = self._module.guess_mime_type(preview.orig_path)
        preview.file_size = preview.orig_path.stat().st_size

    def _gets_thumbnail(self, preview: Preview) -> bool:
        if not app.settings.get("enable_file_preview"):
            return False
        kind = self._module.guess_mime_type(preview.orig_path)
        size = preview.orig_path.stat().st_size
        return kind in self._module.PREVIEWABLE_MIME_TYPES and size <= _THUMBNAIL_MAX


def _show_start(preview: Preview) -> None:
    preview.download_in_progress = True
    preview.info_message = None
    # Only now the widget knows its file, and its buttons
    preview.update_widget()
