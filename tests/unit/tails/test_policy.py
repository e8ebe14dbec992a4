# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table itself, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tails_integration import policy
from tails_integration.policy import Scope
from tails_integration.policy import Version
from tails_integration.settings import policy_docs

REPOSITORY = Path(__file__).parents[3]


def test_each_setting_stands_once() -> None:
    keys = [(rule.scope, rule.name) for rule in policy.RULES]
    assert len(keys) == len(set(keys))
    assert not {name for _scope, name in keys} & set(policy.LEFT_ALONE)


def test_each_rule_counts_for_some_gajim() -> None:
    for rule in policy.RULES:
        assert any(map(rule.applies_to, policy.GAJIMS)), rule.name


def test_overrides_are_the_locks_of_that_gajim() -> None:
    old, _middle, new = policy.GAJIMS
    assert policy.overrides(old)["enable_file_preview"] is False
    assert "enable_file_preview" not in policy.overrides(new)
    assert "preview_max_file_size" not in policy.overrides(old)
    assert policy.overrides(new)["preview_max_file_size"] == 0
    assert "autoaway" not in policy.overrides(old), "a default is no lock"


# Tails' Pidgin (prefs.xml in its skel), and what it comes to in Gajim
PIDGIN = {
    (Scope.APP, "autoaway"): False,  # away_when_idle 0
    (Scope.ACCOUNT, "send_idle_time"): False,  # idle_reporting none
    (Scope.ACCOUNT, "send_chatstate_default"): "disabled",  # send_typing 0
    (Scope.ACCOUNT, "chat_history_max_age"): 0,  # log_ims, log_chats 0
    (Scope.ACCOUNT, "ft_send_local_ips"): False,  # auto_ip 0
    (Scope.APP, "use_stun_server"): False,
    (Scope.APP, "stun_server"): "",
    (Scope.APP, "global_proxy"): "Tails",  # proxy socks5
    (Scope.APP, "remote_control"): False,  # denied on the bus
}


@pytest.mark.parametrize("gajim", policy.GAJIMS)
def test_it_is_as_strict_as_for_pidgin(gajim: Version) -> None:
    for (scope, name), value in PIDGIN.items():
        assert policy.values(scope, gajim)[name] == value


@pytest.mark.parametrize("gajim", policy.GAJIMS)
def test_encrypted_from_the_first_message(gajim: Version) -> None:
    if gajim >= (2, 0):
        assert policy.values(Scope.ACCOUNT, gajim)["encryption_default"] == "OMEMO"
    else:
        assert policy.values(Scope.CONTACT, gajim)["encryption"] == "OMEMO"
        assert policy.values(Scope.ROOM, gajim)["encryption"] == "OMEMO"


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.7.3", (1, 7, 3)), ("2.1.1", (2, 1, 1)), ("1.8.0-dev1", (1, 8, 0))],
)
def test_versions(text: str, version: Version) -> None:
    assert policy.parse_version(text) == version


def test_the_page_is_made_of_it() -> None:
    page = (REPOSITORY / "docs" / "tails-settings.md").read_text()
    assert page == policy_docs.page(), "run tools/tails-settings"
