# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of an account, and of one contact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ...foreign_text import quoted
from ...i18n import _

if TYPE_CHECKING:
    from .ports import SettingsService


class NewDeviceTrust(Enum):
    """The trust in new devices of a contact."""

    AS_ACCOUNT = "account"
    TRUST = "trust"
    ASK = "ask"


@dataclass(frozen=True)
class Switch:
    """
    Attributes:
        text: what it does when it is on.
        description: what follows from that.
    """

    text: str
    description: str
    active: bool


class AccountSettings:
    """The content of an account's part of the preferences."""

    def __init__(self, service: SettingsService) -> None:
        self._service = service

    @property
    def heading(self) -> str:
        return self._service.own_jid

    @property
    def problem(self) -> str:
        """Why nothing can be chosen; '' if it can."""
        if not self._service.problem:
            return ""
        return f"{_('Encryption does not work.')} {self._service.problem}"

    def blind_trust(self) -> Switch:
        return Switch(
            _("Send to new devices at once, until you verify the contact"),
            _("More convenient. Switched off, you decide about every device."),
            self._service.blind_trust,
        )

    def set_blind_trust(self, value: bool) -> None:
        self._service.blind_trust = value

    def encrypt_by_default(self) -> Switch:
        return Switch(
            _("Encrypt all chats"),
            _("If somebody’s app cannot do it, you are asked."),
            self._service.encrypt_by_default,
        )

    def set_encrypt_by_default(self, value: bool) -> None:
        self._service.encrypt_by_default = value

    def warn_on_desktop(self) -> Switch:
        return Switch(
            _("Warn on the desktop"),
            _("Warnings about devices also appear outside Gajim."),
            self._service.warn_on_desktop,
        )

    def set_warn_on_desktop(self, value: bool) -> None:
        self._service.warn_on_desktop = value

    def plain_receipts(self) -> Switch:
        return Switch(
            _("Tell older apps that messages have arrived"),
            _("Cannot be encrypted: the servers see it too."),
            self._service.plain_receipts,
        )

    def set_plain_receipts(self, value: bool) -> None:
        self._service.plain_receipts = value

    @property
    def can_choose_temporary(self) -> bool:
        """Not where nothing of Gajim's is kept."""
        return not self._service.must_be_temporary

    def temporary(self) -> Switch:
        return Switch(
            _("Temporary device"),
            _(
                "It is removed when you go offline. Messages in the meantime cannot "
                "be read here."
            ),
            self._service.temporary,
        )

    def set_temporary(self, value: bool) -> None:
        self._service.temporary = value

    @property
    def can_choose_public_name(self) -> bool:
        """Whether the device does not say by its name that it is a temporary one."""
        return not self._service.temporary

    @property
    def public_name(self) -> str:
        """What others see of it, in a sentence."""
        name = self._service.public_name
        if not name:
            return _("Others see this device without a name.")
        return _("Others see this device as {name}.").format(name=quoted(name, 53))

    def name_of_device(self) -> str:
        """The name alone, for an input; '' for none."""
        return self._service.public_name

    def set_public_name(self, value: str) -> None:
        self._service.public_name = value


class ContactSettings:
    """The content of a contact's part of "Encryption details"."""

    def __init__(self, service: SettingsService, jid: str, name: str) -> None:
        """
        Args:
            name: what the user calls the contact.
        """
        self._service = service
        self._jid = jid
        self._name = name

    @property
    def text(self) -> str:
        return _("New devices of {name}").format(name=self._name)

    def choices(self) -> list[tuple[str, str]]:
        """The possible choices: values and texts."""
        if self._service.blind_trust:
            account = _("As for the account: at once")
        else:
            account = _("As for the account: only after I decide")
        return [
            (NewDeviceTrust.AS_ACCOUNT.value, account),
            (NewDeviceTrust.TRUST.value, _("At once, until one is verified")),
            (NewDeviceTrust.ASK.value, _("Only after I decide")),
        ]

    def chosen(self) -> str:
        """One of the values."""
        value = self._service.blind_trust_of(self._jid)
        if value is None:
            return NewDeviceTrust.AS_ACCOUNT.value
        chosen: NewDeviceTrust = NewDeviceTrust.TRUST if value else NewDeviceTrust.ASK
        return str(chosen.value)

    def choose(self, value: str) -> None:
        self._service.set_blind_trust_of(
            self._jid,
            {
                NewDeviceTrust.AS_ACCOUNT: None,
                NewDeviceTrust.TRUST: True,
                NewDeviceTrust.ASK: False,
            }[NewDeviceTrust(value)],
        )
