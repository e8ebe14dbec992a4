# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user can choose for one account, and for one of its contacts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..engine.engine import OmemoEngine
from . import compat
from .errands import Errands
from .failures import report
from .keystore import Keystore
from .preferences import Preferences
from .temporary import LABEL
from .temporary import Farewell
from .temporary import is_forced

_BY_DEFAULT = "encrypt_by_default"
_TEMPORARY = "temporary_device"
_PLAIN_RECEIPTS = "plain_receipts"


class Choices:
    """
    The choices of one account. What Gajim has a setting for is kept there, the
    rest in the key store or in a file of our own. Nothing raises.
    """

    def __init__(
        self,
        client: Any,
        own_jid: str,
        keystore: Keystore,
        errands: Errands,
        path: Path,
    ) -> None:
        """
        Args:
            path: of what Gajim has no setting for.
        """
        self.own_jid = own_jid
        self._client = client
        self._account: str = client.account
        self._keystore = keystore
        self._errands = errands
        self._preferences = Preferences(path)
        self._farewell: Farewell | None = None
        self._become_temporary()
        self.follow_blind_trust()

    def close(self) -> None:
        if self._farewell is not None:
            self._farewell.remove()
            self._farewell = None

    @property
    def problem(self) -> str:
        """Why nothing can be chosen; '' if it can."""
        return self._keystore.problem

    def _prefer(self, name: str, value: bool) -> None:
        try:
            self._preferences.set(name, value)
        except OSError as error:
            report("writing the preferences", error)

    # New devices

    @property
    def blind_trust(self) -> bool:
        """Whether devices of contacts nobody verified are trusted."""
        engine = self._keystore.engine
        return engine is not None and engine.blind_trust

    @blind_trust.setter
    def blind_trust(self, value: bool) -> None:
        def choose(engine: OmemoEngine) -> None:
            engine.blind_trust = value

        self._errands.call("choosing blind trust", choose)
        compat.set_blind_trust(self._account, value)

    def follow_blind_trust(self) -> None:
        """Gajim's own setting counts, where it has one."""
        value = compat.blind_trust(self._account)
        if value is not None and value != self.blind_trust:
            self.blind_trust = value

    def blind_trust_of(self, jid: str) -> bool | None:
        """What was chosen for a contact; None for what holds for the account."""
        engine = self._keystore.engine
        return None if engine is None else engine.blind_trust_of(jid)

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        self._errands.call(
            "choosing blind trust",
            lambda engine: engine.set_blind_trust_of(jid, value),
        )

    # What is encrypted

    @property
    def encrypt_by_default(self) -> bool:
        """Whether chats and private rooms are encrypted if nothing else was
        chosen for them."""
        value = compat.encrypts_by_default(self._account)
        return self._preferences.get(_BY_DEFAULT) if value is None else value

    @encrypt_by_default.setter
    def encrypt_by_default(self, value: bool) -> None:
        if not compat.set_encrypt_by_default(self._account, value):
            self._prefer(_BY_DEFAULT, value)

    def wants_encryption(self, contact: Any) -> bool:
        """Whether encryption is to be switched on in a chat that is opened,
        because nothing was chosen for it. Gajim 2 does so by itself."""
        return (
            self._preferences.get(_BY_DEFAULT)
            and compat.encrypts_by_default(self._account) is None
            and not compat.has_chosen_encryption(contact)
            and compat.can_be_encrypted(contact)
        )

    @property
    def plain_receipts(self) -> bool:
        """Whether those whose programs read the older OMEMO alone are told, not
        encrypted, that their messages have come."""
        return self._preferences.get(_PLAIN_RECEIPTS)

    @plain_receipts.setter
    def plain_receipts(self, value: bool) -> None:
        self._prefer(_PLAIN_RECEIPTS, value)

    # How long this device is there

    @property
    def temporary(self) -> bool:
        """Whether this device takes itself off the server when the account goes
        offline."""
        return self.must_be_temporary or self._preferences.get(_TEMPORARY)

    @temporary.setter
    def temporary(self, value: bool) -> None:
        self._prefer(_TEMPORARY, value)
        self._become_temporary()
        if compat.is_available(self._client):
            self._errands.call(
                "publishing again", lambda engine: engine.publish_again()
            )

    @property
    def must_be_temporary(self) -> bool:
        """Whether that cannot be chosen, because nothing here is kept."""
        return is_forced()

    def _become_temporary(self) -> None:
        """As it was chosen."""
        engine, temporary = self._keystore.engine, self.temporary
        if engine is None:
            return
        engine.temporary = temporary
        engine.label = LABEL if temporary else None
        if temporary and self._farewell is None:
            self._farewell = Farewell(self._client, self._take_leave)
        elif not temporary:
            self.close()

    def _take_leave(self, done: Callable[[], None]) -> None:
        engine = self._keystore.engine
        self._errands.withdraw(0 if engine is None else engine.device_id, done)
