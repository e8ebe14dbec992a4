# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AppArmor profile: escapes that it must not allow, tried on the flat profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.tails import apparmor
from tests.support.tails.apparmor import Profile
from tests.support.tails.escapes import HOME
from tests.support.tails.escapes import OBEYED
from tests.support.tails.escapes import PROGRAMS
from tests.support.tails.escapes import RUNTIME
from tests.support.tails.escapes import SECRETS
from tests.support.tails.escapes import SOCKETS
from tests.support.tails.trace import Access
from tests.support.tails.trace import accesses
from tests.support.tails.trace import confined_accesses

GSTREAMER = "/usr/lib/x86_64-linux-gnu/gstreamer1.0"

REPOSITORY = Path(__file__).parents[3]
PROFILE = REPOSITORY / "tails_integration" / "data" / "apparmor"

needs_parser = pytest.mark.skipif(
    not Path(apparmor.PARSER).exists(),
    reason="install apparmor (tools/lib/packages/test.txt)",
)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return apparmor.parse(apparmor.preprocess(PROFILE))


@needs_parser
def test_no_rule_runs_a_program_outside(profile: Profile) -> None:
    assert [rule for rule in profile.rules if rule.escapes] == []
    assert not any("change_profile" in rule for rule in profile.others)


@needs_parser
@pytest.mark.parametrize("path", PROGRAMS)
def test_a_program_cannot_be_run(profile: Profile, path: str) -> None:
    assert not profile.allows(path, "x")


@needs_parser
@pytest.mark.parametrize("path", SOCKETS)
def test_a_socket_cannot_be_used(profile: Profile, path: str) -> None:
    assert not profile.allows(path, "w")


@needs_parser
@pytest.mark.parametrize("path", SECRETS)
def test_a_file_can_be_neither_read_nor_written(profile: Profile, path: str) -> None:
    assert set(profile.modes(path)) & set("rwlm") == set()


@needs_parser
@pytest.mark.parametrize("path", OBEYED)
def test_a_file_that_others_obey_cannot_be_written(profile: Profile, path: str) -> None:
    assert set(profile.modes(path)) & set("wl") == set()


@needs_parser
def test_writable_files_cannot_be_executed(profile: Profile) -> None:
    for folder in (".config/gajim", ".local/share/gajim", ".cache/gajim", "Gajim"):
        path = f"{HOME}/{folder}/x"
        assert profile.allows(path, "rw")
        assert not set(profile.modes(path)) & set("mx"), path
    for path in (f"{RUNTIME}/tails-gajim/x", "/dev/shm/sem.mp-x"):
        assert not set(profile.modes(path)) & set("mx"), path


# What was missing once, and what a session without a camera or a graphics card does
# not show
NEEDED = (
    ("/usr/share/gtksourceview-5/styles/classic.xml", "r"),
    (f"{GSTREAMER}/gstreamer-1.0/gst-plugin-scanner", "rx"),
    (f"{HOME}/.cache/mesa_shader_cache_db/index", "rwk"),
    ("/sys/class/video4linux/", "r"),
    ("/run/udev/data/c81:0", "r"),
    ("/dev/video0", "rw"),
    (f"{HOME}/.config/ibus/bus/some-unix-0", "r"),
    (f"{RUNTIME}/pipewire-0", "rw"),
    (f"{RUNTIME}/at-spi/bus_0", "rw"),
)


@needs_parser
@pytest.mark.parametrize(("path", "modes"), NEEDED)
def test_what_gajim_needs_is_allowed(profile: Profile, path: str, modes: str) -> None:
    assert profile.allows(path, modes)


def test_each_rule_is_explained() -> None:
    """There is a comment above it, or above those that it belongs to."""
    (_head, inside) = PROFILE.read_text().split("profile tails-gajim ", 1)
    explained = False
    for line in inside.splitlines()[1:-1]:
        text = line.strip()
        if not text:
            explained = False
        elif text.startswith("#"):
            explained = explained or not text.startswith("# --")
        else:
            assert explained, text


@needs_parser
def test_only_named_services_on_the_buses(profile: Profile) -> None:
    rules = [rule for rule in profile.others if rule.startswith("dbus")]
    assert len(rules) > 20
    for rule in rules:
        assert "bus=" in rule, rule
        sends = rule.startswith(("dbus send", "dbus (send"))
        if sends:
            named = "peer=(name=" in rule or " path=" in rule
            assert named, rule
    text = "\n".join(rules)
    for service in (
        "org.freedesktop.systemd1",
        "org.freedesktop.secrets",
        "org.gtk.vfs",
        "org.gnome.Shell",
        "ca.desrt.dconf",
        "org.freedesktop.FileManager1",
        "UpdateActivationEnvironment",
        "org.gajim.dbus",
    ):
        assert service not in text


