# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keyboard reaches the buttons in rows, and gets out of them again."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

from ..bridge.gajim.patches import Patches
from .widgets.toolkit import embedding

if TYPE_CHECKING:
    from .gajim_windows.protocols import ChatRows

log = logging.getLogger("gajim.p.omemo_plugin")


class RowKeyboard:
    """Leads the keyboard through Gajim's lists of rows."""

    def __init__(self) -> None:
        self._led: WeakSet[ChatRows] = WeakSet()
        self._patches = Patches()

    def install(self, patches: Patches) -> None:
        """Do so in each list to which a row is added from now on."""
        view = importlib.import_module("gajim.gtk.conversation.view").ConversationView
        patches.add(self._patches.restore)
        patches.replace(view, "_insert_message", self._after)

    def _after(self, theirs: Callable[..., None]) -> Callable[..., None]:
        def insert(view: ChatRows, row: object) -> None:
            theirs(view, row)
            if view in self._led:
                return
            self._led.add(view)
            try:
                rows = embedding.as_widget(view._list_box)
                self._patches.add(embedding.lead_keyboard(rows))
            except Exception as error:
                log.warning("The keyboard gets to no row: %s", type(error).__name__)

        return insert
