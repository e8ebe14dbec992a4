# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""New and old profiles, brought in line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tails_integration import policy
from tails_integration.base.errors import GajimRuns
from tails_integration.base.system import System
from tails_integration.base.tor import is_tor
from tails_integration.policy import Scope
from tails_integration.settings import preseed
from tails_integration.settings import profile
from tails_integration.settings.profile import Profile

from .machine import Machine

OLD_ACCOUNT = {
    'name': 'alice', 'hostname': 'example.org', 'address': 'alice@example.org',
    'password': 'secret', 'autoconnect': True, 'send_os_info': True,
    'resource': 'gajim.ABCD', 'priority': 7,
}  # fmt: skip


def read(system: System) -> Profile:
    found = profile.read(system)
    assert found is not None
    return found


def old(machine: Machine, **settings: Any) -> System:
    system = machine.system()
    with profile.edit(system) as edited:
        edited.app.update(remote_control=True, autoaway=True, mainwin_width=900)
        edited.proxies.update(
            {
                "Tor": {"type": "socks5", "host": "localhost", "port": 9050},
                "Tor (Browser)": {"type": "socks5", "host": "localhost", "port": 9150},
                "Mine": {"type": "http", "host": "proxy.example", "port": 80},
            }
        )
        edited.add_account("alice", {**OLD_ACCOUNT, **settings})
        edited.accounts["alice"]["contact"]["bob@example.org"] = {"encryption": ""}
    return system


def test_new_profile(machine: Machine) -> None:
    system = machine.system()
    assert preseed.apply(system)
    found = read(system)
    assert found.app == policy.values(Scope.APP, (1, 7, 3))
    assert found.plugins == {"omemo_plugin": {"active": True}}
    assert list(found.proxies) == ["Tails"]
    assert is_tor(found.proxies["Tails"])
    assert found.accounts == {}


def test_an_old_profile_keeps_the_users_settings(machine: Machine) -> None:
    system = old(machine)
    assert preseed.apply(system)
    found = read(system)
    account = found.accounts["alice"]["account"]
    for key in ("name", "hostname", "address", "password", "priority"):
        assert account[key] == OLD_ACCOUNT[key]
    assert account["autoconnect"] is False
    assert account["send_os_info"] is False
    assert account["proxy"] == "Tails alice"
    assert "gajim" not in account["resource"]
    assert found.app["mainwin_width"] == 900
    assert found.app["remote_control"] is False
    assert set(found.proxies) == {"Mine", "Tails", "Tails alice"}
    assert found.accounts["alice"]["contact"] == {
        "bob@example.org": {"encryption": ""}
    }, "what was chosen for one contact was a choice"
    assert len(profile.backups(system)) == 1


def test_again_changes_nothing(machine: Machine) -> None:
    system = old(machine)
    preseed.apply(system)
    before = profile.settings_file(system).read_bytes()
    assert not preseed.apply(system)
    assert profile.settings_file(system).read_bytes() == before


def test_choices_are_kept_and_locks_are_not(machine: Machine) -> None:
    system = old(machine)
    preseed.apply(system)
    with profile.edit(system) as edited:
        edited.app.update(autoaway=True, remote_control=True)
        edited.accounts["alice"]["account"].update(autoconnect=True, send_os_info=True)
        edited.plugins["omemo_plugin"] = {"active": False}
    preseed.apply(system)
    found = read(system)
    assert found.app["autoaway"] is True
    assert found.app["remote_control"] is False
    assert found.accounts["alice"]["account"]["autoconnect"] is True
    assert found.accounts["alice"]["account"]["send_os_info"] is False
    assert found.plugins["omemo_plugin"] == {"active": True}


def test_another_plugin_of_the_system_is_never_activated(machine: Machine) -> None:
    """Gajim itself activates Debian's gajim-omemo at the first start."""
    machine.add_plugin("omemo", folder="gajim-omemo")
    preseed.apply(machine.system())
    found = read(machine.system())
    assert found.plugins == {
        "omemo": {"active": False},
        "omemo_plugin": {"active": True},
    }


def test_a_plugin_that_was_active_is_deactivated(machine: Machine) -> None:
    system = old(machine)
    with profile.edit(system) as edited:
        edited.plugins["omemo"] = {"active": True}
        edited.plugins["removed_since"] = {"active": True}
    preseed.apply(system)
    found = read(system)
    active = [name for name, kept in found.plugins.items() if kept["active"]]
    assert active == ["omemo_plugin"]


def test_another_account_gets_the_defaults_too(machine: Machine) -> None:
    system = old(machine)
    preseed.apply(system)
    with profile.edit(system) as edited:
        edited.add_account("bob", {"autoconnect": True})
    preseed.apply(system)
    found = read(system)
    assert found.accounts["bob"]["account"]["autoconnect"] is False
    assert found.accounts["bob"]["account"]["proxy"] == "Tails bob"


def test_each_account_has_its_own_identity(machine: Machine) -> None:
    system = old(machine)
    with profile.edit(system) as edited:
        edited.add_account("bob", {})
    preseed.apply(system)
    proxies = read(system).proxies
    ours = [proxies[name] for name in ("Tails", "Tails alice", "Tails bob")]
    assert all(map(is_tor, ours))
    assert len({proxy["user"] for proxy in ours}) == 3
    assert len({proxy["pass"] for proxy in ours}) == 3


def test_identities_are_new_in_each_session(machine: Machine) -> None:
    system = old(machine)
    preseed.apply(system)
    first = read(system).proxies["Tails alice"]
    preseed.apply(system)
    assert read(system).proxies["Tails alice"] == first, "the same session"
    for path in (machine.runtime / "tails-gajim").iterdir():
        path.unlink()
    preseed.apply(system)
    assert read(system).proxies["Tails alice"] != first


def test_identities_are_for_nobody_else_to_read(machine: Machine) -> None:
    preseed.apply(machine.system())
    path = machine.runtime / "tails-gajim" / "identities.json"
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"Tails": 1}', '{"Tails": ["a"]}'])
def test_damaged_identities_are_replaced(machine: Machine, text: str) -> None:
    path = machine.runtime / "tails-gajim" / "identities.json"
    path.parent.mkdir()
    path.write_text(text)
    preseed.apply(machine.system())
    assert len(json.loads(path.read_text())["Tails"]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "5",
        '{"accounts": 5}',
        '{"program": true, "accounts": 5}',
        "\xff",
    ],
)
def test_case_148_damaged_notes_are_made_again(machine: Machine, text: str) -> None:
    """The defaults are set once more."""
    system = machine.system()
    preseed.apply(system)
    path = system.state / "prepared.json"
    path.write_bytes(text.encode("latin-1"))
    preseed.apply(system)
    assert json.loads(path.read_text()) == {"program": True, "accounts": []}


def test_refused_while_gajim_runs(machine: Machine) -> None:
    system = old(machine)
    before = profile.settings_file(system).read_bytes()
    machine.add_process(4_000_001, "gajim")
    with pytest.raises(GajimRuns):
        preseed.apply(machine.system())
    assert profile.settings_file(system).read_bytes() == before
