# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps before Gajim starts, and the reasons not to start it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tails_integration import launcher
from tails_integration.base import processes
from tails_integration.base import tor
from tails_integration.base.dialog import DialogButton
from tails_integration.base.errors import NotTails
from tails_integration.base.errors import Refused
from tails_integration.confinement import run as confinement
from tails_integration.settings import profile

from .machine import Machine


class Person:
    """Answers, and remembers what was asked."""

    def __init__(self, answer: str = "") -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, list[str]]] = []

    def __call__(self, title: str, text: str, buttons: Sequence[DialogButton]) -> str:
        self.asked.append((title, text, [button.id for button in buttons]))
        ids = [button.id for button in buttons]
        return self.answer if self.answer in ids else ids[-1]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person()
    monkeypatch.setattr(launcher, "ask", person)
    monkeypatch.setattr(processes, "rename_process", lambda: None)
    return person


@pytest.fixture
def ready(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Tor is there."""
    machine.write(tor.READY_FLAG, "")
    monkeypatch.setattr(tor, "port_answers", lambda: True)
    monkeypatch.setattr(launcher, "STEPS", ())
    return machine


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def run(_system: object, words: list[str], environment: dict[str, str]) -> int:
        calls.append((words[0], words, environment))
        return 0

    monkeypatch.setattr(confinement, "run", run)
    return calls


def with_proxy(machine: Machine, proxy: str) -> None:
    with profile.edit(machine.system()) as edited:
        edited.add_account("alice", {"proxy": proxy})


def test_start(ready: Machine, person: Person, started: list[Any]) -> None:
    assert launcher.start(ready.system(), ["xmpp:a@b.example"]) == 0
    ((program, words, environment),) = started
    assert program == str(launcher.GAJIM)
    assert words == [str(launcher.GAJIM), "xmpp:a@b.example"]
    assert environment["HOME"] == str(ready.home)
    assert environment["all_proxy"] == "socks5://127.0.0.1:9050"
    assert environment["GIO_USE_PROXY_RESOLVER"] == "libproxy"
    assert environment["no_proxy"] == ""
    assert person.asked == []
    assert profile.read(ready.system()) is not None


def test_no_flag_of_tor(machine: Machine, person: Person, started: list[Any]) -> None:
    machine.answers["systemctl"] = (3, "")
    assert launcher.start(machine.system(), []) == 3
    ((title, text, buttons),) = person.asked
    assert title == "Tor is not ready"
    assert "Tor Connection" in text
    assert buttons == ["open", "cancel"]
    assert started == []
    assert profile.read(machine.system()) is None, "nothing was touched"


def test_tor_connection_is_opened(machine: Machine, person: Person) -> None:
    machine.answers["systemctl"] = (3, "")
    person.answer = "open"
    assert launcher.start(machine.system(), []) == 3
    assert ["gtk-launch", "tca"] in machine.ran


def test_the_port_does_not_answer(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.write(tor.READY_FLAG, "")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(tor, "PORT", unused.getsockname()[1])
        with pytest.raises(tor.TorNotReady):
            tor.require_ready(machine.system())
        unused.listen()
        tor.require_ready(machine.system())


@pytest.mark.parametrize("proxy", ["no-proxy", "nowhere"])
def test_past_tor(
    ready: Machine, person: Person, started: list[Any], proxy: str
) -> None:
    with_proxy(ready, proxy)
    before = profile.settings_file(ready.system()).read_bytes()
    assert launcher.start(ready.system(), []) == 3
    ((title, text, buttons),) = person.asked
    assert title == "Gajim was not started"
    assert "alice" in text
    assert buttons == ["repair", "close"]
    assert started == []
    assert profile.settings_file(ready.system()).read_bytes() == before


def test_repair_and_start(ready: Machine, person: Person, started: list[Any]) -> None:
    with_proxy(ready, "nowhere")
    person.answer = "repair"
    assert launcher.start(ready.system(), []) == 0
    found = profile.read(ready.system())
    assert found is not None
    assert found.accounts["alice"]["account"]["proxy"] == "Tails alice"
    assert len(started) == 1


@pytest.mark.parametrize(("name", "active"), [("omemo", True), ("omemo_plugin", False)])
def test_the_wrong_plugin(
    ready: Machine, person: Person, started: list[Any], name: str, active: bool
) -> None:
    with profile.edit(ready.system()) as edited:
        edited.plugins[name] = {"active": active}
    assert launcher.start(ready.system(), []) == 3
    ((_title, text, buttons),) = person.asked
    assert f"“{name}” is switched" in text
    assert buttons == ["repair", "close"]
    assert started == []
    person.answer = "repair"
    assert launcher.start(ready.system(), []) == 0
    found = profile.read(ready.system())
    assert found is not None
    assert found.plugins[name]["active"] is not active
    assert len(started) == 1


def test_without_our_plugin_it_does_not_start(
    ready: Machine, person: Person, started: list[Any]
) -> None:
    (ready.root / "usr/share/gajim/plugins/omemo_plugin").rename(
        ready.root / "elsewhere"
    )
    assert launcher.start(ready.system(), []) == 3
    assert "gajim-omemo-plugin" in person.asked[0][1]
    assert started == []


def test_not_tails(tmp_path: Path, person: Person, started: list[Any]) -> None:
    machine = Machine(tmp_path, name="debian")
    assert launcher.start(machine.system(), []) == 3
    assert started == []
    with pytest.raises(NotTails):
        launcher.prepare(machine.system(), person)


def test_one_runs_already(ready: Machine, person: Person, started: list[Any]) -> None:
    """It is told to come forward, and its profile is left alone."""
    with_proxy(ready, "nowhere")
    ready.add_process(4_000_001, "gajim")
    assert launcher.start(ready.system(), ["--start-chat"]) == 0
    assert len(started) == 1
    assert person.asked == []


def test_steps_come_before_the_profile_is_brought_in_line(
    ready: Machine, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(system: Any) -> dict[str, str]:
        with profile.edit(system) as edited:
            edited.add_account("imported", {})
        return {"SOMETHING": "known"}

    monkeypatch.setattr(launcher, "STEPS", (step,))
    environment = launcher.prepare(ready.system(), person)
    assert environment["SOMETHING"] == "known"
    found = profile.read(ready.system())
    assert found is not None
    assert found.accounts["imported"]["account"]["proxy"] == "Tails imported"


def test_a_step_can_refuse(
    ready: Machine,
    person: Person,
    started: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def step(_system: Any) -> dict[str, str]:
        raise Refused("not today")

    monkeypatch.setattr(launcher, "STEPS", (step,))
    assert launcher.start(ready.system(), []) == 3
    assert person.asked == [("Gajim was not started", "not today", ["close"])]
    assert started == []


def test_it_is_not_started_where_it_cannot_be_confined(
    ready: Machine, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_words: object) -> int:
        raise confinement.NotConfined("no such program")

    monkeypatch.setattr(confinement, "run", run)
    assert launcher.start(ready.system(), []) == 3
    ((title, text, buttons),) = person.asked
    assert title == "Gajim was not started"
    assert "bubblewrap" in text
    assert text.endswith("no such program")
    assert buttons == ["close"]


def test_a_refusal_that_was_shown_is_not_shown_again(
    ready: Machine,
    person: Person,
    started: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Declined(Refused):
        was_said = True

    def step(_system: Any) -> dict[str, str]:
        raise Declined("not today")

    monkeypatch.setattr(launcher, "STEPS", (step,))
    assert launcher.start(ready.system(), []) == 3
    assert person.asked == []
    assert started == []


def test_a_damaged_profile(ready: Machine, person: Person, started: list[Any]) -> None:
    path = profile.settings_file(ready.system())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is not SQLite" * 100)
    assert launcher.start(ready.system(), []) == 4
    ((title, text, buttons),) = person.asked
    assert title == "Something went wrong"
    assert "damaged" in text
    assert buttons == ["close"]
    assert started == []


def test_case_148_a_value_that_nobody_expects(
    ready: Machine, person: Person, started: list[Any]
) -> None:
    """It is said, and Gajim is not started."""
    with profile.edit(ready.system()) as edited:
        edited.add_account("alice", {"name": "alice", "proxy": ["no-proxy"]})
    assert launcher.start(ready.system(), []) == 3
    ((title, text, buttons),) = person.asked
    assert title == "Gajim was not started"
    assert "damaged (TypeError)" in text
    assert buttons == ["close"]
    assert started == []


@pytest.mark.parametrize("words", [["-l", "x"], ["--help"], ["--start-chat"]])
def test_options_of_gajim_are_gajims(
    ready: Machine, person: Person, started: list[Any], words: list[str]
) -> None:
    from tails_integration import cli

    assert cli.main(["tails-gajim", "start", *words], ready.system()) == 0
    assert started[0][1][1:] == words


def test_programs_in_bin_can_be_started() -> None:
    for name in ("gajim", "launch", "tails-gajim"):
        path = launcher.GAJIM.with_name(name)
        assert path.stat().st_mode & 0o111
        assert path.read_text().startswith("#!/usr/bin/python3 -I\n")
    shown = subprocess.run(
        [launcher.GAJIM.with_name("tails-gajim"), "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={},
    )
    for word in ("start", "setup", "check", "doctor", "install"):
        assert word in shown.stdout
