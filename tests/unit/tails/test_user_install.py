# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing without a password."""

from __future__ import annotations

import pytest

from tails_integration import cli
from tails_integration.base.errors import GajimRuns
from tails_integration.install import user

from .machine import Machine

ENTRY = """[Desktop Entry]
Name=Gajim
Exec=gajim %u
Actions=StartChat;

[Desktop Action StartChat]
Exec=gajim --start-chat
"""


@pytest.fixture
def gajim(machine: Machine) -> Machine:
    machine.write("/usr/bin/gajim", "")
    machine.write("/usr/share/applications/org.gajim.Gajim.desktop", ENTRY)
    for name in ("omemo", "oldmemo", "twomemo"):
        machine.write(f"/usr/lib/python3/dist-packages/{name}/__init__.py", "")
    return machine


def test_install(gajim: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tails-gajim", "install"], gajim.system()) == 0
    share = gajim.home / ".local" / "share"
    launcher = share / "tails-gajim" / "tails_integration" / "bin" / "launch"
    assert launcher.stat().st_mode & 0o100
    entry = (share / "applications" / "org.gajim.Gajim.desktop").read_text()
    assert f'Exec="{launcher}" %u\n' in entry
    assert f'Exec="{launcher}" --start-chat\n' in entry
    assert (share / "gajim" / "plugins" / "omemo_plugin" / "plugin.py").exists()
    assert not (launcher.parents[1] / "upstream").exists()
    printed = capsys.readouterr().out
    for line in user.cannot_be_locked():
        assert line in printed


def test_again(gajim: Machine) -> None:
    first = user.install(gajim.system())
    stale = first[0] / "of_an_older_version.py"
    stale.write_text("")
    assert user.install(gajim.system()) == first
    assert not stale.exists()


def test_from_where_it_is_installed(
    gajim: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, *_others = user.install(gajim.system())
    monkeypatch.setattr(user, "OURS", target)
    assert user.install(gajim.system())[0] == target
    assert (target / "launcher.py").exists()


def test_something_is_missing(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tails-gajim", "install"], machine.system()) == 3
    said = capsys.readouterr().err
    assert "gajim python3-omemo python3-oldmemo python3-twomemo" in said
    assert not (machine.home / ".local").exists()


def test_while_gajim_runs(gajim: Machine) -> None:
    gajim.add_process(4_000_001, "gajim")
    with pytest.raises(GajimRuns):
        user.install(gajim.system())
