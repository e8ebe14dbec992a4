# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""AppArmor as Debian's kernel enforces it, in a virtual machine, and what the view of
files and buses adds to it.

The other tests of Tails share this machine's kernel, which may know no AppArmor.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tails_integration.install.activation import APPARMOR
from tails_integration.install.activation import DATA
from tests.support.tails import apparmor
from tests.support.tails import stand_in
from tests.support.tails import vm_attempts
from tests.support.tails.escapes import OBEYED
from tests.support.tails.escapes import PROGRAMS
from tests.support.tails.escapes import SECRETS
from tests.support.tails.escapes import SOCKETS
from tests.support.tails.root import HOME
from tests.support.tails.root import USER_IDS
from tests.support.tails.root import TailsRoot
from tests.support.tails.vm import VirtualMachine
from tests.support.tails.vm import why_no_virtual_machine
from tests.support.tails.vm_attempts import ASK_FOR_AUTOSTART
from tests.support.tails.vm_attempts import ASK_SYSTEMD
from tests.support.tails.vm_attempts import CONNECT_ABSTRACT
from tests.support.tails.vm_attempts import NEEDED
from tests.support.tails.vm_attempts import POSSIBLE
from tests.support.waiting import wait_for

FEATURES = "/sys/kernel/security/apparmor/features"
RUNTIME = f"/run/user/{USER_IDS[0]}"
BUS = f"unix:path={RUNTIME}/bus"
ENVIRONMENT = {
    "DBUS_SESSION_BUS_ADDRESS": BUS,
    "HOME": str(HOME),
    "XDG_RUNTIME_DIR": RUNTIME,
}


@pytest.fixture
def virtual(namespaces: None, request: pytest.FixtureRequest) -> None:
    """Skip where there can be no virtual machine, or it was not asked for."""
    if not any(Path(__file__).name in word for word in request.config.args):
        pytest.skip("takes minutes in a virtual machine: tools/test vm")
    reason = why_no_virtual_machine()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def machine(virtual: None, suite: str, tmp_path: Path) -> Iterator[VirtualMachine]:
    """A Tails with its kernel, our profile in it, and a session bus."""
    root = TailsRoot(suite)
    try:
        shutil.copy(DATA / "apparmor", root.path / APPARMOR.relative_to("/"))
        stand_in.install(root.path, Path(vm_attempts.__file__))
        one = VirtualMachine(suite, root.path, tmp_path)
    finally:
        root.close()
    try:
        one.run([apparmor.PARSER, "--replace", "--skip-cache", str(APPARMOR)])
        one.start(
            ['dbus-daemon', '--session', '--nofork', f'--address={BUS}'],
            tmp_path / 'bus.log',
            USER_IDS,
        )  # fmt: skip
        wait_for("there is a bus", lambda: "bus" in one.run(["ls", RUNTIME]).stdout)
        yield one
    finally:
        one.stop()


def test_escapes_are_denied(
    machine: VirtualMachine, tmp_path: Path, artefacts: Path
) -> None:
    """Each of them works without the profile; in the profile those that the kernel can
    deny do not, and with a view of files and buses one alone does."""
    code = Path(vm_attempts.__file__).read_text()

    def python(word: str) -> list[str]:
        return ["/usr/bin/python3", "-I", "-c", code, word]

    plan = {
        "programs": PROGRAMS,
        "sockets": SOCKETS,
        "secrets": SECRETS,
        "obeyed": OBEYED,
        "own": f"{HOME}/Gajim/own",
    }
    prepared = machine.run(python("prepare"), given=json.dumps(plan))
    attempts = json.dumps({**plan, "process": int(prepared.stdout)})
    log = tmp_path / "systemd.log"
    machine.start(python("serve"), log, USER_IDS, ENVIRONMENT)
    wait_for("there are services on the bus", lambda: "ready" in log.read_text())
    ways = (
        python("try"),
        ["aa-exec", "--profile=tails-gajim", "--", *python("try")],
        stand_in.command("try"),
    )
    outcomes = [
        json.loads(
            machine.run(argv, USER_IDS, given=attempts, environment=ENVIRONMENT).stdout
        )
        for argv in ways
    ]
    (artefacts / "attempts.json").write_text(json.dumps(outcomes, indent=1))
    free, profile_alone, confined = outcomes
    assert possible(free) == set(free)
    names = not_mediated(machine, set(free)) | NEEDED
    assert possible(profile_alone) == names
    ends = {end for name, end in profile_alone.items() if name not in names}
    assert ends <= {"EACCES", "EPERM"}, ends
    assert possible(confined) == {CONNECT_ABSTRACT, *NEEDED}
    # What the filter of the bus says
    assert "NameHasNoOwner" in confined.pop(ASK_SYSTEMD)
    assert "AccessDenied" in confined.pop(ASK_FOR_AUTOSTART)
    ends = {end for end in confined.values() if end != POSSIBLE}
    assert ends <= {"EACCES", "EPERM", "ENOENT", "EROFS", "ESRCH"}, ends


def possible(outcome: dict[str, str]) -> set[str]:
    return {name for name, end in outcome.items() if end == POSSIBLE}


def not_mediated(machine: VirtualMachine, attempts: set[str]) -> set[str]:
    """What no profile can deny with this kernel, as docs/tails.md says."""
    found = machine.run(["find", FEATURES]).stdout.split()
    names = {line.removeprefix(f"{FEATURES}/") for line in found}
    assert {"file", "network_v8", "ptrace", "signal"} <= names, names
    # Whoever finds them there has to try again, and to write it into the docs
    assert "dbus" not in names
    assert not any("af_unix" in name for name in names)
    sockets = {name for name in attempts if name.startswith("connect /")}
    assert len(sockets) == len(SOCKETS)
    return {ASK_FOR_AUTOSTART, ASK_SYSTEMD, CONNECT_ABSTRACT, *sockets}