@needs_parser
def test_the_network_is_tcp_alone(profile: Profile) -> None:
    rules = {rule for rule in profile.others if "network" in rule.split()}
    allowed = {rule for rule in rules if not rule.startswith("deny")}
    assert allowed == {
        "network inet stream",
        "network netlink raw",
        "network unix stream",
        "network unix dgram",
    }


# -- the instruments


@needs_parser
@pytest.mark.parametrize(
    ("rule", "path", "matches"),
    [
        ("/a/* r,", "/a/b", True),
        ("/a/* r,", "/a/", False),
        ("/a/* r,", "/a/b/c", False),
        ("/a/** r,", "/a/b/c", True),
        ("/a/** r,", "/a/", False),
        ("/a/{,**} r,", "/a/", True),
        ("/a/b* r,", "/a/b", True),
        ("/{x,y{1,2}}/c r,", "/y2/c", True),
        ("/{x,y{1,2}}/c r,", "/y3/c", False),
        ("/a[0-9]/? r,", "/a7/b", True),
        ("@{HOME}/x r,", "/home/amnesia/x", True),
        ("@{HOME}/x r,", "/home/a/b/x", False),
        ("@{run}/x r,", "/var/run/x", True),
        ('"/a b/*" r,', "/a b/c", True),
    ],
)
def test_paths_match_as_in_apparmor(
    tmp_path: Path, rule: str, path: str, matches: bool
) -> None:
    text = f"include <tunables/global>\nprofile tails-gajim /x {{\n  {rule}\n}}\n"
    file = tmp_path / "profile"
    file.write_text(text)
    found = apparmor.parse(apparmor.preprocess(file))
    assert found.allows(path, "r") is matches


def test_deny_and_owner() -> None:
    found = apparmor.parse(
        "profile x /x {\n  owner /a/** rw,\n  deny /a/b/** w,\n"
        "  /p Ux,\n  /q rix,\n  dbus send\n    bus=session,\n}\n"
    )
    assert found.modes("/a/b/c") == "r"
    assert found.modes("/a/c") == "rw"
    assert found.modes("/a/c", owner=False) == ""
    assert [rule.path for rule in found.rules if rule.escapes] == ["/p"]
    assert found.others == ("dbus send bus=session",)


TRACE = """\
7 openat(AT_FDCWD</x>, "lib.so.1", O_RDONLY|O_CLOEXEC) = 3</usr/lib/lib.so.1>
7 openat(AT_FDCWD</x>, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)
7 openat(AT_FDCWD</x>, "a.db", O_RDWR|O_CREAT, 0644) = 4</home/a.db>
8 execve("/bin/y", ["y", "/z"], 0x1 /* 3 vars */ <unfinished ...>
7 mkdirat(AT_FDCWD</x>, "new", 0777) = 0
8 <... execve resumed>) = 0
7 openat(AT_FDCWD</x>, ".", O_RDONLY|O_DIRECTORY) = 5</x>
7 connect(6<socket:[1]>, {sa_family=AF_UNIX, sun_path="/run/s"}, 110) = 0
7 rename("/x/a", "/x/b") = 0
"""


def test_a_trace_is_read() -> None:
    assert list(accesses(TRACE.splitlines())) == [
        Access("/usr/lib/lib.so.1", "rm"),
        Access("/home/a.db", "rwk"),
        Access("/x/new/", "w"),
        Access("/bin/y", "x"),
        Access("/x/", "r"),
        Access("/run/s", "rw"),
        Access("/x/a", "w"),
        Access("/x/b", "w"),
    ]


FAMILY = """\
5 clone(child_stack=NULL, flags=CLONE_NEWPID|SIGCHLD) = 6
5 openat(AT_FDCWD</x>, "/launcher", O_RDONLY) = 3</launcher>
6 execve("/usr/share/tails-gajim/tails_integration/bin/gajim", ["gajim"], 0x1) = 0
6 clone3({flags=CLONE_VM, exit_signal=0} => {parent_tid=[0]}, 88 <unfinished ...>
7 openat(AT_FDCWD</x>, "/thread", O_RDONLY) = 3</thread>
6 <... clone3 resumed>) = 3 /* 7 in strace's PID NS */
7 vfork( <unfinished ...>
7 <... vfork resumed>)     = 4 /* 8 in strace's PID NS */
8 openat(AT_FDCWD</x>, "/grandchild", O_RDONLY) = 3</grandchild>
5 openat(AT_FDCWD</x>, "/launcher", O_RDONLY) = 3</launcher>
"""


def test_only_gajim_and_its_processes_are_confined() -> None:
    found = confined_accesses(FAMILY.splitlines())
    assert [access.path for access in found] == ["/thread", "/grandchild"]
