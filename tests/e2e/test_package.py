# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""`apt install` of our package beside a default Gajim, whose user has a key."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conversation import check_no_leak
from tests.e2e.conversation import open_chats
from tests.e2e.conversation import tell
from tests.e2e.test_takeover import KEEP
from tests.e2e.test_takeover import QUESTION
from tests.e2e.test_takeover import MakeScene
from tests.e2e.test_takeover import chat_before
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.servers.root_copy import apt_install
from tests.support.servers.root_copy import copy_root
from tests.support.servers.root_copy import delete_root
from tests.support.tails.packages import build_packages
from tests.support.tails.root import tails_base
from tests.support.waiting import wait_for

PACKAGE = "gajim-omemo-plugin"


@pytest.fixture(scope="module")
def package() -> Iterator[Path]:
    """Our package, as a release is built."""
    if os.geteuid() != 0:
        pytest.skip("packages are installed by root: run it as root, or with sudo")
    with tempfile.TemporaryDirectory() as folder:
        built = build_packages(tails_base("bookworm"), Path(folder))
        (found,) = [one for one in built if one.name.startswith(f"{PACKAGE}_")]
        yield found


@pytest.fixture
def root(package: Path, suite: str) -> Iterator[Path]:
    """A Debian with a Gajim and all that it recommends."""
    base = tails_base(suite)
    path = Path(tempfile.mkdtemp(prefix="package-test-", dir=base.parent))
    try:
        path.chmod(0o755)
        copy_root(base, path)
        yield path
    finally:
        delete_root(path)


@pytest.mark.parametrize(
    ("suite", "before", "bob_suite", "bob_omemo"),
    [
        ("bookworm", GAJIM_OMEMO, "trixie", BUILT_IN),
        ("trixie", BUILT_IN, "bookworm", GAJIM_OMEMO),
    ],
)
def test_apt_install_and_the_key_of_before(
    new_scene: MakeScene,
    root: Path,
    package: Path,
    suite: str,
    before: str,
    bob_suite: str,
    bob_omemo: str,
) -> None:
    """At the next start OMEMO is ours, with the key that the contact knows."""
    scene, alice, bob, key = chat_before(
        new_scene, suite, before, bob_suite, bob_omemo, root
    )
    alice.quit()
    said = apt_install(root, package)
    assert ("gajim-omemo" in said.partition("REMOVED")[2]) == (before == GAJIM_OMEMO)
    alice.start()
    assert "omemo_plugin" in alice.plugins()
    assert "omemo" not in alice.plugins()
    wait_for(
        "the question is asked", lambda: QUESTION in alice.accessibility().windows()
    )
    alice.accessibility().press(QUESTION, KEEP)
    open_chats(alice, bob)
    assert tell(alice, bob, "after")[1].key == key
    tell(bob, alice, "after")
    check_no_leak(scene)
