# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key of an account goes to the other OMEMO of this Gajim."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge import giving_back
from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.gajim import folders as gajim_folders
from omemo_plugin.bridge.gajim import other_plugin
from omemo_plugin.bridge.giving_back import GivingBack
from omemo_plugin.bridge.notices import texts
from omemo_plugin.bridge.state.leaving import LeavingRecord
from omemo_plugin.bridge.state.paths import leaving_path
from omemo_plugin.bridge.state.paths import settings_path
from omemo_plugin.bridge.state.settings_file import SettingsFile
from omemo_plugin.bridge.values import KeyReceiver
from omemo_plugin.engine.errors import EarlierStoreInUse
from omemo_plugin.engine.values import Protocol

ME = "me@example.org"
OURS = 7
THEIRS = 8

Done = Callable[[bool], None]


class FakeDeparture:
    """Notes what has to leave the server."""

    asked: list[tuple[frozenset[int], tuple[Protocol, ...], Done]]

    def __init__(self, _client: object, _own_jid: str) -> None:
        self.asked = []

    def take_off(
        self,
        devices: frozenset[int],
        done: Done,
        protocols: Collection[Protocol] = tuple(Protocol),
    ) -> None:
        self.asked.append((devices, tuple(protocols), done))


class Account:
    """One account of Gajim 2."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.calls: list[str] = []
        self.folder = folder
        self.online = True
        self.said: list[str] = []
        self.given = 0
        self.error: Exception | None = None
        self.device = OURS
        self.rooms: Any = object()
        client = SimpleNamespace(account="account")
        app = SimpleNamespace(get_clients=lambda: [client])
        builtin: Any = SimpleNamespace(
            close_store=lambda _client: self.calls.append("close"),
            renew=lambda _client, _module: self.calls.append("renew"),
        )
        # The real one needs Gajim 2
        name = "omemo_plugin.bridge.gajim.builtin_takeover"
        monkeypatch.setitem(sys.modules, name, builtin)
        monkeypatch.delattr(
            sys.modules["omemo_plugin.bridge.gajim"], "builtin_takeover", raising=False
        )
        monkeypatch.setattr(giving_back, "app", app)
        monkeypatch.setattr(giving_back, "Departure", FakeDeparture)
        store = SimpleNamespace(
            device_to_give=lambda: self.device, give=self._give_to_other
        )
        monkeypatch.setattr(giving_back, "EarlierStore", lambda *_files: store)
        monkeypatch.setattr(gajim_constants, "HAS_BUILTIN_OMEMO", True)
        monkeypatch.setattr(gajim_constants, "own_jid", lambda _client: ME)
        monkeypatch.setattr(
            gajim_constants, "is_available", lambda _client: self.online
        )
        for name in ("plugin_data", "plugin_settings", "gajim_data"):
            monkeypatch.setattr(gajim_folders, name, lambda: folder)

    def offer(self) -> GivingBack:
        (offer,) = giving_back.offers({"account": self.rooms})
        return offer

    def give(self) -> FakeDeparture:
        offer = self.offer()
        offer.give(self.said.append)
        departure: Any = offer._departure
        assert isinstance(departure, FakeDeparture)
        return departure

    def _give_to_other(self) -> int:
        if self.error is not None:
            raise self.error
        self.calls.append("give")
        self.given += 1
        return THEIRS


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    return Account(monkeypatch, tmp_path)


def test_the_device_leaves_omemo_2_before_the_key_is_given(account: Account) -> None:
    departure = account.give()
    ((devices, protocols, done),) = departure.asked
    assert devices == {OURS}
    assert protocols == (Protocol.OMEMO_2,)
    assert account.given == 0
    assert account.said == []
    done(True)
    assert account.given == 1
    assert account.said == [""]
    # Nothing uses the file while it changes hands
    assert account.calls == ["close", "give", "renew"]
    devices, protocols, done = departure.asked[1]
    assert devices == {THEIRS}
    assert set(protocols) == set(Protocol)
    # Until it has left, a later start goes on with it
    record = leaving_path(account.folder, ME)
    assert LeavingRecord(record).devices == {THEIRS}
    done(True)
    assert not record.exists()


def test_a_server_that_does_not_answer(account: Account) -> None:
    departure = account.give()
    departure.asked[0][2](False)
    assert account.given == 0
    assert account.said == [texts.server_did_not_answer()]


def test_without_a_connection(account: Account) -> None:
    account.online = False
    assert account.give().asked == []
    assert account.said == [texts.not_connected_to_give()]


def test_what_fails_is_said(account: Account) -> None:
    account.error = EarlierStoreInUse("locked")
    departure = account.give()
    departure.asked[0][2](True)
    assert account.said == [texts.key_not_given()]
    # It goes on with its own keys
    assert account.calls == ["close", "renew"]
    assert len(departure.asked) == 1


class OtherPlugin:
    """gajim-omemo in Gajim 1.7, as its plugin manager knows it."""

    active = False
    activatable = True

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        self._calls = account.calls
        monkeypatch.setattr(gajim_constants, "HAS_BUILTIN_OMEMO", False)
        manager = SimpleNamespace(
            get_plugin={"omemo": self}.get,
            activate_plugin=lambda plugin: plugin.activatable and plugin.switch(True),
            deactivate_plugin=lambda plugin: plugin.switch(False),
        )
        app = SimpleNamespace(plugin_manager=manager)
        monkeypatch.setattr(other_plugin, "app", app)

    def switch(self, active: bool) -> None:
        assert self.active is not active
        self.active = active
        self._calls.append("on" if active else "off")


@pytest.fixture
def other(account: Account, monkeypatch: pytest.MonkeyPatch) -> OtherPlugin:
    return OtherPlugin(account, monkeypatch)


@pytest.mark.parametrize("was_on", [False, True])
def test_gajim_omemo_is_off_while_it_gets_the_key(
    account: Account, other: OtherPlugin, was_on: bool
) -> None:
    """It has been switched on when another account's key was given."""
    other.active = was_on
    departure = account.give()
    ((_devices, _protocols, done),) = departure.asked
    assert account.calls == []
    done(True)
    assert account.said == [""]
    assert account.calls == [*(["off"] if was_on else []), "give", "on"]
    assert departure.asked[1][0] == {THEIRS}


