# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that go to the system as they are."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tails_integration.install.activation import DATA
from tails_integration.install.activation import LAUNCHER


@pytest.mark.skipif(
    shutil.which("apparmor_parser", path="/sbin:/usr/sbin:/usr/bin") is None,
    reason="install apparmor (tools/lib/packages/test.txt)",
)
def test_apparmor_takes_the_profile() -> None:
    """Without the kernel: -Q loads nothing, -K and -T use no cache."""
    parser = shutil.which("apparmor_parser", path="/sbin:/usr/sbin:/usr/bin")
    assert parser is not None
    profile = (DATA / "apparmor").read_text()

    def parse(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [parser, "-Q", "-K", "-T"],
            check=False,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )

    parsed = parse(profile)
    assert parsed.returncode == 0, parsed.stderr
    assert parse(profile.replace("rwkl,", "rwkl", 1)).returncode != 0


# Tails is a file system over another one, and says so in tunables
TAILS_HOME = "@{HOMEDIRS}+=/lib/live/mount/overlay/rw/home/ /live/overlay/home/\n"
TAILS_ALIASES = """
alias / -> /lib/live/mount/rootfs/*.squashfs/,
alias / -> /lib/live/mount/overlay/rw/,
"""


@pytest.mark.skipif(
    shutil.which("apparmor_parser", path="/sbin:/usr/sbin:/usr/bin") is None,
    reason="install apparmor (tools/lib/packages/test.txt)",
)
def test_apparmor_takes_the_profile_as_tails_has_it(tmp_path: Path) -> None:
    parser = shutil.which("apparmor_parser", path="/sbin:/usr/sbin:/usr/bin")
    assert parser is not None
    base = tmp_path / "apparmor.d"
    for folder in ("abi", "abstractions", "tunables"):
        shutil.copytree(Path("/etc/apparmor.d") / folder, base / folder)
    (base / "tunables" / "home.d").mkdir(exist_ok=True)
    (base / "tunables" / "home.d" / "tails").write_text(TAILS_HOME)
    with (base / "tunables" / "alias").open("a") as aliases:
        aliases.write(TAILS_ALIASES)
    parsed = subprocess.run(
        [parser, "-Q", "-K", "-T", "--base", base, DATA / "apparmor"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert parsed.returncode == 0, parsed.stderr


def test_apparmor_denies_others_secrets() -> None:
    lines = (DATA / "apparmor").read_text().splitlines()
    denied = [line.split()[1] for line in lines if line.strip().startswith("deny ")]
    for path in (
        "@{HOME}/.gnupg/{,**}",
        "@{HOME}/.ssh/{,**}",
        "@{HOME}/.purple/{,**}",
        "@{HOME}/.thunderbird/{,**}",
        "/live/persistence/{,**}",
        "@{HOME}/.local/share/gajim/plugins/**",
    ):
        assert path in denied


def test_the_apparmor_profile_is_for_the_program_that_the_launcher_starts() -> None:
    (line,) = [
        line
        for line in (DATA / "apparmor").read_text().splitlines()
        if line.startswith("profile ")
    ]
    assert line.split()[2].endswith("/tails_integration/bin/gajim")
    assert LAUNCHER.with_name("gajim").exists()


def test_the_bus_denies_the_remote_interface_only() -> None:
    root = ET.parse(DATA / "dbus-session.conf").getroot()
    denied = [dict(rule.attrib) for rule in root.iter("deny")]
    assert denied == [
        {"send_interface": "org.gajim.dbus.RemoteInterface"},
        {"own": "org.gajim.dbus"},
    ]
    assert list(root.iter("allow")) == []


# A bus with nothing but our rules on top of a permissive one
BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  {include}
</busconfig>
"""


@pytest.mark.skipif(
    shutil.which("dbus-run-session") is None,
    reason="install dbus (tools/lib/packages/test.txt)",
)
@pytest.mark.parametrize(
    ("interface", "ours", "answer"),
    [
        ("org.gajim.dbus.RemoteInterface", True, "AccessDenied"),
        ("org.gajim.dbus.RemoteInterface", False, "UnknownInterface"),
        ("org.freedesktop.Application", True, "UnknownInterface"),
    ],
)
def test_a_real_bus_denies_it(
    tmp_path: Path, interface: str, ours: bool, answer: str
) -> None:
    include = f"<include>{DATA / 'dbus-session.conf'}</include>" if ours else ""
    config = tmp_path / "bus.conf"
    config.write_text(BUS.format(folder=tmp_path, include=include))
    said = subprocess.run(
        [
            'dbus-run-session', f'--config-file={config}', '--',
            'dbus-send', '--print-reply', '--dest=org.freedesktop.DBus', '/',
            f'{interface}.list_accounts',
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )  # fmt: skip
    (line,) = [row for row in said.stderr.splitlines() if row.startswith("Error ")]
    assert line.startswith(f"Error org.freedesktop.DBus.Error.{answer}")
