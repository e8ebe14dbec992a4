# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that go to the system as they are."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

from tails_integration.activate import DATA
from tails_integration.activate import LAUNCHER


@pytest.mark.skipif(
    shutil.which('apparmor_parser', path='/sbin:/usr/sbin:/usr/bin') is None,
    reason='install apparmor (tools/lib/packages/test.txt)',
)
def test_apparmor_takes_the_profile() -> None:
    """Without the kernel: -Q loads nothing, -K and -T use no cache."""
    parser = shutil.which('apparmor_parser', path='/sbin:/usr/sbin:/usr/bin')
    assert parser is not None
    profile = (DATA / 'apparmor').read_text()

    def parse(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [parser, '-Q', '-K', '-T'],
            check=False,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )

    parsed = parse(profile)
    assert parsed.returncode == 0, parsed.stderr
    assert parse(profile.replace('rwkl,', 'rwkl', 1)).returncode != 0


def test_apparmor_denies_others_secrets() -> None:
    lines = (DATA / 'apparmor').read_text().splitlines()
    denied = [line.split()[1] for line in lines if line.strip().startswith('deny ')]
    for path in (
        '@{HOME}/.gnupg/{,**}',
        '@{HOME}/.ssh/{,**}',
        '@{HOME}/.purple/{,**}',
        '@{HOME}/.thunderbird/{,**}',
        '/live/persistence/{,**}',
        '@{HOME}/.local/share/gajim/plugins/**',
    ):
        assert path in denied


def test_apparmor_is_for_what_the_launcher_starts() -> None:
    (line,) = [
        line
        for line in (DATA / 'apparmor').read_text().splitlines()
        if line.startswith('profile ')
    ]
    assert line.split()[2].endswith('/tails_integration/bin/gajim')
    assert LAUNCHER.with_name('gajim').exists()


def test_the_bus_denies_the_remote_interface_only() -> None:
    root = ET.parse(DATA / 'dbus-session.conf').getroot()
    denied = [dict(rule.attrib) for rule in root.iter('deny')]
    assert denied == [
        {'send_interface': 'org.gajim.dbus.RemoteInterface'},
        {'own': 'org.gajim.dbus'},
    ]
    assert list(root.iter('allow')) == []
