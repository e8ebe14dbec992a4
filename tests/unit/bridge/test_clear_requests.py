# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gajim.common import app
from gi.repository import GLib

from omemo_plugin.bridge.outgoing.clear_requests import ClearRequests
from tests.support.waiting import wait_for

ROOM = "den@rooms.example.org"
OPEN = "square@rooms.example.org"
BOB = "bob@example.org"
CAROL = "carol@example.org"
ENCRYPTED = (ROOM, BOB)

main_loop = GLib.MainContext.default()


class Gajim:
    """The parts of Gajim that would send something in clear."""

    def __init__(self, account: str = "alice") -> None:
        self.account = account
        self.done: list[tuple[Any, ...]] = []
        self.events: list[Any] = []
        rooms = self._module("set_subject", "change_nick", "invite")
        self.connection = SimpleNamespace(get_module=lambda _name: rooms)
        self.modules = {
            "MUC": self._module("set_subject", "change_nick", "invite"),
            "Jingle": self._module("start_file_transfer"),
            "Bytestream": self._module("send_file_approval"),
        }

    def _module(self, *names: str) -> Any:
        def method(name: str) -> Any:
            return lambda _self, *arguments: self.done.append((name, *arguments))

        return type("Module", (), {name: method(name) for name in names})()

    def get_module(self, name: str) -> Any:
        return self.modules[name]


class Case:
    """One account with its guard."""

    def __init__(self, account: str = "alice") -> None:
        self.gajim = Gajim(account)
        self.lines: list[tuple[str, str]] = []
        self.time = 0.0
        client: Any = self.gajim
        self.requests = ClearRequests(
            client,
            ENCRYPTED.__contains__,
            lambda jid, line: self.lines.append((jid, line)),
            lambda: self.time,
        )


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gajim's calls."""
    done: list[tuple[Any, ...]] = []

    class Calls:
        done: list[tuple[Any, ...]]

        def start_call(self, *arguments: Any) -> None:
            done.append(("start", *arguments))

        def accept_call(self, session: Any) -> None:
            done.append(("accept", session))

    manager = Calls()
    manager.done = done
    monkeypatch.setattr(app, "call_manager", manager, raising=False)
    return manager


@pytest.fixture
def case(calls: Any) -> Iterator[Case]:
    assert calls.done == []
    one = Case()
    yield one
    one.requests.remove()


@pytest.mark.parametrize("name", ["set_subject", "change_nick"])
def test_case_73_a_subject_or_nickname_goes_when_asked_for_twice(
    case: Case, name: str
) -> None:
    change = getattr(case.gajim.modules["MUC"], name)
    change(ROOM, "secret plan")
    assert not case.gajim.done
    ((jid, line),) = case.lines
    assert jid == ROOM
    assert "not be encrypted" in line or "not encrypted" in line
    assert "secret" not in line
    # Another text, or too late, is not the same
    change(ROOM, "another plan")
    case.time += 100
    change(ROOM, "another plan")
    assert not case.gajim.done
    change(ROOM, "another plan")
    assert case.gajim.done == [(name, ROOM, "another plan")]
    # Once
    change(ROOM, "another plan")
    assert len(case.gajim.done) == 1
    change(OPEN, "welcome")
    assert case.gajim.done[1:] == [(name, OPEN, "welcome")]


def test_case_73_an_invitation_goes_without_its_reason(case: Case) -> None:
    invite = case.gajim.modules["MUC"].invite
    invite(ROOM, BOB, "because of the secret plan")
    assert case.gajim.done == [("invite", ROOM, BOB, None, False)]
    assert [jid for jid, _line in case.lines] == [ROOM]
    invite(ROOM, BOB)
    invite(OPEN, BOB, "welcome")
    assert case.gajim.done[1:] == [
        ("invite", ROOM, BOB, None, False),
        ("invite", OPEN, BOB, "welcome", False),
    ]
    assert len(case.lines) == 1


def test_case_56_a_direct_transfer_does_not_begin(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Any] = []
    monkeypatch.setattr(app.ged, "raise_event", events.append)
    start = case.gajim.modules["Jingle"].start_file_transfer
    start(f"{BOB}/phone", "file")
    assert not case.gajim.done
    assert [jid for jid, _line in case.lines] == [BOB]
    wait_for(
        "the transfer ends", lambda: events or (main_loop.iteration(False) and events)
    )
    assert events[0].jid == BOB
    start(f"{CAROL}/phone", "file")
    # A damaged message is asked for again
    start(f"{BOB}/phone", "file", True)
    assert len(case.gajim.done) == 2
    assert len(case.lines) == 1


def test_case_56_a_file_that_is_accepted_is_marked(case: Case) -> None:
    accept = case.gajim.modules["Bytestream"].send_file_approval
    for jid in (BOB, CAROL):
        accept(SimpleNamespace(sender=f"{jid}/phone"))
    assert len(case.gajim.done) == 2
    ((jid, line),) = case.lines
    assert jid == BOB
    assert "not encrypted by OMEMO" in line


def test_case_56_a_call_does_not_begin(case: Case, calls: Any) -> None:
    calls.start_call("alice", BOB, "audio")
    assert calls.done == []
    assert [jid for jid, _line in case.lines] == [BOB]
    calls.start_call("alice", CAROL, "audio")
    calls.start_call("another account", BOB, "audio")
    assert len(calls.done) == 2
    connection = SimpleNamespace(name="alice")
    calls.accept_call(SimpleNamespace(connection=connection, peerjid=f"{BOB}/phone"))
    assert len(calls.done) == 3
    assert "not encrypted by OMEMO" in case.lines[-1][1]


def test_everything_is_given_back(calls: Any) -> None:
    one, other = Case(), Case("other")
    for case in (one, other):
        case.requests.remove()
        for module in case.gajim.modules.values():
            assert not vars(module)
    assert set(vars(calls)) == {"done"}
    calls.start_call("alice", BOB, "audio")
    assert len(calls.done) == 1


def test_a_call_of_one_account_is_withheld_while_another_is_closed(calls: Any) -> None:
    one, other = Case(), Case("other")
    one.requests.remove()
    calls.start_call("alice", BOB, "audio")
    calls.start_call("other", BOB, "audio")
    assert [call[1] for call in calls.done] == ["alice"]
    other.requests.remove()
