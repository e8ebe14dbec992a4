# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an account goes with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge import account_removal
from omemo_plugin.bridge.account_removal import AccountRemoval
from omemo_plugin.bridge.account_removal import delete_account
from omemo_plugin.bridge.gajim import constants as gajim_constants
from omemo_plugin.bridge.gajim import folders as gajim_folders
from omemo_plugin.bridge.gajim import known_accounts
from omemo_plugin.bridge.state.leaving import AfterEnd
from omemo_plugin.bridge.state.leaving import LeavingRecord
from omemo_plugin.bridge.state.paths import Folders
from omemo_plugin.bridge.state.paths import departed_path
from omemo_plugin.bridge.state.paths import encrypted_chats_path
from omemo_plugin.bridge.state.paths import leaving_path
from omemo_plugin.bridge.state.paths import rollback_marker_path
from omemo_plugin.bridge.state.paths import store_path
from omemo_plugin.engine.engine import OmemoEngine

ME = "me@example.org"
OTHER = "other@example.org"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders(tmp_path / "data", tmp_path / "config")
    for folder in (found.data, found.config, tmp_path / "gajim"):
        folder.mkdir()
    return found


def make_identity(folders: Folders, own_jid: str) -> int:
    """Returns the id of the device."""
    engine = OmemoEngine.open(
        store_path(folders.data, own_jid),
        own_jid,
        rollback_marker=rollback_marker_path(folders.config, own_jid),
    )
    device_id = engine.device_id
    engine.flush()
    engine.close()
    encrypted_chats_path(folders.data, own_jid).write_text("[]")
    return device_id


def left(tmp_path: Path) -> set[str]:
    return {path.name for path in tmp_path.rglob("*") if path.is_file()}


def test_nothing_is_left(folders: Folders, tmp_path: Path) -> None:
    """But what belongs to another account, or to another program."""
    make_identity(folders, OTHER)
    theirs = tmp_path / "gajim" / f"omemo_{ME}.db"
    theirs.write_bytes(b"keys of another program")
    others = left(tmp_path)
    make_identity(folders, ME)
    theirs.with_name(theirs.name + ".replaced").write_bytes(b"earlier keys")
    delete_account(folders, tmp_path / "gajim", ME, is_off=True)
    assert left(tmp_path) == others


def test_the_device_leaves_later(folders: Folders, tmp_path: Path) -> None:
    """Nothing but its id stays for that."""
    device_id = make_identity(folders, ME)
    delete_account(folders, tmp_path / "gajim", ME, is_off=False)
    assert left(tmp_path) == {leaving_path(folders.data, ME).name}
    record = LeavingRecord(leaving_path(folders.data, ME))
    assert record.devices == {device_id}
    # An account that is added again is a new one
    assert record.after is AfterEnd.GO_ON
    assert not record.deleting


@pytest.mark.parametrize("is_saved", [False, True])
def test_the_only_copy_of_an_identity_stays(
    folders: Folders, tmp_path: Path, is_saved: bool
) -> None:
    record = LeavingRecord(leaving_path(folders.data, ME))
    record.begin((), AfterEnd.MOVED)
    record.files_are_gone()
    file = departed_path(folders.data, ME)
    if not is_saved:
        file.write_bytes(b"encrypted")
    delete_account(folders, tmp_path / "gajim", ME, is_off=False)
    kept = set() if is_saved else {file.name, leaving_path(folders.data, ME).name}
    assert left(tmp_path) == kept


