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
        self.application = application
        module: Any = SimpleNamespace(
            device_id=self.device_id, stop=lambda: self.calls.append("stop")
        )
        self.removal = AccountRemoval(lambda _client: module)
        self.removal.start()

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


def test_when_the_plugin_is_off_nothing_is_deleted(
    gajim: Gajim, folders: Folders
) -> None:
    gajim.removal.stop()
    gajim.application.remove_account("account")
    assert gajim.calls == ["remove account"]
    assert store_path(folders.data, ME).exists()
