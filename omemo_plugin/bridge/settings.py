# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of an account, and of its contacts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.engine import OmemoEngine
from .gajim import constants as gajim_constants
from .gajim import settings as gajim_settings
from .log import guard
from .pep.effects import EffectRunner
from .pep.temporary_devices import LABEL
from .pep.temporary_devices import Farewell
from .pep.temporary_devices import is_forced
from .state.keystore import Keystore
from .state.settings_file import SettingsFile

if TYPE_CHECKING:
    from .gajim.protocols import Client

_BY_DEFAULT = "encrypt_by_default"
_INTRODUCED = "introduced"
_TEMPORARY = "temporary_device"
_PLAIN_RECEIPTS = "plain_receipts"
_WARN_ON_DESKTOP = "warn_on_desktop"


class Settings:
    """
    The settings of one account. A setting that Gajim has is kept there, any other
    in the key store or in a file of our own. Nothing raises.
    """

    def __init__(
        self,
        client: Client,
        own_jid: str,
        keystore: Keystore,
        effects: EffectRunner,
        path: Path,
    ) -> None:
        """
        Args:
            path: of the file for settings that Gajim does not have.
        """
        self.own_jid = own_jid
        self._client = client
        self._account = client.account
        self._keystore = keystore
        self._effects = effects
        self._file = SettingsFile(path)
        self._farewell: Farewell | None = None
        self._become_temporary()
        self.follow_blind_trust()
        if gajim_settings.needs_default(self._account):
            # It would be off
            gajim_settings.set_encrypt_by_default(self._account, True)

    def close(self) -> None:
        """Let the account go offline without a farewell."""
        if self._farewell is not None:
            self._farewell.remove()
            self._farewell = None

    @property
    def problem(self) -> str:
        """Why no setting can be changed; '' if it can."""
        return self._keystore.problem

    def _set(self, name: str, value: bool) -> None:
        with guard("writing the settings"):
            self._file.set(name, value)

    # New devices

    @property
    def blind_trust(self) -> bool:
        """Whether devices of contacts that the user has not verified are trusted."""
        engine = self._keystore.engine
        return engine is not None and engine.trust.blind_trust

    @blind_trust.setter
    def blind_trust(self, value: bool) -> None:
        def set_it(engine: OmemoEngine) -> None:
            engine.trust.blind_trust = value

        self._effects.call("setting blind trust", set_it)
        gajim_settings.set_blind_trust(self._account, value)

    def follow_blind_trust(self) -> None:
        """Gajim's own setting counts, where it has one."""
        value = gajim_settings.blind_trust(self._account)
        if value is not None and value != self.blind_trust:
            self.blind_trust = value

    def blind_trust_of(self, jid: str) -> bool | None:
        """The setting of a contact; None if the account's counts."""
        engine = self._keystore.engine
        return None if engine is None else engine.trust.blind_trust_of(jid)

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        self._effects.call(
            "setting blind trust",
            lambda engine: engine.trust.set_blind_trust_of(jid, value),
        )

    # Encryption

    @property
    def encrypt_by_default(self) -> bool:
        """Whether chats and private rooms are encrypted if nothing else was
        chosen for them."""
        value = gajim_settings.encrypts_by_default(self._account)
        if value is None:
            return self._file.get(_BY_DEFAULT, default=True)
        return value

    @encrypt_by_default.setter
    def encrypt_by_default(self, value: bool) -> None:
        if not gajim_settings.set_encrypt_by_default(self._account, value):
            self._set(_BY_DEFAULT, value)

    @property
    def introduced(self) -> bool:
        """Whether the user has read that chats are encrypted by themselves."""
        return self._file.get(_INTRODUCED)

    @introduced.setter
    def introduced(self, value: bool) -> None:
        self._set(_INTRODUCED, value)
        if value:
            self.publish()

    def publish(self) -> None:
        """This device is to be used: publish its keys, if they have waited."""
        self._effects.call(
            "beginning to publish", lambda engine: engine.publication.begin()
        )

    def wait_for_user(self) -> None:
        """
        Publish no key of a device that has just been made before the user has read
        the first page: there may be the file of an identity from another computer.

        A temporary device does not wait: it is not there for an identity to stay.
        """
        if not self.introduced and not self.temporary:
            self._effects.call(
                "waiting to publish", lambda engine: engine.publication.wait()
            )

    @property
    def warn_on_desktop(self) -> bool:
        """Whether alarms are notifications of the desktop as well."""
        return self._file.get(_WARN_ON_DESKTOP, default=True)

    @warn_on_desktop.setter
    def warn_on_desktop(self, value: bool) -> None:
        self._set(_WARN_ON_DESKTOP, value)

    @property
    def plain_receipts(self) -> bool:
        """Whether senders whose programs read only the older OMEMO get receipts
        that are not encrypted."""
        return self._file.get(_PLAIN_RECEIPTS)

    @plain_receipts.setter
    def plain_receipts(self, value: bool) -> None:
        self._set(_PLAIN_RECEIPTS, value)

    # The name of this device

    @property
    def public_name(self) -> str:
        """The name of this device that others can see; '' for none."""
        engine = self._keystore.engine
        return "" if engine is None else engine.publication.chosen_label or ""

    @public_name.setter
    def public_name(self, value: str) -> None:
        self._effects.call(
            "naming this device",
            lambda engine: engine.publication.choose_label(value),
        )
        # A temporary device is called one
        self._become_temporary()
        self._publish_again()

    # Temporary devices

    @property
    def temporary(self) -> bool:
        """Whether this device removes itself from the server when the account
        goes offline."""
        return self.must_be_temporary or self._file.get(_TEMPORARY)

    @temporary.setter
    def temporary(self, value: bool) -> None:
        self._set(_TEMPORARY, value)
        self._become_temporary()
        self._publish_again()

    def _publish_again(self) -> None:
        if gajim_constants.is_available(self._client):
            self._effects.call(
                "publishing again", lambda engine: engine.keys.publish_again()
            )

    @property
    def must_be_temporary(self) -> bool:
        """Whether that cannot be chosen, because this system keeps nothing."""
        return is_forced()

    def _become_temporary(self) -> None:
        """Do as the setting says."""
        engine, temporary = self._keystore.engine, self.temporary
        if engine is None:
            return
        engine.temporary.active = temporary
        chosen = engine.publication.chosen_label
        engine.publication.label = LABEL if temporary else chosen
        if temporary and self._farewell is None:
            self._farewell = Farewell(self._client, self._withdraw)
        elif not temporary:
            self.close()

    def _withdraw(self, done: Callable[[], None]) -> None:
        engine = self._keystore.engine
        self._effects.withdraw(0 if engine is None else engine.device_id, done)


def is_temporary(path: Path) -> bool:
    """
    Whether the device of an account is a temporary one by the user's choice.

    Args:
        path: of the account's file of settings.
    """
    return SettingsFile(path).get(_TEMPORARY)
