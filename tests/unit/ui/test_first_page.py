# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said once, when the plugin has been switched on."""

from __future__ import annotations

from omemo_plugin.ui.presenters.first_page import FirstPage

from .conftest import BOB
from .conftest import OWN


class FakeFirstPageSettings:
    """Of an account. Counts how often the default is written."""

    must_be_temporary = False
    introduced = False
    public_name = ""

    def __init__(self, own_jid: str = OWN, *, encrypts: bool = True) -> None:
        self.own_jid = own_jid
        self.written: list[bool] = []
        self._encrypts = encrypts

    @property
    def encrypt_by_default(self) -> bool:
        return self._encrypts

    @encrypt_by_default.setter
    def encrypt_by_default(self, value: bool) -> None:
        self._encrypts = value
        self.written.append(value)


def test_whoever_only_reads_it_changes_nothing() -> None:
    for encrypts in (True, False):
        settings = FakeFirstPageSettings(encrypts=encrypts)
        page = FirstPage([settings])
        assert [one.switch.active for one in page.accounts()] == [encrypts]
        page.answer()
        assert settings.introduced
        assert settings.written == []


def test_each_account_has_a_switch() -> None:
    first, second = FakeFirstPageSettings(), FakeFirstPageSettings(BOB)
    page = FirstPage([first, second])
    assert [one.address for one in page.accounts()] == [OWN, BOB]
    page.choose(1, value=False)
    assert [one.switch.active for one in page.accounts()] == [True, False]
    # Not before the page is answered
    assert second.written == []
    page.answer()
    assert first.written == []
    assert second.written == [False]
    assert first.introduced
    assert second.introduced


def test_what_the_preferences_changed_meanwhile_stays() -> None:
    settings = FakeFirstPageSettings()
    page = FirstPage([settings])
    settings.encrypt_by_default = False
    page.answer()
    assert settings.written == [False]


def test_a_device_that_is_not_kept_says_so() -> None:
    settings = FakeFirstPageSettings()
    assert FirstPage([settings]).accounts()[0].note == ""
    settings.must_be_temporary = True
    assert "when you shut down" in FirstPage([settings]).accounts()[0].note


def test_this_device_gets_a_name() -> None:
    first, second = FakeFirstPageSettings(), FakeFirstPageSettings(BOB)
    second.public_name = "laptop"
    page = FirstPage([first, second])
    assert [one.name for one in page.accounts()] == ["", "laptop"]
    page.choose_name(0, " tower ")
    # Not before the page is answered
    assert first.public_name == ""
    page.answer()
    assert first.public_name == "tower"
    assert second.public_name == "laptop"
    # A temporary device is called one
    first.must_be_temporary = True
    assert page.accounts()[0].name is None
