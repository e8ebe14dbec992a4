# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Showing encrypted files in Gajim's previews. Gajim shows them as it shows any file;
the plugin downloads and decrypts them: see `download`. It leaves all other previews
to Gajim.

Gajim 1.7 and 2.1 have a manager of previews; since 2.6 there is one of transfers,
and the preview asks it.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import ParseResult
from urllib.parse import quote

from gajim.common import app

from ...media.files import discard_leftovers
from ...media.names import safe_path
from ..gajim import archive as gajim_archive
from ..gajim.patches import Patches
from . import log_filter
from .download_queue import DownloadQueue
from .links import is_link
from .links import is_shared
from .links import is_valid
from .links import name_of
from .managed_previews import ManagedPreviews
from .transfers import Transfers

if TYPE_CHECKING:
    from ..gajim.preview_protocols import PreviewData

log = logging.getLogger("gajim.p.omemo_plugin")

# The modules of Gajim that use these functions; those that define them come last
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

_ANY_PLACE = "aesgcm://localhost/"


class Previews:
    """The previews of encrypted files, from `install` to `remove`."""

    def __init__(self) -> None:
        self._downloads = DownloadQueue()
        self._patches = Patches()

    def install(self) -> None:
        log_filter.install()
        self._patches.add(log_filter.remove)
        gajim_archive.hide_texts_in_errors(self._patches)
        _tidy_up()
        for module in _NAMES:
            self._patches.replace_in(module, "get_image_paths", _Paths)
            self._patches.replace_in(module, "filename_from_uri", _FileName)
            self._patches.replace_in(module, "get_preview_data", _PreviewData)
        self._patches.replace_in("gajim.common.preview", "parse_fragment", _Fragment)
        manager = getattr(app, "preview_manager", None)
        transfers = getattr(app, "ftm", None)
        if manager is not None:
            ManagedPreviews(manager, self._downloads).install(self._patches)
        elif transfers is not None:
            Transfers(transfers, self._downloads).install(self._patches)
        else:
            log.warning("Gajim fetches files in an unknown route, and does so alone")

    def remove(self) -> None:
        """Put Gajim's functions back. Downloads that are under way end."""
        self._downloads.cancel_all()
        self._patches.restore()


# In place of Gajim's functions


class _Paths:
    """The paths of a file and its thumbnail."""

    def __init__(self, before: Callable[..., tuple[Path, Path]]) -> None:
        self._before = before

    def __call__(self, uri: str, *others: object) -> tuple[Path, Path]:
        if not is_link(uri):
            return self._before(uri, *others)
        parts, *rest = others
        if isinstance(parts, ParseResult):
            parts = parts._replace(path=f"/{quote(name_of(uri))}")
        file, thumbnail = self._before(uri, parts, *rest)
        return safe_path(file, uri), safe_path(thumbnail, uri)


class _FileName:
    """The name of a file on screen."""

    def __init__(self, before: Callable[[str], str]) -> None:
        self._before = before

    def __call__(self, uri: str) -> str:
        return name_of(uri) if is_link(uri) else self._before(uri)


class _Fragment:
    """The key in a link (Gajim 1.7 and 2.1), which Gajim looks for and does not use.
    It would report each file of XEP-0448 as an error."""

    def __init__(self, before: Callable[[str], tuple[bytes, bytes]]) -> None:
        self._before = before

    def __call__(self, fragment: str) -> tuple[bytes, bytes]:
        return (b"", b"") if is_shared(fragment) else self._before(fragment)


class _PreviewData:
    """The description of a preview (Gajim 2.6)."""

    def __init__(self, before: Callable[..., PreviewData | None]) -> None:
        self._before = before

    def __call__(
        self, uri: str, *others: object, **options: object
    ) -> PreviewData | None:
        if not is_link(uri):
            return self._before(uri, *others, **options)
        if not is_valid(uri):
            return None
        name = name_of(uri)
        # Gajim takes the kind from the end of the path
        data = self._before(f"{_ANY_PLACE}{quote(name)}", *others, **options)
        if data is None:
            return None
        text = data.text.replace(data.file_name, name)
        return dataclasses.replace(data, uri=uri, file_name=name, text=text)


def _tidy_up() -> None:
    try:
        discard_leftovers(gajim_archive.downloads_folder())
    except OSError:
        log.warning("What is left of files cannot be deleted")
