# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be chosen for an account, and for one contact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...bridge.i18n import _
from .ports import SettingsService


class NewDevices(Enum):
    """What happens to new devices of a contact."""

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
    """Behind the part of the preferences that is about one account."""

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
        return _("OMEMO does not work: {reason}").format(reason=self._service.problem)

    def blind_trust(self) -> Switch:
        return Switch(
            _("Trust new devices until you verify one"),
            _(
                "As long as you have verified nothing of a contact, their new "
                "devices get your messages at once. Otherwise you are asked."
            ),
            self._service.blind_trust,
        )

    def set_blind_trust(self, value: bool) -> None:
        self._service.blind_trust = value

    def encrypt_by_default(self) -> Switch:
        return Switch(
            _("Encrypt by default"),
            _(
                "Chats and private rooms are encrypted unless you switch it off "
                "for one of them."
            ),
            self._service.encrypt_by_default,
        )

    def set_encrypt_by_default(self, value: bool) -> None:
        self._service.encrypt_by_default = value

    def plain_receipts(self) -> Switch:
        return Switch(
            _("Receipts for older programs"),
            _(
                "Contacts whose programs use the older OMEMO see that their "
                "messages have come. This cannot be encrypted: the servers see it "
                "too."
            ),
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
                "This device takes itself off your account when you go offline, "
                "and its name says so. Messages that come meanwhile cannot be "
                "read here."
            ),
            self._service.temporary,
        )

    def set_temporary(self, value: bool) -> None:
        self._service.temporary = value


class ContactSettings:
    """Behind the part of "Encryption details" that is about one contact."""

    def __init__(self, service: SettingsService, jid: str) -> None:
        self._service = service
        self._jid = jid

    @property
    def text(self) -> str:
        return _("New devices")

    def choices(self) -> list[tuple[str, str]]:
        """What can be chosen: the value, and what is written."""
        if self._service.blind_trust:
            account = _("As for the account: trust until one is verified")
        else:
            account = _("As for the account: ask")
        return [
            (NewDevices.AS_ACCOUNT.value, account),
            (NewDevices.TRUST.value, _("Trust until one is verified")),
            (NewDevices.ASK.value, _("Always ask")),
        ]

    def chosen(self) -> str:
        """One of the values."""
        value = self._service.blind_trust_of(self._jid)
        if value is None:
            return NewDevices.AS_ACCOUNT.value
        chosen: NewDevices = NewDevices.TRUST if value else NewDevices.ASK
        return str(chosen.value)

    def choose(self, value: str) -> None:
        self._service.set_blind_trust_of(
            self._jid,
            {
                NewDevices.AS_ACCOUNT: None,
                NewDevices.TRUST: True,
                NewDevices.ASK: False,
            }[NewDevices(value)],
        )
