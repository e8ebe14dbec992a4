# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of an account, and of one contact."""

from __future__ import annotations

import pytest

from omemo_plugin.ui.presenters.settings import AccountSettings
from omemo_plugin.ui.presenters.settings import ContactSettings

from .conftest import BOB
from .conftest import OWN


class FakeSettings:
    own_jid = OWN
    problem = ""
    blind_trust = True
    encrypt_by_default = False
    plain_receipts = False
    warn_on_desktop = True
    temporary = False
    public_name = ""
    must_be_temporary = False

    def __init__(self) -> None:
        self.of: dict[str, bool | None] = {}

    def blind_trust_of(self, jid: str) -> bool | None:
        return self.of.get(jid)

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None:
        self.of[jid] = value


def test_for_an_account() -> None:
    service = FakeSettings()
    settings = AccountSettings(service)
    assert settings.heading == OWN
    assert settings.blind_trust().active
    settings.set_blind_trust(False)
    assert service.blind_trust is False
    assert not settings.encrypt_by_default().active
    settings.set_encrypt_by_default(True)
    assert settings.encrypt_by_default().active
    assert not settings.plain_receipts().active
    settings.set_plain_receipts(True)
    assert settings.plain_receipts().active


def test_a_temporary_device() -> None:
    service = FakeSettings()
    settings = AccountSettings(service)
    assert settings.can_choose_temporary
    settings.set_temporary(True)
    assert settings.temporary().active
    service.must_be_temporary = True
    assert not settings.can_choose_temporary


def test_the_name_that_others_see() -> None:
    service = FakeSettings()
    settings = AccountSettings(service)
    assert "without a name" in settings.public_name
    settings.set_public_name("Desk")
    assert settings.public_name == "Others see this device as “Desk”."
    assert settings.name_of_device() == "Desk"
    assert settings.can_choose_public_name
    # It is called a temporary device then
    service.temporary = True
    assert not settings.can_choose_public_name


@pytest.mark.parametrize(
    ("value", "expected"), [("account", None), ("trust", True), ("ask", False)]
)
def test_for_a_contact(value: str, expected: bool | None) -> None:
    service = FakeSettings()
    settings = ContactSettings(service, BOB, "Bob")
    assert settings.text == "New devices of Bob"
    assert settings.chosen() == "account"
    settings.choose(value)
    assert service.of == {BOB: expected}
    assert settings.chosen() == value
    assert value in dict(settings.choices())


def test_the_setting_of_the_account_is_shown() -> None:
    service = FakeSettings()
    before = dict(ContactSettings(service, BOB, "Bob").choices())["account"]
    service.blind_trust = False
    assert dict(ContactSettings(service, BOB, "Bob").choices())["account"] != before


def test_without_keys_it_says_why() -> None:
    service = FakeSettings()
    service.problem = "the disk is full."
    assert "the disk is full." in AccountSettings(service).problem
