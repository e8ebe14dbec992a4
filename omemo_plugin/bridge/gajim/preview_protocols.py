# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The types of Gajim's previews and transfers of files, as far as this plugin uses them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import ClassVar
from typing import Protocol

from gi.repository import Gio

# Gajim 1.7 and 2.1


class Preview(Protocol):
    """A file that is shown in a chat."""

    id: str
    account: str | None
    download_in_progress: bool
    info_message: str | None
    file_size: int
    mime_type: str
    orig_path: Path

    @property
    def uri(self) -> str: ...
    @property
    def orig_exists(self) -> bool: ...
    def update_widget(self) -> None: ...
    def update_progress(self, progress: float, request: object) -> None: ...


class PreviewManager(Protocol):
    """Gajim's manager of previews."""

    _previews: dict[str, Preview]

    @property
    def _on_orig_load_finished(self) -> Callable[..., None]: ...
    def _process_web_uri(
        self, uri: str, widget: object, from_us: bool, context: str | None
    ) -> Preview: ...
    def is_previewable(self, text: str, *args: object) -> bool: ...
    def create_preview(
        self, uri: str, widget: object, from_us: bool, context: str | None
    ) -> None: ...
    def download_content(self, preview: Preview, force: bool) -> None: ...
    def cancel_download(self, preview: Preview) -> None: ...


class PreviewModule(Protocol):
    """The module of the manager."""

    ALLOWED_MIME_TYPES: Collection[str]
    PREVIEWABLE_MIME_TYPES: Collection[str]

    def guess_mime_type(self, path: Path) -> str: ...
    def load_file_async(
        self, path: Path, callback: Callable[..., None], user_data: Preview
    ) -> None: ...


# Gajim 2.6


class PreviewData(Protocol):
    """The description of a preview; a dataclass."""

    # Any: `dataclasses.replace` takes fields of whatever type
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def text(self) -> str: ...
    @property
    def file_name(self) -> str: ...


class FileTransfer(Protocol):
    """A transfer as Gajim shows it."""

    def process_multiple_states(self, states: Sequence[object]) -> None: ...
    def set_finished(self) -> None: ...
    def set_exception(self, exception: Exception) -> None: ...


class FileTransferManager(Protocol):
    """Gajim's manager of transfers."""

    _transfers: dict[str, FileTransfer]

    def get_transfer(self, id_: str) -> FileTransfer | None: ...
    def http_request(
        self, method: str, url: str, id_: str | None = None, **options: object
    ) -> FileTransfer | None: ...


# All of them


class Proxy(Protocol):
    """A proxy of Gajim's settings."""

    def get_resolver(self) -> Gio.ProxyResolver: ...
