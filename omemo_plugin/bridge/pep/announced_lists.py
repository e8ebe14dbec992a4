# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Device lists that contacts announce, and this account itself."""

from __future__ import annotations

from xml.etree.ElementTree import Element as XmlElement

from ...engine.values import Protocol
from ..notices.engine_notices import EngineNotices
from ..state.known_contacts import KnownContacts
from .effects import EffectRunner


class AnnouncedLists:
    """Passes on the lists of accounts that the user knows. Nothing raises."""

    def __init__(
        self, contacts: KnownContacts, effects: EffectRunner, notices: EngineNotices
    ) -> None:
        self._contacts = contacts
        self._effects = effects
        self._notices = notices

    def came(self, jid: str, protocol: Protocol, payload: XmlElement) -> None:
        """
        An event of PEP about an account's own device list.

        Args:
            jid: the sender, which is also the account that it is about.
        """
        if self._contacts.may_be_kept(jid):
            self._effects.device_list_came(jid, protocol, payload)

    def too_long(self, jid: str) -> None:
        """A contact announced a list that is too long to be read."""
        if self._contacts.may_be_kept(jid):
            self._notices.device_list_too_long(jid)