class Gajim:
    """Removes accounts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folders: Folders) -> None:
        self.calls: list[str] = []
        self.online = True
        self.is_gone = False
        self.device_id = make_identity(folders, ME)
        self.client: Any = SimpleNamespace(account="account", _remove_account=False)
        self.done: Callable[[bool], None] | None = None
        application = SimpleNamespace(
            remove_account=lambda account: self.calls.append(f"remove {account}")
        )
        app = SimpleNamespace(
            app=application, get_jid_from_account=lambda _account: ME.title()
        )
        monkeypatch.setattr(account_removal, "app", app)
        monkeypatch.setattr(gajim_constants, "own_jid", lambda _client: ME)
        monkeypatch.setattr(gajim_constants, "client_of", lambda _account: self.client)
        monkeypatch.setattr(account_removal, "is_gone", lambda _account: self.is_gone)
        monkeypatch.setattr(
            account_removal, "before_removal", lambda _first: lambda: None
        )
        monkeypatch.setattr(
            gajim_constants, "is_available", lambda _client: self.online
        )
        monkeypatch.setattr(
            account_removal,
            "Departure",
            lambda *_args: SimpleNamespace(take_off=self._take_off),
        )
        monkeypatch.setattr(account_removal, "later", lambda call: call())
        monkeypatch.setattr(gajim_folders, "plugin_data", lambda: folders.data)
        monkeypatch.setattr(gajim_folders, "plugin_settings", lambda: folders.config)
        monkeypatch.setattr(
            gajim_folders, "gajim_data", lambda: folders.data.parent / "gajim"
        )
        # By name; of those that were there when the plugin was on last, too
        self.accounts = {"account": ME, "other": OTHER}
        self.noted: dict[str, str] = {}
        monkeypatch.setattr(known_accounts, "present", lambda: dict(self.accounts))
        monkeypatch.setattr(known_accounts, "noted", lambda: dict(self.noted))
        monkeypatch.setattr(known_accounts, "note", self._note)
        self.application = application
        module: Any = SimpleNamespace(
            device_id=self.device_id, stop=lambda: self.calls.append("stop")
        )
        self.removal = AccountRemoval(lambda _client: module)
        self.removal.start()

    def _note(self, accounts: dict[str, str]) -> None:
        self.noted = accounts

    def _take_off(self, devices: frozenset[int], done: Callable[[bool], None]) -> None:
        assert devices == {self.device_id}
        self.calls.append("take off")
        self.done = done

    def press_remove(self) -> None:
        self.removal._take_off("account", self._remove)

    def _remove(self) -> None:
        self.online = False
        self.application.remove_account("account")


@pytest.fixture
def gajim(monkeypatch: pytest.MonkeyPatch, folders: Folders) -> Gajim:
    return Gajim(monkeypatch, folders)


@pytest.mark.parametrize("complete", [False, True])
def test_the_device_leaves_first(
    gajim: Gajim, folders: Folders, tmp_path: Path, complete: bool
) -> None:
    gajim.press_remove()
    assert gajim.calls == ["stop", "take off"]
    assert store_path(folders.data, ME).exists()
    assert gajim.done is not None
    gajim.done(complete)
    assert gajim.calls == ["stop", "take off", "remove account"]
    record = leaving_path(folders.data, ME).name
    assert left(tmp_path) == (set() if complete else {record})


def test_without_a_connection(gajim: Gajim, folders: Folders, tmp_path: Path) -> None:
    gajim.online = False
    gajim.press_remove()
    assert gajim.calls == ["remove account"]
    assert left(tmp_path) == {leaving_path(folders.data, ME).name}


def test_the_server_has_deleted_the_account(gajim: Gajim, tmp_path: Path) -> None:
    gajim.is_gone = True
    gajim.application.remove_account("account")
    assert left(tmp_path) == set()


def test_an_account_that_is_removed_while_the_plugin_is_off(
    gajim: Gajim, folders: Folders, tmp_path: Path
) -> None:
    """Its keys are deleted when the plugin is on again, and not those of others."""
    make_identity(folders, OTHER)
    others = {name for name in left(tmp_path) if OTHER in name}
    gajim.removal.stop()
    gajim.application.remove_account("account")
    assert gajim.calls == ["remove account"]
    assert store_path(folders.data, ME).exists()
    del gajim.accounts["account"]
    gajim.removal.start()
    assert left(tmp_path) == others | {leaving_path(folders.data, ME).name}
    assert LeavingRecord(leaving_path(folders.data, ME)).devices == {gajim.device_id}
    assert gajim.noted == {"other": OTHER}


@pytest.mark.parametrize(
    "accounts",
    [
        pytest.param({"account": ME, "other": OTHER}, id="disabled"),
        pytest.param({"account": OTHER}, id="another-address"),
        pytest.param({"added again": ME}, id="another-name"),
    ],
)
def test_an_account_that_is_there_keeps_its_keys(
    gajim: Gajim, folders: Folders, accounts: dict[str, str]
) -> None:
    gajim.removal.stop()
    gajim.accounts = accounts
    gajim.removal.start()
    assert store_path(folders.data, ME).exists()


def test_an_account_that_gajim_never_had_keeps_its_keys(
    gajim: Gajim, folders: Folders
) -> None:
    """Gajim's settings are new, or those of a backup."""
    gajim.removal.stop()
    gajim.accounts, gajim.noted = {"other": OTHER}, {}
    gajim.removal.start()
    gajim.removal.stop()
    gajim.removal.start()
    assert store_path(folders.data, ME).exists()


def test_nothing_is_deleted_while_an_address_is_not_known(
    gajim: Gajim, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    gajim.removal.stop()

    def present() -> dict[str, str]:
        raise ValueError("an account without an address")

    monkeypatch.setattr(known_accounts, "present", present)
    before = gajim.noted
    gajim.removal.start()
    gajim.removal.stop()
    assert gajim.noted == before
    assert store_path(folders.data, ME).exists()


def test_what_cannot_be_deleted_is_deleted_later(
    gajim: Gajim, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise OSError(30, "read-only")

    gajim.removal.stop()
    gajim.accounts = {}
    monkeypatch.setattr(account_removal, "delete_account_files", refuse)
    gajim.removal.start()
    gajim.removal.stop()
    assert gajim.noted == {"account": ME, "other": OTHER}


class Settings:
    """Gajim's, with the accounts and the plugins."""

    def __init__(self) -> None:
        self.accounts = {"first": "Me@Example.org", "second": OTHER}
        self._settings: dict[str, Any] = {"plugins": {}}
        self.commits: list[str] = []

    def get_accounts(self) -> list[str]:
        return list(self.accounts)

    def _commit_settings(self, name: str) -> None:
        self.commits.append(name)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    found = Settings()
    app = SimpleNamespace(
        settings=found, get_jid_from_account=found.accounts.__getitem__
    )
    monkeypatch.setattr(known_accounts, "app", app)
    return found


def test_accounts_are_noted_in_gajims_settings(settings: Settings) -> None:
    assert known_accounts.noted() == {}
    present = {"first": ME, "second": OTHER}
    assert known_accounts.present() == present
    settings._settings["plugins"]["omemo_plugin"] = {"active": True}
    for _ in range(2):
        known_accounts.note(present)
    assert known_accounts.noted() == present
    assert settings.commits == ["plugins"]
    assert settings._settings["plugins"]["omemo_plugin"]["active"] is True


@pytest.mark.parametrize("value", [None, ["x"], {"x": 1}, {"x": None}])
def test_a_list_of_another_kind_is_none(settings: Settings, value: object) -> None:
    settings._settings["plugins"]["omemo_plugin"] = {"accounts": value}
    assert known_accounts.noted() == {}


@pytest.mark.parametrize("address", ["", "@", "a@@b"])
def test_an_account_without_an_address(settings: Settings, address: str) -> None:
    settings.accounts["third"] = address
    with pytest.raises(ValueError, match="address"):
        known_accounts.present()
