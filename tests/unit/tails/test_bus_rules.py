# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AppArmor profile's rules about buses: what must not be possible, and what the
filter in front of the buses lets pass. tests/tails replays real sessions against them.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tails_integration.confinement import buses
from tests.support.tails import apparmor
from tests.support.tails import bus_rules
from tests.support.tails.apparmor import Profile
from tests.support.tails.bus_rules import BUS
from tests.support.tails.bus_rules import Message
from tests.support.tails.escapes import CALLS

REPOSITORY = Path(__file__).parents[3]
PROFILE = REPOSITORY / "tails_integration" / "data" / "apparmor"

needs_parser = pytest.mark.skipif(
    not Path(apparmor.PARSER).exists(),
    reason="install apparmor (tools/lib/packages/test.txt)",
)

# What may stand in the place of a * in a rule of the filter
PATHS = ("1", "Client1", "Devices/1", "desktop/request/1_5/t")
MEMBERS = ("Any", "Stop", "PropertiesChanged")

# Of some services anything passes: the profile has a part of it
SERVICES = ("--talk=", "--own=", "--sloppy-names")
FILTERED = [
    (bus, rule)
    for bus, rules in (
        ("session", buses.SESSION),
        ("accessibility", buses.ACCESSIBILITY),
        ("system", buses.SYSTEM),
    )
    for rule in rules
    if not rule.startswith(SERVICES)
]


@pytest.fixture(scope="module")
def profile() -> Profile:
    return apparmor.parse(apparmor.preprocess(PROFILE))


@needs_parser
@pytest.mark.parametrize("call", CALLS)
def test_an_escape_is_not_allowed(profile: Profile, call: str) -> None:
    bus, path, what = call.split()
    interface, _, member = what.rpartition(".")
    for peer in (interface, ":1.5", BUS):
        message = Message("send", bus, path, interface, member, peer)
        assert not bus_rules.allows(profile, message), message


@needs_parser
def test_gajim_is_known_by_one_name(profile: Profile) -> None:
    assert bus_rules.may_own(profile, "session", "org.gajim.Gajim")
    for name in ("org.gajim.dbus", "org.freedesktop.Notifications", "org.gajim.Gajim2"):
        assert not bus_rules.may_own(profile, "session", name)
    assert not bus_rules.may_own(profile, "system", "org.gajim.Gajim")


@needs_parser
def test_a_service_is_called_by_its_name_and_by_its_connection(
    profile: Profile,
) -> None:
    name = "org.freedesktop.Notifications"
    for peer in (name, ":1.5"):
        message = Message("send", "session", f"/{name}".replace(".", "/"), name,
                          "Notify", peer)  # fmt: skip
        assert bus_rules.allows(profile, message)


def samples(bus: str, rule: str) -> list[Message]:
    """Messages that a rule of the filter lets pass."""
    option, _, what = rule.removeprefix("--").partition("=")
    name, _, what = what.partition("=")
    method, _, path = what.partition("@")
    paths = [path.replace("*", one) for one in PATHS] if "*" in path else [path]
    if not path:
        paths = [f"/{name}".replace(".", "/")]
    if not method or method == "*":
        # Of any interface
        methods = [f"{one}.{member}" for one in interfaces(name) for member in MEMBERS]
    else:
        methods = [method.replace("*", member) for member in MEMBERS]
    access = {"call": "send", "broadcast": "receive"}[option]
    found = []
    for each, one in product(methods, paths):
        interface, _, member = each.rpartition(".")
        found.append(Message(access, bus, one, interface, member, ":1.5"))
    return found


def interfaces(name: str) -> list[str]:
    own = name.removesuffix(".Desktop")
    return [own, f"{own}.Request", "org.freedesktop.DBus.Properties"]


@needs_parser
@pytest.mark.parametrize(("bus", "rule"), FILTERED)
def test_what_passes_the_filter_has_a_rule(
    profile: Profile, bus: str, rule: str
) -> None:
    """Two lists that were written for the same programs."""
    tried = samples(bus, rule)
    assert any(bus_rules.allows(profile, one) for one in tried), tried


# -- the instruments

LOG = """\
#type\ttimestamp\tserial\tsender\tdestination\tpath\tinterface\tmember
mc\t1.5\t1\t:1.7\torg.freedesktop.DBus\t/org/freedesktop/DBus\torg.freedesktop.DBus\tHello
mr\t1.5\t1\torg.freedesktop.DBus\t:1.7\t1
sig\t1.5\t2\t:1.7\t<none>\t/a\tb.c\tD
mc\t1.5\t3\t:1.8\t:1.7\t/a\tb.c\tE
mc\t1.5\t3\t:1.8\torg.x\t/a\tb.c\tF
mc\t1.5\t3\t:1.8\t:1.9\t/a\tb.c\tG
mc\t1.5\t3\t:1.7\t:1.
"""


def test_a_log_of_a_bus_is_read() -> None:
    found = list(bus_rules.messages(LOG.splitlines(), "session", {":1.7", "org.x"}))
    driver = "/org/freedesktop/DBus"
    assert found == [
        Message("send", "session", driver, BUS, "Hello", BUS),
        Message("send", "session", "/a", "b.c", "D", BUS),
        Message("receive", "session", "/a", "b.c", "E", ":1.8"),
        Message("receive", "session", "/a", "b.c", "F", ":1.8"),
    ]


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("dbus,", True),
        ("dbus bus=session,", True),
        ("dbus bus=system,", False),
        ("dbus send bus=session path=/a/** interface=b.* member={C,D},", True),
        ("dbus send bus=session path=/a/* interface=b.* member={C,D},", False),
        ("dbus (send, receive) bus=session peer=(name=x.Y),", True),
        ('dbus send peer=(name="x.{Y,Z}", label=unconfined),', True),
        ("dbus send peer=(label=other),", False),
        ("dbus send peer=(name=x.Z),", False),
        ("dbus receive bus=session,", False),
        ("dbus bind bus=session name=x.Y,", False),
        ("dbus send,\n  deny dbus send bus=session,", False),
    ],
)
def test_a_rule_is_read(rule: str, allowed: bool) -> None:
    profile = apparmor.parse(f"profile x /x {{\n  {rule}\n}}\n")
    message = Message("send", "session", "/a/b/c", "b.x", "C", "x.Y")
    assert bus_rules.allows(profile, message) is allowed
