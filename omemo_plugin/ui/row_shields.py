# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The shields of Gajim's own rows: the same pictures, words and colours as in the
windows of this plugin, and a mark on each row that was not encrypted.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import NamedTuple

from gajim.common.const import TRUST_SYMBOL_DATA
from gajim.common.const import Trust as GajimTrust

from ..bridge.gajim.patches import Patches
from .gajim_windows.rows import LEVELS
from .gajim_windows.rows import row_module
from .presenters import badges
from .presenters.badges import Badge
from .presenters.situation import OMEMO
from .widgets.toolkit import Image
from .widgets.toolkit import embedding
from .widgets.toolkit import widgets

if TYPE_CHECKING:
    from ..bridge.gajim.protocols import Contact
    from .gajim_windows.protocols import MessageRow
    from .gajim_windows.protocols import NewMessageRow
    from .gajim_windows.protocols import OldMessageRow
    from .gajim_windows.protocols import StoredEncryption

log = logging.getLogger("gajim.p.omemo_plugin")

# In place of the key of a message that was not opened
_NO_KEY = (None, "", "Unknown")


class _Encryption(NamedTuple):
    """The encryption of a message, as Gajim has kept it."""

    key: str | None
    trust: int
    name: str


_Shown = tuple[str, str, str] | None
_Data = Callable[["NewMessageRow", "StoredEncryption | None"], _Shown]
_Image = Callable[["OldMessageRow", Mapping[str, object]], Image | None]


class RowShields:
    """Puts the shields into Gajim's rows."""

    def __init__(
        self,
        is_concerned: Callable[[Contact], bool],
        device_name: Callable[[Contact, str], str],
    ) -> None:
        """
        Args:
            is_concerned: whether a row in the chat with a contact that was not
                encrypted is to be marked.
            device_name: what the device with a key is called; '' if it is not
                known.
        """
        self._is_concerned = is_concerned
        self._device_name = device_name

    def install(self, patches: Patches) -> None:
        """Change the rows that are made from now on."""
        self._replace_table(patches)
        rows = row_module()
        if hasattr(rows.MessageRow, "_get_encryption_data"):
            patches.replace(rows.MessageRow, "_get_encryption_data", self._data)
        else:
            patches.replace(rows.MessageRow, "_get_encryption_image", self._image)

    @staticmethod
    def _replace_table(patches: Patches) -> None:
        """Gajim looks levels of trust up in one table."""
        before = dict(TRUST_SYMBOL_DATA)
        for level, trust in LEVELS.items():
            badge = badges.of_trust(trust)
            data = (badge.icon.value, badge.text, badge.tone.value)
            TRUST_SYMBOL_DATA[level] = data
        patches.add(lambda: TRUST_SYMBOL_DATA.update(before))

    def _badge(
        self, row: MessageRow, found: _Encryption | None
    ) -> tuple[Badge, str] | None:
        """The badge of a row, and the name of the device; None for no badge."""
        contact = row._contact
        if found is None:
            if not self._is_concerned(contact):
                return None
            return badges.not_encrypted(), ""
        if found.name != OMEMO:
            # SECURITY: a server can add a key for another encryption, which Gajim
            # trusts without a word
            return badges.other_encryption(), ""
        level = GajimTrust(found.trust)
        if level is GajimTrust.UNTRUSTED and found.key in _NO_KEY:
            return badges.not_opened(), ""
        name = ""
        if found.key not in _NO_KEY:
            name = self._device_name(contact, str(found.key))
        return badges.of_trust(LEVELS[level]), name

    def _data(self, theirs: _Data) -> _Data:
        """Replace Gajim 2's icon, its colour and its tooltip."""

        def data(row: NewMessageRow, encryption: StoredEncryption | None) -> _Shown:
            try:
                found = None
                if encryption is not None:
                    if _is_others(row, encryption.protocol):
                        return theirs(row, encryption)
                    found = _Encryption(
                        encryption.key, encryption.trust, encryption.protocol
                    )
                shown = self._badge(row, found)
            except Exception as error:
                log.warning("A row keeps its shield: %s", type(error).__name__)
                return theirs(row, encryption)
            if shown is None:
                return None
            badge, name = shown
            return badge.icon.value, badge.tone.value, _tooltip(badge, name)

        return data

    def _image(self, theirs: _Image) -> _Image:
        """Replace Gajim 1's image."""

        def image(
            row: OldMessageRow, additional_data: Mapping[str, object]
        ) -> Image | None:
            try:
                found = None
                details = row._get_encryption_details(additional_data)
                if details is not None:
                    name, key, trust = details
                    if _is_others(row, name) or (trust is None and name == OMEMO):
                        return theirs(row, additional_data)
                    found = _Encryption(key, trust or 0, name)
                shown = self._badge(row, found)
            except Exception as error:
                log.warning("A row keeps its shield: %s", type(error).__name__)
                return theirs(row, additional_data)
            if shown is None:
                return None
            badge, name = shown
            made = widgets.icon(badge.icon.value, 16, classes=(badge.tone.value,))
            made.set_tooltip_markup(_tooltip(badge, name))
            embedding.name_image(made, badge.text)
            made.show()
            return made

        return image


def _is_others(row: MessageRow, name: str) -> bool:
    """Whether a message was encrypted by another plugin, in a chat for which the user
    has chosen OMEMO no more than that."""
    chosen = row._contact.settings.get("encryption")
    return OMEMO not in (name, chosen)


def _tooltip(badge: Badge, device: str) -> str:
    lines = [badge.text, badge.meaning, device]
    return "\n".join(html.escape(line) for line in lines if line)
