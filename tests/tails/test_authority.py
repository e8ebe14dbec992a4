# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
The users who may change what is kept: the real polkitd decides, asked by the real
pkexec.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tails_integration.persistence.user import HELPER
from tests.support.tails.authority import Authority
from tests.support.tails.persistence import PersistentStorage
from tests.support.tails.station import Station

PASSWORD = "correct horse"
ENABLE = ["tails-gajim", "persistence", "enable"]
DISABLE = ["tails-gajim", "persistence", "disable"]

# pkexec(1), "RETURN VALUE"
NOT_AUTHORISED = 127
REFUSED = 3


def helper(*words: str) -> list[str]:
    """Ask for the helper by hand. Who asks is pkexec's parent, so it has one."""
    return ["sh", "-c", 'pkexec "$@"; exit $?', "sh", HELPER, *words]


@pytest.fixture
def storage(station: Station) -> PersistentStorage:
    """The Persistent Storage on the stick."""
    return station.make_storage()


@pytest.fixture
def authority(station: Station, storage: PersistentStorage) -> Iterator[Authority]:
    """A Tails that has a Persistent Storage, and its polkitd."""
    with Authority(station.boot(storage)) as one:
        yield one


def test_the_password_keeps_the_keys_and_nothing_else_does(
    authority: Authority, storage: PersistentStorage
) -> None:
    # None was set in the Welcome Screen
    answer = authority.run(ENABLE)
    assert answer.status == REFUSED, answer.text
    assert "you have set none" in answer.text
    assert answer.asked == 0
    # The same without our own look at it
    answer = authority.run(helper("enable"), PASSWORD)
    assert answer.status == NOT_AUTHORISED, answer.text
    assert storage.lines == []

    authority.set_password(PASSWORD)
    answer = authority.run(ENABLE, "a wrong one")
    assert answer.status == REFUSED, answer.text
    assert "not accepted" in answer.text
    assert answer.asked >= 1
    assert storage.lines == []

    # Whoever came over the network, or left the screen to somebody else
    for local, active in ((False, True), (True, False)):
        authority.sit(local=local, active=active)
        answer = authority.run(helper("enable"), PASSWORD)
        assert answer.status == NOT_AUTHORISED, answer.text
        assert answer.asked == 0
    authority.sit(local=True, active=True)

    # The helper knows its words and takes nothing else
    answer = authority.run(helper("enable", "/etc"), PASSWORD)
    assert answer.status not in (0, NOT_AUTHORISED), answer.text
    assert answer.asked == 1
    assert storage.lines == []

    answer = authority.run(ENABLE, PASSWORD)
    assert answer.status == 0, answer.text
    assert answer.asked == 1
    assert len(storage.lines) == 3
    # The password was for that once
    answer = authority.run(DISABLE, PASSWORD)
    assert answer.status == 0, answer.text
    assert answer.asked == 1
    assert storage.lines == []
