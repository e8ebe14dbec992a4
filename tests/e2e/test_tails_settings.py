# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy in the real Gajims: every key exists, is applied, and locks hold."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tails_integration import policy
from tails_integration.base.tor import GLOBAL_PROXY
from tails_integration.base.tor import Identities
from tails_integration.policy import Scope
from tails_integration.settings import profile
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.servers.hosts import Host
from tests.support.tails.gajim_profile import TailsGajim

ACCOUNT = "alice"
NEW_ACCOUNT = "bob"
JIDS = {Scope.CONTACT: "carol@example.org", Scope.ROOM: "room@muc.example.org"}
TOR = "127.0.0.1:9050"
# Also in Gajims for which the policy has another setting to the same end
ELSEWHERE = {"encryption", "preview_max_file_size"}


@pytest.fixture(params=sorted(GAJIM_VERSIONS))
def gajim(request: pytest.FixtureRequest) -> Iterator[TailsGajim]:
    """Each Gajim with one account, prepared but not started."""
    # Not below pytest's own folders, which are for root alone
    folder = Path(tempfile.mkdtemp(prefix="omemo-e2e-"))
    folder.chmod(0o755)
    gajim = TailsGajim("tails", Host(request.param), folder / "gajim")
    with profile.edit(gajim.system) as edited:
        edited.add_account(
            ACCOUNT,
            {
                "name": "alice",
                "hostname": "example.org",
                "address": "alice@example.org",
                "active": True,
            },
        )
    gajim.prepare()
    yield gajim
    gajim.close()
    shutil.rmtree(folder, ignore_errors=True)


def other(value: policy.Value) -> policy.Value:
    """Something of the same type that is not this value."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value}x"


def test_settings(gajim: TailsGajim) -> None:
    version = policy.parse_version(gajim.host.gajim_version)
    program, accounts = gajim.pristine_defaults()
    gajim.start()
    assert policy.parse_version(gajim.call("ping")) == version
    wrong: list[str] = []

    def check(rule: policy.Rule, who: dict[str, str], what: dict[str, Any]) -> None:
        scope, name = rule.scope.value, rule.name
        if name not in what:
            wrong.append(f"{name}: this Gajim has none")
            return
        # None stands for "as the account or the program has it"
        if what[name] is not None and type(what[name]) is not type(rule.value):
            wrong.append(f"{name}: is a {type(what[name])}")
        value = gajim.call("setting", scope=scope, name=name, **who)
        if value != rule.value:
            wrong.append(f"{name}: is {value!r} for {who}")
        changed = gajim.call(
            "change_setting", scope=scope, name=name, value=other(rule.value), **who
        )
        if (changed == rule.value) is not rule.locked:
            wrong.append(f"{name}: is {changed!r} after a change for {who}")
        if rule.scope is Scope.APP:
            greyed = gajim.call("is_overridden", name=name)
            if greyed is not rule.locked:
                wrong.append(f"{name}: greyed out: {greyed}")

    gajim.call("add_account", name=NEW_ACCOUNT)
    for rule in policy.rules(Scope.APP, version):
        check(rule, {}, program)
    for account in (ACCOUNT, NEW_ACCOUNT):
        for rule in policy.rules(Scope.ACCOUNT, version):
            check(rule, {"account": account}, accounts["account"])
    for scope, jid in JIDS.items():
        for rule in policy.rules(scope, version):
            who = {"account": ACCOUNT, "jid": jid}
            check(rule, who, accounts[scope.value])
    assert wrong == []
    gone = {rule.name for rule in policy.RULES} - {
        rule.name for rule in policy.RULES if rule.applies_to(version)
    }
    known = set(program).union(*accounts.values())
    assert gone & known <= ELSEWHERE, "the policy forgets settings that are there"


def test_left_alone_exist_somewhere(gajim: TailsGajim) -> None:
    """Each setting that is left alone on purpose exists in this or another Gajim."""
    program, accounts = gajim.pristine_defaults()
    known = set(program).union(*accounts.values())
    version = policy.parse_version(gajim.host.gajim_version)
    if version == policy.GAJIMS[1]:
        assert set(policy.LEFT_ALONE) <= known


def test_every_way_is_tor(gajim: TailsGajim) -> None:
    identities = Identities(gajim.system)
    gajim.start()
    gajim.call("add_account", name=NEW_ACCOUNT)
    users = set()
    for account in (ACCOUNT, NEW_ACCOUNT):
        gajim.call(
            'change_setting', scope='account', name='proxy', value='no-proxy',
            account=account,
        )  # fmt: skip
        own, rest = gajim.call("proxies_of", account=account)
        assert own[:2] == rest[:2] == ["socks5", TOR]
        assert own[2]
        assert own[3]
        users |= {own[2], rest[2]}
    assert len(users) == 3, "two accounts and the rest of the program"
    for name in ("no-proxy", "nowhere", "Tor", ""):
        assert gajim.call('proxy_named', name=name)[:3] == [
            'socks5', TOR, gajim.call('proxy_named', name=GLOBAL_PROXY)[2],
        ]  # fmt: skip
    assert identities.of(GLOBAL_PROXY).user not in users, "new in each session"


def test_connections_without_a_proxy_are_blocked(gajim: TailsGajim) -> None:
    gajim.start()
    assert "unreachable" in gajim.call("try_socket", host="127.0.0.1", port=9)
    assert "gaierror" in gajim.call("try_socket", host="localhost", port=9)
    elsewhere = gajim.call("try_socket_elsewhere", host="127.0.0.1", port=9)
    assert "unreachable" in elsewhere
    assert gajim.call("connection_seconds") > 60
    features = gajim.call("features")
    assert "urn:xmpp:receipts" in features
    assert not [name for name in features if "jingle" in name or "bytestr" in name]
    gajim.quit()