@pytest.mark.parametrize("was_on", [False, True])
def test_gajim_omemo_that_did_not_get_the_key_stays_as_it_was(
    account: Account, other: OtherPlugin, was_on: bool
) -> None:
    """It would make one of its own."""
    other.active = was_on
    account.error = EarlierStoreInUse("locked")
    account.give().asked[0][2](True)
    assert account.said == [texts.key_not_given()]
    assert other.active is was_on


class Reader:
    """Notes since when it reads, and until when."""

    def __init__(self, account: Account, device_id: int, rooms: object) -> None:
        assert (device_id, rooms) == (OURS, account.rooms)
        self._account = account
        account.calls.append("read")

    def close(self) -> None:
        self._account.calls.append("read nothing")


@pytest.fixture
def reading(account: Account, monkeypatch: pytest.MonkeyPatch) -> GivingBack:
    monkeypatch.setattr(
        giving_back,
        "OffReader",
        lambda _client, device_id, rooms: Reader(account, device_id, rooms),
    )
    offer = account.offer()
    offer.start()
    assert account.calls == ["read"]
    account.calls.clear()
    return offer


def _give(offer: GivingBack, account: Account, answers: bool = True) -> None:
    offer.give(account.said.append)
    departure: Any = offer._departure
    # As long as the server has not answered
    assert account.calls == []
    departure.asked[0][2](answers)


def test_what_comes_meanwhile_is_read(account: Account, reading: GivingBack) -> None:
    _give(reading, account)
    assert account.calls == ["read nothing", "close", "give", "renew"]
    reading.close()
    assert len(account.calls) == 4


def test_it_is_read_on_when_the_key_was_not_given(
    account: Account, reading: GivingBack
) -> None:
    account.error = EarlierStoreInUse("locked")
    _give(reading, account)
    assert account.calls == ["read nothing", "close", "renew", "read"]


def test_it_is_read_on_when_the_server_does_not_answer(
    account: Account, reading: GivingBack
) -> None:
    _give(reading, account, answers=False)
    assert account.calls == []


def test_it_is_read_until_the_end_of_the_window(
    account: Account, reading: GivingBack
) -> None:
    reading.close()
    reading.close()
    assert account.calls == ["read nothing"]


@pytest.mark.parametrize("is_there", [False, True])
def test_gajim_omemo_may_be_installed_later(
    account: Account,
    other: OtherPlugin,
    monkeypatch: pytest.MonkeyPatch,
    is_there: bool,
) -> None:
    """It is not there, or misses a library. The key waits for it."""
    assert account.offer().receiver is KeyReceiver.PLUGIN
    other.activatable = False
    if not is_there:
        app = SimpleNamespace(
            plugin_manager=SimpleNamespace(get_plugin=lambda _name: None)
        )
        monkeypatch.setattr(other_plugin, "app", app)
    assert account.offer().receiver is KeyReceiver.LATER_PLUGIN
    account.give().asked[0][2](True)
    assert account.calls == ["give"]
    assert account.said == [""]


def test_without_a_key_nothing_is_offered(account: Account) -> None:
    account.device = 0
    assert giving_back.offers({}) == []


def test_a_temporary_device_is_not_given(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(giving_back.offers({})) == 1
    SettingsFile(settings_path(account.folder, ME)).set("temporary_device", True)
    assert giving_back.offers({}) == []
    monkeypatch.setattr(giving_back, "is_forced", lambda: True)
    SettingsFile(settings_path(account.folder, ME)).set("temporary_device", False)
    assert giving_back.offers({}) == []
